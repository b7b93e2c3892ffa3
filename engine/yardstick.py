"""What explanations measure a plan by: one objective, at the run's own scales."""

from __future__ import annotations

from dataclasses import replace

from engine.problem import Problem
from engine.settling import Settled


def measured(settled: Settled) -> Settled:
    """The settled problem with an objective that is one sum. Of a lexicographic one it is that of the first KPI, with
    its goals paid: what comes after is decided within what the first leaves open."""
    problem = settled.problem
    if problem.objective.mode != "lexicographic" or not problem.objective.order:
        return settled
    return replace(settled, problem=_by_first_kpi(problem))


def _by_first_kpi(problem: Problem) -> Problem:
    first = problem.objective.order[0]
    kpis = tuple(
        kpi.model_copy(update={"kpi_level": "north_star" if kpi.kpi_key == first else "strategic"})
        for kpi in problem.kpis
    )
    objective = problem.objective.model_copy(update={"mode": "north_star"})
    return problem.model_copy(update={"objective": objective, "kpis": kpis})
