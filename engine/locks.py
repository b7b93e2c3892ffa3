"""What a published roadmap asks of the next run: locks, and the selection that changes are counted against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.candidates import Register
from engine.elements import Element
from engine.findings import Finding, Severity
from engine.inputs import PlanRow, Row
from engine.keys import normalised
from engine.periods import canonical_period
from engine.roadmap import RoadmapEntry, RoadmapVersion
from engine.scenarios import Horizon
from engine.sentences import told


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """``previous_selection`` and ``previous_starts`` are None where no roadmap of the scenario was published."""

    previous_selection: tuple[str, ...] | None = None
    previous_starts: Mapping[str, str] | None = None
    elements: tuple[Element, ...] = ()
    findings: tuple[Finding, ...] = field(default_factory=tuple)


def carried_over(
    published: RoadmapVersion | None,
    plan_rows: Iterable[PlanRow],
    *,
    scenario: str,
    horizon: Horizon,
    register: Register,
    satisfied: frozenset[str],
) -> Carried:
    """What the latest version, if it is one of this scenario, brings into the next run."""
    if published is None or normalised(published.scenario) != normalised(scenario):
        return Carried()
    rows = {row.initiative_key: row for row in plan_rows if row.initiative_key}
    starts: dict[str, str] = {}
    elements: list[Element] = []
    findings: list[Finding] = []
    for entry in published.entries:
        row = rows.get(entry.initiative_key) or Row(tab="Roadmap Plan", row=1)
        start, is_past = _start(entry, horizon)
        if entry.decision == "in" and start is not None:
            starts[entry.initiative_key] = start
        if entry.is_locked_in:
            named = register.named(entry.initiative_key)
            element, finding = _lock(entry, row, named, start, is_past, entry.initiative_key in satisfied)
            elements += [element] if element else []
            findings += [finding] if finding else []
    return Carried(
        previous_selection=tuple(sorted(starts)),
        previous_starts={key: starts[key] for key in sorted(starts)},
        elements=tuple(elements),
        findings=tuple(findings),
    )


def _start(entry: RoadmapEntry, horizon: Horizon) -> tuple[str | None, bool]:
    """The planned period it starts in (None outside the horizon), and whether that lies before the horizon."""
    key = canonical_period(entry.planned_period) if entry.planned_period else None
    if key is None:
        return horizon.first, False
    if key in horizon.periods:
        return key, False
    begin = horizon.begin_of(key)
    if begin < horizon.begins <= horizon.end_of(key):
        return horizon.first, False
    return horizon.holding(begin), begin < horizon.begins


def _lock(
    entry: RoadmapEntry, row: Row, named: str, start: str | None, is_past: bool, is_delivered: bool
) -> tuple[Element | None, Finding | None]:
    if is_delivered:
        return None, _nothing(row, f"{named} is delivered, so its lock says nothing; untick is_locked_in")
    if entry.decision != "in":
        reason = entry.override_reason or "locked out in the roadmap"
        return _element(entry, row, "exclusions_initiatives", True, f"{named} is locked out", reason), None
    if start is not None:
        says = f"{named} is locked to {start}"
        return _element(entry, row, "locks", start, says, entry.override_reason), None
    if is_past:
        message = (
            f"{named} is locked to {entry.planned_period}, which is over, so its lock says nothing; move or untick it"
        )
        return None, _nothing(row, message)
    reason = f"locked to {entry.planned_period}"
    return _element(entry, row, "exclusions_initiatives", True, f"{named} is {reason}", reason), None


def _element(entry: RoadmapEntry, row: Row, kind: str, value: object, says: str, reason: str | None) -> Element:
    return Element(
        path=(kind, entry.initiative_key),
        value=value,
        row=row,
        column="is_locked_in",
        says=says,
        reason=reason,
        is_typed=False,
    )


def _nothing(row: Row, message: str) -> Finding:
    return told(row, "is_locked_in", message, severity=Severity.WARN)
