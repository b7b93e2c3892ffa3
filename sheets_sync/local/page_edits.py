"""What a person does on the page, as requests of the Sheets API; and what the page says first, as Google's does."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from sheets_sync.local.a1 import Box, cell_text, range_text
from sheets_sync.local.page_cells import list_key
from sheets_sync.local.page_view import TabView

Json = dict[str, Any]

MOST_PASTED = 300_000
"""Cells of one pasted block."""
_PLACE = re.compile(r"^Invalid (?:requests|data)\[\d+\](?:\.\w+)?: ")


def block(text: str) -> list[list[str]]:
    """A pasted text as rows of cells: tab-separated as spreadsheets copy it; comma- or semicolon-separated where two or
    more lines agree on it; else one cell a line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    if "\t" in lines:
        return _parsed(lines, "\t")
    for delimiter in (",", ";"):
        rows = _parsed(lines, delimiter) if delimiter in lines else []
        if len(rows) > 1 and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1:
            return rows
    return _parsed(lines, "\t")


def copied(rows: Iterable[Sequence[str]]) -> str:
    """Rows as tab-separated text that ``block`` and other spreadsheets read back."""
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(rows)
    return out.getvalue().removesuffix("\n")


def area_name(view: TabView, row: int, column: int, height: int = 1, width: int = 1) -> str:
    """The A1 range of ``height`` by ``width`` cells whose first is at (row, column)."""
    return range_text(view.title, Box(row, row + height, column, column + width))


def refusal(view: TabView, row: int, column: int, text: str) -> str | None:
    """Why a strict rule of the cell does not take ``text``, in a sentence; None where it does."""
    rule = _cell(view, row, column).get("dataValidation") or {}
    condition = rule.get("condition") or {}
    key = list_key(condition)
    if not rule.get("strict") or not text or text.startswith("="):
        return None
    if condition.get("type") == "BOOLEAN" and text.upper() not in ("TRUE", "FALSE"):
        return f"{cell_text(row, column)} is a checkbox: it takes TRUE or FALSE, not “{text[:40]}”."
    if key is None or text in view.around.lists.get(key, ()):
        return None
    hint = str(rule.get("inputMessage") or "").strip() or "Pick one from the list."
    return f"{cell_text(row, column)} does not take “{text[:40]}”. {hint}"


def guarded(view: TabView, row: int, column: int, height: int = 1, width: int = 1) -> Json | None:
    """The first protected range that the cells touch (and that does not except them); None where there is none."""
    for guard in view.sheet.get("protectedRanges") or []:
        area = guard.get("range")
        if area is None or not _touches(area, row, column, height, width):
            continue
        if any(_contains(free, row, column, height, width) for free in guard.get("unprotectedRanges") or []):
            continue
        return guard
    return None


def more_rows(view: TabView, count: int) -> Json:
    """A request that adds ``count`` empty rows at the end."""
    return {"appendDimension": {"sheetId": view.sheet_id, "dimension": "ROWS", "length": count}}


def room_for(view: TabView, rows: int, columns: int) -> list[Json]:
    """Requests that make the tab at least ``rows`` by ``columns``; rows that are added look like the last one."""
    requests: list[Json] = []
    have = len(view.rows)
    if rows > have:
        requests.append(more_rows(view, rows - have))
        if have > view.frame["frozenRows"]:
            requests += _as_row(view, have - 1, have, rows, "PASTE_FORMAT", "PASTE_DATA_VALIDATION")
    if columns > view.column_count:
        requests.append(more_columns(view, columns - view.column_count))
    return requests


def more_columns(view: TabView, count: int) -> Json:
    """A request that adds ``count`` empty columns at the end."""
    return {"appendDimension": {"sheetId": view.sheet_id, "dimension": "COLUMNS", "length": count}}


def inserted_rows(view: TabView, row: int, count: int, *, below: bool) -> list[Json]:
    """Requests that insert ``count`` rows above or below ``row``, with the looks, the dropdowns and the checkboxes of
    that row where it is data, of the row below it where it is frozen."""
    start = row + 1 if below else row
    is_data = row >= view.frame["frozenRows"]
    span = {"sheetId": view.sheet_id, "dimension": "ROWS", "startIndex": start, "endIndex": start + count}
    requests: list[Json] = [{"insertDimension": {"range": span, "inheritFromBefore": below and is_data}}]
    model = row if below and is_data else start + count
    if is_data or below:
        requests += _as_row(view, model, start, start + count, "PASTE_DATA_VALIDATION")
    return requests if model < len(view.rows) + count else requests[:1]


