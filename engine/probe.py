"""Questions about variants of a problem, asked of solver children: how good can a plan be that …? Is there any?

A probe is quicker than a solve: no ties, no report, one model kept in the child and turned from question to question.
What comes back is believed only after the exact check, as everywhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from queue import SimpleQueue
from typing import Literal, TypeVar

from engine.exact import Tally, breaches
from engine.ledger import Ledger
from engine.process import SMALL, Kind, SolverChild, Subject, idle
from engine.scales import Scales
from engine.search import tiebreaks
from engine.settling import Settled
from engine.wanted import Cut

T = TypeVar("T")
U = TypeVar("U")
Aim = Literal["best", "bound", "any", "row"]
"""The best objective; what it cannot exceed, found without a search; any plan; the extreme of one row's sum."""
GRACE_S = 0.5
"""How long after its limit a child may still answer before it is killed."""
MOST_CUTS = 20
"""Proposals that break a rule by a hair before a probe is given up."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question. ``subject`` is None where it is the child's last one; ``held`` are candidates (by number) that
    must be selected (1) or left out (0); ``row`` is the rule whose own bound is dropped and whose sum is to be most
    (``sense`` 1) or least (-1); ``start`` is a plan to begin from."""

    subject: Subject | None
    aim: Aim
    limit_s: float
    held: Mapping[int, int] = field(default_factory=dict[int, int])
    row: str = ""
    sense: int = 1
    gap: float = 0.0
    start: tuple[int, ...] | None = None
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a child says: the best plan it met, and the most that the objective can be, rounded outward by ``slack``."""

    kind: Kind
    plan: tuple[int, ...] | None = None
    bound: Fraction | None = None
    slack: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Case:
    """A variant of a problem, ready to be asked about: its exact ledger, and what children are told of it."""

    settled: Settled
    ledger: Ledger
    subject: Subject


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of the best objective in a case: it lies in [low, high], and ``plan`` reaches ``low``.

    Both are None where no plan keeps the rules (``is_possible`` False) or where none was found (``high`` may then be
    known). ``is_closed``: low = high is the best, proven.
    """

    low: Fraction | None = None
    high: Fraction | None = None
    plan: Tally | None = None
    is_closed: bool = False
    is_possible: bool | None = None


def case_of(settled: Settled, scales: Scales) -> Case:
    """The case of a settled problem with these scales, whatever its own numbers would make them."""
    ledger = Ledger(settled, scales)
    return Case(settled, ledger, Subject(settled.problem, scales, tiebreaks(settled)))


def varied(case: Case, problem: object) -> Case:
    """The case with another problem of the same names, at the scales of this one."""
    return case_of(replace(case.settled, problem=problem), case.ledger.scales)


