"""Remarks against enumeration: what rows cost and how far targets can go, worked out again over all plans."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.clauses import changed, without
from engine.errors import Cancelled
from engine.notes import Notes
from engine.problem import SourceCell
from engine.reading import read_problem
from engine.remarks import budget_s, remarks
from engine.settling import settle
from engine.solve import solve
from engine.yardstick import measured

UNIT = 10**6
ELSEWHERE = ("targets", "locks", "max_changes", "capacity_total_tokens")
"""Rules that no row of Constraints says."""


def in_rows(problem):
    """The problem with two of its rules on each row of a sheet; and row -> the parts of its rules."""
    found = []
    changed(problem, lambda parts, value: found.append(parts) or value)
    sources, rows = {}, {}
    for at, parts in enumerate(found):
        path = path_of(parts)
        cell = f"Constraints!F{2 + at // 2}"
        sources.setdefault(path, []).append(SourceCell(cell=cell))
        rows.setdefault(cell, []).append(parts)
    rules = problem.constraint_set.model_copy(update={"sources": {path: tuple(held) for path, held in sources.items()}})
    return problem.model_copy(update={"constraint_set": rules}), rows


def path_of(parts):
    return ".".join(parts[:2] if parts[0] == "groups" else parts)


def settled(problem):
    return measured(settle(problem, Notes())).problem


def text_of(problem):
    """As JSON, with the scales that every variant has to keep."""
    signs = {kpi.kpi_key: -1 if kpi.direction == "decrease" else 1 for kpi in problem.kpis}
    scales = dict(problem.objective.scales)
    for kpi_key, sign in signs.items():
        amounts = [sign * c.kpi_contributions.get(kpi_key, Decimal(0)) for c in problem.candidates]
        scales.setdefault(kpi_key, sum((a for a in amounts if a > 0), Decimal(0)) or Decimal(1))
    plain = json.loads(problem.model_copy(update={"constraint_set": problem.constraint_set}).to_json())
    plain["objective"] = {"weights": {}, **plain["objective"], "scales": {key: float(s) for key, s in scales.items()}}
    plain.get("constraint_set", {}).pop("sources", None)
    return json.dumps(plain)


def best(problem, oracle):
    judged = oracle(text_of(problem)).judge()
    return None if judged is None else judged[0]


def extreme(problem, path, oracle):
    """The most (of a cap the least) of a target in the improving sense over all plans that keep the other rules."""
    _, dimension, key, kpi, kind = path.split(".")
    held = without(problem, [("targets", dimension, key, kpi, other) for other in ("floor", "cap")])
    judge = oracle(text_of(held))
    got = judge.sign[kpi] * judge.achieved(kpi, judge.inside(dimension, key))[judge.allowed]
    if not len(got):
        return None
    return Fraction(int(got.min() if kind == "cap" else got.max()), UNIT)


def check_rows(problem, told, rows, oracle):
    """Each price is what dropping all rules of that row brings. How many there are."""
    before = best(problem, oracle)
    priced = [one for one in told if one.kind == "row_price"]
    for one in priced:
        paths = {path_of(parts) for parts in rows[one.sources[0].cell]}  # both ends of a group go by one path
        gone = [parts for held in rows.values() for parts in held if path_of(parts) in paths]
        gone = [parts for parts in gone if parts[0] not in ELSEWHERE]
        gain = best(without(problem, gone), oracle) - before
        assert one.low <= gain <= one.high, (one, gain)
        assert (one.brief in ("costs nothing",) or "costs no " in one.brief) == (one.high == 0)
    return len(priced)


def check_targets(problem, told, oracle):
    reaches = [one for one in told if one.kind == "target_reach"]
    for one in reaches:
        far = extreme(problem, one.path, oracle)
        is_cap = one.path.endswith(".cap")
        if far is None:
            assert one.brief.startswith(("no: ", "perhaps: ")), one
            continue
        assert one.low is None or one.low <= far, (one, far)
        assert one.high is None or far <= one.high, (one, far)
        target = problem.constraint_set.targets
        _, dimension, key, kpi, kind = one.path.split(".")
        asked = getattr(target[dimension][key][kpi], kind)
        sign = -1 if next(k for k in problem.kpis if k.kpi_key == kpi).direction == "decrease" else 1
        need = sign * (Fraction(asked.value) - Fraction(asked.baseline or 0))
        is_reachable = far <= need if is_cap else far >= need
        assert one.brief.startswith("yes: " if is_reachable else "no: "), (one, far, need)
    return len(reaches)


def test_prices_of_rows_and_reaches_of_targets_are_what_enumeration_finds(random_problem, oracle):
    rows_seen = targets_seen = 0
    for seed in range(100):
        problem, rows = in_rows(settled(read_problem(random_problem(seed))))
        solution = solve(problem)
        told = remarks(problem, solution, seconds=20)
        targets_seen += check_targets(problem, told, oracle)
        if solution.items and problem.objective.mode != "score":  # what goals cost rests on the sum of scores
            rows_seen += check_rows(problem, told, rows, oracle)
    assert rows_seen > 60
    assert targets_seen > 30


def test_what_would_get_an_initiative_in_does_when_it_is_typed(random_problem, oracle):
    """The number in the cell is rounded, and always to the side that is enough."""
    typed = 0
    for seed in range(40, 80):
        problem = settled(read_problem(random_problem(seed)))
        solution = solve(problem)
        if not solution.items or problem.objective.mode == "score":
            continue
        for one in remarks(problem, solution, seconds=20):
            if one.kind != "gets_in" or "between" in one.brief:
                continue
            key, _, kpi = one.path.removeprefix("candidates.").split(".")
            amount = Decimal(one.brief.removeprefix("it brings ").split()[0].replace(",", ""))
            assert with_it(problem, key, kpi, amount, oracle) >= without_it(problem, key, oracle), one
            typed += 1
    assert typed > 20


def with_it(problem, key, kpi, amount, oracle):
    frozen = json.loads(text_of(problem))
    for candidate in frozen["candidates"]:
        if candidate["initiative_key"] == key:
            candidate.setdefault("kpi_contributions", {})[kpi] = float(amount)
    frozen.setdefault("constraint_set", {}).setdefault("mandatory_initiatives", []).append(key)
    return oracle(json.dumps(frozen)).judge()[0]


def without_it(problem, key, oracle):
    frozen = json.loads(text_of(problem))
    frozen.setdefault("constraint_set", {}).setdefault("exclusions_initiatives", []).append(key)
    return oracle(json.dumps(frozen)).judge()[0]


def test_without_time_nothing_is_said_that_is_not_known(random_problem, oracle):
    for seed in range(20):
        problem, _ = in_rows(settled(read_problem(random_problem(seed))))
        solution = solve(problem)
        told = remarks(problem, solution, seconds=0)
        assert {one.kind for one in told} <= {"target_reach", "why_out", "row_price"}
        assert all(one.brief == "costs nothing" for one in told if one.kind == "row_price")  # of what is no candidate
        for one in told:
            if one.kind == "target_reach":
                far = extreme(problem, one.path, oracle)
                is_within = far is None or (far >= one.low if one.path.endswith(".cap") else far <= one.high)
                assert is_within, (one, far)


def test_a_run_without_a_plan_for_want_of_time_is_not_remarked_on(random_problem):
    problem = read_problem(random_problem(1))
    nothing = solve(problem).model_copy(update={"status": "no_solution_in_time", "items": ()})
    assert remarks(problem, nothing, seconds=5) == []


def test_remarks_end_where_the_check_raises(random_problem):
    problem = read_problem(random_problem(2))
    solution = solve(problem)
    before = threading.active_count()

    def called_off():
        raise Cancelled("Called off.")

    with pytest.raises(Cancelled):
        remarks(problem, solution, seconds=20, check=called_off)
    assert threading.active_count() <= before


def test_remarks_may_take_as_long_as_the_search_and_twenty_seconds_at_most(random_problem):
    problem = read_problem(random_problem(3))
    for limit, budget in (("5", 5), ("60", 20)):
        timed = problem.solver.model_copy(update={"time_limit_s": Decimal(limit)})
        assert budget_s(problem.model_copy(update={"solver": timed})) == budget


def knapsack(mode="north_star", **rules):
    rows = [
        {"initiative_key": f"I{i}", "title": f"Idea {i}", "engineering_tokens": 10, "kpi_contributions": {"r": worth}}
        for i, worth in enumerate((9000, 8000, 1000))
    ]
    problem = {
        "capacity_total_tokens": 20,
        "objective": {"mode": mode, "order": ["r"]},
        "kpis": [{"kpi_key": "r", "kpi_level": "north_star", "unit": "EUR"}],
        "candidates": rows,
        "constraint_set": rules,
    }
    return read_problem(json.dumps(problem))


def told_of(problem, kind):
    return [one for one in remarks(problem, solve(problem), seconds=20) if one.kind == kind]


def test_the_words_of_cells_name_amounts_with_commas_and_units():
    sources = {"exclusions_initiatives.i0": [{"cell": "Constraints!J4"}], "targets.all.all.r.floor": []}
    targets = {"all": {"all": {"r": {"floor": {"value": 1500}, "goal": {"value": 12000}}}}}
    problem = knapsack(exclusions_initiatives=["I0"], targets=targets, sources=sources)
    (price,) = told_of(problem, "row_price")
    assert price.brief == "costs 12,500 EUR r"  # 8,000 of value, and 1.5 for each of the 3,000 that the goal is short
    assert [one.brief for one in told_of(problem, "target_reach")] == [
        "yes: at most 9,000 EUR",
        "no: at most 9,000 EUR",
    ]
    barred = next(one for one in told_of(problem, "why_out") if one.path == "candidates.i0")
    assert barred.brief == "a rule changes: it is excluded (Constraints!J4)"


def test_what_is_left_out_says_what_it_would_have_to_bring():
    (one,) = told_of(knapsack(), "gets_in")
    assert one.brief == "it brings 8,000 EUR r (now 1,000)"


def test_of_kpis_in_order_no_number_is_said_to_get_an_initiative_in():
    assert told_of(knapsack("lexicographic"), "gets_in") == []


def test_the_same_remarks_come_twice(random_problem):
    problem, _ = in_rows(settled(read_problem(random_problem(7))))
    solution = solve(problem)
    first, second = (remarks(problem, solution, seconds=20) for _ in range(2))
    assert first == second
    assert all(one.plain()["message"].endswith(".") for one in first)
