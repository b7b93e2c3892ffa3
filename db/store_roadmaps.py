"""Roadmap versions: stored once, never changed, numbered without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from db.errors import VersionConflict
from db.models import (
    InitiativeRow,
    PortfolioItemRow,
    PortfolioRow,
    RoadmapEntryRow,
    RoadmapRow,
    ScenarioRow,
    table,
)
from db.store_portfolios import initiative_ids
from db.upsert import upsert
from engine.errors import InputError
from engine.keys import normalised
from engine.periods import canonical_period, planned_quarter, planned_year
from engine.roadmap import RoadmapEntry, RoadmapVersion

_PUBLISH_LOCK = 7242
_SAME_NAMES = (
    "title",
    "decision",
    "planned_period",
    "priority_rank",
    "is_locked_in",
    "owner",
    "status",
    "confidence",
    "public_note",
    "notes",
    "is_decision_overridden",
    "is_period_overridden",
    "is_rank_overridden",
    "override_reason",
    "plan_wants",
    "conflict",
)
"""What an entry and its row call alike."""


def newest_version(
    session: Session, workspace_id: int, roadmap_name: str | None = None, scenario: str | None = None
) -> RoadmapVersion | None:
    """The version published last: of all, of the roadmap of that name, or of that scenario; None before the first."""
    wanted = (
        select(RoadmapRow, ScenarioRow.scenario_name)
        .join(PortfolioRow, PortfolioRow.id == RoadmapRow.portfolio_id)
        .join(ScenarioRow, ScenarioRow.id == PortfolioRow.scenario_id)
        .where(RoadmapRow.workspace_id == workspace_id)
        .order_by(RoadmapRow.id.desc())
        .limit(1)
    )
    if roadmap_name is not None:
        wanted = wanted.where(RoadmapRow.name_key == normalised(roadmap_name))
    if scenario is not None:
        wanted = wanted.where(ScenarioRow.name_key == normalised(scenario))
    found = session.execute(wanted).one_or_none()
    if found is None:
        return None
    row, scenario_name = found
    return RoadmapVersion(
        roadmap_name=row.roadmap_name,
        version=row.version,
        scenario=scenario_name,
        portfolio_id=row.portfolio_id,
        published_by=row.published_by,
        published_at=row.published_at,
        version_note=row.version_note,
        entries=_entries(session, row.id),
    )


def save_version(
    session: Session,
    workspace_id: int,
    version: RoadmapVersion,
    *,
    trigger: str = "command line",
    fiscal_year_starts: int = 1,
) -> RoadmapVersion:
    """Stores ``version`` and returns it; ``fiscal_year_starts`` (Setup's month) decides what year and quarter it is.

    Raises ``VersionConflict`` where its number is not the one after the last published under its name (someone
    published since the merge began), and ``InputError`` where an entry's initiative is not in the workbook.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :id)"), {"space": _PUBLISH_LOCK, "id": workspace_id})
    last = session.scalars(
        select(func.max(RoadmapRow.version)).where(
            RoadmapRow.workspace_id == workspace_id, RoadmapRow.name_key == normalised(version.roadmap_name)
        )
    ).one()
    if version.version != (last or 0) + 1:
        raise VersionConflict(
            f"Version {last or 0} of “{version.roadmap_name}” was published meanwhile: nothing was published now. "
            "Look at it, then publish again."
        )
    roadmap_id = session.scalars(
        insert(RoadmapRow)
        .values(
            workspace_id=workspace_id,
            portfolio_id=version.portfolio_id,
            name_key=normalised(version.roadmap_name),
            roadmap_name=version.roadmap_name,
            version=version.version,
            version_note=version.version_note,
            published_by=version.published_by,
            published_at=version.published_at,
            trigger=trigger,
        )
        .returning(RoadmapRow.id)
    ).one()
    rows = _rows(session, workspace_id, roadmap_id, version, fiscal_year_starts)
    upsert(session, table(RoadmapEntryRow), ("roadmap_id", "initiative_id"), rows)
    return version


def _rows(
    session: Session, workspace_id: int, roadmap_id: int, version: RoadmapVersion, fiscal_year_starts: int
) -> list[dict[str, Any]]:
    ids = initiative_ids(session, workspace_id, (entry.initiative_key for entry in version.entries))
    items = dict(
        session.execute(
            select(PortfolioItemRow.initiative_id, PortfolioItemRow.id).where(
                PortfolioItemRow.portfolio_id == version.portfolio_id
            )
        ).all()
    )
    rows: list[dict[str, Any]] = []
    for position, entry in enumerate(version.entries):
        if entry.initiative_key not in ids:
            raise InputError(
                f"{entry.initiative_key} stands in the plan but not in Initiatives: correct or clear its row, "
                "then publish."
            )
        initiative_id = ids[entry.initiative_key]
        rows.append(
            {
                "roadmap_id": roadmap_id,
                "initiative_id": initiative_id,
                "portfolio_item_id": items.get(initiative_id),
                "position": position,
                **{name: getattr(entry, name) for name in _SAME_NAMES},
                **_year_and_quarter(entry, fiscal_year_starts),
            }
        )
    return rows


def _year_and_quarter(entry: RoadmapEntry, fiscal_year_starts: int) -> dict[str, int | None]:
    """Derived from the planned period; the quarter is None for a half-year."""
    if entry.planned_period is None:
        return {"planned_year": None, "planned_quarter": None}
    period = canonical_period(entry.planned_period)
    if period is None:
        raise InputError(
            f"“{entry.planned_period}”, the planned_period of {entry.title}, is no period: "
            "write 2026-Q1, 2026-H1 or 2026-03."
        )
    year, quarter = planned_year(period, fiscal_year_starts), planned_quarter(period, fiscal_year_starts)
    return {"planned_year": year, "planned_quarter": quarter}


def _entries(session: Session, roadmap_id: int) -> tuple[RoadmapEntry, ...]:
    rows: Sequence[Any] = session.execute(
        select(InitiativeRow.initiative_key, *(table(RoadmapEntryRow).c[name] for name in _SAME_NAMES))
        .join(InitiativeRow, InitiativeRow.id == RoadmapEntryRow.initiative_id)
        .where(RoadmapEntryRow.roadmap_id == roadmap_id)
        .order_by(RoadmapEntryRow.position)
    ).all()
    return tuple(RoadmapEntry(**row._mapping) for row in rows)
