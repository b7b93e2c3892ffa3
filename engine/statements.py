"""What an explanation says: one statement, its numbers, and the sentence that tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from engine.clause_words import objective_words
from engine.probe import Case, Outlook
from engine.problem import SourceCell
from engine.settling import Settled
from engine.wording import decimal_of

Kind = Literal[
    "why_in", "why_out", "gets_in", "rule_price", "row_price", "target_reach", "next_best_spend", "over_greedy"
]
"""The closed set. ``why_in``, ``why_out``: the objective lost by the other choice (null where rules leave none).
``gets_in``: the contribution or token cost from which on one that is left out is as good as in. ``rule_price``: the
objective gained without the rule; ``row_price``: without all that one row of the sheet says. ``target_reach``: the
most (of a cap the least) that plans can come to in a target, in the improving sense. ``next_best_spend``: the
objective gained per unit by which a bound is raised. ``over_greedy``: the objective gained over ranking by value per
token."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One true sentence. The number it is about lies in [low, high]; None: not bounded, or no number. ``rules`` are
    the paths of the rules that leave no choice, or that a row says; ``brief`` is what a cell beside the row says of
    it, and ``sources`` are the cells behind it."""

    kind: Kind
    path: str
    low: Fraction | None
    high: Fraction | None
    message: str
    rules: tuple[str, ...] = ()
    brief: str = ""
    sources: tuple[SourceCell, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The statement as the result's JSON holds it; numbers rounded outward, one number to the nearest."""
        made: dict[str, Any] = {
            "kind": self.kind,
            "path": self.path,
            "low": None if self.low is None else -decimal_of(-self.low, up=True),
            "high": None if self.high is None else decimal_of(self.high, up=True),
            "message": self.message,
        }
        if self.low is not None and self.low == self.high:
            made["low"] = made["high"] = decimal_of(self.low)
        if self.rules:
            made["rules"] = list(self.rules)
        if self.brief:
            made["brief"] = self.brief
        if self.sources:
            made["sources"] = [cell.model_dump(exclude_none=True) for cell in self.sources]
        return made


@dataclass(frozen=True, slots=True)
class Base:
    """What the explanations start from: the case, the choices of the plan, and the best objective there is."""

    case: Case
    plan: frozenset[int]
    choices: frozenset[int]
    best: Outlook

    @property
    def settled(self) -> Settled:
        return self.case.settled

    def lost(self, other: Outlook) -> tuple[Fraction, Fraction | None]:
        """How much less than the best there is in another case: the interval."""
        low = Fraction(0)
        if other.high is not None and self.best.low is not None:
            low = max(low, self.best.low - other.high)
        high = None if other.low is None or self.best.high is None else max(low, self.best.high - other.low)
        return low, high

    def gained(self, other: Outlook) -> tuple[Fraction, Fraction | None]:
        """How much more than the best there is in another case, in which no plan of this one is lost."""
        low = Fraction(0)
        if other.low is not None and self.best.high is not None:
            low = max(low, other.low - self.best.high)
        high = None if other.high is None or self.best.low is None else max(low, other.high - self.best.low)
        return low, high

    def worth(self, low: Fraction, high: Fraction | None) -> str:
        """The interval in words: "31,000 EUR revenue", "28,000 to 31,000 EUR revenue", "at least …"."""
        if high is None:
            return f"at least {self.one(low)}"
        if not low and high:
            return f"at most {self.one(high)}"
        return objective_words(self.settled, self.case.ledger.scales, low, high)

    def one(self, amount: Fraction) -> str:
        """An amount of the objective in words."""
        return objective_words(self.settled, self.case.ledger.scales, amount)


def closest(flipped: Sequence[tuple[int, Fraction]], count: int) -> list[int]:
    """The candidates with the smallest number, at most so many."""
    return [i for i, _ in sorted(flipped, key=lambda one: (one[1], one[0]))[:count]]
