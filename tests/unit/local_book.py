"""A spreadsheet of the local Sheets server, without HTTP, with short verbs."""

from __future__ import annotations

from typing import Any

import pytest

from sheets_sync.local.errors import ApiError
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]


class Book:
    """A spreadsheet of a service with short verbs."""

    def __init__(self, service: SheetsService, **properties: Any) -> None:
        self.service = service
        self.id = service.create_spreadsheet({"properties": properties})["spreadsheetId"]

    def batch(self, *requests: Json, **more: Any) -> Json:
        return self.service.batch_update(self.id, {"requests": list(requests), **more})

    def put(self, where: str, *rows: list[Any], typed: bool = False) -> Json:
        option = "USER_ENTERED" if typed else "RAW"
        return self.service.values_update(self.id, where, {"values": list(rows)}, value_input_option=option)

    def read(self, where: str, render: str = "UNFORMATTED_VALUE") -> list[list[Any]]:
        return self.service.values_get(self.id, where, value_render_option=render).get("values", [])

    def whole(self) -> Json:
        return self.service.get_spreadsheet(self.id, include_grid_data=True)

    def cell(self, where: str) -> Json:
        rows = self.service.get_spreadsheet(self.id, [where], True)["sheets"][0]["data"][0].get("rowData", [{}])
        return (rows[0].get("values") or [{}])[0]


def area(top: int, bottom: int, left: int, right: int) -> Json:
    sides = {"startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}
    return {"sheetId": 0, **sides}


def rows(start: int, end: int) -> Json:
    return {"sheetId": 0, "dimension": "ROWS", "startIndex": start, "endIndex": end}


def refused(book: Book, *requests: Json) -> str:
    with pytest.raises(ApiError) as caught:
        book.batch(*requests)
    assert caught.value.status == 400
    return caught.value.message
