"""Roadmap versions and the merge that makes the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


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
