"""Random requests, right in type but not in sense, against the local Sheets server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheets_sync.local import schema
from sheets_sync.local.errors import ApiError
from sheets_sync.local.requests.registry import REQUESTS
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]

TEXTS = st.sampled_from(["", "A1", "=A1+1", "=SUM(A:A)", "Sheet1", "*", "x,y", "5%", "2026-01-05", "é\ud800\0", "0"])
MASKS = st.sampled_from(["*", "", "note", "title", "range", "userEnteredValue", "pixelSize", "a.b", "(", "rules"])
NUMBERS = st.sampled_from([0, 1, 2, 3, 7, -1, 26, 999, 1000, 1001, 2**31 - 1])


def values_of(kind: str, depth: int) -> st.SearchStrategy[Any]:
    """Values that the schema type allows, small in number so that some of them fit together."""
    if kind[0] == "@":
        return messages_of(kind[1:], depth + 1) if depth < 5 else st.just({})
    if kind[0] == "[":
        return st.lists(values_of(kind[1:], depth + 1), max_size=2)
    if kind[0] == "{":
        return st.dictionaries(st.sampled_from(["0", "1", "x"]), values_of(kind[1:], depth + 1), max_size=2)
    if kind[0] == "=":
        return st.sampled_from(kind[1:].split("|"))
    if kind == "boolean":
        return st.booleans()
    if kind in ("int32", "int64", "double", "float"):
        return NUMBERS
    if kind == "google-fieldmask":
        return MASKS
    if kind == "any":
        return st.one_of(TEXTS, NUMBERS, st.none(), st.booleans(), st.just([]), st.just({}))
    return TEXTS


def messages_of(message: str, depth: int = 0) -> st.SearchStrategy[Json]:
    @st.composite
    def build(draw: st.DrawFn) -> Json:
        fields = schema.messages()[message]
        names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)) if fields else []
        if draw(st.booleans()):
            names += [name for name in ("range", "fields", "rule", "source", "properties") if name in fields]
        return {name: draw(values_of(fields[name], depth)) for name in names}

    return build()


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_request_of_right_types_gives_a_reply_or_a_400_and_the_book_can_still_be_read(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    service = SheetsService(tmp_path_factory.mktemp("fuzz"))
    book = service.create_spreadsheet({})["spreadsheetId"]
    rows = [["a", 1, True, "=A1"], ["b", 2.5, "", "=SUM(B1:B2)"]]
    service.values_update(book, "A1", {"values": rows}, value_input_option="USER_ENTERED")
    message = schema.messages()["Request"][name][1:]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(messages_of(message))
    def sends(body: Json) -> None:
        try:
            answer = service.batch_update(book, {"requests": [{name: body}], "includeSpreadsheetInResponse": True})
            assert len(answer["replies"]) == 1
        except ApiError as error:
            assert error.status == 400
        service.get_spreadsheet(book, fields="sheets(properties,merges,protectedRanges,basicFilter,charts)")

    sends()
    service.close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["Spreadsheet", "BatchUpdateValuesRequest", "ValueRange", "SearchDeveloperMetadataRequest"]),
    st.data(),
)
def test_other_bodies_of_right_types_give_an_answer_or_a_400(
    tmp_path_factory: pytest.TempPathFactory, message: str, data: st.DataObject
) -> None:
    service = SheetsService(tmp_path_factory.mktemp("fuzz"))
    book = service.create_spreadsheet({})["spreadsheetId"]
    body = data.draw(messages_of(message))
    calls: dict[str, Any] = {
        "Spreadsheet": lambda: service.create_spreadsheet(body),
        "BatchUpdateValuesRequest": lambda: service.values_batch_update(book, body),
        "ValueRange": lambda: service.values_update(book, body.get("range", "A1"), body, value_input_option="RAW"),
        "SearchDeveloperMetadataRequest": lambda: service.metadata_search(book, body),
    }
    try:
        calls[message]()
    except ApiError as error:
        assert error.status == 400
    finally:
        service.close()
