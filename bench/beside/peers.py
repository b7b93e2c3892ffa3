"""The same portfolios written for the solvers themselves, as somebody would without this product.

``Rows`` is a reading of its own of the problem's rules, as linear rows. Each peer builds its model from them, solves it
on as many threads as the machine has, and says what it chose. ``with_ties`` does what this product does for small
portfolios: of the plans that are as good it finds the one with the fewest tokens, and of these the one with the least
digests. ``watched`` ends a solver that does not keep its time limit.
"""

from __future__ import annotations

import hashlib
import math
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import highspy
import numpy as np
import pulp
from ortools.sat.python import cp_model

INF = float("inf")


@dataclass(slots=True)
class Rows:
    """maximise sum cost[v] * v with low <= sum a * v <= high; the first ``count`` variables are the candidates, 0 or 1;
    the others lie between 0 and their ``most``."""

    count: int
    cost: list[float]
    most: list[float]
    rows: list[tuple[list[int], list[float], float, float]] = field(default_factory=list)
    whole: float = 1.0  # what makes all costs whole numbers

    def add(self, terms: dict[int, float], low: float = -INF, high: float = INF) -> None:
        """One row."""
        self.rows.append((list(terms), list(terms.values()), low, high))

    def variable(self, most: float, cost: float) -> int:
        """One more variable."""
        self.most.append(most)
        self.cost.append(cost)
        return len(self.cost) - 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """``chosen`` None: no plan in time; ``build_s`` is part of ``total_s``; ``bound`` as the solver tells it."""

    chosen: list[int] | None
    bound: float
    build_s: float
    total_s: float


def rows_of(problem: dict[str, Any]) -> Rows:
    """The portfolio as rows."""
    candidates, rules = problem["candidates"], problem["constraint_set"]
    n = len(candidates)
    number = {c["initiative_key"]: i for i, c in enumerate(candidates)}
    revenue = [c["kpi_contributions"]["revenue"] for c in candidates]
    tokens = [c["engineering_tokens"] for c in candidates]
    rows = Rows(n, list(map(float, revenue)), [1.0] * n)
    rows.add(dict(enumerate(tokens)), high=problem["capacity_total_tokens"])
    for field_, is_floor in (("caps", False), ("floors", True), ("count_floors", True)):
        for dimension, keys in rules.get(field_, {}).items():
            for key, bound in keys.items():
                weigh = (lambda _i: 1) if field_ == "count_floors" else tokens.__getitem__
                terms = {i: weigh(i) for i, c in enumerate(candidates) if c[dimension] == key}
                rows.add(terms, *((bound, INF) if is_floor else (-INF, bound)))
    for resource, slices in rules.get("resource_caps", {}).items():
        rows.add({i: c["resources"][resource] for i, c in enumerate(candidates)}, high=slices["all"]["all"])
    for key, share in rules.get("share_caps", {}).get("product", {}).items():
        percent = round(share * 100)
        inside = [c["product"] == key for c in candidates]
        rows.add({i: (100 * inside[i] - percent) * tokens[i] for i in range(n)}, high=0)
    for who, required in rules.get("prerequisites", {}).items():
        for key in required:
            rows.add({number[who]: 1, number[key]: -1}, high=0)
    for one, other in rules.get("exclusions_pairs", ()):
        rows.add({number[one]: 1, number[other]: 1}, high=1)
    for bundle in rules.get("bundles", ()):
        rows.add({number[bundle["members"][0]]: 1, number[bundle["members"][1]]: -1}, 0, 0)
    for group in rules.get("groups", ()):
        rows.add({number[key]: 1 for key in group["members"]}, group["min_selected"], group["max_selected"])
    for key in rules.get("mandatory_initiatives", ()):
        rows.add({number[key]: 1}, low=1)
    scale = sum(revenue)
    for synergy in rules.get("synergy_bonuses", ()):
        y = rows.variable(1.0, synergy["bonus"])
        for key in synergy["members"]:
            rows.add({y: 1, number[key]: -1}, high=0)
    if "targets" in rules:
        goal = rules["targets"]["all"]["all"]["diners"]["goal"]
        rows.whole = 100 * goal["value"]
        short = rows.variable(goal["value"], -scale * goal["penalty"] / goal["value"])
        diners = {i: c["kpi_contributions"]["diners"] for i, c in enumerate(candidates)}
        rows.add({**diners, short: 1}, low=goal["value"])
    return rows


