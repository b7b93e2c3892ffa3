"""Reading problems: every misfit is told with its path, all at once, and nothing hostile ends in a traceback."""

from __future__ import annotations

import copy
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.problem import Problem, Solution, problem_digest
from engine.reading import check_problem, read_problem

BASE = {
    "period_key": "2026-Q1",
    "capacity_total_tokens": 100,
    "objective": {"mode": "weighted_kpis", "weights": {"revenue": 0.6}},
    "kpis": [
        {"kpi_key": "revenue", "kpi_level": "north_star", "unit": "EUR"},
        {"kpi_key": "minutes", "direction": "decrease"},
    ],
    "candidates": [
        {
            "initiative_key": "INIT-000001",
            "title": "One-tap checkout",
            "engineering_tokens": 40,
            "country": "UK",
            "product": "Payments",
            "resources": {"design": 3},
            "kpi_contributions": {"revenue": 48000, "minutes": -0.1},
        },
        {"initiative_key": "INIT-000002", "engineering_tokens": 70.5, "country": "DE"},
    ],
    "constraint_set": {
        "caps": {"country": {"UK": 400}},
        "bundles": [{"bundle_key": "b", "members": ["INIT-000001", "INIT-000002"]}],
        "targets": {"all": {"all": {"revenue": {"floor": {"value": 10}}}}},
        "satisfied": ["INIT-000009"],
    },
}


def changed(*path, to):
    """BASE with the value at ``path`` replaced, or taken out where ``to`` is DROPPED."""
    made = copy.deepcopy(BASE)
    place = made
    for step in path[:-1]:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if to is DROPPED:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return made


DROPPED = object()


def errors_of(problem):
    read = read_problem(problem if isinstance(problem, (str, bytes)) else json.dumps(problem))
    assert isinstance(read, Solution), "the problem should be invalid"
    assert read.status == "invalid"
    for error in read.errors:
        assert set(error) == {"path", "found", "wanted", "message"}
        assert error["message"].strip().endswith(".") or error["message"].strip()
    return {error["path"]: error for error in read.errors}


def sound(problem):
    read = read_problem(json.dumps(problem))
    assert isinstance(read, Problem), getattr(read, "errors", None)
    return read


def test_the_base_problem_is_sound():
    assert check_problem(sound(BASE)) == []


@pytest.mark.parametrize("path", ["candidates", "capacity_total_tokens", "objective", "kpis"])
@pytest.mark.parametrize("to", [DROPPED, None, "", "  "])
def test_a_required_field_that_is_not_set_is_told(path, to):
    assert path in errors_of(changed(path, to=to))


@pytest.mark.parametrize("field", ["initiative_key", "engineering_tokens"])
@pytest.mark.parametrize("to", [DROPPED, None, ""])
def test_a_candidate_without_key_or_tokens_is_told(field, to):
    assert f"candidates[1].{field}" in errors_of(changed("candidates", 1, field, to=to))


@pytest.mark.parametrize(
    "path",
    [
        ("period_key",),
        ("periods",),
        ("scenario_name",),
        ("constraint_set",),
        ("previous_selection",),
        ("solver",),
        ("candidates", 0, "resources"),
        ("candidates", 0, "country"),
        ("candidates", 0, "score"),
        ("candidates", 0, "duration_periods"),
        ("kpis", 1, "direction"),
        ("objective", "scales"),
        ("constraint_set", "max_changes"),
        ("constraint_set", "caps", "country", "UK"),
    ],
)
def test_absent_null_and_empty_text_mean_the_same(path):
    absent = changed(*path, to=None)
    place = absent
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    assert sound(changed(*path, to=None)) == sound(changed(*path, to="")) == sound(absent)


def test_an_empty_previous_selection_is_given_and_an_absent_one_is_not():
    assert sound(changed("previous_selection", to=[])).previous_selection == ()
    assert sound(BASE).previous_selection is None


