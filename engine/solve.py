"""Problem -> Solution; and, inside a solver child, the only place that runs PuLP and reads its results."""

# PuLP and highspy carry no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# pyright: reportOptionalMemberAccess=false

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from engine.exact import Tally, contradiction
from engine.greedy import greedy_plan
from engine.ledger import Ledger
from engine.links import Links
from engine.notes import Notes
from engine.problem import Problem, Solution
from engine.process import Answer, Crew, Kind, Subject, Task
from engine.report import report
from engine.scales import scales_of
from engine.search import MANY, Found, Limits, Search, search_subject
from engine.settling import settle

if TYPE_CHECKING:
    import pulp

    from engine.formulate import Formulation

EXIT_CODES = {"optimal": 0, "feasible": 0, "invalid": 1, "infeasible": 3, "no_solution_in_time": 6}
FEASIBILITY = 1e-6
"""What solvers take for zero, in the scale of a row or of the objective."""
LONGEST_S = 1e7
"""A limit beyond this is none."""
PER_CANDIDATE_S = 1e-4
"""What the exact re-check and the report take."""


def solve(
    problem: Problem,
    *,
    time_limit_s: Decimal | float | None = None,
    relative_gap: Decimal | float | Literal["problem"] | None = "problem",
    spent_s: float = 0.0,
) -> Solution:
    """The best plan and what is known of it (``model.md`` section 7). Never raises for the problem's sake.

    ``time_limit_s`` (seconds) and ``relative_gap`` (a fraction; None: automatic) win over the problem's own;
    ``spent_s`` is what reading has already taken of the limit. Solvers run in child processes, which are killed when
    time is up.
    """
    started = time.monotonic() - spent_s
    notes = Notes()
    settled = settle(problem, notes)
    if notes.errors:
        return Solution(status="invalid", errors=notes.all_errors(), warnings=tuple(notes.warnings))
    limit = min(LONGEST_S, float(problem.solver.time_limit_s if time_limit_s is None else time_limit_s))
    gap = problem.solver.relative_gap if relative_gap == "problem" else relative_gap
    ledger = Ledger(settled, scales_of(settled.problem, notes))
    links = Links(ledger)
    greedy = None if contradiction(ledger) else greedy_plan(ledger, links)
    limits = Limits(started, limit, 0.1 + PER_CANDIDATE_S * len(ledger.candidates))
    found = _found(ledger, greedy, limits, None if gap is None else Fraction(str(gap)))
    return report(problem, ledger, links, found, greedy, notes)


def _found(ledger: Ledger, greedy: Tally | None, limits: Limits, gap: Fraction | None) -> Found:
    if contradiction(ledger) is not None:
        return Found("infeasible")
    if not ledger.candidates:
        return Found("optimal", Tally(ledger), Fraction(0), Fraction(0), "broken")
    if gap is None:
        is_small = len(ledger.candidates) <= MANY and len(ledger.settled.problem.periods) == 1
        gap = Fraction(0) if is_small else Fraction(1, 1000)
    with Crew(search_subject(ledger)) as crew:
        return Search(ledger, limits, gap, crew, greedy).found()


def exit_code(solution: Solution) -> int:
    """The exit code of `roadmap solve`: optimal and feasible 0, invalid 1, infeasible 3, no_solution_in_time 6."""
    return EXIT_CODES[solution.status]


# inside the child -----------------------------------------------------------------------------------------------------


def answer_task(subject: Subject, task: Task, send: Callable[[Answer], object]) -> Answer:
    """Formulates, solves, and reads the result; plans met on the way are sent as answers of kind "incumbent"."""
    from engine.formulate import formulate

    started = time.monotonic()
    formulation = formulate(subject.problem, subject.scales, subject.tiebreaks, task.wanted)
    build_s = time.monotonic() - started
    run = _run_cbc if task.solver == "CBC" else _run_highs
    try:
        return run(formulation, task, build_s, send)
    except Exception as error:  # whatever a solver does, the parent gets an answer
        return Answer("failed", solver=task.solver, version=f"{type(error).__name__}: {error}")


def _run_highs(formulation: Formulation, task: Task, build_s: float, send: Callable[[Answer], object]) -> Answer:
    import highspy

    options: dict[str, Any] = {
        "random_seed": task.seed,
        "threads": 1,
        "mip_rel_gap": task.relative_gap,
        "mip_abs_gap": 0.0,
    }
    if not task.presolve:
        options["presolve"] = "off"
    limit = task.limit_s - build_s
    started = time.monotonic()
    plans: list[tuple[int, ...]] = []
    told = started
    kinds = highspy.cb.HighsCallbackType

    def on_the_way(met: tuple[tuple[int, ...], ...], dual_bound: float) -> Answer:
        return Answer("incumbent", met, _outward(-dual_bound, formulation), is_on_the_way=True)

    def heard(kind: Any, _message: str, out: Any, back: Any, _data: Any) -> None:
        nonlocal told
        now = time.monotonic()
        if kind == kinds.kCallbackMipImprovingSolution:
            plans.append(_selected(out.mip_solution, len(formulation.x)))
            send(on_the_way((plans[-1],), out.mip_dual_bound))
        elif now - told > 0.5:
            told = now
            send(on_the_way((), out.mip_dual_bound))
        if now - started > limit and kind == kinds.kCallbackMipInterrupt:
            back.user_interrupt = True

    solver = _bulk_highs(
        msg=False,
        timeLimit=max(0.01, limit),
        callbackTuple=(heard, None),
        callbacksToActivate=[kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt],
        **options,
    )
    formulation.model.solve(solver)
    highs: Any = formulation.model.solverModel
    info = highs.getInfo()
    kind, plan = read_result(formulation)
    return Answer(
        kind,
        (*plans, plan) if plan is not None else tuple(plans),
        _outward(-info.mip_dual_bound, formulation),
        "HiGHS",
        highs.version(),
        options,
        build_s,
        time.monotonic() - started,
        max(0, int(info.mip_node_count)),
    )


