"""The Run Log: runs and publications, newest first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Numeric, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from db.models import PortfolioRow, RoadmapRow, RunRow, ScenarioRow, table
from engine.provenance import RunLogLine, proximity


def run_log(session: Session, workspace_id: int, limit: int = 200) -> tuple[RunLogLine, ...]:
    """The last ``limit`` runs and publications of the workspace, newest first."""
    runs = select(
        RunRow.started_at.label("time"),
        RunRow.requested_by.label("who"),
        RunRow.trigger,
        RunRow.action,
        RunRow.scenario_name.label("scenario"),
        RunRow.constraint_set_name.label("constraint_set"),
        RunRow.status,
        RunRow.outcome,
        cast(table(RunRow).c.result_json.op("->>")("relative_gap"), Numeric).label("gap"),
        cast(func.extract("epoch", RunRow.finished_at - RunRow.started_at), Numeric).label("seconds"),
        RunRow.rows_read,
        RunRow.rows_written,
        RunRow.api_calls,
        RunRow.message,
        cast(RunRow.id, BigInteger).label("run"),
    ).where(RunRow.workspace_id == workspace_id)
    published = (
        select(
            RoadmapRow.published_at,
            RoadmapRow.published_by,
            RoadmapRow.trigger,
            literal("publish"),
            ScenarioRow.scenario_name,
            func.coalesce(RunRow.constraint_set_name, ""),
            literal("done"),
            RunRow.outcome,
            cast(table(RunRow).c.result_json.op("->>")("relative_gap"), Numeric),
            cast(null(), Numeric),
            literal(0, BigInteger),
            literal(0, BigInteger),
            literal(0, BigInteger),
            func.concat(RoadmapRow.roadmap_name, " v", RoadmapRow.version, _noted(RoadmapRow.version_note)),
            cast(RunRow.id, BigInteger),
        )
        .join(PortfolioRow, PortfolioRow.id == RoadmapRow.portfolio_id)
        .join(ScenarioRow, ScenarioRow.id == PortfolioRow.scenario_id)
        .outerjoin(RunRow, RunRow.id == PortfolioRow.run_id)
        .where(RoadmapRow.workspace_id == workspace_id)
    )
    lines = union_all(runs, published).subquery()
    rows = session.execute(select(lines).order_by(lines.c.time.desc(), lines.c.run.desc()).limit(limit))
    return tuple(_line(**row._mapping) for row in rows)


def _noted(column: Any) -> Any:
    return func.nullif(func.concat(": ", column), ": ")


def _line(
    *, status: str, outcome: str | None, gap: Decimal | None, seconds: Decimal | None, **known: Any
) -> RunLogLine:
    has_plan = outcome in ("optimal", "feasible")
    is_over = status in ("done", "writing") and outcome is not None  # what stands in the sheet has been written
    told = status if not is_over else "done" if has_plan else str(outcome).replace("_", " ")
    return RunLogLine(
        status=told,
        plan_quality=proximity(gap) if has_plan else "",
        seconds=None if seconds is None else round(float(seconds), 3),
        **known,
    )
