"""What a run knows about itself, so that any number it publishes can be walked back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from engine.problem import Problem, Solution
from engine.sentences import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One finished OptimizationRun as tabs and commands show it. Times are aware; ``trigger`` is menu, schedule, API or
    command line; ``rules_version`` counts the versions of the constraint set; ``portfolio_id`` is None without a
    plan; ``remarks`` are what was found out about the plan after it (``engine.remarks``), as JSON holds it."""

    run_id: int
    scenario: str
    constraint_set: str
    rules_version: int
    constraint_digest: str
    inputs_as_of: datetime
    solved_at: datetime
    problem: Problem
    solution: Solution
    portfolio_id: int | None = None
    trigger: str = "command line"
    requested_by: str = ""
    remarks: tuple[Mapping[str, Any], ...] = ()


def proximity(relative_gap: Decimal | None) -> str:
    """How close a plan is to the best possible: "best possible", or at most how far, to one digit that counts."""
    if relative_gap is None:
        return "not proven"
    if relative_gap <= 0:
        return "best possible"
    percent = relative_gap * 100
    return f"within {shown(percent.quantize(Decimal(1).scaleb(min(percent.adjusted(), -1)), ROUND_UP))} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLogLine:
    """One line of the Run Log tab. ``time`` is aware; ``seconds`` is None while it runs; ``run`` is a run id or
    None."""

    time: datetime
    who: str
    trigger: str
    action: str
    scenario: str
    constraint_set: str
    status: str
    plan_quality: str
    seconds: float | None
    rows_read: int
    rows_written: int
    api_calls: int
    message: str
    run: int | None
