"""Formulas of the local Sheets server that fill more than their own cell."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sheets_sync.local.service import SheetsService

Rows = list[list[Any]]


class Book:
    """One spreadsheet: teams, their tokens and whether they are in, from A1 to C5."""

    def __init__(self, folder: Path) -> None:
        self.service = SheetsService(folder)
        self.id = self.service.create_spreadsheet({})["spreadsheetId"]
        self.put("A1", ["team", "tokens", "in"], ["Red", 30, True], ["Blue", 10, False], ["red", 5, True], ["Green"])

    def put(self, where: str, *rows: list[Any]) -> None:
        body = {"values": list(rows)}
        self.service.values_update(self.id, where, body, value_input_option="USER_ENTERED")

    def read(self, where: str, render: str = "UNFORMATTED_VALUE") -> Rows:
        return self.service.values_get(self.id, where, value_render_option=render).get("values", [])

    def error(self, where: str) -> str:
        found = self.service.get_spreadsheet(self.id, [where], True)["sheets"][0]["data"][0]
        return found["rowData"][0]["values"][0]["effectiveValue"]["errorValue"]["message"]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    one = Book(tmp_path)
    yield one
    one.service.close()


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("=FILTER(A2:B5, B2:B5 > 7)", [["Red", 30], ["Blue", 10]]),
        ("=FILTER(A2:A5, C2:C5)", [["Red"], ["red"]]),
        ('=FILTER(A2:B5, A2:A5 = "red", B2:B5 < 20)', [["red", 5]]),
        ("=FILTER(B2:B5, B2:B5 * 2 >= 20)", [[30], [10]]),
        ('=FILTER(A1:C2, A1:C1 <> "tokens")', [["team", "in"], ["Red", True]]),
        ("=SUM(FILTER(B2:B5, C2:C5))", [[35]]),
        ("=COUNTA(UNIQUE(A2:A5))", [[3]]),
        ("=UNIQUE(A2:A5)", [["Red"], ["Blue"], ["Green"]]),
        ("=SORT(A2:B5, 2, FALSE)", [["Red", 30], ["Blue", 10], ["red", 5], ["Green"]]),
        ("=SORT(A2:B5, 1, TRUE, 2, TRUE)", [["Blue", 10], ["Green"], ["red", 5], ["Red", 30]]),
        ("=TRANSPOSE(A1:B2)", [["team", "Red"], ["tokens", 30]]),
        ("=ARRAYFORMULA(B2:B4 * 2 - 1)", [[59], [19], [9]]),
        ("=INDEX(SORT(A2:B4, 2), 1, 1)", [["red"]]),
        ('=IFERROR(FILTER(A2:A5, B2:B5 > 99), "none")', [["none"]]),
    ],
)
def test_an_array_formula_fills_the_cells_beside_and_below(book: Book, formula: str, values: Rows) -> None:
    book.put("E1", [formula])
    assert book.read("E1:G9") == values


def test_filled_cells_follow_their_sources_and_count_for_other_formulas(book: Book) -> None:
    book.put("E1", ["=FILTER(B2:B5, C2:C5)", "=SUM(E1:E9)", "=E2*2"])
    assert book.read("E1:G2") == [[30, 35, 10], [5]]
    book.put("C3", [True])
    assert book.read("E1:G3") == [[30, 45, 20], [10], [5]]
    book.put("C2", [False], [False], [False])
    assert book.read("E1", "FORMATTED_VALUE") == [["#N/A"]]
    assert book.error("E1") == "No matches are found in FILTER evaluation."


def test_a_filled_cell_has_a_value_and_nothing_entered(book: Book) -> None:
    book.put("E1", ["=UNIQUE(A2:A5)"])
    data = book.service.get_spreadsheet(book.id, ["E1:E2"], True)["sheets"][0]["data"][0]["rowData"]
    assert data[0]["values"][0]["userEnteredValue"] == {"formulaValue": "=UNIQUE(A2:A5)"}
    filled = data[1]["values"][0]
    assert (filled["effectiveValue"], filled["formattedValue"]) == ({"stringValue": "Blue"}, "Blue")
    assert "userEnteredValue" not in filled
    assert book.read("E1:E2", "FORMULA") == [["=UNIQUE(A2:A5)"], ["Blue"]]


def test_an_array_overwrites_nothing_and_says_which_cell_is_in_the_way(book: Book) -> None:
    book.put("E1", ["=FILTER(A2:B5, B2:B5 > 0)"], ["", ""], ["mine"])
    assert book.read("E1:F3", "FORMATTED_VALUE") == [["#REF!"], [], ["mine"]]
    assert book.error("E1") == "Array result was not expanded because it would overwrite data in E3."
    book.put("E3", [""])
    assert book.read("E1:F3") == [["Red", 30], ["Blue", 10], ["red", 5]]


def test_an_array_that_reaches_past_the_grid_asks_for_rows(book: Book) -> None:
    book.put("E999", ["=UNIQUE(A2:A5)"])
    assert book.error("E999") == "Result was not automatically expanded, please insert more rows (1)."


def test_two_arrays_beside_each_other_are_no_circle(book: Book) -> None:
    book.put("E1", ["=FILTER(A2:A5, C2:C5)", "=FILTER(B2:B5, C2:C5)"])
    assert book.read("E1:F2") == [["Red", 30], ["red", 5]]


def test_an_array_of_an_array_is_computed_in_order(book: Book) -> None:
    book.put("G1", ["=SORT(E1:E3, 1, TRUE)"])
    book.put("E1", ["=FILTER(B2:B5, B2:B5 > 0)"])
    assert book.read("E1:G3") == [[30, "", 5], [10, "", 10], [5, "", 30]]


def test_many_readers_at_once_see_the_whole_array(book: Book) -> None:
    book.put("E1", ["=SORT(B2:B4, 1, TRUE)"])
    for count in range(20):
        book.put("H1", [count])  # a new version, computed by whoever reads first
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: book.read("E1:E3"), range(8)))
        assert found == [[[5], [10], [30]]] * 8


def test_an_array_that_reads_itself_is_a_circle(book: Book) -> None:
    book.put("E1", ["=UNIQUE(E1:E9)"])
    assert "Circular" in book.error("E1")


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("=FILTER(A2:A5, B2:B4 > 1)", "FILTER has mismatched range sizes. Expected row count: 4. column count: 1."),
        ("=FILTER(A2:A5)", "Wrong number of arguments to FILTER. Expected 2, but got 1."),
        ("=SORT(A2:B5, 7, TRUE)", "SORT has no column 7"),
        ('=QUERY(A1:C5, "select A")', "The local Sheets server does not compute the function QUERY."),
    ],
)
def test_what_an_array_formula_cannot_do_is_told_in_the_cell(book: Book, formula: str, says: str) -> None:
    book.put("E1", [formula])
    assert book.error("E1").startswith(says)
