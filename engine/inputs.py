"""Typed rows: what the PMs' tabs say, read by ``sheets_sync.rows`` and compiled by ``engine.compile``.

Every value is what the cell means (Decimal, bool, date, text); a blank cell is None, or an empty tuple for a list. A
cell that could not be understood is None too, its column stands in ``bad`` and a Finding tells it: blank and bad are
not the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

DIMENSIONS = ("country", "department", "category", "program", "product", "segment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where a row stands. ``cells`` maps each declared column to its A1 address ("F7"); ``digest`` is a
    SHA-256 ("sha256:…") of the row's PM cells, by which the row is found again after a sort."""

    tab: str
    row: int
    cells: Mapping[str, str] = field(default_factory=dict[str, str])
    digest: str = ""
    bad: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativeRow(Row):
    """A row of Initiatives. ``initiative_key`` is canonical ("INIT-000123"), None where the system has yet to give
    one."""

    initiative_key: str | None
    title: str | None
    description: str | None = None
    department: str | None = None
    country: str | None = None
    product: str | None = None
    segment: str | None = None
    category: str | None = None
    program: str | None = None
    requesting_team: str | None = None
    lifecycle_status: str | None = None
    duplicate_of: str | None = None
    engineering_tokens: Decimal | None = None
    remaining_tokens: Decimal | None = None
    resources: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    params: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    deadline_date: date | None = None
    deadline_is_hard: bool | None = None
    earliest_period: str | None = None
    latest_period: str | None = None
    started_period: str | None = None
    duration_periods: int | None = None
    is_candidate: bool | None = None
    candidate_period: str | None = None
    active_scoring_framework: str | None = None
    strategic_coefficient: Decimal | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow(Row):
    """A row of Metrics: one KPI. ``is_active`` blank means active."""

    kpi_key: str | None
    kpi_name: str | None = None
    kpi_level: str | None = None
    unit: str | None = None
    direction: str | None = None
    description: str | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionRow(Row):
    """A row of Contributions: typed increments by ``kpi_key``; a blank cell has no entry."""

    initiative_key: str | None
    contributions: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRow(Row):
    """A row of Scenarios."""

    scenario_name: str | None
    period_key: str | None = None
    periods: int | None = None
    capacity_total_tokens: Decimal | None = None
    capacity_per_period: Decimal | None = None
    objective_mode: str | None = None
    objective_weights: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    objective_order: tuple[str, ...] = ()
    may_give_up: Decimal | None = None
    good_enough_within: Decimal | None = None
    time_limit_s: Decimal | None = None
    keep_in_progress: bool | None = None
    max_changes: int | None = None
    is_active: bool | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintRow(Row):
    """A row of Constraints. Empty ``scenario_names`` or ``constraint_set_names``: applies to all. ``members`` are
    canonical initiative keys. ``is_active`` blank means active; ``valid_until`` is the last day it holds."""

    scenario_names: tuple[str, ...] = ()
    constraint_set_names: tuple[str, ...] = ()
    constraint_type: str | None = None
    dimension: str | None = None
    dimension_key: str | None = None
    resource: str | None = None
    period: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    members: tuple[str, ...] = ()
    kpi_key: str | None = None
    bonus: Decimal | None = None
    reason: str | None = None
    requested_by: str | None = None
    valid_until: date | None = None
    is_active: bool | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow(Row):
    """A row of Targets; ``importance`` is already the model's ``penalty`` (low 0.3, medium 1, high 3, or a number)."""

    scenario_names: tuple[str, ...] = ()
    constraint_set_names: tuple[str, ...] = ()
    dimension: str | None = None
    dimension_key: str | None = None
    kpi_key: str | None = None
    type: str | None = None
    target_value: Decimal | None = None
    baseline_value: Decimal | None = None
    importance: Decimal | None = None
    is_active: bool | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRow(Row):
    """A row of Setup: one key and its value as text; the rest is of an ``intake_source``: ``source_tab`` (the column
    ``tab``), ``column_map`` as {header there: column of Intake}."""

    key: str | None
    value: str | None = None
    source_tab: str | None = None
    default_department: str | None = None
    column_map: Mapping[str, str] = field(default_factory=dict[str, str])
    write_back: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSource:
    """A tab in which requests come in. ``spreadsheet_id`` is None for a tab of the workbook itself; ``row`` is the
    Setup row that binds it, None for the workbook's own Intake tab where no row speaks of it."""

    row: SetupRow | None
    spreadsheet_id: str | None = None
    tab: str = "Intake"

    @property
    def default_department(self) -> str | None:
        return self.row.default_department if self.row else None

    @property
    def column_map(self) -> Mapping[str, str]:
        return self.row.column_map if self.row else {}

    @property
    def writes_back(self) -> bool:
        return self.row is None or self.row.write_back is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRow(Row):
    """One request, as it was typed; ``initiative_key`` is what stands there, canonical, whoever wrote it."""

    initiative_key: str | None = None
    title: str | None = None
    department: str | None = None
    requesting_team: str | None = None
    requester_name: str | None = None
    requester_email: str | None = None
    country: str | None = None
    product_area: str | None = None
    problem_statement: str | None = None
    deadline_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The Setup tab as one validated value. ``fiscal_year_starts`` is a month, 1 to 12."""

    default_scenario: str | None = None
    default_constraint_set: str | None = None
    time_zone: str = "UTC"
    currency: str | None = None
    cost_per_token: Decimal | None = None
    fiscal_year_starts: int = 1
    schedule: str | None = None
    scheduled_run_shows: str = "alerts"
    intake_sources: tuple[IntakeSource, ...] = ()
    rows: tuple[SetupRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow(Row):
    """A row of Roadmap Plan: the cells a PM owns, and the system cells by which the row is known."""

    initiative_key: str | None
    roadmap_version: int | None = None
    decision: str | None = None
    planned_period: str | None = None
    priority_rank: int | None = None
    is_locked_in: bool | None = None
    owner: str | None = None
    status: str | None = None
    confidence: str | None = None
    public_note: str | None = None
    notes: str | None = None
    override_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow(Row):
    """A row of Requests: one click that waits, or has been answered (``status`` not blank)."""

    request_id: str | None
    action: str | None = None
    arguments: str | None = None
    requested_by: str | None = None
    requested_at: datetime | None = None
    status: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookInputs:
    """Everything that people typed in one workbook, row by row in sheet order."""

    initiatives: tuple[InitiativeRow, ...] = ()
    metrics: tuple[MetricRow, ...] = ()
    contributions: tuple[ContributionRow, ...] = ()
    scenarios: tuple[ScenarioRow, ...] = ()
    constraints: tuple[ConstraintRow, ...] = ()
    targets: tuple[TargetRow, ...] = ()
    setup: Setup = field(default_factory=Setup)
    plan: tuple[PlanRow, ...] = ()
    requests: tuple[RequestRow, ...] = ()
