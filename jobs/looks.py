"""A look at a workbook: what waits in its Requests is queued, and what is wrong is told
where the workbook has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version

import structlog

from db import store
from db.records import WatchRecord, WorkspaceRecord
from engine.errors import InputError, RoadmapError
from engine.inputs import RequestRow, Setup
from jobs import metrics
from jobs.check import findings_of
from jobs.connections import Connections
from jobs.logs import reason_of
from jobs.pull import Pulled, pull, read_requests
from jobs.requests import ACTIONS, ask
from jobs.show import Asked, show
from jobs.turns import Held, WorkbookBusy, turn
from jobs.watching import Watching
from sheets_sync.gateway import spreadsheet_id_of
from sheets_sync.headers import folded
from sheets_sync.updates import RequestAnswer
from sheets_sync.watch import next_full_read

log = structlog.get_logger()

FINAL = frozenset({"done", "failed", "cancelled"})
"""What stands in *status* of a Requests row that nobody waits for any more."""


def look(connections: Connections, watching: Watching, workspace_id: int) -> None:
    """Reads the workbook, where there is still a reason to. While another process is at work on it, only its Requests:
    a click on Cancel run is not kept waiting."""
    try:
        with turn(connections, workspace_id, patience_s=0) as held:
            _looked(held, watching, workspace_id)
    except WorkbookBusy:
        _listen(connections, watching, workspace_id)


def _looked(held: Held, watching: Watching, workspace_id: int) -> None:
    with held.database.transaction() as session:
        watch = store.watch_of(session, workspace_id, is_heard=watching.is_heard, is_my_turn=True)
    if watch.reason is None:
        return
    metrics.READS.labels(watch.reason).inc()
    try:
        _serve(held, watch)
    except RoadmapError as error:
        if not error.may_retry:  # only an edit, which Drive will tell, or the next hour can help
            _note_stopped(held, watch)
        raise


def _serve(held: Held, watch: WatchRecord) -> None:
    workspace = watch.workspace
    pulled = pull(held, workspace)
    answers = _asked(held, workspace, pulled.inputs.requests)
    digest = _tell_if_changed(held, pulled, watch.digest, answers)
    with held.database.transaction() as session:
        store.note_read(
            session,
            workspace.id,
            seen=watch.changed_at,
            digest=digest,
            next_read_at=next_full_read(workspace.spreadsheet_id, pulled.as_of),
            sources=sources_of(pulled.inputs.setup),
        )


def _listen(connections: Connections, watching: Watching, workspace_id: int) -> None:
    """Only the workbook's Requests; the rest when it is its turn."""
    with connections.database.transaction() as session:
        watch = store.watch_of(session, workspace_id, is_heard=watching.is_heard)
    if watch.changed_at is None or watch.reason is None:
        return
    _asked(connections, watch.workspace, read_requests(connections, watch.workspace.spreadsheet_id))
    with connections.database.transaction() as session:
        store.note_heard(session, workspace_id, watch.changed_at)


def _asked(
    connections: Connections, workspace: WorkspaceRecord, rows: Sequence[RequestRow]
) -> dict[str, RequestAnswer]:
    """Queues what waits in Requests, each id once for ever; what the rows that are not answered yet must be told."""
    answers: dict[str, RequestAnswer] = {}
    for row in rows:
        if not row.request_id or not row.action or row.status in FINAL:
            continue
        with connections.database.transaction() as session:
            record, is_new = ask(
                session,
                workspace.id,
                row.request_id,
                row.action,
                arguments=_arguments(row.arguments),
                requested_by=row.requested_by or "",
                requested_at=row.requested_at,
            )
        if is_new:
            word = row.action if row.action in ACTIONS else "unknown"  # a cell's text stays out of logs
            log.info("asked", workspace=workspace.id, action=word)
        answer = RequestAnswer(status=record.status, message=record.message)
        if (row.status or "", row.message or "") != (answer.status, answer.message):
            answers[row.request_id] = answer
    return answers


def _note_stopped(held: Held, watch: WatchRecord) -> None:
    """The workbook cannot be served as it is: it waits for an edit, or its hour."""
    try:
        hour = next_full_read(watch.workspace.spreadsheet_id, held.database.now())
        with held.database.transaction() as session:
            store.note_read(session, watch.workspace.id, seen=watch.changed_at, digest=None, next_read_at=hour)
    except RoadmapError as error:
        log.error("not noted", workspace=watch.workspace.id, **reason_of(error))


def _tell_if_changed(held: Held, pulled: Pulled, told: str | None, answers: dict[str, RequestAnswer]) -> str:
    """Marks, Checks and output tabs, where the workbook, its day or its plan is not as it was when it was last told
    (``told``), or a request waits for an answer; the digest of what it is now."""
    with held.database.transaction() as session:
        digest = _digest(pulled, store.shown_state(session, pulled.workspace.id))
    if digest != told or answers:
        findings = findings_of(held, pulled, Asked())
        report = show(held, pulled, findings, requests=answers)
        log.info("told", workspace=pulled.workspace.id, findings=len(findings), rows=report.rows_written)
    return digest


def sources_of(setup: Setup) -> frozenset[str]:
    """The ids of the other spreadsheets that Setup names: a change there concerns this workbook too."""
    found: set[str] = set()
    for row in setup.rows:
        if folded(row.key or "") in _SPREADSHEET_KEYS and row.value:
            with suppress(InputError):  # told in Checks
                found.add(spreadsheet_id_of(row.value))
    return frozenset(found)


_SPREADSHEET_KEYS = frozenset(folded(key) for key in ("intake_source", "roadmap_spreadsheet"))


def _digest(pulled: Pulled, shown: str) -> str:
    """A digest of every cell that was read, and of what else decides what the workbook shows: the day, the newest run
    and version, this program's version."""
    grids = {title: grid.values for title, grid in pulled.workbook.grids.items()}
    grids |= {bound.name: bound.grid.values for bound in pulled.intake.sources.tabs}
    shares = sorted((grid.title, *cell) for grid in pulled.workbook.grids.values() for cell in grid.percents)
    wrong = [str(finding) for finding in pulled.findings]  # some are of what is in no cell, such as protection
    told = [version("roadmap-optimizer"), str(pulled.today), shown, grids, shares, wrong]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _arguments(text: str | None) -> dict[str, object]:
    """The arguments of a Requests row: a JSON object; anything else counts as none."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
