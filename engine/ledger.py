"""The exact side of the model: what each rule sums up, as integers over one denominator per line.

This is the second reading of ``model.md``, by code that shares nothing with ``formulate.py`` but the values of the
problem; ``exact.py`` judges plans by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any

from engine import problem
from engine.problem import Candidate, Kpi
from engine.scales import Scales
from engine.settling import Settled
from engine.timetable import Timetable
from engine.wanted import KPI, Measure

Slices = Mapping[str, Mapping[str, Any]]
"""dimension -> key -> bound"""
Whole = tuple[Mapping[int, int], int]
"""Amounts by candidate, in integers over the denominator beside them."""


@dataclass(frozen=True, slots=True)
class Synergy:
    """Candidates (by number) that together earn ``bonus``; the members delivered earlier are already counted."""

    members: frozenset[int]
    kpi_key: str
    bonus: Fraction
    path: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a plan sums up in one place: ``terms[c] / denominator`` per choice (see ``timetable``), likewise per earned
    synergy."""

    terms: Mapping[int, int]
    synergies: Mapping[int, int]
    denominator: int


@dataclass(frozen=True, slots=True)
class Rule:
    """``low <= line <= high`` in the line's integers; None is no bound. ``parts`` make the path that ``sources`` uses,
    and ``bound`` is the bound as given."""

    parts: tuple[str, ...]
    line: int
    low: int | None
    high: int | None
    bound: Fraction

    @property
    def path(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Goal:
    """A soft target: each unit that ``sign * line`` falls short of ``requirement`` costs ``price`` of the objective."""

    path: str
    line: int
    sign: int
    requirement: Fraction
    price: Fraction


@dataclass(frozen=True, slots=True)
class Target:
    """A target as it is reported. ``sign`` is -1 for a KPI that is to decrease; ``line`` sums raw contributions."""

    dimension: str
    key: str
    kpi_key: str
    type: str
    line: int
    required: Fraction
    sign: int
    short_unit: Fraction


class Ledger:
    """The rules of a settled problem over numbered candidates (in the order of ``settled.problem.candidates``)."""

    def __init__(self, settled: Settled, scales: Scales) -> None:
        self.settled = settled
        self.scales = scales
        self.lines: list[Line] = []
        self.rules: list[Rule] = []
        self.goals: list[Goal] = []
        self.targets: list[Target] = []
        self.kpi_lines: dict[str, int] = {}
        self.synergies_of: list[list[int]] = [[] for _ in settled.problem.candidates]
        self._slices: dict[str, dict[str, list[int]]] = {}
        self._spent: dict[str, Whole] = {}
        self._contributed: dict[str, Whole] = {}
        given = settled.problem
        self.candidates = given.candidates
        self.times = Timetable(given)
        timed = len(given.candidates) * len(given.periods) if self.times.is_needed else 0
        self.touches: list[list[tuple[int, int]]] = [[] for _ in range(len(given.candidates) + timed)]
        self.number = {candidate.initiative_key: i for i, candidate in enumerate(given.candidates)}
        self.satisfied = frozenset(given.constraint_set.satisfied)
        listed = given.previous_selection
        self.previous = None if listed is None else {self.number[key] for key in listed if key in self.number}
        self.too_long = frozenset(i for i in range(len(self.candidates)) if not self.times.fits(i))
        self.synergies = list(self._synergies())
        self.synergy_touches: list[list[tuple[int, int]]] = [[] for _ in self.synergies]
        self._add_amount_rules()
        self._add_counts_and_shares()
        self._add_targets()
        for kpi in given.kpis:
            self.kpi_lines[kpi.kpi_key] = self._kpi_line("all", "all", kpi.kpi_key)
        self.value = self._value_line()
        self.measures: dict[Measure, Line] = {}
        self._index()

    # building ---------------------------------------------------------------------------------------------------------

    def _synergies(self) -> Iterator[Synergy]:
        for synergy in self.settled.problem.constraint_set.synergy_bonuses:
            open_ = [key for key in synergy.members if key not in self.satisfied]
            if open_ and all(key in self.number for key in open_):
                members = frozenset(self.number[key] for key in open_)
                path = f"synergy_bonuses.{'+'.join(synergy.members)}"
                yield Synergy(members, synergy.kpi_key, Fraction(synergy.bonus), path)

    def _members(self, dimension: str, key: str) -> list[int]:
        """The candidates that lie in a slice."""
        if dimension not in self._slices:
            slices: dict[str, list[int]] = {}
            for i, candidate in enumerate(self.candidates):
                slices.setdefault(_key_in(candidate, dimension), []).append(i)
            self._slices[dimension] = slices
        return self._slices[dimension].get(key, []) if key else []

    def _add_line(
        self, terms: Mapping[int, int], unit: int = 1, synergies: Mapping[int, Fraction] | None = None
    ) -> int:
        self.lines.append(_line(terms, unit, synergies or {}))
        return len(self.lines) - 1

    def _at_least(self, parts: tuple[str, ...], line: int, bound: Decimal | Fraction | int) -> None:
        self.rules.append(
            Rule(parts, line, ceil(Fraction(bound) * self.lines[line].denominator), None, Fraction(bound))
        )

    def _at_most(self, parts: tuple[str, ...], line: int, bound: Decimal | Fraction | int) -> None:
        self.rules.append(
            Rule(parts, line, None, floor(Fraction(bound) * self.lines[line].denominator), Fraction(bound))
        )

    def _spending(self, resource: str) -> Whole:
        """What each candidate takes of a resource, without those that take nothing."""
        if resource not in self._spent:
            self._spent[resource] = _whole(
                held.engineering_tokens if resource == "tokens" else held.resources.get(resource)
                for held in self.candidates
            )
        return self._spent[resource]

    def _given(self, kpi_key: str) -> Whole:
        """What each candidate contributes to a KPI, without those that contribute nothing."""
        if kpi_key not in self._contributed:
            self._contributed[kpi_key] = _whole(held.kpi_contributions.get(kpi_key) for held in self.candidates)
        return self._contributed[kpi_key]

    def _amounts(self, dimension: str, key: str, resource: str = "tokens", period: str | None = None) -> int:
        """The line of what is spent in a slice, over the horizon or in one period."""
        amounts, unit = self._spending(resource)
        members = [i for i in self._members(dimension, key) if i in amounts]
        if period is None or not self.times.is_needed:  # one period: what is spent in it is all that is spent
            return self._add_line({i: amounts[i] for i in members}, unit)
        at, times = self.times.place[period], self.times
        parts = lcm(*{times.durations[i] for i in members})
        return self._add_line(
            {
                times.choice(i, start): amounts[i] * (parts // times.durations[i])
                for i in members
                for start in times.busy(i, at)
            },
            unit * parts,
        )

    def _add_amount_rules(self) -> None:
        given, rules = self.settled.problem, self.settled.problem.constraint_set
        self.token_line = self._amounts("all", "all")
        self._at_most(("capacity_total_tokens",), self.token_line, given.capacity_total_tokens)
        self._add_amounts(("floors",), rules.floors)
        self._add_amounts(("caps",), rules.caps)
        for resource, slices in rules.resource_floors.items():
            self._add_amounts(("resource_floors", resource), slices, resource)
        for resource, slices in rules.resource_caps.items():
            self._add_amounts(("resource_caps", resource), slices, resource)
        for period in given.periods:
            self._add_amounts(("period_floors", period), rules.period_floors.get(period, {}), period=period)
            self._add_amounts(("period_caps", period), rules.period_caps.get(period, {}), period=period)
            for resource, slices in rules.period_resource_caps.get(period, {}).items():
                self._add_amounts(("period_resource_caps", period, resource), slices, resource, period)

    def _add_amounts(
        self, parts: tuple[str, ...], slices: Slices, resource: str = "tokens", period: str | None = None
    ) -> None:
        add = self._at_least if parts[0].endswith("floors") else self._at_most
        for dimension, key, bound in _each(slices):
            add((*parts, dimension, key), self._amounts(dimension, key, resource, period), bound)

    def _add_counts_and_shares(self) -> None:
        rules = self.settled.problem.constraint_set
        for dimension, key, bound in _each(rules.count_floors):
            self._at_least(("count_floors", dimension, key), self._counts(self._members(dimension, key)), bound)
        for dimension, key, bound in _each(rules.count_caps):
            self._at_most(("count_caps", dimension, key), self._counts(self._members(dimension, key)), bound)
        for dimension, key, share in _each(rules.share_floors):
            self._at_least(("share_floors", dimension, key), self._share(dimension, key, share), 0)
        for dimension, key, share in _each(rules.share_caps):
            self._at_most(("share_caps", dimension, key), self._share(dimension, key, share), 0)

    def _counts(self, members: Iterable[int]) -> int:
        return self._add_line(dict.fromkeys(members, 1))

    def _share(self, dimension: str, key: str, share: Decimal) -> int:
        """Tokens in the slice less its share of all selected tokens."""
        inside = set(self._members(dimension, key))
        amounts, unit = self._spending("tokens")
        part, parts = share.as_integer_ratio()
        return self._add_line(
            {i: ((i in inside) * parts - part) * amount for i, amount in amounts.items()}, unit * parts
        )

    def _kpi_line(self, dimension: str, key: str, kpi_key: str) -> int:
        """Raw contributions and bonuses to a KPI in a slice."""
        inside = self._members(dimension, key)
        held = set(inside)
        given, unit = self._given(kpi_key)
        earned = {
            s: synergy.bonus
            for s, synergy in enumerate(self.synergies)
            if synergy.kpi_key == kpi_key and synergy.members <= held
        }
        return self._add_line({i: given[i] for i in inside if i in given}, unit, earned)

    def _add_targets(self) -> None:
        kpis: dict[str, Kpi] = {kpi.kpi_key: kpi for kpi in self.settled.problem.kpis}
        for dimension, keys in self.settled.problem.constraint_set.targets.items():
            for key, targets in keys.items():
                for kpi_key, target_set in targets.items():
                    line = self._kpi_line(dimension, key, kpi_key)
                    sign = -1 if kpis[kpi_key].direction == "decrease" else 1
                    for kind in ("floor", "goal", "cap"):
                        target: problem.Target | None = getattr(target_set, kind)
                        if target is not None:
                            self._add_target((dimension, key, kpi_key, kind), target, line, sign)

    def _add_target(self, parts: tuple[str, str, str, str], target: problem.Target, line: int, sign: int) -> None:
        dimension, key, kpi_key, kind = parts
        required = Fraction(target.value) - Fraction(target.baseline or 0)
        unit = abs(required) or self.scales.of(kpi_key)
        self.targets.append(Target(dimension, key, kpi_key, kind, line, required, sign, unit))
        path = ("targets", *parts)
        if kind == "goal":
            penalty = Fraction(1 if target.penalty is None else target.penalty)
            self.goals.append(Goal(".".join(path), line, sign, sign * required, self.scales.z * penalty / unit))
        elif (kind == "floor") == (sign > 0):
            self._at_least(path, line, required)
        else:
            self._at_most(path, line, required)

    def _value_line(self) -> Line:
        """What each candidate and each synergy adds to the value of a plan (the table of section 2)."""
        if self.settled.problem.objective.mode == "score":
            return _line(*_whole(held.score for held in self.candidates))
        worth = self.scales.worth
        earned = {s: syn.bonus * worth[syn.kpi_key] for s, syn in enumerate(self.synergies) if syn.kpi_key in worth}
        columns = [(each, *self._given(kpi_key)) for kpi_key, each in worth.items()]
        units = [(each / denominator).denominator for each, _, denominator in columns]
        unit = lcm(*units, *(amount.denominator for amount in earned.values()))
        terms: dict[int, int] = {}
        for each, amounts, denominator in columns:
            times = int(each / denominator * unit)
            for i, amount in amounts.items():
                terms[i] = terms.get(i, 0) + times * amount
        return Line({i: a for i, a in terms.items() if a}, {s: int(a * unit) for s, a in earned.items() if a}, unit)

    def measure_line(self, measure: Measure, digests: Sequence[int] = ()) -> Line:
        """What a measure that is one sum adds up, to be greatest; all but "objective" and "changes" are. ``digests``
        are those of "tiebreak" and "startbreak"."""
        if measure in self.measures:
            return self.measures[measure]
        if measure.startswith(KPI):
            kpi_key = measure.removeprefix(KPI)
            given = next(kpi for kpi in self.settled.problem.kpis if kpi.kpi_key == kpi_key)
            line = self.lines[self.kpi_lines[kpi_key]]
            made = line if given.direction == "increase" else _turned(line)
        elif measure == "tokens":
            made = _turned(self.lines[self.token_line])
        elif measure == "tiebreak":
            made = _line({i: -digest for i, digest in enumerate(digests)})
        else:
            starts = [(i, t) for i in range(len(self.candidates)) for t in self.times.starts(i)]
            late, begun = measure == "finish", digests if measure == "startbreak" else [1] * len(self.candidates)
            made = _line(
                {self.times.choice(i, t): -(self._late(i, t) if late else begun[i] * t) for i, t in starts},
                self.value.denominator if late else 1,
            )
        self.measures[measure] = made
        return made

    def _late(self, i: int, start: int) -> int:
        """What i alone adds to the value, where that is more than nothing, times the index of its last period; in the
        integers of the value's line."""
        alone = self.value.terms.get(i, 0)
        alone += sum(
            self.value.synergies.get(s, 0) for s in self.synergies_of[i] if len(self.synergies[s].members) == 1
        )
        return max(0, alone) * self.times.finish(i, start)

    def _index(self) -> None:
        for number, line in enumerate(self.lines):
            for i, amount in line.terms.items():
                self.touches[i].append((number, amount))
            for s, amount in line.synergies.items():
                self.synergy_touches[s].append((number, amount))
        for s, synergy in enumerate(self.synergies):
            for i in synergy.members:
                self.synergies_of[i].append(s)

    def is_selected(self, key: str, selection: set[int]) -> bool:
        """As mandatory, pairs, bundles, groups and prerequisites count: delivered earlier, or selected now."""
        return key in self.satisfied or (key in self.number and self.number[key] in selection)


def _key_in(candidate: Candidate, dimension: str) -> str:
    """The key of the slice of ``dimension`` that the candidate lies in; blank where it lies in none."""
    if dimension == "all":
        return "all"
    attributes: list[str | None] = [getattr(candidate, part) for part in dimension.split("+")]
    if not all(attributes) or ("+" in dimension and any("|" in (attribute or "") for attribute in attributes)):
        return ""
    return "|".join(attribute or "" for attribute in attributes)


def _each(slices: Slices) -> Iterator[tuple[str, str, Any]]:
    for dimension, keys in slices.items():
        for key, bound in keys.items():
            yield dimension, key, bound


def _whole(amounts: Iterable[Decimal | None]) -> Whole:
    """The amounts by number in integers over one denominator, without those that are nothing."""
    ratios = {i: amount.as_integer_ratio() for i, amount in enumerate(amounts) if amount}
    unit = lcm(*{denominator for _, denominator in ratios.values()})
    if unit == 1:
        return {i: numerator for i, (numerator, _) in ratios.items()}, 1
    return {i: numerator * (unit // denominator) for i, (numerator, denominator) in ratios.items()}, unit


def _line(terms: Mapping[int, int], unit: int = 1, synergies: Mapping[int, Fraction] | None = None) -> Line:
    """The line of terms over ``unit`` and bonuses, over what both can be written in."""
    earned = {s: amount for s, amount in (synergies or {}).items() if amount}
    whole = lcm(unit, *{amount.denominator for amount in earned.values()})
    times = whole // unit
    return Line(
        {i: amount * times for i, amount in terms.items() if amount},
        {s: amount.numerator * (whole // amount.denominator) for s, amount in earned.items()},
        whole,
    )


def _turned(line: Line) -> Line:
    """The line with its sign turned."""
    return Line(
        {i: -amount for i, amount in line.terms.items()},
        {s: -amount for s, amount in line.synergies.items()},
        line.denominator,
    )
