"""Constraints rows -> elements of the ConstraintSet.

One function reads each kind of rule; ``KINDS`` says which columns each kind uses (workbook.md, "Which columns each
constraint_type uses").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from engine.elements import Element, members_label
from engine.findings import Finding, Severity
from engine.inputs import ConstraintRow
from engine.keys import normalised
from engine.periods import canonical_period, kind_of, overlap
from engine.reads_as import amount_words, slice_name
from engine.rows_in_force import Book, RowReading
from engine.sentences import listed, nearest, percent, quoted, shown, told

Elements = list[Element]
FEWEST = {"min": "fewest", "max": "most"}
_SAYS_NOTHING = "This row says nothing yet; choose a constraint_type, or clear the row"
_EVERY_RULE = (
    "dimension",
    "dimension_key",
    "resource",
    "period",
    "min",
    "max",
    "members",
    "kpi_key",
    "bonus",
    "reason",
)


class _Rule(RowReading):
    """A Constraints row being read."""

    row: ConstraintRow

    def element(self, path: tuple[str, ...], value: Any, column: str, says: str, **more: Any) -> Element:
        return Element(path=path, value=value, row=self.row, column=column, says=says, **more)

    def named(self, key: str) -> str:
        return self.book.register.named(key)


@dataclass(frozen=True, slots=True)
class Kind:
    """``columns`` are what the kind uses; ``read`` gives what the row says, and tells what is wrong with it."""

    columns: tuple[str, ...]
    read: Callable[[_Rule], Elements]


def rule_elements(rows: Iterable[ConstraintRow], book: Book) -> tuple[Elements, list[Finding]]:
    """What the rows in force say, and everything that is wrong with any row that is switched on."""
    elements: Elements = []
    findings: list[Finding] = []
    for row in rows:
        if _is_off(row, book):
            continue
        if not row.constraint_type and not _filled(row) and not row.bad:
            findings.append(told(row, "constraint_type", _SAYS_NOTHING, severity=Severity.WARN))
            continue
        rule = _Rule(row, book)
        found = _read(rule)
        findings += rule.findings
        if rule.is_in_force and not rule.is_broken:
            elements += found
    return elements, findings


def _is_off(row: ConstraintRow, book: Book) -> bool:
    is_off = row.is_active is False and "is_active" not in row.bad
    return is_off or (row.valid_until is not None and row.valid_until < book.today)


def _filled(row: ConstraintRow) -> list[str]:
    """The columns of the rule itself that are not blank."""
    return [column for column in _EVERY_RULE if getattr(row, column) not in (None, (), "")]


def _read(rule: _Rule) -> Elements:
    name = normalised(rule.row.constraint_type or "").replace(" ", "_").replace("-", "_")
    if "constraint_type" in rule.row.bad:
        rule.require_readable(["constraint_type"])
        return []
    kind = KINDS.get(name)
    if kind is None:
        near = nearest(name, list(KINDS)) if name else None
        found = f"{quoted(name)} is no kind of rule" if name else "The constraint_type is missing"
        how = f"did you mean {near}?" if near else f"write one of: {', '.join(KINDS)}"
        rule.error("constraint_type", f"{found}; {how}")
        return []
    rule.require_readable(column for column in kind.columns if column != "reason")
    unused = [column for column in _filled(rule.row) if column not in kind.columns]
    if unused:
        message = (
            f"A {name} does not use {listed(unused, 9)}; clear what is not used, or choose another constraint_type"
        )
        rule.warn(unused[0], message)
    return kind.read(rule)


def _tokens(bound: str, field: str) -> Callable[[_Rule], Elements]:
    def read(rule: _Rule) -> Elements:
        where = rule.slice()
        amount = rule.amount(bound, "the fewest tokens to be spent" if bound == "min" else "the most tokens allowed")
        resource, period = (rule.row.resource or "").strip(), rule.row.period
        if resource and period and bound == "min":
            rule.error("period", "A floor holds for a resource or for a period, not both; clear one of them")
        if resource:
            resource = _resource(rule, resource)
        planned = _planned(rule, period) if period else None
        if where is None or amount is None or (period and planned is None):
            return []
        says = amount_words(slice_name(*where), bound, shown(amount), resource or "tokens", planned)
        prefix = ("resource" if resource else "") if not planned else "period_resource" if resource else "period"
        path = tuple(part for part in (f"{prefix}_{field}" if prefix else field, planned or "", resource) if part)
        return [rule.element((*path, *where), amount, bound, says)]

    return read


def _resource(rule: _Rule, name: str) -> str:
    known = rule.book.resources
    if normalised(name) not in known:
        near = nearest(name, list(known.values()))
        how = f"did you mean '{near}'?" if near else f"add a column 'resource: {name}' to Initiatives"
        rule.warn("resource", f"No initiative has the resource {quoted(name)}; {how}")
    return known.get(normalised(name), name)


def _planned(rule: _Rule, text: str) -> str | None:
    """The planned period that the row names; None, told where it is an error, if it is none of them."""
    period, horizon = canonical_period(text), rule.book.horizon
    if period is None:
        rule.error("period", f"{quoted(text)} is no period; write one like 2026-Q1, 2026-H1 or 2026-03")
        return None
    if horizon is None or period in horizon.periods:
        return period
    touching = [planned for planned in horizon.periods if overlap(period, planned, horizon.fiscal_year_starts)]
    if kind_of(period) != kind_of(horizon.first) and touching and rule.is_in_force:
        rule.error(
            "period",
            f"{rule.book.scenario} plans {horizon}, so {period} is not one of its periods; write {touching[0]}",
        )
    elif rule.is_in_force and rule.row.scenario_names:
        rule.warn("period", f"{rule.book.scenario} plans {horizon}, so this row says nothing there; correct the period")
    return None


def _counts(bound: str, field: str) -> Callable[[_Rule], Elements]:
    def read(rule: _Rule) -> Elements:
        where, count = rule.slice(), rule.count(bound, f"the {FEWEST[bound]} initiatives to choose there")
        if where is None or count is None:
            return []
        says = amount_words(slice_name(*where), bound, shown(count), "initiatives")
        return [rule.element((field, *where), count, bound, says)]

    return read


def _shares(bound: str, field: str) -> Callable[[_Rule], Elements]:
    def read(rule: _Rule) -> Elements:
        where, share = rule.slice(), rule.share(bound, f"the {FEWEST[bound]} of all tokens it may get, like 30%")
        if where is None or share is None:
            return []
        says = amount_words(slice_name(*where), bound, percent(share), "of all tokens")
        return [rule.element((field, *where), share, bound, says)]

    return read


def _mandatory(rule: _Rule) -> Elements:
    keys = rule.members("members", rule.row.members, 1, "members is missing; write the initiatives that have to be in")
    return [
        rule.element(
            ("mandatory_initiatives", key), True, "members", f"{rule.named(key)} has to be in", reason=rule.row.reason
        )
        for key in keys
    ]


def _excluded(rule: _Rule) -> Elements:
    keys = rule.members("members", rule.row.members, 1, "members is missing; write the initiatives that have to be out")
    elements: Elements = []
    for key in keys:
        if key in rule.book.satisfied:
            rule.warn(
                "members", f"{rule.named(key)} is delivered, so leaving it out says nothing; take it off this row"
            )
            continue
        says = f"{rule.named(key)} has to be out"
        elements.append(rule.element(("exclusions_initiatives", key), True, "members", says, reason=rule.row.reason))
    return elements


def _pair(rule: _Rule) -> Elements:
    why = "A pair needs two initiatives; write the two of which at most one may be in"
    keys = rule.members("members", rule.row.members, 2, why)
    if len(keys) > 2:
        message = f"A pair is two initiatives, and this row names {len(keys)}; choose constraint_type group with max 1"
        rule.error("members", message)
    says = f"at most one of {listed(map(rule.named, keys))}"
    return [rule.element(("exclusions_pairs", members_label(keys)), True, "members", says, members=keys)]


def _bundle(rule: _Rule) -> Elements:
    why = "A bundle needs two or more initiatives; write all that belong together"
    keys = rule.members("members", rule.row.members, 2, why)
    says = f"all or none of {listed(map(rule.named, keys))}"
    return [rule.element(("bundles", members_label(keys)), True, "members", says, members=keys)]


def _group(rule: _Rule) -> Elements:
    keys = rule.members("members", rule.row.members, 1, "members is missing; write the initiatives of the group")
    bounds = {bound: getattr(rule.row, bound) for bound in ("min", "max")}
    if all(value is None for value in bounds.values()) and not rule.row.bad & {"min", "max"}:
        rule.error("min", "A group needs min, max or both; write how many of its members may be chosen")
    counts = {bound: rule.count(bound, "") for bound, value in bounds.items() if value is not None}
    least, most = counts.get("min"), counts.get("max")
    if least is not None and most is not None and least > most:
        rule.error("min", f"min {least} is more than max {most}; no plan can keep that")
    if least is not None and least > len(keys):
        rule.error("min", f"min {least} is more than the {len(keys)} initiatives of the group; write a smaller number")
    return [
        rule.element(
            ("groups", members_label(keys), f"{bound}_selected"),
            count,
            bound,
            f"{'at least' if bound == 'min' else 'at most'} {count} of {listed(map(rule.named, keys))}",
            members=keys,
        )
        for bound, count in counts.items()
    ]


def _prerequisite(rule: _Rule) -> Elements:
    who = None
    if "dimension_key" not in rule.row.bad:
        who = rule.initiative("dimension_key", rule.row.dimension_key)
    keys = rule.members("members", rule.row.members, 1, "members is missing; write what has to come first")
    if who is None:
        return []
    if who in keys:
        rule.warn("members", f"{rule.named(who)} cannot wait for itself, which says nothing; take it out of members")
    return [
        rule.element(("prerequisites", who, key), True, "members", f"{rule.named(who)} needs {rule.named(key)}")
        for key in keys
        if key != who
    ]


def _synergy(rule: _Rule) -> Elements:
    why = "A synergy needs two or more initiatives; write those that help each other"
    keys = rule.members("members", rule.row.members, 2, why)
    kpi, bonus = rule.kpi(), rule.number("bonus", "what it adds to the KPI when all its members are in")
    if kpi is None or bonus is None:
        return []
    says = f"{listed(map(rule.named, keys))} together add {shown(bonus)} {kpi.kpi_key}"
    path = ("synergy_bonuses", members_label(keys), kpi.kpi_key)
    return [rule.element(path, bonus, "bonus", says, members=keys)]


_SLICE = ("dimension", "dimension_key")
KINDS: dict[str, Kind] = {
    "capacity_floor": Kind((*_SLICE, "min", "resource", "period"), _tokens("min", "floors")),
    "capacity_cap": Kind((*_SLICE, "max", "resource", "period"), _tokens("max", "caps")),
    "count_floor": Kind((*_SLICE, "min"), _counts("min", "count_floors")),
    "count_cap": Kind((*_SLICE, "max"), _counts("max", "count_caps")),
    "share_floor": Kind((*_SLICE, "min"), _shares("min", "share_floors")),
    "share_cap": Kind((*_SLICE, "max"), _shares("max", "share_caps")),
    "mandatory": Kind(("members", "reason"), _mandatory),
    "exclude_initiative": Kind(("members", "reason"), _excluded),
    "exclude_pair": Kind(("members",), _pair),
    "bundle": Kind(("members",), _bundle),
    "group": Kind(("members", "min", "max"), _group),
    "prerequisite": Kind(("dimension_key", "members"), _prerequisite),
    "synergy": Kind(("members", "kpi_key", "bonus"), _synergy),
}
