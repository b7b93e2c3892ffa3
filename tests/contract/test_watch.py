"""The watch over real HTTP: real gspread's client and google-auth against the local server's list of changes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sheets_sync import errors
from sheets_sync.gateway import SheetsGateway
from sheets_sync.watch import changes_since, full_read_due

CHANGES = r"GET /drive/v3/changes\?"


def title(gateway: SheetsGateway, spreadsheet_id: str, text: str) -> None:
    """An edit."""
    properties = {"properties": {"title": text}, "fields": "title"}
    gateway.batch_update(spreadsheet_id, [{"updateSpreadsheetProperties": properties}], repeatable=True)


# ---- what changed


def test_nothing_new_costs_one_call_and_names_no_file(gateway: SheetsGateway, spreadsheet: str) -> None:
    token = gateway.start_page_token()
    before = gateway.counts
    told = changes_since(gateway, token)
    assert (told.file_ids, told.page_token) == (frozenset(), token)
    assert (gateway.counts.drive - before.drive, gateway.counts.calls - before.calls) == (1, 0)


def test_an_edited_spreadsheet_is_named_once_and_not_again_from_the_new_token(
    gateway: SheetsGateway, spreadsheet: str
) -> None:
    token = gateway.start_page_token()
    title(gateway, spreadsheet, "One")
    title(gateway, spreadsheet, "Two")
    told = changes_since(gateway, token)
    assert told.file_ids == {spreadsheet}
    assert changes_since(gateway, told.page_token).file_ids == frozenset()


def test_a_removed_file_and_one_shared_anew_are_named(gateway: SheetsGateway, local_server: Any) -> None:
    removed, shared = gateway.create("Removed"), gateway.create("Shared")
    token = gateway.start_page_token()
    local_server.service.delete_file(removed)
    person = {"type": "user", "role": "writer", "emailAddress": "maria@example.com"}
    local_server.service.drive.add_permission(shared, person)
    assert changes_since(gateway, token).file_ids == {removed, shared}


def test_more_changes_than_a_page_holds_are_all_named(gateway: SheetsGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sheets_sync.gateway.CHANGES_A_PAGE", 2)
    token = gateway.start_page_token()
    made = {gateway.create(f"Book {number}") for number in range(5)}
    before = gateway.counts.drive
    assert changes_since(gateway, token).file_ids == made
    assert gateway.counts.drive - before == 3


def test_a_look_that_stops_in_the_middle_goes_on_where_it_stopped(
    gateway: SheetsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sheets_sync.gateway.CHANGES_A_PAGE", 1)
    monkeypatch.setattr("sheets_sync.watch.MAX_PAGES", 2)
    token = gateway.start_page_token()
    made = {gateway.create(f"Book {number}") for number in range(3)}
    first = changes_since(gateway, token)
    second = changes_since(gateway, first.page_token)
    assert len(first.file_ids) == 2
    assert first.file_ids | second.file_ids == made


# ---- what can go wrong


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_token_that_drive_does_not_know_is_lost_at_once(
    status: int, gateway: SheetsGateway, proxy: Any, fault: Any
) -> None:
    body = json.dumps({"error": {"code": status, "message": "Invalid Value", "errors": [{"reason": "invalid"}]}})
    proxy.fails(fault(CHANGES, status=status, body=body.encode(), times=None))
    with pytest.raises(errors.PageTokenLost):
        changes_since(gateway, "7")
    assert gateway.counts.drive == 1


@pytest.mark.parametrize("token", ["999999999", "nonsense", "0", "-1", "1" * 30])
def test_the_local_drive_knows_only_tokens_that_it_gave_out(gateway: SheetsGateway, token: str) -> None:
    with pytest.raises(errors.PageTokenLost):
        changes_since(gateway, token)


@pytest.mark.parametrize(
    "answer",
    [{}, {"changes": []}, {"changes": 5, "newStartPageToken": "2"}, {"newStartPageToken": 5}, {"nextPageToken": "\n"}],
)
def test_an_answer_without_a_token_or_a_list_is_googles_trouble(
    answer: dict[str, Any], gateway: SheetsGateway, proxy: Any, fault: Any
) -> None:
    proxy.fails(fault(CHANGES, status=200, body=json.dumps(answer).encode(), times=None))
    with pytest.raises(errors.GoogleFailed):
        changes_since(gateway, "7")


def test_what_is_no_file_id_is_passed_over(gateway: SheetsGateway, proxy: Any, fault: Any) -> None:
    changes = [{"fileId": each} for each in ("../x", 5, None, "1AbcDEF", "x" * 500)]
    answer = {"changes": [*changes, None, "file"], "newStartPageToken": "8"}
    proxy.fails(fault(CHANGES, status=200, body=json.dumps(answer).encode()))
    assert changes_since(gateway, "7").file_ids == {"1AbcDEF"}


def test_a_drive_that_is_switched_off_is_told_and_spreadsheets_are_served_all_the_same(
    gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any, google_says: Any
) -> None:
    body = google_says(403, "PERMISSION_DENIED", "Enable it", errors=[{"reason": "accessNotConfigured"}])
    proxy.fails(fault("/drive/", status=403, body=body, times=None))
    with pytest.raises(errors.AccessDenied, match=r"Google Drive API.*Enable it") as told:
        gateway.start_page_token()
    assert "Sheets" not in told.value.sentence
    assert gateway.read(spreadsheet).title == "Empty"


def test_drive_that_fails_for_a_while_is_tried_again_but_not_for_long(
    gateway: SheetsGateway, proxy: Any, fault: Any, clock: Any
) -> None:
    proxy.fails(fault("/drive/", status=503, times=2))
    assert gateway.start_page_token()
    proxy.fails(fault("/drive/", status=503, times=None))
    started = clock()
    with pytest.raises(errors.GoogleFailed, match="Google Drive"):
        gateway.start_page_token()
    assert clock() - started <= 20


def test_drive_is_asked_with_a_token_that_is_good_for_metadata_only(
    make_gateway: Callable[..., SheetsGateway], proxy: Any
) -> None:
    gateway = make_gateway()
    gateway.start_page_token()
    assert list(gateway._drive.session.credentials.scopes) == [
        "https://www.googleapis.com/auth/drive.metadata.readonly"
    ]
    assert list(gateway._client.session.credentials.scopes) == ["https://www.googleapis.com/auth/spreadsheets"]


# ---- the local Drive, as Google documents it


def get(local_server: Any, **query: Any) -> requests.Response:
    headers = {"Authorization": "Bearer test"}
    return requests.get(f"{local_server.base_url}/drive/v3/changes", params=query, headers=headers, timeout=10)


def test_a_list_of_changes_needs_a_page_token(local_server: Any) -> None:
    answer = get(local_server)
    assert answer.status_code == 400
    assert answer.json()["error"]["errors"][0]["reason"] == "required"


@pytest.mark.parametrize("size", ["0", "1001", "many"])
def test_a_page_holds_one_to_a_thousand_changes(local_server: Any, size: str) -> None:
    assert get(local_server, pageToken="1", pageSize=size).status_code == 400


def test_only_the_last_page_has_a_new_start_token(gateway: SheetsGateway, local_server: Any) -> None:
    token = gateway.start_page_token()
    made = [gateway.create(f"Book {number}") for number in range(3)]
    first = get(local_server, pageToken=token, pageSize=2).json()
    last = get(local_server, pageToken=first["nextPageToken"], pageSize=2).json()
    assert "newStartPageToken" not in first
    assert "nextPageToken" not in last
    assert [change["fileId"] for page in (first, last) for change in page["changes"]] == made
    assert last["newStartPageToken"] == gateway.start_page_token()


def test_removed_files_are_left_out_where_they_are_not_asked_for(gateway: SheetsGateway, local_server: Any) -> None:
    token = gateway.start_page_token()
    local_server.service.delete_file(gateway.create("Gone"))
    told = get(local_server, pageToken=token).json()["changes"]
    assert [change["removed"] for change in told] == [True]
    assert get(local_server, pageToken=token, includeRemoved="false").json()["changes"] == []


def test_tokens_hold_after_a_restart_of_the_server(tmp_path: Path) -> None:
    from sheets_sync.local.service import SheetsService

    service = SheetsService(tmp_path)
    token = service.drive.start_token()
    made = service.create_spreadsheet({})["spreadsheetId"]
    service.close()
    service = SheetsService(tmp_path)
    assert [change["fileId"] for change in service.drive.changes(token, 10)["changes"]] == [made]
    service.close()


# ---- once an hour

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(st.text(min_size=1, max_size=50), MOMENTS, st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_an_hourly_reading_is_due_within_the_last_hour_and_then_an_hour_later(
    spreadsheet_id: str, now: datetime, passed: timedelta
) -> None:
    due, later = full_read_due(spreadsheet_id, now), full_read_due(spreadsheet_id, now + passed)
    assert timedelta(0) <= now - due < timedelta(hours=1)
    assert (later - due) % timedelta(hours=1) == timedelta(0)
    assert later >= due


def test_a_thousand_hourly_readings_are_spread_over_the_hour() -> None:
    now = datetime(2026, 1, 9, 12, tzinfo=UTC)
    minutes = Counter(
        (now - full_read_due(f"spreadsheet-{number}", now)) // timedelta(minutes=1) for number in range(1000)
    )
    assert len(minutes) == 60
    assert max(minutes.values()) <= 33
