"""Contradictions found without a solver: each of them is one, and the rules it names suffice for it."""

from __future__ import annotations

import json

import pytest

from engine.checks import circles, contradictions
from engine.reading import read_problem


def small(capacity=100, **rules):
    """A, B, C (UK) and D (FR) of 10 tokens each, worth 5 EUR each."""
    candidates = [
        {
            "initiative_key": key,
            "title": f"Idea {key}",
            "engineering_tokens": 10,
            "country": "FR" if key == "D" else "UK",
            "product": "Pay",
            "kpi_contributions": {"revenue": 5},
        }
        for key in "ABCD"
    ]
    more = {key: rules.pop(key) for key in ("previous_selection", "periods", "period_key") if key in rules}
    for key, fields in rules.pop("candidates", {}).items():
        next(c for c in candidates if c["initiative_key"] == key).update(fields)
    text = json.dumps(
        {
            "capacity_total_tokens": capacity,
            "objective": {"mode": "north_star"},
            "kpis": [{"kpi_key": "revenue", "kpi_level": "north_star", "unit": "EUR"}],
            "candidates": candidates,
            "constraint_set": rules,
            **more,
        }
    )
    problem = read_problem(text)
    assert not hasattr(problem, "errors"), problem.errors
    return problem


UK = {"country": {"UK": 25}}
CASES = {
    "mandatory and excluded": (
        {"mandatory_initiatives": ["A"], "exclusions_initiatives": ["A"]},
        {"mandatory_initiatives.a", "exclusions_initiatives.a"},
    ),
    "both of an excluded pair": (
        {"mandatory_initiatives": ["A", "B"], "exclusions_pairs": [["A", "B"]]},
        {"mandatory_initiatives.a", "mandatory_initiatives.b", "exclusions_pairs.a+b"},
    ),
    "a pair through bundle, prerequisite and lock": (
        {
            "locks": {"A": "2026-Q1"},
            "prerequisites": {"A": ["B"]},
            "bundles": [{"bundle_key": "x", "members": ["B", "C"]}],
            "mandatory_initiatives": ["D"],
            "exclusions_pairs": [["C", "D"]],
            "period_key": "2026-Q1",
        },
        {"locks.a", "prerequisites.a", "bundles.x", "mandatory_initiatives.d", "exclusions_pairs.c+d"},
    ),
    "a pair with one that is delivered": (
        {"satisfied": ["Old"], "mandatory_initiatives": ["A"], "exclusions_pairs": [["A", "Old"]]},
        {"mandatory_initiatives.a", "exclusions_pairs.a+old"},
    ),
    "a prerequisite that is no candidate": (
        {"mandatory_initiatives": ["A"], "prerequisites": {"A": ["Gone"]}},
        {"mandatory_initiatives.a", "prerequisites.a"},
    ),
    "a floor over the cap of its slice": (
        {"floors": UK, "caps": {"country": {"UK": 24}}},
        {"floors.country.uk", "caps.country.uk"},
    ),
    "a floor over the capacity": ({"floors": UK, "capacity": 20}, {"floors.country.uk", "capacity_total_tokens"}),
    "a floor over the cap of what holds it": (
        {"floors": {"country+product": {"UK|Pay": 20}}, "caps": {"country": {"UK": 19}}},
        {"floors.country+product.uk|pay", "caps.country.uk"},
    ),
    "floors of one dimension over the capacity": (
        {"floors": {"country": {"UK": 20, "FR": 10}}, "capacity": 29},
        {"floors.country.uk", "floors.country.fr", "capacity_total_tokens"},
    ),
    "a floor over all there is": ({"floors": {"country": {"UK": 31}}}, {"floors.country.uk"}),
    "a floor over all that may be chosen": (
        {"floors": UK, "exclusions_initiatives": ["A", "D"]},
        {"floors.country.uk", "exclusions_initiatives.a"},
    ),
    "forced initiatives over a cap": (
        {"caps": {"country": {"UK": 19}}, "mandatory_initiatives": ["A", "B", "D"]},
        {"caps.country.uk", "mandatory_initiatives.a", "mandatory_initiatives.b"},
    ),
    "forced initiatives over the capacity": (
        {"capacity": 15, "mandatory_initiatives": ["A"], "prerequisites": {"A": ["D"]}},
        {"capacity_total_tokens", "mandatory_initiatives.a", "prerequisites.a"},
    ),
    "a target over the most that can be reached": (
        {"targets": {"country": {"UK": {"revenue": {"floor": {"value": 16}}}}}},
        {"targets.country.uk.revenue.floor"},
    ),
    "a target over its own cap": (
        {"targets": {"all": {"all": {"revenue": {"floor": {"value": 10}, "cap": {"value": 9}}}}}},
        {"targets.all.all.revenue.floor", "targets.all.all.revenue.cap"},
    ),
    "more initiatives than there are": ({"count_floors": {"country": {"FR": 2}}}, {"count_floors.country.fr"}),
    "a group that needs more than can be in": (
        {
            "groups": [{"group_key": "g", "members": ["A", "B"], "min_selected": 2}],
            "exclusions_initiatives": ["B"],
        },
        {"groups.g", "exclusions_initiatives.b"},
    ),
    "a group that may hold fewer than have to be in": (
        {
            "groups": [{"group_key": "g", "members": ["A", "B"], "max_selected": 1}],
            "mandatory_initiatives": ["A", "B"],
        },
        {"groups.g", "mandatory_initiatives.a", "mandatory_initiatives.b"},
    ),
    "a group whose bounds cross": (
        {"groups": [{"group_key": "g", "members": ["A", "B"], "min_selected": 2, "max_selected": 1}]},
        {"groups.g"},
    ),
    "more changes than allowed": (
        {"max_changes": 0, "previous_selection": [], "mandatory_initiatives": ["A"]},
        {"max_changes", "mandatory_initiatives.a"},
    ),
    "one that is too long": (
        {"mandatory_initiatives": ["A"], "candidates": {"A": {"duration_periods": 2}}},
        {"mandatory_initiatives.a", "candidates.a.duration_periods"},
    ),
}


