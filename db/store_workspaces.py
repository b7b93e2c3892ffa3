"""Workspaces, initiative keys, and the rows that people typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import models
from db.base import INITIATIVE_KEY_SEQUENCE
from db.models import InitiativeParamRow, InitiativeRow, MetricRow, ScenarioRow, WorkspaceRow, WorkspaceWatchRow, table
from db.records import WorkspaceRecord
from db.upsert import rows_changed, unnested, upsert
from engine.canonical import json_text
from engine.inputs import WorkbookInputs
from engine.keys import canonical_initiative_key, initiative_key, normalised
from engine.lost_keys import KnownInitiative

KEY_LEAP = 100_000
"""How far one pasted key may carry the sequence: INIT-999999999999 must not use up all numbers."""
_LARGEST = 2**63
"""Of a BIGINT."""


def register_workspace(session: Session, spreadsheet_id: str, title: str, url: str) -> WorkspaceRecord:
    """The workspace of the spreadsheet, registered now or earlier; title and address as they are now."""
    statement = insert(WorkspaceRow).values(spreadsheet_id=spreadsheet_id, title=title, url=url)
    statement = statement.on_conflict_do_update(index_elements=["spreadsheet_id"], set_={"title": title, "url": url})
    row = session.execute(statement.returning(*_WORKSPACE)).one()
    watched = insert(WorkspaceWatchRow).values(workspace_id=row.id)
    session.execute(watched.on_conflict_do_nothing(index_elements=["workspace_id"]))
    return WorkspaceRecord(**row._mapping)


def find_workspace(session: Session, spreadsheet_id: str) -> WorkspaceRecord | None:
    """The workspace of the spreadsheet, or None where it is not registered."""
    row = session.execute(select(*_WORKSPACE).where(WorkspaceRow.spreadsheet_id == spreadsheet_id)).one_or_none()
    return WorkspaceRecord(**row._mapping) if row else None


def list_workspaces(session: Session) -> tuple[WorkspaceRecord, ...]:
    """All registered workspaces, the oldest first."""
    rows = session.execute(select(*_WORKSPACE).order_by(WorkspaceRow.id))
    return tuple(WorkspaceRecord(**row._mapping) for row in rows)


_WORKSPACE = (WorkspaceRow.id, WorkspaceRow.spreadsheet_id, WorkspaceRow.title, WorkspaceRow.url)


def reserve_initiative_keys(session: Session, count: int) -> list[str]:
    """``count`` new keys, ascending; no two calls ever get the same one, committed or not, and none that is in use."""
    keys: list[str] = []
    while len(keys) < count:
        fresh = [initiative_key(number) for number in _draw_numbers(session, count - len(keys))]
        given = unnested(table(InitiativeRow), [{"initiative_key": key} for key in fresh])
        taken = session.scalars(
            select(InitiativeRow.initiative_key).join(given, given.c.initiative_key == InitiativeRow.initiative_key)
        )
        keys += sorted(set(fresh) - set(taken), key=_number)
    return keys


def note_initiative_keys(session: Session, keys: Iterable[str]) -> tuple[str, ...]:
    """Raises the sequence to the largest of ``keys``, which people pasted in, so that no new key repeats it.

    Returns the keys that lie more than ``KEY_LEAP`` beyond it: those are not obeyed. (They stay usable, and
    ``reserve_initiative_keys`` passes over them.) The sequence is moved by drawing numbers, so that it only ever grows.
    """
    state = session.execute(
        select(text("last_value"), text("is_called")).select_from(text(INITIATIVE_KEY_SEQUENCE))
    ).one()
    last: int = state.last_value if state.is_called else state.last_value - 1
    noted = sorted({canonical_initiative_key(key) or "" for key in keys} - {""}, key=_number)
    obeyed = [key for key in noted if _number(key) <= last + KEY_LEAP]
    if obeyed and _number(obeyed[-1]) > last:
        _draw_numbers(session, _number(obeyed[-1]) - last)
    return tuple(noted[len(obeyed) :])


def _draw_numbers(session: Session, count: int) -> list[int]:
    drawn = select(models.INITIATIVE_KEYS.next_value()).select_from(func.generate_series(1, count))
    return list(session.scalars(drawn))


def _number(key: str) -> int:
    return int(key.removeprefix("INIT-"))


def known_initiatives(session: Session, workspace_id: int) -> tuple[KnownInitiative, ...]:
    """All initiatives that the workbook ever had, as they were read last."""
    columns = (InitiativeRow.initiative_key, InitiativeRow.title, InitiativeRow.is_in_sheet)
    rows = session.execute(
        select(*columns).where(InitiativeRow.workspace_id == workspace_id).order_by(InitiativeRow.id)
    )
    return tuple(KnownInitiative(**row._mapping) for row in rows)


def has_lost_initiatives(session: Session, workspace_id: int, keys: Iterable[str]) -> bool:
    """True where an initiative that the last reading found is not among ``keys``."""
    target = table(InitiativeRow)
    lost = select(target.c.id).where(target.c.workspace_id == workspace_id, target.c.is_in_sheet)
    if given := [{"initiative_key": key} for key in keys]:
        there = unnested(target, given)
        lost = lost.where(~select(1).where(there.c.initiative_key == target.c.initiative_key).exists())
    return bool(session.scalar(select(lost.exists())))


def save_inputs(
    session: Session, workspace_id: int, inputs: WorkbookInputs, in_doubt: frozenset[str] = frozenset()
) -> int:
    """Stores the typed rows of a workbook, and notes which are gone from it; how many rows changed. Of initiatives
    ``in_doubt`` (keys) nobody knows whether they are gone: nothing is noted of them.

    Rows without a key or name are left out, as is all but the first of those that share one, and a word that is not of
    a column's vocabulary is stored as not set: the reader has told of each. Nothing is deleted.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :id)"), {"space": _INPUTS_LOCK, "id": workspace_id})
    initiatives = _initiative_rows(workspace_id, inputs)
    changed = upsert(session, table(InitiativeRow), ("workspace_id", "initiative_key"), initiatives)
    present = [*initiatives, *({"initiative_key": key} for key in in_doubt)]
    changed += _note_absent(session, InitiativeRow, workspace_id, "initiative_key", present)
    changed += _save_params(session, workspace_id, inputs)
    for row_class, rows in (
        (MetricRow, _metric_rows(workspace_id, inputs)),
        (ScenarioRow, _scenario_rows(workspace_id, inputs)),
    ):
        changed += upsert(session, table(row_class), ("workspace_id", "name_key"), rows)
        changed += _note_absent(session, row_class, workspace_id, "name_key", rows)
    return changed


