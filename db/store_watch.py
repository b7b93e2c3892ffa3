"""Which workbooks changed, when each was read, and when its schedule is due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, cast, false, func, null, or_, select, text, union, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from db.models import DriveWatchRow, RoadmapRow, RunRow, WorkspaceLeaseRow, WorkspaceRow, WorkspaceWatchRow, table
from db.records import DueReason, WatchRecord, WorkspaceRecord

RESTART_AFTER = timedelta(minutes=10)
"""How long after everything was set to be read it is set so again, should the token be lost again."""

UNHEARD_AFTER = timedelta(seconds=10)
MOST_NEWS = 1000
_LONG_AGO = text("'-infinity'::timestamptz")
"""When a workbook was to be read next that was never read."""

_DRIVE = table(DriveWatchRow)
_WATCH = table(WorkspaceWatchRow)
_LEASE = table(WorkspaceLeaseRow)


def claim_watch(
    session: Session, account: str, spacing_s: float, *, now: datetime | None = None
) -> tuple[str | None] | None:
    """The page token (None before the first look) for who may ask Drive now; None for who may not, because some worker
    asked less than ``spacing_s`` ago. So all workers of an account together ask once in that time."""
    session.execute(insert(_DRIVE).values(account=account).on_conflict_do_nothing(index_elements=["account"]))
    at = _moment(now)
    claimed = session.execute(
        update(_DRIVE)
        .where(
            _DRIVE.c.account == account,
            or_(_DRIVE.c.asked_at.is_(None), _DRIVE.c.asked_at <= at - timedelta(seconds=spacing_s)),
        )
        .values(asked_at=at)
        .returning(_DRIVE.c.page_token)
    ).one_or_none()
    return (claimed.page_token,) if claimed else None


def record_changes(
    session: Session, account: str, old_token: str, new_token: str, spreadsheet_ids: Collection[str]
) -> int:
    """Notes that these spreadsheets changed and that the list was read up to ``new_token``, in one transaction; how
    many workbooks that concerns. 0, and nothing noted, where another worker has read on from ``old_token`` meanwhile:
    it noted the same."""
    moved = session.execute(
        update(_DRIVE)
        .where(_DRIVE.c.account == account, _DRIVE.c.page_token == old_token)
        .values(page_token=new_token)
        .returning(_DRIVE.c.id)
    ).one_or_none()
    if moved is None or not spreadsheet_ids:
        return 0
    ids = bindparam("ids", sorted(spreadsheet_ids), ARRAY(Text))
    told = union(  # each half by its own index
        select(WorkspaceRow.id).where(WorkspaceRow.spreadsheet_id == func.any(ids)),
        select(_WATCH.c.workspace_id).where(_WATCH.c.sources.bool_op("?|")(ids)),
    ).subquery()
    concerned = select(told.c.id, func.clock_timestamp())
    changed = insert(_WATCH).from_select(["workspace_id", "changed_at"], concerned)
    changed = changed.on_conflict_do_update(
        index_elements=["workspace_id"], set_={"changed_at": changed.excluded.changed_at}
    )
    return len(session.execute(changed.returning(_WATCH.c.workspace_id)).all())


def restart_watch(session: Session, account: str, token: str, *, now: datetime | None = None) -> bool:
    """Begins anew at ``token`` and sets every workbook to be read. False where that was done less than
    ``RESTART_AFTER`` ago and only the token is taken: a Drive that keeps losing tokens is no reason to read for
    ever."""
    at = _moment(now)
    is_due = or_(_DRIVE.c.restarted_at.is_(None), _DRIVE.c.restarted_at <= at - RESTART_AFTER)
    restarted = session.execute(
        update(_DRIVE)
        .where(_DRIVE.c.account == account, is_due)
        .values(page_token=token, restarted_at=at)
        .returning(_DRIVE.c.id)
    ).one_or_none()
    if restarted is None:
        session.execute(update(_DRIVE).where(_DRIVE.c.account == account).values(page_token=token))
        return False
    session.execute(update(_WATCH).values(read_at=None, next_read_at=_LONG_AGO))
    return True


def due_watches(session: Session, *, is_heard: bool, others: int | None) -> tuple[WatchRecord, ...]:
    """The workbooks that are due to be read, each with its reason: all with news (no more than ``MOST_NEWS`` at once),
    then up to ``others`` (None: all) of the rest, those that wait longest first. ``is_heard`` is False while Drive
    tells nothing. Costs the same however many workbooks are idle."""
    news = _select(is_heard).where(_WATCH.c.changed_at.is_not(None)).order_by(_WATCH.c.changed_at).limit(MOST_NEWS)
    in_turn = _select(is_heard).where(_WATCH.c.next_read_at <= func.now(), _WATCH.c.changed_at.is_(None))
    found = [*_due(session, news), *_due(session, in_turn.order_by(_WATCH.c.next_read_at).limit(others))]
    if not is_heard:
        unread = _select(is_heard).where(
            _WATCH.c.read_at <= func.now() - UNHEARD_AFTER,
            _WATCH.c.next_read_at > func.now(),
            _WATCH.c.changed_at.is_(None),
        )
        found += _due(session, unread.order_by(_WATCH.c.read_at).limit(others))
    urgent = sum(one.reason is DueReason.CHANGED for one in found)
    return tuple(found if others is None else found[: urgent + others])


def _due(session: Session, wanted: Any) -> list[WatchRecord]:
    return [one for row in session.execute(wanted) if (one := _record(row)).reason]


def count_due(session: Session) -> dict[str, int]:
    """How many workbooks wait to be read, by reason; and how many there are, under ``""``."""
    counted = select(
        func.count().label("all"),
        select(func.count()).where(_WATCH.c.changed_at.is_not(None)).scalar_subquery().label("news"),
        select(func.count())
        .where(_WATCH.c.next_read_at <= func.now(), _WATCH.c.next_read_at > _LONG_AGO)
        .scalar_subquery()
        .label("hourly"),
        select(func.count()).where(_WATCH.c.next_read_at == _LONG_AGO).scalar_subquery().label("first"),
    ).select_from(table(WorkspaceRow))
    row = session.execute(counted).one()
    return {"": row.all, DueReason.CHANGED: row.news, DueReason.FIRST: row.first, DueReason.HOURLY: row.hourly}


def watch_of(session: Session, workspace_id: int, *, is_heard: bool = True, is_my_turn: bool = False) -> WatchRecord:
    """What is known of one registered workbook, and why it is due, if it is; ``is_my_turn`` says that nobody but the
    caller is at work on it."""
    wanted = _select(is_heard, is_my_turn).where(WorkspaceRow.id == workspace_id)
    return _record(session.execute(wanted).one())


def note_read(
    session: Session,
    workspace_id: int,
    *,
    seen: datetime | None,
    digest: str | None,
    next_read_at: datetime,
    sources: Collection[str] | None = None,
) -> None:
    """Notes that a workbook was served. ``seen`` is its ``changed_at`` from before it was read: a change told since
    then stays to be served. ``next_read_at`` (aware) is when it is read next, should Drive tell nothing. ``sources``
    None leaves the spreadsheets that were noted before."""
    values: dict[str, Any] = {
        "read_at": func.clock_timestamp(),
        "digest": digest,
        "next_read_at": next_read_at,
    }
    if sources is not None:
        values["sources"] = sorted(sources)
    statement = insert(_WATCH).values(workspace_id=workspace_id, **values)
    statement = statement.on_conflict_do_update(index_elements=["workspace_id"], set_=values)
    session.execute(statement)
    session.execute(
        update(_WATCH)
        .where(_WATCH.c.workspace_id == workspace_id, _WATCH.c.changed_at.is_not_distinct_from(seen))
        .values(changed_at=None)
    )


def note_owed(session: Session, workspace_id: int) -> None:
    """Notes that the workbook does not show yet what is stored in this transaction: it is looked at after it, whoever
    was to write it there."""
    owed = insert(_WATCH).values(workspace_id=workspace_id, changed_at=func.clock_timestamp())
    session.execute(
        owed.on_conflict_do_update(index_elements=["workspace_id"], set_={"changed_at": owed.excluded.changed_at})
    )


def note_heard(session: Session, workspace_id: int, changed_at: datetime) -> None:
    """Notes that the Requests of a workbook on which another process is at work were read as they were after the change
    told at ``changed_at``."""
    session.execute(update(_WATCH).where(_WATCH.c.workspace_id == workspace_id).values(heard_at=changed_at))


def shown_state(session: Session, workspace_id: int) -> str:
    """A word that changes whenever what the workbook must show changes in the database: runs and versions."""
    runs = select(func.max(RunRow.updated_at)).where(RunRow.workspace_id == workspace_id).scalar_subquery()
    versions = select(func.max(RoadmapRow.id)).where(RoadmapRow.workspace_id == workspace_id).scalar_subquery()
    run, version = session.execute(select(runs, versions)).one()
    return f"{run} {version}"


def _moment(now: datetime | None) -> ColumnElement[datetime]:
    return cast(now, WorkspaceRow.created_at.type) if now else func.clock_timestamp()


def _select(is_heard: bool = True, is_my_turn: bool = False) -> Any:
    joined = table(WorkspaceRow).join(_WATCH, _WATCH.c.workspace_id == WorkspaceRow.id)
    joined = joined.outerjoin(_LEASE, _LEASE.c.workspace_id == WorkspaceRow.id)
    busy: ColumnElement[bool] = ((_LEASE.c.holder != "") & (_LEASE.c.held_until > func.clock_timestamp())).is_(True)
    if is_my_turn:
        busy = false()
    return select(
        WorkspaceRow.id,
        WorkspaceRow.spreadsheet_id,
        WorkspaceRow.title,
        WorkspaceRow.url,
        _WATCH.c.changed_at,
        _WATCH.c.read_at,
        _WATCH.c.next_slot_at,
        _WATCH.c.digest,
        _WATCH.c.heard_at,
        busy.label("is_busy"),
        _reason(busy, is_heard).label("reason"),
    ).select_from(joined)


def _reason(busy: ColumnElement[bool], is_heard: bool) -> ColumnElement[str | None]:
    """Why a workbook is due. While a process is at work on it, only a change that may be a click on Cancel counts."""
    is_news = _WATCH.c.changed_at.is_not(None)
    whens: list[tuple[Any, Any]] = [
        (busy & (~is_news | (_WATCH.c.changed_at == _WATCH.c.heard_at)), null()),
        (is_news, DueReason.CHANGED),
        (_WATCH.c.read_at.is_(None), DueReason.FIRST),
        (_WATCH.c.next_read_at <= func.now(), DueReason.HOURLY),
    ]
    if not is_heard:
        whens.append((_WATCH.c.read_at <= func.now() - UNHEARD_AFTER, DueReason.UNHEARD))
    return case(*((condition, cast(reason, Text)) for condition, reason in whens), else_=null())


def _record(row: Row[Any]) -> WatchRecord:
    return WatchRecord(
        workspace=WorkspaceRecord(id=row.id, spreadsheet_id=row.spreadsheet_id, title=row.title, url=row.url),
        changed_at=row.changed_at,
        read_at=row.read_at,
        next_slot_at=row.next_slot_at,
        digest=row.digest,
        heard_at=row.heard_at,
        is_busy=row.is_busy,
        reason=DueReason(row.reason) if row.reason else None,
    )
