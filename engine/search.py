"""The search for the best plan: objective first, then the ties; each proposal is believed after the exact check."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from engine.exact import Breach, Tally, breaches, short_breach, whole_breach
from engine.ledger import Ledger
from engine.process import Answer, Crew, Kind, Solver, Subject, Task
from engine.settling import Settled
from engine.wanted import Cut, Measure, Wanted

MANY = 200
"""Candidates beyond which the automatic gap is 0.001, and ties get a tenth of the time and are then left."""
SHORTEST_S = 0.02
"""A solve is not begun with less time than this."""
MOST_RESTARTS = 5
_WAYS: tuple[tuple[Solver, bool, int], ...] = (("HiGHS", True, 0), ("CBC", True, 0), ("HiGHS", False, 1))
"""Solver, presolve, what is added to the seed: asked in turn until one proves a plan or two say that there is none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``started`` by the monotonic clock, ``seconds`` from then on, of which ``kept`` are for the re-check and the
    report."""

    started: float
    seconds: float
    kept: float = 0.1

    def left(self) -> float:
        """Seconds left for solvers."""
        return self.started + self.seconds - min(self.kept, self.seconds / 2) - time.monotonic()


@dataclass(frozen=True, slots=True)
class Found:
    """What the search came to. ``bound`` is the most that the objective of any plan can be, None where unknown."""

    status: Literal["optimal", "feasible", "infeasible", "no_solution_in_time"]
    plan: Tally | None = None
    bound: Fraction | None = None
    gap: Fraction | None = None
    ties: Literal["broken", "open"] | None = None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stage:
    """What one measure came to: the best plan that was believed, how sure it is, and the solver's bound."""

    kind: Kind
    plan: Tally | None = None
    bound: Fraction | None = None


