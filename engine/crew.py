"""The crew that works on one problem: solver children asked one by one, or raced against each other where that pays.

No solver wins everywhere (``docs/performance.md``), so CBC joins HiGHS where that is not over soon. The first that
proves a plan within the gap ends the race and the other is killed; where time runs out, the best plan and the least
bound of both count. What hangs is killed when its time is up, what crashes leaves the race to the other.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from multiprocessing.connection import wait

from engine.errors import Cancelled
from engine.process import Answer, Heard, Kind, Parcel, Solver, SolverChild, Subject, Task, call_up, idle, unpacked
from engine.wanted import KPI, Measure

GRACE_S = 0.25
"""How long after its limit a child may still answer before it is killed."""
LARGE = 1_000
"""Candidates from which a solver is set to work while the exact side is still being made."""
PAIR = 60
"""Candidates from which both solvers may be needed."""
HEDGE_S = 0.02
"""Seconds after which the second solver joins where a child waits for work: many small problems are over by then..."""
CALL_S = 0.3
"""...and where one has to be started first; that takes some 0.3 s of a core..."""
HEDGE_PER_CANDIDATE_S = 1e-4
"""...and what is added for each candidate: where the core of a large problem is enough, it is over by then."""
PLANS = 2
"""Plans of a solver that are kept; they come in rising order, and one of the last is nearly always sound."""
SHORTEST_S = 3e-5
"""Seconds per candidate below which a solver would be stopped before it could say anything."""
LOOK_S = 0.1
"""How often a wait looks whether the solve was cancelled."""


@dataclass(frozen=True, slots=True)
class News:
    """How the search for one measure stands, in the unit of the measure, as the solvers tell it."""

    measure: Measure
    solver: Solver
    reached: Fraction | None
    bound: Fraction | None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: ``cancelled`` is asked some ten times a second, ``told`` hears the news."""

    cancelled: Callable[[], bool] = lambda: False
    told: Callable[[News], object] = lambda _news: None

    def check(self) -> None:
        """Raises Cancelled where the solve is no longer wanted."""
        if self.cancelled():
            raise Cancelled("The solve was cancelled.")


@dataclass(slots=True)
class _Run:
    """A task in a child. ``answer`` is None while it runs."""

    child: SolverChild | None
    task: Task
    began: float
    deadline: float
    plans: deque[bytes] = field(default_factory=lambda: deque[bytes](maxlen=PLANS))
    bound: Fraction | None = None
    answer: Answer | None = None

    def hear(self) -> News | None:
        """Takes one message of the child, which has one or is gone."""
        assert self.child is not None
        try:
            said: Heard | Answer = self.child.pipe.recv()
        except (EOFError, OSError):
            self.lose("crashed")
            return None
        if isinstance(said, Answer):
            plans = [plan for plan in map(unpacked, self.plans) if plan not in said.plans]
            bound = _least(self.bound, said.bound)
            self.answer = replace(said, plans=(*plans, *said.plans), bound=bound)
            return None
        if said.plan is not None:
            self.plans.append(said.plan)
        self.bound = _least(self.bound, said.bound)
        return News(self.task.wanted.measure, self.task.solver, said.reached, said.bound)

    def lose(self, why: str) -> None:
        """Kills the child; what it told before counts."""
        plans = tuple(map(unpacked, self.plans))
        kind: Kind = "incumbent" if plans else "failed" if why == "crashed" else "nothing"
        self.answer = Answer(kind, plans, self.bound, self.task.solver, why, solve_s=self.task.limit_s)
        if self.child is not None:
            self.child.kill()
            self.child = None


