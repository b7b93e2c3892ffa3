"""A PM's story, row to roadmap, over HTTP: what the product is for."""

from __future__ import annotations

import gspread
import pytest

PROVENANCE = [
    "run",
    "scenario",
    "constraint_set",
    "rules_version",
    "inputs_as_of",
    "solved_at",
    "plan_quality",
    "source",
    "source_rows",
    "run_id",
    "portfolio_id",
    "constraint_digest",
]


def rows_of(spreadsheet: gspread.Spreadsheet, tab: str) -> list[dict[str, str]]:
    header, *rows = spreadsheet.worksheet(tab).get_all_values()
    return [dict(zip(header, row, strict=False)) for row in rows if any(row)]


def set_cell(spreadsheet: gspread.Spreadsheet, tab: str, row: int, column: str, value: object) -> None:
    sheet = spreadsheet.worksheet(tab)
    at = sheet.row_values(1).index(column) + 1
    sheet.update([[value]], gspread.utils.rowcol_to_a1(row, at), value_input_option="USER_ENTERED")


def find_row(spreadsheet: gspread.Spreadsheet, tab: str, **wanted: str) -> int:
    header, *rows = spreadsheet.worksheet(tab).get_all_values()
    for number, row in enumerate(rows, start=2):
        cells = dict(zip(header, row, strict=False))
        if all(cells.get(column) == value for column, value in wanted.items()):
            return number
    raise AssertionError(f"no row of {tab} with {wanted}")


@pytest.fixture
def workbook(world) -> str:
    return world.cli.json("init", "--new", "Story", "--sample")["workbook"]


def test_a_pm_edits_a_cap_runs_publishes_edits_the_plan_and_publishes_again(world, workbook) -> None:
    """An edited cap changes the portfolio; a published plan keeps what the PM typed and what is locked."""
    sheet = world.spreadsheet(workbook)
    first = world.cli.json("optimize", workbook)
    assert first["status"] in ("optimal", "feasible")
    chosen = {row["initiative_key"] for row in rows_of(sheet, "Portfolio") if row["selected"] == "TRUE"}
    assert chosen == {item["initiative_key"] for item in first["result"]["items"] if item["selected"]}

    header, *rules = sheet.worksheet("Constraints").get_all_values()
    at = {name: index for index, name in enumerate(header)}
    row, rule = next(
        (number, rule)
        for number, rule in enumerate(rules, start=2)
        if rule[at["constraint_type"]] == "capacity_cap"
        and rule[at["dimension"]] == "country"
        and not rule[at["resource"]]
        and not rule[at["period"]]
        and rule[at["is_active"]] != "FALSE"
        and "Baseline" in (rule[at["constraint_set_name"]] or "Baseline")
    )
    country = rule[at["dimension_key"]]
    set_cell(sheet, "Constraints", row, "max", 0)
    second = world.cli.json("optimize", workbook)
    in_country = [row for row in rows_of(sheet, "Portfolio") if row["country"] == country and row["selected"] == "TRUE"]
    assert in_country == []
    assert second["result"]["problem_digest"] != first["result"]["problem_digest"]

    set_cell(sheet, "Constraints", row, "max", rule[at["max"]])
    world.cli("optimize", workbook)
    published = world.cli.json("publish", workbook, "--note", "First")
    assert published["version"] == 1

    plan = rows_of(sheet, "Roadmap Plan")
    ins = [entry for entry in plan if entry["initiative_key"] in set(published["initiatives_in"])]
    kept, dropped = ins[0]["initiative_key"], ins[1]["initiative_key"]
    set_cell(sheet, "Roadmap Plan", find_row(sheet, "Roadmap Plan", initiative_key=kept), "owner", "Maria")
    set_cell(sheet, "Roadmap Plan", find_row(sheet, "Roadmap Plan", initiative_key=kept), "is_locked_in", True)
    set_cell(sheet, "Roadmap Plan", find_row(sheet, "Roadmap Plan", initiative_key=dropped), "decision", "out")
    world.cli("optimize", workbook)
    again = world.cli.json("publish", workbook, "--note", "Second")
    assert again["version"] == 2
    assert kept in again["initiatives_in"]
    assert dropped not in again["initiatives_in"]
    after = {entry["initiative_key"]: entry for entry in rows_of(sheet, "Roadmap Plan")}
    assert after[kept]["owner"] == "Maria"
    assert after[kept]["is_locked_in"] == "TRUE"
    assert after[dropped]["decision"] == "out"


def test_every_provenance_cell_of_a_published_plan_is_filled(world, workbook) -> None:
    """Each row of Portfolio and each planned row of Roadmap Plan walks back to its run."""
    sheet = world.spreadsheet(workbook)
    world.cli("optimize", workbook)
    world.cli("publish", workbook)
    for row in rows_of(sheet, "Portfolio"):
        blank = [name for name in PROVENANCE if name != "source_rows" and not row[name]]
        assert not blank, (row["initiative_key"], blank)
    planned = [row for row in rows_of(sheet, "Roadmap Plan") if row["roadmap_version"]]
    assert planned
    for row in planned:
        blank = [
            name for name in (*PROVENANCE, "published_by", "published_at") if name != "source_rows" and not row[name]
        ]
        assert not blank, (row["initiative_key"], blank)


def test_a_title_that_looks_like_a_formula_stays_text(world, workbook) -> None:
    """A hostile title is never a formula in any tab that the worker writes."""
    sheet = world.spreadsheet(workbook)
    initiatives = sheet.worksheet("Initiatives")
    at = initiatives.row_values(1).index("title") + 1
    cell = gspread.utils.rowcol_to_a1(2, at)
    before = initiatives.acell(cell).value
    initiatives.update([['=HYPERLINK("http://evil.example","x")']], cell, raw=True)
    try:
        world.cli("optimize", workbook)
        formulas = sheet.worksheet("Portfolio").get_all_values(value_render_option="FORMULA")
        titles = [row[formulas[0].index("title")] for row in formulas[1:]]
        shown = [row["title"] for row in rows_of(sheet, "Portfolio")]
        assert '=HYPERLINK("http://evil.example","x")' in titles
        assert titles == shown
    finally:
        initiatives.update([[before]], cell, raw=True)


def test_a_text_in_a_number_is_told_on_the_cell_and_a_lost_rule_stops_the_run(world, workbook) -> None:
    """A cap that says 'abc' is an ERROR on its cell and in Checks, and the run says it stops; mending clears it."""
    sheet = world.spreadsheet(workbook)
    row = next(
        number
        for number, rule in enumerate(rows_of(sheet, "Constraints"), start=2)
        if rule["constraint_type"] == "capacity_cap" and rule["is_active"] != "FALSE" and not rule["period"]
    )
    before = rows_of(sheet, "Constraints")[row - 2]["max"]
    set_cell(sheet, "Constraints", row, "max", "abc")
    stopped = world.cli.json("optimize", workbook, exits=1)
    assert stopped["status"] == "stopped"
    told = rows_of(sheet, "Constraints")[row - 2]
    assert told["sys: status"] == "ERROR"
    assert "abc" in told["sys: message"]
    assert any("abc" in line["problem"] for line in rows_of(sheet, "Checks"))
    notes = sheet.worksheet("Constraints").get_notes()
    column = sheet.worksheet("Constraints").row_values(1).index("max")
    assert "abc" in notes[row - 1][column]
    set_cell(sheet, "Constraints", row, "max", before)
    world.cli("optimize", workbook)
    assert rows_of(sheet, "Constraints")[row - 2]["sys: status"] in ("OK", "WARN")
