"""How a solve gets on, kept with its run so that another process can read it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from db import store
from db.records import RunRecord
from engine.errors import OutOfReach
from engine.progress import Progress
from jobs.connections import Connections

EVERY_S = 1.0
"""Seconds between two notes: what happens in between is not kept."""


class ProgressNotes:
    """What to hand to ``solve`` as ``on_progress`` and ``cancelled``. Raises ``RunTakenOver`` where the run was
    cancelled or another process has taken over, HandedBack where this one is to end: there is no use in going on. Where
    Postgres does not answer, the note is left out: the run itself will find out."""

    def __init__(
        self, connections: Connections, record: RunRecord, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connections = connections
        self._record = record
        self._clock = clock
        self._started = clock()
        self._due = self._started
        self.last: Progress | None = None

    def __call__(self, told: Progress) -> None:
        self.last = told
        if self._clock() >= self._due or told.phase == "done":
            self._due = self._clock() + EVERY_S
            self._keep(told)

    def is_called_off(self) -> bool:
        """Asked some ten times a second while it is solved: False, or what ``ProgressNotes`` raises."""
        self._connections.go_on()
        if self._clock() >= self._due:
            self._due = self._clock() + EVERY_S
            self._keep(replace(self.last or Progress(0.0, "searching"), seconds=self._clock() - self._started))
        return False

    def explaining(self) -> None:
        """What is told while the plan is being explained; may be called often, and from any thread."""
        self._connections.go_on()
        known = self.last or Progress(0.0, "explaining")
        self(replace(known, phase="explaining", seconds=self._clock() - self._started))

    def end(self) -> None:
        """The run has all it needs."""
        if self.last is not None:
            self(replace(self.last, phase="done", seconds=self._clock() - self._started))

    def _keep(self, told: Progress) -> None:
        with suppress(OutOfReach), self._connections.database.transaction() as session:
            store.note_progress(session, self._record, told.plain())
