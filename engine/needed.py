"""How much more an initiative has to bring until a plan with it is as good as the best without it.

Each unit more adds its worth to every plan with the initiative. Only targets of the same KPI can bend that line: goals
are paid less for, and floors may come within reach. Then the line of the best plan is followed down to where it meets
the best without the initiative, and the problem solved again there, until no plan does better (Newton's method, as
Dinkelbach, 1967, uses it): every step is a plan, and the end is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from engine.clauses import without
from engine.exact import Tally
from engine.flips import Flip
from engine.ledger import Goal
from engine.probe import Case, Prober, varied
from engine.statements import Base
from engine.wording import decimal_of

MOST_STEPS = 8
DIGITS = 12
"""Figures to which a contribution is worked out; what is told lies on the side that is enough."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of one KPI that an initiative counts towards: is there a cap, the floors by parts, the paths of goals."""

    is_capped: bool
    floors: tuple[tuple[str, ...], ...]
    goals: tuple[Goal, ...]


def needed(base: Base, prober: Prober, flip: Flip, kpi_key: str, is_near: bool) -> tuple[Fraction, Fraction] | None:
    """(low, high): how much more of the KPI, in the improving sense, is surely needed and surely enough. One number
    where ``is_near`` and the search came to its end; None where a cap makes more of it no better."""
    low, high = base.lost(flip.outlook)
    if high is None:
        return None
    targets = targets_on(base, flip.i, kpi_key)
    if targets.is_capped:
        return None
    worth = abs(base.case.ledger.scales.worth[kpi_key])
    if not targets.floors and not targets.goals:
        return low / worth, high / worth
    dearest = worth + sum((goal.price for goal in targets.goals), Fraction(0))
    least = Fraction(0) if targets.floors else low / dearest
    if not is_near or low != high or base.best.low is None or prober.left() <= 0:
        return least, high / worth
    return _sought(base, prober, flip, kpi_key, targets, high / worth) or (least, high / worth)


def _sought(
    base: Base, prober: Prober, flip: Flip, kpi_key: str, targets: Targets, enough: Fraction
) -> tuple[Fraction, Fraction] | None:
    """The exact amount without the floors; and whether it is enough with them too."""
    eased = varied(base.case, without(base.settled.problem, targets.floors)) if targets.floors else base.case
    best = base.best.low
    assert best is not None
    more, worth = enough, abs(base.case.ledger.scales.worth[kpi_key])
    for _ in range(MOST_STEPS):
        outlook = prober.best(_bringing(base, eased, flip.i, kpi_key, more), {flip.i: 1})
        if not outlook.is_closed or outlook.plan is None or outlook.low is None:
            return None
        excess = outlook.low - best
        less = _lowered(outlook.plan, targets.goals, worth, excess)
        if excess <= 0 or less <= _grain(more):
            break
        more = _rounded(more - less)
    else:
        return None
    if not targets.floors:
        return more, more
    outlook = prober.best(_bringing(base, base.case, flip.i, kpi_key, more), {flip.i: 1})
    is_enough = outlook.low is not None and outlook.low >= best
    return (more, more) if is_enough else (more, enough)


def _lowered(plan: Tally, goals: Sequence[Goal], worth: Fraction, excess: Fraction) -> Fraction:
    """How much less the initiative may bring until this plan has lost ``excess``: goals that are met now come short one
    after the other, and each then costs its price as well."""
    paths = {goal.path for goal in goals}
    spare = [
        (goal.sign * plan.total(goal.line) - goal.requirement, goal.price)
        for goal in plan.ledger.goals
        if goal.path in paths
    ]
    slope = worth + sum((price for left, price in spare if left <= 0), Fraction(0))
    less = Fraction(0)
    for left, price in sorted(one for one in spare if one[0] > 0):
        if excess <= slope * (left - less):
            break
        excess -= slope * (left - less)
        less, slope = left, slope + price
    return less + excess / slope


def _bringing(base: Base, case: Case, i: int, kpi_key: str, more: Fraction) -> Case:
    """The case in which candidate i brings so much more."""
    problem = case.settled.problem
    sign = 1 if base.case.ledger.scales.worth[kpi_key] > 0 else -1
    candidate = problem.candidates[i]
    amount = Fraction(candidate.kpi_contributions.get(kpi_key, Decimal(0))) + sign * more
    given = {**candidate.kpi_contributions, kpi_key: decimal_of(amount)}
    candidates = [*problem.candidates]
    candidates[i] = candidate.model_copy(update={"kpi_contributions": given})
    return varied(case, problem.model_copy(update={"candidates": tuple(candidates)}))


def _rounded(amount: Fraction) -> Fraction:
    """The amount as a number with few enough digits to solve with, never too low."""
    return Fraction(decimal_of(amount, DIGITS, up=True)) if amount.denominator > 10**DIGITS else amount


def _grain(amount: Fraction) -> Fraction:
    return max(abs(amount), Fraction(1)) / 10 ** (DIGITS - 2)


def targets_on(base: Base, i: int, kpi_key: str) -> Targets:
    """The targets of the KPI in the slices that candidate i lies in, whatever it brings now."""
    problem = base.settled.problem
    alone = problem.candidates[i].model_copy(update={"kpi_contributions": {kpi_key: Decimal(1)}})
    only = problem.model_copy(update={"candidates": (alone,), "previous_selection": None, "previous_starts": None})
    ledger = varied(replace(base.case, settled=replace(base.settled, problem=only, positions=(0,))), only).ledger
    lines = {number for number, line in enumerate(ledger.lines) if line.terms}
    rules = [rule for rule in ledger.rules if rule.parts[0] == "targets" and rule.line in lines]
    rules = [rule for rule in rules if rule.parts[3] == kpi_key]
    goals = [goal for goal in ledger.goals if goal.line in lines and goal.price]
    paths = {goal.path for goal in goals if goal.path.rsplit(".", 2)[1] == kpi_key}
    return Targets(
        any(rule.parts[-1] == "cap" for rule in rules),
        tuple(rule.parts for rule in rules if rule.parts[-1] == "floor"),
        tuple(goal for goal in base.case.ledger.goals if goal.path in paths),
    )
