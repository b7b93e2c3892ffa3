"""Which rows of Constraints and Targets hold in a scenario and set, and how their cells are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.candidates import Register, why_unknown
from engine.canonical import sorted_keys
from engine.elements import whole
from engine.findings import Finding, Severity
from engine.inputs import DIMENSIONS, ConstraintRow, InitiativeRow, TargetRow
from engine.keys import canonical_initiative_key, normalised
from engine.metrics import KpiBook
from engine.problem import Kpi
from engine.scenarios import Horizon
from engine.sentences import nearest, percent, proposal, quoted, shown, told
from engine.slices import EVERYTHING, canonical_slice, dimension_parts, key_parts

SCOPE = ("scenario_name", "constraint_set_name", "is_active")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What rules may name. ``scenario`` and ``horizon`` are None where no scenario could be chosen: then no rule
    is in force, but every rule is checked all the same."""

    register: Register
    kpis: KpiBook
    scenario: str | None
    constraint_set: str
    scenario_names: tuple[str, ...]
    today: date
    horizon: Horizon | None
    spellings: Mapping[str, Mapping[str, str]]
    resources: Mapping[str, str]
    satisfied: frozenset[str] = frozenset()


def spellings_of(rows: Iterable[InitiativeRow]) -> dict[str, dict[str, str]]:
    """dimension -> normalised key -> the first spelling in Initiatives."""
    found: dict[str, dict[str, str]] = {dimension: {} for dimension in DIMENSIONS}
    for row in rows:
        for dimension in DIMENSIONS:
            text: str | None = getattr(row, dimension)
            if text and text.strip():
                found[dimension].setdefault(normalised(text), text.strip())
    return found


def resources_of(rows: Iterable[InitiativeRow]) -> dict[str, str]:
    """normalised name -> the first spelling of each resource in Initiatives."""
    found: dict[str, str] = {}
    for row in rows:
        for name in row.resources:
            found.setdefault(normalised(name), name.strip())
    return found