@pytest.mark.parametrize(
    ("path", "to", "told"),
    [
        (("surprise",), 1, "surprise"),
        (("candidates", 1, "tokens"), 1, "candidates[1].tokens"),
        (("constraint_set", "cap"), {}, "constraint_set.cap"),
        (("solver", "gap"), 0, "solver.gap"),
        (("capacity_total_tokens",), "100", "capacity_total_tokens"),
        (("capacity_total_tokens",), True, "capacity_total_tokens"),
        (("capacity_total_tokens",), -1, "capacity_total_tokens"),
        (("candidates", 1, "engineering_tokens"), -0.5, "candidates[1].engineering_tokens"),
        (("candidates", 0, "resources", "design"), -1, "candidates[0].resources.design"),
        (("candidates", 0, "resources", "Tokens"), 1, "candidates[0].resources.Tokens"),
        (("candidates", 0, "kpi_contributions", "revenu"), 1, "candidates[0].kpi_contributions.revenu"),
        (("candidates", 0, "duration_periods"), 1.5, "candidates[0].duration_periods"),
        (("candidates", 0, "duration_periods"), 0, "candidates[0].duration_periods"),
        (("candidates", 0, "earliest_period"), "2026-Q2", "candidates[0].earliest_period"),
        (("candidates", 1, "initiative_key"), " init-000001 ", "candidates[1].initiative_key"),
        (("candidates",), {}, "candidates"),
        (("candidates", 0), 5, "candidates[0]"),
        (("kpis", 0, "kpi_level"), "northstar", "kpis[0].kpi_level"),
        (("kpis", 1, "kpi_key"), "REVENUE", "kpis[1].kpi_key"),
        (("objective", "mode"), "profit", "objective.mode"),
        (("objective", "weights", "revenue"), -1, "objective.weights.revenue"),
        (("objective", "weights", "profit"), 1, "objective.weights.profit"),
        (("objective", "scales"), {"profit": 1}, "objective.scales.profit"),
        (("objective", "order"), ["revenue", "profit"], "objective.order[1]"),
        (("objective", "tolerance"), 1.01, "objective.tolerance"),
        (("constraint_set", "caps", "planet"), {"Mars": 1}, "constraint_set.caps.planet"),
        (("constraint_set", "caps", "country+country"), {"UK|UK": 1}, "constraint_set.caps.country+country"),
        (("constraint_set", "caps", "country", "UK"), -1, "constraint_set.caps.country.UK"),
        (("constraint_set", "count_caps"), {"all": {"all": 1.5}}, "constraint_set.count_caps.all.all"),
        (("constraint_set", "share_caps"), {"all": {"all": 1.1}}, "constraint_set.share_caps.all.all"),
        (("constraint_set", "period_caps"), {"2026-Q2": {}}, "constraint_set.period_caps.2026-Q2"),
        (("constraint_set", "locks"), {"INIT-000001": "2026-Q9"}, "constraint_set.locks.INIT-000001"),
        (("constraint_set", "satisfied"), ["init-000002"], "constraint_set.satisfied[0]"),
        (("constraint_set", "exclusions_pairs"), [["INIT-000001"]], "constraint_set.exclusions_pairs[0]"),
        (("constraint_set", "bundles"), [["INIT-000001"]], "constraint_set.bundles[0]"),
        (("constraint_set", "groups"), [{"max_selected": -1}], "constraint_set.groups[0].max_selected"),
        (
            ("constraint_set", "synergy_bonuses"),
            [{"members": ["INIT-000001"], "kpi_key": "profit", "bonus": 1}],
            "constraint_set.synergy_bonuses[0].kpi_key",
        ),
        (
            ("constraint_set", "targets", "all", "all", "minutes"),
            {"cap": {"value": 1}},
            "constraint_set.targets.all.all.minutes.cap",
        ),
        (
            ("constraint_set", "targets", "all", "all", "profit"),
            {"goal": {"value": 1}},
            "constraint_set.targets.all.all.profit",
        ),
        (
            ("constraint_set", "targets", "all", "all", "revenue"),
            {"goal": {"value": 1, "penalty": -1}},
            "constraint_set.targets.all.all.revenue.goal.penalty",
        ),
        (
            ("constraint_set", "targets", "all", "all", "revenue"),
            {"goal": {"baseline": 1}},
            "constraint_set.targets.all.all.revenue.goal.value",
        ),
        (("period_key",), "\ud800", "period_key"),
        (("period_key",), "a\0b", "period_key"),
        (("periods",), ["2026-Q1", "2026-q1"], "periods[1]"),
        (("periods",), ["2026-Q2"], "period_key"),
        (("solver",), {"seed": -1}, "solver.seed"),
        (("solver",), {"time_limit_s": -1}, "solver.time_limit_s"),
        (("previous_starts",), {"INIT-000001": "2025-Q4"}, "previous_starts.INIT-000001"),
        (("schema_version",), 2, "schema_version"),
    ],
)
def test_what_does_not_fit_is_told_with_its_path(path, to, told):
    assert told in errors_of(changed(*path, to=to))


def test_all_problems_are_told_at_once_across_shape_and_meaning():
    problem = changed("capacity_total_tokens", to=True)
    problem["candidates"][0]["kpi_contributions"]["profit"] = 1
    problem["constraint_set"]["caps"]["planet"] = {"Mars": 1}
    problem["surprise"] = 1
    assert errors_of(problem).keys() >= {
        "capacity_total_tokens",
        "candidates[0].kpi_contributions.profit",
        "constraint_set.caps.planet",
        "surprise",
    }


def test_what_rests_on_a_bad_list_of_kpis_is_not_told_again():
    assert errors_of(changed("kpis", to=5)).keys() == {"kpis"}


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-999999999999", "1e99999999999999999999"]
)
def test_a_number_that_is_not_finite_is_told_where_it_stands(number):
    text = json.dumps(changed("candidates", 1, "engineering_tokens", to="HERE")).replace('"HERE"', number)
    assert errors_of(text).keys() == {"candidates[1].engineering_tokens"}


