"""When candidates can be worked on, as the exact side sees it: windows, finishes, and the numbers of starts.

A choice has a number. With n candidates, i < n is "candidate i is selected". With T > 1 periods, n + i·T + t is
"candidate i starts in period t"; with one period nothing is left to choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.problem import Problem


class Timetable:
    """The periods of a settled problem by index, and each candidate's first and last start (``windows``; the last is
    before the first where it cannot be worked on)."""

    def __init__(self, problem: Problem) -> None:
        self.count = len(problem.candidates)
        self.length = len(problem.periods)
        self.is_needed = self.length > 1
        place = {period: t for t, period in enumerate(problem.periods)}
        self.place: Mapping[str, int] = place
        self.durations = [candidate.duration_periods for candidate in problem.candidates]
        ends = [place[c.latest_period] if c.latest_period else self.length - 1 for c in problem.candidates]
        begins = [place[c.earliest_period] if c.earliest_period else 0 for c in problem.candidates]
        self.windows = [
            (first, last - duration + 1) for first, last, duration in zip(begins, ends, self.durations, strict=True)
        ]
        numbers = {candidate.initiative_key: i for i, candidate in enumerate(problem.candidates)}
        rules = problem.constraint_set
        self.locked = {numbers[key]: place[period] for key, period in rules.locks.items() if key in numbers}
        self.previous = {
            numbers[key]: place[period]
            for key, period in (problem.previous_starts or {}).items()
            if key in numbers and self.is_needed
        }
        self.waits: list[list[int]] = [[] for _ in problem.candidates]
        """candidate -> the candidates that have to be finished before it starts"""
        for who, needed in rules.prerequisites.items():
            if who in numbers and self.is_needed:
                self.waits[numbers[who]] = [numbers[key] for key in needed if key in numbers]

    def starts(self, i: int) -> range:
        """The periods that candidate i can start in, whatever else is planned."""
        first, last = self.windows[i]
        return range(first, max(first, last + 1))

    def fits(self, i: int) -> bool:
        """True where candidate i can be worked on within the periods and its own first and last one."""
        return len(self.starts(i)) > 0

    def finish(self, i: int, start: int) -> int:
        """The last period of work on candidate i."""
        return start + self.durations[i] - 1

    def choice(self, i: int, start: int) -> int:
        """The number of "i starts then"."""
        return self.count + i * self.length + start if self.is_needed else i

    def start_of(self, choice: int) -> tuple[int, int]:
        """(candidate, period) of a choice that is a start."""
        return divmod(choice - self.count, self.length)

    def started(self, choices: Iterable[int]) -> Iterator[tuple[int, int]]:
        """(candidate, start) of what a plan selects. With several periods only starts count; a plan given by its
        candidates alone starts each as early as it can."""
        given = sorted(set(choices))
        timed = [choice for choice in given if choice >= self.count]
        if self.is_needed and timed:
            yield from (self.start_of(choice) for choice in timed)
        else:
            yield from ((i, self.windows[i][0]) for i in given if i < self.count)

    def busy(self, i: int, period: int) -> Iterator[int]:
        """The starts by which candidate i is at work in a period."""
        return (t for t in self.starts(i) if t <= period <= self.finish(i, t))