_INPUTS_LOCK = 7241


def _note_absent(session: Session, row_class: Any, workspace_id: int, key: str, rows: list[dict[str, Any]]) -> int:
    """Turns ``is_in_sheet`` off for the rows of the workspace that are not among ``rows``."""
    target = table(row_class)
    statement = update(target).where(target.c.workspace_id == workspace_id, target.c.is_in_sheet)
    if rows:
        given = unnested(target, [{key: row[key]} for row in rows])
        statement = statement.where(~select(1).where(given.c[key] == target.c[key]).exists())
    return rows_changed(session, statement.values(is_in_sheet=False))


def _save_params(session: Session, workspace_id: int, inputs: WorkbookInputs) -> int:
    """The ``param: NAME`` columns of Initiatives, as params of no framework."""
    typed = {
        (row.initiative_key, normalised(name)): (name.strip(), value)
        for row in reversed(inputs.initiatives)
        if row.initiative_key
        for name, value in row.params.items()
    }
    if not typed:
        return 0
    ids = dict(
        session.execute(
            select(InitiativeRow.initiative_key, InitiativeRow.id).where(InitiativeRow.workspace_id == workspace_id)
        ).all()
    )
    rows = [
        {
            "initiative_id": ids[key],
            "framework": None,
            "param_name": name,
            "value": _finite(value),
            "source": "Initiatives",
        }
        for (key, _), (name, value) in typed.items()
    ]
    return upsert(session, table(InitiativeParamRow), ("initiative_id", "framework", "param_name"), rows)


