"""The worker: at each tick it reads the workbooks, runs what waits in Requests and what the schedule asks, and tells
what is wrong. Whatever breaks is logged and tried again at the next tick; it ends only when it is asked to."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from db import store
from db.records import RequestStatus, WorkspaceRecord
from engine.errors import InputError, RoadmapError
from engine.inputs import RequestRow, Setup
from jobs.check import check_locked, findings_of, summary_of
from jobs.clock import Clock, next_slot
from jobs.connections import Connections
from jobs.optimize import optimize_locked
from jobs.publish import publish_locked, sentence_of
from jobs.pull import Pulled, pull
from jobs.show import Asked, show

log = structlog.get_logger()

POLL_SECONDS = 10
"""A click in the sheet starts within this time."""


class Worker:
    """Serves all registered workbooks, one after the other."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._seen: dict[int, str] = {}
        self._stop = threading.Event()
        self._tick = threading.Event()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; a job under way is finished first."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stop())
        clock = Clock()
        clock.every(POLL_SECONDS, "poll", self._tick.set)
        clock.start()
        try:
            while not self._stop.is_set():
                self._tick.wait()
                self._tick.clear()
                if not self._stop.is_set():
                    self.serve_all()
        finally:
            clock.stop()

    def stop(self) -> None:
        """End after the job under way."""
        self._stop.set()
        self._tick.set()

    def serve_all(self) -> tuple[RoadmapError, ...]:
        """All that is due now, in every workspace; what could not be done, already logged."""
        errors: list[RoadmapError] = []
        try:
            with self._connections.database.transaction() as session:
                workspaces = store.list_workspaces(session)
        except RoadmapError as error:
            log.error("no workspaces", reason=error.sentence)
            return (error,)
        for workspace in workspaces:
            if self._stop.is_set():
                break
            try:
                self.serve(workspace)
            except RoadmapError as error:
                log.error("not served", workspace=workspace.id, reason=error.sentence, may_retry=error.may_retry)
                errors.append(error)
        return tuple(errors)

    def serve(self, workspace: WorkspaceRecord) -> None:
        """What waits in the workspace's Requests, what its schedule asks; its marks where the workbook has changed."""
        with self._connections.database.workspace_lock(workspace.id):
            pulled = pull(self._connections, workspace)
            waiting = [row for row in pulled.inputs.requests if row.request_id and row.action and not row.status]
            for row in waiting:
                self._answer(workspace, row)
            scheduled = self._is_due(workspace, pulled.inputs.setup)
            if scheduled:
                asked = Asked(trigger="schedule", requested_by="schedule")
                outcome = optimize_locked(self._connections, workspace, asked)
                log.info("scheduled run", workspace=workspace.id, run=outcome.run_id, status=outcome.status)
            if not waiting and not scheduled:
                self._tell_if_changed(pulled)

    def _tell_if_changed(self, pulled: Pulled) -> None:
        """Marks, Checks and output tabs, where the workbook is not as it was when we last looked at it."""
        digest = _digest(pulled)
        if self._seen.get(pulled.workspace.id) == digest:
            return
        findings = findings_of(self._connections, pulled, Asked())
        report = show(self._connections, pulled, findings)
        self._seen[pulled.workspace.id] = digest
        log.info("told", workspace=pulled.workspace.id, findings=len(findings), rows=report.rows_written)

    def _answer(self, workspace: WorkspaceRecord, row: RequestRow) -> None:
        """Run one request; the same id is run once, whoever asks again."""
        assert row.request_id and row.action
        with self._connections.database.transaction() as session:
            record, _ = store.claim_request(
                session,
                workspace.id,
                row.request_id,
                row.action,
                arguments=_arguments(row.arguments),
                requested_by=row.requested_by or "",
                requested_at=row.requested_at,
            )
        asked = Asked(
            scenario=_text(record.arguments.get("scenario")),
            constraint_set=_text(record.arguments.get("constraint_set")),
            trigger="menu",
            requested_by=f"said to be {record.requested_by}" if record.requested_by else "someone with edit access",
            request_id=row.request_id,
        )
        if record.status in (RequestStatus.DONE, RequestStatus.FAILED):
            self._tell(workspace, asked, record.status, record.message)
            return
        try:
            action = self._action(record.action)
            status, message, run_id = action(workspace, asked, record.arguments)
        except RoadmapError as error:
            if error.may_retry:
                raise
            status, message, run_id = RequestStatus.FAILED, error.sentence, None
            self._tell(workspace, asked, status, message)
        with self._connections.database.transaction() as session:
            store.finish_request(session, row.request_id, status, message, run_id)
        log.info("request", workspace=workspace.id, action=record.action, status=status, run=run_id)

    def _action(self, name: str) -> Callable[..., tuple[RequestStatus, str, int | None]]:
        actions = {"check": self._check, "optimize": self._optimize, "publish": self._publish}
        if name not in actions:
            raise InputError(f"“{name[:80]}” is not something I can do: use {', '.join(actions)}.")
        return actions[name]

    def _check(self, workspace: WorkspaceRecord, asked: Asked, arguments: object) -> tuple[RequestStatus, str, None]:
        findings = check_locked(self._connections, workspace, asked)
        return RequestStatus.DONE, summary_of(findings), None

    def _optimize(self, workspace: WorkspaceRecord, asked: Asked, arguments: object) -> tuple[RequestStatus, str, int]:
        outcome = optimize_locked(self._connections, workspace, asked)
        status = RequestStatus.DONE if outcome.exit_code == 0 else RequestStatus.FAILED
        return status, outcome.sentence, outcome.run_id

    def _publish(self, workspace: WorkspaceRecord, asked: Asked, arguments: dict) -> tuple[RequestStatus, str, int]:
        published = publish_locked(
            self._connections, workspace, asked, version_note=_text(arguments.get("version_note")) or ""
        )
        return RequestStatus.DONE, sentence_of(published.version), published.run.run_id

    def _tell(self, workspace: WorkspaceRecord, asked: Asked, status: str, message: str) -> None:
        pulled = pull(self._connections, workspace)
        findings = findings_of(self._connections, pulled, Asked())
        show(self._connections, pulled, findings, requests=asked.answered(status, message))

    def _is_due(self, workspace: WorkspaceRecord, setup: Setup) -> bool:
        """Whether a slot of the schedule has passed since the last scheduled run; missed slots collapse into one."""
        if not setup.schedule:
            return False
        with self._connections.database.transaction() as session:
            last = store.last_scheduled(session, workspace.id)
        return is_due(setup.schedule, setup.time_zone, last, self._connections.database.now())


def is_due(schedule: str, time_zone: str, last: datetime, now: datetime) -> bool:
    """Whether the schedule has a slot after ``last`` and not after ``now`` (both aware). A bad schedule is never due:
    Checks tells it."""
    try:
        slot = next_slot(schedule, time_zone, last)
    except InputError:
        return False
    return slot is not None and slot <= now


def _digest(pulled: Pulled) -> str:
    """A digest of every cell that was read."""
    grids = {title: grid.values for title, grid in pulled.workbook.grids.items()}
    grids |= {bound.name: bound.grid.values for bound in pulled.intake.sources.tabs}
    return hashlib.sha256(json.dumps(grids, sort_keys=True, default=str).encode()).hexdigest()


def _arguments(text: str | None) -> dict[str, object]:
    """The arguments of a Requests row: a JSON object; anything else counts as none."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
