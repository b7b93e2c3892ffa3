"""The spreadsheets of the local Sheets server, without HTTP: batches, values, sorting, formulas."""

from __future__ import annotations

from typing import Any

import pytest

from sheets_sync.local import schema
from sheets_sync.local.errors import ApiError
from sheets_sync.local.fields import masked, parse_mask
from tests.unit.local_book import Book, Json, area, refused, rows


def test_a_bad_request_in_the_middle_of_a_batch_changes_nothing(book: Book) -> None:
    book.put("A1", ["a", "b"], ["=1", 2])
    before, revision = book.whole(), book.service.revision(book.id)
    message = refused(
        book,
        {"updateCells": {"range": area(0, 2, 0, 2), "fields": "*"}},
        {"addSheet": {"properties": {"title": "New"}}},
        {"deleteDimension": {"range": rows(0, 1)}},
        {"deleteSheet": {"sheetId": 77}},
        {"updateSpreadsheetProperties": {"properties": {"title": "X"}, "fields": "title"}},
    )
    assert message == "Invalid requests[3].deleteSheet: No sheet with id: 77"
    assert book.whole() == before
    assert book.service.revision(book.id) == revision


def test_the_revision_grows_with_each_change_and_not_with_reads(book: Book) -> None:
    first = book.service.revision(book.id)
    book.whole()
    assert book.service.revision(book.id) == first
    book.put("A1", [1])
    second = book.service.revision(book.id)
    book.batch({"repeatCell": {"range": area(0, 1, 0, 1), "cell": {"note": "n"}, "fields": "note"}})
    assert first < second < book.service.revision(book.id)


def test_raw_keeps_texts_and_typed_input_reads_them(book: Book) -> None:
    texts = ["=1+1", "5%", "2026-01-05", "TRUE", "'007", "007"]
    book.put("A1", texts)
    book.put("A2", texts, typed=True)
    assert book.read("A1:F2") == [texts, [2, 0.05, 46027, True, "007", 7]]
    assert book.read("A2:F2", "FORMATTED_VALUE") == [["2", "5%", "2026-01-05", "TRUE", "007", "7"]]
    assert book.read("A2:B2", "FORMULA") == [["=1+1", 0.05]]


def test_null_leaves_a_cell_and_an_empty_text_clears_it(book: Book) -> None:
    book.put("A1", ["a", "b", "c"])
    answer = book.put("A1", [None, "", "x"])
    assert book.read("A1:C1") == [["a", "", "x"]]
    assert (answer["updatedCells"], answer["updatedRange"]) == (2, "Sheet1!A1:C1")


def test_the_totals_of_a_values_batch_count_a_row_or_column_once(book: Book) -> None:
    data = [{"range": one, "values": [["x"]]} for one in ("A1", "A2", "B1", "B2")]
    answer = book.service.values_batch_update(book.id, {"valueInputOption": "RAW", "data": data})
    assert [answer[f"totalUpdated{name}"] for name in ("Rows", "Columns", "Cells", "Sheets")] == [2, 2, 4, 1]


def test_a_cell_typed_as_text_format_keeps_what_is_typed(book: Book) -> None:
    text = {"userEnteredFormat": {"numberFormat": {"type": "TEXT"}}}
    book.batch({"repeatCell": {"range": area(0, 1, 0, 1), "cell": text, "fields": "userEnteredFormat.numberFormat"}})
    book.put("A1", ["007"], typed=True)
    assert book.read("A1") == [["007"]]


def test_update_cells_clears_masked_fields_that_are_left_out_and_nothing_else(book: Book) -> None:
    book.put("A1", ["a", "b"], ["c", "d"])
    book.batch({"repeatCell": {"range": area(0, 2, 0, 2), "cell": {"note": "keep"}, "fields": "note"}})
    cells = [{"values": [{"userEnteredValue": {"stringValue": "new"}}]}]
    book.batch({"updateCells": {"range": area(0, 2, 0, 2), "rows": cells, "fields": "userEnteredValue"}})
    assert book.read("A1:B2") == [["new"]]
    assert [book.cell(one)["note"] for one in ("A1", "B1", "A2", "B2")] == ["keep"] * 4


