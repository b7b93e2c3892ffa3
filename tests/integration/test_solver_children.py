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
from pathlib import Path

import pytest

from engine import process
from engine.process import Answer, SolverChild, Task
from engine.reading import read_problem
from engine.solve import solve


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
    process._idle.end()
    yield
    process._idle.end()


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_child_that_has_answered_is_asked_again_and_ends_when_told():
    solve(small())
    (child,) = process._idle.children
    solve(small())
    assert [c.process.pid for c in process._idle.children] == [child.process.pid]
    process._idle.end()
    assert child.process.returncode is not None
    assert not Path(child.scratch).exists()


def test_a_child_that_died_while_idle_is_replaced():
    solve(small())
    os.kill(process._idle.children[0].process.pid, signal.SIGKILL)
    process._idle.children[0].process.wait()
    assert solve(small()).status == "optimal"


def test_a_child_that_hangs_is_killed_when_time_is_up_and_the_greedy_plan_is_kept():
    solve(small())
    child = process._idle.children[0]
    os.kill(child.process.pid, signal.SIGSTOP)
    solution = solve(small(), time_limit_s=1)  # it returns at all
    assert solution.status == "feasible"  # the greedy plan, with a bound that is true
    assert solution.bound >= solution.objective
    assert child.process.returncode is not None


def test_a_solve_whose_child_crashes_is_finished_by_another_solver(monkeypatch):
    asked = []
    answer = SolverChild.answer

    def crash_highs(self, subject, task: Task) -> Answer:
        asked.append(task.solver)
        if task.solver == "HiGHS" and task.wanted.measure == "objective":
            threading.Timer(0.01, self._end).start()
            os.kill(self.process.pid, signal.SIGSTOP)
        return answer(self, subject, task)

    monkeypatch.setattr(SolverChild, "answer", crash_highs)
    solution = solve(knapsack(12), time_limit_s=20)
    assert solution.status == "optimal"
    assert (asked[0], asked[1], solution.solver["name"]) == ("HiGHS", "CBC", "CBC")


def test_where_cbc_cannot_start_a_second_run_of_highs_confirms_that_nothing_is_possible(monkeypatch):
    asked = []
    answer = SolverChild.answer

    def without_cbc(self, subject, task: Task) -> Answer:
        asked.append((task.solver, task.presolve))
        return Answer("failed", solver="CBC") if task.solver == "CBC" else answer(self, subject, task)

    monkeypatch.setattr(SolverChild, "answer", without_cbc)
    problem = knapsack(4)
    rules = {"groups": ({"group_key": "g", "members": ("C0000", "C0001"), "min_selected": 2},)}
    pairs = (("C0000", "C0001"),)
    made = problem.constraint_set.model_validate(
        {**problem.constraint_set.model_dump(), **rules, "exclusions_pairs": pairs}
    )
    assert solve(problem.model_copy(update={"constraint_set": made})).status == "infeasible"
    assert asked == [("HiGHS", True), ("CBC", True), ("HiGHS", False)]


def test_where_time_ran_out_the_plan_is_feasible_and_the_gap_that_was_reached_is_true():
    solution = solve(knapsack(150), time_limit_s=2)
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
        from engine.process import Crew, SolverChild
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
