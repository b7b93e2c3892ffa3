"""Show: make the workbook say what Postgres says. The row in Postgres is the truth, the sheet its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from db import store
from engine.findings import Finding
from engine.problem import same_question
from engine.provenance import RunFacts
from engine.scenarios import chosen_names
from jobs.compiling import compiled
from jobs.connections import Connections
from jobs.intake import answer_requesters, intake_update
from jobs.pull import Pulled
from sheets_sync.updates import RequestAnswer, SheetUpdate
from sheets_sync.writer import WriteReport, write_cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asked for a job, how, and of which scenario and set (None: Setup's defaults)."""

    scenario: str | None = None
    constraint_set: str | None = None
    trigger: str = "command line"
    requested_by: str = ""
    request_id: str | None = None

    def answered(self, status: str, message: str) -> Mapping[str, RequestAnswer]:
        """What the Requests row of this asking is told; empty where it did not come from there."""
        return {self.request_id: RequestAnswer(status=status, message=message)} if self.request_id else {}


def show(
    connections: Connections,
    pulled: Pulled,
    findings: tuple[Finding, ...],
    *,
    requests: Mapping[str, RequestAnswer] | None = None,
    may_write: Callable[[], None] = lambda: None,
) -> WriteReport:
    """Write the requesters' answers, keys, marks, Checks, Start, the last good run of the defaults (and that a later
    one made no plan), the published version and the Run Log. ``may_write`` raises where this process has lost the right
    to write."""
    update = _as_stored(connections, pulled)
    intake, findings = answer_requesters(
        connections,
        pulled.workspace.spreadsheet_id,
        intake_update(pulled.intake, pulled.inputs, update.version),
        findings,
        may_write,
    )
    update = replace(update, intake=intake, findings=findings, requests=requests or {})
    return write_cycle(connections.gateway, pulled.workbook, update, before_write=may_write)


def _as_stored(connections: Connections, pulled: Pulled) -> SheetUpdate:
    """What Postgres says of the workspace."""
    workspace = pulled.workspace
    scenario, constraint_set = chosen_names(pulled.inputs)
    with connections.database.transaction() as session:
        run = store.newest_good_run(session, workspace.id, scenario, constraint_set) if scenario else None
        shown = run
        if run and run.trigger == "schedule" and pulled.inputs.setup.scheduled_run_shows == "alerts":
            shown = store.newest_good_run(session, workspace.id, run.scenario, constraint_set, asked_for=True)
        failed = store.newest_failure(session, workspace.id, scenario, constraint_set) if scenario else None
        version = store.newest_version(session, workspace.id)
        published_run = store.run_of_portfolio(session, version.portfolio_id) if version else None
        log = store.run_log(session, workspace.id)
    return SheetUpdate(
        inputs=pulled.inputs,
        now=connections.database.now(),
        new_keys=pulled.new_keys,
        keys_put_back=pulled.keys_put_back,
        run=shown,
        alerts_run=run,
        failure=failed[0] if failed else None,
        failed_run=failed[1] if failed else None,
        version=version,
        published_run=published_run,
        run_log=log,
        is_stale=shown is not None and _is_stale(connections, pulled, shown),
    )


def _is_stale(connections: Connections, pulled: Pulled, run: RunFacts) -> bool:
    """Whether the rows would make another problem now than ``run`` solved."""
    if run.inputs_as_of >= pulled.as_of:
        return False
    now = compiled(connections, pulled, run.scenario, run.constraint_set).problem
    return now is None or not same_question(now, run.problem)
