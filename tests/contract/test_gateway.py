"""The gateway over real HTTP: real gspread and google-auth against the local server, and against everything that can
fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InputError, OutOfReach
from sheets_sync import errors
from sheets_sync.gateway import Batch, SheetsGateway, spreadsheet_id_of
from sheets_sync.quota import LATE_S
from sheets_sync.transport import BoundedAdapter

Make = Callable[..., SheetsGateway]
API = r"/v4/spreadsheets"
ADD = [{"addSheet": {"properties": {"title": "Twice"}}}]


def put(sheet_id: int, row: int, texts: list[str]) -> dict[str, Any]:
    """One row of texts, as text."""
    return {
        "updateCells": {
            "start": {"sheetId": sheet_id, "rowIndex": row, "columnIndex": 0},
            "rows": [{"values": [{"userEnteredValue": {"stringValue": text}} for text in texts]}],
            "fields": "userEnteredValue",
        }
    }


# ---- verbs


def test_a_new_spreadsheet_can_be_read_by_its_id(gateway: SheetsGateway) -> None:
    spreadsheet_id = gateway.create("Plan of the year")
    workbook = gateway.read(spreadsheet_id)
    assert (workbook.spreadsheet_id, workbook.title, workbook.grids) == (spreadsheet_id, "Plan of the year", {})
    assert spreadsheet_id in workbook.url


def test_reading_costs_two_reads_however_many_tabs_there_are(gateway: SheetsGateway, new_workbook: Any) -> None:
    made = new_workbook({})
    before = gateway.counts
    workbook = gateway.read(made.spreadsheet_id)
    assert gateway.counts.reads - before.reads == 2
    assert gateway.counts.writes == before.writes
    assert len(workbook.grids) > 10


def test_values_come_unformatted_with_numbers_booleans_and_text_apart(gateway: SheetsGateway, spreadsheet: str) -> None:
    cells = [{"numberValue": 0.1}, {"boolValue": True}, {"stringValue": "007"}, {"stringValue": "=1+1"}]
    row = {"values": [{"userEnteredValue": cell} for cell in cells]}
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    request = {"updateCells": {"start": start, "rows": [row], "fields": "userEnteredValue"}}
    gateway.batch_update(spreadsheet, [request], repeatable=True)
    grid = gateway.read(spreadsheet, ["Sheet1"]).grids["Sheet1"]
    assert grid.values == [[0.1, True, "007", "=1+1"]]


def test_notes_come_with_the_metadata_by_row_and_column(gateway: SheetsGateway, spreadsheet: str) -> None:
    start = {"sheetId": 0, "rowIndex": 4, "columnIndex": 2}
    request = {"updateCells": {"start": start, "rows": [{"values": [{"note": "Ask Dana"}]}], "fields": "note"}}
    gateway.batch_update(spreadsheet, [request], repeatable=True)
    workbook = gateway.read(spreadsheet, ["Sheet1"])
    assert workbook.grids["Sheet1"].notes == {(5, 3): "Ask Dana"}
    assert "data" not in workbook.metadata["sheets"][0]


def test_a_tab_whose_title_holds_quotes_and_spaces_is_read(gateway: SheetsGateway, spreadsheet: str) -> None:
    title = "Dana's 'own' tab!"
    gateway.batch_update(spreadsheet, [{"addSheet": {"properties": {"title": title, "sheetId": 7}}}, put(7, 0, ["x"])])
    assert gateway.read(spreadsheet, [title, "not there"]).grids[title].values == [["x"]]


def test_a_batch_hands_back_the_ranges_it_was_asked_to_echo(gateway: SheetsGateway, spreadsheet: str) -> None:
    reply = gateway.batch_update(spreadsheet, [put(0, 1, ["a", "b"])], ["'Sheet1'!A2:A2"], repeatable=True)
    data = reply["updatedSpreadsheet"]["sheets"][0]["data"][0]
    assert data["rowData"][0]["values"][0]["effectiveValue"] == {"stringValue": "a"}


def test_a_batch_with_one_bad_request_changes_nothing(gateway: SheetsGateway, spreadsheet: str) -> None:
    with pytest.raises(errors.RequestRefused, match="Google would not do what was asked"):
        gateway.batch_update(spreadsheet, [put(0, 0, ["half"]), put(999, 0, ["x"])], repeatable=True)
    assert gateway.read(spreadsheet, ["Sheet1"]).grids["Sheet1"].values == ()


def test_five_megabytes_of_text_survive_the_way_there_and_back(gateway: SheetsGateway, spreadsheet: str) -> None:
    texts = ["é😀" * 10_000 for _ in range(50)]
    gateway.batch_update(spreadsheet, [put(0, 0, texts[:26])], repeatable=True)
    gateway.batch_update(spreadsheet, [put(0, 1, texts[:24])], repeatable=True)
    grid = gateway.read(spreadsheet, ["Sheet1"]).grids["Sheet1"]
    assert [len(row) for row in grid.values] == [26, 24]
    assert set(grid.values[0]) == {texts[0]}


@pytest.mark.parametrize(
    "text",
    [
        "1AbcDEF_-123456789012345",
        "  1AbcDEF_-123456789012345 ",
        "https://docs.google.com/spreadsheets/d/1AbcDEF_-123456789012345/edit#gid=0",
        "https://docs.google.com/spreadsheets/u/2/d/1AbcDEF_-123456789012345/edit?usp=sharing",
        "http://127.0.0.1:8080/spreadsheets/d/1AbcDEF_-123456789012345",
    ],
)
def test_an_id_and_every_form_of_its_address_name_the_same_spreadsheet(text: str) -> None:
    assert spreadsheet_id_of(text) == "1AbcDEF_-123456789012345"


@pytest.mark.parametrize("text", ["", "a b", "https://example.com/", "../../etc", "1Abc/../x", "x" * 300, "ä" * 20])
def test_what_is_no_id_is_told_with_the_address_to_copy(text: str) -> None:
    with pytest.raises(errors.SpreadsheetNotFound, match="copy the address from the browser"):
        spreadsheet_id_of(text)


# ---- refused: stop


def test_403_names_the_address_to_share_with(gateway: SheetsGateway, proxy: Any, fault: Any, google_says: Any) -> None:
    body = google_says(403, "PERMISSION_DENIED", "The caller does not have permission")
    proxy.fails(fault(API, status=403, body=body))
    with pytest.raises(errors.AccessDenied) as told:
        gateway.read("1AbcDEF")
    assert gateway.client_email in told.value.sentence
    assert "1AbcDEF" in told.value.sentence
    assert (told.value.exit_code, told.value.may_retry) == (1, False)
    assert gateway.counts.calls == 1


def test_an_api_that_is_off_is_told_with_googles_own_words(
    gateway: SheetsGateway, proxy: Any, fault: Any, google_says: Any
) -> None:
    body = google_says(403, "PERMISSION_DENIED", "Enable it by visiting X", details=[{"reason": "SERVICE_DISABLED"}])
    proxy.fails(fault(API, status=403, body=body))
    with pytest.raises(errors.AccessDenied, match=r"API is off in the key's project.*Enable it by visiting X"):
        gateway.read("1AbcDEF")


def test_an_account_that_may_own_no_files_is_told_what_to_do_instead(
    gateway: SheetsGateway, proxy: Any, fault: Any, google_says: Any
) -> None:
    proxy.fails(fault("POST", status=403, body=google_says(403, "PERMISSION_DENIED", "no")))
    with pytest.raises(errors.AccessDenied, match="make an empty one yourself, share it with"):
        gateway.create("Plan")


def test_404_says_that_the_spreadsheet_does_not_exist(gateway: SheetsGateway) -> None:
    with pytest.raises(errors.SpreadsheetNotFound, match="1NoSuchSpreadsheet does not exist") as told:
        gateway.read("1NoSuchSpreadsheet")
    assert told.value.exit_code == 1
    assert told.value.__cause__ is not None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "There is no key file"),
        ("{", "is not JSON"),
        ("[1]", "not the key of a service account"),
        ('{"type": "authorized_user"}', "of type “authorized_user”"),
        ('{"type": "service_account"}', "is damaged"),
        ('{"type": "service_account", "client_email": "a@b", "token_uri": "x", "private_key": "junk"}', "is damaged"),
        ("\ud800", "is not JSON"),
    ],
)
def test_a_bad_key_file_is_told_before_any_call(tmp_path: Path, content: str | None, says: str) -> None:
    key = tmp_path / "key.json"
    if content is not None:
        key.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(errors.KeyFileWrong) as told:
        SheetsGateway(key)
    assert "\n" not in told.value.sentence
    if content != "\ud800":
        assert says in told.value.sentence


def test_a_key_that_google_refuses_is_told_with_its_account(
    make_gateway: Make, key_file: Path, proxy: Any, fault: Any, tmp_path: Path
) -> None:
    info = json.loads(key_file.read_text())
    info["token_uri"] = proxy.base_url + "/token"
    key = tmp_path / "key.json"
    key.write_text(json.dumps(info))
    body = b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'
    proxy.fails(fault("POST /token", status=400, body=body))
    gateway = make_gateway(key)
    with pytest.raises(errors.KeyFileWrong, match=r"Invalid JWT Signature.*clock is right"):
        gateway.read("1AbcDEF")


# ---- writes whose answer is lost


def test_a_batch_that_is_not_repeatable_is_not_sent_again_when_its_answer_is_lost(
    gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    proxy.fails(fault("batchUpdate", kind="lost"))
    with pytest.raises(errors.AnswerLost, match="may or may not have been made") as told:
        gateway.batch_update(spreadsheet, ADD)
    assert told.value.may_retry
    assert list(gateway.read(spreadsheet, ["Twice"]).grids) == ["Twice"]
    assert sum("batchUpdate" in each for each in proxy.seen) == 1


def test_a_batch_that_google_turned_away_unread_is_sent_again_even_if_not_repeatable(
    gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any, google_says: Any
) -> None:
    proxy.fails(fault("batchUpdate", status=429, body=google_says(429, "RESOURCE_EXHAUSTED", "Quota exceeded")))
    gateway.batch_update(spreadsheet, ADD)
    assert list(gateway.read(spreadsheet, ["Twice"]).grids) == ["Twice"]


def test_a_repeatable_batch_is_sent_again_when_its_answer_is_lost(
    gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    proxy.fails(fault("batchUpdate", kind="lost", times=2))
    gateway.batch_update(spreadsheet, [put(0, 0, ["once"])], repeatable=True)
    assert gateway.read(spreadsheet, ["Sheet1"]).grids["Sheet1"].values == [["once"]]


def test_a_prepared_write_is_prepared_anew_at_each_try(
    gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    proxy.fails(fault("batchUpdate", status=503), fault("batchUpdate", kind="lost"))
    prepared: list[int] = []

    def prepare() -> Batch:
        prepared.append(1)
        return Batch(requests=[put(0, 0, [f"try {len(prepared)}"])])

    gateway.write(spreadsheet, prepare)
    assert gateway.read(spreadsheet, ["Sheet1"]).grids["Sheet1"].values == [["try 3"]]


@pytest.mark.parametrize("error", [InputError("fence"), OutOfReach("Postgres"), ValueError("bug")])
def test_what_forbids_a_write_ends_it_at_once(
    error: Exception, gateway: SheetsGateway, spreadsheet: str, proxy: Any
) -> None:
    tries: list[int] = []

    def prepare() -> Batch:
        tries.append(1)
        raise error

    with pytest.raises(type(error)) as told:
        gateway.write(spreadsheet, prepare)
    assert told.value is error
    assert len(tries) == 1
    assert not any("batchUpdate" in each for each in proxy.seen)


def test_nothing_to_write_is_no_call(gateway: SheetsGateway, spreadsheet: str) -> None:
    before = gateway.counts
    assert gateway.write(spreadsheet, lambda: None) == {}
    assert gateway.counts == before


# ---- quota and accounts


def test_no_minute_sees_more_calls_than_the_quota_though_some_take_longer_to_reach_google(
    make_gateway: Make, spreadsheet: str, clock: Any
) -> None:
    moments: list[float] = []
    gateway = make_gateway(calls_per_minute=6, on_call=lambda call: moments.append(clock()))
    for _ in range(10):
        gateway.reread(spreadsheet, ["A1"], "spreadsheetId")
    assert len(moments) == 10
    assert all(late - (early + LATE_S) >= 60 for early, late in zip(moments, moments[6:], strict=False))


def test_every_call_is_told_with_its_cost_and_outcome(
    make_gateway: Make, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    calls: list[Any] = []
    gateway = make_gateway(on_call=calls.append)
    proxy.fails(fault(API, status=500))
    gateway.read(spreadsheet)
    gateway.batch_update(spreadsheet, [put(0, 0, ["x"])], repeatable=True)
    assert [(call.kind, call.outcome) for call in calls] == [("read", "GoogleFailed"), ("read", "ok"), ("write", "ok")]
    assert calls[2].bytes_sent > 50
    assert calls[1].bytes_received > 100
    counts = gateway.counts
    assert (counts.reads, counts.writes, counts.calls) == (2, 1, 3)
    assert counts.bytes_received == sum(call.bytes_received for call in calls)


def test_only_the_scope_of_spreadsheets_is_asked_for(make_gateway: Make, key_file: Path, proxy: Any) -> None:
    gateway = make_gateway()
    assert list(gateway._client.session.credentials.scopes) == ["https://www.googleapis.com/auth/spreadsheets"]


def test_both_api_hosts_are_sent_to_the_base_url_and_others_are_not() -> None:
    adapter = BoundedAdapter("http://127.0.0.1:8080/prefix/")
    sent = [
        adapter._sent_to("https://sheets.googleapis.com/v4/spreadsheets/x?fields=a"),
        adapter._sent_to("https://www.googleapis.com/drive/v3/files"),
        adapter._sent_to("https://oauth2.googleapis.com/token"),
    ]
    assert sent == [
        "http://127.0.0.1:8080/prefix/v4/spreadsheets/x?fields=a",
        "http://127.0.0.1:8080/prefix/drive/v3/files",
        "https://oauth2.googleapis.com/token",
    ]


def test_loopback_never_passes_through_a_proxy(
    key_file: Path, local_server: Any, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    gateway = SheetsGateway(key_file, local_server.base_url, clock=clock, sleep=clock.sleep)
    assert gateway.create("Plan")
    gateway.close()
