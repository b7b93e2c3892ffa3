"""Cells as a spreadsheet's script reads and writes them: SpreadsheetApp over the service, as the person who clicked."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from sheets_sync.local.drive import acting_as
from sheets_sync.local.errors import ApiError
from sheets_sync.local.scripts import ScriptError
from sheets_sync.local.serials import moment_of, serial_of
from sheets_sync.local.service import SheetsService
from sheets_sync.local.zones import zone_named

Json = dict[str, Any]

_DATE = {"numberFormat": {"type": "DATE_TIME"}}


class ScriptCells:
    """One spreadsheet. Rows and columns count from 0; a cell read is [value, text as shown, epoch ms of a date]."""

    def __init__(self, service: SheetsService, spreadsheet_id: str, person: str) -> None:
        self._service = service
        self._id = spreadsheet_id
        self._person = person

    def outline(self) -> list[Json]:
        """The tabs in their order: id, name, rows."""
        book = self._service.get_spreadsheet(self._id, fields="sheets.properties")
        return [
            {
                "id": tab["properties"].get("sheetId", 0),
                "name": tab["properties"]["title"],
                "rows": tab["properties"].get("gridProperties", {}).get("rowCount", 0),
            }
            for tab in book.get("sheets", [])
        ]

    def read(self, sheet_id: int) -> list[list[list[Any]]]:
        """The cells from A1 to the last that holds anything; at least one."""
        area = "'" + self._title(sheet_id).replace("'", "''") + "'"
        values, texts, dated = (
            self._service.values_get(self._id, area, value_render_option=render, date_time_render_option=dates).get(
                "values", []
            )
            for render, dates in (
                ("UNFORMATTED_VALUE", "SERIAL_NUMBER"),
                ("FORMATTED_VALUE", "SERIAL_NUMBER"),
                ("UNFORMATTED_VALUE", "FORMATTED_STRING"),
            )
        )
        width = max((len(row) for row in (*values, *texts)), default=1)
        zone = self._zone()
        rows: list[list[list[Any]]] = []
        for cells in zip_longest(values, texts, dated, fillvalue=[]):
            padded = [[*row, *[""] * (width - len(row))] for row in cells]
            rows.append([_cell(value, text, dated, zone) for value, text, dated in zip(*padded, strict=True)])
        return rows or [[["", "", None]]]

    def write_text(self, sheet_id: int, row: int, column: int, text: str) -> None:
        """A text, whatever it begins with."""
        self._put(sheet_id, row, column, {"userEnteredValue": {"stringValue": text}}, "userEnteredValue")

    def write_date(self, sheet_id: int, row: int, column: int, epoch_ms: float) -> None:
        """A moment, by the clock of the spreadsheet; shown as one even where the cell's format is none of a date."""
        moment = datetime.fromtimestamp(epoch_ms / 1000, UTC).astimezone(self._zone()).replace(tzinfo=None)
        serial = serial_of(moment.replace(microsecond=0))
        self._put(sheet_id, row, column, {"userEnteredValue": {"numberValue": serial}}, "userEnteredValue")
        there = self.read(sheet_id)[row][column]
        if there[2] is None:
            self._put(sheet_id, row, column, {"userEnteredFormat": _DATE}, "userEnteredFormat.numberFormat")

    def add_rows(self, sheet_id: int, count: int) -> None:
        """Empty rows at the end."""
        self._change({"appendDimension": {"sheetId": sheet_id, "dimension": "ROWS", "length": count}})

    def _put(self, sheet_id: int, row: int, column: int, cell: Json, fields: str) -> None:
        start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column}
        self._change({"updateCells": {"rows": [{"values": [cell]}], "fields": fields, "start": start}})

    def _change(self, request: Json) -> None:
        try:
            with acting_as(self._person):
                self._service.batch_update(self._id, {"requests": [request]})
        except ApiError as error:
            raise ScriptError(error.message) from error

    def _title(self, sheet_id: int) -> str:
        found = next((tab for tab in self.outline() if tab["id"] == sheet_id), None)
        if found is None:
            raise ScriptError("That tab is gone.")
        return str(found["name"])

    def _zone(self) -> Any:
        properties = self._service.get_spreadsheet(self._id, fields="properties.timeZone")["properties"]
        return zone_named(properties.get("timeZone", "Etc/GMT"))


def _cell(value: Any, text: Any, dated: Any, zone: Any) -> list[Any]:
    """``dated`` is the value with dates as texts: a number that is a text there is a date."""
    is_date = isinstance(value, (int, float)) and not isinstance(value, bool) and isinstance(dated, str) and dated != ""
    moment = moment_of(value) if is_date else None
    epoch = None if moment is None else round(moment.replace(tzinfo=zone).timestamp() * 1000)
    return [value, text, epoch]
