"""The explanations of a run stand in the sheet, beside the rows they are about, and come from the database."""

from __future__ import annotations

import re

import gspread
import pytest

from db import store
from jobs import optimize as job
from jobs.optimize import optimize
from jobs.publish import publish
from jobs.show import Asked
from jobs.workspaces import find


@pytest.fixture(scope="module")
def workbook(world) -> str:
    return world.cli.json("init", "--new", "Explained", "--sample")["workbook"]


@pytest.fixture(scope="module")
def good(world, workbook):
    return world.cli.json("optimize", workbook)


@pytest.fixture
def sheet(world, workbook, good) -> gspread.Spreadsheet:
    return world.spreadsheet(workbook)


def rows_of(sheet: gspread.Spreadsheet, tab: str) -> list[dict[str, str]]:
    header, *rows = sheet.worksheet(tab).get_all_values()
    return [dict(zip(header, row, strict=False)) for row in rows if any(row)]


def place_of(sheet: gspread.Spreadsheet, tab: str, row: int, column: str) -> str:
    return gspread.utils.rowcol_to_a1(row, sheet.worksheet(tab).row_values(1).index(column) + 1)


def typed(sheet: gspread.Spreadsheet, tab: str, cell: str, value: object) -> None:
    sheet.worksheet(tab).update([[value]], cell, value_input_option=gspread.utils.ValueInputOption.user_entered)


def test_each_initiative_that_is_out_says_what_would_get_it_in(sheet) -> None:
    for row in rows_of(sheet, "Portfolio"):
        if row["selected"] == "TRUE":
            assert row["gets_in_if"] == ""
        else:
            assert re.match(r"it brings .+ \(now .+\)$|a rule changes: ", row["gets_in_if"]), row["title"]


def test_the_rules_of_the_run_say_what_they_cost_and_others_nothing(sheet) -> None:
    rules = rows_of(sheet, "Constraints")
    by_words = {row["reads_as"]: row["rule_cost"] for row in rules}
    assert re.fullmatch(r"costs the worth of [0-9,.]+ EUR revenue", by_words["UK: at most 750 tokens"])
    assert by_words["PL: at least 220 tokens"] == "costs nothing"
    assert by_words["Platform: at most 480 tokens"] == ""  # a rule of another set
    assert by_words["UK: at most 400 tokens (switched off)"] == ""


def test_targets_say_what_they_ask_for_and_how_far_plans_can_go(sheet) -> None:
    told = {(row["kpi_key"], row["type"], row["target_value"]): row for row in rows_of(sheet, "Targets")}
    uplifts = {key: row["required_uplift"] for key, row in told.items()}
    assert uplifts["revenue", "floor", "8000000"] == "8,000,000"
    assert uplifts["orders", "goal", "1450000"] == "250,000"
    assert uplifts["delivery_time", "floor", "31.5"] == "2.5"
    reach = {key: row["reachable"] for key, row in told.items()}
    assert re.fullmatch(r"yes: at most [0-9,.]+ EUR", reach["revenue", "floor", "8000000"])
    assert re.fullmatch(r"no: at most [0-9,.]+ EUR", reach["revenue", "goal", "11400000"])
    assert reach["revenue", "floor", "9500000"] == ""  # a target of another set


def test_alerts_write_numbers_with_commas_and_say_what_helps(sheet) -> None:
    alerts = {row["problem"]: row for row in rows_of(sheet, "Alerts")}
    missed = alerts["Net revenue misses its goal"]
    assert missed["required"] == "11,400,000"
    assert missed["repair"].startswith("Plans can bring at most ")
    capacity = alerts["The whole plan: at most 4,500 tokens, and nothing more fits"]
    assert "more tokens of capacity (Scenarios!D2)" in capacity["repair"]
    assert alerts["Net revenue keeps its floor"]["repair"] == ""


def test_what_a_pm_types_into_these_columns_is_put_back(world, workbook, sheet) -> None:
    places = {("Constraints", "rule_cost"): 10, ("Targets", "required_uplift"): 2, ("Targets", "reachable"): 2}
    places[("Portfolio", "gets_in_if")] = len(rows_of(sheet, "Portfolio")) + 1
    cells = {tab_column: place_of(sheet, tab_column[0], row, tab_column[1]) for tab_column, row in places.items()}
    before = {key: sheet.worksheet(key[0]).acell(cell).value for key, cell in cells.items()}
    assert all(before.values())
    for (tab, _), cell in cells.items():
        typed(sheet, tab, cell, "mine")
    world.cli("check", workbook)
    assert {key: sheet.worksheet(key[0]).acell(cell).value for key, cell in cells.items()} == before


