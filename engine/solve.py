"""Problem -> Solution; and, inside a solver child, the only place that runs PuLP and reads its results."""

# PuLP and highspy carry no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# pyright: reportOptionalMemberAccess=false

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.cbc_log import read_log
from engine.conflict import conflict_of
from engine.crew import LARGE, PAIR, Crew, Watch
from engine.exact import Tally
from engine.exact_side import ExactSide, exact_side, garbage_left
from engine.found import Found, Limits
from engine.notes import Notes
from engine.probe import case_of
from engine.problem import Problem, Solution
from engine.process import Answer, Heard, Kind, Subject, Task, call_up, packed
from engine.progress import Progress, Telling
from engine.reading import Reading
from engine.report import report
from engine.scales import scales_of
from engine.search import MANY, Search, first_task, tiebreaks
from engine.settling import Settled, settle
from engine.wanted import KPI

if TYPE_CHECKING:
    import pulp

    from engine.core import Known
    from engine.formulate import Formulation

EXIT_CODES = {"optimal": 0, "feasible": 0, "invalid": 1, "infeasible": 3, "no_solution_in_time": 6}
FEASIBILITY = 1e-6
"""What solvers take for zero, in the scale of a row or of the objective."""
CONFLICT_S = 20.0
"""What finding out why there is no plan may take of the limit."""
LONGEST_S = 1e7
"""A limit beyond this is none."""
START_S = 2.0
"""Seconds that a plan to start from may take to be worked out."""
CBC_PRINTS = 1e-3
"""CBC prints its bound to this many decimals."""
LONG_FOR_SMALL = ("mip_allow_restart", "mip_heuristic_run_root_reduced_cost")
"""What HiGHS is told to leave out where the whole search takes less time than these, measured with 100 candidates..."""
LONG_FOR_TIES = ("mip_heuristic_run_rins", "mip_heuristic_run_rens")
"""...and what more, where a plan as good as the best is known already."""
PER_CANDIDATE_S = 3e-5
"""What the exact re-check and the report take..."""
REPORT_SHARE = 0.7
"""...and what they take beside the making of the exact side, which tells how busy the machine is."""


