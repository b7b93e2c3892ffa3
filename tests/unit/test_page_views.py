"""Views of a tab, read row by row as it changes, against the same tab read anew; conditional formats; charts; undo."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheets_sync.local.errors import ApiError
from sheets_sync.local.page_book import Book, row_of
from sheets_sync.local.page_charts import drawn_charts
from sheets_sync.local.page_edits import deleted_rows
from sheets_sync.local.page_undo import rows_deleted, typed_cells, undoing
from sheets_sync.local.page_view import TabView
from sheets_sync.local.service import SheetsService

ROWS, COLUMNS = 12, 5
GREY = {"red": 0.5, "green": 0.5, "blue": 0.5}


@pytest.fixture(scope="module")
def service() -> Iterator[SheetsService]:
    with tempfile.TemporaryDirectory() as folder:
        made = SheetsService(Path(folder))
        yield made
        made.close()


def new_book(service: SheetsService) -> Book:
    grid = {"rowCount": ROWS, "columnCount": COLUMNS, "frozenRowCount": 1}
    sheets = [
        {"properties": {"sheetId": number, "title": f"Tab {number}", "gridProperties": grid}} for number in (0, 1)
    ]
    return Book(service, service.create_spreadsheet({"properties": {"title": "x"}, "sheets": sheets})["spreadsheetId"])


def put(book: Book, area: str, *rows: list[Any]) -> None:
    book.service.values_update(book.spreadsheet_id, area, {"values": list(rows)}, value_input_option="USER_ENTERED")


def shown(book: Book, view: TabView) -> list[Any]:
    """The rows with their styles spelled out."""

    def cell(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        text, style, more = (*value, {})[:3]
        named = {key: part for key, part in more.items() if key != "d"}
        if "d" in more:
            named["list"] = view.around.options()[more["d"]]
        return [text, book.palette.css[style], named]

    return [{**row, "c": [cell(one) for one in row.get("c", ())]} for row in view.rows]


def rule(condition: str, *values: str, columns: tuple[int, int] = (0, COLUMNS), first: int = 0) -> dict[str, Any]:
    area = {"sheetId": 0, "startRowIndex": first, "startColumnIndex": columns[0], "endColumnIndex": columns[1]}
    wanted = {"type": condition, "values": [{"userEnteredValue": value} for value in values]}
    boolean = {"condition": wanted, "format": {"backgroundColorStyle": {"rgbColor": GREY}}}
    return {"addConditionalFormatRule": {"rule": {"ranges": [area], "booleanRule": boolean}, "index": 0}}


def dimension(kind: str, start: int, end: int) -> dict[str, Any]:
    return {kind: {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": start, "endIndex": end}}}


def dropdown(strict: bool) -> dict[str, Any]:
    wanted = {"type": "ONE_OF_RANGE", "values": [{"userEnteredValue": "='Tab 1'!$A$1:$A"}]}
    area = {"sheetId": 0, "startColumnIndex": 3, "endColumnIndex": 4}
    return {"setDataValidation": {"range": area, "rule": {"condition": wanted, "strict": strict}}}


entered = st.sampled_from(["", "a", "b", 1, 2.5, "=A2&B3", "=SUM(B:B)", "='Tab 1'!A1", "=ROW()", True])
rows_at = st.integers(1, 8)
changes = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(["Tab 0", "Tab 1"]), rows_at, st.lists(entered, min_size=1, max_size=4)),
    st.builds(lambda at: ("do", dimension("insertDimension", at, at + 2)), rows_at),
    st.builds(lambda at: ("do", dimension("deleteDimension", at, at + 1)), rows_at),
    st.builds(
        lambda at, order: (
            "do",
            {
                "sortRange": {
                    "range": {"sheetId": 0, "startRowIndex": 1},
                    "sortSpecs": [{"dimensionIndex": at, "sortOrder": order}],
                }
            },
        ),
        st.integers(0, 3),
        st.sampled_from(["ASCENDING", "DESCENDING"]),
    ),
    st.builds(
        lambda text: ("do", rule("CUSTOM_FORMULA", text, columns=(0, 2), first=1)),
        st.sampled_from(["=$A2>1", "=ISEVEN(ROW())", "=A2=MAX($A$2:$A)", "=B3=1", "=A1<>A2"]),
    ),
    st.builds(lambda text: ("do", rule("NUMBER_GREATER", text, columns=(1, 3))), st.sampled_from(["1", "=A1"])),
    st.builds(lambda strict: ("do", dropdown(strict)), st.booleans()),
    st.just(
        (
            "do",
            {
                "addBanding": {
                    "bandedRange": {
                        "range": {"sheetId": 0, "startColumnIndex": 4},
                        "rowProperties": {"firstBandColor": GREY, "secondBandColor": {"red": 1}},
                    }
                }
            },
        )
    ),
    st.just(
        (
            "do",
            {
                "updateDimensionProperties": {
                    "range": {"sheetId": 0, "dimension": "ROWS", "startIndex": 2, "endIndex": 4},
                    "properties": {"pixelSize": 55, "hiddenByUser": True},
                    "fields": "pixelSize,hiddenByUser",
                }
            },
        )
    ),
)


@settings(max_examples=40)
@given(st.lists(changes, min_size=1, max_size=12))
def test_a_view_read_from_the_last_one_shows_what_a_view_read_anew_shows(
    service: SheetsService, sequence: list[Any]
) -> None:
    book = new_book(service)
    book.view(0)
    for change in sequence:
        try:
            if change[0] == "put":
                put(book, f"{change[1]}!A{change[2]}", change[3])
            else:
                book.change([change[1]])
        except Exception as error:  # a second banding over the first, rows that are no more
            assert "Invalid" in str(error)
        fresh = Book(service, book.spreadsheet_id)
        view, anew = book.view(0), fresh.view(0)
        assert shown(book, view) == shown(fresh, anew)
        assert len(set(view.uids)) == len(view.uids) == len(anew.rows)


def test_an_edit_reads_its_row_alone_and_a_sort_reads_none(service: SheetsService) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:B12", *([f"row {number}", -number] for number in range(ROWS)))
    book.change([{"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 30}}])
    put(book, "Tab 0!A13:B40", *([f"row {number}", -number] for number in range(12, 40)))
    before = book.view(0)
    put(book, "Tab 0!B5", ["edited"])
    edited = book.view(0)
    again = [one.cells is other.cells for one, other in zip(before.raw, edited.raw, strict=True)]
    assert [index for index, is_same in enumerate(again) if not is_same] == [4]
    order = [{"dimensionIndex": 1, "sortOrder": "ASCENDING"}]
    book.change([{"sortRange": {"range": {"sheetId": 0, "startRowIndex": 1}, "sortSpecs": order}}])
    known = {id(row.cells) for row in edited.raw}
    assert all(id(row.cells) in known for row in book.view(0).raw)


@pytest.mark.parametrize(
    ("condition", "values", "painted"),
    [
        ("NUMBER_GREATER", ["2"], ["A3", "C2"]),
        ("NUMBER_BETWEEN", ["1", "2"], ["A1", "A2"]),
        ("NUMBER_NOT_EQ", ["=$A$1"], ["A2", "A3", "C2"]),
        ("TEXT_CONTAINS", ["PPL"], ["B1"]),
        ("TEXT_EQ", ["Apple"], ["B1"]),
        ("BLANK", [], ["C1", "C3"]),
        ("NOT_BLANK", [], ["A1", "A2", "A3", "B1", "B2", "B3", "C2"]),
        ("DATE_BEFORE", ["2026-03-01"], ["A1", "A2", "A3", "C2"]),
        ("CUSTOM_FORMULA", ["=$A1=2"], ["A2", "B2", "C2"]),
        ("CUSTOM_FORMULA", ['=AND(LEN(A1)>3, $B1<>"")'], ["B1", "B2", "C2"]),
        ("CUSTOM_FORMULA", ["=COUNTIF($A$1:$A$3, A1)=1"], ["A1", "A2", "A3"]),
        ("CUSTOM_FORMULA", ["=ROW()=3"], ["A3", "B3", "C3"]),
        ("CUSTOM_FORMULA", ["=A1="], []),
        ("CUSTOM_FORMULA", ["=1/0"], []),
    ],
)
def test_a_conditional_format_paints_the_cells_for_which_it_holds(
    service: SheetsService, condition: str, values: list[str], painted: list[str]
) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:C3", [1, "Apple", ""], [2, "pears", "2026-02-01"], [3, "fig", ""])
    area = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 3}
    request = rule(condition, *values)
    request["addConditionalFormatRule"]["rule"]["ranges"] = [area]
    book.change([request])
    view = book.view(0)
    assert sorted(f"{'ABC'[column]}{row + 1}" for row, one in enumerate(view.raw) for column in one.paint) == painted


def test_the_first_rule_that_holds_gives_the_format_and_a_colour_scale_mixes_its_ends(service: SheetsService) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:A3", [0], [5], [10])
    scale = {
        "minpoint": {"type": "MIN", "colorStyle": {"rgbColor": {}}},
        "maxpoint": {"type": "MAX", "colorStyle": {"rgbColor": {"red": 1}}},
    }
    area = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 1}
    below = {"addConditionalFormatRule": {"rule": {"ranges": [area], "gradientRule": scale}, "index": 0}}
    book.change([below, rule("NUMBER_EQ", "10")])
    paints = [row.paint.get(0, {}).get("backgroundColorStyle", {}).get("rgbColor") for row in book.view(0).raw[:3]]
    reds = [(paint["red"], paint["green"]) for paint in paints if paint]
    assert reds == [(0, 0), (0.5, 0), pytest.approx((0.5, 0.5), abs=0.01)]  # colours are kept in steps of 1/255


def chart(kind: str, **more: Any) -> dict[str, Any]:
    def column(index: int) -> dict[str, Any]:
        area = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 10}
        return {"sourceRange": {"sources": [area | {"startColumnIndex": index, "endColumnIndex": index + 1}]}}

    basic = {
        "chartType": kind,
        "domains": [{"domain": column(0)}],
        "series": [{"series": column(1)}, {"series": column(2)}],
    }
    return {"addChart": {"chart": {"spec": {"title": "<b>T</b>", "basicChart": basic | more}}}}


@pytest.mark.parametrize(
    ("kind", "more", "types", "first"),
    [
        ("COLUMN", {}, ["bar", "bar"], [10, 30]),
        ("BAR", {}, ["bar", "bar"], [10, 30]),
        ("LINE", {}, ["line", "line"], [[1, 10], [2, 30]]),
        ("AREA", {}, ["line", "line"], [[1, 10], [2, 30]]),
        ("SCATTER", {}, ["scatter", "scatter"], [[1, 10], [2, 30]]),
        ("COLUMN", {"stackedType": "PERCENT_STACKED"}, ["bar", "bar"], [25, 50]),
    ],
)
def test_a_basic_chart_takes_its_names_and_numbers_from_the_cells(
    service: SheetsService, kind: str, more: dict[str, Any], types: list[str], first: list[Any]
) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:C3", ["x", "one", "two"], [1, 10, 30], [2, 30, 30])
    book.change([chart(kind, **more)])
    calculator = service.snapshot(book.spreadsheet_id)
    option = drawn_charts(calculator, calculator.book.sheets[0])[0]["option"]
    assert [one["type"] for one in option["series"]] == types
    assert [one["name"] for one in option["series"]] == ["one", "two"]
    assert option["series"][0]["data"] == first
    assert option["title"]["text"] == "<b>T</b>"
    assert option["tooltip"]["renderMode"] == "richText"


def test_a_view_changes_when_a_cell_of_another_tab_changes_a_chart(service: SheetsService) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:C3", ["x", "one", "two"], [1, 10, 30], [2, 30, 30])
    request = chart("COLUMN")
    request["addChart"]["chart"]["position"] = {"overlayPosition": {"anchorCell": {"sheetId": 1}}}
    book.change([request])
    before = book.view(1)
    put(book, "Tab 0!B2", [99])
    assert before.charts != book.view(1).charts
    assert book.view(1).charts[0]["option"]["series"][0]["data"][0] == 99


@given(st.lists(st.lists(entered, min_size=2, max_size=3), min_size=1, max_size=3), rows_at)
def test_undoing_a_paste_brings_back_what_stood_there(service: SheetsService, block: list[Any], top: int) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:C9", *([f"{row}{column}" for column in "abc"] for row in range(9)))
    put(book, "Tab 0!B3", ["=A3&1"])
    before = book.view(0)
    put(book, f"Tab 0!A{top + 1}", *block)
    after = book.view(0)
    step = typed_cells(before, after, after.uids[top : top + len(block)], range(3))
    requests, _ = undoing(after, step)
    if requests:
        book.change(requests)
    assert shown(book, book.view(0)) == shown(book, before)


@given(st.sets(st.integers(1, 8), min_size=1, max_size=5))
def test_undoing_a_deletion_brings_the_rows_back_to_their_places(service: SheetsService, rows: set[int]) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:C9", *([f"{row}{column}" for column in "abc"] for row in range(9)))
    before = book.view(0)
    step = rows_deleted(before, rows)
    for _, run in itertools.groupby(enumerate(sorted(rows, reverse=True)), lambda pair: pair[0] + pair[1]):
        indices = sorted(index for _, index in run)
        book.change([dimension("deleteDimension", indices[0], indices[-1] + 1)])
    book.change(undoing(book.view(0), step)[0])
    assert shown(book, book.view(0)) == shown(book, before)


def test_a_formula_shows_what_it_comes_to_when_another_tab_changes(service: SheetsService) -> None:
    book = new_book(service)
    put(book, "Tab 0!A2", ["='Tab 1'!A1"])
    put(book, "Tab 1!A1", [5])
    assert book.view(0).rows[1]["c"][0][0] == "5"
    put(book, "Tab 1!A1", [6])
    assert book.view(0).rows[1]["c"][0][0] == "6"


def test_bands_stay_in_their_places_when_rows_move(service: SheetsService) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:A6", *([number] for number in range(6)))
    bands = {"firstBandColor": GREY, "secondBandColor": {"red": 1}}
    book.change([{"addBanding": {"bandedRange": {"range": {"sheetId": 0}, "rowProperties": bands}}}])
    book.view(0)
    book.change([dimension("deleteDimension", 2, 3)])
    fresh = Book(service, book.spreadsheet_id)
    assert shown(book, book.view(0)) == shown(fresh, fresh.view(0))


def test_a_row_that_is_sorted_out_of_a_rule_loses_its_paint(service: SheetsService) -> None:
    book = new_book(service)
    book.change([{"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 30}}])
    put(book, "Tab 0!A1:B30", *([9, number] for number in range(30)))
    request = rule("NUMBER_EQ", "9")
    area = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 10, "startColumnIndex": 0, "endColumnIndex": 1}
    request["addConditionalFormatRule"]["rule"]["ranges"] = [area]
    book.change([request])
    book.view(0)
    order = [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}]
    book.change([{"sortRange": {"range": {"sheetId": 0, "endRowIndex": 30}, "sortSpecs": order}}])
    assert [bool(row.paint) for row in book.view(0).raw[:30]] == [True] * 10 + [False] * 20


def test_undoing_leaves_a_cell_that_was_changed_since(service: SheetsService) -> None:
    book = new_book(service)
    before = book.view(0)
    put(book, "Tab 0!A2:B2", ["mine", "mine"])
    after = book.view(0)
    step = typed_cells(before, after, [after.uids[1]], range(2))
    put(book, "Tab 0!B2", ["theirs"])
    requests, told = undoing(book.view(0), step)
    assert [one["updateCells"]["start"]["columnIndex"] for one in requests] == [0]
    assert told == "Took back 1 cell; 1 changed since, and stay as they are."


def test_what_is_typed_lands_on_its_row_and_its_undoing_knows_no_one_elses_edit(service: SheetsService) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:B5", *([f"row {row}", "empty"] for row in range(5)))
    uid = book.view(0).uids[3]
    is_over = threading.Event()

    def others() -> None:
        while not is_over.is_set():
            put(book, "Tab 0!B1:B8", *(["theirs"] for _ in range(8)))
            book.change([dimension("insertDimension", 1, 2)])
            book.change([dimension("deleteDimension", 1, 2)])

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(others)
        try:
            for number in range(60):
                before, after = book.type_in(0, uid, 1, [[f"mine {number}"]])
                texts = [cell["formattedValue"] for cell in list(after.raw[row_of(after, uid)].cells)[:2]]
                assert texts == ["row 3", f"mine {number}"]
                undone_from = [pair[1] for pair in typed_cells(before, after, [uid], range(2)).cells.values()]
                assert undone_from == [{"userEnteredValue": {"stringValue": f"mine {number}"}}]
        finally:
            is_over.set()
        done.result()


def test_a_change_of_a_row_that_is_gone_is_refused(service: SheetsService) -> None:
    book = new_book(service)
    put(book, "Tab 0!A1:A5", *([f"row {row}"] for row in range(5)))
    uid = book.view(0).uids[3]
    book.change([dimension("deleteDimension", 3, 4)])
    for act in (
        lambda: book.type_in(0, uid, 0, [["x"]]),
        lambda: book.edit(0, lambda view: deleted_rows(view, [row_of(view, uid)])),
    ):
        with pytest.raises(ApiError, match="That row is gone; nothing was written"):
            act()
