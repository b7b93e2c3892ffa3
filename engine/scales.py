"""The scales of the objective: s_k, Z, and what a unit of each KPI is worth (``model.md`` section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from engine.notes import Notes
from engine.problem import Problem
from engine.sums import whole_numbers


@dataclass(frozen=True, slots=True)
class Scales:
    """``by_kpi`` are the s_k in use, by folded name; ``z`` what goals are paid in; ``worth`` the value of one raw unit
    of each KPI of the objective, negative for one that is to decrease."""

    by_kpi: Mapping[str, Fraction]
    z: Fraction
    worth: Mapping[str, Fraction]

    def of(self, kpi_key: str) -> Fraction:
        """s_k of a KPI; 1 of one that is not in use (only a bound that an explanation moves to 0 asks for it)."""
        return self.by_kpi.get(kpi_key, Fraction(1))


def scales_of(problem: Problem, notes: Notes) -> Scales:
    """The scales of a settled problem; one that has nothing to rest on is 1, with a warning."""
    objective = problem.objective
    signs = {kpi.kpi_key: -1 if kpi.direction == "decrease" else 1 for kpi in problem.kpis}
    stars = [kpi.kpi_key for kpi in problem.kpis if kpi.kpi_level == "north_star"]
    counted = {
        "north_star": stars[:1],
        "weighted_kpis": list(objective.weights),
        "lexicographic": list(objective.order),
        "score": [],
    }[objective.mode]
    in_use = sorted({*counted, *_kpis_of_goals_at_zero(problem)})
    by_kpi = {kpi_key: _scale(problem, kpi_key, signs[kpi_key], notes) for kpi_key in in_use}
    worth: dict[str, Fraction] = {}
    if objective.mode == "score":
        z = sum((Fraction(c.score) for c in problem.candidates if c.score > 0), Fraction(0))
    elif objective.mode == "weighted_kpis":
        weights = {kpi_key: Fraction(weight) for kpi_key, weight in objective.weights.items()}
        z = sum(map(abs, weights.values()), Fraction(0))
        worth = {kpi_key: signs[kpi_key] * weight / by_kpi[kpi_key] for kpi_key, weight in weights.items()}
    else:
        first = counted[0] if counted else None
        z = by_kpi[first] if first else Fraction(1)
        worth = {first: Fraction(signs[first])} if first else {}
    return Scales(by_kpi, z or Fraction(1), worth)


def _scale(problem: Problem, kpi_key: str, sign: int, notes: Notes) -> Fraction:
    given = problem.objective.scales.get(kpi_key)
    if given is None:
        amounts, unit = whole_numbers([c.kpi_contributions.get(kpi_key, _NONE) for c in problem.candidates])
        total = Fraction(sum(sign * amount for amount in amounts if sign * amount > 0), unit)
        why = "no candidate improves it"
    else:
        total, why = Fraction(given), "its scale is given as 0"
    if not total:
        notes.warn(("objective", "scales", kpi_key), f"KPI {kpi_key}: {why}, so its scale is 1.")
    return total or Fraction(1)


def _kpis_of_goals_at_zero(problem: Problem) -> set[str]:
    """KPIs with a target whose requirement is 0: what is missing of it is measured by the KPI's scale."""
    found: set[str] = set()
    for keys in problem.constraint_set.targets.values():
        for kpis in keys.values():
            for kpi_key, targets in kpis.items():
                for target in (targets.floor, targets.goal, targets.cap):
                    if target is not None and target.value == (target.baseline or 0):
                        found.add(kpi_key)
    return found


_NONE = Decimal(0)
