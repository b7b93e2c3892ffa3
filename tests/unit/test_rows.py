"""Rows: good rows are read whatever stands beside them; every problem is told on its cell."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.candidates import register_of
from engine.findings import Severity
from engine.inputs import WorkbookInputs
from sheets_sync.grids import Grid
from sheets_sync.headers import header, row_digest
from sheets_sync.tabs import TABS, tab
from tests.unit.typed_workbooks import Rows, grid_with, read


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
        "country": "UK",
        "engineering_tokens": 120.0,
        "is_candidate": True,
        "earliest_period": "2026-Q1",
    }
    rows = [{**row, "initiative_key": f"INIT-{number:06d}", "title": f"A{number}"} for number in range(1, 20_001)]
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


def test_two_initiatives_of_one_title_are_told_on_both_rows_until_one_says_that_it_repeats_the_other() -> None:
    """By title, whatever its case and spaces; a copied row of one key and a blank title say nothing of it."""
    one = {"initiative_key": "INIT-000012", "title": "Live map"}
    other = {"initiative_key": "INIT-000013", "title": " live  MAP"}
    rows = [one, other, {"title": "Live map"}, {"initiative_key": "INIT-000014", "title": "Z"}, {"title": "Z2"}]
    _, findings = read(Initiatives=rows)
    told = [(finding.cell, finding.severity, finding.message) for finding in findings]
    assert [(cell, severity) for cell, severity, _ in told] == [(f"B{row}", Severity.WARN) for row in (2, 3, 4)]
    assert [message.partition(";")[0] for _, _, message in told] == [
        "same title as row 3",
        "same title as row 2",
        "same title as row 2",
    ]
    assert told[1][2].endswith("if both are one initiative, write the key of row 2 into duplicate_of")
    assert read(Initiatives=[one, {**other, "duplicate_of": "INIT-000012"}])[1] == []
    assert read(Initiatives=[one, one])[1] == []
    assert [finding.cell for finding in read(Initiatives=[{"title": "Z"}, {"title": "Z"}])[1]] == ["B2", "B3"]
