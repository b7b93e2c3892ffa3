"""The search of the core: as right as the search of the whole, on problems small enough to enumerate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from engine import core
from engine.exact import Tally
from engine.formulate import formulate
from engine.ledger import Ledger
from engine.notes import Notes
from engine.process import Subject, Task
from engine.reading import read_problem
from engine.scales import scales_of
from engine.search import tiebreaks
from engine.settling import settle
from engine.solve import answer_task
from engine.wanted import Wanted


@pytest.fixture(autouse=True)
def _cores_of_small_problems(monkeypatch):
    monkeypatch.setattr(core, "LEAST", 1)
    monkeypatch.setattr(core, "CORES", (1, 3))
    monkeypatch.setattr(core, "CORE_NODES", 1)


def asked(text, solver, gap):
    """The exact ledger of the problem, what the solver answers, and how far its bound may be from its plan."""
    settled = settle(read_problem(text), Notes())
    scales = scales_of(settled.problem, Notes())
    breaks = tiebreaks(settled)
    task = Task(Wanted("objective", is_reduced=True), solver, gap, 20.0, 1)
    heard = []
    answer = answer_task(Subject(settled.problem, scales, breaks), task, heard.append)
    ledger = Ledger(settled, scales)
    made = formulate(settled.problem, scales, breaks, task.wanted)
    objective = Tally(ledger, answer.plans[-1]).objective if answer.plans else made.constant
    size = abs(objective - made.constant)  # what a solver's gap is relative to
    return ledger, answer, heard, Fraction(gap) * size + (Fraction(3, 10**6) + size * made.scale / 10**6) / made.scale


@pytest.mark.parametrize("periods", [1, 2])
@pytest.mark.parametrize("gap", [0.0, 0.05])
def test_what_the_core_proves_is_within_the_gap_of_the_best_plan(random_problem, oracle, periods, gap):
    proven = 0
    for seed in range(260):
        text = random_problem(seed, periods)
        expected = oracle(text).judge()
        if '"lexicographic"' in text:
            continue
        ledger, answer, heard, within = asked(text, "HiGHS", gap)
        if expected is None:
            assert answer.kind == "infeasible", f"seed {seed}"
            continue
        best = expected[0]
        assert answer.kind == "optimal", f"seed {seed}: {answer}"
        objective = Tally(ledger, answer.plans[-1]).objective
        slack = abs(best) / 10**6 + Fraction(1, 10**6)
        assert objective <= best <= answer.bound + slack, f"seed {seed}: {objective}, {best}, {answer.bound}"
        assert answer.bound - objective <= within, f"seed {seed}: {objective} is not proven by {answer.bound}"
        told = [one.bound for one in heard if one.bound is not None]
        assert all(bound >= best - slack for bound in told), f"seed {seed}: a bound on the way was not true"
        proven += 1
    assert proven > 80


def test_the_bound_of_any_duals_is_true():
    random = np.random.default_rng(1)
    for _ in range(200):
        count, rows = int(random.integers(2, 9)), int(random.integers(1, 5))
        matrix = random.integers(-9, 10, (rows, count)).astype(float)
        cost = random.integers(-9, 10, count).astype(float)
        low = np.where(random.random(rows) < 0.5, -np.inf, random.integers(-20, 1, rows))
        high = np.where(random.random(rows) < 0.5, np.inf, random.integers(0, 20, rows))
        starts = np.arange(0, rows * count + 1, count, dtype=np.int32)
        columns = core.Columns(
            cost,
            np.zeros(count),
            np.ones(count),
            np.ones(count, dtype=bool),
            low,
            high,
            starts,
            np.tile(np.arange(count, dtype=np.int32), rows),
            matrix.ravel(),
        )
        bound, _ = core.lagrangian(columns, random.normal(0, 5, rows))
        plans = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(float)
        sums = plans @ matrix.T
        kept = ((sums >= low) & (sums <= high)).all(axis=1)
        if kept.any():
            assert bound <= (plans[kept] @ cost).min() + 1e-9
