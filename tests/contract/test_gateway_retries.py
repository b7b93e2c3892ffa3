"""The gateway when Google is out of reach: it tries again, within bounds, and then says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from engine.errors import OutOfReach, RoadmapError
from sheets_sync import errors
from sheets_sync.gateway import SheetsGateway
from sheets_sync.transport import BoundedAdapter

Make = Callable[..., SheetsGateway]
API = r"/v4/spreadsheets"


# ---- out of reach: retry, within bounds


def test_429_for_a_while_is_waited_out_as_long_as_google_says(
    gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any, google_says: Any, clock: Any
) -> None:
    body = google_says(429, "RESOURCE_EXHAUSTED", "Quota exceeded")
    proxy.fails(fault(API, status=429, headers={"Retry-After": "7"}, body=body, times=2))
    assert gateway.read(spreadsheet).title == "Empty"
    assert len(clock.slept) == 2
    assert all(7 <= pause <= 8 for pause in clock.slept)


def test_429_for_ever_ends_within_the_deadline_and_says_so(
    make_gateway: Make, proxy: Any, fault: Any, google_says: Any, clock: Any
) -> None:
    gateway = make_gateway(deadline_s=120)
    proxy.fails(fault(API, status=429, body=google_says(429, "RESOURCE_EXHAUSTED", "Quota exceeded"), times=None))
    started = clock()
    with pytest.raises(errors.QuotaSpent, match="too many calls") as told:
        gateway.read("1AbcDEF")
    assert clock() - started <= 120
    assert told.value.exit_code == 4
    assert told.value.may_retry
    assert gateway.counts.calls <= 8


def test_a_wait_longer_than_the_deadline_is_not_begun(
    gateway: SheetsGateway, proxy: Any, fault: Any, google_says: Any, clock: Any
) -> None:
    body = google_says(429, "RESOURCE_EXHAUSTED", "Quota exceeded")
    proxy.fails(fault(API, status=429, headers={"Retry-After": "86400"}, body=body, times=None))
    with pytest.raises(errors.QuotaSpent):
        gateway.read("1AbcDEF")
    assert clock.slept == []


def test_a_retry_after_date_is_understood(
    gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any, clock: Any
) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    proxy.fails(fault(API, status=503, headers={"Retry-After": when}))
    gateway.read(spreadsheet)
    assert 15 <= clock.slept[0] <= 22


@pytest.mark.parametrize("header", ["soon", "-5", "nan", "9" * 400, "Thu, 99 Foo 2026"])
def test_a_retry_after_that_says_nothing_does_not_stop_the_retries(
    header: str, gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any, clock: Any
) -> None:
    proxy.fails(fault(API, status=503, headers={"Retry-After": header[:300]}))
    if header.startswith("9"):
        with pytest.raises(errors.GoogleFailed):
            gateway.read(spreadsheet)
    else:
        assert gateway.read(spreadsheet).title == "Empty"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_5xx_is_tried_again_and_then_works(
    status: int, gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    proxy.fails(fault(API, status=status, times=3))
    assert gateway.read(spreadsheet).title == "Empty"


def test_an_html_page_for_an_answer_is_googles_trouble(gateway: SheetsGateway, proxy: Any, fault: Any) -> None:
    page = b"<html><body>502. That's an error.</body></html>"
    proxy.fails(fault(API, status=502, headers={"Content-Type": "text/html"}, body=page, times=None))
    with pytest.raises(errors.GoogleFailed, match="a page, not with data"):
        gateway.read("1AbcDEF")
    assert gateway.counts.calls == 8


@pytest.mark.parametrize(
    "body", [b"<html></html>", b"", b"[]", b"null", b'{"sheets": [{}]}', b'{"sheets": 5}', b"\xff\xfe"]
)
def test_200_with_anything_but_a_spreadsheet_is_googles_trouble(
    body: bytes, gateway: SheetsGateway, proxy: Any, fault: Any
) -> None:
    proxy.fails(fault(API, status=200, body=body, times=None))
    with pytest.raises(OutOfReach) as told:
        gateway.read("1AbcDEF", ["Sheet1"])
    assert isinstance(told.value, errors.GoogleFailed)


@pytest.mark.parametrize("body", [b'{"error": "no"}', b'{"error": {}}', b'{"error": null}', b"[]"])
def test_an_error_body_that_is_not_googles_is_no_crash(body: bytes, make_gateway: Make, proxy: Any, fault: Any) -> None:
    proxy.fails(fault(API, status=400, body=body, times=None))
    with pytest.raises(RoadmapError):
        make_gateway().read("1AbcDEF")


def test_a_redirect_is_not_followed(gateway: SheetsGateway, proxy: Any, fault: Any) -> None:
    proxy.fails(fault(API, status=302, headers={"Location": "http://127.0.0.1:9/"}, times=None))
    with pytest.raises(errors.GoogleFailed, match="redirect"):
        gateway.read("1AbcDEF")


def test_a_hang_ends_at_the_timeout(make_gateway: Make, proxy: Any, fault: Any) -> None:
    gateway = make_gateway(timeout_s=0.3, deadline_s=2)
    proxy.fails(fault(API, kind="hang", times=None))
    with pytest.raises(errors.GoogleSilent, match="did not answer in time") as told:
        gateway.read("1AbcDEF")
    assert told.value.exit_code == 4


def test_an_answer_that_drips_byte_by_byte_ends_at_the_timeout(
    make_gateway: Make, spreadsheet: str, proxy: Any, fault: Any
) -> None:
    gateway = make_gateway(timeout_s=0.4, deadline_s=2)
    proxy.fails(fault(API, kind="drip", times=None))
    with pytest.raises(errors.GoogleSilent):
        gateway.read(spreadsheet)


def test_a_reset_connection_is_tried_again(gateway: SheetsGateway, spreadsheet: str, proxy: Any, fault: Any) -> None:
    proxy.fails(fault(API, kind="reset", times=2))
    assert gateway.read(spreadsheet).title == "Empty"


def test_connections_that_are_always_reset_are_out_of_reach(gateway: SheetsGateway, proxy: Any, fault: Any) -> None:
    proxy.fails(fault(API, kind="reset", times=None))
    with pytest.raises(errors.ConnectionLost, match="SHEETS_BASE_URL"):
        gateway.read("1AbcDEF")


def test_a_server_that_is_not_there_is_out_of_reach(key_file: Path, clock: Any) -> None:
    gateway = SheetsGateway(key_file, "http://127.0.0.1:9", clock=clock, sleep=clock.sleep)
    with pytest.raises(errors.ConnectionLost):
        gateway.read("1AbcDEF")
    gateway.close()


def test_sign_in_that_fails_for_a_while_is_tried_again(
    make_gateway: Make, key_file: Path, spreadsheet: str, proxy: Any, fault: Any, tmp_path: Path
) -> None:
    info = json.loads(key_file.read_text())
    token_path = info["token_uri"].split("/", 3)[3]
    info["token_uri"] = f"{proxy.base_url}/{token_path}"
    key = tmp_path / "key.json"
    key.write_text(json.dumps(info))
    page = {"Content-Type": "text/html"}
    proxy.fails(fault(f"POST /{token_path}", status=502, headers=page, body=b"<html>", times=2))
    proxy.fails(fault(f"POST /{token_path}", kind="reset", times=1))
    assert make_gateway(key).read(spreadsheet).title == "Empty"


def test_an_answer_larger_than_a_workbook_can_be_is_refused() -> None:
    adapter = BoundedAdapter(max_bytes=1000)
    response = requests.Response()

    class Raw:
        chunked = False

        def read1(self, amount: int, decode_content: bool) -> bytes:
            return b"x" * 600

    response.raw = Raw()
    with pytest.raises(errors.AnswerTooLarge, match="move what the roadmap does not need"):
        adapter._read(response, None)
