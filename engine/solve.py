"""Problem -> Solution."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from engine.problem import Problem, Solution


def solve(
    problem: Problem,
    *,
    time_limit_s: Decimal | float | None = None,
    relative_gap: Decimal | float | Literal["problem"] | None = "problem",
    spent_s: float = 0.0,
) -> Solution:
    """The best plan and what is known of it (``model.md`` section 7). Never raises for the problem's sake.

    ``time_limit_s`` (seconds) and ``relative_gap`` (a fraction; None: automatic) win over the problem's own; ``spent_s`` is
    what reading has already taken of the limit. Solvers run in child processes, which are killed when time is up.
    """
    raise NotImplementedError


def exit_code(solution: Solution) -> int:
    """The exit code of `roadmap solve`: optimal and feasible 0, invalid 1, infeasible 3, no_solution_in_time 6."""
    return {"optimal": 0, "feasible": 0, "invalid": 1, "infeasible": 3, "no_solution_in_time": 6}[solution.status]