def solve(
    problem: Problem,
    *,
    time_limit_s: Decimal | float | None = None,
    relative_gap: Decimal | float | Literal["problem"] | None = "problem",
    spent_s: float = 0.0,
    on_progress: Callable[[Progress], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
    reading: Reading | None = None,
) -> Solution:
    """The best plan and what is known of it (``model.md`` section 7). Never raises for the problem's sake.

    ``time_limit_s`` (seconds) and ``relative_gap`` (a fraction; None: automatic) win over the problem's own;
    ``spent_s`` is what reading has already taken of the limit. Solvers run in child processes, which are killed when
    time is up. ``on_progress`` hears how it gets on. ``cancelled`` is asked some ten times a second; once it says True,
    the children are killed and Cancelled is raised. ``reading`` is that of the problem, where it was just read.
    """
    started = time.monotonic() - spent_s
    telling = Telling(on_progress, started)
    watch = Watch(told=telling.hear) if cancelled is None else Watch(cancelled, telling.hear)
    telling.enter("preparing")
    if len(problem.candidates) >= PAIR:
        call_up(2)
    notes = reading.notes if reading else Notes()
    with garbage_left():
        settled = reading.settled if reading else settle(problem, notes)
        if notes.errors:
            return Solution(status="invalid", errors=notes.all_errors(), warnings=tuple(notes.warnings))
        scales = scales_of(settled.problem, notes)
    limit = min(LONGEST_S, float(problem.solver.time_limit_s if time_limit_s is None else time_limit_s))
    count = len(settled.problem.candidates)
    limits = Limits(started, limit, 0.1 + PER_CANDIDATE_S * count)
    gap = problem.solver.relative_gap if relative_gap == "problem" else relative_gap
    within = automatic_gap(settled) if gap is None else Fraction(str(gap))
    if count >= LARGE and time.monotonic() > started + limit:  # reading took it all
        return Solution(status="no_solution_in_time", warnings=tuple(notes.warnings))
    with Crew(Subject(settled.problem, scales, tiebreaks(settled)), watch) as crew:
        if crew.is_large and limits.left() > 0:  # the solvers set to work while the exact side is still being made
            crew.begin(first_task(settled, within, limits.left()))
        exact = exact_side(settled, scales, watch.check)
        limits = replace(limits, kept=max(limits.kept, 0.1 + REPORT_SHARE * exact.took_s))
        telling.enter("searching", None if exact.greedy is None else exact.greedy.objective)
        found = _found(exact, limits, within, crew, is_automatic=gap is None)
    telling.enter("writing")
    with garbage_left():
        solution = report(problem, exact, found, notes, watch.check)
    if found.status == "infeasible":
        case = case_of(settled, scales)
        solution = solution.model_copy(
            update={"conflict": conflict_of(case, min(limits.left(), CONFLICT_S), watch.check)}
        )
    telling.end(None if found.plan is None else found.plan.objective, found.bound)
    return solution


def _found(exact: ExactSide, limits: Limits, gap: Fraction, crew: Crew, *, is_automatic: bool) -> Found:
    ledger = exact.ledger
    if not exact.is_possible:
        return Found("infeasible")
    if not ledger.candidates:
        return Found("optimal", Tally(ledger), Fraction(0), Fraction(0), "broken")
    is_small = len(ledger.candidates) * len(ledger.settled.problem.periods) <= MANY
    return Search(ledger, limits, gap, crew, exact.greedy, tries_for_all=is_automatic and is_small).found()


def automatic_gap(settled: Settled) -> Fraction:
    """The gap where none is asked for: proof for small problems, 0.001 beyond."""
    is_small = len(settled.problem.candidates) <= MANY and len(settled.problem.periods) == 1
    return Fraction(0) if is_small else Fraction(1, 1000)


def exit_code(solution: Solution) -> int:
    """The exit code of `roadmap solve`: optimal and feasible 0, invalid 1, infeasible 3, no_solution_in_time 6."""
    return EXIT_CODES[solution.status]


# inside the child -----------------------------------------------------------------------------------------------------


def answer_task(subject: Subject, task: Task, send: Callable[[Heard], object]) -> Answer:
    """Formulates, solves, and reads the result; what is met on the way is sent."""
    from engine.formulate import formulate

    started = time.monotonic()
    try:
        formulation = formulate(subject.problem, subject.scales, subject.tiebreaks, task.wanted)
        build_s = time.monotonic() - started
        run = _run_cbc if task.solver == "CBC" else _run_highs
        return run(formulation, task, build_s, send)
    except Exception as error:  # whatever a solver does, the parent gets an answer
        return Answer("failed", solver=task.solver, version=f"{type(error).__name__}: {error}")


def _run_highs(formulation: Formulation, task: Task, build_s: float, send: Callable[[Heard], object]) -> Answer:
    import highspy

    from engine.core import LEAST, Known

    options: dict[str, Any] = {
        "random_seed": task.seed,
        "threads": 1,
        "mip_rel_gap": task.relative_gap,
        "mip_abs_gap": 0.0,
    }
    if len(formulation.x) < LEAST:
        is_tie = not (task.wanted.measure == "objective" or task.wanted.measure.startswith(KPI))
        options |= dict.fromkeys((*LONG_FOR_SMALL, *(LONG_FOR_TIES if is_tie else ())), False)
    if not task.presolve:
        options["presolve"] = "off"
    started = time.monotonic()
    known = Known()
    kinds = highspy.cb.HighsCallbackType
    solver = _bulk_highs(
        is_begun=_is_begun(formulation, task.start),
        known=known,
        msg=False,
        timeLimit=max(0.01, task.limit_s - build_s),
        callbackTuple=(_highs_listener(formulation, known, task.limit_s - build_s, send), None),
        callbacksToActivate=[kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt],
        **options,
    )
    formulation.model.solve(solver)
    highs: Any = formulation.model.solverModel
    info = highs.getInfo()
    kind, plan = read_result(formulation)
    return Answer(
        kind,
        () if plan is None else (plan,),
        _outward(-known.bound, formulation),
        "HiGHS",
        highs.version(),
        options,
        build_s,
        time.monotonic() - started,
        max(0, int(info.mip_node_count)),
    )


def _highs_listener(
    formulation: Formulation, known: Known, limit_s: float, send: Callable[[Heard], object]
) -> Callable[..., None]:
    """The callback that sends each better plan and, twice a second, the bound; and stops HiGHS when time is up."""
    import highspy

    kinds = highspy.cb.HighsCallbackType
    started = told = time.monotonic()

    def heard(kind: Any, _message: str, out: Any, back: Any, _data: Any) -> None:
        nonlocal told
        now = time.monotonic()
        if kind == kinds.kCallbackMipImprovingSolution:
            plan = packed(_chosen(out.mip_solution, len(formulation.x)))
            reached = _in_unit(-out.objective_function_value, formulation)
            send(Heard(plan, reached, _outward(-known.least(out.mip_dual_bound), formulation)))
        elif now - told > 0.5:
            told = now
            reached = _in_unit(-out.mip_primal_bound, formulation)
            send(Heard(None, reached, _outward(-known.least(out.mip_dual_bound), formulation)))
        if now - started > limit_s and kind == kinds.kCallbackMipInterrupt:
            back.user_interrupt = True

    return heard


def _run_cbc(formulation: Formulation, task: Task, build_s: float, send: Callable[[Heard], object]) -> Answer:
    import pulp

    started = time.monotonic()
    path = pulp.PULP_CBC_CMD.pulp_cbc_path
    options = [f"randomSeed {task.seed + 1}", *(() if task.presolve else ("preprocess off",))]
    log = Path(tempfile.gettempdir()) / "cbc.log"
    solver = pulp.COIN_CMD(
        path=path,
        msg=False,
        timeLimit=max(0.1, task.limit_s - build_s - _file_s(formulation)),
        gapRel=task.relative_gap,
        options=options,
        warmStart=_is_begun(formulation, task.start),
        logPath=str(log),
    )
    if not solver.available():
        return Answer("failed", solver="CBC", version="not found")
    formulation.model.solve(solver)
    kind, plan = read_result(formulation)
    said = read_log(log.read_text(errors="replace"))
    bound = None if said.bound is None else _outward(said.bound, formulation, CBC_PRINTS)
    given = {"ratio": task.relative_gap, "options": options}
    solve_s = time.monotonic() - started
    if plan is not None:
        send(Heard(None, None, bound))
    return Answer(
        kind, () if plan is None else (plan,), bound, "CBC", said.version, given, build_s, solve_s, said.nodes
    )


def _file_s(formulation: Formulation) -> float:
    """Seconds that CBC's files take to be written and read; CBC looks at its clock only now and then, too."""
    return 0.2 + 2e-5 * len(formulation.x)


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
    return kind, _chosen([variable.varValue or 0.0 for variable in formulation.x], len(formulation.x))


def _chosen(values: Any, count: int) -> tuple[int, ...]:
    """The numbers of the choices that a solver set to 1, of the first ``count`` values."""
    import numpy as np

    return tuple(np.flatnonzero(np.asarray(values[:count]) > 0.5).tolist())


def _in_unit(reached: float, formulation: Formulation) -> Fraction | None:
    """A solver's objective in the measure's unit; None where there is none."""
    return Fraction(reached) / formulation.scale + formulation.constant if abs(reached) < 1e19 else None


def _outward(bound: float, formulation: Formulation, step: float = FEASIBILITY) -> Fraction | None:
    """A solver's upper bound in the measure's unit, rounded up by the solver's tolerance; None where there is none."""
    if not abs(bound) < 1e19:
        return None
    outward = Fraction(bound) + Fraction(step) + abs(Fraction(bound)) / 10**9
    return outward / formulation.scale + formulation.constant


def _is_begun(formulation: Formulation, start: tuple[int, ...] | None) -> bool:
    """Gives every variable its value in the plan to start from, if there is one; what follows from the choices is
    worked out with those fixed. False where that cannot be done."""
    import pulp

    if start is None:
        return False
    chosen = set(start)
    bounds = [(x.lowBound, x.upBound) for x in formulation.x]
    for number, x in enumerate(formulation.x):
        x.lowBound = x.upBound = int(number in chosen)
    formulation.model.solve(_bulk_highs(msg=False, threads=1, timeLimit=START_S))
    for x, (low, high) in zip(formulation.x, bounds, strict=True):
        x.lowBound, x.upBound = low, high
    return formulation.model.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)


