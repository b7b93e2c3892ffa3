"""Runs as operators handle them: listed, cancelled, asked again. Reads and writes Postgres, not the sheet."""

from __future__ import annotations

from typing import Any

from db import store
from db.records import RequestRecord, RequestStatus, RunLine
from engine.errors import InputError
from jobs.connections import Connections
from jobs.workspaces import find


def listed(connections: Connections, workbook: str | None, limit: int) -> tuple[RunLine, ...]:
    """The newest requests and runs (of a workbook), newest first."""
    workspace_id = find(connections, workbook).id if workbook else None
    with connections.database.transaction() as session:
        return store.run_lines(session, workspace_id, limit)


def cancel(connections: Connections, named: str, who: str) -> str:
    """Ends the request or run that ``named`` (a run's number or a request's id) means; a sentence that says so.
    InputError where it is over, or there is none."""
    message = f"Cancelled by {who}."
    with connections.database.transaction() as session:
        run_id, request = _meant(session, named)
        if request is not None and store.cancel_request(session, request.request_id, message):
            return f"{_called(run_id, request)} is cancelled."
        if run_id is not None and store.cancel_run(session, run_id, message):
            return f"{_called(run_id, request)} is cancelled."
    raise InputError(f"{_called(run_id, request)} is over: there is nothing to cancel.")


def retry(connections: Connections, named: str) -> str:
    """Queues a request that failed or was cancelled once more; a sentence that says so. InputError where that cannot
    be."""
    with connections.database.transaction() as session:
        run_id, request = _meant(session, named)
        if request is None:
            raise InputError(f"Run {run_id} was made by a command, not by a request: run that command again.")
        if store.ask_again(session, request.request_id):
            return f"{_called(run_id, request)} is queued again: roadmap worker does it."
    if request.status is RequestStatus.DONE:
        raise InputError(f"{_called(run_id, request)} is done: ask for a new run instead.")
    raise InputError(f"{_called(run_id, request)} is {request.status}: wait for its end, or cancel it first.")


def _meant(session: Any, named: str) -> tuple[int | None, RequestRecord | None]:
    """The run and the request that a number or an id means: at least one of them."""
    if named.isascii() and named.isdigit() and len(named) < 10:
        run_id = int(named)
        if store.workspace_of_run(session, run_id) is not None:
            return run_id, store.request_of_run(session, run_id)
    request = store.find_request(session, named)
    if request is None:
        raise InputError(f"There is no run and no request {named[:80]}: roadmap runs lists them.")
    return request.run_id, request


def _called(run_id: int | None, request: RequestRecord | None) -> str:
    return f"Run {run_id}" if run_id is not None or request is None else f"Request {request.request_id[:80]}"
