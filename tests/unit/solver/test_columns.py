"""Candidates as they are handed to the solvers' processes."""

from __future__ import annotations

import json
from decimal import Decimal
from multiprocessing.reduction import ForkingPickler

import pytest

from engine.columns import candidates_of, columns_of
from engine.notes import Notes
from engine.problem import Candidate, Problem
from engine.process import Parcel, Subject
from engine.reading import read_problem
from engine.scales import scales_of
from engine.settling import settle


def sent(*candidates):
    return candidates_of(columns_of(candidates))


@pytest.mark.parametrize(
    "text", ["9007199254740993", "0.1", "0.10", "0.0", "-3E+2", "123456789012345678901234567890.5"]
)
def test_numbers_arrive_digit_by_digit(text):
    given = Candidate(initiative_key="a", engineering_tokens=Decimal(text), kpi_contributions={"k": Decimal(text)})
    (made,) = sent(given)
    assert (str(made.engineering_tokens), str(made.kpi_contributions["k"])) == (text, text)


def test_candidates_with_different_resources_keep_their_own():
    one = Candidate(initiative_key="a", engineering_tokens=Decimal(1), resources={"design": Decimal(2)})
    other = Candidate(initiative_key="b", engineering_tokens=Decimal(1), resources={"ops": Decimal(3), "x": Decimal(4)})
    none = Candidate(initiative_key="c", engineering_tokens=Decimal(1), title="C", latest_period="q2")
    assert sent(one, other, none) == (one, other, none)


def test_candidates_without_resources_arrive():
    given = [Candidate(initiative_key=key, engineering_tokens=Decimal(5)) for key in "abc"]
    assert sent(*given) == tuple(given)


def test_no_candidates_arrive_as_none():
    assert sent() == ()


@pytest.mark.parametrize("periods", [1, 3])
def test_a_child_gets_the_problem_as_it_was_settled(random_problem, periods):
    for seed in range(40):
        problem = read_problem(random_problem(seed, periods))
        assert isinstance(problem, Problem)
        settled = settle(problem, Notes()).problem
        subject = Subject(settled, scales_of(settled, Notes()), (1, 2, 3))
        got = ForkingPickler.loads(Parcel(subject).bytes())
        assert got == subject
        assert json.loads(got.problem.to_json()) == json.loads(settled.to_json())