@dataclass(slots=True)
class Search:
    """Searches one ledger within the limits; ``gap`` is what the objective may be short of its bound, relative to it.
    ``first`` is a sound plan to fall back on, if there is one."""

    ledger: Ledger
    limits: Limits
    gap: Fraction
    crew: Crew
    first: Tally | None = None
    cuts: list[Cut] = field(default_factory=list[Cut])
    answers: list[Answer] = field(default_factory=list[Answer])

    def found(self) -> Found:
        """The best plan within the limits, ties included."""
        stage, is_closed = self._objective()
        best = _better(stage.plan, self.first)
        if best is None:
            return self._outcome("infeasible" if stage.kind == "infeasible" else "no_solution_in_time")
        bound = min((b for b in (stage.bound, self._most()) if b is not None), default=self._most())
        plan, ties = self._ties(best) if stage.kind == "optimal" and best is stage.plan else (best, "open")
        bound = plan.objective if is_closed else max(bound, plan.objective)
        gap = (bound - plan.objective) / self._size(plan)
        is_proven = stage.kind == "optimal" and (is_closed or gap <= self.gap)
        return self._outcome("optimal" if is_proven else "feasible", plan, bound, gap, ties)

    def _outcome(
        self,
        status: Literal["optimal", "feasible", "infeasible", "no_solution_in_time"],
        plan: Tally | None = None,
        bound: Fraction | None = None,
        gap: Fraction | None = None,
        ties: Literal["broken", "open"] | None = None,
    ) -> Found:
        return Found(status, plan, bound, gap, ties, tuple(self.answers))

    def _size(self, plan: Tally) -> Fraction:
        """What a gap is relative to."""
        return max(abs(plan.objective), self.ledger.scales.z / 10**9)

    def _most(self) -> Fraction:
        """What the objective can never exceed: the value of all that adds to it."""
        line = self.ledger.value
        amounts = (*line.terms.values(), *line.synergies.values())
        return Fraction(sum(amount for amount in amounts if amount > 0), line.denominator)

    # the objective ----------------------------------------------------------------------------------------------------

    def _objective(self) -> tuple[_Stage, bool]:
        """The best plan for the objective, and whether the search closed: nothing open at gap 0.

        The gap as measured here can be a hair wider than the solver's own; it is then asked for less.
        """
        stage = _Stage("nothing")
        for asked in (self.gap * 99 / 100, self.gap / 10, Fraction(0)):
            following = self._from_any_solver(asked)
            if following.plan is None and stage.plan is not None:
                return stage, False
            stage = following
            if stage.kind != "optimal" or stage.plan is None or not asked:
                return stage, stage.kind == "optimal" and not asked
            if stage.bound is not None and stage.bound - stage.plan.objective <= self.gap * self._size(stage.plan):
                return stage, False
        return stage, False

    def _from_any_solver(self, gap: Fraction) -> _Stage:
        """What the first solver proves, or the best that any of them had. Infeasible only if two of them say so."""
        denials = 0
        best = _Stage("nothing")
        for way in _WAYS:
            stage = self._best("objective", {}, gap, self.limits.seconds, way)
            if stage.kind == "optimal":
                return stage
            denials += stage.kind == "infeasible"
            if denials == 2:
                return stage
            if stage.plan is not None:
                bounds = [bound for bound in (best.bound, stage.bound) if bound is not None]
                plan = _better(stage.plan, best.plan)
                best = _Stage("incumbent", plan, min(bounds, default=None))
        return best

    # ties -------------------------------------------------------------------------------------------------------------

    def _ties(self, best: Tally) -> tuple[Tally, Literal["broken", "open"]]:
        """Among plans as good as ``best``: fewest changes, fewest tokens, least sum of digests, in this order."""
        measures: list[Measure] = ["tokens", "tiebreak"]
        if self.ledger.previous is not None:
            measures.insert(0, "changes")
        seconds = self.limits.seconds if len(self.ledger.candidates) <= MANY else self.limits.seconds / 10
        give_up = time.monotonic() + seconds
        plan = best
        for _ in range(MOST_RESTARTS):
            at_least: dict[Measure, Fraction] = {"objective": plan.objective}
            for measure in measures:
                stage = self._tie(measure, at_least, give_up - time.monotonic())
                if stage.plan is None or stage.kind != "optimal":
                    return plan, "open"
                plan = stage.plan
                if plan.objective > at_least["objective"]:
                    break  # better than what was thought the best: begin again from there
                at_least[measure] = self._measured(measure, plan)
            else:
                return plan, "broken"
        return plan, "open"

    def _tie(self, measure: Measure, at_least: Mapping[Measure, Fraction], seconds: float) -> _Stage:
        stage = self._best(measure, at_least, Fraction(0), seconds, _WAYS[0])
        if stage.kind == "infeasible":  # though a plan is known: the solver's arithmetic is too coarse for the bound
            slack = max(abs(at_least["objective"]), self.ledger.scales.z) / 10**8
            stage = self._best(measure, at_least, Fraction(0), seconds, _WAYS[0], slack)
        return stage

    # one measure ------------------------------------------------------------------------------------------------------

    def _best(
        self,
        measure: Measure,
        at_least: Mapping[Measure, Fraction],
        gap: Fraction,
        seconds: float,
        way: tuple[Solver, bool, int],
        slack: Fraction = Fraction(0),
    ) -> _Stage:
        """The best believed plan by one solver: what it proposes is checked exactly, and cut off where it fails."""
        solver, presolve, step = way
        seed = self.ledger.settled.problem.solver.seed + step
        give_up = time.monotonic() + seconds
        cuts: list[Cut] = []  # of plans that fall short here; others may be content with them
        while True:
            left = min(give_up - time.monotonic(), self.limits.left())
            if left < SHORTEST_S:
                return _Stage("nothing")
            lowered: dict[Measure, Fraction] = {m: v - slack if m == "objective" else v for m, v in at_least.items()}
            wanted = Wanted(measure, lowered, (*self.cuts, *cuts))
            answer = self.crew.ask(Task(wanted, solver, float(gap), left, seed % 2**31, presolve))
            self.answers.append(answer)
            plans = [Tally(self.ledger, plan) for plan in dict.fromkeys(reversed(answer.plans))]
            if answer.kind != "optimal":
                sound = [plan for plan in plans if self._is_sound(plan, at_least)]
                best = max(sound, key=lambda plan: self._measured(measure, plan), default=None)
                return _Stage(answer.kind, best, answer.bound)
            wrong = [_cut(breach) for breach in breaches(plans[0])]
            short = [] if wrong else [_cut(breach) for breach in self._short(plans[0], at_least)]
            if not wrong and not short:
                return _Stage("optimal", plans[0], answer.bound)
            if any(cut in wanted.cuts for cut in (*wrong, *short)):
                return _Stage("failed")  # the solver does not keep to what it was told
            self.cuts.extend(wrong)
            cuts.extend(short)

    def _short(self, plan: Tally, at_least: Mapping[Measure, Fraction]) -> Iterator[Breach]:
        """The measures in which the plan falls short."""
        for measure, least in at_least.items():
            if self._measured(measure, plan) >= least:
                continue
            if measure == "objective":
                yield short_breach(plan, least)
            else:
                yield whole_breach(plan, f"at_least.{measure}", range(len(self.ledger.candidates)))

    def _is_sound(self, plan: Tally, at_least: Mapping[Measure, Fraction]) -> bool:
        return not any(breaches(plan)) and not any(self._short(plan, at_least))

    def _measured(self, measure: Measure, plan: Tally) -> Fraction:
        if measure == "objective":
            return plan.objective
        if measure == "tokens":
            return -plan.tokens()
        if measure == "changes":
            return Fraction(-len(plan.selection ^ (self.ledger.previous or set())))
        digests = self.crew.subject.tiebreaks
        return Fraction(-sum(digests[i] for i in plan.selection))


def _cut(breach: Breach) -> Cut:
    return Cut(breach.selected, breach.left_out, breach.most)


def search_subject(ledger: Ledger) -> Subject:
    """What solver children are told of a ledger's problem."""
    return Subject(ledger.settled.problem, ledger.scales, tiebreaks(ledger.settled))


def tiebreaks(settled: Settled) -> tuple[int, ...]:
    """The first 6 hexadecimal digits of the SHA-256 of each candidate's normalised key."""
    keys = (candidate.initiative_key for candidate in settled.problem.candidates)
    return tuple(int(hashlib.sha256(key.encode()).hexdigest()[:6], 16) for key in keys)


def _better(one: Tally | None, other: Tally | None) -> Tally | None:
    if one is None or other is None:
        return one or other
    return other if other.objective > one.objective else one
