"""What each rule costs, and what one more token (or hour, or euro) of capacity or under a cap would bring."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from engine.clause_words import cells_of, clause_words, number_words
from engine.clauses import CAPACITY, Clause, clauses, moved, without
from engine.probe import Outlook, Prober, Probers, varied
from engine.problem import SourceCell
from engine.sentences import shown
from engine.statements import Base, Statement

STEPS = (Decimal("0.02"), Decimal("0.05"), Decimal("0.1"))
"""By how much of its size a bound is raised to see what more of it would bring."""


_NO_ROW_OF_ITS_OWN = ("targets", "locks", "max_changes", *CAPACITY)
_COLUMN = re.compile(r"![A-Z]+(?=[0-9]+$)")


@dataclass(frozen=True, slots=True)
class Price:
    """What the objective could be without one clause."""

    clause: Clause
    outlook: Outlook


def rule_prices(base: Base, probers: Probers, gap: float, most: int | None = None) -> list[Price]:
    """The price of each rule but the capacity; bounds first. ``most``: how many of them at most."""
    listed = [clause for clause in clauses(base.settled.problem) if clause.parts != CAPACITY]
    ordered = sorted(listed, key=lambda clause: not clause.is_bound)
    outlooks = _without_each(base, probers, [(clause,) for clause in ordered[:most]], gap)
    return [Price(clause, outlook) for clause, outlook in zip(ordered, outlooks, strict=False)]


def row_prices(base: Base, probers: Probers, gap: float, no_cost: str) -> list[Statement]:
    """The price of all that a row says together, for each row of the sheet that says a rule; targets, locks and what
    stands in the scenario's own row are left aside. What is not known in time is left out. ``no_cost`` is what a row
    says that costs nothing."""
    rows: dict[str, list[Clause]] = {}
    cells: dict[str, SourceCell] = {}
    for clause in clauses(base.settled.problem):
        if clause.parts[0] in _NO_ROW_OF_ITS_OWN:
            continue
        for cell in cells_of(base.settled, clause):
            row = _COLUMN.sub("!", cell.cell)
            if clause not in rows.setdefault(row, []):
                rows[row].append(clause)
            cells.setdefault(row, cell)
    ordered = sorted(rows, key=lambda row: not any(clause.is_bound for clause in rows[row]))
    outlooks = _without_each(base, probers, [rows[row] for row in ordered], gap)
    told = (
        _row_statement(base, rows[row], cells[row], outlook, no_cost)
        for row, outlook in zip(ordered, outlooks, strict=True)
    )
    return [one for one in told if one is not None]


def _row_statement(
    base: Base, said: Sequence[Clause], cell: SourceCell, outlook: Outlook, no_cost: str
) -> Statement | None:
    low, high = base.gained(outlook)
    if not low and high is None:
        return None
    costs = no_cost if high == 0 else f"costs {base.worth(low, high)}"
    words = "; ".join(clause_words(base.settled, clause) for clause in said)
    paths = tuple(clause.path for clause in said)
    message = f"{words} ({cell.cell}): this {costs}."
    return Statement("row_price", paths[0], low, high, message, paths, costs, (cell,))


def _without_each(base: Base, probers: Probers, dropped: Sequence[Sequence[Clause]], gap: float) -> list[Outlook]:
    """What the objective could be without each of these."""
    share = max(0.05, probers.left() / max(1, len(dropped)))

    def asked(prober: Prober, gone: Sequence[Clause]) -> Outlook:
        if all(_says_nothing(base, clause) for clause in gone):
            return base.best
        if prober.left() <= 0:
            return Outlook()
        variant = varied(base.case, without(base.settled.problem, [clause.parts for clause in gone]))
        outlook = prober.best(variant, gap=gap, limit_s=share, start=base.choices)
        if outlook.high is None:
            outlook = Outlook(outlook.low, prober.bound(variant).high, outlook.plan, False, outlook.is_possible)
        return outlook

    return probers.each(asked, dropped)


def _says_nothing(base: Base, clause: Clause) -> bool:
    """True where the rule is about one initiative alone that is no candidate."""
    is_own = clause.parts[0] in ("exclusions_initiatives", "mandatory_initiatives")
    return is_own and clause.parts[1] not in base.case.ledger.number


def price_statement(base: Base, price: Price) -> Statement:
    """The price in words."""
    low, high = base.gained(price.outlook)
    cells = cells_of(base.settled, price.clause)
    where = f" ({cells[0].cell})" if cells else ""
    costs = "costs nothing" if high == 0 else f"costs {base.worth(low, high)}"
    if not low and high is None:
        costs = "has a price that was not found in time"
    message = f"{clause_words(base.settled, price.clause)}{where}: this rule {costs}."
    return Statement("rule_price", price.clause.path, low, high, message)


def next_best_spend(base: Base, probers: Probers, prices: Sequence[Price], gap: float) -> list[Statement]:
    """For the capacity and each cap that costs something: the objective per unit by which it is raised, at the step
    that brings most."""
    caps = [price.clause for price in prices if _is_cap(price.clause) and base.gained(price.outlook)[1] != 0]
    capacity = Clause(CAPACITY, base.settled.problem.capacity_total_tokens)
    asked = [(clause, number) for clause in (capacity, *caps) for number in _raised(clause)]
    share = max(0.05, probers.left() / max(1, len(asked)) * 2)

    def spent(prober: Prober, one: tuple[Clause, Decimal]) -> Outlook:
        variant = varied(base.case, moved(base.settled.problem, {one[0].parts: one[1]}))
        outlook = prober.best(variant, gap=gap, limit_s=share, start=base.choices)
        return outlook if outlook.high is not None else prober.bound(variant)

    outlooks = probers.each(spent, asked)
    told: list[Statement] = []
    for clause in (capacity, *caps):
        tried = [(number, outlook) for (other, number), outlook in zip(asked, outlooks, strict=True) if other is clause]
        if tried:
            told.append(_best_step(base, clause, tried))
    return told


def _is_cap(clause: Clause) -> bool:
    return clause.is_bound and clause.parts[0] in ("caps", "resource_caps", "period_caps", "period_resource_caps")


def _raised(clause: Clause) -> list[Decimal]:
    """The numbers to try, with no more decimals than the bound has."""
    number = clause.number
    exponent = number.normalize().as_tuple().exponent
    unit = Decimal(1).scaleb(min(0, exponent if isinstance(exponent, int) else 0))
    return sorted({number + max(unit, (number * step).quantize(unit, ROUND_CEILING)) for step in STEPS})


def _best_step(base: Base, clause: Clause, tried: Sequence[tuple[Decimal, Outlook]]) -> Statement:
    """The step that surely brings most per unit."""

    def per_unit(one: tuple[Decimal, Outlook]) -> tuple[Fraction, Fraction | None]:
        step = Fraction(one[0] - clause.number)
        low, high = base.gained(one[1])
        return low / step, None if high is None else high / step

    number, outlook = max(tried, key=lambda one: (per_unit(one)[0], -one[0]))
    low, high = per_unit((number, outlook))
    gain = base.worth(*base.gained(outlook))
    cells = cells_of(base.settled, clause)
    where = f" ({cells[0].cell})" if cells else ""
    more = number_words(base.settled, clause, number - clause.number)
    what = "of capacity" if clause.parts == CAPACITY else f"than “{clause_words(base.settled, clause)}” allows"
    step = f"from {shown(clause.number)} to {shown(number)}"
    if high == 0:
        message = f"More {what}{where} would bring nothing: tried {step}."
        return Statement("next_best_spend", clause.path, low, high, message)
    noun, _, rest = more.partition(" ")
    unit = rest.removesuffix("s") or noun
    each = base.worth(low, high)
    message = f"{noun} more {rest} {what}{where}, {step}, would bring {gain}: {each} per {unit}."
    return Statement("next_best_spend", clause.path, low, high, message)
