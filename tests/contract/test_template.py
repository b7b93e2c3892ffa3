"""The template over real HTTP: what it asks for, a server that speaks Google Sheets accepts and shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sheets_sync.gaps import STYLE_FIELDS
from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.local.server import LocalServer
from sheets_sync.rows import read_inputs
from sheets_sync.sample import SAMPLE_SIZE, sample_tables
from sheets_sync.tabs import CONSTRAINT_TYPES, TABS, tab
from sheets_sync.template import default_title, fill_requests, new_workbook_requests, repair_requests, style_ranges

KEYS = [f"INIT-{number:06d}" for number in range(1, SAMPLE_SIZE + 1)]


@pytest.fixture(scope="module")
def template_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SheetsGateway]:
    folder: Path = tmp_path_factory.mktemp("template")
    with LocalServer(folder) as server:
        gateway = SheetsGateway(server.key_file, server.base_url, calls_per_minute=10_000)
        yield gateway
        gateway.close()


def empty(gateway: SheetsGateway) -> Workbook:
    """A new spreadsheet, read with its one empty sheet."""
    spreadsheet_id = gateway.create("Template")
    title = default_title(gateway.read(spreadsheet_id))
    assert title is not None
    return gateway.read(spreadsheet_id, [title])


def test_a_new_spreadsheet_becomes_a_workbook_that_is_read_without_findings(template_gateway: SheetsGateway) -> None:
    before = empty(template_gateway)
    template_gateway.batch_update(before.spreadsheet_id, repair_requests(before))
    workbook = template_gateway.read(before.spreadsheet_id)
    assert [sheet["properties"]["title"] for sheet in workbook.metadata["sheets"]] == [one.name for one in TABS]
    assert [title for title, grid in workbook.grids.items() if grid.is_hidden] == [t.name for t in TABS if t.is_hidden]
    assert read_inputs(workbook)[1] == ()
    assert repair_requests(workbook) == []


def test_the_sample_is_made_in_one_batch_and_read_without_errors(template_gateway: SheetsGateway) -> None:
    before = empty(template_gateway)
    template_gateway.batch_update(before.spreadsheet_id, new_workbook_requests(before, sample_tables(KEYS)))
    workbook = template_gateway.read(before.spreadsheet_id)
    inputs, findings = read_inputs(workbook)
    assert [str(finding) for finding in findings if finding.severity == "ERROR"] == []
    assert [row.initiative_key for row in inputs.initiatives] == KEYS
    assert all(row.deadline_date is None or row.deadline_date.year >= 2026 for row in inputs.initiatives)
    assert repair_requests(workbook) == []


def test_a_torn_workbook_is_repaired_beside_what_a_pm_added(template_gateway: SheetsGateway) -> None:
    before = empty(template_gateway)
    template_gateway.batch_update(before.spreadsheet_id, new_workbook_requests(before, sample_tables(KEYS)))
    whole = template_gateway.read(before.spreadsheet_id)
    rules, targets = whole.grids["Constraints"], whole.grids["Targets"]
    mine = [{"userEnteredValue": {"stringValue": "mine"}}]
    where = {"sheetId": rules.sheet_id, "rowIndex": 0, "columnIndex": tab("Constraints").names.index("max")}
    torn = [
        {"deleteSheet": {"sheetId": targets.sheet_id}},
        {"updateCells": {"start": where, "rows": [{"values": mine}], "fields": "userEnteredValue"}},
    ]
    template_gateway.batch_update(before.spreadsheet_id, torn)
    asked = repair_requests(template_gateway.read(before.spreadsheet_id))
    template_gateway.batch_update(before.spreadsheet_id, asked)
    after = template_gateway.read(before.spreadsheet_id)
    assert after.grids["Constraints"].values[0] == [
        *("mine" if name == "max" else name for name in tab("Constraints").names),
        "max",
    ]
    assert after.grids["Targets"].values == [[*tab("Targets").names]]
    assert [sheet["properties"]["title"] for sheet in after.metadata["sheets"]] == [one.name for one in TABS]
    styles = template_gateway.reread(after.spreadsheet_id, style_ranges(after), STYLE_FIELDS)
    assert repair_requests(after, styles) == []


def test_what_begins_like_a_formula_stays_text(template_gateway: SheetsGateway) -> None:
    before = empty(template_gateway)
    template_gateway.batch_update(before.spreadsheet_id, repair_requests(before))
    workbook = template_gateway.read(before.spreadsheet_id)
    titles = ["=1+1", "+49 30", "-5 %", "@team", "'quoted'", "1.234,5"]
    rows = [{"title": title} for title in titles]
    template_gateway.batch_update(before.spreadsheet_id, fill_requests(workbook, {"Initiatives": rows}))
    inputs, _ = read_inputs(template_gateway.read(before.spreadsheet_id))
    assert [row.title for row in inputs.initiatives] == titles


def test_headers_carry_notes_and_system_columns_are_protected_with_a_warning(template_gateway: SheetsGateway) -> None:
    before = empty(template_gateway)
    template_gateway.batch_update(before.spreadsheet_id, repair_requests(before))
    workbook = template_gateway.read(before.spreadsheet_id)
    sheets = {sheet["properties"]["title"]: sheet for sheet in workbook.metadata["sheets"]}
    (protected,) = sheets["Constraints"]["protectedRanges"]
    assert protected["warningOnly"]
    assert sheets["Constraints"]["properties"]["gridProperties"]["frozenRowCount"] == 1
    assert len(sheets["Constraints"]["conditionalFormats"]) == len(
        {name for used in CONSTRAINT_TYPES.values() for name in used}
    )
    assert sheets["Portfolio"]["columnGroups"][0]["collapsed"]
    answer = template_gateway.reread(
        before.spreadsheet_id,
        ["Constraints!I1:I2"],
        "sheets(data(rowData(values(note,dataValidation,userEnteredFormat))))",
    )
    top, below = (row["values"][0] for row in answer["sheets"][0]["data"][0]["rowData"])
    assert "Example: 400" in top["note"]
    assert below["userEnteredFormat"]["textFormat"]["foregroundColorStyle"]["rgbColor"]
