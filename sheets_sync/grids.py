"""Grids as the gateway hands them over: raw cells of each tab, and what the spreadsheet says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CellValue = str | int | float | bool | None
"""An unformatted cell as the API gives it: dates are serial numbers, percent fractions; a blank is None or ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One tab. ``values`` is row-major and ragged (trailing blanks may be missing); ``values[0]`` is sheet row 1.
    ``notes`` maps (row, column), both 1-based, to the note on that cell; ``percents`` are cells that are known to be
    formatted as percentages (``sheets_sync.percents``), of those that were looked at."""

    title: str
    sheet_id: int
    row_count: int
    column_count: int
    values: Sequence[Sequence[CellValue]] = ()
    is_hidden: bool = False
    notes: Mapping[tuple[int, int], str] = field(default_factory=dict)
    percents: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A spreadsheet as read: ``grids`` by tab title, only of the tabs that exist; ``metadata`` is the answer of
    ``spreadsheets.get`` (properties, sheets with their protected ranges, named ranges) without grid data."""

    spreadsheet_id: str
    title: str
    url: str
    locale: str
    time_zone: str
    grids: Mapping[str, Grid]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def merges_of(self, grid: Grid) -> list[Mapping[str, Any]]:
        """The API's GridRanges of the merged cells of a tab."""
        return [
            merge
            for sheet in self.metadata.get("sheets", ())
            if sheet.get("properties", {}).get("sheetId", 0) == grid.sheet_id
            for merge in sheet.get("merges", ())
        ]
