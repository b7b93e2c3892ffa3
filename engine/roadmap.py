"""Roadmap versions and the merge that makes the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.findings import Finding
from engine.inputs import PlanRow
from engine.problem import Problem, Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadmapEntry:
    """One initiative in one version. ``decision`` is "in" or "out". The ``is_…_overridden`` flags say which facts a human
    typed (they win over the plan); ``plan_wants`` tells what the portfolio says where it differs."""

    initiative_key: str
    title: str
    decision: str
    planned_period: str | None = None
    priority_rank: int | None = None
    is_locked_in: bool = False
    owner: str | None = None
    status: str | None = None
    confidence: str | None = None
    public_note: str | None = None
    notes: str | None = None
    is_decision_overridden: bool = False
    is_period_overridden: bool = False
    is_rank_overridden: bool = False
    override_reason: str | None = None
    plan_wants: str | None = None
    conflict: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadmapVersion:
    """One published roadmap: it never changes."""

    roadmap_name: str
    version: int
    scenario: str
    portfolio_id: int
    published_by: str
    published_at: datetime
    version_note: str = ""
    entries: tuple[RoadmapEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """What a portfolio says of one initiative."""

    initiative_key: str
    title: str
    selected: bool
    start_period: str | None
    rank: int | None
    allocated_tokens: Decimal
    reason: str


def plan_items(problem: Problem, solution: Solution) -> tuple[PlannedItem, ...]:
    """What the solution says of each candidate, with its title; empty without a plan."""
    titles = {candidate.initiative_key: candidate.title for candidate in problem.candidates}
    return tuple(
        PlannedItem(
            initiative_key=item.initiative_key,
            title=titles.get(item.initiative_key) or item.initiative_key,
            selected=item.selected,
            start_period=item.start_period,
            rank=item.rank,
            allocated_tokens=item.allocated_tokens,
            reason=item.reason,
        )
        for item in solution.items
    )


def next_version(
    last: RoadmapVersion | None,
    edits: Sequence[PlanRow],
    items: Sequence[PlannedItem],
    *,
    roadmap_name: str,
    scenario: str,
    portfolio_id: int,
    version_note: str,
    published_by: str,
    published_at: datetime,
) -> tuple[RoadmapVersion, tuple[Finding, ...]]:
    """The merge of (last version, Roadmap Plan as it stands, portfolio), and what the PM must be told of it."""
    raise NotImplementedError("written within the hour")
