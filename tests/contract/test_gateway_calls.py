"""What each call to Google costs and tells: attempts, waits, quotas by kind, and a bound on all its parts together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from jobs import metrics
from sheets_sync import errors
from sheets_sync.exchange import Call
from sheets_sync.gateway import SheetsGateway
from sheets_sync.quota import WINDOW_S

Make = Callable[..., SheetsGateway]
API = r"/v4/spreadsheets"


@pytest.fixture
def through_proxy(key_file: Path, proxy: Any, tmp_path: Path) -> Path:
    """A key whose sign-in passes through the proxy too."""
    info = json.loads(key_file.read_text())
    info["token_uri"] = f"{proxy.base_url}/token"
    key = tmp_path / "key.json"
    key.write_text(json.dumps(info))
    return key


def test_each_try_is_told_with_its_number_and_what_was_waited_before_it(
    make_gateway: Make, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    calls: list[Call] = []
    gateway = make_gateway(on_call=calls.append)
    proxy.fails(fault(API, status=503, headers={"Retry-After": "3"}, times=2))
    gateway.reread(spreadsheet, ["A1"], "spreadsheetId")
    assert [(call.attempt, call.outcome) for call in calls] == [(1, "GoogleFailed"), (2, "GoogleFailed"), (3, "ok")]
    assert calls[0].paused_s == 0
    assert all(3 <= call.paused_s <= 4 for call in calls[1:])
    assert {call.spreadsheet_id for call in calls} == {spreadsheet}


def test_waiting_for_the_quota_is_told_apart_from_waiting_after_a_failure(make_gateway: Make, spreadsheet: str) -> None:
    calls: list[Call] = []
    gateway = make_gateway(calls_per_minute=1, on_call=calls.append)
    for _ in "ab":
        gateway.reread(spreadsheet, ["A1"], "spreadsheetId")
    assert [call.queued_s for call in calls] == pytest.approx([0, WINDOW_S], abs=1)
    assert [call.paused_s for call in calls] == [0, 0]


def test_reads_writes_and_drive_each_have_a_quota_of_their_own(
    make_gateway: Make, spreadsheet: str, clock: Any
) -> None:
    gateway = make_gateway(calls_per_minute=1)
    started = clock()
    gateway.reread(spreadsheet, ["A1"], "spreadsheetId")
    gateway.create("Another")
    gateway.start_page_token()
    assert clock() == started
    with pytest.raises(errors.QuotaSpent, match="Google Drive: our own limit"):
        gateway.start_page_token()  # not within its short deadline
    gateway.reread(spreadsheet, ["A1"], "spreadsheetId")
    assert clock() - started == pytest.approx(WINDOW_S, abs=1)


class Full:
    """A ledger that has room only for what ``taken`` says it has."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.asked: list[Mapping[str, int]] = []

    def take(self, buckets: Mapping[str, int], window_s: float) -> float | None:
        self.asked.append(buckets)
        self.room -= 1
        return 0 if self.room >= 0 else 1000


def test_a_turn_that_the_ledger_cannot_give_in_time_is_told_and_nothing_is_sent(
    make_gateway: Make, proxy: Any, key_file: Path
) -> None:
    ledger = Full(1)
    gateway = make_gateway(ledger=ledger, calls_per_minute=60, project_calls_per_minute=300)
    gateway.create("One")
    seen = len(proxy.seen)
    with pytest.raises(errors.QuotaSpent, match="our own limit"):
        gateway.create("Two")
    assert len(proxy.seen) == seen
    project = json.loads(key_file.read_text())["project_id"]
    assert ledger.asked[0] == {f"write {gateway.account}": 60, f"write project {project}": 300}


def test_signing_in_and_the_call_share_one_timeout(
    make_gateway: Make, through_proxy: Path, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    """A sign-in that answers slowly leaves the call what is left, not a timeout of its own."""
    stopped = proxy.stopping
    proxy.fails(fault("POST /token", kind="call", then=lambda: stopped.wait(0.7), times=None))
    proxy.fails(fault(API, kind="call", then=lambda: stopped.wait(0.7), times=None))
    calls: list[Call] = []
    gateway = make_gateway(through_proxy, timeout_s=1.2, on_call=calls.append)
    gateway.reread(spreadsheet, ["A1"], "spreadsheetId")
    assert [call.outcome for call in calls] == ["GoogleSilent", "ok"]  # the second try is signed in already


def test_metrics_count_calls_bytes_retries_and_waits_by_verb_and_outcome() -> None:
    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0

    ok = {"verb": "told in a test", "kind": "read", "outcome": "ok"}
    call = Call(
        verb="told in a test",
        kind="read",
        spreadsheet_id="1AbcDEF",
        seconds=0.3,
        bytes_sent=10,
        bytes_received=20,
        outcome="ok",
        attempt=2,
        queued_s=1.5,
        paused_s=2.5,
    )
    metrics.count(call)
    assert value("roadmap_google_calls_total", **ok) == 1
    assert value("roadmap_google_retries_total", **ok) == 1
    assert value("roadmap_google_call_seconds_sum", **ok) == pytest.approx(0.3)
    sent = {"verb": "told in a test", "kind": "read", "direction": "sent"}
    assert value("roadmap_google_bytes_total", **sent) == 10
    assert value("roadmap_google_bytes_total", **{**sent, "direction": "received"}) == 20
    assert value("roadmap_google_wait_seconds_total", verb="told in a test", why="quota") == 1.5
    assert value("roadmap_google_wait_seconds_total", verb="told in a test", why="retry") == 2.5
