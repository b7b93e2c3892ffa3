"""Portfolios: what a run chose, item by item, bound to the stored initiatives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db.errors import DatabaseBug
from db.models import InitiativeRow, PortfolioItemRow, PortfolioRow, table
from db.upsert import upsert
from engine.canonical import json_text
from engine.keys import normalised
from engine.problem import Candidate, Problem, Solution


def save_portfolio(
    session: Session, workspace_id: int, scenario_id: int, run_id: int | None, problem: Problem, solution: Solution
) -> int:
    """Stores the plan of ``solution`` (one item for each candidate) and returns the portfolio's id.

    ``run_id`` is None for one put together by hand. ``save_inputs`` must have stored the initiatives.
    """
    portfolio_id = session.scalars(
        insert(PortfolioRow).values(scenario_id=scenario_id, run_id=run_id).returning(PortfolioRow.id)
    ).one()
    ids = initiative_ids(session, workspace_id, (item.initiative_key for item in solution.items))
    if missing := [item.initiative_key for item in solution.items if item.initiative_key not in ids]:
        raise DatabaseBug(f"{missing[0]} was planned but has not been stored. This is a fault of roadmap, not yours.")
    candidates = {normalised(candidate.initiative_key): candidate for candidate in problem.candidates}
    source = _sources(problem)
    rows: list[dict[str, Any]] = []
    for item in solution.items:
        key = normalised(item.initiative_key)
        candidate = candidates[key]
        rows.append(
            {
                "portfolio_id": portfolio_id,
                "initiative_id": ids[item.initiative_key],
                "selected": item.selected,
                "allocated_tokens": item.allocated_tokens,
                "rank": item.rank,
                "source": source.get(key, "optimizer") if run_id is not None else "manual",
                "score": candidate.score,
                "start_period": item.start_period,
                "contributions": _contributions(candidate),
                "reason": item.reason,
            }
        )
    upsert(session, table(PortfolioItemRow), ("portfolio_id", "initiative_id"), rows)
    return portfolio_id


def initiative_ids(session: Session, workspace_id: int, keys: Iterable[str]) -> dict[str, int]:
    """Initiative key -> id, of those of ``keys`` that the workspace has."""
    wanted = select(InitiativeRow.initiative_key, InitiativeRow.id).where(InitiativeRow.workspace_id == workspace_id)
    stored = dict(session.execute(wanted).all())
    return {key: stored[key] for key in keys if key in stored}


def _sources(problem: Problem) -> dict[str, str]:
    """Normalised initiative key -> what put it there, for those that a rule forces in."""
    rules = problem.constraint_set
    return {normalised(key): "mandatory" for key in rules.mandatory_initiatives} | {
        normalised(key): "locked" for key in rules.locks
    }


def _contributions(candidate: Candidate) -> str:
    return json_text(candidate.kpi_contributions)
