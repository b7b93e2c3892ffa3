"""Optimise: pull, compile, solve, write back. One run, its stages committed one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from db import store
from db.errors import RunTakenOver
from db.records import KeptRun, RunRecord, RunStatus, WorkspaceRecord
from engine.compile import Compiled, LeftOut
from engine.errors import Cancelled, InputError, RoadmapError
from engine.findings import Finding, Severity
from engine.problem import Problem, Solution
from engine.provenance import RunFacts
from engine.remarks import budget_s, remarks
from engine.scenarios import chosen_names, chosen_scenario
from engine.solve import exit_code, solve
from jobs.compiling import compiled
from jobs.connections import Connections
from jobs.progress_notes import ProgressNotes
from jobs.pull import Pulled, pull
from jobs.show import Asked, show
from jobs.turns import Held, turn

CALLS_OF_A_WRITE = 2
"""One narrow re-read and one batch: known before they are made, so that the run's own line in the Run Log is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to. ``status`` is the solution's, or "stopped" where the rows allow no run; ``run`` holds its
    facts where it got as far as a result; ``sentence`` says it for a PM."""

    run_id: int
    status: str
    sentence: str
    findings: tuple[Finding, ...]
    left_out: tuple[LeftOut, ...] = ()
    run: RunFacts | None = None

    @property
    def exit_code(self) -> int:
        return exit_code(self.run.solution) if self.run else 1


def optimize(connections: Connections, workspace: WorkspaceRecord, asked: Asked) -> Outcome:
    """One run from the sheet and back to it, alone on its workspace.

    Errors of Google or Postgres end the run as failed and are raised; Cancelled where somebody cancelled it."""
    with turn(connections, workspace.id) as held:
        kept = begun(held, workspace, asked)
        try:
            return optimize_in_turn(held, workspace, asked, kept)
        except RoadmapError as error:
            fail(held, kept.record, error.sentence)
            raise


def begun(held: Held, workspace: WorkspaceRecord, asked: Asked) -> KeptRun:
    """A new run of this turn; the request that asked for it knows it from its beginning."""
    with held.database.transaction() as session:
        record = store.begin_run(
            session,
            workspace.id,
            scenario=asked.scenario or "",
            constraint_set=asked.constraint_set or "",
            trigger=asked.trigger,
            requested_by=asked.requested_by,
            fence=held.fence,
        )
        if asked.request_id:
            store.attach_run(session, asked.request_id, record.id)
    return KeptRun(record=record)


def optimize_in_turn(connections: Held, workspace: WorkspaceRecord, asked: Asked, kept: KeptRun) -> Outcome:
    """A run from the stage that it had reached, for a caller whose turn it is. Errors leave the run as it stands, to be
    resumed; Cancelled where somebody cancelled it meanwhile."""
    try:
        return _run(connections, workspace, asked, kept)
    except RunTakenOver:
        with connections.database.transaction() as session:  # refused where another process has taken over
            state = store.run_state(session, workspace.id, kept.record.id)
        if state is None or state.status is not RunStatus.CANCELLED:
            raise
        raise Cancelled(state.message) from None


def asked_problem(connections: Connections, pulled: Pulled, asked: Asked) -> Compiled:
    """The problem of the asked scenario and set. InputError where there is no such scenario."""
    if asked.scenario:
        known, findings = chosen_scenario(pulled.inputs, asked.scenario)
        if known is None:  # the asker's mistake, not the sheet's: nothing to tell there
            raise InputError(str(findings[0]))
    return compiled(connections, pulled, asked.scenario, asked.constraint_set)


def told(pulled: Pulled, made: Compiled) -> tuple[Finding, ...]:
    """What is wrong with the rows as read, and with the rules they make.

    Where a tab or a column is missing, only that is told: the rules would say of each row that it lacks a cell that
    it cannot have, and to write it nobody could.
    """
    if any(finding.stops_run and finding.is_about_tab for finding in pulled.findings):
        return pulled.findings
    return pulled.findings + made.findings


def fence_check(connections: Connections, record: RunRecord) -> Callable[[], None]:
    """What is called right before each sheet write: raises where a later run has taken over."""

    def check() -> None:
        with connections.database.transaction() as session:
            store.require_fence(session, record)

    return check


def _run(connections: Held, workspace: WorkspaceRecord, asked: Asked, kept: KeptRun) -> Outcome:
    record = kept.record
    calls_before = connections.gateway.counts.calls
    pulled = pull(connections, workspace)
    if kept.problem is None:
        scenario, constraint_set = chosen_names(pulled.inputs, asked.scenario, asked.constraint_set)
        names = {"scenario": scenario, "constraint_set": constraint_set}
        _stage(connections, record, RunStatus.COMPILING, rows_read=pulled.rows_read, **names)
    outcome = _outcome(connections, pulled, asked, kept)
    calls = connections.gateway.counts.calls - calls_before + CALLS_OF_A_WRITE
    may_write = fence_check(connections, record)
    if outcome.run:
        _stage(connections, record, RunStatus.WRITING, api_calls=calls, message=outcome.sentence)
    else:  # nothing was solved: the run ends here, and the sheet is told why
        may_write()
        fail(connections, record, outcome.sentence)
    report = show(
        connections,
        pulled,
        outcome.findings,
        requests=asked.answered("done" if outcome.exit_code == 0 else "failed", outcome.sentence),
        may_write=may_write if outcome.run else lambda: None,
    )
    if outcome.run:
        _stage(connections, record, RunStatus.DONE, rows_written=report.rows_written)
    return outcome


def _outcome(connections: Connections, pulled: Pulled, asked: Asked, kept: KeptRun) -> Outcome:
    """The rows compiled and solved, or why they cannot be. Of a run that goes on, what it had read is solved."""
    made = asked_problem(connections, pulled, asked)
    findings = told(pulled, made)
    if kept.problem is None and (made.problem is None or any(finding.stops_run for finding in findings)):
        return _stopped(kept.record, findings)
    problem = kept.problem
    if problem is None:
        assert made.problem is not None
        problem = _snapshot(connections, pulled, made.problem, kept.record)
    facts = _solved(connections, problem, kept)
    return Outcome(
        run_id=kept.record.id,
        status=facts.solution.status,
        sentence=sentence_of(facts, made.left_out),
        findings=findings,
        left_out=made.left_out,
        run=facts,
    )


def _snapshot(connections: Connections, pulled: Pulled, problem: Problem, record: RunRecord) -> Problem:
    """The problem, kept before it is solved."""
    with connections.database.transaction() as session:
        stored = store.save_constraint_set(
            session, pulled.workspace.id, problem.scenario_name, problem.constraint_set_name, problem.constraint_set
        )
        store.store_snapshot(session, record, problem, pulled.as_of, stored)
    return problem


def _solved(connections: Connections, problem: Problem, kept: KeptRun) -> RunFacts:
    notes = ProgressNotes(connections, kept.record)
    if not kept.is_solved:
        solution = solve(problem, on_progress=notes, cancelled=notes.is_called_off)
        with connections.database.transaction() as session:
            store.finish_run(session, kept.record, solution)  # the plan is safe before it is explained
    if not kept.is_explained:
        solution = _facts(connections, kept.record).solution
        told = remarks(problem, solution, seconds=budget_s(problem), check=notes.explaining)
        notes.end()
        with connections.database.transaction() as session:
            store.save_remarks(session, kept.record, [one.plain() for one in told])
    return _facts(connections, kept.record)


def _facts(connections: Connections, record: RunRecord) -> RunFacts:
    with connections.database.transaction() as session:
        facts = store.run_facts(session, record.id)
    assert facts is not None
    return facts


def _stopped(record: RunRecord, findings: tuple[Finding, ...]) -> Outcome:
    causes = {(one.tab, one.row): one for one in findings if one.severity is Severity.ERROR and one.cell}
    reasons = [str(causes.get((one.tab, one.row), one)) for one in findings if one.stops_run]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return Outcome(run_id=record.id, status="stopped", sentence=f"Not run: {reasons[0]}{more}", findings=findings)


def sentence_of(run: RunFacts, left_out: tuple[LeftOut, ...]) -> str:
    """One sentence on what a run came to."""
    solution, problem = run.solution, run.problem
    if solution.status == "infeasible":
        return f"{run.scenario} / {run.constraint_set}: {_no_plan(solution)}"
    if solution.status == "no_solution_in_time":
        return f"{run.scenario} / {run.constraint_set}: no plan was found in time; raise time_limit_s in Scenarios."
    if solution.status == "invalid":
        told = "; ".join(str(error.get("message", "")) for error in solution.errors[:3])
        return f"{run.scenario} / {run.constraint_set} cannot be solved: {told}"
    chosen = sum(item.selected for item in solution.items)
    used = solution.capacity["used"] if solution.capacity else 0
    missed = sum(target.severity != "OK" for target in solution.targets)
    parts = [
        f"{chosen} of {len(problem.candidates)} initiatives, {used:,f} of {problem.capacity_total_tokens:,f} tokens"
    ]
    if solution.targets:
        parts.append("all targets met" if not missed else f"{missed} of {len(solution.targets)} targets missed")
    if left_out:
        parts.append(f"{len(left_out)} left out")
    return ", ".join(parts) + "."


def _no_plan(solution: Solution) -> str:
    """Why there is no plan, and the cheapest way out."""
    conflict = solution.conflict or {}
    rules = [str(rule["message"]) for rule in conflict.get("rules", ())]
    repairs = [str(repair["message"]) for repair in conflict.get("repairs", ())]
    if not rules:
        return "the rules cannot all hold, so there is no plan."
    alone = len(rules) == 1
    told = f"this rule cannot hold: {rules[0]}" if alone else f"these rules cannot all hold: {'; '.join(rules)}"
    return f"there is no plan, because {told}." + (f" Cheapest repair: {repairs[0]}." if repairs else "")


def _stage(connections: Connections, record: RunRecord, status: RunStatus, **facts: object) -> None:
    with connections.database.transaction() as session:
        store.set_run_stage(session, record, status, **facts)  # pyright: ignore[reportArgumentType]


def fail(connections: Connections, record: RunRecord, sentence: str) -> None:
    """Keep the sentence on the run where Postgres still can: the first error is the one to tell."""
    try:
        with connections.database.transaction() as session:
            store.fail_run(session, record, sentence)
    except RoadmapError:
        return