class Crew:
    """Asks children about one problem; one that died is replaced. A context, at whose end those that are free go back
    and those at work are killed."""

    def __init__(self, subject: Subject, watch: Watch | None = None) -> None:
        self.subject = subject
        self.watch = watch or Watch()
        self.parcel = Parcel(subject)
        self.free: list[SolverChild] = []
        self.runs: dict[Solver, _Run] = {}

    def begin(self, task: Task) -> None:
        """Sets the solvers to work on a task that will be asked for; the answer is that to ``ask``."""
        if task.limit_s < SHORTEST_S * len(self.subject.problem.candidates):
            return
        self._set_to_work(task)

    def ask(self, task: Task) -> Answer:
        """The answer to a task: that of its own solver, or that of the other where both were set to work on it and
        that one was first to prove a plan. Kind "failed" where no child could be had. Raises Cancelled."""
        self._forget(task)
        if not self.runs and task.limit_s < SHORTEST_S * len(self.subject.problem.candidates):
            return Answer("nothing", solver=task.solver, version="not begun: no time")
        run = self.runs.get(task.solver) or self._set_to_work(task)
        is_race = task.solver == "HiGHS" and task.presolve and self._is_worth_a_race(task.wanted.measure)
        began = time.monotonic()
        hedge = run.began + self._hedge_s()
        for held in self.runs.values():
            held.deadline = began + task.limit_s + GRACE_S
        while True:
            rival = self.runs.get(_RIVAL[task.solver])
            if any(held.answer and held.answer.kind == "optimal" for held in self.runs.values()):
                break
            if run.answer is not None and (run.answer.kind == "infeasible" or rival is None or rival.answer):
                break
            spare = hedge - time.monotonic() if is_race and rival is None else LOOK_S
            if spare <= 0:
                self._set_to_work(_rival_task(run, task, time.monotonic() - began))
            else:
                self._wait(spare)
        return self._answer(run)

    def _answer(self, run: _Run) -> Answer:
        """The best answer of all that were at it; who is still at work on a question that is closed is killed."""
        done = {solver: held.answer for solver, held in self.runs.items() if held.answer is not None}
        winner = next((answer for answer in done.values() if answer.kind == "optimal"), None)
        if winner is None:
            own = done.pop(run.task.solver)
            self._release(run.task.solver)
            other = next((answer for answer in done.values() if answer.plans), None)
            if own.kind == "infeasible" or other is None:  # the other's verdict is kept until it is asked for
                return own
            self._release(_RIVAL[run.task.solver])
            return _joined(own, other)
        bounds = [held.bound for held in self.runs.values()]
        for solver in list(self.runs):
            self._release(solver)
        return replace(winner, bound=_least(winner.bound, *bounds))

    # children ---------------------------------------------------------------------------------------------------------

    @property
    def is_at_work(self) -> bool:
        """True while a task is under way that was begun ahead."""
        return bool(self.runs)

    @property
    def is_large(self) -> bool:
        """True where a solver is set to work ahead."""
        return len(self.subject.problem.candidates) >= LARGE

    def _hedge_s(self) -> float:
        """How long the first solver is alone with a task."""
        at_hand = bool(self.free) or idle.is_waiting
        return (HEDGE_S if at_hand else CALL_S) + HEDGE_PER_CANDIDATE_S * len(self.subject.problem.candidates)

    def _is_worth_a_race(self, measure: Measure) -> bool:
        """False for ties of large problems, which get little time and begin from a plan. Of small ones some are closed
        at once by the one solver and not in a minute by the other (strongly correlated knapsacks)."""
        return not self.is_large or measure == "objective" or measure.startswith(KPI)

    def _set_to_work(self, task: Task) -> _Run:
        began = time.monotonic()
        run = self.runs[task.solver] = _Run(None, task, began, began + task.limit_s + GRACE_S)
        try:
            run.child = self._child()
            run.child.begin(self.parcel, task)
        except OSError as error:  # no process or no socket to be had
            run.answer = Answer("failed", solver=task.solver, version=str(error))
        return run

    def _child(self) -> SolverChild:
        while self.free:
            child = self.free.pop()
            if child.is_alive:
                return child
            child.kill()
        return idle.take()

    def _forget(self, task: Task) -> None:
        """Ends what is under way for another task."""
        for run in list(self.runs.values()):
            if not run.task.asks_the_same(task):
                self._release(run.task.solver)

    def _release(self, solver: Solver) -> None:
        run = self.runs.pop(solver, None)
        if run is None or run.child is None:
            return
        if run.answer is None:
            run.child.kill()
        else:
            self.free.append(run.child)

    def _wait(self, seconds: float) -> None:
        """Until a child says something, one is late, or the seconds are over."""
        self.watch.check()
        now = time.monotonic()
        working = [run for run in self.runs.values() if run.answer is None]
        for run in working:
            if now >= run.deadline:
                run.lose("stopped when its time was up")
        pipes = {run.child.pipe: run for run in working if run.child is not None}
        soonest = min((run.deadline - now for run in pipes.values()), default=0.0)
        for pipe in wait(list(pipes), max(0.0, min(seconds, soonest, LOOK_S))) if pipes else ():
            news = pipes[pipe].hear()  # pyright: ignore[reportArgumentType] — one of the connections given
            if news is not None:
                self.watch.told(news)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for solver in list(self.runs):
            self._release(solver)
        for child in self.free:
            idle.put(child)
        self.free.clear()
        if kind is None and len(self.subject.problem.candidates) >= PAIR:
            call_up(2)  # for the next: the loser of a race is gone


_RIVAL: dict[Solver, Solver] = {"HiGHS": "CBC", "CBC": "HiGHS"}


def _rival_task(run: _Run, task: Task, spent_s: float) -> Task:
    """What the rival is asked: the same, with what is left of the time, from the best plan that is known."""
    start = unpacked(run.plans[-1]) if run.plans else task.start
    return replace(task, solver=_RIVAL[task.solver], limit_s=task.limit_s - spent_s, start=start)


def _joined(one: Answer, other: Answer) -> Answer:
    """What two that proved nothing had between them; the plans of ``one`` come last."""
    first, second = (other, one) if one.plans else (one, other)
    return replace(
        second,
        kind="incumbent",
        plans=(*first.plans, *second.plans),
        bound=_least(one.bound, other.bound),
        build_s=max(one.build_s, other.build_s),  # side by side
        solve_s=max(one.solve_s, other.solve_s),
        nodes=one.nodes + other.nodes,
    )


def _least(*bounds: Fraction | None) -> Fraction | None:
    return min((bound for bound in bounds if bound is not None), default=None)
