"""Inside a solver child: one model, turned from question to question (see ``probe.py``).

The best plan under one more condition is found in four steps, each of which makes the next one short: the relaxation;
a search among the few candidates whose reduced costs leave them open (its plan is a lower bound); fixing all whose
reduced cost exceeds the distance of the two bounds, which no better plan can turn; and the search of the rest.
"""

# highspy and PuLP carry no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import highspy
import numpy as np

from engine.formulate import formulate
from engine.probe import Probe, Said
from engine.process import Subject
from engine.wanted import Cut, Wanted

OPEN = (20, 30)
"""Candidates left open in the first, short search; and in the second, where the first found no plan."""
LARGE = 400
"""Choices from which the relaxation leaves so much decided that a core is enough..."""
OPEN_OF_LARGE = (40, 80, 160)
"""...of one of these sizes."""
POOL = 400
"""Plans kept between questions."""
TOLERANCE = 1e-6
_INF = highspy.kHighsInf
_STATES = highspy.HighsModelStatus


class _Model:
    """The rows of one subject as a relaxation and as a whole-number problem, both kept between questions."""

    def __init__(self, subject: Subject, cuts: tuple[Cut, ...]) -> None:
        self.subject, self.cuts = subject, cuts
        made = formulate(subject.problem, subject.scales, subject.tiebreaks, Wanted("objective", cuts=cuts))
        self.scale, self.constant, self.choices = made.scale, made.constant, len(made.x)
        variables = made.model.variables()
        for number, variable in enumerate(variables):
            variable.index = number
        self.x = np.array([variable.index for variable in made.x], dtype=np.int32)
        self.columns = np.arange(len(variables), dtype=np.int32)
        self.low = np.array([v.lowBound or 0.0 for v in variables], dtype=np.double)
        self.high = np.array([_INF if v.upBound is None else v.upBound for v in variables], dtype=np.double)
        self.is_whole = np.array([v.cat == "Integer" for v in variables], dtype=bool)
        self.costs = np.array([-made.model.objective.get(v, 0.0) for v in variables], dtype=np.double)
        self.rows: dict[str, list[int]] = {}
        self.pool: list[Any] = []
        self._make(made.model)

    def _make(self, model: Any) -> None:
        lp = highspy.HighsLp()
        starts, index, value, low, high = [0], list[int](), list[float](), list[float](), list[float]()
        for number, row in enumerate(model.constraints()):
            self.rows.setdefault(str(row.name).partition("#")[0], []).append(number)
            for variable, amount in row.items():
                index.append(variable.index)
                value.append(amount)
            starts.append(len(index))
            bottom, top = row.getLb(), row.getUb()
            low.append(-_INF if bottom is None else bottom)
            high.append(_INF if top is None else top)
        lp.num_col_, lp.num_row_ = len(self.columns), len(low)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.costs, self.low, self.high
        lp.row_lower_, lp.row_upper_ = np.array(low, dtype=np.double), np.array(high, dtype=np.double)
        self.row_bounds = list(zip(low, high, strict=True))
        matrix = lp.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.num_col_, matrix.num_row_ = len(self.columns), len(low)
        matrix.start_ = np.array(starts, dtype=np.int32)
        matrix.index_ = np.array(index, dtype=np.int32)
        matrix.value_ = np.array(value, dtype=np.double)
        self.starts, self.index, self.value = starts, index, value
        self.relaxed = _solver(presolve="off")
        self.relaxed.passModel(lp)
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole if is_whole else real for is_whole in self.is_whole]
        self.search = _solver(
            mip_rel_gap=0.0,
            mip_abs_gap=0.0,
            mip_heuristic_effort=0.0,
            mip_detect_symmetry=False,
            mip_heuristic_run_feasibility_jump=False,
            mip_heuristic_run_root_reduced_cost=False,
            mip_heuristic_run_rins=False,
            mip_heuristic_run_rens=False,
            mip_allow_restart=False,
            mip_pscost_minreliable=2,
            presolve="off",
        )
        self.search.passModel(lp)

    # questions --------------------------------------------------------------------------------------------------------

    def answer(self, probe: Probe) -> Said:
        give_up = time.monotonic() + probe.limit_s
        low, high = self._bounds(probe.held)
        if probe.aim in ("best", "bound"):
            return self._best(probe, low, high, give_up)
        freed = self.rows.get(probe.row.translate(_PULP_NAMES), []) if probe.aim == "row" else []
        if probe.aim == "row" and len(freed) != 1:
            return Said("failed")
        costs = np.zeros(len(self.columns))
        for number in freed:
            for at in range(self.starts[number], self.starts[number + 1]):
                costs[self.index[at]] = -probe.sense * self.value[at]
            self.search.changeRowBounds(number, -_INF, _INF)
        self.search.changeColsCost(len(self.columns), self.columns, costs)
        try:
            kind, values, _ = self._searched(low, high, 0.0, give_up, None)
        finally:
            self.search.changeColsCost(len(self.columns), self.columns, self.costs)
            for number in freed:
                self.search.changeRowBounds(number, *self.row_bounds[number])
        return Said(kind, self._plan(values))

    def _bounds(self, held: Mapping[int, int]) -> tuple[Any, Any]:
        low, high = self.low.copy(), self.high.copy()
        for i, value in held.items():
            low[self.x[i]], high[self.x[i]] = value, min(value, high[self.x[i]])
        return low, high

    def _best(self, probe: Probe, low: Any, high: Any, give_up: float) -> Said:
        if bool((low > high).any()):
            return Said("infeasible")
        relaxed = self.relaxed
        relaxed.changeColsBounds(len(self.columns), self.columns, low, high)
        relaxed.setOptionValue("time_limit", _clock(relaxed, give_up))
        relaxed.run()
        state = relaxed.getModelStatus()
        if state in (_STATES.kInfeasible, _STATES.kUnboundedOrInfeasible):
            return Said("infeasible") if probe.aim == "bound" else self._denied(low, high, give_up)
        if state != _STATES.kOptimal:
            return Said("nothing")
        least = relaxed.getInfo().objective_function_value
        if probe.aim == "bound":
            return self._said("incumbent", None, least)
        solution = relaxed.getSolution()
        values, reduced = np.array(solution.col_value), np.array(solution.col_dual)
        whole = self.is_whole & (np.abs(values - np.round(values)) < TOLERANCE)
        met = self._first(probe, low, high, values, reduced, whole, give_up)
        if met is not None and self._is_near(float(self.costs @ met), least, probe.gap):
            return self._said("optimal", met, least)
        if met is not None:
            distance = float(self.costs @ met) - least + TOLERANCE * (1 + abs(least))
            fixed = whole & (np.abs(reduced) > distance)
            low[fixed] = high[fixed] = np.round(values[fixed])
        kind, found, bound = self._searched(low, high, probe.gap, give_up, met)
        if found is None and met is not None:  # the search ended before it took up what it was given
            kind, found = "incumbent", met
        if found is not None:
            self.pool = [*self.pool[1 - POOL :], found]
        bound = least if bound is None else max(bound, least)
        if met is not None and found is not None:
            bound = min(bound, float(self.costs @ found))
        return self._said(kind, found, bound)

    @staticmethod
    def _is_near(cost: float, least: float, gap: float) -> bool:
        return cost - least <= max(TOLERANCE, gap * abs(cost))

    def _first(self, probe: Probe, low: Any, high: Any, values: Any, reduced: Any, whole: Any, give_up: float) -> Any:
        """A good plan: the best among those that differ from the relaxation in a few open candidates only."""
        if bool(whole[self.is_whole].all()):
            return values
        plans = [plan for plan in (self._started(probe, low, high), self._pooled(low, high)) if plan is not None]
        order = np.argsort(np.where(self.is_whole, np.abs(reduced), -1.0))
        is_large = self.choices >= LARGE
        for size in OPEN_OF_LARGE if is_large else OPEN:
            shut = whole.copy()
            more = size if is_large else max(size, self.choices // 20)
            shut[order[: more + int((~self.is_whole).sum())]] = False
            near_low, near_high = low.copy(), high.copy()
            near_low[shut] = near_high[shut] = np.round(values[shut])
            _, found, _ = self._searched(near_low, near_high, probe.gap, give_up, None)
            if found is not None:
                plans.append(found)
                if not is_large or self._is_near(float(self.costs @ found), float(self.costs @ values), probe.gap):
                    break
        return min(plans, key=lambda plan: float(self.costs @ plan), default=None)

    def _pooled(self, low: Any, high: Any) -> Any:
        """The best plan met before that keeps to the bounds."""
        if not self.pool:
            return None
        known = np.array(self.pool)
        fits = ((known >= low - TOLERANCE) & (known <= high + TOLERANCE)).all(axis=1)
        if not bool(fits.any()):
            return None
        return known[np.argmin(np.where(fits, known @ self.costs, np.inf))]

    def _started(self, probe: Probe, low: Any, high: Any) -> Any:
        """The plan to begin from, with what follows from its choices, where it keeps to the bounds."""
        if probe.start is None:
            return None
        chosen = np.zeros(self.choices)
        chosen[list(probe.start)] = 1.0
        if bool((chosen < low[self.x]).any() or (chosen > high[self.x]).any()):
            return None
        held_low, held_high = low.copy(), high.copy()
        held_low[self.x] = held_high[self.x] = chosen
        relaxed = self.relaxed
        relaxed.changeColsBounds(len(self.columns), self.columns, held_low, held_high)
        relaxed.run()
        return np.array(relaxed.getSolution().col_value) if relaxed.getModelStatus() == _STATES.kOptimal else None

    def _denied(self, low: Any, high: Any, give_up: float) -> Said:
        """What the relaxation calls impossible, asked of the search once more."""
        kind, values, bound = self._searched(low, high, 0.0, give_up, None)
        return self._said(kind, values, bound)

    def _searched(self, low: Any, high: Any, gap: float, give_up: float, start: Any) -> tuple[Any, Any, float | None]:
        """(kind, values or None, bound) of the search within these bounds of the columns."""
        search = self.search
        search.clearSolver()
        search.setOptionValue("mip_rel_gap", gap)
        search.setOptionValue("time_limit", _clock(search, give_up))
        search.changeColsBounds(len(self.columns), self.columns, low, high)
        if start is not None:
            given = highspy.HighsSolution()
            given.col_value = list(start)
            search.setSolution(given)
        search.run()
        state, info = search.getModelStatus(), search.getInfo()
        if state in (_STATES.kInfeasible, _STATES.kUnboundedOrInfeasible):
            return "infeasible", None, None
        bound = info.mip_dual_bound if abs(info.mip_dual_bound) < 1e19 else None
        if info.primal_solution_status != 2:
            return "nothing", None, bound
        values = np.array(search.getSolution().col_value)
        return ("optimal" if state == _STATES.kOptimal else "incumbent"), values, bound

    def _plan(self, values: Any) -> tuple[int, ...] | None:
        if values is None:
            return None
        return tuple(int(i) for i in np.flatnonzero(values[self.x] > 0.5))

    def _said(self, kind: Any, values: Any, least: float | None) -> Said:
        """The answer, with the most that the objective can be, in its own unit, where the model's costs are at least
        ``least``."""
        plan = self._plan(values)
        if least is None:
            return Said(kind, plan)
        most = -Fraction(least)
        slack = (Fraction(TOLERANCE) + abs(most) / 10**9) / self.scale
        return Said(kind, plan, most / self.scale + slack + self.constant, slack)


def answer_probe(probe: Probe) -> Said:
    """The answer to one question; whatever a solver does, the parent gets one."""
    global _model
    subject = probe.subject or (_model.subject if _model else None)
    assert subject is not None
    if _model is None or _model.subject is not subject or _model.cuts != probe.cuts:
        _model = _Model(subject, probe.cuts)
    try:
        return _model.answer(probe)
    except Exception:  # of whatever kind
        _model = None
        return Said("failed")


def _clock(solver: Any, give_up: float) -> float:
    """The limit by the solver's own clock, which runs on from question to question."""
    return float(solver.getRunTime()) + max(0.01, give_up - time.monotonic())


def _solver(**options: Any) -> Any:
    made = highspy.Highs()
    for name, value in {"output_flag": False, "threads": 1, "random_seed": 0, **options}.items():
        made.setOptionValue(name, value)
    return made


_model: _Model | None = None
_PULP_NAMES = str.maketrans("-+[] ", "_____")
