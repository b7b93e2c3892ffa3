"""Runs: begun under a fence, moved on stage by stage, kept with snapshot and result.

A fence is the workspace's count of starts of work (``store_leases``). Each write of a run is one statement that holds
only while its run is under way and its fence is the last one taken: it waits for, or is waited for by, the next start
of work, so that no write of an earlier one follows. A run that was cut off is resumed under a new fence where a request
waits for it; else it is given up when the next one begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.documents import as_jsonb, as_text, plain
from db.errors import RunTakenOver
from db.models import (
    ConstraintSetRow,
    PortfolioRow,
    RequestRow,
    RunRow,
    ScenarioRow,
    WorkspaceRow,
    table,
)
from db.records import KeptRun, RequestStatus, RunRecord, RunStatus, StoredConstraintSet
from db.store_leases import next_fence
from db.store_portfolios import save_portfolio
from db.upsert import rows_changed
from engine.canonical import json_text
from engine.keys import normalised
from engine.problem import Problem, Solution
from engine.provenance import RunFacts

UNDER_WAY = (RunStatus.QUEUED, RunStatus.PULLING, RunStatus.COMPILING, RunStatus.SOLVING, RunStatus.WRITING)
AWAITED = (RequestStatus.QUEUED, RequestStatus.RUNNING)
"""Requests in these states wait for their run."""
FINAL = (RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED)
_GIVEN_UP = "Given up: a later run of this workbook began before this one had ended."
_GOOD = ("optimal", "feasible")
_LOOK_BACK = 200
"""How many runs back a failure still matters: as many as the Run Log shows."""


def begin_run(
    session: Session,
    workspace_id: int,
    *,
    scenario: str = "",
    constraint_set: str = "",
    trigger: str = "command line",
    requested_by: str = "",
    action: str = "optimize",
    fence: int | None = None,
) -> RunRecord:
    """A new run, ``pulling``, under ``fence`` (None: the next one is taken). Earlier runs of the workspace that never
    ended (killed, or still under way elsewhere) and that no request waits for end here as failed."""
    if fence is None:
        fence = next_fence(session, workspace_id)
    give_up_runs(session, workspace_id, _GIVEN_UP)
    run = RunRow(
        workspace_id=workspace_id,
        scenario_name=scenario,
        constraint_set_name=constraint_set,
        action=action,
        trigger=trigger,
        requested_by=requested_by,
        status=RunStatus.PULLING,
        fence=fence,
    )
    session.add(run)
    session.flush()
    return RunRecord(id=run.id, workspace_id=workspace_id, fence=fence)


def give_up_runs(session: Session, workspace_id: int, sentence: str) -> int:
    """Ends the runs of the workspace that are under way and that no open request waits for; how many. The caller has
    taken the workspace's next fence, so nobody works on them."""
    awaited = select(RequestRow.run_id).where(RequestRow.run_id.is_not(None), RequestRow.status.in_(AWAITED))
    return rows_changed(
        session,
        update(table(RunRow))
        .where(RunRow.workspace_id == workspace_id, RunRow.status.in_(UNDER_WAY), RunRow.id.not_in(awaited))
        .values(status=RunStatus.FAILED, message=sentence, finished_at=func.clock_timestamp()),
    )


def resume_run(session: Session, run_id: int, fence: int) -> KeptRun:
    """Takes a run on under a new fence, from the stage that it had reached. One that failed or was cancelled is under
    way again; one that is done stays done."""
    row = session.execute(
        select(
            RunRow.workspace_id,
            as_text(RunRow.snapshot).label("snapshot"),
            RunRow.result_json.is_not(None).label("is_solved"),
            RunRow.remarks.is_not(None).label("is_explained"),
        ).where(RunRow.id == run_id)
    ).one()
    problem = None if row.snapshot is None else Problem.model_validate(plain(row.snapshot))
    status = RunStatus.WRITING if row.is_solved else RunStatus.SOLVING if problem else RunStatus.PULLING
    session.execute(
        update(table(RunRow))
        .where(RunRow.id == run_id, RunRow.status != RunStatus.DONE)
        .values(fence=fence, status=status, finished_at=None)
    )
    return KeptRun(
        record=RunRecord(id=run_id, workspace_id=row.workspace_id, fence=fence),
        problem=problem,
        is_solved=row.is_solved,
        is_explained=row.is_explained,
    )


def holds_fence(session: Session, run_id: int, fence: int) -> bool:
    """Whether the run may still write: it has not ended, and no later run of its workspace has begun."""
    return (
        session.execute(
            select(RunRow.id)
            .join(WorkspaceRow, WorkspaceRow.id == RunRow.workspace_id)
            .where(RunRow.id == run_id, RunRow.fence == fence, WorkspaceRow.fence == fence)
            .where(RunRow.status.in_(UNDER_WAY))
        ).one_or_none()
        is not None
    )


