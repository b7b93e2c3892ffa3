"""Elements of a ConstraintSet, each with the cells it came from, and the set they make together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.canonical import Path, nested, sorted_keys
from engine.findings import Finding, Severity
from engine.inputs import Row
from engine.keys import normalised
from engine.problem import Bundle, ConstraintSet, Group, SourceCell, Synergy, Target, TargetSet
from engine.sentences import listed, place, told

Sources = Mapping[str, tuple[SourceCell, ...]]

_IN_LISTS = ("mandatory_initiatives", "exclusions_initiatives", "satisfied")
_IN_MAPS = [
    "floors",
    "caps",
    "resource_floors",
    "resource_caps",
    "count_floors",
    "count_caps",
    "share_floors",
    "share_caps",
    "period_floors",
    "period_caps",
    "period_resource_caps",
    "targets",
    "locks",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One thing that a row says.

    ``path`` is where it stands, as spelled: ``("caps", "country", "UK")``; lists are named by their members:
    ``("bundles", "init-000001+init-000002")``. ``column`` is the cell that holds its ``value``; ``says`` tells a PM
    what it means. ``is_typed`` is False where it follows from other facts (an initiative in progress, a lock): such a
    one may repeat a row.
    """

    path: Path
    value: Any
    row: Row
    column: str | None
    says: str
    members: tuple[str, ...] = ()
    reason: str | None = None
    is_typed: bool = True

    @property
    def folded(self) -> Path:
        return tuple(normalised(part) for part in self.path)


def members_label(members: Iterable[str]) -> str:
    """What an element of a list is called: its members, normalised, sorted and joined with `+`."""
    return "+".join(sorted_keys(members, fold=True))


def source_of(row: Row, column: str | None) -> SourceCell | None:
    """The cell behind an element, or the row's first cell; None where the row stands in no sheet."""
    cell = row.cells.get(column or "") or next(iter(row.cells.values()), None)
    if cell is None:
        return None
    return SourceCell.model_construct(cell=f"{row.tab}!{cell}", row=row.digest or None)


def collisions(elements: Sequence[Element]) -> tuple[Finding, ...]:
    """What is wrong between rows: said twice is a warning, rows that disagree are errors that name each other."""
    by_path: dict[Path, list[Element]] = defaultdict(list)
    for element in elements:
        if element.is_typed:
            by_path[element.folded].append(element)
    found: list[Finding] = []
    twice: dict[tuple[int, int], tuple[Element, Element, list[str]]] = {}
    for said in by_path.values():
        if any(_fact(other) != _fact(said[0]) for other in said):
            found += _disagreement(said)
            continue
        for again in said[1:]:
            _, _, things = twice.setdefault((id(again.row), id(said[0].row)), (again, said[0], []))
            things.append(again.says)
    for again, first, things in twice.values():
        message = f"{place(first.row)} says this already ({listed(things, 3)}); one of the two is enough"
        found.append(told(again.row, None, message, severity=Severity.WARN))
    return tuple(found)


def _fact(element: Element) -> Any:
    if isinstance(element.value, Target):
        return (
            element.value.value,
            element.value.baseline,
            1 if element.value.penalty is None else element.value.penalty,
        )
    return normalised(element.value) if isinstance(element.value, str) else element.value


def _disagreement(said: Sequence[Element]) -> Iterator[Finding]:
    for element in said:
        others = [other for other in said if _fact(other) != _fact(element)]
        rows = listed(f"{place(other.row)} says {other.says}" for other in others)
        message = f"This row says {element.says}, but {rows}; keep one of them and switch the other off"
        yield told(element.row, element.column, message, stops_run=True)


def assembled(elements: Sequence[Element], *, max_changes: int | None, also: Sources) -> ConstraintSet:
    """The ConstraintSet that the elements make, in canonical order; of elements that disagree the first one holds.

    ``also`` are sources of what stands outside the set: capacity, objective, numbers of candidates.
    """
    kept: dict[Path, Element] = {}
    for element in elements:
        kept.setdefault(element.folded, element)
    of: dict[str, list[Element]] = defaultdict(list)
    for element in kept.values():
        of[element.path[0]].append(element)
    fields: dict[str, Any] = {}
    for field in _IN_MAPS:
        fields[field] = nested((element.path[1:], element.value) for element in of[field])
    fields["targets"] = _target_sets(fields["targets"])
    for field in _IN_LISTS:
        fields[field] = sorted_keys(element.path[1] for element in of[field])
    needs = nested((element.path[1:], True) for element in of["prerequisites"])
    fields["prerequisites"] = {who: tuple(needed) for who, needed in needs.items()}
    fields["exclusions_pairs"] = tuple(element.members for element in _by_members(of["exclusions_pairs"]))
    fields["bundles"] = tuple(
        Bundle(bundle_key=members_label(element.members), members=element.members)
        for element in _by_members(of["bundles"])
    )
    fields["groups"] = _groups(_by_members(of["groups"]))
    fields["synergy_bonuses"] = tuple(
        Synergy(members=element.members, kpi_key=element.path[2], bonus=element.value)
        for element in _by_members(of["synergy_bonuses"])
    )
    return ConstraintSet(
        **fields, max_changes=max_changes, reasons=_reasons(elements), sources=_sources(elements, also)
    )


def _by_members(elements: Iterable[Element]) -> list[Element]:
    return sorted(elements, key=lambda element: (tuple(map(normalised, element.members)), element.folded))


def _target_sets(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        dimension: {key: {kpi: TargetSet(**targets) for kpi, targets in kpis.items()} for key, kpis in slices.items()}
        for dimension, slices in tree.items()
    }


def _groups(bounds: Iterable[Element]) -> tuple[Group, ...]:
    held: dict[str, dict[str, Any]] = {}
    for bound in bounds:
        group = held.setdefault(bound.path[1], {"group_key": bound.path[1], "members": bound.members})
        group[bound.path[2]] = bound.value
    return tuple(Group(**group) for group in held.values())


def _reasons(elements: Iterable[Element]) -> dict[str, str]:
    found: dict[str, set[str]] = defaultdict(set)
    for element in elements:
        if element.reason and element.reason.strip():
            found[element.path[1]].add(element.reason.strip())
    return {key: "; ".join(sorted(found[key])) for key in sorted_keys(found)}


def _sources(elements: Iterable[Element], also: Sources) -> dict[str, tuple[SourceCell, ...]]:
    found: dict[str, dict[str, SourceCell]] = {
        path: {cell.cell: cell for cell in cells} for path, cells in also.items()
    }
    for element in elements:
        source = source_of(element.row, element.column)
        if source is not None:
            for path in _names_of(element):
                found.setdefault(".".join(path), {}).setdefault(source.cell, source)
    return {path: tuple(found[path][cell] for cell in sorted(found[path])) for path in sorted(found)}


def _names_of(element: Element) -> tuple[Path, ...]:
    """What ``sources`` calls the element: a list's element by its members, a prerequisite also by who waits."""
    if element.path[0] in ("groups", "synergy_bonuses"):
        return (element.folded[:2],)
    if element.path[0] == "prerequisites":
        return element.folded[:2], element.folded
    return (element.folded,)


def whole(number: Decimal) -> int | None:
    """The number as an integer, or None where it has a fraction."""
    return int(number) if number == number.to_integral_value() else None