def _bulk_highs(*, is_begun: bool = False, known: Known | None = None, **options: Any) -> Any:
    """PuLP's HiGHS, handed the model as arrays: PuLP's own way, a call per row, takes many times as long. With
    ``known`` it searches the core of a large model first; from a plan to begin from, the whole at once."""
    import highspy
    import numpy as np
    import pulp

    from engine.core import Columns, search

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
            sign = -1 if lp.sense == pulp.LpMaximize else 1
            bounds = [(row.getLb(), row.getUb()) for row in rows]
            self.columns = columns = Columns(
                np.array([sign * lp.objective.get(v, 0.0) for v in variables], dtype=np.double),
                np.array([-inf if v.lowBound is None else v.lowBound for v in variables], dtype=np.double),
                np.array([inf if v.upBound is None else v.upBound for v in variables], dtype=np.double),
                np.array([v.cat == pulp.LpInteger for v in variables], dtype=np.bool_),
                np.array([-inf if low is None else low for low, _ in bounds], dtype=np.double),
                np.array([inf if high is None else high for _, high in bounds], dtype=np.double),
                np.array(starts, dtype=np.int32),
                np.array(index, dtype=np.int32),
                np.array(value, dtype=np.double),
            )
            model = highspy.HighsLp()
            model.num_col_, model.num_row_ = len(variables), len(rows)
            model.col_cost_, model.col_lower_, model.col_upper_ = columns.cost, columns.low, columns.high
            whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
            model.integrality_ = [whole if is_whole else real for is_whole in columns.is_whole]
            model.row_lower_, model.row_upper_ = columns.row_low, columns.row_high
            matrix = model.a_matrix_
            matrix.format_ = highspy.MatrixFormat.kRowwise
            matrix.num_col_, matrix.num_row_ = len(variables), len(rows)
            matrix.start_, matrix.index_, matrix.value_ = columns.starts, columns.index, columns.value
            lp.solverModel.passModel(model)
            if is_begun:
                begun = highspy.HighsSolution()
                begun.col_value = [variable.varValue or 0.0 for variable in variables]
                lp.solverModel.setSolution(begun)

        def callSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802
            if known is None:
                lp.solverModel.run()
            else:
                gap = options["mip_rel_gap"]
                search(lp.solverModel, self.columns, known, gap, options["timeLimit"], is_begun=is_begun)

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
            if status == states.kOptimal or (known is not None and known.is_proven):
                return pulp.LpStatusOptimal, pulp.LpSolutionOptimal
            return pulp.LpStatusOptimal, pulp.LpSolutionIntegerFeasible

    return BulkHiGHS(**options)
