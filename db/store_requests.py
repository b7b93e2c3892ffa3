"""Requests: the same id is one run for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.documents import as_jsonb, as_text, plain
from db.models import RequestRow
from db.records import RequestRecord, RequestStatus
from engine.canonical import json_text


def claim_request(
    session: Session,
    workspace_id: int,
    request_id: str,
    action: str,
    *,
    arguments: Mapping[str, Any] | None = None,
    requested_by: str = "",
    requested_at: datetime | None = None,
) -> tuple[RequestRecord, bool]:
    """The request, and whether it is new: True exactly once for an id, whoever asks and however many at once.

    A new one is ``running``. ``requested_at`` is aware; None means now. One that another workspace made (a copied
    spreadsheet) comes back as that workspace's.
    """
    values: dict[str, Any] = {
        "request_id": request_id,
        "workspace_id": workspace_id,
        "action": action,
        "arguments": as_jsonb(json_text(arguments or {})),
        "requested_by": requested_by,
        "status": RequestStatus.RUNNING,
    }
    if requested_at is not None:
        values["requested_at"] = requested_at
    made = session.scalars(
        insert(RequestRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["request_id"])
        .returning(RequestRow.id)
    ).one_or_none()
    found = find_request(session, request_id)
    assert found is not None
    return found, made is not None


def find_request(session: Session, request_id: str) -> RequestRecord | None:
    """The request of that id, or None."""
    row = session.execute(
        select(
            RequestRow.request_id,
            RequestRow.workspace_id,
            RequestRow.action,
            as_text(RequestRow.arguments).label("arguments"),
            RequestRow.requested_by,
            RequestRow.requested_at,
            RequestRow.status,
            RequestRow.message,
            RequestRow.run_id,
        ).where(RequestRow.request_id == request_id)
    ).one_or_none()
    if row is None:
        return None
    known = dict(row._mapping)
    arguments, status = plain(known.pop("arguments")), RequestStatus(known.pop("status"))
    return RequestRecord(arguments=arguments, status=status, **known)


def finish_request(
    session: Session, request_id: str, status: RequestStatus, message: str, run_id: int | None = None
) -> None:
    """Notes what became of a request; a ``run_id`` of None leaves the run that was noted before."""
    values: dict[str, Any] = {"status": status, "message": message}
    if run_id is not None:
        values["run_id"] = run_id
    session.execute(
        update(RequestRow)
        .where(RequestRow.request_id == request_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
