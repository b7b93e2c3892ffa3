"""Turns: one process at a time works on a workbook.

A turn is a lease in Postgres, renewed while the work lasts, and a fence that counts the starts of work. A process that
dies keeps it no longer than ``LEASE_S``; one that was stopped and wakes up after another took over has the old fence:
each of its transactions is refused, and each call that would change a sheet is refused right before it is sent.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from db import store
from db.errors import DatabaseBusy
from engine.errors import RoadmapError
from jobs.connections import Connections

log = structlog.get_logger()

LEASE_S = 15.0
"""A process that is silent for so long has lost its turn."""
RENEW_S = 3.0
PATIENCE_S = 900.0
"""How long a command waits for another's work on the same workbook: longer than any takes."""
_LOOK_AGAIN_S = 0.25


class WorkbookBusy(DatabaseBusy):
    """Another process is at work on the workbook."""


class Held(Connections):
    """The connections of a process whose turn it is on a workbook: transactions and changes of sheets are refused from
    the moment that another has taken over. ``fence`` is the number of this turn."""

    def __init__(self, connections: Connections, workspace_id: int, fence: int) -> None:
        super().__init__(connections.settings)
        self.stopping = connections.stopping
        self.fence = fence
        self.database = connections.database.guarded(
            partial(store.require_turn, workspace_id=workspace_id, fence=fence)
        )
        self.gateway = connections.gateway

    def may_write(self) -> None:
        """Raises RunTakenOver where another process has taken over."""
        with self.database.transaction():
            pass


@contextmanager
def turn(connections: Connections, workspace_id: int, *, patience_s: float = PATIENCE_S) -> Iterator[Held]:
    """The turn on a workbook, among all processes that share the database. WorkbookBusy where another has it for
    longer than ``patience_s``."""
    holder = uuid.uuid4().hex
    held = Held(connections, workspace_id, _taken(connections, workspace_id, holder, patience_s))
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(connections, workspace_id, holder, ended), daemon=True)
    renewing.start()
    try:
        with held.gateway.permitted(held.may_write):
            yield held
    finally:
        ended.set()
        if not _given_back(connections, workspace_id, holder):  # Postgres is away: it is tried on, while others wait
            threading.Thread(target=_give_back, args=(connections, workspace_id, holder), daemon=True).start()


def _give_back(connections: Connections, workspace_id: int, holder: str) -> None:
    until = time.monotonic() + LEASE_S  # then it has run out by itself
    while time.monotonic() < until and not _given_back(connections, workspace_id, holder):
        time.sleep(_LOOK_AGAIN_S)


def _given_back(connections: Connections, workspace_id: int, holder: str) -> bool:
    try:
        with connections.database.transaction() as session:
            store.give_back_lease(session, workspace_id, holder)
    except RoadmapError:
        return False
    return True


def _taken(connections: Connections, workspace_id: int, holder: str, patience_s: float) -> int:
    until = time.monotonic() + patience_s
    while True:
        with connections.database.transaction() as session:
            fence = store.take_lease(session, workspace_id, holder, LEASE_S)
        if fence is not None:
            return fence
        if time.monotonic() >= until:
            raise WorkbookBusy("Another run of this workbook is under way: try again when it has ended.")
        time.sleep(min(_LOOK_AGAIN_S, max(0.0, until - time.monotonic())))


def _renew(connections: Connections, workspace_id: int, holder: str, ended: threading.Event) -> None:
    while not ended.wait(RENEW_S):
        try:
            with connections.database.transaction() as session:
                is_mine = store.renew_lease(session, workspace_id, holder, LEASE_S)
        except RoadmapError:
            continue  # Postgres is away: nobody else can take the turn meanwhile either
        if not is_mine:
            log.warning("turn lost", workspace=workspace_id)
            return
