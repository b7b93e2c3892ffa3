"""Rows: good rows are read whatever stands beside them; every problem is told on its cell."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.candidates import register_of
from engine.findings import Finding, Severity
from engine.inputs import WorkbookInputs
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import header, row_digest
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import TABS, tab

Rows = Sequence[Mapping[str, Any]]


def grid_with(name: str, rows: Rows, headers: Sequence[str] | None = None) -> Grid:
    names = list(headers if headers is not None else (*tab(name).names, *_more(name, rows)))
    values = [names, *[[row.get(column) for column in names] for row in rows]]
    return Grid(title=name, sheet_id=1, row_count=1000, column_count=60, values=values)


def _more(name: str, rows: Rows) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row if column not in tab(name).names))


def workbook_with(*grids: Grid, locale: str = "en_US", without: Sequence[str] = (), **tables: Rows) -> Workbook:
    found = {declared.name: grid_with(declared.name, []) for declared in TABS if declared.name not in without}
    found |= {name.replace("_", " "): grid_with(name.replace("_", " "), rows) for name, rows in tables.items()}
    found |= {grid.title: grid for grid in grids}
    return Workbook(spreadsheet_id="s", title="t", url="u", locale=locale, time_zone="Europe/Berlin", grids=found)


def read(*grids: Grid, **more: Any) -> tuple[WorkbookInputs, list[Finding]]:
    inputs, findings = read_inputs(workbook_with(*grids, **more))
    return inputs, list(findings)


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


def test_good_rows_are_read_and_bad_cells_told_where_they_are() -> None:
    inputs, (finding,) = read(
        Constraints=[
            {"constraint_type": "capacity_cap", "dimension": "country", "dimension_key": "UK", "max": "abc"},
            {"constraint_type": "capacity_cap", "dimension": "country", "dimension_key": "DE", "max": 300},
        ]
    )
    bad, good = inputs.constraints
    assert (bad.max, bad.bad, bad.dimension_key) == (None, {"max"}, "UK")
    assert (good.max, good.bad, good.row) == (Decimal(300), frozenset(), 3)
    assert str(finding) == "Constraints!I2: max: 'abc' is not a number; write 400"
    assert not finding.stops_run


def test_blank_cells_are_not_set_and_blank_rows_are_skipped() -> None:
    inputs, findings = read(
        Initiatives=[
            {"title": "A"},
            {"title": "  ", "is_candidate": False},
            {},
            {"title": "B", "engineering_tokens": 0},
        ]
    )
    assert findings == []
    assert [(row.title, row.row, row.engineering_tokens) for row in inputs.initiatives] == [("A", 2, None), ("B", 5, 0)]
    assert inputs.initiatives[0].cells["engineering_tokens"] == "M2"


def test_families_of_columns_are_read_by_their_members() -> None:
    inputs, findings = read(
        Metrics=[{"kpi_key": "revenue"}, {"kpi_key": "Diners"}, {"kpi_key": "old", "is_active": False}],
        Initiatives=[{"title": "A", "Resource:Design": 15, "resource: budget EUR": "1,000.5", "param: reach": 3}],
        Contributions=[{"initiative_key": "init-1", "Revenue": 48000, "diners": ""}],
    )
    assert [finding.severity for finding in findings] == [Severity.WARN]
    assert inputs.initiatives[0].resources == {"Design": 15, "budget EUR": Decimal("1000.5")}
    assert inputs.initiatives[0].params == {"reach": 3}
    assert inputs.contributions[0].contributions == {"revenue": 48000}
    assert inputs.contributions[0].initiative_key == "INIT-000001"


def test_an_active_kpi_without_its_column_is_an_error_that_stops_the_run() -> None:
    _, (finding,) = read(Metrics=[{"kpi_key": "revenue"}], Contributions=[{"initiative_key": "INIT-1", "revenu": 5}])
    assert finding.stops_run
    assert "rename the column 'revenu' to revenue" in finding.message


def test_a_kpi_cannot_be_called_like_a_column() -> None:
    inputs, (finding,) = read(Metrics=[{"kpi_key": "Title"}])
    assert finding.where == "Metrics!A2"
    assert inputs.metrics[0].kpi_key is None


TWICE: Rows = [{"initiative_key": key, "title": key} for key in ("INIT-7", "INIT-000008", "init-7")]


@pytest.mark.parametrize(("name", "stops"), [("Contributions", False), ("Roadmap_Plan", True)])
def test_a_key_that_stands_twice_is_told_on_every_row_it_stands_in(name: str, stops: bool) -> None:
    inputs, findings = read(**{name: TWICE})
    assert [finding.row for finding in findings] == [2, 4]
    assert findings[0].message.startswith("INIT-000007 stands in row 4 too; ")
    assert [finding.stops_run for finding in findings] == [stops, stops]
    rows = inputs.contributions if name == "Contributions" else inputs.plan
    assert [row.initiative_key for row in rows] == ["INIT-000007", "INIT-000008", "INIT-000007"]


def test_an_initiative_that_stands_twice_is_read_so_that_the_compiler_tells_both_rows() -> None:
    inputs, findings = read(Initiatives=TWICE)
    assert findings == []
    told = register_of(inputs.initiatives).findings
    assert [(finding.where, finding.stops_run) for finding in told] == [
        ("Initiatives!A2", True),
        ("Initiatives!A4", True),
    ]


def test_a_title_where_a_key_belongs_is_an_error_that_proposes_the_key() -> None:
    _, (finding,) = read(
        Initiatives=[{"initiative_key": "INIT-000001", "title": "One-tap checkout"}],
        Constraints=[{"constraint_type": "mandatory", "members": "one-tap Checkout"}],
    )
    assert finding.message == "'one-tap Checkout' is a title; write its key, INIT-000001"


def test_rules_hold_lists_and_shares() -> None:
    inputs, findings = read(
        Scenarios=[{"scenario_name": "Core, with locks"}],
        Constraints=[
            {
                "scenario_name": "Core, with locks",
                "constraint_set_name": "Baseline; Aggressive",
                "members": "INIT-2|INIT-1",
            },
            {"constraint_type": "share_cap", "max": "25%"},
            {"constraint_type": "share_cap", "max": 30},
            {"constraint_type": "capacity_cap", "max": "30%"},
            {"constraint_type": "capacity_cap", "max": -5},
        ],
    )
    first, share, *_ = inputs.constraints
    assert first.scenario_names == ("Core, with locks",)
    assert first.constraint_set_names == ("Baseline", "Aggressive")
    assert first.members == ("INIT-000002", "INIT-000001")
    assert share.max == Decimal("0.25")
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert [finding.row for finding in errors] == [4, 5, 6]
    assert [row.max for row in inputs.constraints[2:]] == [None, None, None]


def test_setup_becomes_one_validated_value() -> None:
    inputs, findings = read(
        Setup=[
            {"key": "Default Scenario", "value": "Core"},
            {"key": "fiscal_year_starts", "value": "April"},
            {"key": "cost_per_token", "value": 850.5},
            {"key": "time_zone", "value": "Asia/Tokyo"},
            {"key": "scheduled_run_shows", "value": "Portfolio"},
        ]
    )
    assert findings == []
    setup = inputs.setup
    assert (setup.default_scenario, setup.fiscal_year_starts, setup.cost_per_token) == ("Core", 4, Decimal("850.5"))
    assert (setup.time_zone, setup.scheduled_run_shows, len(setup.rows)) == ("Asia/Tokyo", "portfolio", 5)


@pytest.mark.parametrize(
    ("rows", "where", "part"),
    [
        ([{"key": "time_zone", "value": "Berlin"}], ["Setup!B2"], "write Europe/Berlin"),
        ([{"key": "time_zone", "value": "../../etc"}], ["Setup!B2"], "not a time zone"),
        ([{"key": "fiscal_year_starts", "value": 13}], ["Setup!B2"], "not a month"),
        ([{"key": "currncy", "value": "EUR"}], ["Setup!A2"], "write currency"),
        ([{"value": "EUR"}], ["Setup!A2"], "no key stands beside 'EUR'"),
        (
            [{"key": "currency", "value": "EUR"}, {"key": "Currency", "value": "USD"}],
            ["Setup!A2", "Setup!A3"],
            "stands in row",
        ),
        ([{"key": "scheduled_run_shows", "value": "all"}], ["Setup!B2"], "write alerts or portfolio"),
    ],
)
def test_a_wrong_setting_is_told_on_its_row_and_keeps_its_default(rows: Rows, where: list[str], part: str) -> None:
    inputs, findings = read(Setup=rows)
    assert [finding.where for finding in findings] == where
    assert part in findings[0].message
    assert (inputs.setup.time_zone, inputs.setup.fiscal_year_starts) == ("Europe/Berlin", 1)
    assert (inputs.setup.currency, inputs.setup.scheduled_run_shows) == (None, "alerts")


def test_plan_rows_and_requests_are_read_with_the_cells_they_are_known_by() -> None:
    inputs, findings = read(
        Roadmap_Plan=[
            {"initiative_key": "INIT-000001", "roadmap_version": 4, "is_locked_in": True, "status": "on track"},
            {"initiative_key": "INIT-000002"},
        ],
        Requests=[
            {"request_id": "r1", "action": "optimize", "requested_at": 46000.5},
            {"request_id": "r1", "action": "optimize", "status": "done"},
        ],
    )
    assert findings == []
    locked, plain = inputs.plan
    assert (locked.roadmap_version, locked.is_locked_in, locked.status) == (4, True, "on track")
    assert (plain.initiative_key, plain.decision) == ("INIT-000002", None)
    assert [request.status for request in inputs.requests] == [None, "done"]
    assert inputs.requests[0].requested_at == datetime(2025, 12, 9, 11, tzinfo=UTC)


CELLS = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(-(10**20), 10**20), st.text(max_size=30))


@given(st.sampled_from([declared.name for declared in TABS if declared.is_read]), st.data())
def test_no_sheet_whatsoever_raises(name: str, data: st.DataObject) -> None:
    names = st.sampled_from([*tab(name).names, "resource: a", "x", "", 3.0, None])
    values = [data.draw(st.lists(names, max_size=12)), *data.draw(st.lists(st.lists(CELLS, max_size=12), max_size=4))]
    grid = Grid(title=name, sheet_id=1, row_count=9, column_count=30, values=values)
    inputs, findings = read(grid, Metrics=[{"kpi_key": "x"}]) if name != "Metrics" else read(grid)
    assert isinstance(inputs, WorkbookInputs)
    for finding in findings:
        assert len(finding.message) < 1000


@given(st.dictionaries(st.sampled_from(("title", "country", "engineering_tokens", "is_candidate")), CELLS, min_size=1))
def test_a_row_is_found_again_by_its_digest_after_columns_have_moved(row: dict[str, Any]) -> None:
    here = grid_with("Initiatives", [row])
    names = [*reversed(tab("Initiatives").names)]
    there = grid_with("Initiatives", [{**row, "sys: status": "OK"}], names)
    digests = {header(grid, tab("Initiatives")).digest(grid.values[1]) for grid in (here, there)}
    assert len(digests) == 1
    inputs, _ = read(here)
    assert all(read_row.digest in digests for read_row in inputs.initiatives)


def test_a_digest_changes_with_the_pms_cells_alone() -> None:
    assert row_digest({"title": "A", "max": 120}) == row_digest({"max": 120.0, "title": " A ", "notes": ""})
    assert row_digest({"title": "A"}) != row_digest({"title": "a"})
    assert row_digest({"min": 1}) != row_digest({"max": 1})
    assert row_digest({"title": "1"}) != row_digest({"title": 1})
    assert row_digest({"title": "\ud800"}).startswith("sha256:")


def test_twenty_thousand_rows_are_read_whole() -> None:
    row = {
        "title": "A",
        "country": "UK",
        "engineering_tokens": 120.0,
        "is_candidate": True,
        "earliest_period": "2026-Q1",
    }
    rows = [{**row, "initiative_key": f"INIT-{number:06d}"} for number in range(1, 20_001)]
    inputs, findings = read(Initiatives=rows)
    assert findings == []
    assert len(inputs.initiatives) == 20_000
    assert inputs.initiatives[-1].cells["title"] == "B20001"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("INIT-000001", "INIT-000001 is this initiative itself; write the key of the one that it repeats, or clear it"),
        ("INIT-000009", "INIT-000009 is not in Initiatives; correct the key, or clear the cell"),
        ("init-2", None),
    ],
)
def test_an_initiative_repeats_another_one_that_is_there(key: str, told: str | None) -> None:
    rows = [{"initiative_key": f"INIT-00000{n}", "title": f"Idea {n}"} for n in (1, 2)]
    rows[0]["duplicate_of"] = key
    _, findings = read(grid_with("Initiatives", rows))
    assert [(f.severity, f.row, f.column, f.message) for f in findings] == (
        [(Severity.WARN, 2, "duplicate_of", told)] if told else []
    )


def test_a_request_without_an_id_is_told_how_to_get_its_answer() -> None:
    rows = [{"action": "optimize"}, {"request_id": "run-7", "action": "optimize"}, {"requested_by": "dana"}]
    _, findings = read(grid_with("Requests", rows))
    (finding,) = findings
    assert (finding.row, finding.column, finding.stops_run) == (2, "request_id", False)
    assert finding.message.startswith("this request has no request_id; write any word that no other row has")