def test_a_format_mask_changes_one_field_and_keeps_the_others(book: Book) -> None:
    look = {"userEnteredFormat": {"textFormat": {"bold": True, "fontSize": 12}, "backgroundColor": {"red": 1}}}
    book.batch({"repeatCell": {"range": area(0, 1, 0, 1), "cell": look, "fields": "userEnteredFormat"}})
    blue = {"userEnteredFormat": {"backgroundColor": {"blue": 1}}}
    fields = "userEnteredFormat.backgroundColor"
    book.batch({"repeatCell": {"range": area(0, 1, 0, 1), "cell": blue, "fields": fields}})
    found = book.cell("A1")["userEnteredFormat"]
    assert found["textFormat"] == {"bold": True, "fontSize": 12}
    assert found["backgroundColor"] == {"blue": 1}
    assert found["backgroundColorStyle"] == {"rgbColor": {"blue": 1}}
    book.batch({"repeatCell": {"range": area(0, 1, 0, 1), "cell": {}, "fields": fields}})
    assert book.cell("A1")["userEnteredFormat"] == {"textFormat": {"bold": True, "fontSize": 12}}


def test_a_repeated_formula_moves_its_relative_references(book: Book) -> None:
    book.put("A1", [1], [2], [3])
    cell = {"userEnteredValue": {"formulaValue": "=A1*$A$1"}}
    book.batch({"repeatCell": {"range": area(0, 3, 1, 2), "cell": cell, "fields": "userEnteredValue"}})
    assert book.read("B1:B3", "FORMULA") == [["=A1*$A$1"], ["=A2*$A$1"], ["=A3*$A$1"]]
    assert book.read("B1:B3") == [[1], [2], [3]]


