"""The problem and its result: frozen models of the JSON in ``model.md`` sections 1, 3 and 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _not_a_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is wanted, not true or false")
    return value


Number = Annotated[Decimal, BeforeValidator(_not_a_bool)]
"""A finite number that means its decimal text."""
Whole = Annotated[int, BeforeValidator(_not_a_bool)]
Amounts = Mapping[str, Number]
BySlice = Mapping[str, Mapping[str, Number]]
"""dimension -> key -> amount"""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> str:
        """Compact JSON with numbers in shortest form and exact; a Problem leaves out what is not set."""
        from engine.snapshot import json_text  # snapshot is written in these models

        return json_text(self.plain())

    def plain(self) -> dict[str, Any]:
        """The value as maps, lists, text, bool, int, Decimal and None."""
        return self.model_dump(exclude_none=True, by_alias=True)


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
    tolerance: Number = Decimal(0)


class Candidate(_Model):
    initiative_key: str
    title: str = ""
    engineering_tokens: Number
    resources: Amounts = Field(default_factory=dict)
    country: str | None = None
    department: str | None = None
    category: str | None = None
    program: str | None = None
    product: str | None = None
    segment: str | None = None
    kpi_contributions: Amounts = Field(default_factory=dict)
    score: Number = Decimal(0)
    duration_periods: Whole = 1
    earliest_period: str | None = None
    latest_period: str | None = None


class Target(_Model):
    value: Number
    baseline: Number | None = None
    penalty: Number | None = None
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
    min_selected: Whole | None = None
    max_selected: Whole | None = None


class Synergy(_Model):
    members: tuple[str, ...]
    kpi_key: str
    bonus: Number


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
    count_floors: Mapping[str, Mapping[str, Whole]] = Field(default_factory=dict)
    count_caps: Mapping[str, Mapping[str, Whole]] = Field(default_factory=dict)
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
    max_changes: Whole | None = None
    reasons: Mapping[str, str] = Field(default_factory=dict)
    satisfied: tuple[str, ...] = ()
    sources: Mapping[str, tuple[SourceCell, ...]] = Field(default_factory=dict)


class SolverOptions(_Model):
    time_limit_s: Number = Decimal(60)
    relative_gap: Number | None = None
    seed: Whole = 0


class Problem(_Model):
    """Everything a solve needs and nothing else; what a run stores as its snapshot."""

    schema_version: Literal[1] = 1
    scenario_name: str = ""
    constraint_set_name: str = ""
    period_key: str = ""
    periods: tuple[str, ...] = ()
    capacity_total_tokens: Number
    objective: Objective
    kpis: tuple[Kpi, ...]
    candidates: tuple[Candidate, ...]
    constraint_set: ConstraintSet = ConstraintSet()
    previous_selection: tuple[str, ...] | None = None
    previous_starts: Mapping[str, str] | None = None
    solver: SolverOptions = SolverOptions()

    def plain(self) -> dict[str, Any]:
        """The problem as plain values, without what is not set: absent, null, "" and an empty section are one."""
        return {
            field: value if field == "previous_selection" else _set_values(value)
            for field, value in super().plain().items()
            if field in _REQUIRED or field == "previous_selection" or value not in ("", {}, ())
        }


_REQUIRED = frozenset({"schema_version", "capacity_total_tokens", "objective", "kpis", "candidates"})


def _set_values(value: Any) -> Any:
    """``value`` without the map entries that are not set."""
    if isinstance(value, Mapping):
        held = cast("Mapping[str, Any]", value)
        return {key: _set_values(entry) for key, entry in held.items() if entry not in ("", {}, ())}
    if isinstance(value, (list, tuple)):
        listed = cast("Sequence[Any]", value)
        return [_set_values(entry) for entry in listed]
    return value


def problem_digest(problem: Problem) -> str:
    """ "sha256:…" of the problem with every name folded and sorted; labels and ``sources`` are no part of it."""
    from engine.notes import Notes
    from engine.settling import settle
    from engine.snapshot import settled_digest  # all three are written in these models

    return settled_digest(settle(problem, Notes()))


def same_question(one: Problem, other: Problem) -> bool:
    """True where two problems ask for the same plan, as far as people's rows go: what was published since, which binds
    the next solve by itself, does not count."""
    return problem_digest(_unpublished(one)) == problem_digest(_unpublished(other))


def _unpublished(problem: Problem) -> Problem:
    rules = problem.constraint_set.model_copy(update={"locks": {}})
    return problem.model_copy(update={"constraint_set": rules, "previous_selection": None, "previous_starts": None})


class Item(_Model):
    """What became of one candidate. ``rank`` and ``start_period`` are None where it is not selected."""

    initiative_key: str
    selected: bool
    allocated_tokens: Number
    rank: Whole | None
    start_period: str | None
    reason: str


class TargetOutcome(_Model):
    dimension: str
    key: str
    kpi_key: str
    type: Literal["floor", "goal", "cap"]
    required: Number
    achieved: Number
    gap: Number
    severity: Literal["OK", "WARN", "CRITICAL"]


class Solution(_Model):
    """The result JSON of ``model.md`` section 7. Without a plan ``items`` is empty and the numbers are None."""

    schema_version: Literal[1] = 1
    problem_digest: str | None = None
    status: Literal["optimal", "feasible", "infeasible", "no_solution_in_time", "invalid"]
    objective: Number | None = None
    value: Number | None = None
    goal_penalty: Number | None = None
    bound: Number | None = None
    relative_gap: Number | None = None
    items: tuple[Item, ...] = ()
    kpis: Mapping[str, Decimal] | None = None
    capacity: Mapping[str, Decimal] | None = None
    targets: tuple[TargetOutcome, ...] = ()
    greedy_objective: Number | None = None
    ties: Literal["broken", "open"] | None = None
    scales: Amounts | None = None
    stages: tuple[Mapping[str, Any], ...] | None = None
    warnings: tuple[Any, ...] = ()
    errors: tuple[Mapping[str, Any], ...] = ()
    conflict: Mapping[str, Any] | None = None
    solver: Mapping[str, Any] | None = None
    explanations: tuple[Mapping[str, Any], ...] | None = None

    def plain(self) -> dict[str, Any]:
        """The result as plain values; what is unknown is None (null). Without explanations there is no such field."""
        return self.model_dump(exclude={"explanations"} if self.explanations is None else None)
