"""Charts and slicers as the API's documentation describes them; the rows under them may move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sheets_sync.local.service import ApiError, SheetsService

Json = dict[str, Any]
NUMBERS = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 5, "startColumnIndex": 1, "endColumnIndex": 2}
SERIES = {"series": {"sourceRange": {"sources": [NUMBERS]}}}


class Book:
    """One spreadsheet, and what a batch of requests makes of its charts."""

    def __init__(self, folder: Path) -> None:
        self.service = SheetsService(folder)
        self.id = self.service.create_spreadsheet({})["spreadsheetId"]

    def batch(self, *requests: Json) -> list[Json]:
        return self.service.batch_update(self.id, {"requests": list(requests)})["replies"]

    def add_chart(self, **chart: Any) -> Json:
        spec = {"title": "Tokens", "basicChart": {"chartType": "COLUMN", "series": [SERIES]}}
        return self.batch({"addChart": {"chart": {"spec": spec, **chart}}})[0]["addChart"]["chart"]

    def charts(self) -> list[Json]:
        return self.service.get_spreadsheet(self.id)["sheets"][0].get("charts", [])

    def sources(self) -> list[Json]:
        return self.charts()[0]["spec"]["basicChart"]["series"][0]["series"]["sourceRange"]["sources"]

    def anchor(self) -> Json:
        return self.charts()[0]["position"]["overlayPosition"]["anchorCell"]

    def lines(self, name: str, dimension: str, start: int, end: int) -> None:
        where = {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}
        self.batch({name: {"range": where}})


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    one = Book(tmp_path)
    yield one
    one.service.close()


def at(row: int, column: int) -> Json:
    return {"overlayPosition": {"anchorCell": {"sheetId": 0, "rowIndex": row, "columnIndex": column}}}


def test_a_chart_has_an_id_a_size_and_a_place_and_is_read_back_as_it_was_answered(book: Book) -> None:
    chart = book.add_chart()
    assert chart["position"] == {"overlayPosition": {"anchorCell": {}, "widthPixels": 600, "heightPixels": 371}}
    assert chart["spec"]["hiddenDimensionStrategy"] == "SKIP_HIDDEN_ROWS_AND_COLUMNS"
    assert book.charts() == [chart]


def test_a_chart_keeps_the_size_and_the_id_that_were_asked_for(book: Book) -> None:
    wanted = {"anchorCell": {"sheetId": 0, "rowIndex": 3, "columnIndex": 2}, "widthPixels": 300, "offsetXPixels": 5}
    chart = book.add_chart(chartId=77, position={"overlayPosition": wanted})
    assert chart["chartId"] == 77
    assert chart["position"]["overlayPosition"] == {
        "anchorCell": {"rowIndex": 3, "columnIndex": 2},
        "widthPixels": 300,
        "offsetXPixels": 5,
        "heightPixels": 371,
    }
    with pytest.raises(ApiError, match="77 already exists"):
        book.add_chart(chartId=77)


def test_colours_of_a_chart_are_told_in_both_spellings(book: Book) -> None:
    spec = {"backgroundColor": {"red": 1}, "pieChart": {"domain": SERIES["series"], "series": SERIES["series"]}}
    book.batch({"addChart": {"chart": {"spec": spec}}})
    assert book.charts()[0]["spec"]["backgroundColorStyle"] == {"rgbColor": {"red": 1}}


def test_another_spec_replaces_all_of_the_old_one(book: Book) -> None:
    chart = book.add_chart()
    spec = {"basicChart": {"chartType": "LINE", "series": [SERIES]}}
    book.batch({"updateChartSpec": {"chartId": chart["chartId"], "spec": spec}})
    changed = book.charts()[0]
    assert (changed["spec"]["basicChart"]["chartType"], "title" in changed["spec"]) == ("LINE", False)
    assert changed["position"] == chart["position"]


def test_a_deleted_chart_is_gone(book: Book) -> None:
    book.batch({"deleteEmbeddedObject": {"objectId": book.add_chart()["chartId"]}})
    assert book.charts() == []


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({}, "must have a spec"),
        ({"title": "No kind"}, "exactly one kind of chart"),
        ({"basicChart": {}, "pieChart": {}}, "exactly one kind of chart"),
        ({"basicChart": {"series": [{"series": {"sourceRange": {"sources": [{"sheetId": 9}]}}}]}}, "id: 9"),
    ],
)
def test_a_chart_of_nothing_or_of_a_sheet_that_is_not_there_is_refused(book: Book, spec: Json, says: str) -> None:
    with pytest.raises(ApiError, match=says):
        book.batch({"addChart": {"chart": {"spec": spec}}})
    assert book.charts() == []


def test_the_numbers_of_a_chart_follow_inserted_and_deleted_rows_and_columns(book: Book) -> None:
    book.add_chart()
    book.lines("insertDimension", "ROWS", 0, 2)
    book.lines("insertDimension", "ROWS", 4, 5)
    book.lines("insertDimension", "COLUMNS", 0, 1)
    assert book.sources() == [{"startRowIndex": 3, "endRowIndex": 8, "startColumnIndex": 2, "endColumnIndex": 3}]
    book.lines("deleteDimension", "ROWS", 0, 5)
    assert book.sources() == [{"startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 2, "endColumnIndex": 3}]
    book.lines("deleteDimension", "COLUMNS", 2, 3)
    assert book.sources() == []


def test_a_chart_goes_with_the_cell_it_lies_on(book: Book) -> None:
    book.add_chart(position=at(4, 3))
    book.lines("insertDimension", "ROWS", 2, 4)
    assert book.anchor() == {"rowIndex": 6, "columnIndex": 3}
    book.lines("deleteDimension", "ROWS", 5, 9)
    assert book.anchor() == {"rowIndex": 5, "columnIndex": 3}
    book.lines("deleteDimension", "COLUMNS", 0, 26 - 1)
    assert book.anchor() == {"rowIndex": 5}


def test_a_slicer_is_renamed_and_its_range_follows_its_rows(book: Book) -> None:
    slicer = {"slicerId": 8, "spec": {"title": "By team", "dataRange": NUMBERS}, "position": at(0, 5)}
    book.batch({"addSlicer": {"slicer": slicer}})
    book.batch({"updateSlicerSpec": {"slicerId": 8, "spec": {"title": "By squad"}, "fields": "title"}})
    book.lines("insertDimension", "ROWS", 0, 1)
    found = book.service.get_spreadsheet(book.id)["sheets"][0]["slicers"][0]
    assert found["spec"]["title"] == "By squad"
    assert (found["spec"]["dataRange"]["startRowIndex"], found["spec"]["dataRange"]["endRowIndex"]) == (2, 6)
    with pytest.raises(ApiError, match="No chart with id: 8"):
        book.batch({"updateChartSpec": {"chartId": 8, "spec": {"basicChart": {}}}})