def test_a_rule_that_is_changed_says_nothing_until_the_next_run(world, workbook, sheet) -> None:
    row = next(
        n for n, one in enumerate(rows_of(sheet, "Constraints"), 2) if one["reads_as"] == "UK: at most 750 tokens"
    )
    cost = place_of(sheet, "Constraints", row, "rule_cost")
    cap = place_of(sheet, "Constraints", row, "max")
    before = sheet.worksheet("Constraints").acell(cost).value
    typed(sheet, "Constraints", cap, 760)
    world.cli("check", workbook)
    assert not sheet.worksheet("Constraints").acell(cost).value
    typed(sheet, "Constraints", cap, 750)
    world.cli("check", workbook)
    assert sheet.worksheet("Constraints").acell(cost).value == before


def test_publishing_writes_the_same_remarks_without_solving(world, workbook, sheet, monkeypatch) -> None:
    columns = {"Portfolio": "gets_in_if", "Constraints": "rule_cost", "Targets": "reachable", "Alerts": "repair"}
    before = {tab: [row[column] for row in rows_of(sheet, tab)] for tab, column in columns.items()}
    for tab, column in columns.items():
        typed(sheet, tab, place_of(sheet, tab, 2, column), "gone")

    def never(*_args, **_named):
        raise AssertionError("publishing solved")

    monkeypatch.setattr(job, "remarks", never)
    monkeypatch.setattr(job, "solve", never)
    with world.connected() as connections:
        publish(connections, find(connections, workbook), Asked(requested_by="dana"))
    assert {tab: [row[column] for row in rows_of(sheet, tab)] for tab, column in columns.items()} == before


def test_an_infeasible_run_tells_each_row_its_repair_and_typing_it_makes_a_plan(world) -> None:
    workbook = world.cli.json("init", "--new", "Too much", "--sample")["workbook"]
    sheet = world.spreadsheet(workbook)
    setup = next(n for n, row in enumerate(rows_of(sheet, "Setup"), 2) if row["key"] == "default_constraint_set")
    typed(sheet, "Setup", f"B{setup}", "Everything at once")
    world.cli("optimize", workbook, exits=3)
    alerts = [row for row in rows_of(sheet, "Alerts") if row["repair"] and row["severity"] == "CRITICAL"]
    assert len(alerts) == 2
    for row in alerts:
        tab, cell = re.search(r"(\w+)!([A-Z]+[0-9]+)", row["repair"]).groups()
        assert row["problem"].startswith(f"{tab}!{cell}: ")
        assert row["go_to"] == f"{tab} row {re.sub('[A-Z]', '', cell)}"
    told = next(row["repair"] for row in alerts if row["repair"].startswith("Lower Constraints!"))
    cell, number = re.match(r"Lower Constraints!([A-Z]+[0-9]+) from [0-9,]+ to ([0-9,]+) ", told).groups()
    typed(sheet, "Constraints", cell, int(number.replace(",", "")))
    world.cli("optimize", workbook)
    assert not [row for row in rows_of(sheet, "Alerts") if row["severity"] == "CRITICAL"]


def test_a_run_leaves_how_its_solve_went_where_others_can_read_it(world, workbook, sheet) -> None:
    with world.connected() as connections:
        workspace = find(connections, workbook)
        seen = []
        solve = job.solve

        def watched(problem, *, on_progress, cancelled):
            def also(told):
                on_progress(told)
                with connections.database.transaction() as session:
                    seen.append(store.run_state(session, workspace.id))

            return solve(problem, on_progress=also, cancelled=cancelled)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(job, "solve", watched)
            outcome = optimize(connections, workspace, Asked())
        with connections.database.transaction() as session:
            after = store.run_state(session, workspace.id)
    assert {state.status for state in seen} == {"solving"}
    assert all(state.progress is not None and state.run_id == outcome.run_id for state in seen)
    assert after.status == "done"
    assert after.progress["phase"] == "done"
    assert float(after.progress["incumbent"]) == pytest.approx(float(outcome.run.solution.objective))
