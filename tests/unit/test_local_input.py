"""Values as they are put and as they are typed (RAW, USER_ENTERED), null beside empty, in the locales that PMs use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sheets_sync.local.service import ApiError, SheetsService

Json = dict[str, Any]
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SheetsService]:
    one = SheetsService(tmp_path, clock=lambda: NOW)
    yield one
    one.close()


class Book:
    """One spreadsheet of a locale."""

    def __init__(self, service: SheetsService, locale: str = "en_US") -> None:
        self.service = service
        self.id = service.create_spreadsheet({"properties": {"locale": locale}})["spreadsheetId"]

    def put(self, where: str, *rows: list[Any], option: str = "RAW", **more: Any) -> Json:
        body = {"values": list(rows), **more}
        return self.service.values_update(self.id, where, body, value_input_option=option)

    def typed(self, text: str) -> tuple[Any, str]:
        """(the value, the text shown) of what was typed into an empty cell."""
        self.service.batch_update(self.id, {"requests": [{"updateCells": {"range": {"sheetId": 0}, "fields": "*"}}]})
        self.put("A1", [text], option="USER_ENTERED")
        return self.read("A1")[0][0], self.read("A1", "FORMATTED_VALUE")[0][0]

    def read(self, where: str, render: str = "UNFORMATTED_VALUE") -> list[list[Any]]:
        return self.service.values_get(self.id, where, value_render_option=render).get("values", [])


def serial(day: date) -> int:
    return (day - date(1899, 12, 30)).days


MARCH, DECEMBER = serial(date(2026, 3, 12)), serial(date(2026, 12, 3))


@pytest.mark.parametrize(
    "text", ["=1+1", "5%", "2026-03-12", "TRUE", "1,234.5", "'007", "+5", "@x", "#REF!", "12/3", "€5"]
)
def test_raw_text_stays_text_to_the_letter(service: SheetsService, text: str) -> None:
    book = Book(service)
    book.put("A1", [text])
    assert book.read("A1") == [[text]]
    assert book.read("A1", "FORMULA") == [[text]]
    cell = service.get_spreadsheet(book.id, ["A1"], True)["sheets"][0]["data"][0]["rowData"][0]["values"][0]
    assert cell["userEnteredValue"] == {"stringValue": text}
    assert "userEnteredFormat" not in cell


def test_raw_numbers_and_truths_keep_their_type(service: SheetsService) -> None:
    book = Book(service)
    book.put("A1", [0, -1.5, True, False, 1e300])
    assert book.read("A1:E1") == [[0, -1.5, True, False, 1e300]]
    assert [type(value) for value in book.read("A1:E1")[0]] == [int, float, bool, bool, float]


@pytest.mark.parametrize(
    ("locale", "text", "value", "shown"),
    [
        ("en_US", "1,234.5", 1234.5, "1,234.50"),
        ("en_US", "1.234,5", "1.234,5", "1.234,5"),
        ("en_US", "12/3/2026", DECEMBER, "12/3/2026"),
        ("en_US", "12/3", DECEMBER, "12/3"),
        ("en_US", "1.5", 1.5, "1.5"),
        ("en_US", "1-2", serial(date(2026, 1, 2)), "1/2"),
        ("en_US", "13/13", "13/13", "13/13"),
        ("en_GB", "12/3/2026", MARCH, "12/03/2026"),
        ("de_DE", "1.234,5", 1234.5, "1.234,50"),
        ("de_DE", "1,5", 1.5, "1,5"),
        ("de_DE", "12.3.2026", MARCH, "12.03.2026"),
        ("de_DE", "12.3", MARCH, "12.03"),
        ("de_DE", "1,234.5", "1,234.5", "1,234.5"),
        ("de_DE", "wahr", True, "WAHR"),
        ("de_DE", "false", False, "FALSCH"),
        ("fr_FR", "1 234,5", 1234.5, "1\u202f234,50"),
        ("fr_FR", "1\u202f234,5", 1234.5, "1\u202f234,50"),
        ("fr_FR", "12/03/2026", MARCH, "12/03/2026"),
        ("fr_FR", "FAUX", False, "FAUX"),
        ("pl_PL", "1\u00a0234,5", 1234.5, "1\u00a0234,50"),
        ("pl_PL", "12.03.2026", MARCH, "12.03.2026"),
        ("pl_PL", "prawda", True, "PRAWDA"),
        ("ja_JP", "1,234.5", 1234.5, "1,234.50"),
        ("ja_JP", "2026/3/12", MARCH, "2026/03/12"),
        ("ja_JP", "12/3", DECEMBER, "12/03"),
        ("ar_EG", "12/3/2026", MARCH, "12/3/2026"),
        ("ar_EG", "1,234.5", 1234.5, "1,234.50"),
    ],
)
def test_typed_text_is_read_and_shown_as_the_locale_has_it(
    service: SheetsService, locale: str, text: str, value: Any, shown: str
) -> None:
    found, told = Book(service, locale).typed(text)
    assert (found, told) == (value, shown)
    assert type(found) is type(value)


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_FR", "pl_PL", "ja_JP", "ar_EG"])
@pytest.mark.parametrize("text", ["2026-03-12", "50%", "INIT-000123", "2026-Q1", "Q1 2026", "007x", "النص", "🚀"])
def test_iso_dates_percents_and_plain_words_read_alike_everywhere(
    service: SheetsService, locale: str, text: str
) -> None:
    assert Book(service, locale).typed(text)[0] == {"2026-03-12": MARCH, "50%": 0.5}.get(text, text)


def test_another_locale_changes_how_old_values_are_shown_and_not_what_they_are(service: SheetsService) -> None:
    book = Book(service)
    book.put("A1", ["1,234.5", "12/3/2026", "TRUE"], option="USER_ENTERED")
    before = book.read("A1:C1")
    change = {"properties": {"locale": "de_DE"}, "fields": "locale"}
    service.batch_update(book.id, {"requests": [{"updateSpreadsheetProperties": change}]})
    assert book.read("A1:C1") == before
    assert book.read("A1:C1", "FORMATTED_VALUE")[0][2] == "WAHR"
    assert book.read("A1:C1", "FORMATTED_VALUE")[0][0] == "1.234,50"


def test_formulas_take_the_locales_decimal_sign_and_semicolons(service: SheetsService) -> None:
    assert Book(service, "de_DE").typed("=SUM(1,5;2)")[0] == 3.5
    assert Book(service, "en_US").typed("=SUM(1.5,2)")[0] == 3.5


def test_null_leaves_a_cell_and_an_empty_text_empties_it_in_every_way_of_writing(service: SheetsService) -> None:
    book = Book(service)
    for option in ("RAW", "USER_ENTERED"):
        book.put("A1", ["a", "b", "c"])
        book.put("A1", [None, "", None], option=option)
        assert book.read("A1:C1") == [["a", "", "c"]]
        data = [{"range": "A1:C1", "values": [["", None, "new"]]}]
        service.values_batch_update(book.id, {"valueInputOption": option, "data": data})
        assert book.read("A1:C1") == [["", "", "new"]]
    book.put("A2", ["x", None, "y"], majorDimension="ROWS")
    assert book.read("A2:C2") == [["x", "", "y"]]
    data = {"valueInputOption": "RAW", "data": [{"range": "A2", "majorDimension": "COLUMNS", "values": [[None, "z"]]}]}
    service.values_batch_update(book.id, data)
    assert book.read("A2:C3") == [["x", "", "y"], ["z"]]


def test_emptying_keeps_the_note_the_format_and_the_dropdown(service: SheetsService) -> None:
    book = Book(service)
    condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "a"}]}
    cell = {
        "note": "ask",
        "userEnteredFormat": {"textFormat": {"bold": True}},
        "dataValidation": {"condition": condition},
    }
    where = {"sheetId": 0, "endRowIndex": 1, "endColumnIndex": 1}
    service.batch_update(book.id, {"requests": [{"repeatCell": {"range": where, "cell": cell, "fields": "*"}}]})
    book.put("A1", ["a"])
    book.put("A1", [""])
    found = service.get_spreadsheet(book.id, ["A1"], True)["sheets"][0]["data"][0]["rowData"][0]["values"][0]
    assert (found["note"], "dataValidation" in found, "userEnteredValue" in found) == ("ask", True, False)


def test_an_empty_string_in_an_update_of_cells_is_a_blank_cell(service: SheetsService) -> None:
    book = Book(service)
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    rows = [{"values": [{"userEnteredValue": {"stringValue": ""}}, {}, {"userEnteredValue": {"boolValue": False}}]}]
    book.put("A1", ["a", "b", "c"])
    request = {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}}
    service.batch_update(book.id, {"requests": [request]})
    assert book.read("A1:C1") == [["", "", False]]


@pytest.mark.parametrize(
    ("where", "rows", "says"),
    [
        ("A1001", [["x"]], "exceeds grid limits. Max rows: 1000, max columns: 26"),
        ("Z1", [["x", "y"]], "exceeds grid limits"),
        ("A1000", [["x"], ["y"]], "exceeds grid limits"),
        ("A1:B2", [["x", "y", "z"]], "tried writing to column [C]"),
        ("A1:B2", [["x"], ["y"], ["z"]], "tried writing to row [3]"),
        ("A:A", [["x", "y"]], "tried writing to column [B]"),
    ],
)
def test_a_write_past_its_range_or_the_grid_is_refused_whole(
    service: SheetsService, where: str, rows: list[list[str]], says: str
) -> None:
    book = Book(service)
    with pytest.raises(ApiError) as told:
        book.put(where, *rows)
    assert told.value.status == 400
    assert says in told.value.message
    data = [{"range": "A1", "values": [["first"]]}, {"range": where, "values": rows}]
    with pytest.raises(ApiError):
        service.values_batch_update(book.id, {"valueInputOption": "RAW", "data": data})
    assert book.read("Sheet1") == []
