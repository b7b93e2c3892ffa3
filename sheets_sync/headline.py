"""What a published roadmap comes to: totals, targets and the sentence that says it, for people who do not know the
model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.keys import normalised
from engine.problem import Candidate, Kpi, Problem, Target
from engine.provenance import RunFacts
from engine.roadmap import RoadmapVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiLine:
    """One KPI of the published roadmap. ``added`` is what it adds, raw; ``kind`` floor, goal, cap or "" without a
    target; ``target`` the value to reach and ``baseline`` where it stands today, where the rules say so for the whole
    plan. ``short_by`` is what is missing, 0 where it is met."""

    name: str
    unit: str
    added: Decimal
    baseline: Decimal | None = None
    target: Decimal | None = None
    short_by: Decimal | None = None
    kind: str = ""

    @property
    def is_met(self) -> bool:
        return self.short_by is not None and self.short_by <= 0


def number(value: Decimal, *, signed: bool = False) -> str:
    """A number as a leader reads it: three or four digits that matter, commas between thousands, a true minus sign."""
    size = abs(value)
    places = 0 if size >= 100 or value == value.to_integral_value() else 1 if size >= 10 else 2 if size >= 1 else 3
    while places < 9 and value and not round(size, places):
        places += 1
    rounded = round(size, places)
    text = f"{rounded:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("−" if value < 0 else "+" if signed else "") + text


def with_unit(value: Decimal, unit: str, *, signed: bool = False) -> str:
    """ "+48,000 EUR"."""
    return f"{number(value, signed=signed)} {unit}".rstrip()


def chosen(version: RoadmapVersion, problem: Problem) -> list[Candidate]:
    """The candidates of the run that the published version has in."""
    keys = {normalised(entry.initiative_key) for entry in version.entries if entry.decision == "in"}
    return [candidate for candidate in problem.candidates if normalised(candidate.initiative_key) in keys]


def contribution(candidate: Candidate, kpi_key: str) -> Decimal:
    """What a candidate adds to a KPI."""
    wanted = normalised(kpi_key)
    return next((value for key, value in candidate.kpi_contributions.items() if normalised(key) == wanted), Decimal(0))


def kpi_lines(version: RoadmapVersion, run: RunFacts, names: Mapping[str, str]) -> list[KpiLine]:
    """The KPIs of the run, the north star first, then those with a target. ``names``: normalised kpi_key -> shown
    name."""
    problem = run.problem
    picked = chosen(version, problem)
    lines = [(kpi, _line(kpi, problem, picked, names)) for kpi in problem.kpis]
    lines.sort(key=lambda pair: (pair[0].kpi_level != "north_star", pair[1].target is None))
    return [line for _, line in lines]


def _line(kpi: Kpi, problem: Problem, picked: Iterable[Candidate], names: Mapping[str, str]) -> KpiLine:
    picked = list(picked)
    added = sum((contribution(each, kpi.kpi_key) for each in picked), _synergies(kpi, problem, picked))
    line = KpiLine(name=names.get(normalised(kpi.kpi_key), kpi.kpi_key), unit=kpi.unit, added=added)
    lines = [_against(line, kpi, kind, target) for kind, target in _targets(problem, kpi)]
    # What is missed is what a leader has to know; else the goal says more than the floor below it.
    lines.sort(key=lambda each: (each.is_met, {"goal": 0, "floor": 1, "cap": 2}[each.kind]))
    return lines[0] if lines else line


def _against(line: KpiLine, kpi: Kpi, kind: str, target: Target) -> KpiLine:
    required = target.value - (target.baseline or Decimal(0))
    missing = line.added - required if (kind == "cap") != (kpi.direction == "decrease") else required - line.added
    return replace(line, kind=kind, baseline=target.baseline, target=target.value, short_by=max(Decimal(0), missing))


def _synergies(kpi: Kpi, problem: Problem, picked: Iterable[Candidate]) -> Decimal:
    """Bonuses of which all members are in, one of them at least by this plan."""
    now = {normalised(each.initiative_key) for each in picked}
    there = now | {normalised(key) for key in problem.constraint_set.satisfied}
    total = Decimal(0)
    for synergy in problem.constraint_set.synergy_bonuses:
        members = {normalised(member) for member in synergy.members}
        if normalised(synergy.kpi_key) == normalised(kpi.kpi_key) and members <= there and members & now:
            total += synergy.bonus
    return total


def _targets(problem: Problem, kpi: Kpi) -> list[tuple[str, Target]]:
    """The whole plan's targets of a KPI, each with its kind: floor, goal or cap."""
    found: list[tuple[str, Target]] = []
    for dimension, slices in problem.constraint_set.targets.items():
        for key, kpis in slices.items():
            if normalised(dimension) != "all" or normalised(key) != "all":
                continue
            for name, targets in kpis.items():
                if normalised(name) == normalised(kpi.kpi_key):
                    held = (("floor", targets.floor), ("goal", targets.goal), ("cap", targets.cap))
                    found += [(kind, target) for kind, target in held if target is not None]
    return found


def sentence(version: RoadmapVersion, run: RunFacts, lines: Iterable[KpiLine]) -> str:
    """ "2026-Q1 plan v4: 23 of 58 initiatives, Net revenue +165,000 EUR (target met), Delivery time 0.2 min short"."""
    lines = list(lines)
    period = period_name(run.problem.period_key) or version.roadmap_name
    count = sum(entry.decision == "in" for entry in version.entries)
    parts = [f"{period} plan v{version.version}: {count} of {len(run.problem.candidates)} initiatives"]
    if lines:
        parts.append(f"{lines[0].name} {with_unit(lines[0].added, lines[0].unit, signed=True)}{_verdict(lines[0])}")
    missed = [line for line in lines[1:] if line.short_by]
    parts += [f"{line.name} {_missing(line)}" for line in missed[:2]]
    return ", ".join(parts)


def _missing(line: KpiLine) -> str:
    return f"{with_unit(line.short_by or Decimal(0), line.unit)} {'over' if line.kind == 'cap' else 'short'}"


def _verdict(line: KpiLine) -> str:
    if line.short_by is None:
        return ""
    return " (target met)" if line.is_met else f" ({_missing(line)})"


def period_name(key: str) -> str:
    """ "2026-Q1" as people say it: "Q1 2026"; a month stays as it is."""
    year, _, part = key.partition("-")
    return f"{part} {year}" if part[:1] in ("Q", "H") else key
