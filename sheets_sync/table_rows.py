"""One table tab, row by row: each cell read as its column declares it, each problem told on its cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.findings import Finding, Severity
from engine.keys import normalised
from sheets_sync import cell_dates, cell_lists, cells
from sheets_sync.cells import Parsed
from sheets_sync.columns import Column, ColumnType, Family
from sheets_sync.grids import CellValue, Grid
from sheets_sync.headers import Header, column_letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading a cell may depend on. ``currency`` is the code in which Setup counts money, "" where none is set.
    ``titles`` maps a normalised title to its initiative_key, for proposals;
    ``scenarios`` are names that may hold a comma and are still one."""

    locale: str = "en_US"
    time_zone: str = "UTC"
    currency: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    scenarios: tuple[str, ...] = ()


class Addresses(Mapping[str, str]):
    """Column name -> A1 address in one row ("F7"); the letters are shared by all rows of the tab."""

    __slots__ = ("_letters", "_row")

    def __init__(self, letters: Mapping[str, str], row: int) -> None:
        self._letters = letters
        self._row = row

    def __getitem__(self, name: str) -> str:
        return f"{self._letters[name]}{self._row}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._letters)

    def __len__(self) -> int:
        return len(self._letters)

    def __repr__(self) -> str:
        return repr(dict(self))


@dataclass(slots=True, kw_only=True)
class TableRow:
    """One row as read. ``values`` has an entry for each readable column whose cell is filled and understood,
    ``members`` likewise by family; ``bad`` names the columns whose cells are in error."""

    row: int
    digest: str
    cells: Addresses
    values: dict[str, Any]
    members: dict[str, dict[str, Any]]
    bad: set[str]

    @property
    def place(self) -> dict[str, Any]:
        """The fields of ``engine.inputs.Row`` but for the tab."""
        return {"row": self.row, "digest": self.digest, "cells": self.cells, "bad": frozenset(self.bad)}


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where one readable column stands, and how its cells are read. ``family`` is "" for a declared column."""

    name: str
    index: int
    declared: Column | Family
    read: Callable[[CellValue], Parsed[Any]]
    family: str = ""
    member: str = ""


@dataclass(slots=True)
class Table:
    """A tab being read: its rows, and the findings so far."""

    header: Header
    rows: list[TableRow]
    findings: list[Finding]

    def tell(self, row: TableRow, column: str, message: str, *, is_readable: bool = False, **more: Any) -> None:
        """Notes a finding on a cell of ``row``: an ERROR unless ``severity`` says less. Unless the cell ``is_readable``
        all the same, an ERROR makes it bad."""
        finding = Finding(
            severity=more.pop("severity", Severity.ERROR),
            tab=self.header.tab.name,
            row=row.row,
            column=column,
            cell=row.cells.get(column),
            message=message,
            **more,
        )
        self.findings.append(finding)
        if finding.severity is Severity.ERROR and not is_readable:
            row.bad.add(column)
            row.values.pop(column, None)


def read_table(grid: Grid, header: Header, context: Context, also: Sequence[str] = ()) -> Table:
    """The rows of ``grid`` that are not blank. ``also`` names system columns that are read beside the PMs' own."""
    columns = _readable(header, context, also)
    letters = {cell.name: column_letters(cell.index) for cell in columns}
    letters |= {name: column_letters(index) for name, index in header.columns.items()}
    table = Table(header, [], list(header.findings))
    for number, raw in enumerate(grid.values[1:], start=2):
        if not any(value is not None and value is not False and value != "" for value in raw):
            continue
        filled = [cell for cell in columns if cell.index < len(raw) and not _is_empty(raw[cell.index])]
        # A box that nobody ticked does not make a row.
        if not any(raw[cell.index] is not False for cell in filled):
            continue
        row = TableRow(
            row=number,
            digest=header.digest(raw),
            cells=Addresses(letters, number),
            values={},
            members={family.name: {} for family in header.tab.families},
            bad=set(),
        )
        for cell in filled:
            if (number, cell.index + 1) in grid.percents:
                table.tell(row, cell.name, cells.percent_problem(raw[cell.index], context.locale))
                continue
            _read_cell(table, row, cell, raw[cell.index])
        table.rows.append(row)
    return table


