"""What a sheet says beside its rows after a run: what would get an initiative in, what each row's rules cost, how far
plans can go in each target, and where more capacity would earn most.

It is found after the plan, within a budget of its own. What is not known when that ends is not said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.explain import CLOSEST, COARSE, based, case_for, plan_of, sharpened
from engine.flips import flip_statement, flips
from engine.gets_in import gets_in
from engine.prices import next_best_spend, row_prices
from engine.probe import Case, Probers
from engine.problem import Problem, Solution
from engine.search import MANY
from engine.statements import Statement
from engine.target_reach import target_reaches

LONGEST_S = 20.0
"""What the remarks may take at most."""


def budget_s(problem: Problem) -> float:
    """Seconds that the remarks of a run may take: as long as the search itself may, and not longer than that."""
    return min(float(problem.solver.time_limit_s), LONGEST_S)


def remarks(
    problem: Problem, solution: Solution, *, seconds: float, check: Callable[[], object] = bool
) -> list[Statement]:
    """What can be said within ``seconds`` of a run with a plan, or of one without any (its targets alone). ``check``
    is called now and then, and raises to end it."""
    if not solution.items and solution.status != "infeasible":
        return []
    case = case_for(problem)
    with Probers(seconds, check) as probers:
        told = target_reaches(case, probers, plan_of(case, solution) if solution.items else None)
        if solution.items:
            told += _of_plan(case, solution, probers, is_first_of_several=problem.objective.mode == "lexicographic")
    return told


def _of_plan(case: Case, solution: Solution, probers: Probers, *, is_first_of_several: bool) -> list[Statement]:
    """Of KPIs in order only the first one's numbers are known: the later ones have their say in who gets in."""
    is_small = len(case.ledger.candidates) <= MANY
    gap = 0.0 if is_small else COARSE
    base = based(case, solution, probers, gap)
    if base.best.low is None:
        return []
    first = next((case.settled.kpi_names.get(key, key) for key in case.ledger.scales.worth), "")
    told = row_prices(base, probers, gap, f"costs no {first}" if is_first_of_several else "costs nothing")
    told += [one for one in next_best_spend(base, probers, (), gap) if one.high is not None]
    out = [i for i in range(len(case.ledger.candidates)) if i not in base.plan]
    flipped = flips(base, probers, (), MANY if is_small else CLOSEST, gap, out)
    base = replace(base, best=sharpened(base.best, [flip.outlook for flip in flipped]))
    barred = [flip_statement(base, flip) for flip in flipped]
    if is_first_of_several:
        return [*told, *(one for one in barred if one.brief and one.low is None)]
    told += [one for one in barred if one.brief]
    return [*told, *gets_in(base, probers, flipped, MANY if is_small else CLOSEST, 0)]
