"""Floors that no plan can reach under the caps that cover them, by comparing the bounds themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.ledger import Ledger, Rule
from engine.settling import Settled
from engine.wording import rule_words, spoken

COUNT = "#"
"""Stands for the resource where initiatives are counted."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A rule about an amount that is never negative: what of ``resource`` a slice gets, in one period or (None) in
    all."""

    rule: Rule
    resource: str
    period: str | None
    dimension: str
    key: str

    @property
    def amount(self) -> Fraction:
        return self.rule.bound

    @property
    def is_floor(self) -> bool:
        return self.rule.low is not None


def amount_clashes(ledger: Ledger) -> Iterator[tuple[tuple[str, ...], str]]:
    """(paths, sentence) for each cap that is less than a floor, or than floors without common candidates, that lie in
    it; and for each floor that is more than the caps of all periods allow."""
    settled = ledger.settled
    bounds = [bound for rule in ledger.rules if (bound := _bound(settled, rule)) is not None]
    floors = [bound for bound in bounds if bound.is_floor and bound.amount > 0]
    caps = [bound for bound in bounds if not bound.is_floor]
    for cap in caps:
        yield from _over(settled, cap, [floor for floor in floors if _covers(cap, floor)])
    yield from _over_all_periods(settled, floors, caps)
    yield from _targets(ledger)


def _bound(settled: Settled, rule: Rule) -> Bound | None:
    field, *names = rule.parts
    if field == "capacity_total_tokens":
        return Bound(rule, "tokens", None, "all", "all")
    if field.startswith("count_"):
        return Bound(rule, COUNT, None, names[0], names[1])
    if field in ("floors", "caps"):
        return Bound(rule, "tokens", None, names[0], names[1])
    if field.startswith("resource_"):
        return Bound(rule, names[0], None, names[1], names[2])
    if not field.startswith("period_"):
        return None
    period = names[0] if len(settled.problem.periods) > 1 else None  # one period is the whole horizon
    return Bound(rule, names[1] if "resource" in field else "tokens", period, names[-2], names[-1])


def _covers(cap: Bound, floor: Bound) -> bool:
    """True where all that counts towards the floor counts towards the cap too."""
    if cap.resource != floor.resource or cap.period not in (None, floor.period):
        return False
    return _contains((cap.dimension, cap.key), (floor.dimension, floor.key))


def _contains(outer: tuple[str, str], inner: tuple[str, str]) -> bool:
    """True where a slice is another one, everything, or one side of a cross-dimension."""
    if outer in (inner, ("all", "all")):
        return True
    parts, keys = inner[0].split("+"), inner[1].split("|")
    return len(parts) == len(keys) == 2 and outer in zip(parts, keys, strict=True)


def _over(settled: Settled, cap: Bound, floors: Sequence[Bound]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Floors under a cap: a single one that is higher, else those of one dimension that are higher together."""
    single = max(floors, key=lambda floor: floor.amount, default=None)
    if single is not None and single.amount > cap.amount:
        yield _clash(settled, [single], [cap])
        return
    apart: dict[tuple[str, bool], list[Bound]] = defaultdict(list)
    for floor in floors:
        apart[floor.dimension, floor.period is None].append(floor)
    for held in apart.values():
        taken: list[Bound] = []
        for floor in sorted(held, key=lambda floor: (-floor.amount, floor.rule.path)):
            if all(_is_apart(floor, other) for other in taken):
                taken.append(floor)
            if sum(other.amount for other in taken) > cap.amount:
                yield _clash(settled, taken, [cap])
                break


def _is_apart(one: Bound, other: Bound) -> bool:
    """True where nothing counts towards both: two keys of one dimension, or two periods."""
    return one.key != other.key or one.period != other.period


def _over_all_periods(
    settled: Settled, floors: Iterable[Bound], caps: Sequence[Bound]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """A floor over the horizon that is more than what the caps of the single periods allow together."""
    periods = settled.problem.periods
    if len(periods) < 2:
        return
    for floor in floors:
        if floor.period is not None:
            continue
        lowest: list[Bound] = []
        for period in periods:
            over = [cap for cap in caps if cap.period == period and cap.resource == floor.resource]
            over = [c for c in over if _contains((c.dimension, c.key), (floor.dimension, floor.key))]
            lowest += [min(over, key=lambda cap: cap.amount)] if over else []
        if len(lowest) == len(periods) and sum(cap.amount for cap in lowest) < floor.amount:
            yield _clash(settled, [floor], lowest)


def _targets(ledger: Ledger) -> Iterator[tuple[tuple[str, ...], str]]:
    """The floor of a target over its cap."""
    low = {rule.parts[:-1]: rule for rule in ledger.rules if rule.parts[0] == "targets" and rule.parts[-1] == "floor"}
    for rule in ledger.rules:
        if rule.parts[0] != "targets" or rule.parts[-1] != "cap" or rule.high is None:
            continue
        floor = low.get(rule.parts[:-1])
        if floor is not None and floor.low is not None and floor.bound > rule.bound:
            words = [rule_words(ledger.settled, one) for one in (floor, rule)]
            yield (floor.path, rule.path), f"{_capital(words[0])} is over {words[1]}"


def _clash(settled: Settled, floors: Sequence[Bound], caps: Sequence[Bound]) -> tuple[tuple[str, ...], str]:
    paths = tuple(bound.rule.path for bound in (*floors, *caps))
    low = [rule_words(settled, floor.rule) for floor in floors]
    high = [rule_words(settled, cap.rule) for cap in caps]
    if len(low) == len(high) == 1:
        return paths, f"{_capital(low[0])} is over {high[0]}"
    if len(high) == 1:
        total = spoken(sum((floor.amount for floor in floors), Fraction(0)))
        return paths, f"{_capital(' and '.join(low))} come to {total} together, which is over {high[0]}"
    total = spoken(sum((cap.amount for cap in caps), Fraction(0)))
    return paths, f"{_capital(low[0])} is over what {' and '.join(high)} allow together, which is {total}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
