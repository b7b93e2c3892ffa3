"""What a cycle sends: only what changed, and only for the tabs where it did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
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
COUNT = 20


@pytest.fixture
def bodies(local_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The batches that reach the server."""
    seen: list[dict[str, Any]] = []
    real = local_server.service.batch_update

    def told(spreadsheet_id: str, body: dict[str, Any], fields: str | None = None) -> Any:
        seen.append(body)
        return real(spreadsheet_id, body, fields)

    monkeypatch.setattr(local_server.service, "batch_update", told)
    yield seen


def _sheets(value: Any) -> set[int]:
    """Every sheet id in a request."""
    if isinstance(value, dict):
        own = {value["sheetId"]} if "sheetId" in value else set[int]()
        return own.union(*map(_sheets, value.values()))
    return set[int]().union(*map(_sheets, value)) if isinstance(value, list) else set()


def test_a_cycle_where_one_cell_changed_sends_bytes_only_for_that_tab(
    gateway: SheetsGateway, new_workbook: Callable[..., Workbook], local_server: Any, bodies: list[dict[str, Any]]
) -> None:
    workbook = new_workbook(
        {
            "Initiatives": [
                {"initiative_key": initiative_key(number), "title": f"T{number}", "engineering_tokens": number}
                for number in range(1, COUNT)
            ],
            "Constraints": [
                {"constraint_type": "capacity_cap", "dimension": "country", "dimension_key": "UK", "max": 400 + number}
                for number in range(COUNT)
            ],
        }
    )

    def cycle() -> None:
        shown = gateway.read(workbook.spreadsheet_id)
        inputs, findings = read_inputs(shown)
        update = SheetUpdate(inputs=inputs, now=NOW, findings=findings)
        write_cycle(gateway, shown, update, before_write=lambda: None)

    cycle()
    grid = workbook.grids["Constraints"]
    start = {"sheetId": grid.sheet_id, "rowIndex": 5, "columnIndex": header(grid, tab("Constraints")).columns["max"]}
    data = {"userEnteredValue": {"numberValue": 7}}
    edit = {"updateCells": {"start": start, "rows": [{"values": [data]}], "fields": "userEnteredValue"}}
    local_server.service.batch_update(workbook.spreadsheet_id, {"requests": [edit]})
    bodies.clear()
    cycle()
    (body,) = bodies
    assert _sheets(body["requests"]) == {grid.sheet_id}
    assert all(where.startswith("'Constraints'!") for where in body["responseRanges"])
    assert len(json.dumps(body["requests"])) < 400
    bodies.clear()
    cycle()
    assert not bodies