def _run_cbc(formulation: Formulation, task: Task, build_s: float, send: Callable[[Answer], object]) -> Answer:
    import pulp

    del send  # CBC is another process again: it tells nothing on the way
    started = time.monotonic()
    path = pulp.PULP_CBC_CMD.pulp_cbc_path
    options = [f"randomSeed {task.seed + 1}", *(() if task.presolve else ("preprocess off",))]
    solver = pulp.COIN_CMD(
        path=path, msg=False, timeLimit=max(1, int(task.limit_s - build_s)), gapRel=task.relative_gap, options=options
    )
    if not solver.available():
        return Answer("failed", solver="CBC", version="not found")
    formulation.model.solve(solver)
    kind, plan = read_result(formulation)
    given = {"ratio": task.relative_gap, "options": options}
    solve_s = time.monotonic() - started
    return Answer(kind, () if plan is None else (plan,), None, "CBC", "bundled with PuLP", given, build_s, solve_s)


def read_result(formulation: Formulation) -> tuple[Kind, tuple[int, ...] | None]:
    """What PuLP says, the one place that reads it: ``status`` calls a timed-out incumbent optimal, ``sol_status``
    tells."""
    import pulp

    kinds: Mapping[int, Kind] = {
        pulp.LpSolutionOptimal: "optimal",
        pulp.LpSolutionIntegerFeasible: "incumbent",
        pulp.LpSolutionInfeasible: "infeasible",
        pulp.LpSolutionNoSolutionFound: "nothing",
    }
    if formulation.model.status == pulp.LpStatusInfeasible:  # of CBC's "integer infeasible", sol_status says nothing
        return "infeasible", None
    kind: Kind = kinds.get(formulation.model.sol_status, "failed")
    if kind not in ("optimal", "incumbent"):
        return kind, None
    return kind, _selected([variable.varValue or 0.0 for variable in formulation.x], len(formulation.x))


def _selected(values: Any, count: int) -> tuple[int, ...]:
    return tuple(i for i in range(count) if values[i] > 0.5)


def _outward(bound: float, formulation: Formulation) -> Fraction | None:
    """A solver's upper bound in the measure's unit, rounded up by the solver's tolerance; None where there is none."""
    if not abs(bound) < 1e19:
        return None
    outward = Fraction(bound) + Fraction(FEASIBILITY) + abs(Fraction(bound)) / 10**9
    return outward / formulation.scale + formulation.constant


def _bulk_highs(**options: Any) -> Any:
    """PuLP's HiGHS, handed the model as arrays: PuLP's own way, a call per row, takes many times as long."""
    import highspy
    import numpy as np
    import pulp

    class BulkHiGHS(pulp.HiGHS):
        def buildSolverModel(self, lp: pulp.LpProblem) -> None:  # noqa: N802
            variables = lp.variables()
            for number, variable in enumerate(variables):
                variable.index = number
            inf = highspy.kHighsInf
            rows: list[Any] = lp.constraints()
            starts, index, value = [0], list[int](), list[float]()
            for number, row in enumerate(rows):
                row.index = number
                for variable, amount in row.items():
                    index.append(variable.index)
                    value.append(amount)
                starts.append(len(index))
            model = highspy.HighsLp()
            model.num_col_, model.num_row_ = len(variables), len(rows)
            sign = -1 if lp.sense == pulp.LpMaximize else 1
            model.col_cost_ = np.array([sign * lp.objective.get(v, 0.0) for v in variables], dtype=np.double)
            model.col_lower_ = np.array(
                [-inf if v.lowBound is None else v.lowBound for v in variables], dtype=np.double
            )
            model.col_upper_ = np.array([inf if v.upBound is None else v.upBound for v in variables], dtype=np.double)
            whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
            model.integrality_ = [whole if v.cat == pulp.LpInteger else real for v in variables]
            bounds = [(row.getLb(), row.getUb()) for row in rows]
            model.row_lower_ = np.array([-inf if low is None else low for low, _ in bounds], dtype=np.double)
            model.row_upper_ = np.array([inf if high is None else high for _, high in bounds], dtype=np.double)
            matrix = model.a_matrix_
            matrix.format_ = highspy.MatrixFormat.kRowwise
            matrix.num_col_, matrix.num_row_ = len(variables), len(rows)
            matrix.start_ = np.array(starts, dtype=np.int32)
            matrix.index_ = np.array(index, dtype=np.int32)
            matrix.value_ = np.array(value, dtype=np.double)
            lp.solverModel.passModel(model)

        def findSolutionValues(self, lp: pulp.LpProblem) -> tuple[int, int]:  # noqa: N802
            model: Any = lp.solverModel
            status, states = model.getModelStatus(), highspy.HighsModelStatus
            if status in (states.kInfeasible, states.kUnboundedOrInfeasible):  # every variable is bounded
                return pulp.LpStatusInfeasible, pulp.LpSolutionInfeasible
            has_plan = model.getInfo().primal_solution_status == 2
            if not has_plan:
                return pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound
            values = model.getSolution().col_value
            for variable in lp.variables():
                variable.varValue = values[variable.index]
            if status == states.kOptimal:
                return pulp.LpStatusOptimal, pulp.LpSolutionOptimal
            return pulp.LpStatusOptimal, pulp.LpSolutionIntegerFeasible

    return BulkHiGHS(**options)
