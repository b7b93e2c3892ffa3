"""The worker: at each tick it reads the workbooks that changed, runs what waits in Requests and what the schedule
asks, and tells what is wrong. Whatever breaks is logged and tried again; it ends only when it is asked to."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version

import structlog

from db import store
from db.records import RequestStatus, WatchRecord, WorkspaceRecord
from engine.errors import InputError, RoadmapError
from engine.inputs import RequestRow, Setup
from jobs import metrics
from jobs.check import check_locked, findings_of, summary_of
from jobs.clock import Clock, next_slot
from jobs.connections import Connections
from jobs.logs import reason_of
from jobs.optimize import optimize_locked
from jobs.publish import publish_locked, sentence_of
from jobs.pull import Pulled, pull
from jobs.show import Asked, show
from jobs.watching import SPACING_S, Due, Watching, at_a_tick
from sheets_sync.gateway import spreadsheet_id_of
from sheets_sync.headers import folded

log = structlog.get_logger()

POLL_SECONDS = 10
"""A click in the sheet starts within this time."""
ACTIONS = ("check", "optimize", "publish")


class Worker:
    """Serves all registered workbooks, one after the other: those that Drive says changed, those whose schedule is due,
    and each once an hour."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._watching = Watching(connections)
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
                    self.tick()
        finally:
            clock.stop()

    def stop(self) -> None:
        """End after the job under way."""
        self._stop.set()
        self._tick.set()

    def tick(self, *, spacing_s: float = SPACING_S) -> tuple[RoadmapError, ...]:
        """One look at Drive (unless some worker looked less than ``spacing_s`` ago), and what one tick serves of what
        is due, until the next tick comes, which looks anew; what could not be done, already logged."""
        return self._serve(spacing_s, at_a_tick, self._tick.is_set)

    def serve_all(self) -> tuple[RoadmapError, ...]:
        """As ``tick``, but looks at Drive whoever did, and serves all that is due, however much it is."""
        return self._serve(0, lambda due: due, self._stop.is_set)

    def _serve(
        self, spacing_s: float, chosen: Callable[[Sequence[Due]], Sequence[Due]], is_over: Callable[[], bool]
    ) -> tuple[RoadmapError, ...]:
        errors: list[RoadmapError] = []
        try:
            self._watching.look(spacing_s=spacing_s)
            due = chosen(self._watching.due())
        except RoadmapError as error:
            log.error("no workspaces", **reason_of(error))
            return (error,)
        for one in due:
            workspace = one.watch.workspace
            try:
                with structlog.contextvars.bound_contextvars(workspace=workspace.id, why=one.reason):
                    self.serve(workspace)
            except RoadmapError as error:
                log.error("not served", workspace=workspace.id, **reason_of(error))
                errors.append(error)
            if is_over():
                break
        return tuple(errors)

    def serve(self, workspace: WorkspaceRecord) -> None:
        """What waits in the workspace's Requests, what its schedule asks; its marks where the workbook has changed.
        Nothing where another worker has served it meanwhile."""
        with self._connections.database.workspace_lock(workspace.id):
            now = self._connections.database.now()
            with self._connections.database.transaction() as session:
                watch = store.watch_of(session, workspace.id)
            reason = self._watching.reason(watch, now)
            if reason is None:
                return
            metrics.READS.labels(reason).inc()
            try:
                self._serve_locked(watch)
            except RoadmapError as error:
                if not error.may_retry:  # only an edit, which Drive will tell, or the next hour can help
                    self._note_stopped(watch)
                raise

    def _serve_locked(self, watch: WatchRecord) -> None:
        workspace = watch.workspace
        pulled = pull(self._connections, workspace)
        waiting = [row for row in pulled.inputs.requests if row.request_id and row.action and not row.status]
        for row in waiting:
            self._answer(workspace, row)
        scheduled = self._is_due(workspace, pulled.inputs.setup)
        if scheduled:
            asked = Asked(trigger="schedule", requested_by="schedule")
            outcome = optimize_locked(self._connections, workspace, asked)
            log.info("scheduled run", workspace=workspace.id, run=outcome.run_id, status=outcome.status)
        digest = None if waiting or scheduled else self._tell_if_changed(pulled, watch.digest)
        setup = pulled.inputs.setup
        with self._connections.database.transaction() as session:
            store.note_read(
                session,
                workspace.id,
                seen=watch.changed_at,
                digest=digest,
                next_slot_at=next_due(setup.schedule, setup.time_zone, store.last_scheduled(session, workspace.id)),
                sources=sources_of(setup),
            )

    def _note_stopped(self, watch: WatchRecord) -> None:
        """The workbook cannot be served as it is: it waits for an edit, its hour, or a slot that is still to come."""
        try:
            now = self._connections.database.now()
            slot = watch.next_slot_at if watch.next_slot_at and watch.next_slot_at > now else None
            with self._connections.database.transaction() as session:
                store.note_read(session, watch.workspace.id, seen=watch.changed_at, digest=None, next_slot_at=slot)
        except RoadmapError as error:
            log.error("not noted", workspace=watch.workspace.id, **reason_of(error))

    def _tell_if_changed(self, pulled: Pulled, told: str | None) -> str:
        """Marks, Checks and output tabs, where the workbook, its day or its plan is not as it was when it was last
        told (``told``); the digest of what it is now."""
        with self._connections.database.transaction() as session:
            digest = _digest(pulled, store.shown_state(session, pulled.workspace.id))
        if digest != told:
            findings = findings_of(self._connections, pulled, Asked())
            report = show(self._connections, pulled, findings)
            log.info("told", workspace=pulled.workspace.id, findings=len(findings), rows=report.rows_written)
        return digest

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
        action_word = record.action if record.action in ACTIONS else "unknown"  # a cell's text stays out of logs
        log.info("request", workspace=workspace.id, action=action_word, status=status, run=run_id)

    def _action(self, name: str) -> Callable[..., tuple[RequestStatus, str, int | None]]:
        if name not in ACTIONS:
            raise InputError(f"“{name[:80]}” is not something I can do: use {', '.join(ACTIONS)}.")
        return {"check": self._check, "optimize": self._optimize, "publish": self._publish}[name]

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
    slot = next_due(schedule, time_zone, last)
    return slot is not None and slot <= now


def next_due(schedule: str | None, time_zone: str, last: datetime) -> datetime | None:
    """The first slot after ``last`` (aware), be it past or to come; None where there is no schedule, or a bad one."""
    try:
        return next_slot(schedule, time_zone, last) if schedule else None
    except InputError:
        return None


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
    told = [version("roadmap-optimizer"), str(pulled.today), shown, grids, shares]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _arguments(text: str | None) -> dict[str, object]:
    """The arguments of a Requests row: a JSON object; anything else counts as none."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
