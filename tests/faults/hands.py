"""What the page of a spreadsheet sends for a PM's hands: requests of a batch."""

from __future__ import annotations

from typing import Any

from tests.faults.snapshots import SeenTab

Json = dict[str, Any]


def cell(tab: SeenTab, row: int, column: int, data: Json, fields: str) -> Json:
    """One cell written under a field mask."""
    start = {"sheetId": tab.sheet_id, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": [data]}], "fields": fields}}


def one_cell(tab: SeenTab, row: int, column: int) -> Json:
    """One cell as the API's GridRange."""
    return {
        "sheetId": tab.sheet_id,
        "startRowIndex": row,
        "endRowIndex": row + 1,
        "startColumnIndex": column,
        "endColumnIndex": column + 1,
    }


def rows_of(what: str, tab: SeenTab, first: int, end: int) -> Json:
    """``what`` is done to rows, ``end`` not among them."""
    return {what: {"range": {"sheetId": tab.sheet_id, "dimension": "ROWS", "startIndex": first, "endIndex": end}}}


def columns_of(what: str, tab: SeenTab, first: int, end: int) -> Json:
    """``what`` is done to columns, ``end`` not among them."""
    return {what: {"range": {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "startIndex": first, "endIndex": end}}}


def titled(tab: SeenTab, title: str) -> Json:
    """The tab gets another title."""
    return {"updateSheetProperties": {"properties": {"sheetId": tab.sheet_id, "title": title}, "fields": "title"}}
