"""What would get an initiative in: the smallest contribution, or the largest token cost, at which a plan with it is as
good as the best."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

from engine.clause_words import title_of
from engine.flips import Flip
from engine.needed import needed
from engine.probe import Case, Prober, Probers, varied
from engine.problem import Candidate, Problem
from engine.statements import Base, Statement
from engine.wording import figures, spoken, with_unit


def gets_in(
    base: Base, probers: Probers, flipped: Sequence[Flip], most_sought: int, most_tokens: int
) -> list[Statement]:
    """For each that the rules would let in: the contribution it needs, sought to the end for the ``most_sought``
    closest calls; for the ``most_tokens`` closest also the token cost."""
    out = [flip for flip in flipped if not flip.is_in and flip.is_open and flip.outlook.low is not None]
    out = [flip for flip in out if base.lost(flip.outlook)[1] != 0]  # else a plan with it is as good already
    near = sorted(out, key=lambda flip: (base.lost(flip.outlook)[0], flip.i))
    sought = {flip.i for flip in near[:most_sought]}
    told = [
        one
        for one in probers.each(lambda prober, flip: _contribution(base, prober, flip, flip.i in sought), out)
        if one
    ]
    told += [one for one in probers.each(lambda prober, flip: _tokens(base, prober, flip), near[:most_tokens]) if one]
    return told


# contribution ---------------------------------------------------------------------------------------------------------


def _contribution(base: Base, prober: Prober, flip: Flip, is_near: bool) -> Statement | None:
    """The contribution at which the best plan with i is as good as the best without it."""
    candidate = base.case.ledger.candidates[flip.i]
    low, high = base.lost(flip.outlook)
    if high is None:
        return None
    if base.settled.problem.objective.mode == "score":
        least, most = Fraction(candidate.score) + low, Fraction(candidate.score) + high
        words = f"{_between(least, most, up=True)} (it is {spoken(candidate.score)})"
        path = f"candidates.{candidate.initiative_key}.score"
        return _told(base, flip, path, least, most, ("its score were", "its score is", words))
    kpi_key = _main_kpi(base, candidate)
    if kpi_key is None:
        return None
    ends = needed(base, prober, flip, kpi_key, is_near)
    if ends is None:
        return None
    given = Fraction(candidate.kpi_contributions.get(kpi_key, Decimal(0)))
    sign = 1 if base.case.ledger.scales.worth[kpi_key] > 0 else -1
    least, most = sorted(given + sign * more for more in ends)
    words = with_unit(base.settled, kpi_key, _rounded(most, up=sign > 0 or least != most))
    if least != most:
        words = f"between {spoken(_rounded(least, up=False))} and {words}"
    path = f"candidates.{candidate.initiative_key}.kpi_contributions.{kpi_key}"
    return _told(base, flip, path, least, most, ("it brought", "it brings", f"{words} (now {spoken(given)})"))


def _told(base: Base, flip: Flip, path: str, low: Fraction, high: Fraction, words: tuple[str, str, str]) -> Statement:
    """``words`` are the verb of the sentence, that of the cell, and what follows either."""
    title = title_of(base.settled, base.case.ledger.candidates[flip.i].initiative_key)
    would, does, what = words
    message = f"{title} would get in if {would} {what}: a plan with it is then as good."
    return Statement("gets_in", path, low, high, message, brief=f"{does} {what}")


def _between(low: Fraction, high: Fraction, *, up: bool) -> str:
    """The interval, widened to the figures that are spoken; one number is rounded to the side that is enough."""
    if low == high:
        return spoken(_rounded(high, up=up))
    return f"between {spoken(_rounded(low, up=False))} and {spoken(_rounded(high, up=True))}"


def _rounded(amount: Fraction, *, up: bool) -> Fraction:
    """The amount with as many figures as are spoken: never rounded to where it would not be enough."""
    context = Context(prec=figures(amount), rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return Fraction(context.divide(Decimal(amount.numerator), Decimal(amount.denominator)))


def _main_kpi(base: Base, candidate: Candidate) -> str | None:
    """The KPI of the objective that the candidate adds most to; the north star among equals."""
    worth = {kpi_key: amount for kpi_key, amount in base.case.ledger.scales.worth.items() if amount}
    stars = {kpi.kpi_key for kpi in base.settled.problem.kpis if kpi.kpi_level == "north_star"}

    def adds(kpi_key: str) -> tuple[Fraction, bool, str]:
        amount = worth[kpi_key] * Fraction(candidate.kpi_contributions.get(kpi_key, Decimal(0)))
        return amount, kpi_key in stars, kpi_key

    return max(worth, key=adds, default=None)


# tokens ---------------------------------------------------------------------------------------------------------------


def _tokens(base: Base, prober: Prober, flip: Flip) -> Statement | None:
    """The largest token cost at which a plan with i is as good: halved until one unit of the cost's own last digit is
    left. Only where i's tokens count towards upper bounds alone, since then less is never worse."""
    candidate = base.case.ledger.candidates[flip.i]
    cost = candidate.engineering_tokens
    if not cost or not base.best.is_closed or not _is_only_bounded_above(base, flip.i):
        return None
    least = base.best.low
    assert least is not None
    unit = Decimal(1).scaleb(min(0, int(cost.normalize().as_tuple().exponent)))
    steps = int(cost / unit)

    def is_enough(part: int) -> bool | None:
        outlook = prober.best(_costing(base, flip.i, part * unit), {flip.i: 1})
        if outlook.low is not None and outlook.low >= least:
            return True
        return False if outlook.is_closed or outlook.is_possible is False else None

    if not is_enough(0):
        return None
    good, bad = 0, steps
    while bad - good > 1:
        middle = (good + bad) // 2
        enough = is_enough(middle)
        if enough is None:
            break
        good, bad = (middle, bad) if enough else (good, middle)
    low, high = Fraction(good * unit), Fraction(good * unit) if bad - good == 1 else Fraction(bad * unit)
    words = f"{_between(low, high, up=False)} tokens or fewer (now {spoken(cost)})"
    path = f"candidates.{candidate.initiative_key}.engineering_tokens"
    return _told(base, flip, path, low, high, ("it took", "it takes", words))


def _costing(base: Base, i: int, tokens: Decimal) -> Case:
    problem: Problem = base.settled.problem
    candidates = list(problem.candidates)
    candidates[i] = candidates[i].model_copy(update={"engineering_tokens": tokens})
    return varied(base.case, problem.model_copy(update={"candidates": tuple(candidates)}))


def _is_only_bounded_above(base: Base, i: int) -> bool:
    """True where fewer tokens of i can break no rule."""
    ledger = base.case.ledger
    rules = ledger.settled.problem.constraint_set
    if rules.share_floors or rules.share_caps:
        return False
    touched = {line for line, _ in ledger.touches[i]}
    start = ledger.times.is_needed
    return not any(
        rule.low is not None and rule.low > 0 and (rule.line in touched or start)
        for rule in ledger.rules
        if rule.parts[0] in ("floors", "period_floors")
    )
