"""How a solve gets on: what ``solve`` hands to who looks on, some two times a second and at each better plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any, Literal

from engine.crew import News
from engine.wanted import KPI, Measure

Phase = Literal["preparing", "searching", "choosing among equals", "writing", "done", "explaining"]
"""What ``solve`` is at; "explaining" is what a run is at after it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``seconds`` since the solve began. ``incumbent`` is the best objective so far and ``bound`` the most it can be,
    as the solver tells them (only the result is checked exactly); ``gap`` is what is open between them, relative to
    the incumbent. None where not known yet. ``stage`` counts the objectives of a lexicographic search from 1."""

    seconds: float
    phase: Phase
    stage: int = 1
    incumbent: float | None = None
    bound: float | None = None
    gap: float | None = None
    solver: str = ""

    def plain(self) -> dict[str, Any]:
        """The values as JSON holds them."""
        return asdict(self)


@dataclass(slots=True)
class Telling:
    """Puts what solvers say together and tells it on."""

    tell: Callable[[Progress], object] | None
    started: float
    phase: Phase = "preparing"
    stage: int = 0
    measure: Measure = ""
    incumbent: Fraction | None = None
    bound: Fraction | None = None
    solver: str = ""
    floor: Fraction = field(default_factory=lambda: Fraction(1, 10**9))
    """What a gap is at least relative to."""

    def enter(self, phase: Phase, incumbent: Fraction | None = None) -> None:
        """A phase begins; ``incumbent`` is known from elsewhere."""
        self.phase = phase
        if incumbent is not None:
            self.incumbent = incumbent
        self._tell()

    def end(self, incumbent: Fraction | None, bound: Fraction | None) -> None:
        """The solve is over with these."""
        self.phase, self.incumbent, self.bound = "done", incumbent, bound
        self._tell()

    def hear(self, news: News) -> None:
        """News of a solver. Those of ties change neither incumbent nor bound."""
        is_tie = not (news.measure == "objective" or news.measure.startswith(KPI))
        self.phase = "choosing among equals" if is_tie else "searching"
        self.solver = news.solver
        if not is_tie:
            if news.measure != self.measure:
                self.incumbent = self.incumbent if not self.measure else None
                self.measure, self.stage, self.bound = news.measure, self.stage + 1, None
            known = [amount for amount in (self.incumbent, news.reached) if amount is not None]
            self.incumbent = max(known, default=None)
            known = [amount for amount in (self.bound, news.bound) if amount is not None]
            self.bound = min(known, default=None)
        self._tell()

    def _tell(self) -> None:
        if self.tell is None:
            return
        gap = None
        if self.incumbent is not None and self.bound is not None:
            gap = float(max(Fraction(0), self.bound - self.incumbent) / max(abs(self.incumbent), self.floor))
        self.tell(
            Progress(
                time.monotonic() - self.started,
                self.phase,
                max(1, self.stage),
                None if self.incumbent is None else float(self.incumbent),
                None if self.bound is None else float(self.bound),
                gap,
                self.solver,
            )
        )
