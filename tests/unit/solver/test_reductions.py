"""What solvers are not asked: who is in or out in any plan, and the order of candidates that are alike."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from engine.exact import Tally, breaches
from engine.ledger import Ledger
from engine.notes import Notes
from engine.reading import read_problem
from engine.reductions import fixed, ranked
from engine.scales import scales_of
from engine.search import tiebreaks
from engine.settling import settle
from engine.terms import Terms


def settled_of(text):
    settled = settle(read_problem(text), Notes())
    return settled, Terms(settled.problem)


def problem_of(rules=None, count=4, **more):
    rows = [{"initiative_key": f"C{i}", "engineering_tokens": 5, **more.get(f"C{i}", {})} for i in range(count)]
    given = {"capacity_total_tokens": 10, "objective": {"mode": "score"}, "kpis": [], "candidates": rows}
    return settled_of(json.dumps({**given, "constraint_set": rules or {}}))


@pytest.mark.parametrize("periods", [1, 2])
def test_what_is_fixed_is_the_same_in_every_plan_that_keeps_the_rules(random_problem, periods):
    count = 0
    for seed in range(150):
        settled, terms = settled_of(random_problem(seed, periods))
        ledger = Ledger(settled, scales_of(settled.problem, Notes()))
        n = len(ledger.candidates)
        values = fixed(settled.problem, terms)
        count += len(values)
        for mask in range(2**n) if values else ():
            choices = [i if periods == 1 else n + 2 * i for i in range(n) if mask >> i & 1]
            plan = Tally(ledger, choices)
            if not any(breaches(plan)):
                assert all((i in plan.selection) == bool(value) for i, value in values.items()), f"seed {seed}"
    assert count > 50


def test_what_follows_from_rules_about_single_initiatives_is_fixed():
    rules = {
        "mandatory_initiatives": ["C0"],
        "prerequisites": {"C0": ["C1"]},
        "exclusions_pairs": [["C1", "C2"]],
        "bundles": [{"members": ["C2", "C3"]}],
    }
    settled, terms = problem_of(rules)
    assert fixed(settled.problem, terms) == {0: 1, 1: 1, 2: 0, 3: 0}


def test_rules_that_contradict_each_other_fix_nothing():
    settled, terms = problem_of({"mandatory_initiatives": ["C0"], "exclusions_initiatives": ["C0"]})
    assert fixed(settled.problem, terms) == {}


def test_candidates_that_are_alike_stand_in_the_order_of_their_digests():
    settled, terms = problem_of()
    digests = tiebreaks(settled)
    pairs = ranked(settled.problem, terms, digests)
    order = sorted(range(4), key=digests.__getitem__)
    assert pairs == list(pairwise(order))


@pytest.mark.parametrize(
    ("rules", "more"),
    [
        ({"groups": [{"members": ["C0", "C1"], "max_selected": 1}]}, {}),
        ({"prerequisites": {"C0": ["C1"]}}, {}),
        ({}, {"C0": {"score": 1}}),
        ({}, {"C0": {"country": "UK"}}),
        ({}, {"C1": {"resources": {"design": 1}}}),
        ({}, {"C1": {"engineering_tokens": 5.001}}),
    ],
)
def test_candidates_that_differ_or_that_a_rule_names_have_no_order(rules, more):
    settled, terms = problem_of(rules, 2, **more)
    assert ranked(settled.problem, terms, tiebreaks(settled)) == []
