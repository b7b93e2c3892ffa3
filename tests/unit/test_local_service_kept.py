"""What the local Sheets server keeps: files, the list of changes, writes of many threads, what is on disk."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheets_sync.local.errors import ApiError
from sheets_sync.local.service import SheetsService
from tests.unit.local_book import Book, Json, area, rows


def test_files_are_listed_copied_renamed_and_deleted(book: Book) -> None:
    service = book.service
    copy = service.copy_file(book.id, {"name": "Copy"})
    assert [one["name"] for one in service.list_files()] == ["Copy", "T"]
    book.put("A1", ["only here"])
    assert service.values_get(copy["id"], "A1").get("values") is None
    assert service.list_files()[0]["id"] == book.id
    service.rename_file(copy["id"], {"name": "Other"})
    assert service.get_spreadsheet(copy["id"])["properties"]["title"] == "Other"
    service.delete_file(book.id)
    with pytest.raises(ApiError, match="not found"):
        book.read("A1")


def test_the_changes_list_names_each_changed_file_once(book: Book) -> None:
    drive = book.service.drive
    token = drive.start_token()
    assert drive.changes(token, 10)["changes"] == []
    other = Book(book.service, title="Other")
    book.put("A1", [1])
    book.put("A1", [2])
    page = drive.changes(token, 10)
    assert [one["fileId"] for one in page["changes"]] == [other.id, book.id]
    assert drive.changes(page["newStartPageToken"], 10)["changes"] == []
    first = drive.changes(token, 1)
    assert [one["fileId"] for one in drive.changes(first["nextPageToken"], 1)["changes"]] == [book.id]
    with pytest.raises(ApiError):
        drive.changes("99999", 10)


def test_many_threads_writing_at_once_lose_nothing(book: Book) -> None:
    def append(name: int) -> None:
        for number in range(10):
            book.service.values_append(book.id, "A1", {"values": [[f"{name}-{number}"]]}, value_input_option="RAW")

    threads = [threading.Thread(target=append, args=(name,)) for name in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = {row[0] for row in book.read("A1:A100")}
    assert found == {f"{name}-{number}" for name in range(4) for number in range(10)}


INDEX = st.integers(0, 150)
SIZE = st.integers(1, 70)
TEXT = st.sampled_from(["a", "=A1+1", "=SUM(A1:A9)", "5%", "", "x" * 50])


def _update(at: int, column: int, text: str) -> Json:
    value = {"formulaValue": text} if text.startswith("=") else {"stringValue": text}
    cell = {"userEnteredValue": value, "userEnteredFormat": {"textFormat": {"bold": True}}, "note": text[:1]}
    start = {"sheetId": 0, "rowIndex": at, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "*"}}


STEPS = st.one_of(
    st.builds(_update, INDEX, st.integers(0, 5), TEXT),
    st.builds(lambda a, n: {"insertDimension": {"range": rows(a, a + n)}}, INDEX, SIZE),
    st.builds(lambda a, n: {"deleteDimension": {"range": rows(a, a + n)}}, INDEX, SIZE),
    st.builds(lambda a, n, t: {"moveDimension": {"source": rows(a, a + n), "destinationIndex": t}}, INDEX, SIZE, INDEX),
    st.builds(lambda a, n: {"sortRange": {"range": area(a, a + n, 0, 6), "sortSpecs": [{}]}}, INDEX, SIZE),
    st.builds(lambda a, n: {"mergeCells": {"range": area(a, a + n, 0, 2)}}, INDEX, SIZE),
    st.builds(lambda a, n: {"deleteRange": {"range": area(a, a + n, 0, 2), "shiftDimension": "ROWS"}}, INDEX, SIZE),
    st.just({"duplicateSheet": {"sourceSheetId": 0, "insertSheetIndex": 1}}),
    st.builds(
        lambda a, n: {"addNamedRange": {"namedRange": {"name": f"n{a}", "range": area(a, a + n, 0, 1)}}}, INDEX, SIZE
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_what_is_read_after_a_restart_is_what_was_there_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Json]
) -> None:
    folder = tmp_path_factory.mktemp("restart")
    service = SheetsService(folder)
    book = Book(service, title="R", timeZone="Europe/Paris", locale="de_DE")
    for step in steps:
        before = book.whole()
        try:
            book.batch(step)
        except ApiError as error:
            assert error.status == 400
            assert book.whole() == before
    before, revision = book.whole(), service.revision(book.id)
    service.close()
    again = SheetsService(folder)
    assert again.get_spreadsheet(book.id, include_grid_data=True) == before
    assert again.revision(book.id) == revision
    again.close()


def test_rows_that_look_alike_are_each_kept_as_they_are(tmp_path: Path) -> None:
    """Formats, rules and notes alone: above and below an empty row, a row with a value, a row with another note."""
    service = SheetsService(tmp_path)
    book = Book(service, title="R")
    bold = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    checkbox = {"condition": {"type": "BOOLEAN"}, "strict": True}
    book.batch(
        {"repeatCell": {"range": area(0, 8, 0, 2), "cell": bold, "fields": "userEnteredFormat"}},
        {"setDataValidation": {"range": area(0, 8, 1, 3), "rule": checkbox}},
        {"repeatCell": {"range": area(2, 3, 0, 9), "cell": {}, "fields": "*"}},
        {"repeatCell": {"range": area(5, 6, 0, 1), "cell": {"note": "other"}, "fields": "note"}},
    )
    book.put("B7:C7", [True, 1])
    before = book.whole()
    service.close()
    again = SheetsService(tmp_path)
    assert again.get_spreadsheet(book.id, include_grid_data=True) == before
    kept = again.values_get(book.id, "B7:C7", value_render_option="UNFORMATTED_VALUE")["values"]
    assert [type(value) for value in kept[0]] == [bool, int]
    again.close()