QUARTERS = {"period_key": "2026-Q1", "periods": ["2026-Q1", "2026-Q2", "2026-Q3"]}
CASES_IN_TIME = {
    "a chain longer than the horizon": (
        {
            "mandatory_initiatives": ["C"],
            "prerequisites": {"C": ["B"], "B": ["A"]},
            "candidates": {"A": {"duration_periods": 2}},
        },
        {"mandatory_initiatives.c", "prerequisites.c", "prerequisites.b", "candidates.a.duration_periods"},
    ),
    "a circle of which one is forced": (
        {"mandatory_initiatives": ["A"], "prerequisites": {"A": ["B"], "B": ["A"]}},
        {"mandatory_initiatives.a", "prerequisites.a", "prerequisites.b"},
    ),
    "a lock before what has to come first": (
        {"locks": {"B": "2026-Q1"}, "prerequisites": {"B": ["A"]}},
        {"locks.b", "prerequisites.b"},
    ),
    "a lock outside its own periods": (
        {"locks": {"A": "2026-Q1"}, "candidates": {"A": {"earliest_period": "2026-Q2"}}},
        {"locks.a", "candidates.a.earliest_period"},
    ),
    "a floor of a period over the cap of the horizon": (
        {"period_floors": {"2026-Q2": {"country": {"UK": 9}}}, "caps": {"country": {"UK": 8}}},
        {"period_floors.2026-q2.country.uk", "caps.country.uk"},
    ),
    "floors of two periods over the capacity": (
        {
            "period_floors": {"2026-Q1": {"all": {"all": 10}}, "2026-Q2": {"all": {"all": 10}}},
            "capacity": 19,
        },
        {"period_floors.2026-q1.all.all", "period_floors.2026-q2.all.all", "capacity_total_tokens"},
    ),
    "a floor over what the caps of all periods allow": (
        {"floors": {"country": {"UK": 25}}, "period_caps": {p: {"all": {"all": 8}} for p in QUARTERS["periods"]}},
        {"floors.country.uk", *(f"period_caps.{p.casefold()}.all.all" for p in QUARTERS["periods"])},
    ),
    "locks over the cap of their period": (
        {"locks": {"A": "2026-Q2", "B": "2026-Q2"}, "period_caps": {"2026-Q2": {"country": {"UK": 19}}}},
        {"locks.a", "locks.b", "period_caps.2026-q2.country.uk"},
    ),
}


