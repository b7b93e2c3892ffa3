"""The rules of a constraint set settled: folded names, canonical slices, nothing twice; what is wrong is noted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any, cast

from engine.folding import merged, tell_negative, tell_unknown
from engine.inputs import DIMENSIONS
from engine.keys import normalised
from engine.notes import Notes
from engine.problem import Bundle, Candidate, ConstraintSet, Group, Kpi, Synergy, Target, TargetSet
from engine.slices import EVERYTHING, dimension_parts, key_parts

Slices = Mapping[str, Mapping[str, Any]]
KINDS = ("floor", "goal", "cap")


@dataclass(slots=True)
class RuleNames:
    """The names that rules may use; None for ``kpis`` or ``periods``: unknown because the problem's own list is bad.
    ``slices`` maps (dimension, folded key) to the spelling shown, and grows with the slices that rules name."""

    listed: Sequence[Candidate]
    candidates: set[str]
    kpis: Mapping[str, Kpi] | None
    periods: Mapping[str, str] | None
    resources: set[str]
    slices: dict[tuple[str, str], str]


def folded_rules(rules: ConstraintSet, names: RuleNames, has_previous: bool, notes: Notes) -> ConstraintSet:
    """The rules with folded names, sorted and each once."""
    fold = _Folding(rules, names, notes)
    update: dict[str, Any] = {}
    for field in ("floors", "caps", "count_floors", "count_caps"):
        update[field] = fold.slices((field,), getattr(rules, field))
    for field in ("share_floors", "share_caps"):
        update[field] = fold.slices((field,), getattr(rules, field), most=Decimal(1))
    for field in ("resource_floors", "resource_caps"):
        update[field] = fold.by_resource((field,), getattr(rules, field))
    for field in ("period_floors", "period_caps"):
        held: Mapping[str, Slices] = getattr(rules, field)
        update[field] = fold.by_period(field, {p: fold.slices((field, p), held[p]) for p in held})
    by_period = rules.period_resource_caps
    update["period_resource_caps"] = fold.by_period(
        "period_resource_caps", {p: fold.by_resource(("period_resource_caps", p), by_period[p]) for p in by_period}
    )
    update["targets"] = fold.targets()
    for field in ("mandatory_initiatives", "exclusions_initiatives"):
        update[field] = fold.keys(field, getattr(rules, field))
    update["satisfied"] = tuple(sorted(fold.satisfied))
    update["exclusions_pairs"] = fold.pairs()
    update["bundles"] = fold.bundles()
    update["groups"] = fold.groups()
    update["prerequisites"] = fold.prerequisites()
    update["synergy_bonuses"] = fold.synergies()
    update["locks"] = fold.locks()
    update["reasons"] = {normalised(key): text for key, text in reversed(list(rules.reasons.items())) if text.strip()}
    fold.tell_history()
    if rules.max_changes is not None:
        tell_negative("constraint_set.max_changes", Decimal(rules.max_changes), notes)
        if not has_previous:
            notes.warn(
                ("max_changes",), "max_changes says nothing: no previous selection is given to count changes from."
            )
    return rules.model_copy(update=update)


class _Folding:
    def __init__(self, rules: ConstraintSet, names: RuleNames, notes: Notes) -> None:
        self.rules = rules
        self.names = names
        self.notes = notes
        self.satisfied = {normalised(key) for key in rules.satisfied if normalised(key)}
        self._keys_met: dict[tuple[str, ...], set[tuple[str | None, ...]]] = {}
        self._is_timed = names.periods is not None and len(names.periods) > 1

    # slices -----------------------------------------------------------------------------------------------------------

    def slices(self, path: tuple[str, ...], given: Slices, *, most: Decimal | None = None) -> dict[str, dict[str, Any]]:
        """dimension -> key -> bound, the bounds checked to be >= 0 and <= ``most``."""
        for dimension, keys in given.items():
            for key, bound in keys.items():
                where = _json_path(*path, dimension, key)
                if most is not None and not 0 <= bound <= most:
                    message = f"{where} is a share: a number from 0 to 1."
                    self.notes.error(where, bound, "a number from 0 to 1", message)
                else:
                    tell_negative(where, Decimal(bound), self.notes)
        return self.in_slices(path, given)

    def in_slices(self, path: tuple[str, ...], given: Slices) -> dict[str, dict[str, Any]]:
        """dimension -> key -> value with canonical slices; two spellings of one slice made one."""
        found: dict[str, dict[str, Any]] = {}
        spelled: dict[tuple[str, str], str] = {}
        for dimension, keys in given.items():
            parts = dimension_parts(normalised(dimension))
            if parts is None:
                listed = [*DIMENSIONS, EVERYTHING]
                tell_unknown(_json_path(*path, dimension), dimension, "dimension", listed, self.notes)
                continue
            for key, value in keys.items():
                name, folded = self._slice(path, dimension, parts, key)
                held = found.setdefault(name, {})
                where = _json_path(*path, dimension, key)
                if folded not in held:
                    held[folded], spelled[name, folded] = value, where
                else:
                    held[folded] = self._same((*path, name, folded), where, spelled[name, folded], held[folded], value)
        return {dimension: dict(sorted(found[dimension].items())) for dimension in sorted(found) if found[dimension]}

    def _slice(self, path: tuple[str, ...], dimension: str, parts: tuple[str, ...], key: str) -> tuple[str, str]:
        """The canonical names of a slice; one that no candidate can lie in is warned of."""
        fitting = key_parts(normalised(dimension), unicodedata.normalize("NFKC", key))
        ordered = sorted(zip(parts, fitting, strict=False), key=lambda p: DIMENSIONS.index(p[0])) if fitting else []
        name = "+".join(part for part in DIMENSIONS if part in parts) or EVERYTHING
        shown = key.strip()
        folded = normalised(key)
        if ordered and parts:
            folded = "|".join(normalised(k) for _, k in ordered)
            shown = "|".join(self.names.slices.get((d, normalised(k)), k) for d, k in ordered)
        shown = self.names.slices.setdefault((name, folded), shown)
        named = tuple(part for part, _ in ordered)
        met = folded == EVERYTHING if not parts else tuple(normalised(k) for _, k in ordered) in self._met(named)
        if not met:
            self.notes.warn((*path, name, folded), f"No candidate has {name} {shown or '(blank)'}: it counts as 0.")
        return name, folded

    def _met(self, dimensions: tuple[str, ...]) -> set[tuple[str | None, ...]]:
        """The keys that candidates have in these dimensions; none where a key could not be split."""
        if dimensions and dimensions not in self._keys_met:
            listed = self.names.listed
            columns = [map(attrgetter(part), listed) for part in dimensions]
            self._keys_met[dimensions] = set(zip(*columns, strict=True))
        return self._keys_met.get(dimensions, set())

    def _same(self, parts: tuple[str, ...], where: str, first: str, one: Any, other: Any) -> Any:
        """What two spellings of one entry say together: maps are joined, equal values are one, others are an error."""
        if isinstance(one, dict) and isinstance(other, dict):
            joined = dict(cast("dict[str, Any]", one))
            for key, value in cast("dict[str, Any]", other).items():
                joined[key] = (
                    self._same((*parts, key), f"{where}.{key}", f"{first}.{key}", joined[key], value)
                    if key in joined
                    else value
                )
            return joined
        if one == other:
            self.notes.warn(parts, f"{first} and {where} are one slice, given twice with the same value.")
        else:
            message = f"{first} and {where} are one slice, given twice with different values; keep one of them."
            self.notes.error(where, other, f"what {first} says", message)
        return cast("Any", one)

    def by_resource(self, path: tuple[str, ...], given: Mapping[str, Slices]) -> dict[str, Any]:
        """resource -> dimension -> key -> bound."""
        found: dict[str, Any] = {}
        for resource, slices in given.items():
            name = normalised(resource)
            if name not in self.names.resources and name not in ("tokens", "engineering_tokens"):
                self.notes.warn((*path, name), f"No candidate has the resource {resource.strip()}: it counts as 0.")
            name = "tokens" if name == "engineering_tokens" else name
            self._join((*path, name), found, name, resource, self.slices((*path, resource), slices))
        return dict(sorted(found.items()))

    def by_period(self, field: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """period -> what stands under it; unknown periods are told."""
        found: dict[str, Any] = {}
        for period, held in given.items():
            if self.names.periods is not None and normalised(period) not in self.names.periods:
                where = _json_path(field, period)
                tell_unknown(where, period, "period", self.names.periods.values(), self.notes)
            self._join((field, period), found, normalised(period), period, held)
        return dict(sorted(found.items()))

    def _join(self, parts: tuple[str, ...], found: dict[str, Any], name: str, spelled: str, held: Any) -> None:
        where = _json_path(*parts[:-1], spelled)
        found[name] = self._same(parts, where, _json_path(*parts), found[name], held) if name in found else held

    # targets ----------------------------------------------------------------------------------------------------------

    def targets(self) -> dict[str, dict[str, dict[str, TargetSet]]]:
        """dimension -> key -> KPI -> targets."""
        given: dict[str, dict[str, dict[str, dict[str, Target]]]] = {}
        for dimension, keys in self.rules.targets.items():
            for key, kpis in keys.items():
                path = ("targets", dimension, key)
                given.setdefault(dimension, {})[key] = self._targets_in_slice(path, kpis)
        found = self.in_slices(("targets",), given)
        return {
            dimension: {
                key: {kpi: TargetSet(**found[dimension][key][kpi]) for kpi in sorted(found[dimension][key])}
                for key in found[dimension]
            }
            for dimension in found
        }

    def _targets_in_slice(self, path: tuple[str, ...], kpis: Mapping[str, TargetSet]) -> dict[str, dict[str, Target]]:
        found: dict[str, Any] = {}
        for kpi_key, target_set in kpis.items():
            kpi = self._kpi(_json_path(*path, kpi_key), kpi_key)
            held = {kind: target for kind in KINDS if (target := getattr(target_set, kind)) is not None}
            for kind, target in held.items():
                self._check_target((*path, kpi_key, kind), kind, target, kpi)
            bare = {kind: target.model_copy(update={"notes": None}) for kind, target in held.items()}
            self._join((*path, normalised(kpi_key)), found, normalised(kpi_key), kpi_key, bare)
        return found

    def _check_target(self, path: tuple[str, ...], kind: str, target: Target, kpi: Kpi | None) -> None:
        where = _json_path(*path)
        if target.penalty is not None:
            tell_negative(f"{where}.penalty", target.penalty, self.notes)
        if kpi is None or kpi.direction == "increase":
            return
        if kind == "cap":
            message = f"{where}: {path[-2]} is to decrease, so a cap would forbid doing well; make it a floor."
            self.notes.error(where, "a cap", "a floor", message)
        elif target.baseline is None and target.value > 0:
            message = (
                f"{path[-2]} is to decrease and the {kind} has no baseline, so it allows a rise of {target.value}; "
                "give the baseline, or a negative value."
            )
            self.notes.warn(path, message)

    def _kpi(self, where: str, kpi_key: str) -> Kpi | None:
        if self.names.kpis is None:
            return None
        kpi = self.names.kpis.get(normalised(kpi_key))
        if kpi is None:
            tell_unknown(where, kpi_key, "KPI", self.names.kpis, self.notes)
        return kpi

    # initiatives ------------------------------------------------------------------------------------------------------

    def keys(self, field: str, given: Iterable[str], *, label: str = "") -> tuple[str, ...]:
        """The folded keys, sorted and each once; one that is neither candidate nor satisfied is warned of."""
        folded: set[str] = set()
        for key in given:
            name = normalised(key)
            if name and name not in folded:
                folded.add(name)
                self._warn_absent((field, label or name), key)
        return tuple(sorted(folded))

    def _warn_absent(self, parts: tuple[str, ...], key: str) -> None:
        if normalised(key) not in self.names.candidates and normalised(key) not in self.satisfied:
            message = f"{key.strip()} is neither a candidate nor delivered: it counts as not selected."
            self.notes.warn(parts, message)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        found: set[tuple[str, str]] = set()
        for pair in self.rules.exclusions_pairs:
            label = "+".join(sorted(normalised(key) for key in pair))
            members = self.keys("exclusions_pairs", pair, label=label)
            if len(members) < 2:
                self.notes.warn(("exclusions_pairs", label), "A pair of one initiative with itself says nothing.")
            else:
                found.add((members[0], members[1]))
        return tuple(sorted(found))

    def bundles(self) -> tuple[Bundle, ...]:
        found: dict[tuple[str, ...], Bundle] = {}
        for bundle in self.rules.bundles:
            label = normalised(bundle.bundle_key) or self._label(bundle.members)
            members = self.keys("bundles", bundle.members, label=label)
            if len(members) < 2:
                self.notes.warn(("bundles", label), "A bundle of fewer than two initiatives binds nothing together.")
            found.setdefault(members, Bundle(bundle_key=label, members=members))
        return tuple(found[members] for members in sorted(found) if members)

    def groups(self) -> tuple[Group, ...]:
        found: dict[tuple[Any, ...], Group] = {}
        for i, group in enumerate(self.rules.groups):
            label = normalised(group.group_key) or self._label(group.members)
            members = self.keys("groups", group.members, label=label)
            for field in ("min_selected", "max_selected"):
                count: int | None = getattr(group, field)
                if count is not None:
                    tell_negative(f"constraint_set.groups[{i}].{field}", Decimal(count), self.notes)
            if group.min_selected is None and group.max_selected is None:
                self.notes.warn(("groups", label), "A group without min_selected and max_selected says nothing.")
            bounds = (members, -1 if group.min_selected is None else group.min_selected, group.max_selected or 0)
            folded = group.model_copy(update={"group_key": label, "members": members})
            found.setdefault((*bounds, group.max_selected is None), folded)
        return tuple(found[bounds] for bounds in sorted(found))

    def prerequisites(self) -> dict[str, tuple[str, ...]]:
        given: dict[str, tuple[str, ...]] = {}
        for dependent, required in self.rules.prerequisites.items():
            name = normalised(dependent)
            self._warn_absent(("prerequisites", name), dependent)
            given[dependent] = self.keys("prerequisites", required, label=name)
            if name in given[dependent]:
                self.notes.warn(("prerequisites", name), f"{dependent.strip()} needs itself, which says nothing.")
        needs = merged("constraint_set.prerequisites", ("prerequisites",), given, self.notes)
        needs = {who: tuple(key for key in needs[who] if key != who) for who in needs if who}
        for loop in loops(needs):
            listed = ", ".join(loop)
            what = "none of them can ever start" if self._is_timed else "they can only be selected together"
            message = f"These need each other in a circle, so {what}: {listed}."
            self.notes.warn(("prerequisites", loop[0]), message)
        return {who: required for who, required in needs.items() if required}

    def synergies(self) -> tuple[Synergy, ...]:
        found: dict[tuple[Any, ...], Synergy] = {}
        for i, synergy in enumerate(self.rules.synergy_bonuses):
            label = self._label(synergy.members)
            self._kpi(f"constraint_set.synergy_bonuses[{i}].kpi_key", synergy.kpi_key)
            members = self.keys("synergy_bonuses", synergy.members, label=label)
            if not any(member in self.names.candidates for member in members):
                self.notes.warn(
                    ("synergy_bonuses", label), "No member of this synergy is a candidate: it earns nothing."
                )
            kpi_key = normalised(synergy.kpi_key)
            same = (members, kpi_key, synergy.bonus)
            if same in found:
                self.notes.warn(("synergy_bonuses", label), "This synergy is given twice; it counts once.")
            found.setdefault(same, Synergy(members=members, kpi_key=kpi_key, bonus=synergy.bonus))
        return tuple(found[same] for same in sorted(found))

    def locks(self) -> dict[str, str]:
        given: dict[str, str] = {}
        for key, period in self.rules.locks.items():
            if not normalised(key):
                continue
            if self.names.periods is not None and normalised(period) not in self.names.periods:
                where = _json_path("locks", key)
                tell_unknown(where, period, "period", self.names.periods.values(), self.notes)
            self._warn_absent(("locks", key), key)
            given[key] = normalised(period)
        return merged("constraint_set.locks", ("locks",), given, self.notes)

    def tell_history(self) -> None:
        """Warns of excluding or locking what was delivered earlier."""
        for field, keys in (("exclusions_initiatives", self.rules.exclusions_initiatives), ("locks", self.rules.locks)):
            for key in keys:
                if normalised(key) in self.satisfied:
                    verb = "locking" if field == "locks" else "excluding"
                    self.notes.warn((field, key), f"{key.strip()} is delivered already: {verb} it says nothing.")

    def _label(self, members: Iterable[str]) -> str:
        return "+".join(sorted({normalised(key) for key in members}))


def _json_path(*parts: str) -> str:
    return ".".join(("constraint_set", *parts))


def loops(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The groups of initiatives that need each other in a circle (strongly connected components, after Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    is_open: set[str] = set()
    loops: list[list[str]] = []
    for root in needs:
        work = [(root, iter(needs[root]))] if root not in index else []
        for node, _ in work:
            index[node] = low[node] = len(index)
            open_.append(node)
            is_open.add(node)
        while work:
            node, following = work[-1]
            for required in following:
                if required not in index:
                    index[required] = low[required] = len(index)
                    open_.append(required)
                    is_open.add(required)
                    work.append((required, iter(needs.get(required, ()))))
                    break
                if required in is_open:
                    low[node] = min(low[node], index[required])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    loop = open_[open_.index(node) :]
                    del open_[open_.index(node) :]
                    is_open.difference_update(loop)
                    if len(loop) > 1:
                        loops.append(sorted(loop))
    return loops
