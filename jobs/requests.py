"""Requests: what a click, a slot of the schedule or the API asks for, done once.

``ask`` stores one with its job; ``perform`` is that job. It may be called any number of times, by any worker: it goes
on at the stage that was reached, and what has ended is only told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog

from db import store
from db.errors import RunTakenOver
from db.records import KeptRun, RequestRecord, RequestStatus, RunStatus, WorkspaceRecord
from engine.errors import Cancelled, HandedBack, InputError, RoadmapError
from jobs.authority import require_role
from jobs.check import check_in_turn, findings_of, summary_of
from jobs.connections import Connections
from jobs.logs import reason_of
from jobs.optimize import begun, optimize_in_turn
from jobs.publish import publish_in_turn
from jobs.pull import pull
from jobs.show import Asked, show
from jobs.turns import Held, WorkbookBusy, turn

log = structlog.get_logger()

MOST_ATTEMPTS = 6
"""So often a request is started before it is given up: with the waits between, some ten minutes."""
PATIENCE_S = 2.0
"""How long a job waits for another's work on its workbook before it lets other workbooks go first."""
CANCEL, HELLO = "cancel", "hello"
ACTIONS = ("check", "optimize", "publish", CANCEL, HELLO)


def ask(
    session: Any,
    workspace_id: int,
    request_id: str,
    action: str,
    *,
    arguments: Mapping[str, Any] | None = None,
    requested_by: str = "",
    requested_at: datetime | None = None,
    trigger: str = "menu",
    verified_by: str | None = None,
) -> tuple[RequestRecord, bool]:
    """As ``store.ask``; a request to cancel another is done at once, in the same transaction."""
    record, is_new = store.ask(
        session,
        workspace_id,
        request_id,
        action,
        arguments=arguments,
        requested_by=requested_by,
        requested_at=requested_at,
        trigger=trigger,
        verified_by=verified_by,
        is_queued=action != CANCEL,
    )
    if is_new and action == CANCEL:
        status, message = _cancelled(session, record)
        store.finish_request(session, request_id, status, message)
        record = store.find_request(session, request_id) or record
    return record, is_new


def _cancelled(session: Any, asked: RequestRecord) -> tuple[RequestStatus, str]:
    """Ends the request that ``asked`` names, or all of its workbook that wait or run."""
    wanted = text_of(asked.arguments.get("request_id"))
    open_ones = store.requests_of(session, asked.workspace_id, is_open=True)
    chosen = [one for one in open_ones if one.action != CANCEL and wanted in (None, one.request_id)]
    ended = [one for one in chosen if store.cancel_request(session, one.request_id, f"Cancelled by {asked.who}.")]
    if not ended:
        return RequestStatus.FAILED, "Nothing to cancel: no run of this workbook waits or is under way."
    return RequestStatus.DONE, "Cancelled." if len(ended) == 1 else f"{len(ended)} requests were cancelled."


def perform(connections: Connections, request_id: str) -> None:
    """Does what the request asks, unless it has ended. Raises what a later try may help; all else is told on the
    request and in the sheet."""
    with connections.database.transaction() as session:
        record = store.start_request(session, request_id)
        workspace = store.watch_of(session, record.workspace_id).workspace if record else None
    if record is None or workspace is None:
        return
    with structlog.contextvars.bound_contextvars(workspace=workspace.id, request=_word(request_id)):
        try:
            _performed(connections, workspace, record)
        except (WorkbookBusy, HandedBack):
            with connections.database.transaction() as session:
                store.wait_again(session, request_id)
            raise
        except RunTakenOver:  # the job is another's by now; there is nothing to tell
            log.warning("taken over")
        except RoadmapError as error:
            if error.may_retry and record.attempts < MOST_ATTEMPTS:
                raise
            log.warning("given up", **reason_of(error))
            _given_up(connections, workspace, record, error.sentence)
        except Exception:
            _given_up(connections, workspace, record, "A fault of roadmap, not yours: ask whoever runs it for the log.")
            raise


def _performed(connections: Connections, workspace: WorkspaceRecord, started: RequestRecord) -> None:
    asked = asked_of(started)
    with turn(connections, workspace.id, patience_s=PATIENCE_S) as held:
        record = _still_asked(held, started.request_id)
        if record is None:
            return
        try:
            if started.attempts > MOST_ATTEMPTS:
                raise InputError("Given up: the worker ended in the middle of this again and again. Ask who runs it.")
            status, message, run_id = _done(held, workspace, record, asked)
        except Cancelled as error:  # the request has ended as well
            _tell(held, workspace, asked, RequestStatus.CANCELLED, error.sentence)
            return
        except RoadmapError as error:
            if error.may_retry or isinstance(error, RunTakenOver):
                raise
            status, message, run_id = RequestStatus.FAILED, error.sentence, record.run_id
            _end_run(held, record, message)
            _tell(held, workspace, asked, status, message)
        with held.database.transaction() as session:
            store.finish_request(session, record.request_id, status, message, run_id)
    word = record.action if record.action in ACTIONS else "unknown"  # a cell's text stays out of logs
    log.info("request", action=word, status=status, run=run_id, attempt=record.attempts)


