"""Why a plan is as it is (``model.md`` section 8): why in, why out, what would get it in, what each rule costs, where
the next token is best spent.

Every number comes from solving the problem again with one thing changed, at the run's own scales. An interval
[low, high] is true; it is one number where the search was carried to its end. Up to ``MANY`` candidates all of it is;
beyond, relaxations bound all, and those asked for by name and the closest calls are solved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from engine.exact import Tally, breaches
from engine.flips import flip_statement, flips
from engine.gets_in import gets_in
from engine.keys import normalised
from engine.notes import Notes
from engine.prices import next_best_spend, price_statement, rule_prices
from engine.probe import Case, Outlook, Probers, case_of
from engine.problem import Problem, Solution
from engine.scales import scales_of
from engine.search import MANY
from engine.settling import settle
from engine.statements import Base, Statement
from engine.yardstick import measured

SECONDS = 50.0
CLOSEST = 20
"""Calls that are solved to the end where there are more than ``MANY`` candidates."""
COARSE = 1e-3
"""The gap of re-solves beyond ``MANY`` candidates."""
CLOSEST_TOKENS = 10
"""Candidates for which the token cost is sought as well as the contribution."""


def explained(
    problem: Problem,
    solution: Solution,
    *,
    names: Sequence[str] = (),
    seconds: float = SECONDS,
    check: Callable[[], object] = bool,
) -> Solution:
    """The solution with ``explanations``; as it is where it holds no plan. ``names`` are keys or titles of initiatives
    to be looked at closely; ``check`` is called now and then, and raises to end it."""
    if not solution.items:
        return solution
    told = explanations(problem, solution, names=names, seconds=seconds, check=check)
    return solution.model_copy(update={"explanations": tuple(one.plain() for one in told)})


def explanations(
    problem: Problem,
    solution: Solution,
    *,
    names: Sequence[str] = (),
    seconds: float = SECONDS,
    check: Callable[[], object] = bool,
) -> list[Statement]:
    """What can be said of a plan within ``seconds``, candidates first, in the order of the problem."""
    case = case_for(problem)
    asked = {i for i in range(len(case.ledger.candidates)) if _is_named(case, i, names)}
    is_small = len(case.ledger.candidates) <= MANY
    gap = 0.0 if is_small else COARSE
    with Probers(seconds, check) as probers:
        base = based(case, solution, probers, gap)
        flipped = flips(base, probers, asked, None if is_small else CLOSEST, gap)
        base = replace(base, best=sharpened(base.best, [flip.outlook for flip in flipped]))
        prices = rule_prices(base, probers, gap, None if is_small else 4 * CLOSEST)
        spending = next_best_spend(base, probers, prices, gap)
        wanted = [flip for flip in flipped if is_small or flip.outlook.low is not None]
        entries = gets_in(base, probers, wanted, MANY if is_small else CLOSEST, CLOSEST_TOKENS)
    order = {i: place for place, i in enumerate(sorted(range(len(flipped)), key=case.settled.positions.__getitem__))}
    told = [flip_statement(base, flip) for flip in sorted(flipped, key=lambda flip: order[flip.i])]
    told += entries
    told += [price_statement(base, price) for price in prices]
    return [*told, *spending, *_over_greedy(base, solution)]


def case_for(problem: Problem) -> Case:
    """The problem as it is asked about, at the scales of its own run."""
    settled = measured(settle(problem, Notes()))
    return case_of(settled, scales_of(settled.problem, Notes()))


def based(case: Case, solution: Solution, probers: Probers, gap: float) -> Base:
    """The base of a solution's explanations: its plan, and the best objective, solved again without ties."""
    plan = plan_of(case, solution)
    best = probers.first.best(case, gap=gap, start=plan.choices(), limit_s=max(1.0, probers.left() / 4))
    if not any(breaches(plan)):
        low = max(plan.objective, best.low) if best.low is not None else plan.objective
        is_closed = best.is_closed and low == best.low
        high = low if is_closed else _least([best.high, probers.first.bound(case).high])
        best = Outlook(low, None if high is None else max(low, high), best.plan or plan, is_closed, True)
    return Base(case, frozenset(plan.selection), frozenset(plan.choices()), best)


def plan_of(case: Case, solution: Solution) -> Tally:
    """The solution's plan, to be judged exactly."""
    ledger = case.ledger
    choices: list[int] = []
    for item in solution.items:
        if item.selected:
            i = ledger.number[normalised(item.initiative_key)]
            choices.append(i)
            if ledger.times.is_needed and item.start_period is not None:
                choices.append(ledger.times.choice(i, ledger.times.place[normalised(item.start_period)]))
    return Tally(ledger, choices)


def _least(bounds: Sequence[Fraction | None]) -> Fraction | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def sharpened(best: Outlook, others: Sequence[Outlook]) -> Outlook:
    """The base with what plans of the other cases reached: each of them is a plan of the problem itself."""
    lows = [other.low for other in others if other.low is not None]
    if best.is_closed or best.low is None or not lows:
        return best
    low = max(best.low, *lows)
    return replace(best, low=low, high=None if best.high is None else max(low, best.high))


def _is_named(case: Case, i: int, names: Sequence[str]) -> bool:
    candidate = case.ledger.candidates[i]
    wanted = {normalised(name) for name in names}
    return candidate.initiative_key in wanted or normalised(candidate.title) in wanted


def _over_greedy(base: Base, solution: Solution) -> list[Statement]:
    """What optimising was worth."""
    greedy = solution.greedy_objective
    if greedy is None or solution.objective is None:
        return []
    gain = Fraction(solution.objective) - Fraction(greedy)
    words = f"gains {base.one(gain)} over" if gain > 0 else "gains nothing over"
    message = f"The plan {words} ranking by value per token and cutting at capacity."
    return [Statement("over_greedy", "objective", gain, gain, message)]
