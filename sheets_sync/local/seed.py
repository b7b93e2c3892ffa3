"""Fills a sheet that ``spreadsheets.create`` was given with data."""

from __future__ import annotations

from typing import Any

from sheets_sync.local.grid import Sheet
from sheets_sync.local.requests import cells
from sheets_sync.local.requests.change import Change
from sheets_sync.local.requests.registry import perform

Json = dict[str, Any]


def fill_sheet(change: Change, sheet: Sheet, wanted: Json) -> None:
    """Puts the cells and the other parts of a Sheet resource into a new tab. Raises what a batch would."""
    for data in wanted.get("data", ()):
        rows = data.get("rowData", [])
        start = {"sheetId": sheet.id, "rowIndex": data.get("startRow", 0), "columnIndex": data.get("startColumn", 0)}
        fields = "userEnteredValue,userEnteredFormat,note,dataValidation,textFormatRuns"
        if rows:
            cells.update_cells(change, {"start": start, "rows": rows, "fields": fields})
        for name, sizes, first in (
            ("rowMetadata", sheet.row_sizes, data.get("startRow", 0)),
            ("columnMetadata", sheet.column_sizes, data.get("startColumn", 0)),
        ):
            for offset, size in enumerate(data.get(name, ())):
                kept = {k: v for k, v in size.items() if v and k in ("pixelSize", "hiddenByUser")}
                if kept:
                    sizes[first + offset] = kept
    for name, request, key in (
        ("merges", "mergeCells", "range"),
        ("protectedRanges", "addProtectedRange", "protectedRange"),
        ("conditionalFormats", "addConditionalFormatRule", "rule"),
        ("bandedRanges", "addBanding", "bandedRange"),
        ("charts", "addChart", "chart"),
    ):
        for index, one in enumerate(wanted.get(name, ())):
            body: Json = {key: one}
            if request == "addConditionalFormatRule":
                body["index"] = index
            perform(change, 0, {request: body})
    if "basicFilter" in wanted:
        perform(change, 0, {"setBasicFilter": {"filter": wanted["basicFilter"]}})
