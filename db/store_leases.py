"""Leases: one process at a time works on a workbook. Every start of work takes the next fence; whatever an earlier one
still wants to write is refused by that number, however long it slept."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.errors import RunTakenOver
from db.models import WorkspaceLeaseRow, WorkspaceRow, table
from db.upsert import rows_changed

_LEASE = table(WorkspaceLeaseRow)
_TAKEN_OVER = "This work on the workbook was taken over by another process, which goes on with it."


def take_lease(session: Session, workspace_id: int, holder: str, seconds: float) -> int | None:
    """The fence under which ``holder`` may work on the workspace for ``seconds`` from now (renewable); None while
    another process is at work there."""
    until = func.clock_timestamp() + timedelta(seconds=seconds)
    taken = insert(_LEASE).values(workspace_id=workspace_id, holder=holder, held_until=until)
    taken = taken.on_conflict_do_update(
        index_elements=["workspace_id"],
        set_={"holder": holder, "held_until": until},
        where=or_(_LEASE.c.holder == "", _LEASE.c.held_until < func.clock_timestamp()),
    )
    if session.execute(taken.returning(_LEASE.c.id)).one_or_none() is None:
        return None
    return next_fence(session, workspace_id)


def next_fence(session: Session, workspace_id: int) -> int:
    """Counts the workspace's fence up, and returns it: every write under an earlier one is refused from here on."""
    return session.scalars(
        update(WorkspaceRow)
        .where(WorkspaceRow.id == workspace_id)
        .values(fence=WorkspaceRow.fence + 1)
        .returning(WorkspaceRow.fence)
    ).one()


def renew_lease(session: Session, workspace_id: int, holder: str, seconds: float) -> bool:
    """Holds the lease for ``seconds`` from now; False where another process has taken it. One that ran out and that
    nobody took is held again."""
    until = func.clock_timestamp() + timedelta(seconds=seconds)
    mine = (_LEASE.c.workspace_id == workspace_id, _LEASE.c.holder == holder)
    return rows_changed(session, update(_LEASE).where(*mine).values(held_until=until)) == 1


def give_back_lease(session: Session, workspace_id: int, holder: str) -> None:
    """Lets others work on the workspace at once. Nothing where another process has taken it already."""
    mine = (_LEASE.c.workspace_id == workspace_id, _LEASE.c.holder == holder)
    session.execute(update(_LEASE).where(*mine).values(holder="", held_until=func.clock_timestamp()))


def require_turn(session: Session, workspace_id: int, fence: int) -> None:
    """Holds the fence for this transaction: raises RunTakenOver where a later start of work has taken the workspace,
    and makes one that comes now wait until this transaction has ended."""
    held = select(WorkspaceRow.id).where(WorkspaceRow.id == workspace_id, WorkspaceRow.fence == fence)
    if session.execute(held.with_for_update(read=True)).one_or_none() is None:
        raise RunTakenOver(_TAKEN_OVER)