def set_run_stage(
    session: Session,
    run: RunRecord,
    status: RunStatus,
    *,
    rows_read: int | None = None,
    rows_written: int | None = None,
    api_calls: int | None = None,
    message: str | None = None,
    scenario: str | None = None,
    constraint_set: str | None = None,
) -> None:
    """Moves the run on to ``status``; ``RunStatus.DONE`` ends it, after the sheet was written.

    Facts that are None stay as they are. Raises ``RunTakenOver`` where the run no longer holds its fence.
    """
    values: dict[str, Any] = {"status": status}
    if status in FINAL:
        values["finished_at"] = func.clock_timestamp()
    facts = {
        "rows_read": rows_read,
        "rows_written": rows_written,
        "api_calls": api_calls,
        "message": message,
        "scenario_name": scenario,
        "constraint_set_name": constraint_set,
    }
    values |= {name: value for name, value in facts.items() if value is not None}
    write_run(session, run, values)


def store_snapshot(
    session: Session, run: RunRecord, problem: Problem, inputs_as_of: datetime, constraint_set: StoredConstraintSet
) -> None:
    """Keeps what is about to be solved, with the version and digest of its rules; the run is then ``solving``."""
    write_run(
        session,
        run,
        {
            "status": RunStatus.SOLVING,
            "scenario_id": constraint_set.scenario_id,
            "scenario_name": problem.scenario_name,
            "constraint_set_id": constraint_set.id,
            "constraint_set_name": problem.constraint_set_name,
            "rules_version": constraint_set.version,
            "constraint_digest": constraint_set.digest,
            "snapshot": as_jsonb(problem.to_json()),
            "inputs_as_of": inputs_as_of,
            "solver_options": as_jsonb(problem.solver.to_json()),
        },
    )


def finish_run(session: Session, run: RunRecord, solution: Solution) -> int | None:
    """Stores the result and, where it holds a plan, its Portfolio (id returned); the run is then ``writing``."""
    solver = solution.solver or {}
    timings = {name: value for name, value in solver.items() if name.endswith("_s")}
    write_run(
        session,
        run,
        {
            "status": RunStatus.WRITING,
            "outcome": solution.status,
            "result_json": as_jsonb(solution.to_json()),
            "solver_name": _text_of(solver.get("name")),
            "solver_version": _text_of(solver.get("version")),
            "timings": as_jsonb(json_text(timings)),
            "solved_at": func.clock_timestamp(),
        },
    )
    if solution.status not in _GOOD:
        return None
    kept = select(RunRow.scenario_id, as_text(RunRow.snapshot)).where(RunRow.id == run.id)
    scenario_id, snapshot = session.execute(kept).one()
    assert scenario_id is not None, "store_snapshot comes before finish_run"
    problem = Problem.model_validate(plain(snapshot))
    return save_portfolio(session, run.workspace_id, scenario_id, run.id, problem, solution)


def save_remarks(session: Session, run: RunRecord, remarks: Sequence[Mapping[str, Any]]) -> None:
    """Keeps what was found out about the run's plan (``RunFacts.remarks``), so that it need not be found out again.
    Raises ``RunTakenOver`` where the run no longer holds its fence."""
    write_run(session, run, {"remarks": as_jsonb(json_text(list(remarks)))})


def fail_run(session: Session, run: RunRecord, sentence: str) -> None:
    """Ends the run as failed, with the sentence for the PM. One that has ended or was taken over stays as it is."""
    _end(session, sentence, RunRow.id == run.id, RunRow.fence == run.fence)


def end_run(session: Session, run_id: int, sentence: str) -> None:
    """As ``fail_run``, whoever began the run: for the holder of the workspace's turn."""
    _end(session, sentence, RunRow.id == run_id)


