"""The frontier: the best objective at each level of capacity, everything else as it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from engine.clause_words import objective_words
from engine.clauses import CAPACITY, moved
from engine.notes import Notes
from engine.probe import Outlook, Prober, Probers, case_of, varied
from engine.problem import Problem
from engine.scales import scales_of
from engine.search import MANY
from engine.sentences import shown
from engine.settling import settle
from engine.wording import decimal_of
from engine.yardstick import measured

SHARES = tuple(Decimal(share) / 100 for share in range(50, 160, 10))
"""The levels looked at, as shares of the capacity."""
COARSE = 1e-3


@dataclass(frozen=True, slots=True)
class Level:
    """The best objective at a capacity lies in [low, high]; both are None where there is no plan (or none was found:
    ``is_possible`` None)."""

    capacity: Decimal
    low: Fraction | None
    high: Fraction | None
    is_possible: bool | None
    message: str

    def plain(self) -> dict[str, Any]:
        """The level as JSON holds it, numbers rounded outward."""
        is_one = self.low == self.high
        return {
            "capacity": self.capacity,
            "low": None if self.low is None else decimal_of(self.low) if is_one else -decimal_of(-self.low, up=True),
            "high": None if self.high is None else decimal_of(self.high) if is_one else decimal_of(self.high, up=True),
            "message": self.message,
        }


def frontier(
    problem: Problem,
    *,
    shares: Sequence[Decimal] = SHARES,
    seconds: float = 60.0,
    on_progress: Callable[[int, int], object] = lambda done, of: None,
    check: Callable[[], object] = bool,
) -> list[Level]:
    """The levels in rising order, at the problem's own scales. ``on_progress`` hears how many of how many are done."""
    settled = measured(settle(problem, Notes()))
    case = case_of(settled, scales_of(settled.problem, Notes()))
    given = settled.problem.capacity_total_tokens
    capacities = sorted({(given * share).normalize() for share in shares})
    gap = 0.0 if len(settled.problem.candidates) <= MANY else COARSE
    done, lock = [0], threading.Lock()
    with Probers(seconds, check) as probers:
        share_s = max(0.1, seconds * 2 / max(1, len(capacities)))

        def at(prober: Prober, capacity: Decimal) -> Outlook:
            variant = varied(case, moved(settled.problem, {CAPACITY: capacity}))
            outlook = prober.best(variant, gap=gap, limit_s=share_s)
            if outlook.high is None and outlook.is_possible is not False:
                outlook = replace(outlook, high=prober.bound(variant).high)
            with lock:
                done[0] += 1
                on_progress(done[0], len(capacities))
            return outlook

        outlooks = _monotone(probers.each(at, capacities))

    def told(capacity: Decimal, outlook: Outlook) -> Level:
        at_ = f"{shown(capacity)} tokens"
        if outlook.is_possible is False:
            return Level(capacity, None, None, False, f"{at_}: no plan keeps the rules.")
        if outlook.low is None:
            return Level(capacity, None, outlook.high, None, f"{at_}: no plan was found in time.")
        best = objective_words(settled, case.ledger.scales, outlook.low)
        return Level(capacity, outlook.low, outlook.high, True, f"{at_}: {best}.")

    return [told(capacity, outlook) for capacity, outlook in zip(capacities, outlooks, strict=True)]


def _monotone(outlooks: Sequence[Outlook]) -> list[Outlook]:
    """A plan for less capacity is one for more: what is known of one level bounds the others."""
    rising: list[Outlook] = []
    low: Fraction | None = None
    for outlook in outlooks:
        if low is not None and (outlook.low is None or outlook.low < low):
            outlook = replace(outlook, low=low, is_possible=True)
        low = outlook.low
        rising.append(outlook)
    high: Fraction | None = None
    found: list[Outlook] = []
    for outlook in reversed(rising):
        if high is not None and outlook.high is not None and outlook.high > high:
            outlook = replace(outlook, high=max(high, outlook.low or high))
        high = outlook.high if outlook.high is not None else high
        found.append(outlook)
    return found[::-1]