def _is_empty(value: CellValue) -> bool:
    return value is None or value == "" or (isinstance(value, str) and value.isspace())


def _readable(header: Header, context: Context, also: Sequence[str]) -> list[_Cell]:
    found: list[_Cell] = []
    for column in header.tab.columns:
        if column.name in header.columns and (column.is_pm or column.name in also):
            reader = _reader(column.type, column, context)
            found.append(_Cell(column.name, header.columns[column.name], column, reader))
    for family in header.tab.families:
        for member, index in header.families[family.name].items():
            reader = _reader(family.type, family, context)
            found.append(_Cell(family.header(member), index, family, reader, family.name, member))
    return sorted(found, key=lambda cell: cell.index)


def _read_cell(table: Table, row: TableRow, cell: _Cell, value: CellValue) -> None:
    parsed = cell.read(value)
    problem = parsed.problem or _out_of_bounds(parsed.value, cell.declared)
    if problem:
        table.tell(row, cell.name, problem)
        return
    if parsed.note:
        table.tell(row, cell.name, parsed.note, severity=Severity.WARN)
    if parsed.value is None:
        return
    if cell.family:
        row.members[cell.family][cell.member] = parsed.value
    else:
        row.values[cell.name] = parsed.value


def _out_of_bounds(value: Any, declared: Column | Family) -> str | None:
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        return None
    if declared.minimum is not None and value < declared.minimum:
        return f"{cells.shown(str(value))} is below {declared.minimum}; write {declared.minimum} or more"
    return None


def _reader(type: ColumnType, declared: Column | Family, context: Context) -> Callable[[CellValue], Parsed[Any]]:
    """How a cell of that type is read in this workbook."""
    locale, example = context.locale, declared.example
    choices = declared.choices if isinstance(declared, Column) else ()
    names = context.scenarios if isinstance(declared, Column) and declared.name == "scenario_name" else ()
    readers: dict[ColumnType, Callable[[CellValue], Parsed[Any]]] = {
        ColumnType.KEY: lambda value: _with_title(cells.read_key(value), value, context),
        ColumnType.KEYS: lambda value: _with_title(cell_lists.read_keys(value), value, context),
        ColumnType.NUMBER: lambda value: cells.read_number(
            value, locale, example=example or "120", currency=context.currency if "own" in declared.unit else None
        ),
        ColumnType.INTEGER: lambda value: cells.read_integer(value, locale, example=example or "3"),
        ColumnType.PERCENT: lambda value: cells.read_percent(value, locale, example=example or "25%"),
        ColumnType.AMOUNT: lambda value: cells.read_number(value, locale, example=example, may_be_percent=True),
        ColumnType.CHECKBOX: cells.read_checkbox,
        ColumnType.DATE: lambda value: cell_dates.read_date(value, locale),
        ColumnType.DATETIME: lambda value: cell_dates.read_datetime(value, context.time_zone),
        ColumnType.PERIOD: lambda value: cell_dates.read_period(value, locale),
        ColumnType.LIST: lambda value: cell_lists.read_list(value, names),
        ColumnType.ORDER: cell_lists.read_order,
        ColumnType.WEIGHTS: lambda value: cell_lists.read_weights(value, locale),
        ColumnType.CHOICE: lambda value: cells.read_choice(value, choices),
        ColumnType.IMPORTANCE: lambda value: cell_lists.read_importance(value, locale),
    }
    return readers.get(type, cells.read_text)


def _with_title(parsed: Parsed[Any], value: CellValue, context: Context) -> Parsed[Any]:
    """A title where a key belongs is a problem whose proposal is the key."""
    if parsed.problem and isinstance(value, str):
        key = context.titles.get(normalised(value[:400]))
        if key:
            return dataclasses.replace(parsed, problem=f"{cells.shown(value)} is a title; write its key, {key}")
    return parsed
