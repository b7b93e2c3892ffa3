"""Typed rows -> a Problem with its ConstraintSet, and everything that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.findings import Finding
from engine.inputs import WorkbookInputs
from engine.problem import ConstraintSet, Problem
from engine.roadmap import RoadmapVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A candidate that takes no part in the run, and why ("no tokens")."""

    initiative_key: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What the rows mean for one scenario and set. ``problem`` is None when the run must stop: then at least one finding
    has ``stops_run`` and says why."""

    problem: Problem | None
    constraint_set: ConstraintSet
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def compile_problem(
    inputs: WorkbookInputs,
    *,
    scenario: str | None,
    constraint_set: str | None,
    today: date,
    published: RoadmapVersion | None = None,
) -> Compiled:
    """The problem of ``scenario`` under ``constraint_set`` (None: Setup's defaults)."""
    raise NotImplementedError("written within the hour")
