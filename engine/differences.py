"""What differs between two problems, one fact at a time, and a problem with one of its facts put back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from engine.clause_words import capital, cells_of, clause_words, number_words, slice_of, title_of
from engine.clauses import Clause, Parts, clauses
from engine.keys import normalised
from engine.problem import Problem
from engine.sentences import listed, shown
from engine.settling import Settled

_LABELS: Mapping[str, Callable[[Any], str]] = {
    "mandatory_initiatives": lambda one: one,
    "exclusions_initiatives": lambda one: one,
    "satisfied": lambda one: one,
    "exclusions_pairs": lambda one: "+".join(one),
    "bundles": lambda one: one["bundle_key"],
    "groups": lambda one: one["group_key"],
    "synergy_bonuses": lambda one: "+".join((*one["members"], one["kpi_key"])),
    "candidates": lambda one: one["initiative_key"],
    "kpis": lambda one: one["kpi_key"],
}
"""What the elements of a list are called."""
_UNTOLD = frozenset({"title", "initiative_key", "notes", "bundle_key", "group_key"})
_PLAIN = ("solver", "scenario_name", "constraint_set_name", "schema_version", "period_key")


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that differs: ``before`` and ``after`` are None where it is not there."""

    parts: Parts
    before: Any
    after: Any
    message: str

    @property
    def path(self) -> str:
        return ".".join(self.parts)


def differences(before: Settled, after: Settled) -> list[Difference]:
    """Every fact of two settled problems that differs; titles, labels, reasons and sources are none."""
    old, new = _facts(before.problem), _facts(after.problem)
    words = _Words(before, after)
    found: list[Difference] = []
    for parts in sorted({*old, *new}):
        was, now = old.get(parts), new.get(parts)
        if was != now and not _is_part_of_new(parts, old, new):
            found.append(Difference(parts, was, now, words.of(parts, was, now)))
    return found


def put_back(problem: Problem, before: Problem, parts: Parts) -> Problem:
    """The problem with one fact as it was before."""
    plain, old = _plain(problem), _plain(before)
    at: Any = plain
    was: Any = old
    *way, last = parts
    for part in way:
        was = cast("Mapping[str, Any]", was).get(part, {}) if isinstance(was, Mapping) else {}
        at = at.setdefault(part, {})
    held = cast("Mapping[str, Any]", was if isinstance(was, Mapping) else {})
    if last in held:
        at[last] = held[last]
    else:
        at.pop(last, None)
    return Problem.model_validate(_listed(plain))


def _facts(problem: Problem) -> dict[Parts, Any]:
    """Path -> fact; a candidate is one fact and so is each of its fields."""
    found: dict[Parts, Any] = {}

    def walk(parts: Parts, value: Any) -> None:
        if parts and parts[-1] in _UNTOLD:
            return
        is_candidate = parts[:1] == ("candidates",) and len(parts) == 2
        if is_candidate:
            found[parts] = True
        if isinstance(value, Mapping) and len(parts) != _WHOLE.get(parts[:2], _WHOLE.get(parts[:1])):
            for key, entry in cast("Mapping[str, Any]", value).items():
                walk((*parts, key), entry)
            return
        found[parts] = value

    plain = _plain(problem)
    for field in _PLAIN:
        plain.pop(field, None)
    for field in ("reasons", "sources"):
        plain.get("constraint_set", {}).pop(field, None)
    walk((), plain)
    return found


_WHOLE: Mapping[Parts, int] = {
    ("kpis",): 2,
    ("constraint_set", "bundles"): 3,
    ("constraint_set", "groups"): 3,
    ("constraint_set", "synergy_bonuses"): 3,
    ("constraint_set", "targets"): 6,
}
"""Sections whose elements are told as one, and how long the paths of those are."""


def _is_part_of_new(parts: Parts, old: Mapping[Parts, Any], new: Mapping[Parts, Any]) -> bool:
    """True for a field of a candidate that is only in one of the problems: the candidate is told as a whole."""
    whole = parts[:2]
    return parts[0] == "candidates" and len(parts) > 2 and (whole not in old or whole not in new)


