"""Problem -> exact sums over the model's variables: what is selected, spent, changed and begun when.

Variables have numbers. With n candidates, 0 … n - 1 say that a candidate is selected (x_i). With T > 1 periods,
n + i·T + t says that candidate i starts in period t (x_it, of which x_i is the sum). What is made later (synergies,
goals) follows after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import lcm
from operator import attrgetter

from engine.problem import Candidate, Problem
from engine.sums import Sum, whole_numbers

NONE = Decimal(0)


class Terms:
    """Sums of a settled problem. ``starts`` are the periods (by index) each candidate can start in so that its work
    lies within the plan's periods and its own."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.candidates = problem.candidates
        self.count = len(problem.candidates)
        self.periods = len(problem.periods)
        self.is_timed = self.periods > 1
        self.index = {c.initiative_key: i for i, c in enumerate(problem.candidates)}
        self.place = {period: t for t, period in enumerate(problem.periods)}
        self.delivered = set(problem.constraint_set.satisfied)
        self.starts = [self._starts(candidate) for candidate in problem.candidates]
        self._spending: dict[str, tuple[list[int], int]] = {}
        self._slices: dict[str, dict[tuple[str | None, ...], list[int]]] = {}

    def everyone(self) -> range:
        """The numbers of all candidates."""
        return range(self.count)

    # when -------------------------------------------------------------------------------------------------------------

    def _starts(self, candidate: Candidate) -> range:
        first = self.place[candidate.earliest_period] if candidate.earliest_period else 0
        last = self.place[candidate.latest_period] if candidate.latest_period else self.periods - 1
        return range(first, max(first, last + 2 - candidate.duration_periods))

    def begins(self, i: int, t: int) -> int:
        """The variable that says that candidate i starts in period t; with one period, that it is selected."""
        return self.count + i * self.periods + t if self.is_timed else i

    def begun(self, i: int, before: int) -> dict[int, int]:
        """sum of x_it over t < ``before``: 1 where candidate i starts earlier than that."""
        return {self.begins(i, t): 1 for t in self.starts[i] if t < before}

    # which ------------------------------------------------------------------------------------------------------------

    def chosen(self, keys: Iterable[str]) -> tuple[Sum, int]:
        """sum of x over ``keys``, and a constant: 1 for each delivered earlier, 0 for each that is nowhere."""
        terms: dict[int, int] = {}
        constant = 0
        for key in keys:
            if key in self.delivered:
                constant += 1
            elif key in self.index:
                terms[self.index[key]] = 1
        return Sum(terms), constant

    def slice(self, dimension: str, key: str) -> list[int]:
        """Candidates that lie in a slice: equal in each dimension of it; a blank attribute (None) lies nowhere."""
        if dimension == "all":
            return list(self.everyone()) if key == "all" else []
        if dimension not in self._slices:
            columns = [map(attrgetter(part), self.candidates) for part in dimension.split("+")]
            members = self._slices[dimension] = {}
            for i, attributes in enumerate(zip(*columns, strict=True)):
                members.setdefault(attributes, []).append(i)
        keys = tuple(key.split("|")) if "+" in dimension else (key,)
        return self._slices[dimension].get(keys, [])

    # what is spent ----------------------------------------------------------------------------------------------------

    def _amounts(self, resource: str) -> tuple[list[int], int]:
        if resource not in self._spending:
            self._spending[resource] = whole_numbers(
                [
                    c.engineering_tokens if resource == "tokens" else c.resources.get(resource, NONE)
                    for c in self.candidates
                ]
            )
        return self._spending[resource]

    def spent(self, resource: str, members: Iterable[int]) -> Sum:
        """What the members spend of a resource: sum of a_i x_i."""
        amounts, unit = self._amounts(resource)
        return Sum({i: amounts[i] for i in members if amounts[i]}, unit)

    def spent_in(self, period: int, resource: str, members: Iterable[int]) -> Sum:
        """What the members spend in one period: sum of a_i / d_i x_it over the starts t by which i is then at work."""
        if not self.is_timed:
            return self.spent(resource, members)
        amounts, unit = self._amounts(resource)
        busy = [i for i in members if amounts[i] and self.starts[i]]
        parts = lcm(*{self.candidates[i].duration_periods for i in busy})
        terms: dict[int, int] = {}
        for i in busy:
            length = self.candidates[i].duration_periods
            share = amounts[i] * (parts // length)
            terms.update((self.begins(i, t), share) for t in self.starts[i] if t <= period < t + length)
        return Sum(terms, unit * parts)

    # ties -------------------------------------------------------------------------------------------------------------

    def changes(self) -> tuple[Sum, int]:
        """Candidates in only one of the two selections and moved starts, as terms and a constant: x_i of one that is
        new, and 1 - x_i of one that was in the plan (1 - x_it where it then started in t)."""
        previous, starts = set(self.problem.previous_selection or ()), self.problem.previous_starts or {}
        terms: dict[int, int] = {}
        constant = 0
        for i, candidate in enumerate(self.candidates):
            key = candidate.initiative_key
            if key not in previous:
                terms[i] = 1
                continue
            constant += 1
            if not self.is_timed or key not in starts:
                terms[i] = -1
            elif self.place[starts[key]] in self.starts[i]:
                terms[self.begins(i, self.place[starts[key]])] = -1
        return Sum(terms), constant

    def finish(self, worth: Sum) -> Sum:
        """sum of max(0, v_i) times the index of the period in which i is finished; ``worth`` holds the v_i."""
        terms: dict[int, int] = {}
        for i, value in worth.terms.items():
            if i < self.count and value > 0:
                length = self.candidates[i].duration_periods
                terms.update((self.begins(i, t), value * (t + length - 1)) for t in self.starts[i])
        return Sum({v: amount for v, amount in terms.items() if amount}, worth.unit)

    def start(self, weights: Sequence[int] | None = None) -> Sum:
        """sum of the index of the period in which each starts, times its weight (None: 1)."""
        return Sum(
            {
                self.begins(i, t): t * (weights[i] if weights else 1)
                for i in self.everyone()
                for t in self.starts[i]
                if t and (weights is None or weights[i])
            }
        )
