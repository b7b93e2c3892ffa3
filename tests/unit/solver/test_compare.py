"""Two results compared: what shifted, and which single fact is behind it."""

from __future__ import annotations

import json

from engine.compare import Side, compare
from engine.differences import differences, put_back
from engine.notes import Notes
from engine.reading import read_problem
from engine.settling import settle
from engine.snapshot import settled_digest
from engine.solve import solve


def problem(**changes):
    """Three candidates of which two fit."""
    rows = [("A", 5, 50), ("B", 5, 40), ("C", 5, 30)]
    made = {
        "capacity_total_tokens": 10,
        "objective": {"mode": "north_star"},
        "kpis": [{"kpi_key": "revenue", "kpi_level": "north_star", "unit": "EUR"}],
        "candidates": [
            {
                "initiative_key": key,
                "title": f"Title {key}",
                "engineering_tokens": tokens,
                "country": "UK" if key == "A" else "FR",
                "kpi_contributions": {"revenue": value},
            }
            for key, tokens, value in rows
        ],
        "constraint_set": {},
        **changes,
    }
    return read_problem(json.dumps(made))


def side(made):
    return Side(made, solve(made))


def test_what_was_dropped_and_added_is_laid_to_the_rule_that_did_it():
    before, after = side(problem()), side(problem(constraint_set={"caps": {"country": {"UK": 4}}}))
    found = compare(before, after)
    assert [one.initiative_key for one in found.added] == ["C"]
    assert [one.initiative_key for one in found.dropped] == ["A"]
    assert all(one.because == ("constraint_set.caps.country.uk",) for one in (*found.added, *found.dropped))
    assert "UK: at most 4 tokens" in found.dropped[0].message


def test_a_changed_number_that_moves_nothing_is_told_and_blamed_for_nothing():
    raised = problem(capacity_total_tokens=11)
    found = compare(side(problem()), side(raised))
    assert not (*found.added, *found.dropped, *found.moved)
    assert [one.path for one in found.changed] == ["capacity_total_tokens"]


def test_a_result_without_a_plan_shifts_nothing():
    found = compare(side(problem()), side(problem(constraint_set={"floors": {"all": {"all": 99}}})))
    assert found.status == ("optimal", "infeasible")
    assert not (*found.added, *found.dropped, *found.moved)


def test_each_difference_put_back_leaves_one_fewer(random_problem):
    told = 0
    for seed in range(40):
        old, new = (settle(read_problem(random_problem(s)), Notes()) for s in (seed, seed + 1))
        listed = differences(old, new)
        for difference in listed[:3]:
            back = settle(put_back(new.problem, old.problem, difference.parts), Notes())
            assert difference.path not in {one.path for one in differences(old, back)}
            told += 1
    assert told > 50


def test_a_problem_does_not_differ_from_itself(random_problem):
    for seed in range(20):
        one, other = (settle(read_problem(random_problem(seed)), Notes()) for _ in range(2))
        assert differences(one, other) == []
        assert settled_digest(one) == settled_digest(other)