def _plain(problem: Problem) -> dict[str, Any]:
    """The problem as plain values with its lists as maps from label to element."""
    made: dict[str, Any] = dict(problem.plain())
    made["constraint_set"] = dict(made.get("constraint_set") or {})
    holder: dict[str, Any]
    for holder in (made, made["constraint_set"]):
        for field, label in _LABELS.items():
            if field in holder:
                holder[field] = {label(element): element for element in holder[field]}
    needs: Mapping[str, Any] = made["constraint_set"].get("prerequisites") or {}
    made["constraint_set"]["prerequisites"] = {who: dict.fromkeys(needed, True) for who, needed in needs.items()}
    return made


def _listed(plain: dict[str, Any]) -> dict[str, Any]:
    """The inverse of ``_plain``."""
    made = {**plain, "constraint_set": dict(plain["constraint_set"])}
    holder: dict[str, Any]
    for holder in (made, made["constraint_set"]):
        for field in _LABELS:
            if field in holder:
                holder[field] = [element for _, element in sorted(holder[field].items())]
    needs: Mapping[str, Any] = made["constraint_set"].get("prerequisites") or {}
    made["constraint_set"]["prerequisites"] = {who: sorted(needed) for who, needed in needs.items() if needed}
    return made


class _Words:
    """Differences in a product manager's words."""

    def __init__(self, before: Settled, after: Settled) -> None:
        self.before, self.after = before, after
        self.old = {clause.parts: clause for clause in clauses(before.problem)}
        self.new = {clause.parts: clause for clause in clauses(after.problem)}

    def of(self, parts: Parts, was: Any, now: Any) -> str:
        rule = parts[1:] if parts[0] == "constraint_set" else parts
        if parts[1:2] == ("groups",):
            return self._group(rule)
        clause, old = self.new.get(rule), self.old.get(rule)
        if clause is not None or old is not None:
            return self._clause(old, clause)
        if parts[1:2] == ("targets",):
            return self._goal(parts[2:], was, now)
        if parts[0] == "candidates":
            return self._candidate(parts[1], parts[2:], was, now)
        return f"{capital(' '.join(rule).replace('_', ' '))}: {_said(was)} before, {_said(now)} now"

    def _clause(self, old: Clause | None, new: Clause | None) -> str:
        if new is None and old is not None:
            return f"no longer: {clause_words(self.before, old)}{_where(self.before, old)}"
        assert new is not None
        said = f"{clause_words(self.after, new)}{_where(self.after, new)}"
        if old is None:
            return f"new: {said}"
        return f"{said}, {number_words(self.before, old, old.number)} before" if old.is_bound else said

    def _group(self, rule: Parts) -> str:
        """A group's minimum and maximum."""
        bounds = [(*rule, "min_selected"), (*rule, "max_selected")]
        pairs = [(self.old.get(bound), self.new.get(bound)) for bound in bounds]
        told = [self._clause(old, new) for old, new in pairs if old != new and (old or new)]
        return "; ".join(told) or f"the members of the group {rule[1]} changed"

    def _goal(self, names: Parts, was: Any, now: Any) -> str:
        settled = self.before if now is None else self.after
        where = slice_of(settled, names[0], names[1])
        what = f"{where}: the {names[3]} of {settled.kpi_names.get(names[2], names[2])}"
        return (
            f"{what} was {_said(was)}, is {_said(now)}" if was and now else f"{'new' if now else 'no longer'}: {what}"
        )

    def _candidate(self, key: str, fields: Parts, was: Any, now: Any) -> str:
        title = title_of(self.after if now is not None or fields else self.before, key)
        if not fields:
            return f"{title} is a new candidate" if was is None else f"{title} is no candidate any more"
        name = " ".join(fields).replace("kpi_contributions ", "").replace("resources ", "").replace("_", " ")
        name = "tokens" if name == "engineering tokens" else name
        return f"{title}: {name} {_said(was)} before, {_said(now)} now"


def _where(settled: Settled, clause: Clause) -> str:
    cells = cells_of(settled, clause)
    return f" ({cells[0].cell})" if cells else ""


def _said(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
        return shown(value)
    if isinstance(value, (list, tuple)):
        return listed([str(one) for one in cast("list[Any]", value)])
    if isinstance(value, Mapping):
        held = cast("Mapping[str, Any]", value)
        return listed([f"{key} {_said(entry)}" for key, entry in held.items()])
    return str(value)


def concerns(difference: Difference, key: str) -> bool:
    """True where the fact is about this initiative."""
    return normalised(key) in difference.parts