def objective_of(rows: Rows, chosen: list[int]) -> tuple[float, bool]:
    """The objective of a choice with the best values of all other variables, and whether every row holds."""
    values = _values(rows, chosen)
    holds = True
    for index, amounts, low, high in rows.rows:
        held = sum(a * values[v] for v, a in zip(index, amounts, strict=True))
        holds = holds and low - 1e-6 <= held <= high + 1e-6
    return float(np.dot(rows.cost, values)), holds


def _values(rows: Rows, chosen: list[int]) -> Any:
    values = np.zeros(len(rows.cost))
    values[chosen] = 1
    values[rows.count :] = [most if cost > 0 else 0 for most, cost in zip(rows.most, rows.cost, strict=True)][
        rows.count :
    ]
    for index, amounts, low, high in rows.rows:  # what the others must be, given the candidates
        others = [(v, a) for v, a in zip(index, amounts, strict=True) if v >= rows.count]
        rest = sum(a * values[v] for v, a in zip(index, amounts, strict=True) if v < rows.count)
        for v, a in others:
            if high < INF and a > 0:
                values[v] = min(values[v], max(0.0, (high - rest) / a))
            if low > -INF and a > 0:
                values[v] = max(values[v], (low - rest) / a)
    return values


def pulp_cbc(rows: Rows, gap: float, limit_s: float) -> Outcome:
    """PuLP as its manual shows it, solved by CBC."""
    started = time.perf_counter()
    model = pulp.LpProblem("portfolio", pulp.LpMaximize)
    x = [
        model.add_variable(f"v{v}", 0, most, pulp.LpInteger if v < rows.count else pulp.LpContinuous)
        for v, most in enumerate(rows.most)
    ]
    model += pulp.lpSum(cost * v for cost, v in zip(rows.cost, x, strict=True))
    for index, amounts, low, high in rows.rows:
        total = pulp.lpSum(a * x[v] for v, a in zip(index, amounts, strict=True))
        if low > -INF:
            model += total >= low
        if high < INF:
            model += total <= high
    built = time.perf_counter()
    path = pulp.PULP_CBC_CMD.pulp_cbc_path
    model.solve(pulp.COIN_CMD(path=path, msg=False, gapRel=gap, timeLimit=limit_s, threads=os.cpu_count()))
    has_plan = model.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)
    chosen = [v for v in range(rows.count) if (x[v].varValue or 0) > 0.5] if has_plan else None
    return Outcome(chosen, INF, built - started, time.perf_counter() - started)


def highs(rows: Rows, gap: float, limit_s: float) -> Outcome:
    """highspy, handed the rows as arrays."""
    started = time.perf_counter()
    model = highspy.HighsLp()
    columns = len(rows.cost)
    model.num_col_, model.num_row_ = columns, len(rows.rows)
    model.col_cost_ = np.array(rows.cost)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.array(rows.most)
    whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [whole if v < rows.count else real for v in range(columns)]
    model.row_lower_ = np.array([low for _, _, low, _ in rows.rows])
    model.row_upper_ = np.array([high for _, _, _, high in rows.rows])
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.num_col_, matrix.num_row_ = columns, len(rows.rows)
    matrix.start_ = np.cumsum([0, *(len(index) for index, _, _, _ in rows.rows)]).astype(np.int32)
    matrix.index_ = np.concatenate([index for index, _, _, _ in rows.rows]).astype(np.int32)
    matrix.value_ = np.concatenate([amounts for _, amounts, _, _ in rows.rows]).astype(np.double)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", gap)
    solver.setOptionValue("time_limit", limit_s)
    solver.passModel(model)
    built = time.perf_counter()
    solver.run()
    info = solver.getInfo()
    values = solver.getSolution().col_value
    chosen = [v for v in range(rows.count) if values[v] > 0.5] if info.primal_solution_status == 2 else None
    return Outcome(chosen, info.mip_dual_bound, built - started, time.perf_counter() - started)


