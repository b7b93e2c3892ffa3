"""Load and save engine values. Every function takes the Session of ``Database.transaction()`` first and commits nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from engine.inputs import WorkbookInputs
from engine.problem import ConstraintSet, Problem, Solution
from engine.provenance import RunFacts, RunLogLine
from engine.roadmap import RoadmapVersion
from sqlalchemy.orm import Session

from db.records import (
    RequestRecord,
    RequestStatus,
    RunRecord,
    RunStatus,
    StoredConstraintSet,
    WorkspaceRecord,
)


def register_workspace(session: Session, spreadsheet_id: str, title: str, url: str) -> WorkspaceRecord: ...
def find_workspace(session: Session, spreadsheet_id: str) -> WorkspaceRecord | None: ...
def list_workspaces(session: Session) -> tuple[WorkspaceRecord, ...]: ...
def reserve_initiative_keys(session: Session, count: int) -> list[str]: ...
def note_initiative_keys(session: Session, keys: Iterable[str]) -> tuple[str, ...]:
    """Raises the sequence to the largest of ``keys``; returns those that are absurdly large, which are not obeyed."""
    ...


def save_inputs(session: Session, workspace_id: int, inputs: WorkbookInputs) -> int:
    """Upserts the rows (those without a key or name are left out); how many rows changed."""
    ...


def save_constraint_set(
    session: Session, workspace_id: int, scenario: str, name: str, constraint_set: ConstraintSet
) -> StoredConstraintSet: ...
def begin_run(
    session: Session,
    workspace_id: int,
    *,
    scenario: str = "",
    constraint_set: str = "",
    trigger: str = "command line",
    requested_by: str = "",
    action: str = "optimize",
) -> RunRecord: ...
def holds_fence(session: Session, run_id: int, fence: int) -> bool: ...
def set_run_stage(
    session: Session,
    run: RunRecord,
    status: RunStatus,
    *,
    rows_read: int | None = None,
    rows_written: int | None = None,
    api_calls: int | None = None,
    message: str | None = None,
) -> None:
    """Moves the run on; ``RunTakenOver`` where it no longer holds its fence. ``RunStatus.DONE`` ends it (after the write)."""
    ...


def store_snapshot(
    session: Session, run: RunRecord, problem: Problem, inputs_as_of: datetime, constraint_set: StoredConstraintSet
) -> None: ...
def finish_run(session: Session, run: RunRecord, solution: Solution) -> int | None:
    """Stores the result and, where it holds a plan, its Portfolio (id returned); the run is then ``writing``."""
    ...


def fail_run(session: Session, run: RunRecord, sentence: str) -> None: ...
def run_facts(session: Session, run_id: int) -> RunFacts | None: ...
def newest_good_run(
    session: Session, workspace_id: int, scenario: str, constraint_set: str | None = None
) -> RunFacts | None: ...
def run_log(session: Session, workspace_id: int, limit: int = 200) -> tuple[RunLogLine, ...]: ...
def newest_version(
    session: Session, workspace_id: int, roadmap_name: str | None = None, scenario: str | None = None
) -> RoadmapVersion | None: ...
def save_version(
    session: Session,
    workspace_id: int,
    version: RoadmapVersion,
    *,
    trigger: str = "command line",
    fiscal_year_starts: int = 1,
) -> RoadmapVersion:
    """Stores ``version`` as it is; ``VersionConflict`` where its number is not the one after the last published."""
    ...


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
    """The request and whether it is new: True exactly once for an id."""
    ...


def finish_request(
    session: Session, request_id: str, status: RequestStatus, message: str, run_id: int | None = None
) -> None: ...
