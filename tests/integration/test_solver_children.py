"""Solver children that hang, crash or run late take nothing with them but themselves."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from engine import process
from engine.crew import Crew, _rival_task, _Run
from engine.errors import Cancelled
from engine.notes import Notes
from engine.process import SolverChild, Subject, Task, packed, unpacked
from engine.reading import read_problem
from engine.scales import scales_of
from engine.search import tiebreaks
from engine.settling import settle
from engine.solve import solve
from engine.wanted import Wanted


def knapsack(count, seed=1, **solver):
    """A problem with ten capacities that no solver closes at once."""
    r = random.Random(seed)
    resources = [f"r{k}" for k in range(9)]
    candidates = [
        {
            "initiative_key": f"C{i:04}",
            "engineering_tokens": r.randint(300, 900),
            "resources": {k: r.randint(300, 900) for k in resources},
            "kpi_contributions": {"v": r.randint(400, 800)},
        }
        for i in range(count)
    ]
    bound = count * 150
    return read_problem(
        json.dumps(
            {
                "capacity_total_tokens": bound,
                "objective": {"mode": "north_star"},
                "kpis": [{"kpi_key": "v", "kpi_level": "north_star"}],
                "candidates": candidates,
                "constraint_set": {"resource_caps": {k: {"all": {"all": bound}} for k in resources}},
                "solver": {"relative_gap": 0, **solver},
            }
        )
    )


def small():
    return knapsack(4)


@pytest.fixture(autouse=True)
def no_idle_children():
    process.idle.end()
    yield
    process.idle.end()


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_child_that_has_answered_is_asked_again_and_ends_when_told():
    solve(small())
    (child,) = process.idle.children
    solve(small())
    assert [c.process.pid for c in process.idle.children] == [child.process.pid]
    process.idle.end()
    assert child.process.returncode is not None
    assert not Path(child.scratch).exists()


def test_a_child_that_died_while_idle_is_replaced():
    solve(small())
    os.kill(process.idle.children[0].process.pid, signal.SIGKILL)
    process.idle.children[0].process.wait()
    assert solve(small()).status == "optimal"


def test_a_child_that_hangs_is_killed_when_time_is_up_and_the_greedy_plan_is_kept(monkeypatch):
    for name in ("HEDGE_S", "CALL_S"):
        monkeypatch.setattr(f"engine.crew.{name}", 60.0)  # nobody else comes to help
    solve(small())
    child = process.idle.children[0]
    os.kill(child.process.pid, signal.SIGSTOP)
    solution = solve(small(), time_limit_s=1)  # it returns at all
    assert solution.status == "feasible"  # the greedy plan, with a bound that is true
    assert solution.bound >= solution.objective
    assert child.process.returncode is not None


def test_a_solve_whose_child_crashes_is_finished_by_another_solver(monkeypatch):
    asked = []
    begin = SolverChild.begin

    def crash_highs(self, parcel, task: Task) -> None:
        asked.append(task.solver)
        begin(self, parcel, task)
        if task.solver == "HiGHS" and task.wanted.measure == "objective":
            self.end()

    monkeypatch.setattr(SolverChild, "begin", crash_highs)
    solution = solve(knapsack(12), time_limit_s=20)
    assert solution.status == "optimal"
    assert (asked[0], asked[1], solution.solver["name"]) == ("HiGHS", "CBC", "CBC")


def test_where_cbc_cannot_start_a_second_run_of_highs_confirms_that_nothing_is_possible(monkeypatch):
    asked = []
    begin = SolverChild.begin

    def without_cbc(self, parcel, task: Task) -> None:
        asked.append((task.solver, task.presolve))
        if task.solver == "CBC":
            raise OSError("no CBC here")
        begin(self, parcel, task)

    monkeypatch.setattr(SolverChild, "begin", without_cbc)
    problem = knapsack(4)
    rules = {"groups": ({"group_key": "g", "members": ("C0000", "C0001"), "min_selected": 2},)}
    pairs = (("C0000", "C0001"),)
    made = problem.constraint_set.model_validate(
        {**problem.constraint_set.model_dump(), **rules, "exclusions_pairs": pairs}
    )
    monkeypatch.setattr("engine.exact_side.contradiction", lambda _ledger: None)
    assert solve(problem.model_copy(update={"constraint_set": made})).status == "infeasible"
    assert asked == [("HiGHS", True), ("CBC", True), ("HiGHS", False)]


def race(monkeypatch, problem, hinder, **options):
    """Solves with the second solver joining as soon as it can; ``hinder`` gets each child with its task."""
    begin = SolverChild.begin
    asked = []

    def begun(self, parcel, task: Task) -> None:
        asked.append(task)
        begin(self, parcel, task)
        hinder(self, task)

    for name in ("LARGE", "HEDGE_S", "CALL_S", "HEDGE_PER_CANDIDATE_S"):
        monkeypatch.setattr(f"engine.crew.{name}", 0)
    monkeypatch.setattr(SolverChild, "begin", begun)
    return solve(problem, **options), asked


@pytest.mark.parametrize("hung", ["HiGHS", "CBC"])
def test_in_a_race_the_answer_of_one_is_kept_where_the_other_hangs(monkeypatch, hung):
    stopped = []

    def hang(child, task):
        if task.solver == hung and task.wanted.measure == "objective":
            os.kill(child.process.pid, signal.SIGSTOP)
            stopped.append(child)

    solution, asked = race(monkeypatch, knapsack(12), hang, time_limit_s=20)
    assert solution.status == "optimal"
    assert solution.solver["name"] == {"HiGHS": "CBC", "CBC": "HiGHS"}[hung]
    assert asked[0].solver == "HiGHS"
    assert all(child.process.returncode is not None for child in stopped)  # the loser is killed


@pytest.mark.parametrize("crashed", ["HiGHS", "CBC"])
def test_in_a_race_the_answer_of_one_is_kept_where_the_other_crashes(monkeypatch, crashed):
    def crash(child, task):
        if task.solver == crashed and task.wanted.measure == "objective":
            child.end()

    solution, _ = race(monkeypatch, knapsack(12), crash, time_limit_s=20)
    assert solution.status == "optimal"
    assert solution.solver["name"] == {"HiGHS": "CBC", "CBC": "HiGHS"}[crashed]


def test_a_race_comes_to_the_same_optimum_and_asks_each_solver_once_at_most(monkeypatch):
    def nothing(_child, _task):
        pass

    alone = solve(knapsack(12))
    raced, asked = race(monkeypatch, knapsack(12), nothing)
    assert (raced.status, raced.objective, raced.items) == (alone.status, alone.objective, alone.items)
    # what was begun ahead of the search is what the search asks for
    solvers = [task.solver for task in asked if task.wanted.measure == "objective"]
    assert solvers in (["HiGHS"], ["HiGHS", "CBC"])


def test_the_second_solver_is_asked_the_same_from_the_plan_that_the_first_has():
    task = Task(Wanted("objective"), "HiGHS", 0.0, 10.0, seed=0)
    run = _Run(None, task, began=0.0, deadline=0.0)
    assert _rival_task(run, task, 2.0) == replace(task, solver="CBC", limit_s=8.0)
    run.plans.append(packed((1, 5)))
    assert _rival_task(run, task, 2.0).start == (1, 5)


@pytest.mark.parametrize("solver", ["HiGHS", "CBC"])
def test_a_solver_that_starts_from_a_plan_comes_to_the_optimum_all_the_same(solver):
    settled = settle(knapsack(12), Notes())
    scales = scales_of(settled.problem, Notes())
    crew = Crew(Subject(settled.problem, scales, tiebreaks(settled)))
    with crew:
        task = Task(Wanted("objective"), solver, 0.0, 30.0, seed=0, presolve=False)
        cold = crew.ask(task)
        warm = crew.ask(replace(task, start=()))
    assert (cold.kind, warm.kind) == ("optimal", "optimal")
    assert warm.plans[-1] == cold.plans[-1]


def test_a_cancelled_solve_stops_and_kills_its_children(monkeypatch):
    begun = []
    begin = SolverChild.begin
    monkeypatch.setattr(
        SolverChild, "begin", lambda self, parcel, task: (begun.append(self), begin(self, parcel, task))[1]
    )
    with pytest.raises(Cancelled):
        solve(knapsack(600), time_limit_s=60, cancelled=lambda: bool(begun))
    assert begun
    assert all(child.process.returncode is not None for child in begun)


def test_progress_ends_with_what_the_result_says_and_its_bounds_hold_on_the_way():
    told = []
    solution = solve(knapsack(600), time_limit_s=2, on_progress=told.append)
    assert [told[0].phase, told[-1].phase] == ["preparing", "done"]
    assert told[-1].incumbent == float(solution.objective)
    assert told[-1].bound == pytest.approx(float(solution.bound), abs=1e-6)
    seen = [one for one in told if one.incumbent is not None and one.bound is not None]
    assert len(seen) > 2
    assert all(one.bound >= float(solution.objective) - 1e-6 for one in seen)
    assert all(a.seconds <= b.seconds for a, b in pairwise(told))


@pytest.mark.parametrize("plan", [(), (0,), (7, 8), (1, 63, 64, 1000)])
def test_a_plan_comes_out_of_the_pipe_as_it_went_in(plan):
    assert unpacked(packed(plan)) == plan


def test_where_time_ran_out_the_plan_is_feasible_and_the_gap_that_was_reached_is_true():
    solution = solve(knapsack(600), time_limit_s=2)
    assert solution.status == "feasible"
    assert solution.bound > solution.objective > 0
    assert abs(float(solution.relative_gap) - float(solution.bound / solution.objective - 1)) < 1e-6


def test_no_time_at_all_gives_the_greedy_plan_or_none():
    assert solve(small(), time_limit_s=0).status == "feasible"
    problem = knapsack(3)
    made = problem.constraint_set.model_validate(
        {
            **problem.constraint_set.model_dump(),
            "targets": {"all": {"all": {"v": {"floor": {"value": 900}, "cap": {"value": 901}}}}},
        }
    )
    roomy = problem.model_copy(
        update={"constraint_set": made, "capacity_total_tokens": problem.capacity_total_tokens * 10}
    )
    assert solve(roomy, time_limit_s=0).status in ("no_solution_in_time", "infeasible")


def test_threads_solve_at_the_same_time_with_a_child_each():
    statuses = []
    threads = [threading.Thread(target=lambda n=n: statuses.append(solve(knapsack(8 + n)).status)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == ["optimal"] * 4


def test_a_child_ends_by_itself_when_its_parent_is_killed():
    code = """
        import sys, time
        from engine.process import SolverChild
        child = SolverChild()
        print(child.process.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    give_up = time.monotonic() + 20
    while is_running(pid) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert not is_running(pid)


def test_solving_prints_nothing():
    code = """
        import json
        from engine.reading import read_problem
        from engine.solve import solve
        p = {"capacity_total_tokens": 5, "objective": {"mode": "score"}, "kpis": [],
             "candidates": [{"initiative_key": "A", "engineering_tokens": 1, "score": 2}]}
        assert solve(read_problem(json.dumps(p))).objective == 2
        p["constraint_set"] = {"groups": [{"members": ["A"], "min_selected": 2}]}
        assert solve(read_problem(json.dumps(p))).status == "infeasible"
    """
    done = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_crew_that_cannot_get_a_child_says_so(monkeypatch):
    def no_process(*_args, **_more):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", no_process)
    solution = solve(small(), time_limit_s=1)
    assert solution.status == "feasible"
