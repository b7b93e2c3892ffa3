"""Schedules: Setup's sentence is kept with each reading of a workbook; the tick asks for what is due from Postgres
alone. Slots that were missed (no worker ran, the workbook was busy all night) make one run."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import structlog

from db import store
from db.records import DueSlot
from db.session import Database
from engine.errors import InputError
from engine.inputs import Setup
from jobs.clock import next_slot

log = structlog.get_logger()

AT_ONCE = 100
"""So many workbooks are served in one transaction: others wait behind none of them for long."""


def note_schedule(session: Any, workspace_id: int, setup: Setup, as_of: datetime) -> None:
    """Keeps what Setup, read at ``as_of``, says of the schedule: it holds from there on. One that means nothing asks
    nothing: Checks tells it."""
    schedule, zone = setup.schedule or None, setup.time_zone
    store.note_schedule(session, workspace_id, schedule, zone, as_of, lambda after: next_due(schedule, zone, after))


def ask_by_schedule(database: Database, *, now: datetime | None = None) -> int:
    """Asks for a run of every workbook whose slot has come; how many. Any number of workers may do so at once.
    ``now`` (aware) is for tests; the database's clock otherwise."""
    asked, served = 0, AT_ONCE
    while served == AT_ONCE:
        with database.transaction() as session:
            moment, due = store.due_slots(session, AT_ONCE, now=now)
            asked += sum(_asked(session, slot, moment) for slot in due)
            served = len(due)
    if asked:
        log.info("scheduled", workbooks=asked)
    return asked


def _asked(session: Any, due: DueSlot, now: datetime) -> bool:
    store.move_slot(session, due.workspace_id, next_due(due.schedule, due.time_zone, now), now)
    if not store.take_slot(session, due.workspace_id, due.schedule, due.slot_at):
        return False
    if store.scheduled_run_waits(session, due.workspace_id):
        return False
    # Its id cannot be guessed: what stands in a sheet's Requests cannot take a slot away.
    request_id = f"schedule-{uuid.uuid4().hex}"
    store.ask(session, due.workspace_id, request_id, "optimize", requested_by="schedule", trigger="schedule")
    return True


def next_due(schedule: str | None, time_zone: str, after: datetime) -> datetime | None:
    """The first slot after ``after`` (aware), be it past or to come; None where there is no schedule, or a bad one."""
    try:
        return next_slot(schedule, time_zone, after) if schedule else None
    except InputError:
        return None
