"""The problem and its result: frozen models of the JSON in ``model.md`` sections 1, 3 and 7."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Amounts = Mapping[str, Decimal]
BySlice = Mapping[str, Mapping[str, Decimal]]
"""dimension -> key -> amount"""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kpi(_Model):
    kpi_key: str
    kpi_level: Literal["north_star", "strategic"] = "strategic"
    direction: Literal["increase", "decrease"] = "increase"
    unit: str = ""


class Objective(_Model):
    mode: Literal["north_star", "weighted_kpis", "lexicographic", "score"]
    weights: Amounts = Field(default_factory=dict)
    scales: Amounts = Field(default_factory=dict)
    order: tuple[str, ...] = ()
    tolerance: Decimal = Decimal(0)


class Candidate(_Model):
    initiative_key: str
    title: str = ""
    engineering_tokens: Decimal
    resources: Amounts = Field(default_factory=dict)
    country: str | None = None
    department: str | None = None
    category: str | None = None
    program: str | None = None
    product: str | None = None
    segment: str | None = None
    kpi_contributions: Amounts = Field(default_factory=dict)
    score: Decimal = Decimal(0)
    duration_periods: int = 1
    earliest_period: str | None = None
    latest_period: str | None = None


class Target(_Model):
    value: Decimal
    baseline: Decimal | None = None
    penalty: Decimal | None = None
    notes: str | None = None


class TargetSet(_Model):
    """The targets of one KPI in one slice."""

    floor: Target | None = None
    goal: Target | None = None
    cap: Target | None = None


class Bundle(_Model):
    bundle_key: str
    members: tuple[str, ...]


class Group(_Model):
    group_key: str
    members: tuple[str, ...]
    min_selected: int | None = None
    max_selected: int | None = None


class Synergy(_Model):
    members: tuple[str, ...]
    kpi_key: str
    bonus: Decimal


class SourceCell(_Model):
    """One sheet cell behind an element: ``cell`` in A1 form with its tab, ``row`` the digest of the row's PM cells."""

    cell: str
    row: str | None = None


class ConstraintSet(_Model):
    """The rules of one (scenario, set): every field of ``model.md`` section 3."""

    floors: BySlice = Field(default_factory=dict)
    caps: BySlice = Field(default_factory=dict)
    resource_floors: Mapping[str, BySlice] = Field(default_factory=dict)
    resource_caps: Mapping[str, BySlice] = Field(default_factory=dict)
    count_floors: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    count_caps: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    share_floors: BySlice = Field(default_factory=dict)
    share_caps: BySlice = Field(default_factory=dict)
    period_floors: Mapping[str, BySlice] = Field(default_factory=dict)
    period_caps: Mapping[str, BySlice] = Field(default_factory=dict)
    period_resource_caps: Mapping[str, Mapping[str, BySlice]] = Field(default_factory=dict)
    targets: Mapping[str, Mapping[str, Mapping[str, TargetSet]]] = Field(default_factory=dict)
    mandatory_initiatives: tuple[str, ...] = ()
    exclusions_initiatives: tuple[str, ...] = ()
    exclusions_pairs: tuple[tuple[str, str], ...] = ()
    bundles: tuple[Bundle, ...] = ()
    groups: tuple[Group, ...] = ()
    prerequisites: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    synergy_bonuses: tuple[Synergy, ...] = ()
    locks: Mapping[str, str] = Field(default_factory=dict)
    max_changes: int | None = None
    reasons: Mapping[str, str] = Field(default_factory=dict)
    satisfied: tuple[str, ...] = ()
    sources: Mapping[str, tuple[SourceCell, ...]] = Field(default_factory=dict)


class SolverOptions(_Model):
    time_limit_s: Decimal = Decimal(60)
    relative_gap: Decimal | None = None
    seed: int = 0


class Problem(_Model):
    """Everything a solve needs and nothing else; what a run stores as its snapshot."""

    schema_version: Literal[1] = 1
    scenario_name: str = ""
    constraint_set_name: str = ""
    period_key: str = ""
    periods: tuple[str, ...] = ()
    capacity_total_tokens: Decimal
    objective: Objective
    kpis: tuple[Kpi, ...]
    candidates: tuple[Candidate, ...]
    constraint_set: ConstraintSet = ConstraintSet()
    previous_selection: tuple[str, ...] | None = None
    previous_starts: Mapping[str, str] | None = None
    solver: SolverOptions = SolverOptions()


class Item(_Model):
    """What became of one candidate. ``rank`` and ``start_period`` are None where it is not selected."""

    initiative_key: str
    selected: bool
    allocated_tokens: Decimal
    rank: int | None
    start_period: str | None
    reason: str


class TargetOutcome(_Model):
    dimension: str
    key: str
    kpi_key: str
    type: Literal["floor", "goal", "cap"]
    required: Decimal
    achieved: Decimal
    gap: Decimal
    severity: Literal["OK", "WARN", "CRITICAL"]


class Solution(_Model):
    """The result JSON of ``model.md`` section 7. Without a plan ``items`` is empty and the numbers are None."""

    schema_version: Literal[1] = 1
    problem_digest: str | None = None
    status: Literal["optimal", "feasible", "infeasible", "no_solution_in_time", "invalid"]
    objective: Decimal | None = None
    value: Decimal | None = None
    goal_penalty: Decimal | None = None
    bound: Decimal | None = None
    relative_gap: Decimal | None = None
    items: tuple[Item, ...] = ()
    kpis: Mapping[str, Decimal] | None = None
    capacity: Mapping[str, Decimal] | None = None
    targets: tuple[TargetOutcome, ...] = ()
    greedy_objective: Decimal | None = None
    ties: Literal["broken", "open"] | None = None
    scales: Amounts | None = None
    stages: tuple[Mapping[str, Any], ...] | None = None
    warnings: tuple[Any, ...] = ()
    errors: tuple[Mapping[str, Any], ...] = ()
    conflict: Mapping[str, Any] | None = None
    solver: Mapping[str, Any] | None = None
