"""What a solve must say, sentence by sentence of the model: ties, goals, gaps, ranks, reasons, outcomes."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal

import pulp
import pytest

from engine.formulate import formulate
from engine.notes import Notes
from engine.problem import Problem, Solution
from engine.reading import read_problem
from engine.scales import scales_of
from engine.search import tiebreaks
from engine.settling import settle
from engine.solve import exit_code, solve
from engine.wanted import Wanted


def problem_of(*candidates, rules=None, mode="north_star", capacity=10, kpis=None, **more):
    """A problem of (key, tokens, revenue) triples or whole candidates."""
    rows = [
        c
        if isinstance(c, dict)
        else {"initiative_key": c[0], "engineering_tokens": c[1], "kpi_contributions": {"revenue": c[2]}}
        for c in candidates
    ]
    return {
        "capacity_total_tokens": capacity,
        "objective": more.pop("objective", {"mode": mode}),
        "kpis": kpis or [{"kpi_key": "revenue", "kpi_level": "north_star", "unit": "EUR"}],
        "candidates": rows,
        "constraint_set": rules or {},
        **more,
    }


def solved(problem, **limits) -> Solution:
    read = read_problem(json.dumps(problem))
    assert isinstance(read, Problem), read.errors
    return solve(read, **limits)


def chosen(solution):
    return {item.initiative_key for item in solution.items if item.selected}


def reason(solution, key):
    return next(item.reason for item in solution.items if item.initiative_key == key)


# exactness ------------------------------------------------------------------------------------------------------------


def test_a_tenth_and_two_tenths_fit_into_three_tenths():
    assert chosen(solved(problem_of(("A", 0.1, 1), ("B", 0.2, 1), capacity=0.3))) == {"A", "B"}


@pytest.mark.parametrize("size", ["1000000", "1000000000", "1000000000000000", "1e20"])
@pytest.mark.parametrize("hair", ["0.001", "0.000001", "0.0000000001"])
def test_a_rule_broken_by_a_hair_beside_a_large_number_is_broken(size, hair):
    text = json.dumps(problem_of(("A", "SIZE", 5), ("B", "HAIR", 1), capacity="SIZE"))
    read = read_problem(text.replace('"SIZE"', size).replace('"HAIR"', hair))
    assert chosen(solve(read)) == {"A"}


def test_plans_that_all_overstep_by_a_hair_are_cut_off_until_the_best_sound_one_is_found():
    rows = [(f"C{i:02}", 1_000_000 + i / 10_000_000, 1000 + i) for i in range(20)]
    solution = solved(problem_of(*rows, capacity=10_000_000))
    assert (solution.status, solution.objective) == ("optimal", sum(range(1011, 1020)))


@pytest.mark.parametrize("more", ["0.0000000001", "0.000000000000001", "0.00000000000000000001"])
def test_of_two_plans_a_hair_apart_the_better_one_is_told_with_its_exact_value(more):
    text = json.dumps(problem_of(("A", 10, "MORE"), ("B", 10, 1)))
    solution = solve(read_problem(text.replace('"MORE"', f"1{more[1:]}")))
    assert chosen(solution) == {"A"}
    assert solution.objective == Decimal(1) + Decimal(more)


def test_a_weight_that_is_no_short_decimal_leaves_equal_plans_equal():
    rows = [(f"C{i}", 1, 1) for i in range(6)]
    objective = {"mode": "weighted_kpis", "weights": {"revenue": 0.7}, "scales": {"revenue": 3}}
    solution = solved(problem_of(*rows, capacity=3, objective=objective))
    assert (solution.ties, solution.objective) == ("broken", Decimal("0.7"))


def test_numbers_beyond_what_solvers_call_infinite_are_planned_with():
    solution = solved(problem_of(("A", 5, 5e300), ("B", 6, 1), rules={"caps": {"all": {"all": 1e250}}}))
    assert (solution.status, chosen(solution)) == ("optimal", {"A"})


# objectives and goals -------------------------------------------------------------------------------------------------


def test_a_kpi_to_decrease_counts_improving_in_the_objective_and_raw_in_kpis_and_targets():
    rows = [
        {"initiative_key": "A", "engineering_tokens": 4, "kpi_contributions": {"minutes": -3}},
        {"initiative_key": "B", "engineering_tokens": 4, "kpi_contributions": {"minutes": 2}},
    ]
    kpis = [{"kpi_key": "minutes", "kpi_level": "north_star", "direction": "decrease"}]
    rules = {"targets": {"all": {"all": {"minutes": {"floor": {"value": 30, "baseline": 34}, "goal": {"value": -3}}}}}}
    assert solved(problem_of(*rows, kpis=kpis, rules=rules)).status == "infeasible"
    rules["targets"]["all"]["all"]["minutes"]["floor"]["value"] = 31
    solution = solved(problem_of(*rows, kpis=kpis, rules=rules))
    assert (solution.objective, solution.kpis, solution.scales) == (3, {"minutes": -3}, {"minutes": 3})
    floor, goal = solution.targets
    assert (floor.required, floor.achieved, floor.gap, floor.severity) == (-3, -3, 0, "OK")
    assert (goal.required, goal.achieved, goal.gap, goal.severity) == (-3, -3, 0, "OK")


def test_missing_a_goal_of_penalty_1_entirely_costs_the_whole_value():
    kpis = [{"kpi_key": "revenue", "kpi_level": "north_star"}, {"kpi_key": "diners"}]
    rows = [
        ("A", 10, 100),
        {"initiative_key": "B", "engineering_tokens": 10, "kpi_contributions": {"diners": 50, "revenue": 1}},
    ]

    def with_goal(**goal):
        rules = {"targets": {"all": {"all": {"diners": {"goal": {"value": 50, **goal}}}}}}
        return solved(problem_of(*rows, kpis=kpis, rules=rules))

    paid = with_goal(penalty=1)
    assert chosen(paid) == {"B"}
    light = with_goal(penalty=0.9)
    assert chosen(light) == {"A"}
    assert (light.value, light.goal_penalty, light.objective) == (100, Decimal("90.9"), Decimal("9.1"))
    assert with_goal(penalty=0).goal_penalty == 0


def test_a_goal_out_of_all_reach_is_paid_for_and_keeps_bound_and_objective_together():
    rules = {"targets": {"all": {"all": {"revenue": {"goal": {"value": 1e30}}}}}}
    solution = solved(problem_of(("A", 5, 5), ("B", 6, 4), rules=rules))
    assert (solution.status, chosen(solution), solution.ties) == ("optimal", {"A"}, "broken")
    assert solution.bound == solution.objective


@pytest.mark.parametrize(
    ("kind", "value", "severity", "gap"),
    [("goal", 100, "OK", 0), ("goal", 105, "WARN", 5), ("goal", 106, "CRITICAL", 6), ("cap", 105, "OK", -5)],
)
def test_targets_are_ok_then_warn_up_to_five_percent_short_then_critical(kind, value, severity, gap):
    rules = {"targets": {"all": {"all": {"revenue": {kind: {"value": value}}}}}}
    target = solved(problem_of(("A", 5, 100), rules=rules)).targets[0]
    assert (target.severity, target.gap) == (severity, gap)


def test_scales_come_from_improving_contributions_and_are_1_with_a_warning_where_there_are_none():
    rows = [("A", 5, 100), ("B", 5, -40), ("C", 20, 60)]
    objective = {"mode": "weighted_kpis", "weights": {"revenue": 0.5, "diners": 0.5}}
    kpis = [{"kpi_key": "revenue"}, {"kpi_key": "diners"}]
    solution = solved(problem_of(*rows, objective=objective, kpis=kpis))
    assert solution.scales == {"revenue": 160, "diners": 1}
    assert solution.objective == Decimal("0.3125")
    assert [w["path"] for w in solution.warnings] == ["objective.scales.diners"]


def test_synergies_count_in_every_objective_but_score_and_in_kpis_always():
    rules = {"synergy_bonuses": [{"members": ["A", "B"], "kpi_key": "revenue", "bonus": -7}]}
    rows = [
        {"initiative_key": k, "engineering_tokens": 5, "score": 2, "kpi_contributions": {"revenue": 6}} for k in "AB"
    ]
    assert len(chosen(solved(problem_of(*rows, rules=rules)))) == 1
    by_score = solved(problem_of(*rows, rules=rules, mode="score"))
    assert (by_score.objective, by_score.kpis) == (4, {"revenue": 5})


# ties -----------------------------------------------------------------------------------------------------------------


def test_ties_go_to_the_fewest_changes_before_the_fewest_tokens():
    rows = [("A", 9, 5), ("B", 4, 5)]
    assert chosen(solved(problem_of(*rows, previous_selection=["a"]))) == {"A"}
    assert chosen(solved(problem_of(*rows, previous_selection=[]))) == {"B"}
    assert chosen(solved(problem_of(*rows))) == {"B"}


def test_equal_plans_have_one_winner_by_the_digest_of_their_keys():
    rows = [(f"INIT-{i:06}", 5, 5) for i in range(8)]
    first = solved(problem_of(*rows))
    assert first.ties == "broken"
    assert chosen(first) == chosen(solved(problem_of(*reversed(rows), solver={"seed": 7})))
    settled = settle(read_problem(json.dumps(problem_of(*rows))), Notes())
    by_digest = sorted(zip(tiebreaks(settled), settled.initiative_names.values(), strict=True))
    digests = dict(zip((c.initiative_key for c in settled.problem.candidates), tiebreaks(settled), strict=True))
    assert chosen(first) == {key.upper() for key in sorted(digests, key=digests.__getitem__)[:2]}
    assert len(by_digest) == 8


def test_a_candidate_that_adds_nothing_stays_out():
    assert chosen(solved(problem_of(("A", 5, 5), ("B", 1, 0)))) == {"A"}


# outcomes -------------------------------------------------------------------------------------------------------------


def test_gap_0_reports_the_objective_as_its_bound():
    solution = solved(problem_of(("A", 6, 5), ("B", 5, 4), ("C", 5, 4)), relative_gap=0)
    assert (solution.status, solution.objective, solution.bound, solution.relative_gap) == ("optimal", 8, 8, 0)


def test_a_gap_that_is_allowed_is_kept_and_its_bound_is_true():
    rows = [(f"C{i}", 7 + i % 13, 100 + 7 * i % 31) for i in range(60)]
    best = solved(problem_of(*rows, capacity=200))
    loose = solved(problem_of(*rows, capacity=200), relative_gap=Decimal("0.02"))
    assert loose.status == "optimal"
    assert loose.bound >= best.objective >= loose.objective
    assert loose.relative_gap <= Decimal("0.02")


@pytest.mark.parametrize(
    "rules",
    [
        {"mandatory_initiatives": ["A"], "exclusions_initiatives": ["a"]},
        {"mandatory_initiatives": ["nowhere"]},
        {"locks": {"nowhere": ""}, "floors": {"all": {"all": 11}}},
        {"mandatory_initiatives": ["A"], "prerequisites": {"A": ["B"]}, "exclusions_pairs": [["A", "B"]]},
        {"floors": {"all": {"all": 8.001}}},
        {"count_floors": {"all": {"all": 1}}, "caps": {"all": {"all": 3.999}}},
        {"share_floors": {"country": {"UK": 0.1}}, "floors": {"all": {"all": 1}}},
        {"groups": [{"members": ["A", "B"], "min_selected": 1}], "exclusions_initiatives": ["A", "B"]},
    ],
)
def test_rules_that_cannot_all_hold_are_infeasible_with_nothing_planned(rules):
    solution = solved(problem_of(("A", 4, 1), ("B", 4, 1), rules=rules))
    assert (solution.status, exit_code(solution)) == ("infeasible", 3)
    assert (solution.items, solution.objective, solution.kpis) == ((), None, None)
    assert solution.conflict["rules"], "the rules that cannot hold together should be named"


def test_a_goal_never_makes_a_problem_infeasible():
    rules = {"targets": {"country": {"UK": {"revenue": {"goal": {"value": 10}}}}}}
    assert solved(problem_of(("A", 4, 1), rules=rules)).status == "optimal"


def test_nothing_selected_satisfies_every_share():
    rules = {"share_floors": {"country": {"UK": 0.5}}, "share_caps": {"all": {"all": 0.5}}}
    assert chosen(solved(problem_of(("A", 4, 1), rules=rules))) == set()


def test_no_candidates_are_planned_with_nothing():
    solution = solved(problem_of())
    assert (solution.status, solution.objective, solution.items) == ("optimal", 0, ())


def test_a_problem_made_by_code_that_is_unsound_is_invalid():
    read = read_problem(json.dumps(problem_of(("A", 4, 1))))
    solution = solve(read.model_copy(update={"capacity_total_tokens": Decimal(-1)}))
    assert (solution.status, exit_code(solution)) == ("invalid", 1)
    assert solution.errors[0]["path"] == "capacity_total_tokens"


def test_a_candidate_too_long_for_the_period_is_unselectable_with_a_warning_and_infeasible_when_forced():
    long = {"initiative_key": "A", "engineering_tokens": 1, "duration_periods": 2, "kpi_contributions": {"revenue": 9}}
    solution = solved(problem_of(long, ("B", 1, 1)))
    assert chosen(solution) == {"B"}
    assert [w["path"] for w in solution.warnings] == ["candidates.a.duration_periods"]
    assert solved(problem_of(long, rules={"mandatory_initiatives": ["A"]})).status == "infeasible"


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ({"max_changes": 1}, "max_changes"),
        ({"caps": {"country": {"Mars": 1}}}, "caps.country.mars"),
        ({"resource_caps": {"Gold": {"all": {"all": 1}}}}, "resource_caps.gold"),
        ({"bundles": [{"members": ["A"]}]}, "bundles.a"),
        ({"prerequisites": {"A": ["A"]}}, "prerequisites.a"),
        ({"prerequisites": {"A": ["B"], "B": ["A"]}}, "prerequisites.a"),
        ({"prerequisites": {"A": ["nowhere"]}}, "prerequisites.a"),
        ({"exclusions_pairs": [["A", "a"]]}, "exclusions_pairs.a+a"),
        ({"satisfied": ["Z"], "locks": {"Z": "Q1"}}, "locks.z"),
        ({"satisfied": ["Z"], "exclusions_initiatives": ["z"]}, "exclusions_initiatives.z"),
        ({"synergy_bonuses": [{"members": ["Z"], "kpi_key": "revenue", "bonus": 1}]}, "synergy_bonuses.z"),
        ({"groups": [{"members": ["A"]}]}, "groups.a"),
    ],
)
def test_a_rule_that_says_nothing_or_counts_0_is_a_warning(rules, path):
    solution = solved(problem_of(("A", 1, 1), ("B", 1, 1), rules=rules, period_key="Q1"))
    assert solution.status == "optimal"
    assert path in [w["path"] for w in solution.warnings]


# items ----------------------------------------------------------------------------------------------------------------


def test_each_candidate_is_an_item_once_in_the_order_given_with_its_tokens_where_selected():
    solution = solved(problem_of(("B", 4, 1), ("A", 5.5, 9), ("C", 9, 2), period_key="2026-Q1"))
    assert [(i.initiative_key, i.selected, i.allocated_tokens, i.start_period) for i in solution.items] == [
        ("B", True, 4, "2026-Q1"),
        ("A", True, Decimal("5.5"), "2026-Q1"),
        ("C", False, 0, None),
    ]
    assert solution.capacity == {"used": Decimal("9.5"), "total": 10}


def test_rank_puts_locked_and_mandatory_first_then_what_would_be_lost_without_each_and_all_that_needs_it():
    rows = [("A", 1, 1), ("B", 1, 50), ("C", 1, 20), ("D", 1, 40), ("E", 1, 2), ("F", 9, 3)]
    rules = {"mandatory_initiatives": ["E"], "prerequisites": {"D": ["A"]}}
    ranks = {i.initiative_key: i.rank for i in solved(problem_of(*rows, rules=rules)).items}
    assert ranks == {"E": 1, "B": 2, "A": 3, "D": 4, "C": 5, "F": None}


@pytest.mark.parametrize(
    ("rules", "key", "words"),
    [
        (
            {"mandatory_initiatives": ["B"], "reasons": {"b": "promised to the board"}},
            "B",
            "mandatory: promised to the board",
        ),
        ({"exclusions_initiatives": ["A"], "reasons": {"A": "legal stop"}}, "A", "excluded: legal stop"),
        ({"exclusions_pairs": [["A", "B"]]}, "B", "cannot go together with A"),
        ({"prerequisites": {"A": ["Z"]}}, "A", "needs Z, which is neither a candidate nor delivered"),
        (
            {"bundles": [{"members": ["D", "Z"]}], "satisfied": ["Z"]},
            "D",
            "belongs together with an initiative that is delivered already",
        ),
        ({"exclusions_pairs": [["A", "Z"]], "satisfied": ["Z"]}, "A", "cannot go together with Z, which is delivered"),
        ({}, "A", "worth 9 EUR revenue, for 5 tokens"),
        ({}, "C", "no room: it takes 9 tokens and 1 are left"),
        ({}, "D", "adds nothing to the objective"),
        ({"caps": {"all": {"all": 5}}}, "B", "no room: it would break the cap of 5 tokens"),
        ({"count_floors": {"all": {"all": 3}}}, "D", "needed for the minimum of 3 initiatives"),
        ({"count_caps": {"all": {"all": 1}}}, "B", "no room: it would break the maximum of 1 initiatives"),
    ],
)
def test_each_reason_is_one_honest_sentence(rules, key, words):
    rows = [("A", 5, 9), ("B", 4, 1), ("C", 9, 2), ("D", 1, 0)]
    assert reason(solved(problem_of(*rows, rules=rules)), key) == words


def test_the_greedy_plan_is_never_better_and_keeps_the_same_rules():
    rows = [("A", 6, 10), ("B", 5, 8), ("C", 5, 8)]
    solution = solved(problem_of(*rows))
    assert (solution.objective, solution.greedy_objective) == (16, 10)


def test_results_are_one_json_document_with_numbers_as_numbers():
    written = json.loads(solved(problem_of(("A", 0.5, 1.25))).to_json())
    assert (written["objective"], written["items"][0]["allocated_tokens"], written["stages"]) == (1.25, 0.5, None)


# the model ------------------------------------------------------------------------------------------------------------


def test_every_constraint_is_named_after_its_source():
    rules = {
        "caps": {"country": {"UK": 4}},
        "exclusions_pairs": [["A", "B"]],
        "prerequisites": {"A": ["B"]},
        "bundles": [{"bundle_key": "A+B", "members": ["A", "B"]}],
        "targets": {"all": {"all": {"revenue": {"floor": {"value": 1}}}}},
    }
    rows = [
        {"initiative_key": k, "engineering_tokens": 1, "country": "UK", "kpi_contributions": {"revenue": 1}}
        for k in "AB"
    ]
    settled = settle(read_problem(json.dumps(problem_of(*rows, rules=rules))), Notes()).problem
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = formulate(settled, scales_of(settled, Notes()), (1, 2), Wanted("objective")).model
    assert isinstance(model, pulp.LpProblem)
    assert {constraint.name for constraint in model.constraints()} == {
        "capacity_total_tokens",
        "caps.country.uk",
        "exclusions_pairs.a_b",
        "prerequisites.a",
        "bundles.a_b",
        "bundles.a_b#2",
        "targets.all.all.revenue.floor",
    }