def _as_row(view: TabView, model: int, start: int, end: int, *kinds: str) -> list[Json]:
    """Requests that give rows ``start`` to ``end`` what the row ``model`` has of ``kinds``."""
    whole = {"sheetId": view.sheet_id, "startColumnIndex": 0, "endColumnIndex": view.column_count}
    source = {**whole, "startRowIndex": model, "endRowIndex": model + 1}
    target = {**whole, "startRowIndex": start, "endRowIndex": end}
    return [{"copyPaste": {"source": source, "destination": target, "pasteType": kind}} for kind in kinds]


def renamed_tab(sheet_id: int, title: str) -> Json:
    """A request that gives a tab another title."""
    return {"updateSheetProperties": {"properties": {"sheetId": sheet_id, "title": title}, "fields": "title"}}


def too_large(rows: Sequence[Sequence[str]]) -> str | None:
    """Why a block cannot be pasted at once, in a sentence; None where it can."""
    height, width = len(rows), max((len(cells) for cells in rows), default=0)
    if height * width <= MOST_PASTED:
        return None
    return (
        f"The block has {height:,} rows and {width:,} columns, which is {height * width:,} cells. "
        f"At most {MOST_PASTED:,} can be pasted at once: paste it in parts. Nothing was written."
    )


def plain_reason(message: str) -> str:
    """What the service said, without the place in the request that only a programmer has use for."""
    return _PLACE.sub("", message)


def deleted_rows(view: TabView, rows: Iterable[int]) -> list[Json]:
    """Requests that delete ``rows``, the last first, so that each number still holds."""
    requests: list[Json] = []
    ordered = sorted(set(rows))
    for _, run in itertools.groupby(enumerate(ordered), lambda pair: pair[1] - pair[0]):
        indices = [index for _, index in run]
        span = {"sheetId": view.sheet_id, "dimension": "ROWS", "startIndex": indices[0], "endIndex": indices[-1] + 1}
        requests.append({"deleteDimension": {"range": span}})
    return requests[::-1]


def sorted_rows(view: TabView, column: int, *, ascending: bool) -> list[Json]:
    """A request that sorts the rows below the frozen ones by ``column``; none where no row is filled."""
    start = view.frame["frozenRows"]
    filled = [index for index, row in enumerate(view.raw) if any("userEnteredValue" in cell for cell in row.cells)]
    end = filled[-1] + 1 if filled else 0
    if end <= start:
        return []
    area = {
        "sheetId": view.sheet_id,
        "startRowIndex": start,
        "endRowIndex": end,
        "startColumnIndex": 0,
        "endColumnIndex": view.column_count,
    }
    order = {"dimensionIndex": column, "sortOrder": "ASCENDING" if ascending else "DESCENDING"}
    return [{"sortRange": {"range": area, "sortSpecs": [order]}}]


def wide_column(view: TabView, column: int, width: int) -> Json:
    """A request that makes a column ``width`` pixels wide."""
    span = {"sheetId": view.sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
    change = {"range": span, "properties": {"pixelSize": max(2, width)}, "fields": "pixelSize"}
    return {"updateDimensionProperties": change}


def noted_cell(view: TabView, row: int, column: int, note: str) -> Json:
    """A request that sets the cell's note, or takes it away where ``note`` is empty."""
    cell = {"note": note} if note else {}
    start = {"sheetId": view.sheet_id, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"rows": [{"values": [cell]}], "fields": "note", "start": start}}


def note_of(view: TabView, row: int, column: int) -> str:
    """The cell's note, or an empty text."""
    return str(_cell(view, row, column).get("note", ""))


def _parsed(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter)) or [[""]]
    except csv.Error:
        return [line.split(delimiter) for line in text.split("\n")]


def _cell(view: TabView, row: int, column: int) -> Json:
    return view.raw[row].at(column) if row < len(view.raw) else {}


def _span(area: Json) -> tuple[int, int, int, int]:
    return (
        int(area.get("startRowIndex", 0)),
        int(area.get("endRowIndex", 1 << 30)),
        int(area.get("startColumnIndex", 0)),
        int(area.get("endColumnIndex", 1 << 30)),
    )


def _touches(area: Json, row: int, column: int, height: int, width: int) -> bool:
    top, bottom, left, right = _span(area)
    return top < row + height and row < bottom and left < column + width and column < right


def _contains(area: Json, row: int, column: int, height: int, width: int) -> bool:
    top, bottom, left, right = _span(area)
    return top <= row and row + height <= bottom and left <= column and column + width <= right