class Prober:
    """Asks one solver child. Used by one thread at a time; a context, at whose end the child goes back."""

    def __init__(self, deadline: float, check: Callable[[], object] = bool) -> None:
        """``check`` is called before each question, and raises where there is to be none."""
        self.deadline = deadline
        self.check = check
        self.child: SolverChild | None = None
        self.subject: Subject | None = None

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def ask(self, case: Case, probe: Probe) -> Said:
        """The child's answer; kind "nothing" where time is up, "failed" where no answer came."""
        self.check()
        limit = min(probe.limit_s, self.left())
        if limit <= 0:
            return Said("nothing")
        try:
            if self.child is None or not self.child.is_alive:
                self.child, self.subject = idle.take(), None
            told = None if self.subject is case.subject else case.subject
            self.subject = case.subject
            alarm = threading.Timer(limit + GRACE_S, self.child.end)
            alarm.start()
            try:
                self.child.pipe.send(replace(probe, subject=told, limit_s=limit))
                return self.child.pipe.recv()
            finally:
                alarm.cancel()
        except (EOFError, OSError):
            self._drop()
            return Said("failed" if self.left() > 0 else "nothing")

    def best(
        self,
        case: Case,
        held: Mapping[int, int] | None = None,
        *,
        limit_s: float = 1e6,
        gap: float = 0.0,
        start: Iterable[int] | None = None,
    ) -> Outlook:
        """The best objective of plans that hold to ``held``, to the end where time allows."""
        first = None if start is None else tuple(sorted(start))
        probe = Probe(None, "best", limit_s, held or {}, gap=gap, start=first)
        said, plan = self._believed(case, probe)
        if said.kind == "infeasible":
            return Outlook(is_possible=False)
        if plan is None:
            return Outlook(high=said.bound)
        is_reached = said.bound is not None and said.bound - plan.objective <= 2 * said.slack
        is_closed = (
            said.kind == "optimal" and not gap and is_reached
        )  # a solver's 0.000001 of a choice may be worth much
        high = plan.objective if is_closed or said.bound is None else max(said.bound, plan.objective)
        return Outlook(plan.objective, high if is_closed or said.bound is not None else None, plan, is_closed, True)

    def bound(self, case: Case, held: Mapping[int, int] | None = None) -> Outlook:
        """What the objective cannot exceed, in no time."""
        said = self.ask(case, Probe(None, "bound", 1e6, held or {}))
        return Outlook(is_possible=False) if said.kind == "infeasible" else Outlook(high=said.bound)

    def any_plan(self, case: Case, held: Mapping[int, int] | None = None) -> Outlook:
        """A plan that keeps the rules, whatever it is worth."""
        return self._found(case, Probe(None, "any", 1e6, held or {}))

    def extreme(self, case: Case, row: str, sense: int, *, limit_s: float = 1e6) -> Outlook:
        """The plan in which the sum of a rule, its own bound dropped, is most (1) or least (-1). ``is_closed`` says
        that no plan goes further."""
        return self._found(case, Probe(None, "row", limit_s, row=row, sense=sense), freed=row)

    def _found(self, case: Case, probe: Probe, freed: str = "") -> Outlook:
        said, plan = self._believed(case, probe, freed)
        if plan is None:
            return Outlook(is_possible=False if said.kind == "infeasible" else None)
        return Outlook(plan.objective, None, plan, said.kind == "optimal", True)

    def _believed(self, case: Case, probe: Probe, freed: str = "") -> tuple[Said, Tally | None]:
        """The answer and its plan after the exact check; what breaks a rule by a hair is cut off and asked again."""
        cuts: list[Cut] = []
        while True:
            said = self.ask(case, replace(probe, cuts=tuple(cuts)))
            if said.plan is None:
                return said, None
            plan = Tally(case.ledger, said.plan)
            broken = [breach for breach in breaches(plan) if breach.path != freed or not freed]
            if not broken:
                return said, plan
            cuts.extend(Cut(breach.selected, breach.left_out, breach.most) for breach in broken)
            if said.kind != "optimal" or len(cuts) > MOST_CUTS:
                return Said("nothing", None, said.bound), None

    def _drop(self) -> None:
        child, self.child, self.subject = self.child, None, None
        if child is not None:
            child.kill()

    def __enter__(self) -> Prober:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        child, self.child = self.child, None
        if child is None:
            return
        is_small = self.subject is None or len(self.subject.problem.candidates) <= SMALL
        child.subject = None  # it holds another one by now
        if kind is None and is_small:
            idle.put(child)
        else:
            child.kill()


class Probers:
    """Two probers that share a list of questions. A context."""

    def __init__(self, seconds: float, check: Callable[[], object] = bool, count: int = 2) -> None:
        self.deadline = time.monotonic() + seconds
        self.all = [Prober(self.deadline, check) for _ in range(count)]

    @property
    def first(self) -> Prober:
        """The one for questions that must be asked one after the other."""
        return self.all[0]

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def each(self, question: Callable[[Prober, T], U], asked: Sequence[T]) -> list[U]:
        """The answers to all that is asked, in order, by as many probers as there are."""
        free: SimpleQueue[Prober] = SimpleQueue()
        for prober in self.all:
            free.put(prober)

        def answered(one: T) -> U:
            prober = free.get()
            try:
                return question(prober, one)
            finally:
                free.put(prober)

        if len(asked) < 2:
            return [question(self.first, one) for one in asked]
        with ThreadPoolExecutor(len(self.all)) as pool:
            return list(pool.map(answered, asked))

    def __enter__(self) -> Probers:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        for prober in self.all:
            prober.__exit__(kind, *rest)
