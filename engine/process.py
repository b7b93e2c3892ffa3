"""Solver children: a solver that hangs or crashes takes a process of its own with it, and nothing else.

A child is a fresh interpreter (never a fork, which is unsafe under threads) without standard streams, in a session of
its own so that killing it kills what it started. It ends by itself when the parent is gone. A child that has answered
waits for the next problem, because starting one costs some 0.3 s.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
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
from dataclasses import dataclass, field, replace
from fractions import Fraction
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, Literal

from engine.columns import Columns, candidates_of, columns_of
from engine.problem import Problem
from engine.scales import Scales
from engine.wanted import Wanted

Solver = Literal["HiGHS", "CBC"]
Kind = Literal["optimal", "incumbent", "infeasible", "nothing", "failed"]
"""Proven within the gap asked for; a plan without that proof; proven to have none; no plan in time; no answer."""
REUSES = 500
"""Problems after which a child is replaced."""
SMALL = 10_000
"""Candidates up to which a child is kept for the next problem; a large one leaves memory behind."""
WAITING = 2
"""Children that wait for work at most."""
_SCRATCH = "roadmap-solver-"
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[2]); from engine.process import serve; serve(int(sys.argv[1]))"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The settled problem that a child works on."""

    problem: Problem
    scales: Scales
    tiebreaks: Sequence[int]

    def __reduce__(self) -> Any:
        bare = self.problem.model_copy(update={"candidates": ()})
        return _subject, (bare, columns_of(self.problem.candidates), self.scales, self.tiebreaks)


def _subject(bare: Problem, columns: Columns, scales: Scales, tiebreaks: Sequence[int]) -> Subject:
    """The subject that was pickled as these parts."""
    return Subject(bare.model_copy(update={"candidates": candidates_of(columns)}), scales, tiebreaks)


@dataclass(frozen=True, slots=True)
class Task:
    """One solve: what is wanted of the subject, by which solver, within which gap and time. ``start`` is a plan to
    begin from; it keeps all rules."""

    wanted: Wanted
    solver: Solver
    relative_gap: float
    limit_s: float
    seed: int
    presolve: bool = True
    start: tuple[int, ...] | None = None

    def asks_the_same(self, other: Task) -> bool:
        """True where the answer to one is an answer to the other, whatever solver, time and start it had."""
        return replace(self, solver=other.solver, limit_s=other.limit_s, start=other.start) == other


@dataclass(frozen=True, slots=True)
class Heard:
    """What a solver tells on the way, in the unit of the measure: the best it has (``reached``), the most there can be
    (``bound``, rounded outward), and a plan, packed by ``packed``."""

    plan: bytes | None = None
    reached: Fraction | None = None
    bound: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver says, to be believed after an exact re-check. ``plans`` are those it met last, the best at the
    end; ``bound`` is the most that the measure can be, rounded outward (None: unknown). Times in seconds."""

    kind: Kind
    plans: tuple[tuple[int, ...], ...] = ()
    bound: Fraction | None = None
    solver: str = ""
    version: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    build_s: float = 0.0
    solve_s: float = 0.0
    nodes: int = 0


def packed(plan: Sequence[int]) -> bytes:
    """The plan as a row of bits, small enough to go through a pipe at once."""
    bits = bytearray((max(plan, default=-1) >> 3) + 1)
    for i in plan:
        bits[i >> 3] |= 1 << (i & 7)
    return bytes(bits)


def unpacked(bits: bytes) -> tuple[int, ...]:
    """The plan that ``packed`` made the bits of."""
    return tuple(i for i in range(len(bits) * 8) if bits[i >> 3] >> (i & 7) & 1)


class Parcel:
    """A subject as it is handed to children: pickled once, whoever gets it."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._bytes: Any = None

    def bytes(self) -> Any:
        """The pickled subject."""
        if self._bytes is None:
            self._bytes = ForkingPickler.dumps(self.subject)
        return self._bytes


class SolverChild:
    """A child process and the pipe to it. Used by one thread at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.scratch = tempfile.mkdtemp(prefix=_SCRATCH)
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

    def begin(self, parcel: Parcel, task: Task) -> None:
        """Hands over the task, and the subject where it is a new one; does not wait until they are taken."""
        messages = [ForkingPickler.dumps(task)]
        if self.subject is not parcel.subject:
            messages.insert(0, parcel.bytes())
            self.subject = parcel.subject
            self.uses += 1
        threading.Thread(target=self._send, args=(messages,), daemon=True).start()

    def _send(self, messages: Sequence[Any]) -> None:
        with contextlib.suppress(OSError, ValueError):  # the child is gone: whoever listens hears of it
            for message in messages:
                self.pipe.send_bytes(message)

    @property
    def is_alive(self) -> bool:
        """True while the child can be given work."""
        return not self.pipe.closed and self.process.poll() is None

    def end(self) -> None:
        """Ends the child and all that it started."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Ends the child and clears up after it; may be called again."""
        self.end()
        self.process.wait()
        self.pipe.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class _Idle:
    """The children that wait for work, at most one for each that worked at the same time, shared by all threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.children: list[SolverChild] = []

    @property
    def is_waiting(self) -> bool:
        """True where a child waits."""
        return bool(self.children)

    def take(self) -> SolverChild:
        with self.lock:
            mine = [child for child in self.children if child.owner == os.getpid()]
            self.children = []
            while mine:
                child = mine.pop(0)  # the one that has been up longest
                if child.is_alive:
                    self.children = mine
                    return child
                child.kill()
        return SolverChild()

    def put(self, child: SolverChild) -> None:
        with self.lock:
            size = len(child.subject.problem.candidates) if child.subject else 0
            if child.is_alive and child.uses < REUSES and size <= SMALL and len(self.children) < WAITING:
                self.children.append(child)
                return
        child.kill()

    def end(self) -> None:
        with self.lock:
            ending, self.children = self.children, []
        for child in ending:
            if child.owner == os.getpid():
                child.kill()


idle = _Idle()
atexit.register(idle.end)


def call_up(count: int) -> None:
    """Starts children ahead of need, so that they come up while the problem is still being read."""
    with contextlib.suppress(OSError):  # who needs one and cannot get it will say so
        for _ in range(min(count, WAITING) - len(idle.children)):
            idle.put(SolverChild())


# inside the child -----------------------------------------------------------------------------------------------------


def serve(descriptor: int) -> None:
    """The life of a child: subjects and tasks in, answers out, until the parent closes the pipe."""
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from engine.probe import Probe
    from engine.probing import answer_probe
    from engine.solve import answer_task  # brings the solvers, which the parent never loads

    pipe = Connection(descriptor)
    gc.freeze()
    gc.disable()  # a problem is many small objects and few cycles
    subject: Subject | None = None
    while True:
        try:
            message: Subject | Task = pipe.recv()
        except (EOFError, OSError):
            return
        if isinstance(message, Probe):
            pipe.send(answer_probe(message))
        elif isinstance(message, Subject):
            subject = message
        elif subject is not None:
            pipe.send(answer_task(subject, message, pipe.send))
            gc.collect()


def _end_with(parent: int) -> None:
    """Ends this process and what it started when its parent is gone, even in the midst of a solve."""
    while os.getppid() == parent:
        time.sleep(0.5)
    scratch = os.environ.get("TMPDIR", "")
    if os.path.basename(scratch).startswith(_SCRATCH):  # noqa: PTH119 — as it was given
        shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)
