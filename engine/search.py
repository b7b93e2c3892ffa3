"""The search for the best plan: objective first, then the ties; each proposal is believed after the exact check."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from engine.crew import Crew
from engine.exact import Breach, Tally, breaches, exact_breach, short_breach, short_line_breach
from engine.found import Found, Limits, Step
from engine.ledger import Ledger, Line
from engine.process import Answer, Kind, Solver, Task
from engine.settling import Settled
from engine.wanted import KPI, Cut, Measure, Wanted

MANY = 200
"""Candidates beyond which the automatic gap is 0.001, and ties get a tenth of the time and are then left."""
SHORTEST_S = 0.02
"""A solve is not begun with less time than this."""
LEAST_TIE_S = 0.5
"""Less than this is not worth a try where proof was not asked for."""
MOST_RESTARTS = 5
_WAYS: tuple[tuple[Solver, bool, int], ...] = (("HiGHS", True, 0), ("CBC", True, 0), ("HiGHS", False, 1))
"""Solver, presolve, what is added to the seed: asked in turn until one proves a plan or two say that there is none."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """What one measure came to: the best plan that was believed, how sure it is, and the solver's bound."""

    kind: Kind
    plan: Tally | None = None
    bound: Fraction | None = None


@dataclass(frozen=True, slots=True)
class _Best:
    """The best plan for a measure among those that keep what is to be kept; None where none is known. ``gap`` is true,
    and ``is_proven`` where it is within the gap asked for."""

    measure: Measure
    kind: Kind
    plan: Tally | None
    amount: Fraction
    bound: Fraction
    gap: Fraction
    is_proven: bool


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
    tries_for_all: bool = False
    """True where a plan is first sought with no gap at all, for a part of the time, though one is allowed."""
    at_hand: Tally | None = None
    """A plan that keeps all that is asked of the next one, if there is one."""

    def found(self) -> Found:
        """The best plan within the limits, ties included."""
        order = self._order()
        best = self._first_pass(order)
        last = best[-1]
        if last.plan is None:
            return self._outcome("infeasible" if last.kind == "infeasible" else "no_solution_in_time")
        if len(order) > 1 and self.ledger.settled.problem.objective.tolerance:
            best.extend(self._second_pass(order, best))
        plan, ties = best[-1].plan, "open"
        assert plan is not None
        if all(one.is_proven for one in best):
            plan, ties = self._ties(plan, order)
        if self.ledger.settled.problem.objective.mode == "lexicographic":
            return self._in_order(best, plan, ties)
        bound = plan.objective if not last.gap else max(last.bound, plan.objective)
        gap = (bound - plan.objective) / self._size("objective", plan.objective)
        is_proven = last.is_proven and gap <= self.gap
        return self._outcome("optimal" if is_proven else "feasible", plan, bound, gap, ties)

    def _outcome(
        self,
        status: Literal["optimal", "feasible", "infeasible", "no_solution_in_time"],
        plan: Tally | None = None,
        bound: Fraction | None = None,
        gap: Fraction | None = None,
        ties: Literal["broken", "open"] | None = None,
        stages: tuple[Step, ...] | None = None,
    ) -> Found:
        return Found(status, plan, bound, gap, ties, tuple(self.answers), stages)

    # the objective ----------------------------------------------------------------------------------------------------

    def _order(self) -> list[Measure]:
        """What is maximised, one after the other."""
        objective = self.ledger.settled.problem.objective
        later = objective.order[1:] if objective.mode == "lexicographic" else ()
        return ["objective", *(KPI + kpi_key for kpi_key in later)]

    def _first_pass(self, order: Sequence[Measure]) -> list[_Best]:
        """Each measure kept within the tolerance of the best it can have given the earlier ones, the last at its best;
        ends early where there is no plan."""
        tolerance = Fraction(self.ledger.settled.problem.objective.tolerance)
        kept: dict[Measure, Fraction] = {}
        found: list[_Best] = []
        plan = self.first
        for number, measure in enumerate(order):
            share = self.limits.left() / (len(order) - number) if len(order) > 1 else self.limits.seconds
            best = self._best_of(measure, kept, share, plan)
            found.append(best)
            if best.plan is None:
                break
            plan = best.plan
            kept[measure] = best.amount - (tolerance * abs(best.amount) if measure != order[-1] else 0)
        return found

    def _second_pass(self, order: Sequence[Measure], first: Sequence[_Best]) -> list[_Best]:
        """Once more in order, each now kept at its best among what the first pass keeps."""
        tolerance = Fraction(self.ledger.settled.problem.objective.tolerance)
        kept = {best.measure: best.amount - tolerance * abs(best.amount) for best in first}
        kept[order[-1]] = first[-1].amount
        found: list[_Best] = []
        plan = first[-1].plan
        for number, measure in enumerate(order):
            best = self._best_of(measure, kept, self.limits.left() / (len(order) - number), plan)
            found.append(best)
            plan = best.plan
            kept[measure] = best.amount
        return found

    def _in_order(self, best: Sequence[_Best], plan: Tally, ties: Literal["broken", "open"]) -> Found:
        """The outcome of a lexicographic search; ``best`` are the stages of both passes."""
        stages: list[Step] = []
        for kpi_key, stage in zip(self.ledger.settled.problem.objective.order, best, strict=False):
            assert stage.plan is not None
            value = stage.plan.value if stage.measure == "objective" else stage.amount
            stages.append(Step(kpi_key, stage.amount, value, stage.bound))
        gap = max(stage.gap for stage in best)
        is_proven = all(stage.is_proven for stage in best)
        return self._outcome("optimal" if is_proven else "feasible", plan, None, gap, ties, tuple(stages))

    def _best_of(
        self, measure: Measure, kept: Mapping[Measure, Fraction], seconds: float, known: Tally | None
    ) -> _Best:
        """The best plan for a measure among those that keep ``kept``; ``known`` is one of them, if any is known."""
        stage, is_closed = self._proven(measure, kept, seconds)
        plan = stage.plan
        if known is not None and (plan is None or self._measured(measure, known) > self._measured(measure, plan)):
            plan, is_closed = known, False
        if plan is None:
            return _Best(measure, stage.kind, None, Fraction(0), Fraction(0), Fraction(0), False)
        amount = self._measured(measure, plan)
        bounds = [self._most(measure), *([] if stage.bound is None else [stage.bound])]
        bound = amount if is_closed else max(amount, min(bounds))
        gap = (bound - amount) / self._size(measure, amount)
        is_proven = is_closed or gap <= self.gap
        return _Best(measure, stage.kind, plan, amount, bound, gap, is_proven)

    def _size(self, measure: Measure, amount: Fraction) -> Fraction:
        """What a gap is relative to."""
        return max(abs(amount), self._unit(measure) / 10**9)

    def _unit(self, measure: Measure) -> Fraction:
        """The scale of a measure that is maximised."""
        scales = self.ledger.scales
        return scales.of(measure.removeprefix(KPI)) if measure.startswith(KPI) else scales.z

    def _most(self, measure: Measure) -> Fraction:
        """What a measure can never exceed: all that adds to it."""
        line = self.ledger.value if measure == "objective" else self.ledger.measure_line(measure)
        amounts = (*line.terms.values(), *line.synergies.values())
        return Fraction(sum(amount for amount in amounts if amount > 0), line.denominator)

    def _proven(self, measure: Measure, kept: Mapping[Measure, Fraction], seconds: float) -> tuple[_Stage, bool]:
        """The best plan for a measure, and whether the search closed: nothing open at gap 0.

        The gap as measured here can be a hair wider than the solver's own; it is then asked for less.
        """
        give_up = time.monotonic() + seconds
        stage = _Stage("nothing")
        if self.tries_for_all:
            stage = self._from_any_solver(measure, kept, Fraction(0), time.monotonic() + seconds / 4)
            if stage.kind in ("optimal", "infeasible"):
                return stage, stage.kind == "optimal"
        for asked in (_first_gap(self.gap), self.gap / 10, Fraction(0)):
            following = self._from_any_solver(measure, kept, asked, give_up)
            if following.plan is None and stage.plan is not None:
                return stage, False
            stage = following
            if stage.kind != "optimal" or stage.plan is None or not asked:
                return stage, stage.kind == "optimal" and not asked
            amount = self._measured(measure, stage.plan)
            if stage.bound is not None and stage.bound - amount <= self.gap * self._size(measure, amount):
                return stage, False
        return stage, False

    def _from_any_solver(
        self, measure: Measure, kept: Mapping[Measure, Fraction], gap: Fraction, give_up: float
    ) -> _Stage:
        """What the first solver proves, or the best that any of them had. Infeasible only if two of them say so."""
        denials = 0
        best = _Stage("nothing")
        for way in _WAYS:
            stage = self._sure(measure, kept, gap, give_up - time.monotonic(), way)
            if stage.kind == "optimal":
                return stage
            denials += stage.kind == "infeasible"
            if denials == 2:
                return stage
            if stage.plan is not None:
                bounds = [bound for bound in (best.bound, stage.bound) if bound is not None]
                plans = [plan for plan in (best.plan, stage.plan) if plan is not None]
                plan = max(plans, key=lambda plan: self._measured(measure, plan))
                best = _Stage("incumbent", plan, min(bounds, default=None))
        return best

    # ties -------------------------------------------------------------------------------------------------------------

    def _ties(self, best: Tally, order: Sequence[Measure]) -> tuple[Tally, Literal["broken", "open"]]:
        """Among plans as good as ``best``: fewest changes, fewest tokens, with several periods earliest, and least sum
        of digests, in this order."""
        is_timed = self.ledger.times.is_needed
        measures: list[Measure] = ["tokens", "finish", "start", "tiebreak", "startbreak"]
        measures = measures if is_timed else ["tokens", "tiebreak"]
        if self.ledger.previous is not None:
            measures.insert(0, "changes")
        give_up = time.monotonic() + self._tie_seconds()
        plan = best
        for _ in range(MOST_RESTARTS):
            begun = {measure: self._measured(measure, plan) for measure in order}
            at_least = dict(begun)
            for measure in measures:
                self.at_hand = plan
                stage = self._sure(measure, at_least, Fraction(0), give_up - time.monotonic(), _WAYS[0])
                if stage.plan is None or stage.kind != "optimal":
                    return plan, "open"
                plan = stage.plan
                if any(self._measured(one, plan) > begun[one] for one in order):
                    break  # better than what was thought the best: begin again from there
                at_least[measure] = self._measured(measure, plan)
            else:
                return plan, "broken"
        return plan, "open"

    def _tie_seconds(self) -> float:
        """What ties may take: past ``MANY`` a tenth of the limit; where no proof was asked for, and so no one plan is
        to be found again, little beside what was spent."""
        if len(self.ledger.candidates) <= MANY:
            return self.limits.seconds
        spent = time.monotonic() - self.limits.started
        if self.gap == 0 or self.ledger.previous is not None:
            return self.limits.seconds / 10
        seconds = min(self.limits.seconds / 10, spent / 20)
        return seconds if seconds > LEAST_TIE_S else 0.0

    # one measure ------------------------------------------------------------------------------------------------------

    def _sure(
        self,
        measure: Measure,
        at_least: Mapping[Measure, Fraction],
        gap: Fraction,
        seconds: float,
        way: tuple[Solver, bool, int],
    ) -> _Stage:
        """The best by one solver; where it finds none though one is known, its arithmetic is too coarse for the bounds,
        and it is asked again with slack."""
        stage = self._best(measure, at_least, gap, seconds, way, at_least)
        if stage.kind != "infeasible" or not at_least:
            return stage
        lowered = {
            one: least - max(abs(least), self._unit(one)) / 10**8
            if one == "objective" or one.startswith(KPI)
            else least
            for one, least in at_least.items()
        }
        return self._best(measure, at_least, gap, seconds, way, lowered)

    def _best(
        self,
        measure: Measure,
        at_least: Mapping[Measure, Fraction],
        gap: Fraction,
        seconds: float,
        way: tuple[Solver, bool, int],
        told: Mapping[Measure, Fraction],
    ) -> _Stage:
        """The best believed plan by one solver: what it proposes is checked exactly, and cut off where it fails.
        It is ``told`` what at least is wanted."""
        solver, presolve, step = way
        seed = self.ledger.settled.problem.solver.seed + step
        give_up = time.monotonic() + seconds
        cuts: list[Cut] = []  # of plans that fall short here; others may be content with them
        while True:
            left = min(give_up - time.monotonic(), self.limits.left())
            if left < SHORTEST_S and not self.crew.is_at_work:
                return _Stage("nothing")
            left = max(left, SHORTEST_S)  # what was begun ahead is heard, even when it is late
            wanted = Wanted(measure, told, (*self.cuts, *cuts), is_reduced=True)
            answer = self.crew.ask(Task(wanted, solver, float(gap), left, seed % 2**31, presolve, self._start()))
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

    def _start(self) -> tuple[int, ...] | None:
        """The choices of a plan to start solvers from; small problems are quicker without."""
        is_many = len(self.ledger.candidates) > MANY
        return tuple(sorted(self.at_hand.choices())) if is_many and self.at_hand is not None else None

    def _short(self, plan: Tally, at_least: Mapping[Measure, Fraction]) -> Iterator[Breach]:
        """The measures in which the plan falls short."""
        for measure, least in at_least.items():
            if self._measured(measure, plan) >= least:
                continue
            if measure == "objective":
                yield short_breach(plan, least)
            elif measure == "changes":
                yield exact_breach(plan, f"at_least.{measure}")
            else:
                yield short_line_breach(plan, f"at_least.{measure}", self._line(measure), least)

    def _is_sound(self, plan: Tally, at_least: Mapping[Measure, Fraction]) -> bool:
        return not any(breaches(plan)) and not any(self._short(plan, at_least))

    def _measured(self, measure: Measure, plan: Tally) -> Fraction:
        if measure == "objective":
            return plan.objective
        if measure == "changes":
            return Fraction(-len(plan.changed()))
        return plan.sum_of(self._line(measure))

    def _line(self, measure: Measure) -> Line:
        return self.ledger.measure_line(measure, self.crew.subject.tiebreaks)


def _cut(breach: Breach) -> Cut:
    return Cut(breach.selected, breach.left_out, breach.most)


def first_task(settled: Settled, gap: Fraction, limit_s: float) -> Task:
    """What a search within this gap asks first: solvers may be set to work on it ahead."""
    return Task(
        Wanted("objective", is_reduced=True),
        _WAYS[0][0],
        float(_first_gap(gap)),
        limit_s,
        settled.problem.solver.seed % 2**31,
    )


def _first_gap(gap: Fraction) -> Fraction:
    """A little less than what is asked for: as measured here, a gap can be a hair wider than the solver's own."""
    return gap * 99 / 100


def tiebreaks(settled: Settled) -> tuple[int, ...]:
    """The first 6 hexadecimal digits of the SHA-256 of each candidate's normalised key."""
    keys = (candidate.initiative_key for candidate in settled.problem.candidates)
    return tuple(int(hashlib.sha256(key.encode()).hexdigest()[:6], 16) for key in keys)