def _initiative_rows(workspace_id: int, inputs: WorkbookInputs) -> list[dict[str, Any]]:
    contributions: dict[str, Mapping[str, Decimal]] = {}
    for typed in inputs.contributions:
        if typed.initiative_key:
            contributions.setdefault(typed.initiative_key, typed.contributions)
    rows: dict[str, dict[str, Any]] = {}
    for row in inputs.initiatives:
        if row.initiative_key is None or row.initiative_key in rows:
            continue
        rows[row.initiative_key] = {
            "workspace_id": workspace_id,
            "initiative_key": row.initiative_key,
            **{name: getattr(row, name) for name in _INITIATIVE_TEXTS},
            "lifecycle_status": _of(models.LIFECYCLE, row.lifecycle_status),
            "engineering_tokens": _finite(row.engineering_tokens),
            "remaining_tokens": _finite(row.remaining_tokens),
            "resources": _amounts(row.resources),
            "kpi_contributions": _amounts(contributions.get(row.initiative_key, {})),
            "duration_periods": _whole(row.duration_periods),
            "active_scoring_framework": _of(models.FRAMEWORKS, row.active_scoring_framework),
            "strategic_coefficient": _finite(row.strategic_coefficient),
            "is_in_sheet": True,
        }
    return list(rows.values())


_INITIATIVE_TEXTS = (
    "title",
    "description",
    "department",
    "country",
    "product",
    "segment",
    "category",
    "program",
    "requesting_team",
    "duplicate_of",
    "deadline_date",
    "deadline_is_hard",
    "earliest_period",
    "latest_period",
    "started_period",
    "is_candidate",
    "candidate_period",
    "notes",
)


def _metric_rows(workspace_id: int, inputs: WorkbookInputs) -> list[dict[str, Any]]:
    return _first_of_each(
        (
            row.kpi_key,
            lambda row=row: {
                "workspace_id": workspace_id,
                "kpi_key": row.kpi_key,
                "kpi_name": row.kpi_name,
                "kpi_level": _of(models.KPI_LEVELS, row.kpi_level),
                "unit": row.unit,
                "direction": _of(models.DIRECTIONS, row.direction),
                "description": row.description,
                "is_active": row.is_active,
                "is_in_sheet": True,
            },
        )
        for row in inputs.metrics
    )


def _scenario_rows(workspace_id: int, inputs: WorkbookInputs) -> list[dict[str, Any]]:
    return _first_of_each(
        (
            row.scenario_name,
            lambda row=row: {
                "workspace_id": workspace_id,
                "scenario_name": row.scenario_name,
                "period_key": row.period_key,
                "periods": _whole(row.periods),
                "capacity_total_tokens": _finite(row.capacity_total_tokens),
                "capacity_per_period": _finite(row.capacity_per_period),
                "objective_mode": _of(models.MODES, row.objective_mode),
                "objective_weights": _amounts(row.objective_weights),
                "objective_order": json_text(row.objective_order),
                "may_give_up": _finite(row.may_give_up),
                "good_enough_within": _finite(row.good_enough_within),
                "time_limit_s": _finite(row.time_limit_s),
                "keep_in_progress": row.keep_in_progress,
                "max_changes": _whole(row.max_changes),
                "is_active": row.is_active,
                "notes": row.notes,
                "is_in_sheet": True,
            },
        )
        for row in inputs.scenarios
    )


def _first_of_each(named: Iterable[tuple[str | None, Callable[[], dict[str, Any]]]]) -> list[dict[str, Any]]:
    """The rows under their ``name_key``: those with a name, and of those that share one the first."""
    rows: dict[str, dict[str, Any]] = {}
    for name, made in named:
        if name and normalised(name) not in rows:
            rows[normalised(name)] = {"name_key": normalised(name), **made()}
    return list(rows.values())


def _of(vocabulary: tuple[str, ...], word: str | None) -> str | None:
    return word if word in vocabulary else None


def _finite(number: Decimal | None) -> Decimal | None:
    return number if number is not None and number.is_finite() else None


def _whole(number: int | None) -> int | None:
    return number if number is not None and -_LARGEST <= number < _LARGEST else None


def _amounts(amounts: Mapping[str, Decimal]) -> str:
    return json_text({name: amount for name, amount in amounts.items() if amount.is_finite()})
