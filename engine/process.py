"""Solver children: a solver that hangs or crashes takes a process of its own with it, and nothing else.

A child is a fresh interpreter (never a fork, which is unsafe under threads) without standard streams, in a session of
its own so that killing it kills what it started. It ends by itself when the parent is gone. A child that has answered
waits for the next problem, because starting one costs some 0.3 s.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection
from typing import Any, Literal

from engine.problem import Problem
from engine.scales import Scales
from engine.wanted import Wanted

Solver = Literal["HiGHS", "CBC"]
Kind = Literal["optimal", "incumbent", "infeasible", "nothing", "failed"]
"""Proven within the gap asked for; a plan without that proof; proven to have none; no plan in time; no answer."""
GRACE_S = 0.3
"""How long after its limit a child may still answer before it is killed."""
REUSES = 500
"""Problems after which a child is replaced."""
SMALL = 2_000
"""Candidates up to which a child is kept for the next problem; a large one leaves memory behind."""
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[2]); from engine.process import serve; serve(int(sys.argv[1]))"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The settled problem that a child works on."""

    problem: Problem
    scales: Scales
    tiebreaks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Task:
    """One solve: what is wanted of the subject, by which solver, within which gap and time."""

    wanted: Wanted
    solver: Solver
    relative_gap: float
    limit_s: float
    seed: int
    presolve: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver says, to be believed after an exact re-check. ``plans`` are all it met, the best last; ``bound``
    is the most that the measure can be, rounded outward (None: unknown). Times in seconds."""

    kind: Kind
    plans: tuple[tuple[int, ...], ...] = ()
    bound: Fraction | None = None
    solver: str = ""
    version: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    build_s: float = 0.0
    solve_s: float = 0.0
    nodes: int = 0
    is_on_the_way: bool = False


class SolverChild:
    """A child process and the pipe to it. Used by one thread at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.scratch = tempfile.mkdtemp(prefix="roadmap-solver-")
            self.process = subprocess.Popen(  # noqa: S603 — our own interpreter, no shell
                [sys.executable, "-c", _START, str(theirs.fileno()), json.dumps(sys.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env={**os.environ, "TMPDIR": self.scratch},
            )
            self.pipe = Connection(ours.detach())
        self.owner = os.getpid()
        self.subject: Subject | None = None
        self.uses = 0

    def answer(self, subject: Subject, task: Task) -> Answer:
        """The child's answer about the subject, which is handed over once.

        A child that is late is killed, and what plans it sent before count.
        """
        plans: list[tuple[int, ...]] = []
        bound: Fraction | None = None
        alarm = threading.Timer(task.limit_s + GRACE_S, self._end)
        alarm.start()
        try:
            if self.subject is not subject:
                self.pipe.send(subject)
                self.subject = subject
                self.uses += 1
            self.pipe.send(task)
            while True:
                said: Answer = self.pipe.recv()
                if not said.is_on_the_way:
                    return said
                plans.extend(said.plans)
                bound = bound if said.bound is None else said.bound
        except (EOFError, OSError):  # killed by the alarm, or crashed
            is_late = not alarm.is_alive()
            self.kill()
        finally:
            alarm.cancel()
            alarm.join()
        kind: Kind = "incumbent" if plans else "nothing" if is_late else "failed"
        why = "stopped when its time was up" if is_late else "crashed"
        return Answer(kind, tuple(plans), bound, task.solver, why, solve_s=task.limit_s if is_late else 0.0)

    @property
    def is_alive(self) -> bool:
        """True while the child can be given work."""
        return not self.pipe.closed and self.process.poll() is None

    def _end(self) -> None:
        """Ends the child and all that it started."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Ends the child and clears up after it; may be called again."""
        self._end()
        self.process.wait()
        self.pipe.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class _Idle:
    """The children that wait for work, at most one for each that worked at the same time, shared by all threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.children: list[SolverChild] = []

    def take(self) -> SolverChild:
        with self.lock:
            mine = [child for child in self.children if child.owner == os.getpid()]
            self.children = []
            while mine:
                child = mine.pop()
                if child.is_alive:
                    self.children = mine
                    return child
                child.kill()
        return SolverChild()

    def put(self, child: SolverChild) -> None:
        with self.lock:
            size = len(child.subject.problem.candidates) if child.subject else 0
            if child.is_alive and child.uses < REUSES and size <= SMALL and len(self.children) < 2:
                self.children.append(child)
                return
        child.kill()

    def end(self) -> None:
        with self.lock:
            ending, self.children = self.children, []
        for child in ending:
            if child.owner == os.getpid():
                child.kill()


_idle = _Idle()
atexit.register(_idle.end)


class Crew:
    """Asks children about one problem; one that died is replaced. A context, at whose end the last goes back."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.child: SolverChild | None = None

    def ask(self, task: Task) -> Answer:
        """The answer to a task; kind "failed" where no child could be had."""
        try:
            if self.child is None or not self.child.is_alive:
                self.child = None
                self.child = _idle.take()
            return self.child.answer(self.subject, task)
        except OSError as error:  # no process or no socket to be had
            return Answer("failed", solver=task.solver, version=str(error))

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        child, self.child = self.child, None
        if child is not None and kind is None:
            _idle.put(child)
        elif child is not None:
            child.kill()


def serve(descriptor: int) -> None:
    """The life of a child: subjects and tasks in, answers out, until the parent closes the pipe."""
    from engine.solve import answer_task  # brings the solvers, which the parent never loads

    pipe = Connection(descriptor)
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    subject: Subject | None = None
    while True:
        try:
            message: Subject | Task = pipe.recv()
        except (EOFError, OSError):
            return
        if isinstance(message, Subject):
            subject = message
        elif subject is not None:
            pipe.send(answer_task(subject, message, pipe.send))


def _end_with(parent: int) -> None:
    """Ends this process and what it started when its parent is gone, even in the midst of a solve."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(os.getpgrp(), signal.SIGKILL)
