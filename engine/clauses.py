"""The rules of a problem one by one, as explanations name, drop and move them.

A *clause* is one element of the rules: a bound (a cap, a floor, a target …) with its number, or a choice (a mandatory
initiative, a pair, a prerequisite …). Problems here are settled ones: every name in its one folded form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from engine.keys import normalised
from engine.problem import ConstraintSet, Problem, SourceCell, Target, TargetSet

Parts = tuple[str, ...]
Change = Callable[[Parts, Any], Any]
"""(parts, value) -> the value it shall have, None where the clause shall not hold at all."""

CAPACITY = ("capacity_total_tokens",)
MAX_CHANGES = ("max_changes",)
_DEPTHS = {
    "floors": 2,
    "caps": 2,
    "resource_floors": 3,
    "resource_caps": 3,
    "count_floors": 2,
    "count_caps": 2,
    "share_floors": 2,
    "share_caps": 2,
    "period_floors": 3,
    "period_caps": 3,
    "period_resource_caps": 4,
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule. ``parts`` make its path; ``value`` is a number, a Target, or True for a choice."""

    parts: Parts
    value: Any

    @property
    def path(self) -> str:
        """The path that ``sources`` uses; of a group, that of the group."""
        return ".".join(self.parts[:2] if self.parts[0] == "groups" else self.parts)

    @property
    def is_bound(self) -> bool:
        """True for a rule that is a number."""
        return self.value is not True

    @property
    def is_floor(self) -> bool:
        """True for a bound from below; a target is read in the improving sense."""
        last = self.parts[-1]
        return self.parts[0].endswith("floors") or last in ("min_selected", "floor")

    @property
    def number(self) -> Decimal:
        """The bound as it stands in the sheet; of a target its value."""
        return self.value.value if isinstance(self.value, Target) else Decimal(self.value)

    def with_number(self, number: Decimal) -> Any:
        """The value with another number."""
        if isinstance(self.value, Target):
            return self.value.model_copy(update={"value": number})
        return int(number) if isinstance(self.value, int) else number


def clauses(problem: Problem) -> list[Clause]:
    """Every rule that a plan can break, in the order of its path; goals, bonuses and reasons are none."""
    found: list[Clause] = []

    def met(parts: Parts, value: Any) -> Any:
        found.append(Clause(parts, value))
        return value

    changed(problem, met)
    return found


def without(problem: Problem, dropped: Collection[Parts]) -> Problem:
    """The problem without these clauses."""
    gone = set(dropped)
    return changed(problem, lambda parts, value: None if parts in gone else value)


def only(problem: Problem, kept: Collection[Parts]) -> Problem:
    """The problem with no clauses but these."""
    held = set(kept)
    return changed(problem, lambda parts, value: value if parts in held else None)


def moved(problem: Problem, numbers: Mapping[Parts, Decimal]) -> Problem:
    """The problem with other numbers in these bounds."""
    return changed(
        problem, lambda parts, value: Clause(parts, value).with_number(numbers[parts]) if parts in numbers else value
    )


def changed(problem: Problem, change: Change) -> Problem:
    """The problem with each clause changed."""
    rules = problem.constraint_set
    update: dict[str, Any] = {}
    for field, depth in _DEPTHS.items():
        update[field] = _tree((field,), getattr(rules, field), depth, change)
    update["targets"] = _targets(rules, change)
    for field in ("mandatory_initiatives", "exclusions_initiatives"):
        update[field] = tuple(key for key in getattr(rules, field) if change((field, key), True) is not None)
    update["exclusions_pairs"] = tuple(
        pair for pair in rules.exclusions_pairs if change(("exclusions_pairs", "+".join(pair)), True) is not None
    )
    update["bundles"] = tuple(b for b in rules.bundles if change(("bundles", b.bundle_key), True) is not None)
    update["groups"] = _groups(rules, change)
    needs = {
        who: tuple(key for key in needed if change(("prerequisites", who, key), True) is not None)
        for who, needed in rules.prerequisites.items()
    }
    update["prerequisites"] = {who: needed for who, needed in needs.items() if needed}
    update["locks"] = {k: period for k, period in rules.locks.items() if change(("locks", k), True) is not None}
    if rules.max_changes is not None and problem.previous_selection is not None:
        update["max_changes"] = change(MAX_CHANGES, rules.max_changes)
    capacity = change(CAPACITY, problem.capacity_total_tokens)
    if capacity is None:
        capacity = sum((candidate.engineering_tokens for candidate in problem.candidates), Decimal(0))
    return problem.model_copy(
        update={"constraint_set": rules.model_copy(update=update), "capacity_total_tokens": capacity}
    )


def _tree(parts: Parts, value: Any, depth: int, change: Change) -> Any:
    if not depth:
        return change(parts, value)
    held = cast("Mapping[str, Any]", value)
    made = {key: _tree((*parts, key), held[key], depth - 1, change) for key in held}
    return {key: entry for key, entry in made.items() if entry is not None and entry != {}}


def _targets(rules: ConstraintSet, change: Change) -> dict[str, Any]:
    def of(parts: Parts, targets: TargetSet) -> TargetSet:
        update = {
            kind: change((*parts, kind), target)
            for kind in ("floor", "cap")
            if (target := getattr(targets, kind)) is not None
        }
        return targets.model_copy(update=update)

    return {
        dimension: {
            key: {kpi: of(("targets", dimension, key, kpi), targets) for kpi, targets in kpis.items()}
            for key, kpis in keys.items()
        }
        for dimension, keys in rules.targets.items()
    }


def _groups(rules: ConstraintSet, change: Change) -> tuple[Any, ...]:
    made: list[Any] = []
    for group in rules.groups:
        update = {
            field: change(("groups", group.group_key, field), count)
            for field in ("min_selected", "max_selected")
            if (count := getattr(group, field)) is not None
        }
        made.append(group.model_copy(update=update))
    return tuple(made)


def sources_of(problem: Problem, path: str) -> tuple[SourceCell, ...]:
    """The cells behind a path: its own, else those of what it stands in or of what stands in it."""
    sources = {normalised(name): cells for name, cells in problem.constraint_set.sources.items()}
    at = normalised(path)
    if at in sources:
        return sources[at]
    within = [cells for name, cells in sources.items() if name.startswith(f"{at}.")]
    if within:
        return tuple(dict.fromkeys(cell for cells in within for cell in cells))
    while "." in at:
        at = at.rpartition(".")[0]
        if at in sources and at.count("."):
            return sources[at]
    return ()