def cp_sat(rows: Rows, gap: float, limit_s: float) -> Outcome:
    """OR-Tools' CP-SAT; all its variables are whole numbers."""
    started = time.perf_counter()
    model = cp_model.CpModel()
    x = [model.new_bool_var("") if most == 1 else model.new_int_var(0, round(most), "") for most in rows.most]
    for index, amounts, low, high in rows.rows:
        times = 1 if all(float(a).is_integer() for a in amounts) else rows.whole
        total = cp_model.LinearExpr.weighted_sum([x[v] for v in index], [round(a * times) for a in amounts])
        model.add_linear_constraint(
            total,
            math.floor(low * times) if low > -INF else cp_model.INT_MIN,
            math.ceil(high * times) if high < INF else cp_model.INT_MAX,
        )
    model.maximize(cp_model.LinearExpr.weighted_sum(x, rows.cost))
    built = time.perf_counter()
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit_s
    solver.parameters.relative_gap_limit = gap
    solver.parameters.num_workers = os.cpu_count() or 1
    status = solver.solve(model)
    has_plan = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    chosen = [v for v in range(rows.count) if solver.value(x[v])] if has_plan else None
    bound = solver.best_objective_bound if has_plan else INF  # without a plan it says nothing
    return Outcome(chosen, bound, built - started, time.perf_counter() - started)


def alone(solve: Solve, problem: dict[str, Any], gap: float, limit_s: float) -> Outcome:
    """From the problem to the plan."""
    started = time.perf_counter()
    rows = rows_of(problem)
    read_s = time.perf_counter() - started
    found = solve(rows, gap, limit_s)
    return replace(found, build_s=found.build_s + read_s, total_s=time.perf_counter() - started)


def with_ties(solve: Solve, problem: dict[str, Any], gap: float, limit_s: float) -> Outcome:
    """From the problem to the one plan that the ties leave."""
    started = time.perf_counter()
    found = alone(solve, problem, gap, limit_s)
    rows = rows_of(problem)
    for amounts in (
        [float(candidate["engineering_tokens"]) for candidate in problem["candidates"]],
        [float(_digest(candidate["initiative_key"])) for candidate in problem["candidates"]],
    ):
        if found.chosen is None:
            break
        reached = sum(cost * value for cost, value in zip(rows.cost, _values(rows, found.chosen), strict=True))
        kept = (list(range(len(rows.cost))), rows.cost, reached - 1e-6 * abs(reached) / 10**3, INF)
        others = [0.0] * (len(rows.cost) - rows.count)
        rows = Rows(rows.count, [-a for a in amounts] + others, rows.most, [*rows.rows, kept], rows.whole)
        following = solve(rows, 0.0, limit_s)
        found = replace(found, chosen=following.chosen or found.chosen, build_s=found.build_s + following.build_s)
    return replace(found, total_s=time.perf_counter() - started)


def watched(way: Way, solve: Solve, problem: dict[str, Any], gap: float, limit_s: float) -> Outcome:
    """``alone`` or ``with_ties`` in a process of its own, which is killed after three times the limit: no plan then."""
    here, there = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=lambda: there.send(way(solve, problem, gap, limit_s)))
    started = time.perf_counter()
    child.start()
    there.close()
    try:
        if here.poll(3 * limit_s):
            return here.recv()
        return Outcome(None, INF, 0.0, time.perf_counter() - started)
    except EOFError:  # it crashed
        return Outcome(None, INF, 0.0, time.perf_counter() - started)
    finally:
        child.kill()
        child.join()


def _digest(key: str) -> int:
    return int(hashlib.sha256(key.casefold().encode()).hexdigest()[:6], 16)


FORKS = multiprocessing.get_context("fork")
Solve = Callable[[Rows, float, float], Outcome]
Way = Callable[[Solve, dict[str, Any], float, float], Outcome]
PEERS: dict[str, Solve] = {"PuLP+CBC": pulp_cbc, "highspy": highs, "CP-SAT": cp_sat}