def _still_asked(held: Held, request_id: str) -> RequestRecord | None:
    """The request as it stands in this turn; None where it has ended. Whoever waited for the turn (paused, perhaps for
    minutes) may have been overtaken by another process that has done it."""
    with held.database.transaction() as session:
        record = store.find_request(session, request_id)
    return None if record is None or record.status.is_final else record


def _done(
    held: Held, workspace: WorkspaceRecord, record: RequestRecord, asked: Asked
) -> tuple[RequestStatus, str, int | None]:
    """What became of it. Raises InputError where it cannot be done."""
    if record.action == "optimize":
        if ended := _ended(held, record):
            return ended
        kept = _kept(held, record) or begun(held, workspace, asked)
        outcome = optimize_in_turn(held, workspace, asked, kept)
        status = RequestStatus.DONE if outcome.exit_code == 0 else RequestStatus.FAILED
        return status, outcome.sentence, outcome.run_id
    if record.action == "publish":
        note = text_of(record.arguments.get("version_note")) or ""
        published = publish_in_turn(
            held, workspace, asked, version_note=note, require_allowed=partial(require_role, held, record)
        )
        return RequestStatus.DONE, published.sentence, published.run.run_id
    if record.action == "check":
        return RequestStatus.DONE, summary_of(check_in_turn(held, workspace, asked)), None
    if record.action == HELLO:
        message = f"This is roadmap {version('roadmap-optimizer')}; the menu works."
        _tell(held, workspace, asked, RequestStatus.DONE, message)
        return RequestStatus.DONE, message, None
    raise InputError(f"“{record.action[:80]}” is not something I can do: use {', '.join(ACTIONS)}.")


def _ended(held: Held, record: RequestRecord) -> tuple[RequestStatus, str, int | None] | None:
    """What the request's run came to, where it is done and only that was not noted any more."""
    with held.database.transaction() as session:
        state = store.run_state(session, record.workspace_id, record.run_id) if record.run_id is not None else None
    if state is None or state.status is not RunStatus.DONE:
        return None
    is_good = state.outcome in ("optimal", "feasible")
    return RequestStatus.DONE if is_good else RequestStatus.FAILED, state.message, state.run_id


def _kept(held: Held, record: RequestRecord) -> KeptRun | None:
    """The run that answers the request already, taken on in this turn; None where there is none."""
    if record.run_id is None:
        return None
    with held.database.transaction() as session:
        return store.resume_run(session, record.run_id, held.fence)


def _given_up(connections: Connections, workspace: WorkspaceRecord, record: RequestRecord, sentence: str) -> None:
    """Ends a request that cannot be done, so that it can be looked at and asked again; tells the sheet if it may."""
    try:
        with turn(connections, workspace.id, patience_s=PATIENCE_S) as held:
            if _still_asked(held, record.request_id) is None:
                return
            with held.database.transaction() as session:
                store.finish_request(session, record.request_id, RequestStatus.FAILED, sentence)
            _end_run(held, record, sentence)
            _tell(held, workspace, asked_of(record), RequestStatus.FAILED, sentence)
    except RoadmapError as error:
        log.warning("not told", error=type(error).__name__)


def _end_run(held: Held, record: RequestRecord, sentence: str) -> None:
    """The run of the request, where it has one that is under way, failed with it."""
    with held.database.transaction() as session:
        current = store.find_request(session, record.request_id)
        if current is not None and current.run_id is not None:
            store.end_run(session, current.run_id, sentence)


def _tell(held: Held, workspace: WorkspaceRecord, asked: Asked, status: str, message: str) -> None:
    pulled = pull(held, workspace)
    show(held, pulled, findings_of(held, pulled, Asked()), requests=asked.answered(status, message))


def _word(request_id: str) -> str:
    """A word for a request in the logs: its id may be anything that was typed into a cell."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:12]


def asked_of(record: RequestRecord) -> Asked:
    """The request as the jobs take it."""
    return Asked(
        scenario=text_of(record.arguments.get("scenario")),
        constraint_set=text_of(record.arguments.get("constraint_set")),
        trigger=record.trigger,
        requested_by=record.who,
        request_id=record.request_id,
    )


def text_of(value: object) -> str | None:
    """A text with something in it, or None."""
    return value.strip() or None if isinstance(value, str) else None
