"""Instances whose optimum is known from elsewhere, each to be proven at gap 0 within a minute.

Knapsacks of the classes that Pisinger describes ("Where are the hard knapsack problems?", 2005), their optimum by
dynamic programming; next release problems of the shape that Bagnall, Rayward-Smith and Whittley describe ("The next
release problem", 2001): where each waits for one other at most, their optimum by dynamic programming over the tree,
else by another solver (CP-SAT, or HiGHS on rows of its own). All are made here, from seeds.
"""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from engine.reading import read_problem
from engine.solve import solve

SECONDS = 60
RANGE = 1000


def weights_and_values(kind, count, seed):
    r = random.Random(seed)
    weights = [r.randint(1, RANGE) for _ in range(count)]
    tenth = RANGE // 10
    if kind == "uncorrelated":
        return weights, [r.randint(1, RANGE) for _ in weights]
    if kind == "weakly correlated":
        return weights, [max(1, w + r.randint(-tenth, tenth)) for w in weights]
    if kind == "strongly correlated":
        return weights, [w + tenth for w in weights]
    if kind == "almost strongly correlated":
        return weights, [w + tenth + r.randint(-RANGE // 500, RANGE // 500) for w in weights]
    if kind == "inversely correlated":
        values = [r.randint(1, RANGE) for _ in weights]
        return [v + tenth for v in values], values
    if kind == "subset sum":
        return weights, weights
    assert kind == "similar weights"
    return [r.randint(100_000, 100_000 + tenth) for _ in weights], [r.randint(1, RANGE) for _ in weights]


def knapsack(kind, count, seed):
    """(problem, optimum)"""
    weights, values = weights_and_values(kind, count, seed)
    capacity = sum(weights) // 2
    best = np.zeros(capacity + 1, dtype=np.int64)
    for weight, value in zip(weights, values, strict=True):
        if weight <= capacity:
            best[weight:] = np.maximum(best[weight:], best[: capacity + 1 - weight] + value)
    candidates = [
        {"initiative_key": f"C{i:04}", "engineering_tokens": w, "kpi_contributions": {"v": v}}
        for i, (w, v) in enumerate(zip(weights, values, strict=True))
    ]
    return problem(candidates, capacity), int(best[-1])


def problem(candidates, capacity, **rules):
    return read_problem(
        json.dumps(
            {
                "capacity_total_tokens": capacity,
                "objective": {"mode": "north_star"},
                "kpis": [{"kpi_key": "v", "kpi_level": "north_star"}],
                "candidates": candidates,
                "constraint_set": rules,
            }
        )
    )


def next_release(customers, budget, seed):
    """(problem, optimum): requirements of three levels that need some of the level before; a customer pays when all
    that he asks for is done."""
    r = random.Random(seed)
    cost: dict[str, int] = {}
    needs: dict[str, list[str]] = {}
    levels: list[list[str]] = []
    for level, (count, low, high, most) in enumerate([(20, 1, 5, 0), (40, 2, 8, 8), (80, 5, 10, 2)]):
        names = [f"R{level}-{i:02}" for i in range(count)]
        for name in names:
            cost[name] = r.randint(low, high)
            needs[name] = r.sample(levels[-1], r.randint(0, most)) if most else []
        levels.append(names)
    pays = {f"customer-{i:03}": r.randint(10, 50) for i in range(customers)}
    asks = {name: r.sample(list(cost), r.randint(1, 5)) for name in pays}
    capacity = int(sum(cost.values()) * budget)
    candidates = [{"initiative_key": name, "engineering_tokens": amount} for name, amount in cost.items()]
    candidates += [
        {"initiative_key": name, "engineering_tokens": 0, "kpi_contributions": {"v": amount}}
        for name, amount in pays.items()
    ]
    waits = {name: needed for name, needed in {**needs, **asks}.items() if needed}
    return problem(candidates, capacity, prerequisites=waits), proven(cost, pays, waits, capacity)


def proven(cost, pays, waits, capacity):
    """The optimum by CP-SAT, or by HiGHS itself where CP-SAT takes too long to prove it."""
    if len(pays) > 60:
        return by_highs(cost, pays, waits, capacity)
    cp_model = pytest.importorskip("ortools.sat.python.cp_model")
    model = cp_model.CpModel()
    x = {name: model.new_bool_var(name) for name in (*cost, *pays)}
    for who, needed in waits.items():
        for name in needed:
            model.add_implication(x[who], x[name])
    model.add(sum(amount * x[name] for name, amount in cost.items()) <= capacity)
    model.maximize(sum(amount * x[name] for name, amount in pays.items()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = 120
    solver.parameters.num_workers = 2
    assert solver.solve(model) == cp_model.OPTIMAL
    return round(solver.objective_value)


def by_highs(cost, pays, waits, capacity):
    import highspy

    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("mip_rel_gap", 0.0)
    x = {name: highs.addBinary() for name in (*cost, *pays)}
    for who, needed in waits.items():
        for name in needed:
            highs.addConstr(x[who] - x[name] <= 0)
    highs.addConstr(sum(amount * x[name] for name, amount in cost.items()) <= capacity)
    highs.maximize(sum(amount * x[name] for name, amount in pays.items()))
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return round(highs.getObjectiveValue())


def tree_release(count, budget, seed):
    """(problem, optimum): each initiative waits for one earlier one at most, costs 1 to 20 and is worth 0 to 50.

    In depth-first order, best[c] is the most that the rest can be worth with c tokens left: take the next one and go
    on below it, or skip all that waits for it (Johnson and Niemi, 1983).
    """
    r = random.Random(seed)
    parents = [None if i < 5 else r.randrange(i) for i in range(count)]
    cost = [r.randint(1, 20) for _ in parents]
    worth = [r.choice([0, 0, r.randint(1, 50)]) for _ in parents]
    capacity = int(sum(cost) * budget)
    below: dict[int | None, list[int]] = {}
    for i, parent in enumerate(parents):
        below.setdefault(parent, []).append(i)
    order: list[int] = []
    after: dict[int, int] = {}

    def visit(i):
        order.append(i)
        for child in below.get(i, []):
            visit(child)
        after[i] = len(order)

    for root in below[None]:
        visit(root)
    best = [np.zeros(capacity + 1, dtype=np.int64) for _ in range(count + 1)]
    for place in reversed(range(count)):
        i = order[place]
        best[place][:] = best[after[i]]
        if cost[i] <= capacity:
            taken = best[place + 1][: capacity + 1 - cost[i]] + worth[i]
            best[place][cost[i] :] = np.maximum(best[place][cost[i] :], taken)
    candidates = [
        {"initiative_key": f"C{i:04}", "engineering_tokens": c, "kpi_contributions": {"v": v}}
        for i, (c, v) in enumerate(zip(cost, worth, strict=True))
    ]
    waits = {f"C{i:04}": [f"C{parent:04}"] for i, parent in enumerate(parents) if parent is not None}
    return problem(candidates, capacity, prerequisites=waits), int(best[0][-1])


def is_reached(made):
    given, optimum = made
    found = solve(given, relative_gap=0, time_limit_s=SECONDS)
    assert (found.status, found.objective) == ("optimal", optimum)
    assert found.bound == optimum


KNAPSACKS = [
    ("uncorrelated", 100),
    ("uncorrelated", 500),
    ("weakly correlated", 100),
    ("weakly correlated", 200),
    ("weakly correlated", 500),
    ("strongly correlated", 50),
    ("strongly correlated", 100),
    ("strongly correlated", 200),
    ("almost strongly correlated", 50),
    ("almost strongly correlated", 100),
    ("inversely correlated", 50),
    ("inversely correlated", 100),
    ("subset sum", 100),
    ("subset sum", 500),
    ("similar weights", 100),
]
TREES = [(150, 0.3), (300, 0.5), (500, 0.3)]
RELEASES = [(100, 0.3), (100, 0.5), (100, 0.7)]


def test_a_small_knapsack_is_solved_to_its_known_optimum():
    is_reached(knapsack("weakly correlated", 60, 5))


def test_a_small_next_release_problem_is_solved_to_its_known_optimum():
    is_reached(next_release(30, 0.5, 5))
    is_reached(tree_release(60, 0.4, 5))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count"), KNAPSACKS)
def test_knapsacks_are_solved_to_their_known_optimum_within_a_minute(kind, count):
    is_reached(knapsack(kind, count, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize(("count", "budget"), TREES)
def test_initiatives_that_wait_for_one_another_are_solved_to_their_known_optimum_within_a_minute(count, budget):
    is_reached(tree_release(count, budget, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize(("customers", "budget"), RELEASES)
def test_next_release_problems_are_solved_to_their_known_optimum_within_a_minute(customers, budget):
    is_reached(next_release(customers, budget, seed=1))
