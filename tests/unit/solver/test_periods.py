"""Several periods and orders of KPIs, sentence by sentence of the model."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.found import Limits
from engine.ledger import Ledger
from engine.notes import Notes
from engine.problem import Problem
from engine.process import Answer, Subject
from engine.reading import read_problem
from engine.scales import scales_of
from engine.search import Search, tiebreaks
from engine.settling import settle
from engine.solve import solve

QUARTERS = ["Q1", "Q2", "Q3"]


def work(key, tokens=1, revenue=1, **more):
    return {
        "initiative_key": key,
        "engineering_tokens": tokens,
        "kpi_contributions": {"revenue": revenue, **more.pop("kpis", {})},
        **more,
    }


def problem_of(*candidates, rules=None, **more):
    return {
        "periods": QUARTERS,
        "capacity_total_tokens": 100,
        "objective": {"mode": "north_star"},
        "kpis": [{"kpi_key": "revenue", "kpi_level": "north_star", "unit": "EUR"}, {"kpi_key": "diners"}],
        "candidates": list(candidates),
        "constraint_set": rules or {},
        **more,
    }


def solved(problem, **limits):
    read = read_problem(json.dumps(problem))
    assert isinstance(read, Problem), read.errors
    return solve(read, **limits)


def starts(solution):
    return {item.initiative_key: item.start_period for item in solution.items if item.selected}


def reason(solution, key):
    return next(item.reason for item in solution.items if item.initiative_key == key)


def each_quarter(tokens):
    return {quarter: {"all": {"all": tokens}} for quarter in QUARTERS}


# periods --------------------------------------------------------------------------------------------------------------


def test_tokens_spread_evenly_over_the_duration_and_whole_tokens_are_allocated():
    long = work("A", 10, duration_periods=3)
    rules = {"period_caps": {quarter: {"all": {"all": 3.334}} for quarter in QUARTERS}}
    solution = solved(problem_of(long, rules=rules))
    assert starts(solution) == {"A": "Q1"}
    assert (solution.items[0].allocated_tokens, solution.capacity["used"]) == (10, 10)
    rules["period_caps"]["Q2"]["all"]["all"] = 3.333
    assert starts(solved(problem_of(long, rules=rules))) == {}


def test_a_prerequisite_is_finished_before_its_dependent_starts():
    rows = [work("A", duration_periods=2), work("B")]
    assert starts(solved(problem_of(*rows, rules={"prerequisites": {"B": ["A"]}}))) == {"A": "Q1", "B": "Q3"}
    assert starts(solved(problem_of(*rows, rules={"prerequisites": {"A": ["B"]}}))) == {"B": "Q1", "A": "Q2"}
    rules = {"prerequisites": {"B": ["A"]}, "satisfied": ["Z"]}
    late = solved(problem_of(work("A", duration_periods=3), work("B"), rules=rules))
    assert starts(late) == {"A": "Q1"}


def test_what_was_delivered_earlier_is_finished_before_all():
    rules = {"prerequisites": {"A": ["Z"]}, "satisfied": ["Z"]}
    assert starts(solved(problem_of(work("A"), rules=rules))) == {"A": "Q1"}


def test_members_of_a_bundle_need_not_start_together():
    rules = {"bundles": [{"members": ["A", "B"]}], "period_caps": each_quarter(1)}
    assert sorted(starts(solved(problem_of(work("A"), work("B"), rules=rules))).values()) == ["Q1", "Q2"]


def test_work_lies_between_earliest_and_latest_period():
    row = work("A", duration_periods=2, earliest_period="Q2", latest_period="Q3")
    assert starts(solved(problem_of(row))) == {"A": "Q2"}
    short = solved(problem_of({**row, "latest_period": "Q2"}, work("B")))
    assert starts(short) == {"B": "Q1"}
    assert [w["path"] for w in short.warnings] == ["candidates.a.duration_periods"]


def test_a_lock_says_when_and_one_that_cannot_be_is_infeasible():
    assert starts(solved(problem_of(work("A"), rules={"locks": {"A": "Q3"}}))) == {"A": "Q3"}
    solution = solved(problem_of(work("A", duration_periods=2), rules={"locks": {"A": "Q3"}}))
    assert solution.status == "infeasible"


def test_prerequisites_in_a_circle_can_never_start_and_are_warned_of():
    rules = {"prerequisites": {"A": ["B"], "B": ["A"]}}
    solution = solved(problem_of(work("A"), work("B"), work("C"), rules=rules))
    assert starts(solution) == {"C": "Q1"}
    assert any("none of them can ever start" in warning["message"] for warning in solution.warnings)


def test_floors_and_caps_of_a_period_hold_in_that_period_and_those_of_the_horizon_over_all():
    rows = [work("A", 4), work("B", 4), work("C", 4, 0)]
    rules = {"period_floors": {"Q2": {"all": {"all": 6}}}, "caps": {"all": {"all": 8}}}
    assert starts(solved(problem_of(*rows, rules=rules))) == {"A": "Q2", "B": "Q2"}


def test_a_moved_start_is_a_change_and_the_limit_on_changes_counts_it():
    previous = {"previous_selection": ["A", "B"], "previous_starts": {"A": "Q2", "B": "Q3"}}
    assert starts(solved(problem_of(work("A"), work("B"), **previous))) == {"A": "Q2", "B": "Q3"}
    rules = {"max_changes": 1, "locks": {"A": "Q1"}}
    moved = solved(problem_of(work("A"), work("B"), work("C"), rules=rules, **previous))
    assert starts(moved) == {"A": "Q1", "B": "Q3"}


def test_of_equal_plans_the_worthier_is_finished_first_and_then_all_start_early():
    rows = [work("A", 5, 1), work("B", 5, 9), work("C", 0, 0, kpis={"diners": 1})]
    solution = solved(problem_of(*rows, rules={"period_caps": each_quarter(5), "mandatory_initiatives": ["C"]}))
    assert starts(solution) == {"B": "Q1", "A": "Q2", "C": "Q1"}


def test_value_early_comes_before_early_starts():
    rows = [work("X", 2, 10, duration_periods=2), work("Y", 1, 1)]
    assert starts(solved(problem_of(*rows, rules={"period_caps": each_quarter(1)}))) == {"X": "Q1", "Y": "Q3"}


@pytest.mark.parametrize("keys", ["AB", "BA"])
def test_of_two_equal_in_value_and_tokens_the_one_finished_first_wins(keys):
    rows = [work(keys[0], 2, 5, duration_periods=2), work(keys[1], 2, 5)]
    assert set(starts(solved(problem_of(*rows, rules={"exclusions_pairs": [["A", "B"]]})))) == {keys[1]}


@pytest.mark.parametrize("keys", ["AB", "BA", "CD", "DC", "AD", "DA"])
def test_what_is_worth_nothing_starts_early_in_sum(keys):
    rows = [work(keys[0], 2, 0, duration_periods=2), work(keys[1], 1, 0)]
    rules = {"period_caps": each_quarter(1), "mandatory_initiatives": list(keys)}
    assert starts(solved(problem_of(*rows, rules=rules))) == {keys[1]: "Q1", keys[0]: "Q2"}


def test_of_plans_equal_in_all_the_key_with_the_greater_digest_starts_first():
    rules = {"period_caps": each_quarter(1), "mandatory_initiatives": list("ABC")}
    settled = settle(read_problem(json.dumps(problem_of(*[work(key) for key in "ABC"]))), Notes())
    order = sorted(zip(tiebreaks(settled), "ABC", strict=True), reverse=True)
    found = starts(solved(problem_of(*[work(key, 1, 0) for key in "CAB"], rules=rules)))
    assert sorted(found, key=found.__getitem__) == [key for _, key in order]


@pytest.mark.parametrize("keys", ["AB", "BA"])
def test_of_two_alike_the_one_in_the_previous_plan_and_at_its_previous_start_is_kept(keys):
    rules = {"period_caps": {"Q1": {"all": {"all": 0}}, "Q2": {"all": {"all": 1}}, "Q3": {"all": {"all": 0}}}}
    rows = [work("A"), work("B")]
    assert starts(solved(problem_of(*rows, rules=rules, previous_selection=[keys[0]]))) == {keys[0]: "Q2"}
    previous = {"previous_selection": ["A", "B"], "previous_starts": {keys[0]: "Q2", keys[1]: "Q1"}}
    assert starts(solved(problem_of(*rows, rules=rules, **previous))) == {keys[0]: "Q2"}


def test_small_plans_over_several_periods_are_proven_though_a_gap_is_allowed():
    solution = solved(problem_of(work("A"), work("B")))
    assert (solution.status, solution.relative_gap, solution.ties) == ("optimal", 0, "broken")


@pytest.mark.parametrize(
    ("rows", "rules", "words"),
    [
        (
            [work("A", 5, 9, latest_period="Q1"), work("B", 5, 8, latest_period="Q1")],
            {"period_caps": each_quarter(5)},
            "it would break",
        ),
        ([work("A", 1, 9, duration_periods=3), work("B")], {"prerequisites": {"B": ["A"]}}, "is finished"),
        ([work("A"), work("B", duration_periods=4)], {}, "does not fit into the plan's time: it takes 4 periods"),
    ],
)
def test_who_is_left_out_for_want_of_time_is_told_so(rows, rules, words):
    assert words in reason(solved(problem_of(*rows, rules=rules)), "B")


# orders ---------------------------------------------------------------------------------------------------------------


def ordered(*candidates, tolerance=0, order=("revenue", "diners"), **more):
    objective = {"mode": "lexicographic", "order": list(order), "tolerance": tolerance}
    solution = solved({**problem_of(*candidates, objective=objective, **more), "periods": ["Q1"]})
    assert (solution.status, solution.ties) == ("optimal", "broken")
    return solution


def rivals(*pairs):
    """Candidates of which one fits, worth (revenue, diners)."""
    return [work(f"C{i}", 100, revenue, kpis={"diners": diners}) for i, (revenue, diners) in enumerate(pairs)]


def test_the_first_kpi_decides_and_the_next_among_what_it_leaves_equal():
    assert set(starts(ordered(*rivals((10, 1), (10, 2), (9, 50))))) == {"C1"}


def test_tolerance_lets_a_later_kpi_win_up_to_a_share_of_the_best():
    rows = rivals((100, 1), (90, 5), (89.999, 50))
    assert set(starts(ordered(*rows, tolerance=0.1))) == {"C1"}
    assert set(starts(ordered(*rows, tolerance=0.11))) == {"C2"}


def test_tolerance_gives_away_nothing_for_nothing():
    assert set(starts(ordered(*rivals((90, 5), (95, 5), (100, 1)), tolerance=0.1))) == {"C1"}


def test_tolerance_is_relative_to_the_size_of_a_best_below_zero_too():
    rules = {"groups": [{"members": ["C0", "C1", "C2"], "min_selected": 1}]}
    assert set(starts(ordered(*rivals((-100, 1), (-110, 5), (-110.1, 9)), tolerance=0.1, rules=rules))) == {"C1"}


def test_the_last_kpi_of_an_order_keeps_its_best_whatever_the_tolerance():
    assert set(starts(ordered(*rivals((100, 1), (95, 3), (90, 5)), tolerance=0.5))) == {"C2"}


def test_the_result_of_an_order_lists_its_stages_and_speaks_of_the_first_kpi_of_the_final_plan():
    solution = ordered(*rivals((100, 1), (90, 5)), tolerance=0.1)
    assert (solution.objective, solution.value, solution.bound, solution.relative_gap) == (90, 90, None, 0)
    assert solution.stages == (
        {"kpi_key": "revenue", "objective": 100, "value": 100, "bound": 100},
        {"kpi_key": "diners", "objective": 5, "value": 5, "bound": 5},
    )


def test_goals_are_paid_for_with_the_first_kpi_whatever_they_are_about():
    goal = {"value": 10, "penalty": 0.1}
    rules = {"targets": {"all": {"all": {"diners": {"goal": goal}}}}}
    kept = ordered(*rivals((100, 0), (70, 10)), rules=rules)
    assert set(starts(kept)) == {"C0"}
    assert (kept.value, kept.goal_penalty, kept.objective) == (100, 17, 83)
    assert (kept.stages[0]["objective"], kept.stages[0]["value"]) == (83, 100)
    goal["penalty"] = 0.5
    assert set(starts(ordered(*rivals((100, 0), (70, 10)), rules=rules))) == {"C1"}


def test_the_second_kpi_of_an_order_is_what_a_candidate_may_be_worth_in_its_reason():
    solution = ordered(work("A", 1, 5), work("B", 1, 0, kpis={"diners": 7}))
    assert reason(solution, "B") == "worth 7 diners, for 1 tokens"


# solvers that err -----------------------------------------------------------------------------------------------------


class Crew:
    """Solvers that say what they are told to, one answer after the other."""

    def __init__(self, ledger, *answers):
        self.subject = Subject(ledger.settled.problem, ledger.scales, tiebreaks(ledger.settled))
        self.answers = list(answers)
        self.asked = []

    def ask(self, task):
        self.asked.append(task)
        return self.answers.pop(0)


def searched(problem, *answers, first=None):
    settled = settle(read_problem(json.dumps(problem)), Notes())
    ledger = Ledger(settled, scales_of(settled.problem, Notes()))
    return Search(ledger, Limits(0, 1e9), Fraction(0), Crew(ledger, *answers), first).found()


ONE = {**problem_of(work("A", 60), work("B", 60)), "periods": ["Q1"]}


def test_one_solver_that_denies_a_plan_is_not_believed():
    found = searched(ONE, Answer("infeasible"), Answer("optimal", ((0,),)), *[Answer("optimal", ((0,),))] * 2)
    assert (found.status, found.plan.selection) == ("optimal", {0})


def test_two_solvers_that_deny_a_plan_are_believed():
    assert searched(ONE, Answer("infeasible"), Answer("infeasible")).status == "infeasible"


def test_where_nothing_is_proven_the_best_that_any_solver_had_is_kept():
    better = {**ONE, "candidates": [work("A", 60), work("B", 60, 2)]}
    answers = Answer("incumbent", ((0,),)), Answer("incumbent", ((1,),)), Answer("nothing")
    assert searched(better, *answers).plan.selection == {1}
    assert searched(better, answers[1], answers[0], answers[2]).plan.selection == {1}


def test_a_solver_that_dies_is_no_denial():
    found = searched(ONE, Answer("infeasible"), Answer("failed"), Answer("nothing"))
    assert found.status == "no_solution_in_time"


def test_a_proposal_that_breaks_a_rule_is_cut_off_and_asked_for_again():
    found = searched(ONE, Answer("optimal", ((0, 1),)), *[Answer("optimal", ((1,),))] * 3)
    assert found.plan.selection == {1}


def test_a_bound_that_is_no_short_decimal_is_never_rounded_down():
    rows = [work("A", 60, Decimal("1") / 3), work("B", 60)]
    objective = {"mode": "weighted_kpis", "weights": {"revenue": 1}, "scales": {"revenue": 3}}
    problem = {**problem_of(*[{**row, "kpi_contributions": {"revenue": 1}} for row in rows], objective=objective)}
    problem["periods"] = ["Q1"]
    solution = solved(problem)
    assert Fraction(solution.objective) == Fraction(solution.bound)
    assert abs(Fraction(solution.objective) - Fraction(1, 3)) < Fraction(1, 10**18)
