"""Roadmap versions and the merge that makes the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.findings import Finding, Severity
from engine.inputs import PlanRow
from engine.problem import Problem, Solution
from engine.sentences import listed, told


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadmapEntry:
    """One initiative in one version. ``decision`` is "in" or "out". The ``is_…_overridden`` flags say which facts a
    human typed (they win over the plan); ``plan_wants`` tells what the portfolio says where it differs."""

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
    """The next version of a roadmap, and what the PM must be told of it.

    A three-way merge of the last version (None: this is the first), Roadmap Plan as it stands now, and the portfolio's
    ``items`` (workbook.md, "Plan and publishing"):

    - what a human typed stays, what nobody typed follows the portfolio, what was cleared is handed back to it;
    - a locked entry stays as it is in the last version, whatever the portfolio says;
    - where typed or locked differs from the portfolio, ``plan_wants`` and ``conflict`` say so;
    - an entry that drops out stays as "out", with the reason, if it carries anything human; else it goes;
    - a row of Roadmap Plan that is older than the last version, or missing, or unreadable in a cell, edits nothing:
      what was typed before stays.

    Entries are those in, by rank, then those out, by key. The result depends on the order of neither edits nor items.
    """
    plan = {item.initiative_key: item for item in items}
    held = {entry.initiative_key: entry for entry in last.entries} if last else {}
    rows, findings = _current_rows(edits, last.version if last else None, held, plan)
    merged: list[RoadmapEntry] = []
    for key in sorted(plan.keys() | held.keys() | rows.keys()):
        entry = _merged(key, held.get(key), _typed(rows.get(key), held.get(key)), plan.get(key))
        if entry.decision == "in" or _is_human(entry):
            merged.append(entry)
    merged.sort(key=_order)
    version = RoadmapVersion(
        roadmap_name=roadmap_name,
        version=last.version + 1 if last else 1,
        scenario=scenario,
        portfolio_id=portfolio_id,
        published_by=published_by,
        published_at=published_at,
        version_note=version_note,
        entries=tuple(merged),
    )
    return version, tuple(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """What a human says of one initiative now; None where nobody typed."""

    decision: str | None = None
    planned_period: str | None = None
    priority_rank: int | None = None
    is_locked_in: bool = False
    owner: str | None = None
    status: str | None = None
    confidence: str | None = None
    public_note: str | None = None
    notes: str | None = None
    override_reason: str | None = None


def _current_rows(
    edits: Sequence[PlanRow],
    version: int | None,
    held: Mapping[str, RoadmapEntry],
    plan: Mapping[str, PlannedItem],
) -> tuple[dict[str, PlanRow], list[Finding]]:
    """The rows that are edits to the last version, by key, and what is to be told of the others."""
    rows: dict[str, PlanRow] = {}
    findings: list[Finding] = []
    shown: set[str] = set()
    for row in sorted(edits, key=lambda row: row.row):
        key = row.initiative_key
        if key is None:
            if _typed(row, None) != _Typed():
                findings.append(
                    told(
                        row,
                        "initiative_key",
                        "This row has no initiative, so what it says is not used; write its key, like INIT-000123, or "
                        "clear the row",
                    )
                )
            continue
        shown.add(key)
        if version is not None and row.roadmap_version is not None and row.roadmap_version < version:
            message = (
                f"This row shows v{row.roadmap_version}; v{version} is published, so its cells are not taken as edits; "
                "type your changes again on top of the published plan"
            )
            findings.append(told(row, "roadmap_version", message, severity=Severity.WARN))
        elif key in rows:
            message = (
                f"{_title(key, held, plan)} stands in row {rows[key].row} too, and that row is used; delete this one"
            )
            findings.append(told(row, "initiative_key", message, severity=Severity.WARN))
        else:
            rows[key] = row
    gone = sorted(key for key in held if key not in shown)
    if gone and edits:
        names = listed(_title(key, held, plan) for key in gone)
        message = f"{names} had no row any more; the plan still holds what was typed there, and the rows come back"
        findings.append(Finding(severity=Severity.WARN, tab="Roadmap Plan", message=message))
    return rows, findings


def _typed(row: PlanRow | None, held: RoadmapEntry | None) -> _Typed:
    """What a human says now; without a row, or where a cell is unreadable, what was typed before."""
    before = _Typed()
    if held is not None:
        before = _Typed(
            decision=held.decision if held.is_decision_overridden else None,
            planned_period=held.planned_period if held.is_period_overridden else None,
            priority_rank=held.priority_rank if held.is_rank_overridden else None,
            is_locked_in=held.is_locked_in,
            owner=held.owner,
            status=held.status,
            confidence=held.confidence,
            public_note=held.public_note,
            notes=held.notes,
            override_reason=held.override_reason,
        )
    if row is None:
        return before
    now: dict[str, Any] = {
        field.name: getattr(before if field.name in row.bad else row, field.name) for field in fields(_Typed)
    }
    now["is_locked_in"] = bool(now["is_locked_in"])
    return _Typed(**now)


def _merged(key: str, held: RoadmapEntry | None, typed: _Typed, item: PlannedItem | None) -> RoadmapEntry:
    selected = item is not None and item.selected
    decision, period, rank = "in" if selected else "out", None, None
    if item is not None and selected:
        period, rank = item.start_period, item.rank
    if typed.is_locked_in and held is not None:
        decision, period, rank = held.decision, held.planned_period, held.priority_rank
    decision = typed.decision or decision
    if decision == "out":
        # Only what a human typed stands beside an entry that is out, so that nothing looks planned.
        period, rank = None, None
    entry = RoadmapEntry(
        initiative_key=key,
        title=item.title if item is not None else held.title if held is not None else key,
        decision=decision,
        planned_period=typed.planned_period or period,
        priority_rank=rank if typed.priority_rank is None else typed.priority_rank,
        is_locked_in=typed.is_locked_in,
        owner=typed.owner,
        status=typed.status,
        confidence=typed.confidence,
        public_note=typed.public_note,
        notes=typed.notes,
        is_decision_overridden=typed.decision is not None,
        is_period_overridden=typed.planned_period is not None,
        is_rank_overridden=typed.priority_rank is not None,
        override_reason=typed.override_reason,
    )
    return _compared(entry, item)


def _compared(entry: RoadmapEntry, item: PlannedItem | None) -> RoadmapEntry:
    """The entry with what the portfolio wants instead, and, of an entry that is out by the plan, the plan's reason."""
    reason = item.reason if item is not None else "it is not a candidate of this run"
    who = "You locked it" if entry.is_locked_in and not entry.is_decision_overridden else "You put it"
    if entry.decision == "in" and (item is None or not item.selected):
        return replace(entry, plan_wants=f"out: {reason}", conflict=f"{who} in, and the plan leaves it out: {reason}")
    if item is None or not item.selected:
        return replace(entry, plan_wants=f"out: {reason}")
    wants = f"in, {item.start_period}" if item.start_period else "in"
    if entry.decision == "out":
        return replace(entry, plan_wants=wants, conflict=f"{who} out, and the plan wants it {wants}: {reason}")
    differs: list[str] = []
    if entry.planned_period != item.start_period and item.start_period:
        differs.append(f"starts it in {item.start_period}, not {entry.planned_period or 'at an open time'}")
    if entry.is_rank_overridden and entry.priority_rank != item.rank and item.rank is not None:
        wants += f", rank {item.rank}"
        differs.append(f"ranks it {item.rank}, not {entry.priority_rank}")
    return replace(entry, plan_wants=wants, conflict=f"The plan {' and '.join(differs)}") if differs else entry


def _is_human(entry: RoadmapEntry) -> bool:
    """Whether anything in the entry was said by a person."""
    words = (entry.owner, entry.status, entry.confidence, entry.public_note, entry.notes, entry.override_reason)
    overrides = (entry.is_decision_overridden, entry.is_period_overridden, entry.is_rank_overridden)
    return entry.is_locked_in or any(words) or any(overrides)


def _order(entry: RoadmapEntry) -> tuple[bool, bool, int, str]:
    rank = entry.priority_rank
    is_out = entry.decision != "in"
    return is_out, rank is None or is_out, 0 if rank is None or is_out else rank, entry.initiative_key


def _title(key: str, held: Mapping[str, RoadmapEntry], plan: Mapping[str, PlannedItem]) -> str:
    return plan[key].title if key in plan else held[key].title if key in held else key
