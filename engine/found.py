"""The time that a search has, and what it comes to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from engine.exact import Tally
from engine.process import Answer


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
class Step:
    """One KPI of a lexicographic order: the best it can have given the earlier ones (of the first, less what missed
    goals cost), and the most that can be."""

    kpi_key: str
    objective: Fraction
    value: Fraction
    bound: Fraction


@dataclass(frozen=True, slots=True)
class Found:
    """What the search came to. ``bound`` is the most that the objective of any plan can be, None where unknown;
    ``stages`` are those of a lexicographic order, and None with any other objective."""

    status: Literal["optimal", "feasible", "infeasible", "no_solution_in_time"]
    plan: Tally | None = None
    bound: Fraction | None = None
    gap: Fraction | None = None
    ties: Literal["broken", "open"] | None = None
    answers: tuple[Answer, ...] = ()
    stages: tuple[Step, ...] | None = None