def _end(session: Session, sentence: str, *wanted: Any) -> None:
    session.execute(
        update(table(RunRow))
        .where(*wanted, RunRow.status.in_(UNDER_WAY))
        .values(status=RunStatus.FAILED, message=sentence, finished_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )


def require_fence(session: Session, run: RunRecord) -> None:
    """Raises ``RunTakenOver`` where the run may write no more: called right before each write to the sheet."""
    if not holds_fence(session, run.id, run.fence):
        raise RunTakenOver(
            f"Run {run.id} stopped: a later run of this workbook has begun, or this one was ended. Nothing was written."
        )


def run_facts(session: Session, run_id: int, workspace_id: int | None = None) -> RunFacts | None:
    """What is known of a run (of the workspace, where one is named) that got as far as a result, or None."""
    wanted = [RunRow.id == run_id]
    if workspace_id is not None:
        wanted.append(RunRow.workspace_id == workspace_id)
    return _facts(session, *wanted)


def run_of_portfolio(session: Session, portfolio_id: int) -> RunFacts | None:
    """The run that made a portfolio; None where it was put together by hand."""
    return _facts(session, PortfolioRow.id == portfolio_id)


def newest_good_run(
    session: Session,
    workspace_id: int,
    scenario: str,
    constraint_set: str | None = None,
    *,
    asked_for: bool = False,
) -> RunFacts | None:
    """The last run of the scenario (and set) that found a plan, whether or not the sheet was written after it; with
    ``asked_for``, the last one that a person asked for."""
    wanted = [RunRow.workspace_id == workspace_id, ScenarioRow.name_key == normalised(scenario)]
    if constraint_set is not None:
        wanted.append(ConstraintSetRow.name_key == normalised(constraint_set))
    if asked_for:
        wanted.append(RunRow.trigger != "schedule")
    return _facts(session, PortfolioRow.id.is_not(None), *wanted)


def newest_result(
    session: Session, workspace_id: int, scenario: str | None = None, constraint_set: str | None = None
) -> RunFacts | None:
    """The last run (of the scenario and set, where they are named) that got as far as a result, with or without a
    plan."""
    wanted = [RunRow.workspace_id == workspace_id]
    if scenario is not None:
        wanted.append(ScenarioRow.name_key == normalised(scenario))
    if constraint_set is not None:
        wanted.append(ConstraintSetRow.name_key == normalised(constraint_set))
    return _facts(session, *wanted)


def newest_failure(
    session: Session, workspace_id: int, scenario: str, constraint_set: str
) -> tuple[str, RunFacts | None] | None:
    """The sentence of the last run of the scenario and set where it made no plan, with its facts where it has a
    result (infeasible); None where that run made one, or there is none."""
    lately = session.execute(
        select(
            RunRow.id,
            RunRow.outcome,
            RunRow.message,
            RunRow.scenario_name.label("scenario"),
            RunRow.constraint_set_name.label("name"),
        )
        .where(
            RunRow.workspace_id == workspace_id,
            RunRow.action == "optimize",
            (RunRow.outcome.is_not(None)) | (RunRow.status == RunStatus.FAILED),
        )
        .order_by(RunRow.id.desc())
        .limit(_LOOK_BACK)
    )
    wanted = (normalised(scenario), normalised(constraint_set))
    last = next((one for one in lately if (normalised(one.scenario), normalised(one.name)) == wanted), None)
    if last is None or last.outcome in _GOOD:
        return None
    return last.message or "The last run made no plan.", run_facts(session, last.id)


def write_run(session: Session, run: RunRecord, values: dict[str, Any]) -> None:
    """Writes to the run's row, if it holds its fence; else ``RunTakenOver``. The claim is part of the statement."""
    last_begun = select(WorkspaceRow.fence).where(WorkspaceRow.id == run.workspace_id).scalar_subquery()
    statement = (
        update(table(RunRow))
        .where(RunRow.id == run.id, RunRow.fence == run.fence, RunRow.status.in_(UNDER_WAY), last_begun == run.fence)
        .values(**values)
    )
    if rows_changed(session, statement) != 1:
        raise RunTakenOver(
            f"Run {run.id} stopped: a later run of this workbook has begun, or this one was ended. Nothing was written."
        )


def _facts(session: Session, *wanted: Any) -> RunFacts | None:
    row = session.execute(
        select(
            RunRow.id.label("run_id"),
            RunRow.scenario_name.label("scenario"),
            RunRow.constraint_set_name.label("constraint_set"),
            RunRow.rules_version,
            RunRow.constraint_digest,
            RunRow.inputs_as_of,
            RunRow.solved_at,
            as_text(RunRow.snapshot).label("snapshot"),
            as_text(RunRow.result_json).label("result"),
            PortfolioRow.id.label("portfolio_id"),
            RunRow.trigger,
            RunRow.requested_by,
            as_text(RunRow.remarks).label("remarks"),
        )
        .join(ScenarioRow, ScenarioRow.id == RunRow.scenario_id)
        .join(ConstraintSetRow, ConstraintSetRow.id == RunRow.constraint_set_id)
        .outerjoin(PortfolioRow, PortfolioRow.run_id == RunRow.id)
        .where(RunRow.result_json.is_not(None), *wanted)
        .order_by(RunRow.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    known = dict(row._mapping)
    problem = Problem.model_validate(plain(known.pop("snapshot")))
    solution = Solution.model_validate(plain(known.pop("result")))
    remarks = tuple(plain(known.pop("remarks") or "[]"))
    return RunFacts(problem=problem, solution=solution, remarks=remarks, **known)


def _text_of(value: Any) -> str | None:
    return None if value is None else str(value)