class RowReading:
    """One row being read: what its cells mean, and every problem of it at once.

    A problem of a row that is in force stops the run (the rule would be lost); of any other row it is only told.
    """

    def __init__(self, row: ConstraintRow | TargetRow, book: Book) -> None:
        self.row = row
        self.book = book
        self.findings: list[Finding] = []
        self.is_broken = False
        self.is_in_force = self._holds()

    def error(self, column: str | None, message: str) -> None:
        self.is_broken = True
        self.findings.append(told(self.row, column, message, stops_run=self.is_in_force))

    def warn(self, column: str | None, message: str) -> None:
        self.findings.append(told(self.row, column, message, severity=Severity.WARN))

    def _holds(self) -> bool:
        row, book = self.row, self.book
        unread = [column for column in (*SCOPE, "valid_until") if column in row.bad]
        if unread:
            self.is_broken = True
            message = f"Whether this row holds is unknown, since its {unread[0]} cannot be read; mend that cell"
            self.findings.append(told(row, None, message, stops_run=book.scenario is not None))
            return book.scenario is not None
        names = {normalised(name) for name in row.scenario_names}
        sets = {normalised(name) for name in row.constraint_set_names}
        is_of_scenario = book.scenario is not None and (not names or normalised(book.scenario) in names)
        is_of_set = not sets or normalised(book.constraint_set) in sets
        known = {normalised(name) for name in book.scenario_names}
        for name in row.scenario_names:
            if normalised(name) not in known:
                # The row may have been meant for this very scenario: then its rule would be lost.
                is_lost = book.scenario is not None and not is_of_scenario and is_of_set
                message = f"There is no scenario {quoted(name)}; {proposal(name, book.scenario_names)}"
                self.findings.append(told(row, "scenario_name", message, stops_run=is_lost))
        return is_of_scenario and is_of_set

    def require_readable(self, columns: Iterable[str]) -> None:
        """An error for each of the columns whose cell could not be read: the cell itself is told already."""
        for column in columns:
            if column in self.row.bad and self.is_in_force:
                message = (
                    f"Without its {column} this rule is lost, so the run stops; mend that cell or switch the row off"
                )
                self.error(None, message)

    def slice(self, *, blank_is_all: bool = False) -> tuple[str, str] | None:
        """The slice that dimension and dimension_key name, spelled as Initiatives spells it."""
        dimension, key = (self.row.dimension or "").strip(), (self.row.dimension_key or "").strip()
        if not dimension:
            if blank_is_all and not key:
                return EVERYTHING, EVERYTHING
            self.error("dimension", "The dimension is missing; write all, country, department or another one")
            return None
        parts = dimension_parts(dimension)
        if parts is None:
            self.error("dimension", f"{quoted(dimension)} is no dimension; {_dimension_proposal(dimension)}")
            return None
        if not parts:
            if key and normalised(key) != EVERYTHING:
                self.error("dimension_key", f"The dimension all has only the key all; clear {quoted(key)}")
                return None
            return EVERYTHING, EVERYTHING
        keys = key_parts(dimension, key)
        if keys is None:
            how = f"one {parts[0]} and one {parts[1]}, like A|B" if len(parts) == 2 else f"which {parts[0]}"
            self.error("dimension_key", f"{quoted(key)} is not understood; write {how}" if key else f"Write {how}")
            return None
        spelled = [self._spelled(part, name) for part, name in zip(parts, keys, strict=True)]
        return canonical_slice(dimension, "|".join(spelled))

    def _spelled(self, dimension: str, key: str) -> str:
        spellings = self.book.spellings[dimension]
        if normalised(key) not in spellings:
            near = nearest(key, list(spellings.values()))
            meant = f"did you mean '{near}'?" if near else "correct it, or leave it where one may come"
            self.warn("dimension_key", f"No initiative has the {dimension} {quoted(key)}; {meant}")
        return spellings.get(normalised(key), key)

    def amount(self, column: str, what: str) -> Decimal | None:
        """The bound in ``column``, which is 0 or more."""
        value = self.number(column, what)
        if value is not None and value < 0:
            self.error(column, f"{shown(value)} is below zero; write 0 or more")
            return None
        return value

    def number(self, column: str, what: str) -> Decimal | None:
        """The number in ``column``; an error where there is none."""
        value: Decimal | None = getattr(self.row, column)
        if value is None and column not in self.row.bad:
            self.error(column, f"{column} is missing; write {what}, or switch the row off")
        return value

    def count(self, column: str, what: str) -> int | None:
        """The whole number in ``column``."""
        value = self.amount(column, what)
        if value is None:
            return None
        count = whole(value)
        if count is None:
            self.error(column, f"{shown(value)} is no whole number of initiatives; write {shown(round(value))}")
        return count

    def share(self, column: str, what: str) -> Decimal | None:
        """The fraction in ``column``, 0 to 1."""
        value = self.amount(column, what)
        if value is not None and value > 1:
            how = f"write {shown(value)}% or {shown(value / 100)}" if value <= 100 else "write a percentage up to 100%"
            self.error(column, f"{shown(value)} is {percent(value)} of all tokens; {how}")
            return None
        return value

    def kpi(self) -> Kpi | None:
        """The KPI in kpi_key."""
        if not self.row.kpi_key:
            if "kpi_key" not in self.row.bad:
                self.error("kpi_key", "The KPI is missing; write one of the kpi_keys of Metrics")
            return None
        kpi = self.book.kpis.kpi(self.row.kpi_key)
        if kpi is None:
            self.error("kpi_key", self.book.kpis.why_unknown(self.row.kpi_key))
        return kpi

    def members(self, column: str, names: Sequence[str], least: int, why: str) -> tuple[str, ...]:
        """The initiatives named, sorted, each once; an error where one is unknown or there are fewer than ``least``."""
        keys = sorted_keys(names)
        for key in keys:
            if key not in self.book.register.rows:
                self.error(column, why_unknown(key))
        if len(keys) < least and column not in self.row.bad:
            self.error(column, why if keys or least == 1 else f"members is missing; {why[0].lower()}{why[1:]}")
        return keys

    def initiative(self, column: str, text: str | None) -> str | None:
        """The one initiative that a cell names."""
        key = canonical_initiative_key(text) if text else None
        if key is None:
            found = f"{quoted(text)} is no initiative" if text else "The initiative is missing"
            self.error(column, f"{found}; write its key, like INIT-000123")
        elif key not in self.book.register.rows:
            self.error(column, why_unknown(key))
        return key


def _dimension_proposal(dimension: str) -> str:
    near = [nearest(part, [*DIMENSIONS, EVERYTHING]) or "" for part in dimension.split("+")]
    if all(near) and len(near) <= 2 and len(set(near)) == len(near):
        return f"did you mean '{'+'.join(near)}'?"
    return f"write all, {', '.join(DIMENSIONS)}, or two of them joined like country+product"
