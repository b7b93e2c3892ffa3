"""What goes along when rows and columns are inserted, deleted or moved and tabs are renamed: dropdowns, conditional
formats, named ranges, filters, protection, notes, hidden rows. After Google's documentation of each request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sheets_sync.local.service import ApiError, SheetsService

Json = dict[str, Any]


class Book:
    """One spreadsheet with a tab ``Lists`` (id 7) beside Sheet1."""

    def __init__(self, folder: Path) -> None:
        self.service = SheetsService(folder)
        self.id = self.service.create_spreadsheet({})["spreadsheetId"]
        self.batch({"addSheet": {"properties": {"sheetId": 7, "title": "Lists"}}})

    def batch(self, *requests: Json) -> list[Json]:
        return self.service.batch_update(self.id, {"requests": list(requests)})["replies"]

    def lines(self, name: str, dimension: str, start: int, end: int, sheet_id: int = 0) -> None:
        where = {"sheetId": sheet_id, "dimension": dimension, "startIndex": start, "endIndex": end}
        self.batch({name: {"range": where}})

    def rename(self, sheet_id: int, title: str) -> None:
        properties = {"sheetId": sheet_id, "title": title}
        self.batch({"updateSheetProperties": {"properties": properties, "fields": "title"}})

    def sheet(self, index: int = 0) -> Json:
        return self.service.get_spreadsheet(self.id, include_grid_data=True)["sheets"][index]

    def condition(self, row: int, column: int) -> str:
        cells = self.sheet()["data"][0]["rowData"][row]["values"]
        return cells[column]["dataValidation"]["condition"]["values"][0]["userEnteredValue"]

    def put(self, where: str, *rows: list[Any]) -> None:
        self.service.values_update(self.id, where, {"values": list(rows)}, value_input_option="USER_ENTERED")

    def read(self, where: str) -> list[list[Any]]:
        return self.service.values_get(self.id, where).get("values", [])


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    one = Book(tmp_path)
    yield one
    one.service.close()


def area(top: int, bottom: int, left: int, right: int, sheet_id: int = 0) -> Json:
    sides = {"startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}
    return {"sheetId": sheet_id, **sides}


def dropdown(formula: str) -> Json:
    condition = {"type": "ONE_OF_RANGE", "values": [{"userEnteredValue": formula}]}
    return {"setDataValidation": {"range": area(1, 3, 0, 1), "rule": {"condition": condition, "showCustomUi": True}}}


def test_a_dropdown_follows_its_list_when_rows_are_inserted_and_its_tab_is_renamed(book: Book) -> None:
    book.batch(dropdown("=Lists!$A$2:$A$9"))
    book.lines("insertDimension", "ROWS", 4, 6, sheet_id=7)
    book.lines("insertDimension", "COLUMNS", 0, 1, sheet_id=7)
    book.rename(7, "All lists")
    assert book.condition(1, 0) == book.condition(2, 0) == "='All lists'!$B$2:$B$11"


def test_a_dropdown_moves_with_its_cell_and_keeps_a_list_that_did_not_move(book: Book) -> None:
    book.batch(dropdown("=Lists!$A$2:$A"))
    book.lines("insertDimension", "ROWS", 0, 2)
    assert book.condition(3, 0) == "=Lists!$A$2:$A"
    assert book.sheet()["data"][0]["rowData"][1] == {}


def test_a_conditional_format_and_its_formula_move_with_their_rows(book: Book) -> None:
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": "=$B2>5"}]}
    rule = {"ranges": [area(1, 9, 0, 2)], "booleanRule": {"condition": condition, "format": {}}}
    book.batch({"addConditionalFormatRule": {"rule": rule, "index": 0}})
    book.lines("insertDimension", "ROWS", 0, 3)
    book.lines("insertDimension", "COLUMNS", 0, 1)
    found = book.sheet()["conditionalFormats"][0]
    assert found["ranges"] == [{key: value for key, value in area(4, 12, 1, 3).items() if key != "sheetId"}]
    assert found["booleanRule"]["condition"]["values"] == [{"userEnteredValue": "=$C5>5"}]


def test_named_and_protected_ranges_grow_by_rows_inserted_inside_them_and_not_at_their_edges(book: Book) -> None:
    book.batch(
        {"addNamedRange": {"namedRange": {"name": "List", "range": area(2, 5, 0, 1)}}},
        {"addProtectedRange": {"protectedRange": {"range": area(2, 5, 0, 1), "warningOnly": True}}},
    )
    book.lines("insertDimension", "ROWS", 2, 3)
    book.lines("insertDimension", "ROWS", 6, 7)
    book.lines("insertDimension", "ROWS", 4, 6)
    whole = book.service.get_spreadsheet(book.id)
    for found in (whole["namedRanges"][0]["range"], whole["sheets"][0]["protectedRanges"][0]["range"]):
        assert (found["startRowIndex"], found["endRowIndex"]) == (3, 8)
    assert book.service.values_get(book.id, "List")["range"] == "Sheet1!A4:A8"


def test_filters_stay_with_their_columns(book: Book) -> None:
    book.put("A1", ["name", "team"], ["a", "Red"], ["b", "Blue"], ["c", "Red"])
    criteria = {"1": {"hiddenValues": ["Blue"]}}
    sort = [{"dimensionIndex": 1, "sortOrder": "ASCENDING"}]
    view = {"filterViewId": 3, "title": "V", "range": area(0, 4, 0, 2), "criteria": criteria, "sortSpecs": sort}
    book.batch(
        {"setBasicFilter": {"filter": {"range": area(0, 4, 0, 2), "criteria": criteria}}},
        {"addFilterView": {"filter": view}},
    )
    book.lines("insertDimension", "COLUMNS", 1, 3)
    assert list(book.sheet()["basicFilter"]["criteria"]) == ["3"]
    found = book.sheet()["filterViews"][0]
    assert (list(found["criteria"]), found["sortSpecs"][0]["dimensionIndex"]) == (["3"], 3)
    book.lines("deleteDimension", "COLUMNS", 3, 4)
    assert book.sheet()["basicFilter"]["criteria"] == {}


def test_hidden_and_filtered_rows_are_read_like_any_other_and_told_in_the_metadata(book: Book) -> None:
    book.put("A1", ["team"], ["Red"], ["Blue"], ["Green"])
    hide = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}
    book.batch(
        {"updateDimensionProperties": {"range": hide, "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}},
        {"setBasicFilter": {"filter": {"range": area(0, 4, 0, 1), "criteria": {"0": {"hiddenValues": ["Green"]}}}}},
    )
    assert book.read("A1:A9") == [["team"], ["Red"], ["Blue"], ["Green"]]
    rows = book.sheet()["data"][0]["rowMetadata"]
    assert [sorted(set(row) - {"pixelSize"}) for row in rows[:4]] == [[], ["hiddenByUser"], [], ["hiddenByFilter"]]
    book.lines("insertDimension", "ROWS", 1, 2)
    rows = book.sheet()["data"][0]["rowMetadata"]
    assert [sorted(set(row) - {"pixelSize"}) for row in rows[:5]] == [[], [], ["hiddenByUser"], [], ["hiddenByFilter"]]
    book.batch({"clearBasicFilter": {"sheetId": 0}})
    rows = book.sheet()["data"][0]["rowMetadata"]
    assert [row.get("hiddenByFilter") for row in rows[:5]] == [None] * 5


def test_writes_into_hidden_and_filtered_rows_land_where_they_say(book: Book) -> None:
    book.put("A1", ["team"], ["Red"], ["Blue"])
    book.batch(
        {"setBasicFilter": {"filter": {"range": area(0, 3, 0, 1), "criteria": {"0": {"hiddenValues": ["Red"]}}}}}
    )
    book.put("A2", ["Green"], ["Black"])
    assert book.read("A1:A3") == [["team"], ["Green"], ["Black"]]


def test_notes_and_formats_move_with_their_rows(book: Book) -> None:
    cell = {"note": "ask", "userEnteredFormat": {"textFormat": {"bold": True}}}
    book.batch({"repeatCell": {"range": area(4, 5, 1, 2), "cell": cell, "fields": "note,userEnteredFormat.textFormat"}})
    book.lines("deleteDimension", "ROWS", 0, 2)
    found = book.sheet()["data"][0]["rowData"][2]["values"][1]
    assert (found["note"], found["userEnteredFormat"]) == ("ask", {"textFormat": {"bold": True}})


def test_a_batch_whose_middle_fails_leaves_ranges_values_and_tabs_as_they_were(book: Book) -> None:
    book.put("A1", ["kept"])
    book.batch({"addNamedRange": {"namedRange": {"name": "List", "range": area(0, 3, 0, 1)}}})
    before = book.service.get_spreadsheet(book.id, include_grid_data=True)
    for broken in (
        {"deleteSheet": {"sheetId": 99}},
        {"mergeCells": {"range": area(5, 5, 0, 1)}},
        {"updateCells": {"start": {"sheetId": 0, "rowIndex": 5000}, "rows": [{"values": [{}]}], "fields": "note"}},
    ):
        insert = {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": 0, "endIndex": 2}}
        with pytest.raises(ApiError, match=r"Invalid requests\[3\]"):
            book.batch(
                {"insertDimension": insert},
                {"addSheet": {"properties": {"title": "Half"}}},
                {"repeatCell": {"range": area(0, 9, 0, 3), "cell": {"note": "half"}, "fields": "note"}},
                broken,
                {"deleteSheet": {"sheetId": 7}},
            )
        assert book.service.get_spreadsheet(book.id, include_grid_data=True) == before


def test_developer_metadata_is_told_alike_by_the_batch_by_its_id_and_by_a_search(book: Book) -> None:
    for location in (
        {"sheetId": 0},
        {"dimensionRange": {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}},
    ):
        wanted = {"metadataKey": "k", "metadataValue": "v", "visibility": "DOCUMENT", "location": location}
        reply = book.batch({"createDeveloperMetadata": {"developerMetadata": wanted}})[0]
        made = reply["createDeveloperMetadata"]["developerMetadata"]
        assert location.items() <= made["location"].items()
        assert book.service.metadata_get(book.id, made["metadataId"]) == made
        lookup = {"developerMetadataLookup": {"metadataId": made["metadataId"]}}
        found = book.service.metadata_search(book.id, {"dataFilters": [lookup]})["matchedDeveloperMetadata"]
        assert [one["developerMetadata"] for one in found] == [made]


def test_developer_metadata_of_a_row_follows_it_and_finds_its_values(book: Book) -> None:
    book.put("A1", ["head"], ["kept row"])
    where = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}
    wanted = {"metadataId": 5, "metadataKey": "row", "visibility": "DOCUMENT", "location": {"dimensionRange": where}}
    book.batch({"createDeveloperMetadata": {"developerMetadata": wanted}})
    book.lines("insertDimension", "ROWS", 0, 3)
    by_row = {"dataFilters": [{"developerMetadataLookup": {"metadataKey": "row"}}]}
    found = book.service.values_batch_get_by_data_filter(book.id, by_row)["valueRanges"][0]["valueRange"]
    assert (found["range"], found["values"]) == ("Sheet1!A5:Z5", [["kept row"]])
    book.lines("deleteDimension", "ROWS", 4, 5)
    assert book.service.metadata_search(book.id, by_row) == {}
    taken = {"metadataId": 6, "metadataKey": "two rows", "visibility": "DOCUMENT"}
    taken["location"] = {"dimensionRange": {**where, "endIndex": 4}}
    with pytest.raises(ApiError, match="one row or column only"):
        book.batch({"createDeveloperMetadata": {"developerMetadata": taken}})


def test_a_conditional_format_is_replaced_moved_and_deleted_by_its_place(book: Book) -> None:
    def rule(kind: str) -> Json:
        red = {"backgroundColor": {"red": 1}}
        condition: Json = {"type": kind, "values": [] if "BLANK" in kind else [{"userEnteredValue": "a"}]}
        return {"ranges": [area(0, 3, 0, 2)], "booleanRule": {"condition": condition, "format": red}}

    def kinds() -> list[str]:
        return [one["booleanRule"]["condition"]["type"] for one in book.sheet().get("conditionalFormats", [])]

    for index, kind in enumerate(("BLANK", "NOT_BLANK")):
        book.batch({"addConditionalFormatRule": {"rule": rule(kind), "index": index}})
    assert book.sheet()["conditionalFormats"][0]["booleanRule"]["format"] == {
        "backgroundColor": {"red": 1},
        "backgroundColorStyle": {"rgbColor": {"red": 1}},
    }
    book.batch({"updateConditionalFormatRule": {"sheetId": 0, "index": 1, "newIndex": 0}})
    assert kinds() == ["NOT_BLANK", "BLANK"]
    body = {"sheetId": 0, "index": 1, "rule": rule("TEXT_CONTAINS")}
    reply = book.batch({"updateConditionalFormatRule": body})[0]["updateConditionalFormatRule"]
    assert (reply["newIndex"], reply["oldRule"]["booleanRule"]["condition"]["type"]) == (1, "BLANK")
    book.batch({"deleteConditionalFormatRule": {"sheetId": 0, "index": 0}})
    assert kinds() == ["TEXT_CONTAINS"]
    with pytest.raises(ApiError, match="No conditional format on sheet: 0 at index: 7"):
        book.batch({"deleteConditionalFormatRule": {"sheetId": 0, "index": 7}})


def test_a_sort_orders_mixed_types_as_sheets_does_both_ways(book: Book) -> None:
    values = ["b", 10, True, "", "A", -2, False, "=1/0", "12"]
    book.put("A1", *[[one] for one in values])
    for order, wanted in (
        ("ASCENDING", ["-2", "10", "12", "A", "b", "FALSE", "TRUE", "#DIV/0!"]),
        ("DESCENDING", ["#DIV/0!", "TRUE", "FALSE", "b", "A", "12", "10", "-2"]),
    ):
        specs = [{"dimensionIndex": 0, "sortOrder": order}]
        book.batch({"sortRange": {"range": area(0, 9, 0, 1), "sortSpecs": specs}})
        assert [row[0] for row in book.read("A1:A9")] == wanted
