"""What random problems hardly ever meet."""

from __future__ import annotations

import json

import pytest

from engine.reading import read_problem
from engine.solve import solve


@pytest.mark.parametrize("longer", ["A", "B"])
def test_of_two_that_are_worth_the_same_the_one_that_is_finished_earlier_wins(longer):
    candidates = [
        {
            "initiative_key": key,
            "engineering_tokens": 10,
            "kpi_contributions": {"v": 5},
            "duration_periods": 2 if key == longer else 1,
        }
        for key in "AB"
    ]
    text = json.dumps(
        {
            "periods": ["2026-Q1", "2026-Q2"],
            "period_key": "2026-Q1",
            "capacity_total_tokens": 10,
            "objective": {"mode": "north_star"},
            "kpis": [{"kpi_key": "v", "kpi_level": "north_star"}],
            "candidates": candidates,
        }
    )
    found = solve(read_problem(text), relative_gap=0)
    assert found.ties == "broken"
    assert [item.initiative_key for item in found.items if item.selected] != [longer]


@pytest.mark.parametrize(("dimension", "key"), [("country", ""), ("country+product", "|"), ("country+product", "|Pay")])
def test_a_blank_attribute_belongs_to_no_slice_whatever_its_key(dimension, key):
    text = json.dumps(
        {
            "capacity_total_tokens": 20,
            "objective": {"mode": "north_star"},
            "kpis": [{"kpi_key": "v", "kpi_level": "north_star"}],
            "candidates": [  # the best plan is none that the greedy way finds
                {"initiative_key": "A", "engineering_tokens": 10, "product": "Pay", "kpi_contributions": {"v": 70}},
                {"initiative_key": "B", "engineering_tokens": 10, "product": "Pay", "kpi_contributions": {"v": 70}},
                {"initiative_key": "C", "engineering_tokens": 6, "country": "UK", "kpi_contributions": {"v": 45}},
                {"initiative_key": "D", "engineering_tokens": 6, "country": "UK", "kpi_contributions": {"v": 45}},
                {"initiative_key": "E", "engineering_tokens": 6, "country": "UK", "kpi_contributions": {"v": 44}},
            ],
            "constraint_set": {"caps": {dimension: {key: 0}}},
        }
    )
    found = solve(read_problem(text), relative_gap=0)
    assert found.greedy_objective != found.objective
    assert (found.status, [item.selected for item in found.items]) == ("optimal", [True, True, False, False, False])


def test_a_goal_that_is_a_hair_beside_what_meets_it_is_met():
    text = json.dumps(
        {
            "capacity_total_tokens": 1,
            "objective": {"mode": "north_star"},
            "kpis": [{"kpi_key": "v", "kpi_level": "north_star"}, {"kpi_key": "w"}],
            "candidates": [
                {"initiative_key": "A", "engineering_tokens": 1, "kpi_contributions": {"w": 941191}},
                {"initiative_key": "B", "engineering_tokens": 0.5},
            ],
            "constraint_set": {"targets": {"all": {"all": {"w": {"goal": {"value": 0.001}}}}}},
        }
    )
    found = solve(read_problem(text), relative_gap=0)
    assert (found.objective, [item.selected for item in found.items]) == (0, [True, False])


def test_a_synergy_of_which_only_one_member_lies_in_a_slice_earns_nothing_there():
    """A and B earn 5 w together, but not in the UK; ranking by value per token takes C."""
    amounts = {"A": (10, "UK", 6, 5), "B": (10, "FR", 6, 5), "C": (15, "FR", 11, 0)}
    text = json.dumps(
        {
            "capacity_total_tokens": 20,
            "objective": {"mode": "north_star"},
            "kpis": [{"kpi_key": "v", "kpi_level": "north_star"}, {"kpi_key": "w"}],
            "candidates": [
                {
                    "initiative_key": key,
                    "engineering_tokens": tokens,
                    "country": country,
                    "kpi_contributions": {"v": v, "w": w},
                }
                for key, (tokens, country, v, w) in amounts.items()
            ],
            "constraint_set": {
                "synergy_bonuses": [{"members": ["A", "B"], "kpi_key": "w", "bonus": 5}],
                "targets": {"country": {"UK": {"w": {"cap": {"value": 5}}}}},
            },
        }
    )
    found = solve(read_problem(text), relative_gap=0)
    assert (found.status, [item.selected for item in found.items]) == ("optimal", [True, True, False])
