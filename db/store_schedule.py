"""Schedules: what Setup said when it was last read, and which slots were taken. A slot is one row, so that of all
workers that see it come one asks for what it is for. All times are by the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import RequestRow, ScheduleSlotRow, WorkspaceWatchRow, table
from db.records import DueSlot, RequestStatus

_WATCH = table(WorkspaceWatchRow)
_SLOT = table(ScheduleSlotRow)


def note_schedule(
    session: Session,
    workspace_id: int,
    schedule: str | None,
    time_zone: str,
    as_of: datetime,
    following: Callable[[datetime], datetime | None],
) -> None:
    """Keeps what Setup said at ``as_of`` (aware). Where that is not what it said before, its next slot is the first one
    ``following`` (given a moment, the next slot after it) that moment, and the one up to which slots were asked for."""
    is_known = select(_WATCH.c.id).where(
        _WATCH.c.workspace_id == workspace_id,
        _WATCH.c.schedule.is_not_distinct_from(schedule),
        _WATCH.c.time_zone == time_zone,
    )
    if session.execute(is_known).first():
        return
    until = session.scalar(select(_WATCH.c.slots_until).where(_WATCH.c.workspace_id == workspace_id))
    values = {
        "schedule": schedule,
        "time_zone": time_zone,
        "next_slot_at": following(max(as_of, until) if until else as_of),
    }
    noted = insert(_WATCH).values(workspace_id=workspace_id, **values)
    session.execute(noted.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def due_slots(session: Session, limit: int, *, now: datetime | None = None) -> tuple[datetime, tuple[DueSlot, ...]]:
    """The database's time, and up to ``limit`` workbooks whose slot has come by then, held until this transaction ends:
    another worker that asks meanwhile gets others. (``now`` is for tests of the clock.)"""
    moment: datetime = now or session.execute(select(func.clock_timestamp())).scalar_one()
    due = (
        select(_WATCH.c.workspace_id, _WATCH.c.schedule, _WATCH.c.time_zone, _WATCH.c.next_slot_at.label("slot_at"))
        .where(_WATCH.c.next_slot_at <= moment, _WATCH.c.schedule.is_not(None))
        .order_by(_WATCH.c.next_slot_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return moment, tuple(DueSlot(**row._mapping) for row in session.execute(due))


def take_slot(session: Session, workspace_id: int | None, schedule: str, slot_at: datetime) -> bool:
    """Whether the slot is the caller's: True exactly once, for one of all who ask."""
    taken = insert(_SLOT).values(workspace_id=workspace_id, schedule=schedule, slot_at=slot_at)
    taken = taken.on_conflict_do_nothing(index_elements=["workspace_id", "schedule", "slot_at"])
    return session.execute(taken.returning(_SLOT.c.id)).one_or_none() is not None


def move_slot(session: Session, workspace_id: int, next_slot_at: datetime | None, until: datetime) -> None:
    """Notes that all slots of the workbook up to ``until`` were asked for, and when its schedule is due next."""
    values = {"next_slot_at": next_slot_at, "slots_until": until}
    session.execute(update(_WATCH).where(_WATCH.c.workspace_id == workspace_id).values(**values))


def scheduled_run_waits(session: Session, workspace_id: int) -> bool:
    """Whether a run that an earlier slot asked for has not begun yet."""
    waiting = select(RequestRow.id).where(
        RequestRow.workspace_id == workspace_id,
        RequestRow.status == RequestStatus.QUEUED,
        RequestRow.trigger == "schedule",
    )
    return session.execute(waiting.limit(1)).first() is not None