@pytest.mark.parametrize("name", CASES_IN_TIME)
def test_each_contradiction_in_time_is_found_and_names_the_rules_behind_it(name):
    given, paths = CASES_IN_TIME[name]
    assert paths in [set(one.paths) for one in contradictions(small(**QUARTERS, **given))]


def test_with_several_periods_a_circle_of_prerequisites_can_never_start():
    (circle,) = circles(small(**QUARTERS, prerequisites={"A": ["B"], "B": ["A"]}))
    assert circle.message.endswith("so none of them can ever start")


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_contradiction_is_found_and_names_the_rules_behind_it(name):
    given, paths = CASES[name]
    assert paths in [set(one.paths) for one in contradictions(small(**given))]


def test_a_contradiction_is_told_in_words_with_titles_and_units():
    (over,) = contradictions(small(floors=UK, caps={"country": {"UK": 24}}))
    assert over.message == "The floor of 25 tokens for country UK is over the cap of 24 tokens for country UK"
    (short,) = contradictions(small(floors={"country": {"UK": 31}}))
    assert short.message == "The floor of 31 tokens for country UK cannot be reached: all there is comes to 30 tokens"
    (one,) = contradictions(small(mandatory_initiatives=["A", "B"], exclusions_pairs=[["A", "B"]]))
    assert "Idea A (A) and Idea B (B) exclude each other" in one.message


def test_overlapping_slices_are_never_added_up():
    problem = small(floors={"country": {"UK": 30}, "product": {"Pay": 30}}, capacity=30)
    assert not contradictions(problem)


def test_a_circle_of_prerequisites_is_no_contradiction_but_told():
    problem = small(prerequisites={"A": ["B"], "B": ["A"]})
    assert not contradictions(problem)
    (circle,) = circles(problem)
    assert set(circle.paths) == {"prerequisites.a.b", "prerequisites.b.a"}
    assert circle.message.endswith("so they can only be chosen together")


def alone(text, paths):
    """The problem with only the rules that the paths name; candidates stay as they are."""
    problem = json.loads(text)
    rules = problem["constraint_set"]
    fields = {path.partition(".")[0] for path in paths}
    if "capacity_total_tokens" not in fields:
        problem["capacity_total_tokens"] = 10**6
    kept = {"satisfied": rules.get("satisfied", [])}
    for field in fields & rules.keys():
        kept[field] = rules[field]
        if isinstance(kept[field], dict) and field not in ("targets",):
            kept[field] = {
                name: held
                for name, held in kept[field].items()
                if any(path.casefold().startswith(f"{field}.{_folded(name)}") for path in paths)
            }
    problem["constraint_set"] = kept
    return json.dumps(problem)


def _folded(name):
    parts = [part.strip().casefold() for part in name.split("+")]
    return "+".join(sorted(parts, key=["country", "department", "product", *parts].index))


def confirmed(random_problem, oracle, seeds, periods=1):
    """How many of the problems have a contradiction; each is held against all plans."""
    reported = 0
    for seed in seeds:
        text = random_problem(seed, periods=periods)
        found = contradictions(read_problem(text))
        reported += bool(found)
        for one in found:
            assert one.message and one.paths, f"seed {seed}"
            assert oracle(alone(text, one.paths)).judge() is None, f"seed {seed}: {one}"
        if found:
            assert oracle(text).judge() is None, f"seed {seed}: {found}"
    return reported


def test_what_is_reported_is_infeasible_by_the_named_rules_alone(random_problem, oracle):
    assert confirmed(random_problem, oracle, range(300)) > 30


def test_the_same_holds_over_several_periods(random_problem, oracle):
    assert confirmed(random_problem, oracle, range(150), periods=3) > 15


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thousands_of_reports_are_infeasible_by_the_named_rules_alone(random_problem, oracle):
    assert confirmed(random_problem, oracle, range(10_000, 16_000)) > 600
    assert confirmed(random_problem, oracle, range(20_000, 23_000), periods=3) > 300
