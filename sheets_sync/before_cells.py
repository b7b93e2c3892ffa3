"""What stood in the cells around those of a batch, so that it can come back where a column moved under the batch.

A batch names columns by number. Where a PM inserts, deletes or moves one between our re-read and the batch, it lands on
cells of the PM's own, and nothing but an earlier reading knows what they held. So the narrow re-read asks for people's
columns too: whole where the tab is small or much of it is written, else only the rows that are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sheets_sync.content import Content, value_of
from sheets_sync.frames import Frame, column_ranges, quoted
from sheets_sync.grids import CellValue, Grid

WHOLE_CELLS = 5_000
"""Up to so many cells a tab's columns are re-read whole."""
MOST_ROWS = 100
"""From so many written rows on, too."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of people's columns a re-read asks for: ``columns`` (0-based), of all rows where ``rows`` is None."""

    columns: frozenset[int] = frozenset()
    rows: frozenset[int] | None = None

    def ranges(self, title: str, most_rows: int | None) -> list[str]:
        """As A1 ranges; ``most_rows`` is how far down columns are read."""
        if self.rows is None:
            return column_ranges(title, self.columns, most_rows)
        return [f"{quoted(title)}!{row + 1}:{row + 1}" for row in sorted(self.rows)]

    def covers(self, row: int, column: int) -> bool:
        return (self.rows is None and column in self.columns) or (self.rows is not None and row in self.rows)


def asked(grid: Grid, system: Iterable[int], rows: Iterable[int]) -> Asked:
    """What to ask for where cells of ``rows`` (as read) are to be written in ``system`` columns."""
    width = max((len(cells) for cells in grid.values), default=0)
    columns = frozenset(range(width)) - frozenset(system)
    written = frozenset(row for row in rows if row < grid.row_count)
    is_whole = len(columns) * len(grid.values) <= WHOLE_CELLS or len(written) > MOST_ROWS
    return Asked(columns, None if is_whole else written)


@dataclass(frozen=True, kw_only=True)
class Before:
    """A tab right before a batch. ``home`` says which row as read stands in which row of ``frame``; ``wanted`` what
    system cells of a row of ``frame`` are to show."""

    grid: Grid
    frame: Frame
    asked: Asked
    home: Mapping[int, int]
    wanted: Callable[[int], Mapping[int, Content]]
    known: frozenset[int] = field(default_factory=frozenset)
    """Columns that the re-read saw whole for other reasons."""
    formats: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """The number formats of system columns, which nothing is read of."""
    came: Mapping[int, int] | None = None
    """Where rows moved since ``frame``: row now -> row there. All rows asked for are those of now."""

    def moved(self, rows: Mapping[int, int]) -> Before:
        """The same cells, after the rows of ``frame`` went to other ``rows``."""
        return replace(self, came={0: 0, **{now: row for row, now in rows.items()}})

    @property
    def rows(self) -> set[int]:
        """The rows in which anything may stand."""
        return set(self.came) if self.came is not None else {*self.home, *(row for row, _ in self.frame.cells)}

    def contents(self, row: int) -> Mapping[int, Content]:
        """What the system cells of a row are to show, as far as they are ours to say."""
        at = self._there(row)
        return self.wanted(at) if at else {}

    def _there(self, row: int) -> int | None:
        return row if self.came is None else self.came.get(row)

    def cell(self, row: int, column: int | None) -> Mapping[str, Any]:
        """The API's CellData of one cell, {} where it was blank."""
        there = self._there(row)
        if column is None or there is None:
            return {}
        row = there
        if row == 0 or column in self.known or self.asked.covers(row, column):
            return self.frame.cells.get((row, column), {})
        at = self.home.get(row)
        if at is None:
            return {}
        cells = self.grid.values[at] if at < len(self.grid.values) else ()
        data = entered(cells[column] if column < len(cells) else None)
        note = self.grid.notes.get((at + 1, column + 1))
        return {**data, "note": note} if note else data

    def value(self, row: int, column: int | None) -> CellValue:
        """The unformatted value."""
        return value_of(self.cell(row, column))

    @property
    def width(self) -> int:
        """How many columns hold anything."""
        seen = 1 + max((column for _, column in self.frame.cells), default=-1)
        return max([seen, *(len(cells) for cells in self.grid.values)])


def seen_whole(frame: Frame, grid: Grid) -> Before:
    """A tab of which ``frame`` shows every cell."""
    every = Asked(frozenset(range(frame.column_count)))
    return Before(grid=grid, frame=frame, asked=every, home={}, wanted=lambda row: {})


def entered(value: CellValue) -> dict[str, Any]:
    """The API's CellData of a typed value, {} of a blank."""
    if value is None or value == "":
        return {}
    kind = "boolValue" if isinstance(value, bool) else "stringValue" if isinstance(value, str) else "numberValue"
    return {"effectiveValue": {kind: value}, "userEnteredValue": {kind: value}}
