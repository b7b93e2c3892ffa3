"""System cells that a PM typed over come back, and Checks says so for a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.keys import initiative_key
from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.headers import header
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import tab
from sheets_sync.updates import SheetUpdate
from sheets_sync.writer import write_cycle

NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
ROWS = {
    "Initiatives": [{"initiative_key": initiative_key(1), "title": "One-tap checkout", "engineering_tokens": 5}],
    "Constraints": [
        {"constraint_type": "capacity_cap", "dimension": "country", "dimension_key": "UK", "max": 400 + number}
        for number in range(3)
    ],
}


class Desk:
    def __init__(self, gateway: SheetsGateway, service: Any, workbook: Workbook) -> None:
        self.gateway = gateway
        self.service = service
        self.id = workbook.spreadsheet_id

    def cycle(self, now: datetime = NOW) -> int:
        """One cycle; the calls of its write."""
        workbook = self.gateway.read(self.id)
        inputs, findings = read_inputs(workbook)
        update = SheetUpdate(inputs=inputs, now=now, findings=findings)
        return write_cycle(self.gateway, workbook, update, before_write=lambda: None).calls

    def column(self, name: str, column: str) -> list[Any]:
        grid = self.gateway.read(self.id).grids[name]
        place = header(grid, tab(name)).columns[column]
        return [row[place] if place < len(row) else "" for row in grid.values[1:]]

    def types(self, name: str, row: int, column: str, text: str) -> None:
        grid = self.gateway.read(self.id).grids[name]
        start = {"sheetId": grid.sheet_id, "rowIndex": row - 1, "columnIndex": header(grid, tab(name)).columns[column]}
        data = {"userEnteredValue": {"stringValue": text}}
        request = {"updateCells": {"start": start, "rows": [{"values": [data]}], "fields": "userEnteredValue"}}
        self.service.batch_update(self.id, {"requests": [request]})


@pytest.fixture
def desk(gateway: SheetsGateway, local_server: Any, new_workbook: Callable[..., Workbook]) -> Desk:
    made = Desk(gateway, local_server.service, new_workbook(ROWS))
    made.cycle()
    return made


def test_what_a_pm_typed_over_is_put_back_and_checks_says_so_for_a_day(desk: Desk) -> None:
    desk.types("Constraints", 3, "sys: status", "looks fine")
    desk.types("Initiatives", 2, "sys: label", "my label")
    desk.cycle()
    assert desk.column("Constraints", "sys: status")[1] in ("OK", "WARN", "ERROR")
    assert desk.column("Initiatives", "sys: label") == ["INIT-000001 · One-tap checkout"]
    told = [text for text in desk.column("Checks", "problem") if "put back" in text]
    assert told == [
        f"'{text}' was put back on 2026-01-13 14:02: this column is written by the system;"
        " write in a column of your own"
        for text in ("my label", "looks fine")
    ]
    assert desk.cycle(NOW + timedelta(hours=23)) == 0
    desk.cycle(NOW + timedelta(hours=25))
    assert not [text for text in desk.column("Checks", "problem") if "put back" in text]


def test_a_system_cell_that_is_only_out_of_date_is_brought_up_to_date_in_silence(desk: Desk) -> None:
    desk.types("Initiatives", 2, "title", "Two-tap checkout")
    desk.types("Constraints", 2, "max", "abc")
    desk.cycle()
    assert desk.column("Initiatives", "sys: label") == ["INIT-000001 · Two-tap checkout"]
    assert desk.column("Constraints", "sys: status")[0] == "ERROR"
    assert not [text for text in desk.column("Checks", "problem") if "put back" in text]


@pytest.mark.parametrize("row", [2, 3, 4], ids=["first", "middle", "last"])
def test_of_a_row_that_a_pm_cleared_no_status_or_message_stays(row: int, desk: Desk) -> None:
    desk.types("Constraints", row, "max", "abc")
    desk.cycle()
    assert "ERROR" in desk.column("Constraints", "sys: status")
    for column in ("constraint_type", "dimension", "dimension_key", "max"):
        desk.types("Constraints", row, column, "")
    desk.cycle()
    for column, others in (("sys: status", ["OK", "OK"]), ("sys: message", [])):
        assert [text for text in desk.column("Constraints", column) if text != ""] == others
    assert desk.cycle() == 0


def test_of_an_initiative_that_a_pm_cleared_no_label_stays_in_the_dropdowns(desk: Desk) -> None:
    desk.types("Initiatives", 2, "initiative_key", "")
    desk.types("Initiatives", 2, "title", "")
    desk.types("Initiatives", 2, "engineering_tokens", "")
    desk.cycle()
    assert not any(desk.column("Initiatives", "sys: label"))
