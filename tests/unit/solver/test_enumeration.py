"""The solver against enumeration: small random problems with every kind of rule, each plan of each judged by other
code."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pulp
import pytest

from engine.checks import contradiction
from engine.exact import Tally, breaches
from engine.formulate import formulate
from engine.ledger import Ledger
from engine.notes import Notes
from engine.reading import read_problem
from engine.scales import scales_of
from engine.search import tiebreaks
from engine.settling import settle
from engine.solve import solve
from engine.wanted import Wanted


@pytest.fixture(autouse=True)
def _conflicts_left_out(monkeypatch):
    """What is infeasible is not explained here, which would take longer than all the rest."""
    monkeypatch.setattr("engine.solve.conflict_of", lambda *_: {"rules": [], "repairs": []})


def check(text, oracle, seed):
    problem = read_problem(text)
    assert not hasattr(problem, "errors"), f"seed {seed}: {problem.errors}"
    expected = oracle(text).judge()
    found = solve(problem, relative_gap=0)
    if expected is None:
        assert found.status == "infeasible", f"seed {seed}: no plan keeps the rules, but {found.status}"
        return "infeasible"
    objective, starts, bests = expected
    assert found.status == "optimal", f"seed {seed}: {found.status} where {objective} can be had"
    chosen = {item.initiative_key.casefold(): item.start_period.casefold() for item in found.items if item.selected}
    assert abs(Fraction(found.objective) - objective) <= abs(objective) / 10**18, f"seed {seed}: not the best objective"
    assert chosen == starts, f"seed {seed}: {chosen} instead of {starts}"
    assert (found.ties, found.relative_gap) == ("broken", 0)
    if problem.objective.mode == "lexicographic":
        assert found.bound is None
        assert [stage["objective"] for stage in found.stages] == [stage["bound"] for stage in found.stages]
        for stage, best in zip(found.stages, bests, strict=True):
            assert abs(Fraction(stage["objective"]) - best) <= abs(best) / 10**18, f"seed {seed}: {stage}"
    else:
        assert (found.bound, found.stages) == (found.objective, None)
    if found.greedy_objective is not None and problem.objective.mode != "lexicographic":
        assert found.greedy_objective <= found.objective
    return "optimal"


def test_350_random_problems_are_solved_to_the_very_plan_that_enumeration_finds(random_problem, oracle):
    outcomes = [check(random_problem(seed), oracle, seed) for seed in range(350)]
    assert 35 < outcomes.count("infeasible") < 210, "the problems should be neither all feasible nor all infeasible"


def test_150_random_problems_of_several_periods_are_solved_to_the_very_plan_and_starts_of_enumeration(
    random_problem, oracle
):
    outcomes = [check(random_problem(seed, 2 + seed % 2), oracle, seed) for seed in range(150)]
    assert 15 < outcomes.count("infeasible") < 90, "the problems should be neither all feasible nor all infeasible"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("periods", "start"),
    [(periods, start) for periods in (1, 2, 3) for start in range(1_000, 5_000 if periods == 1 else 2_500, 500)],
)
def test_thousands_of_random_problems_are_solved_to_the_very_plan_that_enumeration_finds(
    random_problem, oracle, periods, start
):
    for seed in range(start, start + 500):
        check(random_problem(seed, periods), oracle, seed)


def choices_of(plan, n, periods):
    """The choices of a plan that is a number: with T periods n digits of base T + 1, 0 or 1 + the start."""
    starts = [plan // (periods + 1) ** i % (periods + 1) - 1 for i in range(n)]
    return [i if periods == 1 else n + i * periods + start for i, start in enumerate(starts) if start >= 0]


def allowed_by_model(settled, scales, digests):
    """(allowed, objective) of all plans by the rows of the PuLP model: y the product of its members, u as small as can
    be."""
    formulation = formulate(settled, scales, digests, Wanted("objective"))
    n, periods, rows = len(settled.candidates), len(settled.periods), formulation.model.constraints()
    plans = (periods + 1) ** n
    digits = [np.arange(plans) // (periods + 1) ** i % (periods + 1) for i in range(n)]
    at = {f"x_{i}": (digits[i] > 0).astype(float) for i in range(n)}
    if periods > 1:
        at |= {f"x_{i}_{t}": (digits[i] == t + 1).astype(float) for i in range(n) for t in range(periods)}
    ok = np.ones(plans, dtype=bool)
    for variable in formulation.x:
        ok &= (at[variable.name] >= variable.lowBound) & (at[variable.name] <= variable.upBound)
    for row in rows:  # y <= x_i for each member
        names = {v.name: a for v, a in row.items()}
        y = next((name for name in names if name.startswith("y_")), None)
        if y and len(names) == 2 and row.sense == pulp.LpConstraintLE:
            member = next(name for name in names if name != y)
            at[y] = np.minimum(at.get(y, np.ones(plans)), at[member])
    for row in rows:
        names = {v.name: a for v, a in row.items()}
        u = next((name for name in names if name.startswith("u_")), None)
        held = sum((a * at[name] for name, a in names.items() if name != u), np.zeros(plans)) + row.constant
        if u:
            at[u] = np.maximum(0, -held)
            ok &= at[u] <= next(v for v in row if v.name == u).upBound + 1e-6
        elif row.sense == pulp.LpConstraintLE:
            ok &= held <= 1e-6
        else:
            ok &= held >= -1e-6
    objective = sum((a * at[v.name] for v, a in formulation.model.objective.items()), np.zeros(plans))
    return ok, objective / float(formulation.scale) + float(formulation.constant)


@pytest.mark.parametrize(("periods", "count"), [(1, 250), (2, 80), (3, 80)])
def test_the_model_and_the_exact_check_allow_the_same_plans_and_give_them_the_same_objective(
    random_problem, oracle, periods, count
):
    for seed in range(count):
        text = random_problem(seed, periods)
        settled = settle(read_problem(text), Notes())
        scales = scales_of(settled.problem, Notes())
        ledger = Ledger(settled, scales)
        n = len(ledger.candidates)
        allowed, objective = allowed_by_model(settled.problem, scales, tiebreaks(settled))
        judge = oracle(text)
        place = {key: i for i, key in enumerate(judge.keys)}  # the ledger's candidates stand in another order
        for plan in range(0, len(allowed), max(1, len(allowed) // 97)):
            tally = Tally(ledger, choices_of(plan, n, periods))
            is_sound = not any(breaches(tally))
            theirs = sum(
                (start + 1) * judge.base ** place[ledger.candidates[i].initiative_key]
                for i, start in tally.starts.items()
            )
            assert allowed[plan] == is_sound, f"seed {seed}, plan {plan}: {[b.path for b in breaches(tally)]}"
            assert judge.allowed[theirs] == is_sound, f"seed {seed}, plan {plan}"
            if is_sound:
                assert abs(objective[plan] - float(tally.objective)) <= 1e-6 * max(1, abs(float(tally.objective)))


@pytest.mark.parametrize("periods", [1, 3])
def test_a_contradiction_is_only_reported_where_no_plan_keeps_the_rules(random_problem, oracle, periods):
    reported = 0
    for seed in range(400):
        text = random_problem(seed, periods)
        settled = settle(read_problem(text), Notes())
        if contradiction(Ledger(settled, scales_of(settled.problem, Notes()))) is not None:
            reported += 1
            assert oracle(text).judge() is None, f"seed {seed}"
    assert reported > 50


@pytest.mark.parametrize("periods", [1, 2])
def test_whatever_a_breach_cuts_off_breaks_the_rules(random_problem, periods):
    for seed in range(100):
        settled = settle(read_problem(random_problem(seed, periods)), Notes())
        ledger = Ledger(settled, scales_of(settled.problem, Notes()))
        n = len(ledger.candidates)
        tallies = [Tally(ledger, choices_of(plan, n, periods)) for plan in range((periods + 1) ** n)]
        sound = [tally.choices() for tally in tallies if not any(breaches(tally))]
        for tally in tallies[:: max(1, len(tallies) // 60)]:
            for breach in breaches(tally):
                for plan in sound:
                    kept = len(breach.selected & plan) + len(breach.left_out - plan)
                    assert kept <= breach.most, f"seed {seed}: {breach.path} cuts off a sound plan"
                choices = tally.choices()
                assert len(breach.selected & choices) + len(breach.left_out - choices) > breach.most
