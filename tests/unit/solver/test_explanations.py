"""Explanations against enumeration: every number that is told is worked out again over all plans by other code."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.clauses import clauses, moved, only, without
from engine.explain import explanations
from engine.notes import Notes
from engine.prices import STEPS
from engine.problem import Objective
from engine.reading import read_problem
from engine.repairs import typeable
from engine.settling import settle
from engine.solve import solve
from engine.yardstick import measured

HAIR = Decimal("0.000001")


class Variants:
    """One problem, settled, with its scales written down so that no variant changes them; judged by enumeration."""

    def __init__(self, text, oracle):
        self.oracle = oracle
        self.given = read_problem(text)
        self.solution = solve(self.given)
        self.problem = frozen(measured(settle(self.given, Notes())).problem)

    def best(self, problem=None):
        """The best objective, or None where no plan keeps the rules."""
        text = (problem or self.problem).to_json()
        if '"weights"' not in text:  # an empty map is left out
            text = text.replace('"weighted_kpis"', '"weighted_kpis","weights":{}')
        judged = self.oracle(text).judge()
        return None if judged is None else judged[0]

    def holding(self, key, is_in, problem=None):
        """The problem with one initiative in, or out."""
        at = problem or self.problem
        field = "mandatory_initiatives" if is_in else "exclusions_initiatives"
        rules = at.constraint_set
        held = rules.model_copy(update={field: (*getattr(rules, field), key)})
        return at.model_copy(update={"constraint_set": held})

    def with_candidate(self, key, **fields):
        """The problem with other numbers of one candidate."""
        made = [c.model_copy(update=fields) if c.initiative_key == key else c for c in self.problem.candidates]
        return self.problem.model_copy(update={"candidates": tuple(made)})

    def statements(self):
        return explanations(self.given, self.solution, seconds=30)


def frozen(problem):
    """The problem with the scales of its KPIs as numbers."""
    signs = {kpi.kpi_key: -1 if kpi.direction == "decrease" else 1 for kpi in problem.kpis}
    scales = dict(problem.objective.scales)
    for kpi_key, sign in signs.items():
        amounts = [sign * c.kpi_contributions.get(kpi_key, Decimal(0)) for c in problem.candidates]
        scales.setdefault(kpi_key, sum((a for a in amounts if a > 0), Decimal(0)) or Decimal(1))
    objective = Objective(**{**problem.objective.model_dump(), "scales": scales})
    return problem.model_copy(update={"objective": objective})


def is_within(statement, number):
    return statement.low <= number and (statement.high is None or number <= statement.high)


def check_flip(variants, statement, best):
    key = statement.path.removeprefix("candidates.")
    other = variants.best(variants.holding(key, statement.kind == "why_out"))
    if other is None:
        assert statement.low is None and statement.high is None, statement
        return True
    assert is_within(statement, best - other), (statement, best - other)
    return statement.low == statement.high


def check_price(variants, statement, best):
    parts = [c.parts for c in clauses(variants.problem) if c.path == statement.path]
    gains = [variants.best(without(variants.problem, [one])) - best for one in parts]
    assert any(is_within(statement, gain) for gain in gains), (statement, gains)
    return statement.low == statement.high


def check_spend(variants, statement, best):
    clause = next(c for c in clauses(variants.problem) if c.path == statement.path)
    unit = Decimal(1).scaleb(min(0, clause.number.normalize().as_tuple().exponent))
    rates = []
    for step in STEPS:
        number = clause.number + max(unit, (clause.number * step).quantize(unit, "ROUND_CEILING"))
        gain = variants.best(moved(variants.problem, {clause.parts: number})) - best
        rates.append(gain / Fraction(number - clause.number))
    assert any(is_within(statement, rate) for rate in rates), (statement, rates)
    return statement.low == statement.high


def check_gets_in(variants, statement, best):
    key, field, *kpi = statement.path.removeprefix("candidates.").split(".")
    candidate = next(c for c in variants.problem.candidates if c.initiative_key == key)
    is_goal_priced = variants.problem.objective.mode == "score"
    if is_goal_priced:
        return  # what goals cost rests on the sum of scores, which the variant would change

    def loss_at(number):
        if field == "engineering_tokens":
            at = variants.with_candidate(key, engineering_tokens=number)
        else:
            at = variants.with_candidate(key, kpi_contributions={**candidate.kpi_contributions, kpi[0]: number})
        into = variants.best(variants.holding(key, True, at))
        return None if into is None else variants.best(variants.holding(key, False, at)) - into

    low, high = (Decimal(end.numerator) / Decimal(end.denominator) for end in (statement.low, statement.high))
    if field == "engineering_tokens":
        assert loss_at(low) <= 0, statement
        unit = Decimal(1).scaleb(min(0, candidate.engineering_tokens.normalize().as_tuple().exponent))
        assert low != high or loss_at(low + unit) is None or loss_at(low + unit) > 0, statement
        return
    is_better_up = next(k for k in variants.problem.kpis if k.kpi_key == kpi[0]).direction == "increase"
    enough, short = (high + HAIR, low - HAIR) if is_better_up else (low - HAIR, high + HAIR)
    assert loss_at(rounded(enough)) <= 0, statement
    after = loss_at(rounded(short))
    assert after is None or after > 0, statement


def rounded(number):
    return number.quantize(HAIR)


CHECKS = {
    "why_in": check_flip,
    "why_out": check_flip,
    "rule_price": check_price,
    "next_best_spend": check_spend,
    "gets_in": check_gets_in,
}


def check_plan(variants, seed):
    """For each number that was told: is it one number, not an interval?"""
    best = variants.best()
    told = [one for one in variants.statements() if one.kind in CHECKS]
    exact = []
    for statement in told:
        try:
            exact.append(CHECKS[statement.kind](variants, statement, best) is not False)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    return exact


def check_conflict(variants, seed):
    """The rules that are named cannot all hold, any but one of them can, and each repair makes a plan possible."""
    conflict, problem = variants.solution.conflict, variants.problem
    named = [rule["path"] for rule in conflict["rules"]]
    assert named, f"seed {seed}: no conflict told"
    parts = [c.parts for c in clauses(problem) if c.path in named]
    assert variants.best(only(problem, parts)) is None, f"seed {seed}: {named} can all hold"
    if len(parts) == len(named):
        for one in parts:
            rest = [other for other in parts if other != one]
            assert variants.best(only(problem, rest)) is not None, f"seed {seed}: {named} without {one} cannot hold"
    for repair in conflict["repairs"]:
        check_repair(variants, [repair, *repair.get("also", ())], seed)


def check_repair(variants, steps, seed):
    at, last = variants.problem, None
    for step in steps:
        found = [c for c in clauses(variants.problem) if c.path == step["path"]]
        if len(found) != 1:
            return
        last = found[0]
        at = without(at, [last.parts]) if step["to"] is None else moved(at, {last.parts: step["to"]})
    assert variants.best(at) is not None, f"seed {seed}: {steps} repairs nothing"
    if len(steps) == 1 and steps[0]["to"] is not None and not last.parts[0].startswith("share"):
        inch = (last.number - steps[0]["to"]) / 1000
        if last.value == int(last.number) and isinstance(last.value, int):
            inch = (last.number - steps[0]["to"]).copy_sign(inch) / abs(last.number - steps[0]["to"])
        nearer = moved(variants.problem, {last.parts: (steps[0]["to"] + inch).quantize(HAIR)})
        assert variants.best(nearer) is None, f"seed {seed}: {steps} moves too far"


def check(text, oracle, seed):
    variants = Variants(text, oracle)
    if variants.solution.status == "infeasible":
        check_conflict(variants, seed)
        return []
    return check_plan(variants, seed) if variants.solution.items else []


def check_many(texts, oracle):
    """Each number is true, and all but a few are exact."""
    exact = [one for seed, text in texts for one in check(text, oracle, seed)]
    assert sum(exact) >= 0.99 * len(exact), f"{exact.count(False)} of {len(exact)} are intervals"


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_explanations_of_small_problems_are_what_enumeration_finds(start, random_problem, oracle):
    check_many([(seed, random_problem(seed)) for seed in range(start, start + 20)], oracle)


def test_explanations_over_several_periods_are_what_enumeration_finds(random_problem, oracle):
    check_many([(seed, random_problem(seed, periods=2)) for seed in range(10)], oracle)


def test_intervals_of_large_problems_hold_what_enumeration_finds(random_problem, oracle, monkeypatch):
    """As beyond 200 candidates: relaxations for all, exact re-solves for the closest calls only."""
    monkeypatch.setattr("engine.explain.MANY", 2)
    monkeypatch.setattr("engine.explain.CLOSEST", 2)
    for seed in range(60, 75):
        check(random_problem(seed), oracle, seed)


def conflict_between(rows, rules):
    """What is told of candidates that 900 tokens would be enough for, and rules that cannot all hold."""
    problem = {
        "capacity_total_tokens": 900,
        "objective": {"mode": "score"},
        "kpis": [],
        "candidates": rows,
        "constraint_set": rules,
    }
    return solve(read_problem(json.dumps(problem))).conflict


def test_a_conflict_names_the_cells_of_its_rules_and_a_repair_to_type():
    rows = [
        {"initiative_key": f"I{i}", "title": f"Idea {i}", "engineering_tokens": 250, "country": "UK"} for i in (1, 2)
    ]
    sources = {
        "caps.country.uk": [{"cell": "Constraints!E7"}],
        "mandatory_initiatives.i1": [{"cell": "Constraints!J2"}],
        "mandatory_initiatives.i2": [{"cell": "Constraints!J3"}],
    }
    rules = {"caps": {"country": {"UK": 400}}, "mandatory_initiatives": ["I1", "I2"], "sources": sources}
    conflict = conflict_between(rows, rules)
    assert {rule["message"] for rule in conflict["rules"]} == {
        "Constraints!E7: UK: at most 400 tokens",
        "Constraints!J2: Idea 1 has to be in",
        "Constraints!J3: Idea 2 has to be in",
    }
    cheapest = conflict["repairs"][0]
    assert (cheapest["path"], cheapest["from"], cheapest["to"]) == ("caps.country.uk", 400, 500)
    assert cheapest["message"] == "Raise Constraints!E7 from 400 to 500 tokens (UK: at most 400 tokens)"
    assert conflict["repairs"][1]["message"].startswith("Drop Constraints!J")


def test_two_separate_conflicts_are_repaired_together():
    rows = [
        {"initiative_key": key, "engineering_tokens": 100, "country": country}
        for key, country in (("A", "UK"), ("B", "FR"))
    ]
    rules = {"caps": {"country": {"UK": 50, "FR": 40}}, "mandatory_initiatives": ["A", "B"]}
    conflict = conflict_between(rows, rules)
    (repair,) = conflict["repairs"]
    steps = {step["path"]: step["to"] for step in (repair, *repair["also"])}
    assert steps == {"caps.country.uk": 100, "caps.country.fr": 100}
    assert " and " in repair["message"]


def thirds(field, bound):
    """A takes 20.6 tokens over three periods, 6.8666… in each, and has to be in."""
    rows = [{"initiative_key": "A", "engineering_tokens": 20.6, "duration_periods": 3}]
    periods = ["2026-Q1", "2026-Q2", "2026-Q3"]
    return {
        "capacity_total_tokens": 900,
        "objective": {"mode": "score"},
        "kpis": [],
        "periods": periods,
        "period_key": periods[0],
        "candidates": rows,
        "constraint_set": {field: {periods[1]: {"all": {"all": bound}}}, "mandatory_initiatives": ["A"]},
    }


@pytest.mark.parametrize(
    ("field", "bound", "enough"), [("period_caps", 6, "6.866667"), ("period_floors", 7, "6.866666")]
)
def test_a_repair_to_a_number_without_end_is_one_to_type_on_the_side_that_is_enough(field, bound, enough):
    conflict = solve(read_problem(json.dumps(thirds(field, bound)))).conflict
    (repair,) = [one for one in conflict["repairs"] if one["path"].startswith(field)]
    assert repair["to"] == Decimal(enough)
    assert f"to {enough} tokens" in repair["message"]
    assert solve(read_problem(json.dumps(thirds(field, float(repair["to"]))))).status == "optimal"


@pytest.mark.parametrize(
    ("number", "typed"),
    [
        (Fraction(0), "0"),
        (Fraction(25_390), "25390"),
        (Fraction(1, 8), "0.125"),
        (Fraction(1, 3), "0.333334"),
        (Fraction(-1, 3), "-0.333333"),
        (Fraction(1, 3_000_000), "3.334E-7"),
        (Fraction(10**12 + 1, 3), "333333333333.667"),
        (Fraction(10**16 + 1), "10000000000000100"),
        (Fraction(59_999_999_999, 30_000_000_000), "2"),
    ],
)
def test_a_number_to_type_is_the_next_above_that_a_cell_holds(number, typed):
    assert str(typeable(number)) == typed
    assert Decimal(repr(float(typeable(number)))) >= Decimal(number.numerator) / number.denominator


def crowded(*, mode="north_star", tokens=10.00001, score=0):
    """A takes 10 of 15.12367 tokens; B is worth less."""
    rows = [
        {"initiative_key": "A", "engineering_tokens": 10, "score": 8.12345, "kpi_contributions": {"r": 9}},
        {"initiative_key": "B", "engineering_tokens": tokens, "score": score, "kpi_contributions": {"r": 1}},
    ]
    problem = {
        "capacity_total_tokens": 15.12367,
        "objective": {"mode": mode},
        "kpis": [{"kpi_key": "r", "kpi_level": "north_star"}],
        "candidates": rows,
    }
    return read_problem(json.dumps(problem))


def test_a_token_cost_or_score_that_would_get_an_initiative_in_is_rounded_to_what_is_enough():
    at_cost, at_score = crowded(), crowded(mode="score")
    (cost,) = [
        one for one in explanations(at_cost, solve(at_cost), seconds=9) if one.path.endswith(".engineering_tokens")
    ]
    assert "it took 5.123 tokens or fewer" in cost.message
    (score,) = [one for one in explanations(at_score, solve(at_score), seconds=9) if one.path.endswith(".score")]
    assert "its score were 8.124 (" in score.message
    assert solve(crowded(mode="score", score=8.124)).items[1].selected


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("periods", "start"), [*((1, start) for start in range(1_000, 1_500, 100)), (2, 1_000), (3, 1_000)]
)
def test_explanations_of_hundreds_of_problems_are_what_enumeration_finds(random_problem, oracle, periods, start):
    check_many([(seed, random_problem(seed, periods=periods)) for seed in range(start, start + 100)], oracle)
