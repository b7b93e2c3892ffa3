"""Tabs that are rewritten whole: tables that keep no PM columns (Alerts, Checks, Run Log), and pages (Roadmap)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sheets_sync.cell_writes import TabWrites
from sheets_sync.content import Content, same
from sheets_sync.frames import Frame, header_range, same_header
from sheets_sync.grids import CellValue, Grid
from sheets_sync.headers import Header, is_blank
from sheets_sync.page import Page


@dataclass(kw_only=True)
class _Rewritten:
    """A tab in which nobody's cells stand beside the system's: positions are absolute, so that there is nothing to
    read again, to echo or to repair."""

    grid: Grid

    @property
    def has_marks(self) -> bool:
        return False

    @property
    def has_figures(self) -> bool:
        return False

    @property
    def effect(self) -> None:
        return None

    @property
    def title(self) -> str:
        return self.grid.title

    def ranges(self) -> list[str]:
        return [header_range(self.title)]

    def echo(self) -> list[str]:
        return []

    def repair(self, echo: Frame) -> TabWrites | None:
        return None


@dataclass(kw_only=True)
class WholePlan(_Rewritten):
    """A table whose ``rows`` (contents of system columns by index) stand from row 2 down; what stood below them goes.

    It is written whole or not at all, so that rows which a PM sorted meanwhile come out right too. ``is_first_use``:
    the tab is hidden until it has something to show, and is shown then.
    """

    header: Header
    rows: Sequence[Mapping[int, Content]]

    @property
    def changes(self) -> bool:
        """False where the tab already shows all of it."""
        return any(
            not same(contents.get(column), _at(self.grid.values, row, column))
            for row, contents in enumerate(self._all(), 1)
            for column in self.header.columns.values()
        )

    @property
    def is_first_use(self) -> bool:
        had_rows = any(not is_blank(value) for row in self.grid.values[1:] for value in row)
        return self.grid.is_hidden and not had_rows and bool(self.rows)

    def writes(self, frame: Frame) -> TabWrites | None:
        """What to write; None where the header changed."""
        if not same_header(frame, self.grid):
            return None
        writes = TabWrites(self.title, frame.sheet_id, frame.row_count)
        for row, contents in enumerate(self._all(), 1):
            # Every system column of every row, blank ones too: under updateCells a cell is cleared by being left empty.
            writes.values |= {(row, column): contents.get(column) for column in self.header.columns.values()}
        if self.is_first_use:
            writes.after.append(
                {
                    "updateSheetProperties": {
                        "properties": {"sheetId": frame.sheet_id, "hidden": False},
                        "fields": "hidden",
                    }
                }
            )
        return writes

    def _all(self) -> list[Mapping[int, Content]]:
        """The rows, and a blank one for each row that stands below them now."""
        blanks = max(0, len(self.grid.values) - 1 - len(self.rows))
        return [*self.rows, *({} for _ in range(blanks))]


@dataclass(kw_only=True)
class PagePlan(_Rewritten):
    """A page without a header row: all cells of its own range are written anew when one of them changes."""

    page: Page
    merges: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def changes(self) -> bool:
        rows = max(len(self.page.rows), len(self.grid.values))
        return any(
            not same(self.page.content(row, column), _at(self.grid.values, row, column))
            for row in range(rows)
            for column in range(self.page.width)
        )

    def writes(self, frame: Frame) -> TabWrites | None:
        writes = TabWrites(self.title, frame.sheet_id, frame.row_count)
        writes.after.extend(
            self.page.requests(frame.sheet_id, frame.row_count, frame.column_count, len(self.grid.values), self.merges)
        )
        return writes


def _at(values: Sequence[Sequence[CellValue]], row: int, column: int) -> CellValue:
    return values[row][column] if row < len(values) and column < len(values[row]) else None
