"""System cells that a PM typed over come back, and Checks says so for a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.keys import initiative_key
from engine.provenance import RunFacts
from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.headers import header
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import tab
from sheets_sync.updates import SheetUpdate
from sheets_sync.writer import write_cycle
from tests.contract.desk import run_of

NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
ROWS = {
    "Initiatives": [{"initiative_key": initiative_key(1), "title": "One-tap checkout", "engineering_tokens": 5}],
    "Metrics": [{"kpi_key": "revenue"}],
    "Contributions": [{"initiative_key": initiative_key(1), "revenue": 7}],
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

    def cycle(self, now: datetime = NOW, run: RunFacts | None = None) -> int:
        """One cycle; the calls of its write."""
        workbook = self.gateway.read(self.id)
        inputs, findings = read_inputs(workbook)
        update = SheetUpdate(inputs=inputs, now=now, findings=findings, run=run)
        return write_cycle(self.gateway, workbook, update, before_write=lambda: None).calls

    def told(self) -> list[str]:
        """Which texts Checks says were put back, and where."""
        problems, places = self.column("Checks", "problem"), self.column("Checks", "go_to")
        lines = zip(problems, places, strict=True)
        return [f"{place} {text.partition(' was')[0]}" for text, place in lines if "put back" in text]

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


def test_a_title_typed_over_beside_its_key_is_put_back_and_told(desk: Desk) -> None:
    """In Contributions and, while the run is the same, in Portfolio and Roadmap Plan."""
    run = run_of([1], count=1)
    desk.cycle(run=run)
    for name in ("Contributions", "Portfolio", "Roadmap Plan"):
        desk.types(name, 2, "title", "my words")
    desk.cycle(run=run)
    for name in ("Contributions", "Portfolio", "Roadmap Plan"):
        assert desk.column(name, "title")[:1] == ["One-tap checkout"]
    assert desk.told() == [
        "Contributions!B2 'my words'",
        "Portfolio!C2 'my words'",
        "Roadmap Plan!C2 'my words'",
    ]
    assert desk.cycle(run=run) == 0


def test_a_title_that_changed_in_initiatives_or_goes_with_another_key_follows_in_silence(desk: Desk) -> None:
    """What the system wrote itself, an old title or that of the key that stood there before, is never told."""
    run = run_of([1], count=1)
    desk.cycle(run=run)
    desk.types("Initiatives", 2, "title", "Two-tap checkout")
    desk.cycle(run=run)
    desk.types("Initiatives", 2, "title", "Three-tap checkout")
    desk.cycle(run=run)
    for name in ("Contributions", "Roadmap Plan"):
        assert desk.column(name, "title") == ["Three-tap checkout"]
    desk.types("Initiatives", 3, "title", "Group orders")
    desk.types("Initiatives", 3, "initiative_key", initiative_key(2))
    desk.types("Contributions", 2, "initiative_key", initiative_key(2))
    desk.cycle(run=run)
    assert desk.column("Contributions", "title") == ["Group orders"]
    desk.types("Contributions", 2, "initiative_key", initiative_key(9))
    desk.cycle(run=run)
    assert desk.column("Contributions", "title") == [""]
    assert desk.told() == []