def test_numbers_mean_their_decimal_text():
    text = json.dumps(changed("capacity_total_tokens", to="HERE")).replace(
        '"HERE"', "0.1000000000000000000000000000000001"
    )
    assert read_problem(text).capacity_total_tokens == Decimal("0.1000000000000000000000000000000001")


@pytest.mark.parametrize("where", ["top", "map"])
def test_a_name_given_twice_in_one_object_is_told(where):
    text = json.dumps(BASE)
    text = (
        text.replace('"kpis":', '"kpis": [], "kpis":', 1)
        if where == "top"
        else text.replace('"UK": 400', '"UK": 400, "UK": 400')
    )
    assert ("kpis" if where == "top" else "constraint_set.caps.country.UK") in errors_of(text)


def test_two_spellings_that_agree_are_one_entry():
    problem = sound(changed("candidates", 0, "kpi_contributions", " REVENUE", to=48000))
    assert check_problem(problem) == []


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("candidates", 0, "kpi_contributions", " REVENUE"), 1),
        (("candidates", 0, "resources", "Design"), 1),
        (("constraint_set", "caps", "Country"), {"uk": 401}),
        (("constraint_set", "prerequisites"), {"INIT-000001": ["INIT-000002"], "init-000001": ["INIT-000009"]}),
        (("constraint_set", "locks"), {"INIT-000001": "2026-Q1", "init-000001": "2026-q2"}),
        (("objective", "weights", "Revenue"), 0.7),
    ],
)
def test_two_spellings_that_disagree_are_invalid(path, to):
    assert errors_of(changed(*path, to=to))


def test_the_two_ways_to_write_a_cross_dimension_are_one_slice():
    caps = {"country+product": {"UK|Payments": 5}, "Product + Country": {"payments | uk": 6}}
    assert errors_of(changed("constraint_set", "caps", to=caps)).keys() == {
        "constraint_set.caps.Product + Country.payments | uk"
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("{", "not JSON"),
        ("{} {}", "not JSON"),
        ("[1,", "not JSON"),
        ("5", "object"),
        ("null", "object"),
        ("[" * 10_000, "nested too deeply"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
        (b"\xff\xfe", "UTF-8"),
        (b"{\x00}", "not JSON"),
        (" " * (100 * 1024 * 1024), "too large"),
    ],
)
def test_text_that_is_no_problem_is_one_sentence(text, words):
    errors = errors_of(text)
    assert any(words in error["message"] for error in errors.values())


def test_a_byte_order_mark_is_no_error():
    assert isinstance(read_problem(b"\xef\xbb\xbf" + json.dumps(BASE).encode()), Problem)


def test_a_lexicographic_objective_needs_an_order_of_kpis_that_exist():
    assert "objective.order" in errors_of(changed("objective", to={"mode": "lexicographic"}))
    unknown = {"mode": "lexicographic", "order": ["revenue", "fame"]}
    assert "objective.order[1]" in errors_of(changed("objective", to=unknown))
    sound(changed("objective", to={"mode": "lexicographic", "order": ["Minutes", " revenue"]}))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["", "UK", "all"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("revenue"), inner, max_size=3)
    ),
    max_leaves=8,
)


def _paths(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _paths(value[key], (*path, key))
    elif isinstance(value, list):
        for i in range(len(value)):
            yield from _paths(value[i], (*path, i))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(_paths(BASE))[1:]), _json)
def test_any_value_anywhere_gives_a_problem_or_errors_and_never_a_traceback(path, value):
    read = read_problem(json.dumps(changed(*path, to=value)))
    assert isinstance(read, Problem) or read.errors
    assert json.loads(read.to_json()) is not None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_text_gives_errors_and_never_a_traceback(text):
    assert read_problem(text).errors


def test_a_problem_written_and_read_again_is_the_same():
    problem = sound(BASE)
    assert read_problem(problem.to_json()) == problem


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_spelling_and_blanks_do_not_change_the_digest(random):
    def spelled(text):
        return random.choice([text, text.lower(), text.upper(), f" {text} "])

    def shuffled(mapping, respell):
        items = list(mapping.items())
        random.shuffle(items)
        return {spelled(key) if respell else key: value for key, value in items}

    made = copy.deepcopy(BASE)
    random.shuffle(made["candidates"])
    for candidate in made["candidates"]:
        candidate["initiative_key"] = spelled(candidate["initiative_key"])
        candidate["country"] = spelled(candidate["country"])
        candidate["kpi_contributions"] = shuffled(candidate.get("kpi_contributions", {}), True)
        candidate["department"] = random.choice(["", None])
    rules = made["constraint_set"]
    random.shuffle(rules["bundles"][0]["members"])
    rules["bundles"][0]["bundle_key"] = random.choice(["b", "another label"])
    rules["caps"] = {spelled("country"): shuffled(rules["caps"]["country"], True)}
    made["constraint_set"] = shuffled(rules, False)
    assert problem_digest(sound(made)) == problem_digest(sound(BASE))


def test_a_changed_number_changes_the_digest():
    assert problem_digest(sound(changed("capacity_total_tokens", to=101))) != problem_digest(sound(BASE))
