"""The solver against enumeration: small random problems with every kind of rule, each plan of each judged by other
code."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pulp
import pytest

from engine.exact import Tally, breaches, contradiction
from engine.formulate import formulate
from engine.ledger import Ledger
from engine.notes import Notes
from engine.reading import read_problem
from engine.scales import scales_of
from engine.search import tiebreaks
from engine.settling import settle
from engine.solve import solve
from engine.wanted import Wanted


def check(text, oracle, seed):
    problem = read_problem(text)
    assert not hasattr(problem, "errors"), f"seed {seed}: {problem.errors}"
    expected = oracle(text).judge()
    found = solve(problem)
    if expected is None:
        assert found.status == "infeasible", f"seed {seed}: no plan keeps the rules, but {found.status}"
        return "infeasible"
    objective, selection = expected
    assert found.status == "optimal", f"seed {seed}: {found.status} where {objective} can be had"
    chosen = {item.initiative_key.casefold() for item in found.items if item.selected}
    assert abs(Fraction(found.objective) - objective) <= abs(objective) / 10**18, f"seed {seed}: not the best objective"
    assert chosen == selection, f"seed {seed}: {chosen} instead of {selection}"
    assert found.ties == "broken" and found.relative_gap == 0 and found.bound == found.objective
    if found.greedy_objective is not None:
        assert found.greedy_objective <= found.objective
    return "optimal"


def test_500_random_problems_are_solved_to_the_very_plan_that_enumeration_finds(random_problem, oracle):
    outcomes = [check(random_problem(seed), oracle, seed) for seed in range(500)]
    assert 50 < outcomes.count("infeasible") < 300, "the problems should be neither all feasible nor all infeasible"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thousands_of_random_problems_are_solved_to_the_very_plan_that_enumeration_finds(random_problem, oracle):
    for seed in range(1_000, 7_000):
        check(random_problem(seed), oracle, seed)


def allowed_by_model(settled, scales, digests):
    """(allowed, objective) of all plans by the rows of the PuLP model: y the product of its members, u as small as can
    be."""
    formulation = formulate(settled, scales, digests, Wanted("objective"))
    n, rows = len(formulation.x), formulation.model.constraints()
    at = {f"x_{i}": (np.arange(2**n) >> i & 1).astype(float) for i in range(n)}
    for row in rows:  # y <= x_i for each member
        names = {v.name: a for v, a in row.items()}
        y = next((name for name in names if name.startswith("y_")), None)
        if y and len(names) == 2 and row.sense == pulp.LpConstraintLE:
            member = next(name for name in names if name != y)
            at[y] = np.minimum(at.get(y, np.ones(2**n)), at[member])
    ok = np.ones(2**n, dtype=bool)
    for row in rows:
        names = {v.name: a for v, a in row.items()}
        u = next((name for name in names if name.startswith("u_")), None)
        held = sum((a * at[name] for name, a in names.items() if name != u), np.zeros(2**n)) + row.constant
        if u:
            at[u] = np.maximum(0, -held)
            ok &= at[u] <= next(v for v in row if v.name == u).upBound + 1e-6
        elif row.sense == pulp.LpConstraintLE:
            ok &= held <= 1e-6
        else:
            ok &= held >= -1e-6
    objective = sum((a * at[v.name] for v, a in formulation.model.objective.items()), np.zeros(2**n))
    return ok, objective / float(formulation.scale) + float(formulation.constant)


def test_the_model_and_the_exact_check_allow_the_same_plans_and_give_them_the_same_objective(random_problem, oracle):
    for seed in range(400):
        text = random_problem(seed)
        settled = settle(read_problem(text), Notes())
        scales = scales_of(settled.problem, Notes())
        ledger = Ledger(settled, scales)
        n = len(ledger.candidates)
        allowed, objective = allowed_by_model(settled.problem, scales, tiebreaks(settled))
        judge = oracle(text)
        place = {key: i for i, key in enumerate(judge.keys)}  # the ledger's candidates stand in another order
        for mask in range(0, 2**n, 1 if n < 7 else 5):
            tally = Tally(ledger, [i for i in range(n) if mask >> i & 1])
            is_sound = not any(breaches(tally))
            theirs = sum(1 << place[ledger.candidates[i].initiative_key] for i in tally.selection)
            assert allowed[mask] == is_sound, f"seed {seed}, plan {mask:b}: {[b.path for b in breaches(tally)]}"
            assert judge.allowed[theirs] == is_sound, f"seed {seed}, plan {mask:b}"
            if is_sound:
                assert abs(objective[mask] - float(tally.objective)) <= 1e-6 * max(1, abs(float(tally.objective)))


def test_a_contradiction_is_only_reported_where_no_plan_keeps_the_rules(random_problem, oracle):
    reported = 0
    for seed in range(500):
        text = random_problem(seed)
        settled = settle(read_problem(text), Notes())
        if contradiction(Ledger(settled, scales_of(settled.problem, Notes()))) is not None:
            reported += 1
            assert oracle(text).judge() is None, f"seed {seed}"
    assert reported > 50


def test_whatever_a_breach_cuts_off_breaks_the_rules(random_problem):
    for seed in range(150):
        settled = settle(read_problem(random_problem(seed)), Notes())
        ledger = Ledger(settled, scales_of(settled.problem, Notes()))
        n = len(ledger.candidates)
        sound = [set(t.selection) for m in range(2**n) if not any(breaches(t := Tally(ledger, _plan(m, n))))]
        for mask in range(2**n):
            for breach in breaches(Tally(ledger, _plan(mask, n))):
                for plan in sound:
                    kept = len(breach.selected & plan) + len(breach.left_out - plan)
                    assert kept <= breach.most, f"seed {seed}: {breach.path} cuts off a sound plan"
                assert (
                    len(breach.selected & set(_plan(mask, n))) + len(breach.left_out - set(_plan(mask, n)))
                    > breach.most
                )


def _plan(mask, n):
    return [i for i in range(n) if mask >> i & 1]
