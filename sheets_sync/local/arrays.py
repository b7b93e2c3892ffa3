"""Formulas that give many values, which fill the blank cells to the right of their own and below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sheets_sync.local import a1
from sheets_sync.local.a1 import Box
from sheets_sync.local.coercion import Failed
from sheets_sync.local.grid import CellError, Sheet, Value

MAX_CELLS = 500_000
"""Cells of an array at most; Google has other bounds, but a formula must not eat the machine."""

_SPREADS = re.compile(r"\b(FILTER|SORT|UNIQUE|TRANSPOSE|ARRAYFORMULA)\s*\(", re.IGNORECASE)


class Array:
    """A rectangle of values, not empty; None is a blank."""

    def __init__(self, rows: list[list[Value]]) -> None:
        self.rows = rows
        self.box = Box(0, len(rows), 0, len(rows[0]))

    def value(self, row: int, column: int) -> Value:
        """The value at a place."""
        return self.rows[row][column]

    def filled(self) -> Iterator[tuple[int, int, Value]]:
        """(row, column, value) of all that is not blank."""
        for index, row in enumerate(self.rows):
            for column, value in enumerate(row):
                if value is not None:
                    yield index, column, value

    def mapped(self, change: Callable[[Value], Value]) -> Array:
        """Each value changed; an error value stays, and a value that cannot be changed becomes one."""
        return Array([[_guarded(change, value) for value in row] for row in self.rows])


def _guarded(change: Callable[[Value], Value], value: Value) -> Value:
    if isinstance(value, CellError):
        return value
    try:
        return change(value)
    except Failed as failed:
        return failed.error


def combined(left: Array, right: Array, combine: Callable[[Value, Value], Value]) -> Array:
    """``combine`` of the values at each place; a single row, column or value counts at every place beside it."""
    height, width = max(left.box.height, right.box.height), max(left.box.width, right.box.width)
    if height * width > MAX_CELLS:
        raise Failed("NUM", "The array is too large.")

    def at(one: Array, row: int, column: int) -> Value:
        row, column = (0 if one.box.height == 1 else row), (0 if one.box.width == 1 else column)
        if row >= one.box.height or column >= one.box.width:
            return CellError("N_A", "Array arguments are of different size.")
        return one.rows[row][column]

    def both(row: int, column: int) -> Value:
        first, second = at(left, row, column), at(right, row, column)
        if isinstance(second, CellError) and not isinstance(first, CellError):
            return second
        return _guarded(lambda value: combine(value, second), first)

    return Array([[both(row, column) for column in range(width)] for row in range(height)])


def may_spread(formula: str) -> bool:
    """Whether a formula may give more than one value."""
    return _SPREADS.search(formula) is not None


class Spread:
    """What the arrays of one sheet put into blank cells: values by row and column."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.rows: dict[int, dict[int, Value]] = {}

    def value(self, row: int, column: int) -> Value:
        """What was put there; None for nothing."""
        return self.rows.get(row, {}).get(column)

    def put(self, array: Array, row: int, column: int) -> Value:
        """Lays the array from a cell on and returns that cell's own value: an error where there is no room."""
        height, width = array.box.height, array.box.width
        if row + height > self._sheet.row_count or column + width > self._sheet.column_count:
            missing = max(row + height - self._sheet.row_count, 0)
            words = f"rows ({missing})" if missing else f"columns ({column + width - self._sheet.column_count})"
            return CellError("REF", f"Result was not automatically expanded, please insert more {words}.")
        for place in range(row, row + height):
            cells, put = self._sheet.row(place), self.rows.get(place, {})
            for at in range(column, column + width):
                if (place, at) == (row, column):
                    continue
                if at in put or (at in cells and cells[at].entered is not None):
                    taken = a1.cell_text(place, at)
                    told = f"Array result was not expanded because it would overwrite data in {taken}."
                    return CellError("REF", told)
        for offset, values in enumerate(array.rows):
            line = self.rows.setdefault(row + offset, {})
            line.update({column + at: value for at, value in enumerate(values) if value is not None})
        return self.rows[row].pop(column, None)
