"""Tabs and columns: found by name, by id and by where they stand; what is missing or moved is told with its mending."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal
from typing import Any

import pytest

from engine.findings import Severity
from engine.inputs import WorkbookInputs
from sheets_sync.grids import Grid
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import tab
from tests.unit.typed_workbooks import grid_with, read, workbook_with


def test_an_empty_workbook_with_all_its_tabs_has_no_findings() -> None:
    inputs, findings = read()
    assert findings == []
    assert inputs == WorkbookInputs(setup=inputs.setup)
    assert inputs.setup.time_zone == "Europe/Berlin"


def test_columns_are_found_by_name_in_any_order_and_pms_own_columns_are_ignored() -> None:
    names = [*tab("Scenarios").names, "my column", "another"]
    random.Random(7).shuffle(names)
    spelled = [
        name.replace("_", " ").upper() if index % 2 else name.replace("_", "-") for index, name in enumerate(names)
    ]
    values = {"scenario_name": "Core", "capacity_total_tokens": 3150.0, "my column": "#REF!"}
    grid = Grid(
        title="Scenarios",
        sheet_id=1,
        row_count=9,
        column_count=40,
        values=[spelled, [values.get(name, "") for name in names]],
    )
    inputs, findings = read(grid)
    assert findings == []
    (row,) = inputs.scenarios
    assert (row.scenario_name, row.capacity_total_tokens, row.row) == ("Core", Decimal(3150), 2)
    assert row.cells["capacity_total_tokens"].endswith("2")
    assert spelled[ord(row.cells["capacity_total_tokens"][0]) - 65].casefold()[:8] == "capacity"


def test_an_old_name_of_a_column_is_understood_unless_the_name_itself_is_there() -> None:
    names = ["tokens" if name == "engineering_tokens" else name for name in tab("Initiatives").names]
    inputs, findings = read(grid_with("Initiatives", [{"title": "A", "tokens": 5}], names))
    assert findings == []
    assert inputs.initiatives[0].engineering_tokens == 5
    both = [*tab("Initiatives").names, "tokens"]
    inputs, findings = read(grid_with("Initiatives", [{"title": "A", "tokens": 5}], both))
    assert findings == []
    assert inputs.initiatives[0].engineering_tokens is None


def test_a_missing_tab_that_people_fill_stops_the_run_and_one_of_the_systems_own_does_not() -> None:
    stray = Grid(title="Constrains", sheet_id=5, row_count=1, column_count=1)
    _, findings = read(stray, without=("Constraints", "Alerts"))
    assert [(finding.tab, finding.stops_run) for finding in findings] == [("Constraints", True), ("Alerts", False)]
    assert all(finding.severity is Severity.ERROR for finding in findings)
    assert "rename the tab 'Constrains' to Constraints" in findings[0].message
    assert "`roadmap init`" in findings[1].message


def test_a_renamed_tab_that_was_not_read_is_named_all_the_same() -> None:
    """A workbook made by hand has sheets of its own ids: then the title is all there is to go by."""
    sheets = [{"properties": {"sheetId": 7, "title": "Our targets"}}]
    workbook = dataclasses.replace(workbook_with(without=("Targets",)), metadata={"sheets": sheets})
    _, (finding,) = read_inputs(workbook)
    assert "rename the tab 'Our targets' to Targets" in finding.message


def test_a_renamed_tab_is_found_by_the_id_of_its_sheet() -> None:
    grid = dataclasses.replace(
        grid_with("Targets", [{"kpi_key": "revenue"}]), title="Ziele 2026", sheet_id=tab("Targets").sheet_id
    )
    inputs, findings = read(grid, without=("Targets",))
    assert findings == []
    assert inputs.targets[0].kpi_key == "revenue"


def test_a_missing_column_is_an_error_on_the_header_that_looks_like_it() -> None:
    names = ["maxx" if name == "max" else name for name in tab("Constraints").names if name != "notes"]
    inputs, (notes, lost) = read(grid_with("Constraints", [{"constraint_type": "capacity_cap"}], names))
    assert (lost.column, lost.stops_run, lost.where) == ("max", True, "Constraints!I1")
    assert lost.message == (
        "the column 'max' is missing; 'maxx' in I1 stands in its place: rename it back to max, or run `roadmap init` to"
        " add it"
    )
    assert (notes.column, notes.stops_run) == ("notes", False)
    assert len(inputs.constraints) == 1


@pytest.mark.parametrize(
    ("column", "now", "part"),
    [
        ("max", "Limit", "'Limit' in I1 stands in its place: rename it back to max"),
        ("max", "", "I1 is blank where it stood: write max there"),
        ("max", "maximum tokens", "'maximum tokens' in I1 stands in its place"),
    ],
)
def test_a_renamed_column_is_known_by_where_it_stands(column: str, now: str, part: str) -> None:
    names = [now if name == column else name for name in tab("Constraints").names]
    _, (finding,) = read(grid_with("Constraints", [], names))
    assert (finding.row, finding.cell, finding.column) == (1, "I1", column)
    assert part in finding.message


@pytest.mark.parametrize(
    ("column", "now"),
    [
        ("engineering_tokens", "Tokens (eng)"),
        ("is_candidate", "candidate?"),
    ],
)
def test_a_column_renamed_and_moved_is_known_by_its_words(column: str, now: str) -> None:
    names = [*(name for name in tab("Initiatives").names if name != column), "my own", now]
    _, (finding,) = read(grid_with("Initiatives", [], names))
    assert f"'{now}' in " in finding.message
    assert f"looks like it: rename it back to {column}" in finding.message


def test_a_column_that_is_nothing_like_it_is_not_taken_for_it() -> None:
    names = [*(name for name in tab("Initiatives").names if name != "deadline_date"), "Team mood", "date"]
    _, (finding,) = read(grid_with("Initiatives", [], names))
    assert finding.message == (
        "the column 'deadline_date' is missing; write deadline_date into a free cell of row 1,"
        " or run `roadmap init` to add it"
    )


@pytest.mark.parametrize("name", ["Constraints", "Targets", "Portfolio", "Roadmap Plan", "Run Log"])
def test_a_tab_from_before_a_new_system_column_is_told_so_at_each_reading_and_the_run_goes_on(name: str) -> None:
    """Nothing is added while the worker runs: a cycle never changes the shape of a tab."""
    new = [column.name for column in tab(name).columns if not column.is_pm and not column.is_required]
    for missing in new:
        _, (finding,) = read(grid_with(name, [], [column for column in tab(name).names if column != missing]))
        assert (finding.tab, finding.column, finding.severity) == (name, missing, Severity.WARN)
        assert "run `roadmap init` to add it" in finding.message
        assert not finding.stops_run


@pytest.mark.parametrize("above", [[[]], [["My rules"]], [["title", "notes"], [], ["Q1"]]])
def test_a_header_that_moved_down_is_told_with_the_rows_to_delete(above: list[list[Any]]) -> None:
    grid = grid_with("Targets", [{"kpi_key": "revenue"}])
    moved = dataclasses.replace(grid, values=[*above, *grid.values])
    _, (finding,) = read(moved)
    rows = "row 1" if len(above) == 1 else f"rows 1 to {len(above)}"
    assert finding.message.startswith(
        f"the header stands in row {len(above) + 1}, and it has to be row 1; delete {rows}"
    )
    assert finding.stops_run


def test_a_tab_whose_first_row_is_no_header_is_told_once() -> None:
    grid = Grid(title="Targets", sheet_id=1, row_count=9, column_count=9, values=[[], ["kpi_key"], ["revenue"]])
    _, findings = read(grid)
    assert len(findings) == 1
    assert "row 1 holds no header" in findings[0].message
    assert findings[0].stops_run


def test_a_header_that_stands_twice_is_an_error_on_the_second() -> None:
    _, (finding,) = read(grid_with("Setup", [], [*tab("Setup").names, "Value "]))
    assert finding.where == "Setup!J1"
    assert (
        finding.message
        == "the column 'value' stands twice, in B and J ('value' and 'Value'); rename or delete one of them"
    )
    assert finding.stops_run
