"""The template makes and repairs a workbook in one batch, moves nothing, deletes nothing, and is done once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from sheets_sync.grids import Grid, Workbook
from sheets_sync.local.schema import checked
from sheets_sync.rows import read_inputs
from sheets_sync.rule_tabs import DIMENSION_CHOICES
from sheets_sync.sample import SAMPLE_SIZE, sample_tables
from sheets_sync.tabs import TABS, tab
from sheets_sync.template import default_title, fill_requests, new_workbook_requests, repair_requests

KEYS = [f"INIT-{number:06d}" for number in range(1, SAMPLE_SIZE + 1)]


def spreadsheet(*grids: Grid) -> Workbook:
    return Workbook(
        spreadsheet_id="workbook",
        title="t",
        url="u",
        locale="en_US",
        time_zone="UTC",
        grids={grid.title: grid for grid in grids},
    )


EMPTY = spreadsheet(Grid(title="Sheet1", sheet_id=0, row_count=1000, column_count=26))


def applied(workbook: Workbook, requests: Sequence[dict[str, Any]]) -> Workbook:
    """The grids after a batch: of all requests, those that change titles, sizes and values."""
    grids = {grid.sheet_id: grid for grid in workbook.grids.values()}
    named = list(workbook.metadata.get("namedRanges", ()))
    for request in requests:
        ((kind, body),) = request.items()
        if kind == "addSheet":
            properties = body["properties"]
            assert properties["sheetId"] not in grids
            assert properties["title"] not in {grid.title for grid in grids.values()}
            size = properties["gridProperties"]
            grids[properties["sheetId"]] = Grid(
                title=properties["title"],
                sheet_id=properties["sheetId"],
                row_count=size["rowCount"],
                column_count=size["columnCount"],
                is_hidden=properties["hidden"],
            )
        elif kind == "updateSheetProperties":
            properties = body["properties"]
            old = grids[properties["sheetId"]]
            grids[old.sheet_id] = dataclasses.replace(old, title=properties["title"])
        elif kind == "appendDimension":
            old = grids[body["sheetId"]]
            field = "row_count" if body["dimension"] == "ROWS" else "column_count"
            grids[old.sheet_id] = dataclasses.replace(old, **{field: getattr(old, field) + body["length"]})
        elif kind == "updateCells":
            old = grids[body["start"]["sheetId"]]
            grids[old.sheet_id] = dataclasses.replace(old, values=_written(old, body))
        elif kind == "addNamedRange":
            assert body["namedRange"]["range"]["sheetId"] in grids
            named.append(body["namedRange"])
        else:
            assert kind.startswith(
                ("repeatCell", "setData", "addProtected", "addDim", "updateDim", "addBand", "addCond", "createDev")
            )
            for sheet_id in _sheet_ids(body):
                assert sheet_id in grids
    return dataclasses.replace(spreadsheet(*grids.values()), metadata={"namedRanges": named})


def _written(grid: Grid, body: dict[str, Any]) -> list[list[Any]]:
    values = [list(row) for row in grid.values]
    for down, row in enumerate(body["rows"], start=body["start"]["rowIndex"]):
        assert down < grid.row_count
        values += [[] for _ in range(down + 1 - len(values))]
        for right, cell in enumerate(row["values"], start=body["start"]["columnIndex"]):
            assert right < grid.column_count
            values[down] += [""] * (right + 1 - len(values[down]))
            values[down][right] = next(iter(cell.get("userEnteredValue", {"": ""}).values()))
    return values


def _sheet_ids(body: Any) -> Iterator[int]:
    if isinstance(body, dict):
        if "sheetId" in body:
            yield body["sheetId"]
        for value in body.values():
            yield from _sheet_ids(value)
    elif isinstance(body, list):
        for value in body:
            yield from _sheet_ids(value)


def of_kind(requests: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [request[kind] for request in requests if kind in request]


def test_an_empty_spreadsheet_becomes_a_workbook_that_is_read_without_findings() -> None:
    workbook = applied(EMPTY, repair_requests(EMPTY))
    assert [*workbook.grids] == [declared.name for declared in TABS]
    _, findings = read_inputs(workbook)
    assert findings == ()


def test_repairing_what_is_whole_asks_for_nothing() -> None:
    assert repair_requests(applied(EMPTY, repair_requests(EMPTY))) == []
    filled = applied(EMPTY, new_workbook_requests(EMPTY, sample_tables(KEYS)))
    assert repair_requests(filled) == []


def test_nothing_is_ever_deleted_or_moved() -> None:
    kinds = {kind for request in new_workbook_requests(EMPTY, sample_tables(KEYS)) for kind in request}
    assert not [kind for kind in kinds if "delete" in kind or "move" in kind or "sort" in kind]


def test_a_sheet_that_holds_something_stays_beside_the_tabs() -> None:
    mine = Grid(title="Sheet1", sheet_id=0, row_count=10, column_count=5, values=[["my list"]])
    workbook = applied(spreadsheet(mine), repair_requests(spreadsheet(mine)))
    assert workbook.grids["Sheet1"] == mine
    assert len(workbook.grids) == len(TABS) + 1


def test_a_sheet_that_was_not_read_is_left_alone_and_its_title_told() -> None:
    sheets = [{"properties": {"sheetId": 0, "title": "Sheet1"}}]
    unread = dataclasses.replace(spreadsheet(), metadata={"sheets": sheets})
    assert default_title(unread) == "Sheet1"
    assert default_title(dataclasses.replace(EMPTY, metadata={"sheets": sheets})) is None
    assert not of_kind(repair_requests(unread), "updateSheetProperties")
    assert len(of_kind(repair_requests(unread), "addSheet")) == len(TABS)


def test_a_missing_tab_is_added_where_it_belongs_and_nothing_else_touched() -> None:
    whole = applied(EMPTY, repair_requests(EMPTY))
    torn = spreadsheet(*[grid for grid in whole.grids.values() if grid.title != "Targets"])
    torn = dataclasses.replace(torn, metadata=whole.metadata)
    requests = repair_requests(torn)
    (added,) = of_kind(requests, "addSheet")
    assert (added["properties"]["title"], added["properties"]["index"]) == ("Targets", 7)
    assert {*_sheet_ids(requests)} == {added["properties"]["sheetId"]}
    assert repair_requests(applied(torn, requests)) == []


def test_a_missing_column_is_added_behind_the_last_header_and_the_pms_columns_stay() -> None:
    names = [name for name in tab("Constraints").names if name not in ("max", "sys: status")]
    old = Grid(
        title="Constraints",
        sheet_id=8,
        row_count=50,
        column_count=20,
        values=[[*names, "mine", "", "mine too"], ["Core"]],
    )
    whole = applied(EMPTY, repair_requests(EMPTY))
    torn = spreadsheet(*[old if grid.title == "Constraints" else grid for grid in whole.grids.values()])
    requests = repair_requests(torn)
    after = applied(torn, requests).grids["Constraints"]
    assert after.values[0] == [*names, "mine", "", "mine too", "max", "sys: status"]
    assert after.values[1] == ["Core"]
    assert after.column_count == len(after.values[0])
    assert repair_requests(applied(torn, requests)) == []
    (protected,) = of_kind(requests, "addProtectedRange")
    assert protected["protectedRange"]["range"]["startColumnIndex"] == after.values[0].index("sys: status")


def test_a_new_kpi_gets_its_column_in_contributions_and_portfolio() -> None:
    whole = applied(EMPTY, repair_requests(EMPTY))
    metrics = whole.grids["Metrics"]
    rows = [["revenue"], ["old", *[""] * 5, False], ["Title"]]
    typed = dataclasses.replace(metrics, values=[metrics.values[0], *rows])
    torn = spreadsheet(*[typed if grid.title == "Metrics" else grid for grid in whole.grids.values()])
    after = applied(torn, repair_requests(torn))
    for name in ("Contributions", "Portfolio"):
        assert after.grids[name].values[0] == [*tab(name).names, "revenue"]


def test_the_sample_workbook_is_read_back_as_it_was_written() -> None:
    tables = sample_tables(KEYS)
    workbook = applied(EMPTY, new_workbook_requests(EMPTY, tables))
    inputs, findings = read_inputs(workbook)
    assert [finding for finding in findings if finding.severity == "ERROR"] == []
    assert [row.initiative_key for row in inputs.initiatives] == KEYS
    assert len(inputs.constraints) == len(tables["Constraints"])
    assert len(inputs.targets) == len(tables["Targets"])
    assert any(row.resources for row in inputs.initiatives)
    first = workbook.grids["Contributions"].values
    assert first[1][1] == inputs.initiatives[KEYS.index(first[1][0])].title
    label = workbook.grids["Initiatives"].values[0].index("sys: label")
    assert workbook.grids["Initiatives"].values[1][label] == f"{KEYS[0]} · {inputs.initiatives[0].title}"


NUMBERS = st.one_of(st.none(), st.decimals(0, 10**6, places=3))
NAMES = st.one_of(st.none(), st.text(st.sampled_from("abc =+-@ÄИ字'"), max_size=9).map(str.strip))
RULES = st.fixed_dictionaries(
    {
        "constraint_type": st.sampled_from(("capacity_cap", "group", "synergy")),
        "dimension_key": NAMES,
        "reason": NAMES,
        "min": NUMBERS,
        "bonus": NUMBERS,
        "valid_until": st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2199, 12, 31))),
        "is_active": st.one_of(st.none(), st.booleans()),
        "period": st.sampled_from((None, "2026-Q1", "2026-H2", "2026-03")),
    }
)


@settings(max_examples=40)
@given(st.lists(RULES, max_size=5))
def test_rules_are_read_back_as_they_were_written(rules: list[dict[str, Any]]) -> None:
    whole = applied(EMPTY, repair_requests(EMPTY))
    inputs, findings = read_inputs(applied(whole, fill_requests(whole, {"Constraints": rules})))
    assert findings == ()
    for row, rule in zip(inputs.constraints, rules, strict=True):
        assert {name: getattr(row, name) for name in rule} == {
            name: None if value == "" else value for name, value in rule.items()
        }


def test_filling_writes_below_what_is_there_and_grows_the_tab() -> None:
    workbook = applied(EMPTY, repair_requests(EMPTY))
    rows = [{"scenario_name": f"S{number}"} for number in range(1200)]
    once = applied(workbook, fill_requests(workbook, {"Scenarios": rows[:3]}))
    twice = applied(once, fill_requests(once, {"Scenarios": rows}))
    assert [row[0] for row in twice.grids["Scenarios"].values[1:5]] == ["S0", "S1", "S2", "S0"]
    assert len(twice.grids["Scenarios"].values) == 1204


def test_text_is_written_as_text_and_iso_dates_in_date_columns_as_dates() -> None:
    workbook = applied(EMPTY, repair_requests(EMPTY))
    row = {"title": "=1+1", "deadline_date": "2026-03-31", "notes": "2026-03-31", "engineering_tokens": "1.234,5"}
    (filled,) = of_kind(fill_requests(workbook, {"Initiatives": [row]}), "updateCells")
    entered = [cell["userEnteredValue"] for cell in filled["rows"][0]["values"] if cell]
    assert {"stringValue": "=1+1"} in entered
    assert {"numberValue": 46112} in entered
    assert {"stringValue": "2026-03-31"} in entered
    assert {"stringValue": "1.234,5"} in entered
    assert not any("formulaValue" in value for value in entered)


def test_filling_a_column_that_is_not_there_is_an_error_that_says_so() -> None:
    workbook = applied(EMPTY, repair_requests(EMPTY))
    with pytest.raises(InputError, match="'Scenarios' has no column 'nonsense'"):
        fill_requests(workbook, {"Scenarios": [{"nonsense": 1}]})
    with pytest.raises(InputError, match="roadmap init"):
        fill_requests(EMPTY, {"Scenarios": [{"scenario_name": "A"}]})


def test_hidden_tabs_are_shown_once_they_are_used() -> None:
    def hidden(requests: Sequence[dict[str, Any]]) -> set[str]:
        return {add["properties"]["title"] for add in of_kind(requests, "addSheet") if add["properties"]["hidden"]}

    assert hidden(repair_requests(EMPTY)) == {declared.name for declared in TABS if declared.is_hidden}
    assert hidden(new_workbook_requests(EMPTY, sample_tables(KEYS))) == {"Alerts", "Run Log", "Checks", "Requests"}


def test_system_cells_are_protected_by_a_warning_and_pm_cells_are_not() -> None:
    requests = repair_requests(EMPTY)
    ids = {add["properties"]["title"]: add["properties"]["sheetId"] for add in of_kind(requests, "addSheet")}
    ranges = [protected["protectedRange"] for protected in of_kind(requests, "addProtectedRange")]
    assert all(each["warningOnly"] for each in ranges)
    (plan,) = [each for each in ranges if each["range"]["sheetId"] == ids["Roadmap Plan"]]
    (typed,) = plan["unprotectedRanges"]
    names = tab("Roadmap Plan").names
    assert names[typed["startColumnIndex"]] == "decision"
    assert names[typed["endColumnIndex"] - 1] == "override_reason"
    assert ids["Requests"] not in {each["range"]["sheetId"] for each in ranges}
    (rules,) = [each["range"] for each in ranges if each["range"]["sheetId"] == ids["Constraints"]]
    assert tab("Constraints").names[rules["startColumnIndex"]] == "reads_as"


def test_dropdowns_offer_the_workbooks_own_lists_and_refuse_only_unknown_words() -> None:
    requests = repair_requests(EMPTY)
    rules = [rule["rule"] for rule in of_kind(requests, "setDataValidation")]
    lists = {
        rule["condition"]["values"][0]["userEnteredValue"]
        for rule in rules
        if rule["condition"]["type"] == "ONE_OF_RANGE"
    }
    assert "='Metrics'!$A$2:$A" in lists
    assert "='Scenarios'!$A$2:$A" in lists
    assert not any(rule["strict"] for rule in rules if rule["condition"]["type"] == "ONE_OF_RANGE")
    words = {tuple(value["userEnteredValue"] for value in rule["condition"].get("values", ())): rule for rule in rules}
    assert not words[DIMENSION_CHOICES]["strict"], "country+product may be typed"
    assert words[("floor", "goal", "cap")]["strict"]
    assert {rule["condition"]["type"] for rule in rules} == {
        *("ONE_OF_RANGE", "ONE_OF_LIST", "BOOLEAN", "DATE_IS_VALID", "NUMBER_BETWEEN"),
    }


def test_cells_that_a_row_does_not_use_are_greyed_by_what_decides_it() -> None:
    requests = repair_requests(EMPTY)
    ids = {add["properties"]["sheetId"]: add["properties"]["title"] for add in of_kind(requests, "addSheet")}
    greyed: dict[tuple[str, str], str] = {}
    for added in of_kind(requests, "addConditionalFormatRule"):
        (cells,) = added["rule"]["ranges"]
        name = ids[cells["sheetId"]]
        formula = added["rule"]["booleanRule"]["condition"]["values"][0]["userEnteredValue"]
        greyed[name, tab(name).names[cells["startColumnIndex"]]] = formula
    assert greyed["Targets", "importance"] == '=($F2<>"")*($F2<>"goal")'
    assert greyed["Scenarios", "objective_weights"] == '=($F2<>"")*($F2<>"weighted_kpis")'
    assert ("Scenarios", "may_give_up") in greyed
    assert ("Constraints", "bonus") in greyed
    assert not [name for _, name in greyed if name in ("scenario_name", "target_value", "notes", "is_active")]


def test_every_header_has_a_note_and_technical_columns_a_collapsed_group() -> None:
    requests = repair_requests(EMPTY)
    updates = [update for update in of_kind(requests, "updateCells") if update["start"]["rowIndex"] == 0]
    headers = [cell for update in updates for cell in update["rows"][0]["values"]]
    assert len(headers) == sum(len(declared.columns) for declared in TABS)
    assert all(cell["note"] for cell in headers)
    groups = of_kind(requests, "updateDimensionGroup")
    assert len(groups) == len(of_kind(requests, "addDimensionGroup")) == 4
    assert all(group["dimensionGroup"]["collapsed"] for group in groups)


def test_every_request_is_valid_against_the_discovery_document() -> None:
    body = {"requests": new_workbook_requests(EMPTY, sample_tables(KEYS))}
    assert checked("BatchUpdateSpreadsheetRequest", body) == body
