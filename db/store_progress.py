"""How a run gets on: written by the process that solves it, read by any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.documents import as_jsonb, as_text, plain
from db.models import RunRow
from db.records import RunRecord, RunState, RunStatus
from db.store_runs import write_run
from engine.canonical import json_text


def note_progress(session: Session, run: RunRecord, progress: Mapping[str, Any]) -> None:
    """Keeps how the solve gets on (``engine.progress.Progress.plain``) in place of what was kept before.

    Raises ``RunTakenOver`` where the run no longer holds its fence.
    """
    write_run(session, run, {"progress": as_jsonb(json_text(progress))})


def run_state(session: Session, workspace_id: int, run_id: int | None = None) -> RunState | None:
    """How a run of the workspace gets on; without ``run_id`` the last one begun. None where there is no such run."""
    wanted = [RunRow.workspace_id == workspace_id, *([RunRow.id == run_id] if run_id is not None else [])]
    row = session.execute(
        select(
            RunRow.id.label("run_id"),
            RunRow.scenario_name.label("scenario"),
            RunRow.constraint_set_name.label("constraint_set"),
            RunRow.status,
            RunRow.outcome,
            as_text(RunRow.progress).label("progress"),
            RunRow.message,
            RunRow.started_at,
            RunRow.finished_at,
        )
        .where(*wanted)
        .order_by(RunRow.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    known = dict(row._mapping)
    told = known.pop("progress")
    return RunState(status=RunStatus(known.pop("status")), progress=None if told is None else plain(told), **known)
