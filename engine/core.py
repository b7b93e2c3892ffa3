"""The core of a large problem: what its relaxation leaves nearly undecided is searched first.

With thousands of candidates and few rules that bind, the relaxation decides nearly all of them: only those whose
reduced cost is small can differ in a good plan (Balas and Zemel 1980, Pisinger 1999). A search among these gives a plan
that is often within the gap already. Where it is not, whoever would cost more than is still to be gained is fixed,
which cuts off no better plan, and the rest is searched from that plan on.
"""

# highspy carries no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.double]

LEAST = 400
"""Whole-numbered columns from which the relaxation leaves so much decided that looking at the core pays."""
CORES = (80, 160, 320, 640, 1280)
"""Columns of a core, beside those that the relaxation leaves between 0 and 1; one after the other."""
CORE_NODES = 5
"""Nodes after which the search of a core is left: it is to find a plan, the proof comes after it."""
GROWTH = 0.2
"""A larger core is tried while the last one was by so much nearer to what is wanted: where it was not, the relaxation
is what is too coarse."""
SURE = 1e-7
"""What is added, relative to the objective, before a column is taken to cost more than is to be gained."""
_STATES = highspy.HighsModelStatus


@dataclass(frozen=True, slots=True)
class Columns:
    """minimise cost · x, row_low <= A x <= row_high, low <= x <= high; A by rows, of which row i stands at
    ``starts[i]`` to ``starts[i + 1]`` of ``index`` and ``value``. All bounds of columns are finite."""

    cost: Reals
    low: Reals
    high: Reals
    is_whole: NDArray[np.bool_]
    row_low: Reals
    row_high: Reals
    starts: NDArray[np.int32]
    index: NDArray[np.int32]
    value: Reals

    def reduced(self, duals: Reals) -> Reals:
        """cost - Aᵀ duals: what each column costs beside what it takes from the rows."""
        weights = self.value * np.repeat(duals, np.diff(self.starts))
        return self.cost - np.bincount(self.index, weights=weights, minlength=len(self.cost))


@dataclass(slots=True)
class Known:
    """What is known while the search goes on. ``bound``: the least that the objective can be; ``is_part``: True while
    the solver's own bound is that of a core alone; ``is_proven``: True where the bound proves the solver's plan."""

    bound: float = -np.inf
    is_part: bool = False
    is_proven: bool = False

    def least(self, told: float) -> float:
        """The least that the objective can be, where the solver says ``told``."""
        return self.bound if self.is_part else max(self.bound, told)


def search(solver: Any, columns: Columns, known: Known, gap: float, seconds: float, *, is_begun: bool) -> None:
    """Solves the model that ``solver`` was given, within ``gap`` or until the time is up; leaves plan and status in it
    and the bound in ``known``. One that ``is_begun``, with a plan to begin from, is searched as a whole."""
    give_up = time.monotonic() + seconds
    is_large = np.count_nonzero(columns.is_whole & (columns.low < columns.high)) >= LEAST
    if is_large and not is_begun and _Core(solver, columns, known, gap, give_up).is_enough():
        return
    _run(solver, gap, give_up)
    known.bound = known.least(solver.getInfo().mip_dual_bound)


@dataclass(slots=True)
class _Core:
    solver: Any
    columns: Columns
    known: Known
    gap: float
    give_up: float

    def is_enough(self) -> bool:
        """True where the relaxation or a core told all; else the solver is ready for what is left to search."""
        self.solver.setOptionValue("solve_relaxation", True)
        _run(self.solver, self.gap, self.give_up)
        self.solver.setOptionValue("solve_relaxation", False)
        state = self.solver.getModelStatus()
        if state != _STATES.kOptimal:
            return state in (_STATES.kInfeasible, _STATES.kUnboundedOrInfeasible)
        solution = self.solver.getSolution()
        values = np.array(solution.col_value)
        self.known.bound, reduced = lagrangian(self.columns, np.array(solution.row_dual))
        near = np.rint(values)
        is_open = ~self.columns.is_whole | (np.abs(values - near) > 1e-6)
        order = np.argsort(np.where(is_open, np.inf, np.abs(reduced)), kind="stable")
        plan: Reals | None = None
        nearest = np.inf
        for size in CORES:
            core = is_open.copy()
            core[order[:size]] = True
            plan = self._searched(near, core, plan)
            if self.known.is_proven:
                return True
            short = self.solver.getInfo().mip_dual_bound - self._target()
            if plan is not None and short > (1 - GROWTH) * nearest:
                break
            nearest = short if plan is not None else np.inf
        if plan is None:
            self._fix(near, np.ones_like(is_open))
            return False
        objective = float(self.columns.cost @ plan)
        to_gain = objective - self.known.bound + SURE * max(1.0, abs(objective))
        self._fix(near, is_open | (np.abs(reduced) <= to_gain))
        _begin(self.solver, plan)
        return False

    def _target(self) -> float:
        """The objective that the bound proves to be within the gap."""
        bound = self.known.bound
        return bound / (1 + self.gap if bound < 0 else max(SURE, 1 - self.gap))

    def _searched(self, values: Reals, core: NDArray[np.bool_], plan: Reals | None) -> Reals | None:
        """The best plan met in the core, if any; ``plan`` is one to begin from."""
        self._fix(values, core)
        if plan is not None:
            _begin(self.solver, plan)
        bound, known = self.known.bound, self.known
        known.is_part = True
        self.solver.setOptionValue("mip_max_nodes", CORE_NODES)
        self.solver.setOptionValue("objective_target", self._target())
        _run(self.solver, self.gap / 4, self.give_up)
        self.solver.setOptionValue("mip_max_nodes", highspy.kHighsIInf)
        self.solver.setOptionValue("objective_target", -highspy.kHighsInf)
        known.is_part = False
        if self.solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return plan
        found = np.array(self.solver.getSolution().col_value)
        objective = float(self.columns.cost @ found)
        known.is_proven = objective - bound <= self.gap * abs(objective)
        return found

    def _fix(self, values: Reals, free: NDArray[np.bool_]) -> None:
        """Gives all columns their value but those that are free."""
        columns = self.columns
        low, high = np.where(free, columns.low, values), np.where(free, columns.high, values)
        self.solver.changeColsBounds(len(free), np.arange(len(free), dtype=np.int32), low, high)


def _begin(solver: Any, plan: Reals) -> None:
    begun = highspy.HighsSolution()
    begun.col_value = plan.tolist()
    solver.setSolution(begun)


def _run(solver: Any, gap: float, give_up: float) -> None:
    left = max(0.01, give_up - time.monotonic())
    solver.setOptionValue("mip_rel_gap", gap)
    solver.setOptionValue("time_limit", solver.getRunTime() + left)  # its clock goes on from run to run
    solver.run()


def lagrangian(columns: Columns, duals: Reals) -> tuple[float, Reals]:
    """The bound that the duals prove whatever the solver's tolerances, and the reduced costs: the least of the
    objective when each row counts with its dual instead of being kept (Neumaier and Shcherbina 2004)."""
    duals = np.where(duals > 0, np.where(np.isfinite(columns.row_low), duals, 0.0), duals)
    duals = np.where(duals < 0, np.where(np.isfinite(columns.row_high), duals, 0.0), duals)
    reduced = columns.reduced(duals)
    of_rows = duals * np.where(duals > 0, columns.row_low, np.where(duals < 0, columns.row_high, 0.0))
    of_columns = reduced * np.where(reduced > 0, columns.low, columns.high)
    return float(of_rows.sum() + of_columns.sum()), reduced
