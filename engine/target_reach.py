"""How far plans can go in each target: the most of a floor or a goal, the least of a cap, all other rules in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine.clause_words import capital, exactly, slice_of
from engine.clauses import sources_of
from engine.consequences import Consequences
from engine.exact import Tally
from engine.ledger import Target
from engine.probe import Case, Prober, Probers, varied
from engine.problem import Problem, TargetSet
from engine.reach import Reach
from engine.statements import Statement
from engine.wording import decimal_of

SHARE = 0.25
"""What this may take of the time there is."""
LEAST_S = 0.1


@dataclass(frozen=True, slots=True)
class Extent:
    """How far plans go in a target, in the improving sense. ``met`` is what some plan comes to; ``limit`` is what no
    plan goes beyond (more than it, of a cap less). None: not known."""

    target: Target
    met: Fraction | None
    limit: Fraction | None

    @property
    def asked(self) -> Fraction:
        """What the target asks for, in the improving sense."""
        return self.target.sign * self.target.required

    @property
    def is_reachable(self) -> bool | None:
        """True where a plan is known that reaches it, False where none can, None where neither is known."""
        if self.met is not None and self._is_enough(self.met):
            return True
        return None if self.limit is None or self._is_enough(self.limit) else False

    def _is_enough(self, amount: Fraction) -> bool:
        return amount <= self.asked if self.target.type == "cap" else amount >= self.asked


def target_reaches(case: Case, probers: Probers, plan: Tally | None) -> list[Statement]:
    """How far plans can go in each target, in the order of the problem. What is not known is left out. ``plan`` is one
    that keeps the rules, where there is one."""
    targets = case.ledger.targets
    reach = Reach(case.ledger, Consequences(case.ledger))
    share = max(LEAST_S, SHARE * 2 * probers.left() / max(1, len(targets)))
    extents = probers.each(lambda prober, target: _extent(case, reach, prober, target, share, plan), targets)
    return list(_statements(case, extents))


def _extent(case: Case, reach: Reach, prober: Prober, target: Target, limit_s: float, plan: Tally | None) -> Extent:
    """Solved with the target as the one bound on its KPI there; else what the contributions alone can come to."""
    sense = -1 if target.type == "cap" else 1
    cheap = sense * reach.most(target.line, sense * target.sign)
    known = None if plan is None else target.sign * plan.total(target.line)
    if prober.left() <= 0:
        return Extent(target, known, cheap)
    alone = varied(case, _asking_only(case.settled.problem, target))
    kind = "cap" if target.type == "cap" else "floor"
    outlook = prober.extreme(alone, _path(target, kind), sense, limit_s=limit_s)
    if outlook.plan is None:
        return Extent(target, known, cheap)
    line = next(other.line for other in alone.ledger.targets if _is_same(other, target))
    met = target.sign * outlook.plan.total(line)
    if outlook.is_closed:
        return Extent(target, met, met)
    return Extent(target, met if known is None else sense * max(sense * met, sense * known), cheap)


def _path(target: Target, kind: str) -> str:
    return f"targets.{target.dimension}.{target.key}.{target.kpi_key}.{kind}"


def _is_same(one: Target, other: Target) -> bool:
    return (one.dimension, one.key, one.kpi_key) == (other.dimension, other.key, other.kpi_key)


def _asking_only(problem: Problem, target: Target) -> Problem:
    """The problem with this target, as a hard one, the only one on its KPI in its slice."""
    rules = problem.constraint_set
    held = getattr(rules.targets[target.dimension][target.key][target.kpi_key], target.type)
    only = TargetSet(cap=held) if target.type == "cap" else TargetSet(floor=held)
    by_key = rules.targets[target.dimension]
    of_slice = {**by_key[target.key], target.kpi_key: only}
    targets = {**rules.targets, target.dimension: {**by_key, target.key: of_slice}}
    return problem.model_copy(update={"constraint_set": rules.model_copy(update={"targets": targets})})


def _statements(case: Case, extents: list[Extent]) -> Iterator[Statement]:
    problem = case.settled.problem
    units = {kpi.kpi_key: kpi.unit.strip() for kpi in problem.kpis}
    for extent in extents:
        if extent.is_reachable is None and (extent.limit is None or extent.target.type == "cap"):
            continue  # that something is no less than what its contributions come to says nothing
        target = extent.target
        path = _path(target, target.type)
        low, high = (extent.limit, extent.met) if target.type == "cap" else (extent.met, extent.limit)
        unit = units.get(target.kpi_key, "")
        cells = sources_of(problem, path)[:1]
        yield Statement("target_reach", path, low, high, _sentence(case, extent, unit), (), _brief(extent, unit), cells)


def _brief(extent: Extent, unit: str) -> str:
    """ "yes: at most 52,000 EUR", "no: at most 9,000 EUR", "perhaps: at most 52,000 EUR"."""
    answer = {True: "yes", False: "no", None: "perhaps"}[extent.is_reachable]
    return f"{answer}: {_how_far(extent, unit)}"


def _how_far(extent: Extent, unit: str) -> str:
    is_cap = extent.target.type == "cap"
    at_end, at_least = ("at least", "at most") if is_cap else ("at most", "at least")
    if extent.is_reachable and extent.limit != extent.met and extent.met is not None:
        return f"{at_least} {_amount(extent.met, unit)}"
    assert extent.limit is not None
    return f"{at_end} {_amount(extent.limit, unit)}"


def _amount(amount: Fraction, unit: str) -> str:
    return f"{exactly(decimal_of(amount))} {unit}".strip()


def _sentence(case: Case, extent: Extent, unit: str) -> str:
    """The same in a sentence, and what helps where it is missed."""
    target, settled = extent.target, case.settled
    where = "" if target.dimension == "all" else f"{slice_of(settled, target.dimension, target.key)}: "
    name = settled.kpi_names.get(target.kpi_key, target.kpi_key)
    asked, far = _amount(extent.asked, unit), _how_far(extent, unit)
    what = capital(f"{where}plans can bring {far} {name}, and {asked} is asked for")
    if extent.is_reachable is False:
        return f"{what}: change target_value, or ease another rule."
    if extent.is_reachable and target.type == "goal":
        return f"{what}: the plan prefers other value. Raise its importance, or make it a floor."
    return f"{what}."
