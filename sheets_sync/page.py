"""A page: cells with their formats, merges, widths and heights, and the requests that draw it in one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sheets_sync.content import Content, cell_data, shown
from sheets_sync.marks import rgb

Json = dict[str, Any]

INK = "#1B2A41"
"""The colour of text that matters."""

_FIELDS = "userEnteredValue,userEnteredFormat,textFormatRuns,note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a cell looks. Colours are "#RRGGBB"."""

    fill: str | None = None
    ink: str = INK
    size: int = 10
    bold: bool = False
    italic: bool = False
    align: str = "LEFT"
    vertical: str = "MIDDLE"
    border: str | None = None
    wraps: bool = True

    def data(self) -> Json:
        """The API's CellFormat."""
        ink = rgb(self.ink)
        data: Json = {
            "wrapStrategy": "WRAP" if self.wraps else "CLIP",
            "horizontalAlignment": self.align,
            "verticalAlignment": self.vertical,
            "padding": {"top": 3, "bottom": 3, "left": 8, "right": 8},
            "textFormat": {
                "foregroundColor": ink,
                "foregroundColorStyle": {"rgbColor": ink},
                "fontSize": self.size,
                "bold": self.bold,
                "italic": self.italic,
            },
        }
        if self.fill:
            data |= {"backgroundColor": rgb(self.fill), "backgroundColorStyle": {"rgbColor": rgb(self.fill)}}
        if self.border:
            line = {"style": "SOLID", "color": rgb(self.border), "colorStyle": {"rgbColor": rgb(self.border)}}
            data["borders"] = dict.fromkeys(("top", "bottom", "left", "right"), line)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCell:
    """One cell; the first ``bold_to`` characters stand bold and dark, the rest in ``style``."""

    content: Content = None
    style: Style = Style()
    bold_to: int = 0

    def data(self) -> Json:
        """The API's CellData."""
        data = cell_data(self.content)
        data["userEnteredFormat"] = self.style.data()
        text = shown(self.content)
        for run in data.get("textFormatRuns", ()):
            if "link" in run["format"]:  # else Google draws it blue, which nobody reads on a dark fill
                ink = {
                    "foregroundColor": rgb(self.style.ink),
                    "foregroundColorStyle": {"rgbColor": rgb(self.style.ink)},
                }
                run["format"] |= ink | {"underline": True}
        if self.bold_to and isinstance(text, str):
            ink = {"foregroundColor": rgb(INK), "foregroundColorStyle": {"rgbColor": rgb(INK)}}
            runs: list[Json] = [{"startIndex": 0, "format": {"bold": True, "fontSize": self.style.size + 1, **ink}}]
            if _units(text[: self.bold_to]) < _units(text):
                runs.append({"startIndex": _units(text[: self.bold_to]), "format": {}})
            data["textFormatRuns"] = runs
        return data


@dataclass(slots=True)
class Page:
    """Built row by row. ``widths`` are the pixels of its columns; ``merges`` are (row, column, rows, columns)."""

    widths: Sequence[int]
    rows: list[Mapping[int, PageCell]] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many columns the page owns."""
        return len(self.widths)

    def add(self, cells: Mapping[int, PageCell], height: int = 24) -> int:
        """Adds a row and returns its index."""
        self.rows.append(cells)
        self.heights.append(height)
        return len(self.rows) - 1

    def band(self, content: Content, style: Style, height: int = 24) -> int:
        """Adds a row that is one cell across the whole page."""
        row = self.add(
            {column: PageCell(style=style) for column in range(self.width)}
            | {0: PageCell(content=content, style=style)},
            height,
        )
        self.merges.append((row, 0, 1, self.width))
        return row

    def content(self, row: int, column: int) -> Content:
        """What stands in a cell; None beyond the page."""
        cell = self.rows[row].get(column) if row < len(self.rows) else None
        return cell.content if cell else None

    def requests(
        self,
        sheet_id: int,
        row_count: int,
        column_count: int,
        old_rows: int,
        old_merges: Sequence[Mapping[str, Any]] = (),
    ) -> list[Json]:
        """The requests that draw the page on a grid of that size, and clear what an older, longer one left below it."""
        total = max(len(self.rows), min(old_rows, row_count))
        drawn = [
            {
                "values": [
                    self.rows[row][column].data() if row < len(self.rows) and column in self.rows[row] else {}
                    for column in range(self.width)
                ]
            }
            for row in range(total)
        ]
        return [
            *_growth(sheet_id, "ROWS", len(self.rows) - row_count),
            *_growth(sheet_id, "COLUMNS", self.width - column_count),
            *(
                {"unmergeCells": {"range": dict(merge)}}
                for merge in old_merges
                if merge.get("startColumnIndex", 0) < self.width
            ),
            {
                "updateCells": {
                    "range": _range(sheet_id, 0, 0, total, self.width),
                    "rows": drawn,
                    "fields": _FIELDS,
                }
            },
            *({"mergeCells": {"range": _range(sheet_id, *merge), "mergeType": "MERGE_ALL"}} for merge in self.merges),
            *(_size(sheet_id, "COLUMNS", first, 1, pixels) for first, pixels in enumerate(self.widths)),
            *(_size(sheet_id, "ROWS", first, count, pixels) for first, count, pixels in _runs(self.heights)),
            {
                "updateSheetProperties": {
                    "properties": {"sheetId": sheet_id, "gridProperties": {"hideGridlines": True}},
                    "fields": "gridProperties.hideGridlines",
                }
            },
        ]


def _growth(sheet_id: int, dimension: str, missing: int) -> list[Json]:
    if missing <= 0:
        return []
    return [{"appendDimension": {"sheetId": sheet_id, "dimension": dimension, "length": missing}}]


def _range(sheet_id: int, row: int, column: int, rows: int, columns: int) -> Json:
    return {
        "sheetId": sheet_id,
        "startRowIndex": row,
        "endRowIndex": row + rows,
        "startColumnIndex": column,
        "endColumnIndex": column + columns,
    }


def _size(sheet_id: int, dimension: str, first: int, count: int, pixels: int) -> Json:
    return {
        "updateDimensionProperties": {
            "range": {"sheetId": sheet_id, "dimension": dimension, "startIndex": first, "endIndex": first + count},
            "properties": {"pixelSize": pixels},
            "fields": "pixelSize",
        }
    }


def _runs(heights: Sequence[int]) -> list[tuple[int, int, int]]:
    """(first row, how many, pixels) of neighbouring rows of one height."""
    runs: list[tuple[int, int, int]] = []
    for row, pixels in enumerate(heights):
        if runs and runs[-1][2] == pixels:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, pixels)
        else:
            runs.append((row, 1, pixels))
    return runs


def _units(text: str) -> int:
    """Length as the API counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
