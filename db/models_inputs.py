"""The tables of what people typed: workspaces, initiatives, KPIs and scenarios."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, Integer, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import INITIATIVE_KEY_SEQUENCE, Base, Dated, Id, one_of, reference

LIFECYCLE = ("new", "needs_info", "ready", "in_progress", "paused", "delivered", "rejected", "duplicate")
FRAMEWORKS = ("RICE", "WSJF", "MATH_MODEL")
MODES = ("north_star", "weighted_kpis", "lexicographic", "score")
KPI_LEVELS = ("north_star", "strategic")
DIRECTIONS = ("increase", "decrease")

INITIATIVE_KEYS = Sequence(INITIATIVE_KEY_SEQUENCE, metadata=Base.metadata, start=1)
"""Initiative keys come from here, never from a row number. It only ever grows."""


class WorkspaceRow(Dated, Base):
    """One registered workbook. ``fence`` counts the runs begun; the last one may write."""

    __tablename__ = "workspaces"
    id: Mapped[Id]
    spreadsheet_id: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    url: Mapped[str]
    fence: Mapped[int] = mapped_column(server_default="0")


class MathModelRow(Dated, Base):
    """The formula of an initiative."""

    __tablename__ = "initiative_math_models"
    id: Mapped[Id]
    model_name: Mapped[str | None]
    formula: Mapped[str]
    assumptions: Mapped[str | None]
    is_approved: Mapped[bool] = mapped_column(server_default="false")
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")


class InitiativeRow(Dated, Base):
    """An initiative as its PM typed it last. One that is no longer in the sheet stays, with ``is_in_sheet`` off."""

    __tablename__ = "initiatives"
    __table_args__ = (
        UniqueConstraint("workspace_id", "initiative_key"),
        one_of("lifecycle_status", LIFECYCLE),
        one_of("active_scoring_framework", FRAMEWORKS),
    )
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", indexed=False)  # led by the unique constraint's index
    initiative_key: Mapped[str]
    title: Mapped[str | None]
    description: Mapped[str | None]
    department: Mapped[str | None]
    country: Mapped[str | None]
    product: Mapped[str | None]
    segment: Mapped[str | None]
    category: Mapped[str | None]
    program: Mapped[str | None]
    requesting_team: Mapped[str | None]
    lifecycle_status: Mapped[str | None]
    duplicate_of: Mapped[str | None]
    engineering_tokens: Mapped[Decimal | None]
    remaining_tokens: Mapped[Decimal | None]
    resources: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    kpi_contributions: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    deadline_date: Mapped[date | None]
    deadline_is_hard: Mapped[bool | None]
    earliest_period: Mapped[str | None]
    latest_period: Mapped[str | None]
    started_period: Mapped[str | None]
    duration_periods: Mapped[int | None]
    is_candidate: Mapped[bool | None]
    candidate_period: Mapped[str | None]
    active_scoring_framework: Mapped[str | None]
    strategic_coefficient: Mapped[Decimal | None]
    notes: Mapped[str | None]
    is_in_sheet: Mapped[bool] = mapped_column(server_default="true")
    math_model_id: Mapped[int | None] = reference("initiative_math_models.id", indexed=False, unique=True)


class IntakeRequestRow(Dated, Base):
    """A request of an Intake tab, and the initiative whose key was reserved for it. ``fields`` is what it said when it
    was copied; ``tab``, ``sheet_row`` and ``digest`` where it stood and how it read last."""

    __tablename__ = "intake_requests"
    __table_args__ = (UniqueConstraint("workspace_id", "initiative_key"),)
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", indexed=False)
    initiative_key: Mapped[str]
    spreadsheet_id: Mapped[str]
    tab: Mapped[str]
    sheet_row: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    is_copied: Mapped[bool] = mapped_column(server_default="false")
    is_confirmed: Mapped[bool] = mapped_column(server_default="false")


class IntakeSheetRow(Dated, Base):
    """The sheet that a bound tab was when it was read last. ``tab`` is its title as Setup has it, folded."""

    __tablename__ = "intake_sheets"
    __table_args__ = (UniqueConstraint("workspace_id", "spreadsheet_id", "tab"),)
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", indexed=False)
    spreadsheet_id: Mapped[str]
    tab: Mapped[str]
    sheet_id: Mapped[int] = mapped_column(Integer)


class InitiativeParamRow(Dated, Base):
    """A named number of an initiative, an input of its score or formula."""

    __tablename__ = "initiative_params"
    __table_args__ = (
        UniqueConstraint("initiative_id", "framework", "param_name", postgresql_nulls_not_distinct=True),
        one_of("framework", FRAMEWORKS),
    )
    id: Mapped[Id]
    initiative_id: Mapped[int] = reference("initiatives.id", on_delete="CASCADE", indexed=False)
    framework: Mapped[str | None]
    param_name: Mapped[str]
    value: Mapped[Decimal | None]
    unit: Mapped[str | None]
    min: Mapped[Decimal | None]
    max: Mapped[Decimal | None]
    source: Mapped[str | None]
    notes: Mapped[str | None]
    is_approved: Mapped[bool] = mapped_column(server_default="false")
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    is_auto_seeded: Mapped[bool] = mapped_column(server_default="false")


class InitiativeScoreRow(Dated, Base):
    """A score as it was computed, with its inputs; rows are added, never changed."""

    __tablename__ = "initiative_scores"
    __table_args__ = (
        one_of("framework", FRAMEWORKS),
        Index(None, "initiative_id", "framework", "scored_at"),
    )
    id: Mapped[Id]
    initiative_id: Mapped[int] = reference("initiatives.id", indexed=False)
    framework: Mapped[str]
    value_score: Mapped[Decimal | None]
    effort_score: Mapped[Decimal | None]
    overall_score: Mapped[Decimal | None]
    inputs: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    scored_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class MetricRow(Dated, Base):
    """A KPI of the workspace's Metrics tab."""

    __tablename__ = "organization_metric_configs"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name_key"),
        one_of("kpi_level", KPI_LEVELS),
        one_of("direction", DIRECTIONS),
    )
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", indexed=False)
    name_key: Mapped[str]
    kpi_key: Mapped[str]
    kpi_name: Mapped[str | None]
    kpi_level: Mapped[str | None]
    unit: Mapped[str | None]
    direction: Mapped[str | None]
    description: Mapped[str | None]
    is_active: Mapped[bool | None]
    is_in_sheet: Mapped[bool] = mapped_column(server_default="true")


class ScenarioRow(Dated, Base):
    """A scenario of the workspace's Scenarios tab."""

    __tablename__ = "optimization_scenarios"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name_key"),
        one_of("objective_mode", MODES),
    )
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", indexed=False)
    name_key: Mapped[str]
    scenario_name: Mapped[str]
    period_key: Mapped[str | None]
    periods: Mapped[int | None]
    capacity_total_tokens: Mapped[Decimal | None]
    capacity_per_period: Mapped[Decimal | None]
    objective_mode: Mapped[str | None]
    objective_weights: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    objective_order: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    may_give_up: Mapped[Decimal | None]
    good_enough_within: Mapped[Decimal | None]
    time_limit_s: Mapped[Decimal | None]
    keep_in_progress: Mapped[bool | None]
    max_changes: Mapped[int | None]
    is_active: Mapped[bool | None]
    notes: Mapped[str | None]
    is_in_sheet: Mapped[bool] = mapped_column(server_default="true")
