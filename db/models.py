"""The tables. ``db.migrations`` makes them; a test compares the two, constraints, triggers and vocabularies included.

    workspaces ─┬─ initiatives ─┬─ initiative_params            organization_metric_configs (per workspace)
                │               ├─ initiative_scores (history)
                │               └─ initiative_math_models (0..1, by initiatives.math_model_id)
                ├─ optimization_scenarios ── optimization_constraint_sets (unique by scenario and name)
                │            │                        │
                │            └── optimization_runs ───┘  snapshot, result: the history that replays
                │                    │
                │                portfolios ── portfolio_items ─────── initiatives
                │                    │               │
                ├─ roadmaps ─────────┘               │
                │     └─ roadmap_entries ────────────┴──────────────── initiatives
                ├─ intake_requests, intake_sheets
                ├─ requests ── optimization_runs    their jobs: procrastinate's own tables
                ├─ workspace_leases (0..1)
                ├─ workspace_roles (0..1), request_audits    webhook_signatures (db.models_web)
                ├─ schedule_slots                   slots without a workspace: chores of all of them
                └─ workspace_watches (0..1)         drive_watches, google_turns (db.models_watch)

Integer keys; enums are text with a named CHECK; every foreign key is indexed. What history hangs on is RESTRICT:
neither an initiative nor a run that a portfolio or a roadmap names can be deleted. ``name_key`` is the form in which
names match (``engine.keys.normalised``), so that "Core" and "core " are one scenario.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, Table, TextClause, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Dated, Id, is_kept, is_maintained, one_of, reference
from db.models_inputs import (
    DIRECTIONS,
    FRAMEWORKS,
    INITIATIVE_KEYS,
    KPI_LEVELS,
    LIFECYCLE,
    MODES,
    InitiativeParamRow,
    InitiativeRow,
    InitiativeScoreRow,
    IntakeRequestRow,
    IntakeSheetRow,
    MathModelRow,
    MetricRow,
    ScenarioRow,
    WorkspaceRow,
)
from db.models_queue import WorkspaceLeaseRow
from db.models_watch import DriveWatchRow, ScheduleSlotRow, WorkspaceWatchRow
from db.models_web import UNMAINTAINED, RequestAuditRow, WorkspaceRolesRow
from db.records import RequestStatus, RunStatus
from engine.problem import ConstraintSet

TRIGGERS = ("menu", "schedule", "API", "command line")
RUN_ACTIONS = ("check", "optimize")
OUTCOMES = ("optimal", "feasible", "infeasible", "no_solution_in_time", "invalid")
SOURCES = ("optimizer", "mandatory", "locked", "manual")
DECISIONS = ("in", "out")


_UNDER_WAY = ("queued", "pulling", "compiling", "solving", "writing")
_AWAITED = ("queued", "running")


def _listed(column: str, values: tuple[str, ...]) -> TextClause:
    """The condition of a partial index."""
    return text(f"{column} IN ({', '.join(repr(value) for value in values)})")


RULE_FIELDS = tuple(name for name in ConstraintSet.model_fields if name != "sources")
"""The fields of a ConstraintSet (``model.md`` section 3), each a JSONB column; null where the set has none of it."""


class ConstraintSetRow(Dated, Base):
    """The compiled rules of one (scenario, name) as they stand now; ``version`` counts the digests it has had. Earlier
    versions are read from the snapshots of the runs that used them."""

    __tablename__ = "optimization_constraint_sets"
    __table_args__ = (
        UniqueConstraint("scenario_id", "name_key"),
        UniqueConstraint("scenario_id", "name"),
        CheckConstraint("version >= 1", name="version"),
    )
    id: Mapped[Id]
    scenario_id: Mapped[int] = reference("optimization_scenarios.id", indexed=False)
    name_key: Mapped[str]
    name: Mapped[str]
    floors: Mapped[dict[str, Any] | None]
    caps: Mapped[dict[str, Any] | None]
    resource_floors: Mapped[dict[str, Any] | None]
    resource_caps: Mapped[dict[str, Any] | None]
    count_floors: Mapped[dict[str, Any] | None]
    count_caps: Mapped[dict[str, Any] | None]
    share_floors: Mapped[dict[str, Any] | None]
    share_caps: Mapped[dict[str, Any] | None]
    period_floors: Mapped[dict[str, Any] | None]
    period_caps: Mapped[dict[str, Any] | None]
    period_resource_caps: Mapped[dict[str, Any] | None]
    targets: Mapped[dict[str, Any] | None]
    mandatory_initiatives: Mapped[list[Any] | None]
    exclusions_initiatives: Mapped[list[Any] | None]
    exclusions_pairs: Mapped[list[Any] | None]
    bundles: Mapped[list[Any] | None]
    groups: Mapped[list[Any] | None]
    prerequisites: Mapped[dict[str, Any] | None]
    synergy_bonuses: Mapped[list[Any] | None]
    locks: Mapped[dict[str, Any] | None]
    max_changes: Mapped[int | None] = mapped_column(JSONB)
    reasons: Mapped[dict[str, Any] | None]
    satisfied: Mapped[list[Any] | None]
    digest: Mapped[str]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    sources: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    compiled_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RunRow(Dated, Base):
    """One optimisation: what was asked, the snapshot it solved, and what came out. Scenario and set are null until the
    sheet has been read; ``scenario_name`` and ``constraint_set_name`` say what was asked for. ``progress`` is how the
    solve gets on, ``remarks`` what was found out about the plan after it."""

    __tablename__ = "optimization_runs"
    __table_args__ = (
        one_of("status", RunStatus),
        one_of("outcome", OUTCOMES),
        one_of("trigger", TRIGGERS),
        one_of("action", RUN_ACTIONS),
        Index(None, "workspace_id", "id"),
        Index("ix_optimization_runs_under_way", "workspace_id", postgresql_where=_listed("status", _UNDER_WAY)),
    )
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", indexed=False)
    scenario_id: Mapped[int | None] = reference("optimization_scenarios.id")
    constraint_set_id: Mapped[int | None] = reference("optimization_constraint_sets.id")
    scenario_name: Mapped[str]
    constraint_set_name: Mapped[str]
    action: Mapped[str]
    trigger: Mapped[str]
    requested_by: Mapped[str]
    status: Mapped[str]
    fence: Mapped[int]
    rules_version: Mapped[int | None] = mapped_column(Integer)
    constraint_digest: Mapped[str | None]
    snapshot: Mapped[dict[str, Any] | None]
    inputs_as_of: Mapped[datetime | None]
    outcome: Mapped[str | None]
    result_json: Mapped[dict[str, Any] | None]
    solver_name: Mapped[str | None]
    solver_version: Mapped[str | None]
    solver_options: Mapped[dict[str, Any] | None]
    timings: Mapped[dict[str, Any] | None]
    message: Mapped[str] = mapped_column(server_default="")
    rows_read: Mapped[int] = mapped_column(server_default="0")
    rows_written: Mapped[int] = mapped_column(server_default="0")
    api_calls: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    solved_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    remarks: Mapped[list[Any] | None] = mapped_column(sort_order=2000)  # added after the first tables
    progress: Mapped[dict[str, Any] | None] = mapped_column(sort_order=2001)


class PortfolioRow(Dated, Base):
    """A choice among the candidates: what a run found (one per run), or one put together by hand (no run)."""

    __tablename__ = "portfolios"
    id: Mapped[Id]
    scenario_id: Mapped[int] = reference("optimization_scenarios.id")
    run_id: Mapped[int | None] = reference("optimization_runs.id", indexed=False, unique=True)


class PortfolioItemRow(Dated, Base):
    """What a portfolio says of one candidate."""

    __tablename__ = "portfolio_items"
    __table_args__ = (
        UniqueConstraint("portfolio_id", "initiative_id"),
        one_of("source", SOURCES),
    )
    id: Mapped[Id]
    portfolio_id: Mapped[int] = reference("portfolios.id", indexed=False)
    initiative_id: Mapped[int] = reference("initiatives.id")
    selected: Mapped[bool]
    allocated_tokens: Mapped[Decimal]
    rank: Mapped[int | None] = mapped_column(Integer)
    source: Mapped[str]
    score: Mapped[Decimal | None]
    start_period: Mapped[str | None]
    contributions: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    reason: Mapped[str] = mapped_column(server_default="")


class RoadmapRow(Dated, Base):
    """One published version of a roadmap. It never changes."""

    __tablename__ = "roadmaps"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name_key", "version"),
        CheckConstraint("version >= 1", name="version"),
        one_of("trigger", TRIGGERS),
    )
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", indexed=False)
    portfolio_id: Mapped[int] = reference("portfolios.id")
    name_key: Mapped[str]
    roadmap_name: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    version_note: Mapped[str] = mapped_column(server_default="")
    published_by: Mapped[str]
    published_at: Mapped[datetime]
    trigger: Mapped[str]


class RoadmapEntryRow(Dated, Base):
    """Scheduling of one initiative in one version; selection, score and run live in its portfolio item alone."""

    __tablename__ = "roadmap_entries"
    __table_args__ = (
        UniqueConstraint("roadmap_id", "initiative_id"),
        one_of("decision", DECISIONS),
        CheckConstraint("planned_quarter BETWEEN 1 AND 4", name="planned_quarter"),
        CheckConstraint("(planned_period IS NULL) = (planned_year IS NULL)", name="planned_year"),
    )
    id: Mapped[Id]
    roadmap_id: Mapped[int] = reference("roadmaps.id", indexed=False)
    initiative_id: Mapped[int] = reference("initiatives.id")
    portfolio_item_id: Mapped[int | None] = reference("portfolio_items.id")
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str]
    priority_rank: Mapped[int | None]
    planned_period: Mapped[str | None]
    planned_year: Mapped[int | None] = mapped_column(Integer)
    planned_quarter: Mapped[int | None] = mapped_column(Integer)
    decision: Mapped[str]
    is_locked_in: Mapped[bool]
    owner: Mapped[str | None]
    status: Mapped[str | None]
    confidence: Mapped[str | None]
    public_note: Mapped[str | None]
    notes: Mapped[str | None]
    is_decision_overridden: Mapped[bool]
    is_period_overridden: Mapped[bool]
    is_rank_overridden: Mapped[bool]
    override_reason: Mapped[str | None]
    plan_wants: Mapped[str | None]
    conflict: Mapped[str | None]


class RequestRow(Dated, Base):
    """One request; ``request_id`` is made by the asker, and the same id is one run for ever. ``requested_by`` is who is
    said to have asked, ``verified_by`` the e-mail address that a token proved; ``attempts`` counts the starts."""

    __tablename__ = "requests"
    __table_args__ = (
        one_of("status", RequestStatus),
        one_of("trigger", TRIGGERS),
        Index("ix_requests_open", "workspace_id", postgresql_where=_listed("status", _AWAITED)),
    )
    id: Mapped[Id]
    request_id: Mapped[str] = mapped_column(unique=True)
    workspace_id: Mapped[int] = reference("workspaces.id")
    run_id: Mapped[int | None] = reference("optimization_runs.id")
    action: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    status: Mapped[str]
    message: Mapped[str] = mapped_column(server_default="")
    trigger: Mapped[str] = mapped_column(server_default="menu", sort_order=2000)  # added after the first tables
    verified_by: Mapped[str | None] = mapped_column(sort_order=2001)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0", sort_order=2002)
    started_at: Mapped[datetime | None] = mapped_column(sort_order=2003)
    finished_at: Mapped[datetime | None] = mapped_column(sort_order=2004)


KEPT = ("roadmaps", "roadmap_entries")

for _table in Base.metadata.tables.values():
    if _table in UNMAINTAINED:
        continue
    (is_kept if _table.name in KEPT else is_maintained)(_table)


def table(row: type[Base]) -> Table:
    """The table of a row class."""
    made = row.__table__
    assert isinstance(made, Table)
    return made


__all__ = [
    "DIRECTIONS",
    "FRAMEWORKS",
    "INITIATIVE_KEYS",
    "KPI_LEVELS",
    "LIFECYCLE",
    "MODES",
    "RULE_FIELDS",
    "Base",
    "ConstraintSetRow",
    "DriveWatchRow",
    "InitiativeParamRow",
    "InitiativeRow",
    "InitiativeScoreRow",
    "IntakeRequestRow",
    "IntakeSheetRow",
    "MathModelRow",
    "MetricRow",
    "PortfolioItemRow",
    "PortfolioRow",
    "RequestAuditRow",
    "RequestRow",
    "RoadmapEntryRow",
    "RoadmapRow",
    "RunRow",
    "ScenarioRow",
    "ScheduleSlotRow",
    "WorkspaceLeaseRow",
    "WorkspaceRolesRow",
    "WorkspaceRow",
    "WorkspaceWatchRow",
    "table",
]
