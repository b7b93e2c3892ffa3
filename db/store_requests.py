"""Requests: the same id is one run for ever. What is asked is stored and queued in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.documents import as_jsonb, as_text, plain
from db.errors import RequestTaken
from db.models import RequestRow, RunRow, table
from db.records import RequestRecord, RequestStatus, RunStatus
from db.store_jobs import defer_request
from db.store_runs import AWAITED, UNDER_WAY
from db.store_watch import note_owed
from engine.canonical import json_text

_REQUEST = table(RequestRow)


def ask(
    session: Session,
    workspace_id: int,
    request_id: str,
    action: str,
    *,
    arguments: Mapping[str, Any] | None = None,
    requested_by: str = "",
    requested_at: datetime | None = None,
    trigger: str = "menu",
    verified_by: str | None = None,
    is_queued: bool = True,
) -> tuple[RequestRecord, bool]:
    """The request, and whether it is new: True exactly once for an id, whoever asks and however many at once.

    A new one is queued with its job, in this transaction (``is_queued`` False: the caller does it in this very
    transaction, without a job). ``requested_at`` is aware; None means now. One that another
    workspace made (a copied spreadsheet) comes back as that workspace's. The same id asked again with a token proves
    who asked it, until it has ended and as long as nobody was proved before. RequestTaken where it
    is another workspace's and this connection may not see that.
    """
    values: dict[str, Any] = {
        "request_id": request_id,
        "workspace_id": workspace_id,
        "action": action,
        "arguments": as_jsonb(json_text(arguments or {})),
        "requested_by": requested_by,
        "status": RequestStatus.QUEUED,
        "trigger": trigger,
        "verified_by": verified_by,
    }
    if requested_at is not None:
        values["requested_at"] = requested_at
    made = session.scalars(
        insert(RequestRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["request_id"])
        .returning(RequestRow.id)
    ).one_or_none()
    if made is not None and is_queued:
        defer_request(session, workspace_id, request_id)
    elif made is None and verified_by:
        session.execute(
            update(_REQUEST)
            .where(
                _REQUEST.c.request_id == request_id,
                _REQUEST.c.workspace_id == workspace_id,
                _REQUEST.c.action == action,
                _REQUEST.c.status.in_(AWAITED),
                _REQUEST.c.verified_by.is_(None),
            )
            .values(verified_by=verified_by)
        )
    found = find_request(session, request_id)
    if found is None:
        raise RequestTaken("The id of this request belongs to another workbook's: make a new one.")
    return found, made is not None


def find_request(session: Session, request_id: str) -> RequestRecord | None:
    """The request of that id, or None."""
    row = session.execute(_select().where(_REQUEST.c.request_id == request_id)).one_or_none()
    return _record(row) if row else None


def requests_of(
    session: Session, workspace_id: int | None = None, *, limit: int = 50, is_open: bool = False
) -> tuple[RequestRecord, ...]:
    """The newest requests (of a workspace), newest first; with ``is_open`` only those that have not ended."""
    wanted: list[ColumnElement[bool]] = []
    if workspace_id is not None:
        wanted.append(_REQUEST.c.workspace_id == workspace_id)
    if is_open:
        wanted.append(_REQUEST.c.status.in_(AWAITED))
    rows = session.execute(_select().where(*wanted).order_by(_REQUEST.c.id.desc()).limit(limit))
    return tuple(_record(row) for row in rows)


def start_request(session: Session, request_id: str) -> RequestRecord | None:
    """Counts one start of a request that has not ended, which is then running; None where it has ended (cancelled, or
    done by another worker), or there is none."""
    started = session.execute(
        update(_REQUEST)
        .where(_REQUEST.c.request_id == request_id, _REQUEST.c.status.in_(AWAITED))
        .values(
            status=RequestStatus.RUNNING,
            attempts=_REQUEST.c.attempts + 1,
            started_at=func.coalesce(_REQUEST.c.started_at, func.clock_timestamp()),
        )
        .returning(_REQUEST.c.id)
    ).one_or_none()
    return find_request(session, request_id) if started else None


def attach_run(session: Session, request_id: str, run_id: int) -> None:
    """Notes which run answers a request, so that a retry goes on with it."""
    session.execute(update(_REQUEST).where(_REQUEST.c.request_id == request_id).values(run_id=run_id))


def finish_request(
    session: Session, request_id: str, status: RequestStatus, message: str, run_id: int | None = None
) -> None:
    """Notes what became of a request that had not ended, which its row in the workbook is to say; a ``run_id`` of None
    leaves the run that was noted before."""
    values: dict[str, Any] = {"status": status, "message": message, "finished_at": func.clock_timestamp()}
    if run_id is not None:
        values["run_id"] = run_id
    ended = session.execute(
        update(_REQUEST)
        .where(_REQUEST.c.request_id == request_id, _REQUEST.c.status.in_(AWAITED))
        .values(**values)
        .returning(_REQUEST.c.workspace_id)
    ).one_or_none()
    if ended is not None:
        note_owed(session, ended.workspace_id)


def wait_again(session: Session, request_id: str) -> None:
    """A request that was started and could not be done now waits for its next try, which does not count."""
    session.execute(
        update(_REQUEST)
        .where(_REQUEST.c.request_id == request_id, _REQUEST.c.status == RequestStatus.RUNNING)
        .values(status=RequestStatus.QUEUED, attempts=func.greatest(_REQUEST.c.attempts - 1, 0))
    )


def ask_again(session: Session, request_id: str) -> bool:
    """Queues a request that failed or was cancelled once more. Its run goes on at the stage it had reached; where that
    is done (with no plan), a new one is made. False where the request has not ended so, or there is none."""
    is_done = select(RunRow.id).where(RunRow.id == _REQUEST.c.run_id, RunRow.status == RunStatus.DONE).exists()
    again = session.execute(
        update(_REQUEST)
        .where(
            _REQUEST.c.request_id == request_id,
            _REQUEST.c.status.in_([RequestStatus.FAILED, RequestStatus.CANCELLED]),
        )
        .values(
            status=RequestStatus.QUEUED,
            message="",
            attempts=0,
            finished_at=None,
            run_id=case((is_done, None), else_=_REQUEST.c.run_id),
        )
        .returning(_REQUEST.c.workspace_id)
    ).one_or_none()
    if again is None:
        return False
    defer_request(session, again.workspace_id, request_id)
    return True


def request_of_run(session: Session, run_id: int) -> RequestRecord | None:
    """The request that a run answers; None for a run of the command line."""
    row = session.execute(_select().where(_REQUEST.c.run_id == run_id).order_by(_REQUEST.c.id).limit(1)).one_or_none()
    return _record(row) if row else None


def cancel_request(session: Session, request_id: str, message: str) -> bool:
    """Ends a request that waits or runs, and its run, which can write nothing any more; whether there was one."""
    ended = session.execute(
        update(_REQUEST)
        .where(_REQUEST.c.request_id == request_id, _REQUEST.c.status.in_(AWAITED))
        .values(status=RequestStatus.CANCELLED, message=message, finished_at=func.clock_timestamp())
        .returning(_REQUEST.c.run_id, _REQUEST.c.workspace_id)
    ).one_or_none()
    if ended is None:
        return False
    note_owed(session, ended.workspace_id)
    if ended.run_id is not None:
        cancel_run(session, ended.run_id, message)
    return True


def cancel_run(session: Session, run_id: int, message: str) -> bool:
    """Ends a run that is under way as cancelled, and the request that asked for it; whether it was under way."""
    run = table(RunRow)
    ended = session.execute(
        update(run)
        .where(run.c.id == run_id, run.c.status.in_(UNDER_WAY))
        .values(status=RunStatus.CANCELLED, message=message, finished_at=func.clock_timestamp())
        .returning(run.c.id, run.c.workspace_id)
    ).one_or_none()
    if ended is not None:
        note_owed(session, ended.workspace_id)
    asked = request_of_run(session, run_id)
    if asked is not None and not asked.status.is_final:
        finish_request(session, asked.request_id, RequestStatus.CANCELLED, message)
    return ended is not None


def _select() -> Any:
    return select(
        _REQUEST.c.request_id,
        _REQUEST.c.workspace_id,
        _REQUEST.c.action,
        as_text(RequestRow.arguments).label("arguments"),
        _REQUEST.c.requested_by,
        _REQUEST.c.requested_at,
        _REQUEST.c.status,
        _REQUEST.c.message,
        _REQUEST.c.run_id,
        _REQUEST.c.trigger,
        _REQUEST.c.verified_by,
        _REQUEST.c.attempts,
        _REQUEST.c.finished_at,
    )


def _record(row: Row[Any]) -> RequestRecord:
    known = dict(row._mapping)
    arguments, status = plain(known.pop("arguments")), RequestStatus(known.pop("status"))
    return RequestRecord(arguments=arguments, status=status, **known)