def test_sorting_puts_numbers_before_texts_before_truth_values_and_blanks_last_both_ways(book: Book) -> None:
    mixed = [["b"], [10], [""], [True], ["A"], [2], [False]]
    book.put("A1", *mixed)
    spec = {"range": area(0, 7, 0, 1), "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "ASCENDING"}]}
    book.batch({"sortRange": spec})
    assert book.read("A1:A7") == [[2], [10], ["A"], ["b"], [False], [True]]
    spec["sortSpecs"][0]["sortOrder"] = "DESCENDING"
    book.batch({"sortRange": spec})
    assert book.read("A1:A7") == [[True], [False], ["b"], ["A"], [10], [2]]


def test_sorting_is_stable_and_takes_notes_formats_and_formulas_along(book: Book) -> None:
    book.put("A1", ["x", 2, "=B1*10"], ["y", 1, "=B2*10"], ["z", 2, "=B3*10"], typed=True)
    book.batch({"updateCells": {"start": {"sheetId": 0}, "rows": [{"values": [{"note": "of x"}]}], "fields": "note"}})
    book.batch({"sortRange": {"range": area(0, 3, 0, 3), "sortSpecs": [{"dimensionIndex": 1}]}})
    assert book.read("A1:C3") == [["y", 1, 10], ["x", 2, 20], ["z", 2, 20]]
    assert book.cell("A2")["note"] == "of x"


def test_a_sort_of_some_columns_leaves_the_others(book: Book) -> None:
    book.put("A1", [3, "a"], [1, "b"])
    book.batch({"sortRange": {"range": area(0, 2, 0, 1), "sortSpecs": [{"dimensionIndex": 0}]}})
    assert book.read("A1:B2") == [[1, "a"], [3, "b"]]


def test_ranges_and_formulas_follow_inserted_and_deleted_rows(book: Book) -> None:
    book.put("A1", [1], [2], [3], ["=SUM(A1:A3)"], ["=A2"], typed=True)
    book.batch(
        {"addNamedRange": {"namedRange": {"name": "here", "range": area(1, 3, 0, 1)}}},
        {"addProtectedRange": {"protectedRange": {"range": area(1, 3, 0, 1)}}},
        {"mergeCells": {"range": area(1, 2, 2, 4)}},
        {"insertDimension": {"range": rows(1, 3)}},
    )
    found = book.whole()
    assert found["namedRanges"][0]["range"]["startRowIndex"] == 3
    assert found["sheets"][0]["protectedRanges"][0]["range"]["endRowIndex"] == 5
    assert found["sheets"][0]["merges"][0]["startRowIndex"] == 3
    assert book.read("A6:A7", "FORMULA") == [["=SUM(A1:A5)"], ["=A4"]]
    assert book.read("here") == [[2], [3]]
    book.batch({"deleteDimension": {"range": rows(3, 4)}})
    assert book.read("A5:A6", "FORMULA") == [["=SUM(A1:A4)"], ["=#REF!"]]
    assert book.read("A5:A6") == [[4], ["#REF!"]]
    book.batch({"deleteDimension": {"range": rows(3, 4)}})
    assert "namedRanges" not in book.whole()


def test_a_deleted_column_takes_its_cells_and_shifts_the_rest(book: Book) -> None:
    book.put("A1", ["a", "b", "c", "=C1"], typed=True)
    book.batch({"deleteDimension": {"range": {**rows(1, 2), "dimension": "COLUMNS"}}})
    assert book.read("A1:D1", "FORMULA") == [["a", "c", "=B1"]]
    assert book.whole()["sheets"][0]["properties"]["gridProperties"]["columnCount"] == 25


def test_moved_rows_keep_their_cells_and_formulas_follow(book: Book) -> None:
    book.put("A1", ["a"], ["b"], ["c"], ["=A1"], typed=True)
    book.batch({"moveDimension": {"source": rows(0, 1), "destinationIndex": 3}})
    assert book.read("A1:A4", "FORMULA") == [["b"], ["c"], ["a"], ["=A3"]]


def test_a_renamed_sheet_is_renamed_in_formulas(book: Book) -> None:
    book.batch({"addSheet": {"properties": {"sheetId": 5, "title": "Data"}}})
    book.put("Data!A1", [42])
    book.put("Sheet1!A1", ["=Data!A1+'Data'!A1"], typed=True)
    book.batch({"updateSheetProperties": {"properties": {"sheetId": 5, "title": "My data"}, "fields": "title"}})
    assert book.read("Sheet1!A1", "FORMULA") == [["='My data'!A1+'My data'!A1"]]
    assert book.read("Sheet1!A1") == [[84]]


def test_writes_past_the_grid_are_refused_and_appends_grow_it(book: Book) -> None:
    book.batch(
        {
            "updateSheetProperties": {
                "properties": {"sheetId": 0, "gridProperties": {"rowCount": 2, "columnCount": 2}},
                "fields": "gridProperties.rowCount,gridProperties.columnCount",
            }
        }
    )
    with pytest.raises(ApiError, match=r"Range \(Sheet1!A2:A3\) exceeds grid limits. Max rows: 2, max columns: 2"):
        book.put("A2", [1], [2])
    cells = [{"values": [{}, {}, {}]}]
    message = refused(book, {"updateCells": {"start": {"sheetId": 0}, "rows": cells, "fields": "note"}})
    assert message.endswith("Attempting to write column: 2, beyond the last requested column of: 1")
    book.service.values_append(book.id, "A1", {"values": [[1, 2, 3], [4], [5]]}, value_input_option="RAW")
    grid = book.whole()["sheets"][0]["properties"]["gridProperties"]
    assert (grid["rowCount"], grid["columnCount"]) == (3, 3)


def test_a_shrunk_grid_loses_what_stood_outside(book: Book) -> None:
    book.put("A1", ["a", "b"], ["c", "d"])
    for count in (1, 3):
        grid = {"rowCount": count, "columnCount": count}
        properties = {"sheetId": 0, "gridProperties": grid}
        book.batch({"updateSheetProperties": {"properties": properties, "fields": "gridProperties"}})
    assert book.read("Sheet1") == [["a"]]


def test_a_basic_filter_hides_rows_and_clearing_it_shows_them(book: Book) -> None:
    book.put("A1", ["kind"], ["x"], ["y"], ["x"])
    hides = {"range": area(0, 4, 0, 1), "criteria": {"0": {"hiddenValues": ["x"]}}}

    def hidden() -> list[int]:
        sizes = book.whole()["sheets"][0]["data"][0]["rowMetadata"]
        return [index for index, size in enumerate(sizes) if size.get("hiddenByFilter")]

    book.batch({"setBasicFilter": {"filter": hides}})
    assert hidden() == [1, 3]
    assert book.read("A1:A4") == [["kind"], ["x"], ["y"], ["x"]]
    book.batch({"clearBasicFilter": {"sheetId": 0}})
    assert hidden() == []


def test_conditional_formats_keep_their_order_and_can_be_replaced(book: Book) -> None:
    def rule(kind: str) -> Json:
        look = {"condition": {"type": kind}, "format": {"backgroundColor": {"red": 1}}}
        return {"ranges": [area(0, 2, 0, 2)], "booleanRule": look}

    book.batch(
        {"addConditionalFormatRule": {"rule": rule("BLANK"), "index": 0}},
        {"addConditionalFormatRule": {"rule": rule("NOT_BLANK"), "index": 0}},
    )

    def kinds() -> list[str]:
        found = book.whole()["sheets"][0]["conditionalFormats"]
        return [one["booleanRule"]["condition"]["type"] for one in found]

    assert kinds() == ["NOT_BLANK", "BLANK"]
    book.batch({"updateConditionalFormatRule": {"index": 0, "newIndex": 1, "sheetId": 0}})
    assert kinds() == ["BLANK", "NOT_BLANK"]
    assert refused(book, {"deleteConditionalFormatRule": {"index": 9}}).endswith(
        "No conditional format on sheet: 0 at index: 9"
    )


def test_developer_metadata_is_found_and_goes_with_its_row(book: Book) -> None:
    place = {"dimensionRange": rows(2, 3)}
    made = {"metadataKey": "k", "metadataValue": "v", "visibility": "DOCUMENT", "location": place}
    book.batch({"createDeveloperMetadata": {"developerMetadata": made}})
    search = {"dataFilters": [{"developerMetadataLookup": {"metadataKey": "k"}}]}
    book.batch({"insertDimension": {"range": rows(0, 1)}})
    found = book.service.metadata_search(book.id, search)["matchedDeveloperMetadata"][0]["developerMetadata"]
    assert found["location"]["dimensionRange"]["startIndex"] == 3
    book.batch({"deleteDimension": {"range": rows(3, 4)}})
    assert book.service.metadata_search(book.id, search) == {}


def test_a_batch_gives_the_asked_ranges_back_as_they_are_after_it(book: Book) -> None:
    cells = [{"values": [{"userEnteredValue": {"numberValue": 7}}]}]
    answer = book.batch(
        {"updateCells": {"start": {"sheetId": 0}, "rows": cells, "fields": "userEnteredValue"}},
        includeSpreadsheetInResponse=True,
        responseRanges=["Sheet1!A1:A2"],
        responseIncludeGridData=True,
    )
    data = answer["updatedSpreadsheet"]["sheets"][0]["data"]
    assert data[0]["rowData"][0]["values"][0]["effectiveValue"] == {"numberValue": 7}


def test_fields_cut_an_answer_and_bring_grid_data(book: Book) -> None:
    book.put("A1", ["a"])
    found = book.service.get_spreadsheet(book.id, fields="sheets(properties.title,data.rowData.values.formattedValue)")
    assert found == {
        "sheets": [{"properties": {"title": "Sheet1"}, "data": [{"rowData": [{"values": [{"formattedValue": "a"}]}]}]}]
    }
    with pytest.raises(ApiError, match="invalid argument"):
        book.service.get_spreadsheet(book.id, fields="sheets.nonsense")


@pytest.mark.parametrize(
    "below",
    [
        "note",
        "effectiveValue,userEnteredValue,textFormatRuns",
        "effectiveValue.numberValue,userEnteredValue.formulaValue,formattedValue",
        "note,userEnteredFormat.backgroundColorStyle,effectiveFormat.textFormat(bold,foregroundColor)",
        "dataValidation.condition.type,hyperlink",
        "*",
    ],
)
def test_cells_cut_while_they_are_made_are_those_of_the_whole_answer_cut(book: Book, below: str) -> None:
    book.put(
        "A1",
        ["a", 1, True, "", "=1/0"],
        [1.5, "", '=HYPERLINK("https://example.com","go")', "=SEQUENCE(2,2)"],
        typed=True,
    )
    rule = {"condition": {"type": "BOOLEAN"}}
    red = {"backgroundColor": {"red": 1}, "textFormat": {"bold": True}}
    book.put("B4", ["=1+1"], typed=True)
    book.batch(
        {"repeatCell": {"range": area(1, 3, 1, 4), "cell": {"userEnteredFormat": red}, "fields": "userEnteredFormat"}},
        {"repeatCell": {"range": area(2, 3, 2, 3), "cell": {"note": "n"}, "fields": "note"}},
        {"setDataValidation": {"range": area(0, 5, 4, 5), "rule": rule}},
    )
    text = f"sheets(properties.title,data(startRow,rowMetadata.pixelSize,rowData.values({below})))"
    whole = book.service.get_spreadsheet(book.id, ["Sheet1!B2:E5", "Sheet1"], include_grid_data=True)
    found = book.service.get_spreadsheet(book.id, ["Sheet1!B2:E5", "Sheet1"], fields=text)
    assert found == masked(whole, parse_mask(text))


def test_a_request_that_needs_no_correction_is_taken_as_it_is_and_any_other_is_corrected() -> None:
    cell = {"userEnteredValue": {"numberValue": 1}, "userEnteredFormat": {"backgroundColor": {"red": 0.5}}}
    request = {"repeatCell": {"range": area(0, 1, 0, 1), "cell": cell, "fields": "*"}}
    body = {"requests": [request], "responseRanges": ["A1"], "includeSpreadsheetInResponse": True}
    assert schema.checked("BatchUpdateSpreadsheetRequest", body) is body
    odd = {"requests": [{"repeat_cell": {**request["repeatCell"], "cell": {"note": None}, "range": {"sheetId": "0"}}}]}
    told = {"repeatCell": {"range": {"sheetId": 0}, "cell": {}, "fields": "*"}}
    assert schema.checked("BatchUpdateSpreadsheetRequest", odd) == {"requests": [told]}


def test_hyperlinks_errors_and_unknown_functions_are_told_in_the_cell(book: Book) -> None:
    book.put("A1", ['=HYPERLINK("https://example.com","go")', "=1/0", '=QUERY(A1:A2,"select A")'], typed=True)
    assert book.cell("A1")["hyperlink"] == "https://example.com"
    assert book.cell("A1")["formattedValue"] == "go"
    assert book.cell("B1")["effectiveValue"]["errorValue"]["type"] == "DIVIDE_BY_ZERO"
    told = book.cell("C1")["effectiveValue"]["errorValue"]
    assert told == {"type": "NAME", "message": "The local Sheets server does not compute the function QUERY."}


FORMULAS = [
    ("=SUM(A1:A4)", 10),
    ('=SUMIF(B1:B4,"x",A1:A4)', 4),
    ('=SUMIF(A1:A4,">2")', 7),
    ('=COUNTIF(B1:B4,"?")', 3),
    ('=IF(A1=1,"yes","no")', "yes"),
    ('=IFERROR(1/0,"bad")', "bad"),
    ("=AVERAGE(A1:A4)", 2.5),
    ("=ROUND(A3/A4,2)", 0.75),
    ("=-2^2+10%", 4.1),
    ("=A1&B1", "1x"),
    ("=VLOOKUP(3,A1:B4,2,FALSE)", "x"),
    ("=INDEX(A1:B4,2,2)", "y"),
    ("=MATCH(4,A1:A4,0)", 4),
    ('=TEXT(0.5,"0%")', "50%"),
    ("=COUNTA(A:B)", 8),
    ("=SUMPRODUCT(A1:A4,A1:A4)", 30),
    ('=AND(A1<A2,"a"<"B")', True),
    ("=DATE(2026,1,5)", 46027),
]


@pytest.mark.parametrize(("formula", "value"), FORMULAS)
def test_a_formula_gives_its_value(book: Book, formula: str, value: Any) -> None:
    book.put("A1", [1, "x"], [2, "y"], [3, "x"], [4, "long"])
    book.put("D1", [formula], typed=True)
    assert book.read("D1") == [[value]]


def test_formulas_in_a_circle_are_an_error_and_nothing_hangs(book: Book) -> None:
    book.put("A1", ["=B1", "=C1", "=A1"], typed=True)
    assert book.read("A1:C1") == [["#REF!", "#REF!", "#REF!"]]
