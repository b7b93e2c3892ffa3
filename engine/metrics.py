"""Metrics rows -> the KPIs of a problem, and what a KPI's name in another tab means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from engine.findings import Finding
from engine.inputs import MetricRow
from engine.keys import normalised
from engine.problem import Kpi
from engine.sentences import listed, place, proposal, quoted, told

NEEDED = ("kpi_key", "kpi_level", "direction", "is_active")


@dataclass(frozen=True, slots=True)
class KpiBook:
    """The KPIs by normalised key. ``off`` are switched off, ``broken`` have a row that has to be mended first."""

    known: Mapping[str, Kpi]
    off: frozenset[str]
    broken: Mapping[str, MetricRow]
    findings: tuple[Finding, ...] = ()

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        return tuple(self.known.values())

    @property
    def north_stars(self) -> tuple[Kpi, ...]:
        return tuple(kpi for kpi in self.known.values() if kpi.kpi_level == "north_star")

    def kpi(self, name: str) -> Kpi | None:
        """The active KPI of that name, in any spelling."""
        return self.known.get(normalised(name))

    def why_unknown(self, name: str) -> str:
        """Why there is no such KPI, and how to mend it."""
        folded = normalised(name)
        if folded in self.broken:
            return (
                f"{quoted(name)} cannot be used, since {place(self.broken[folded])} has a problem; mend that row first"
            )
        if folded in self.off:
            return f"{quoted(name)} is switched off in Metrics; switch it on there or take it out here"
        names = [kpi.kpi_key for kpi in self.known.values()]
        return f"{quoted(name)} is no KPI in Metrics; {proposal(name, names) or 'add it there first'}"


def kpi_book(rows: Iterable[MetricRow]) -> KpiBook:
    """The KPIs that the Metrics rows declare; a KPI that cannot be understood stops only what uses it."""
    by_key: dict[str, list[MetricRow]] = defaultdict(list)
    findings: list[Finding] = []
    for row in rows:
        if row.kpi_key and normalised(row.kpi_key):
            by_key[normalised(row.kpi_key)].append(row)
        elif row.is_active is not False and "kpi_key" not in row.bad and row.kpi_name:
            findings.append(told(row, "kpi_key", "This KPI has no kpi_key; write a short name such as revenue"))
    known: dict[str, Kpi] = {}
    off: set[str] = set()
    broken: dict[str, MetricRow] = {}
    for key, rivals in by_key.items():
        active = [row for row in rivals if row.is_active is not False or "is_active" in row.bad]
        if not active:
            off.add(key)
        elif len(active) > 1:
            findings += _twice(active)
            broken[key] = active[0]
        else:
            wrong = _wrong(active[0])
            findings += wrong
            if wrong or active[0].bad.intersection(NEEDED):
                broken[key] = active[0]
            else:
                known[key] = _kpi(active[0])
    return KpiBook(known, frozenset(off), broken, tuple(findings))


def _twice(rows: list[MetricRow]) -> list[Finding]:
    found: list[Finding] = []
    for row in rows:
        others = listed(place(other) for other in rows if other is not row)
        message = f"{quoted(row.kpi_key or '')} stands in {others} too; keep one row and switch the other off"
        found.append(told(row, "kpi_key", message))
    return found


def _wrong(row: MetricRow) -> list[Finding]:
    found: list[Finding] = []
    for column, allowed in (("kpi_level", ("north_star", "strategic")), ("direction", ("increase", "decrease"))):
        value = cast("str | None", getattr(row, column))
        if value and normalised(value) not in allowed:
            found.append(told(row, column, f"{quoted(value)} is not understood; write {allowed[0]} or {allowed[1]}"))
    return found


def _kpi(row: MetricRow) -> Kpi:
    fields: dict[str, Any] = {"kpi_key": (row.kpi_key or "").strip(), "unit": (row.unit or "").strip()}
    level = normalised(row.kpi_level or "") or "strategic"
    direction = normalised(row.direction or "") or "increase"
    return Kpi(
        **fields,
        kpi_level=cast("Literal['north_star', 'strategic']", level),
        direction=cast("Literal['increase', 'decrease']", direction),
    )
