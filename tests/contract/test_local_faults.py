"""Faults on demand: the local server does wrong what it is told to, over real HTTP, and says what it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sheets_sync.local.faults import Fault, Faults, QuotaRule
from sheets_sync.local.server import LocalServer

WRITE = "PUT .*values"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer(tmp_path_factory.mktemp("sheets"), faults=Faults(clock=lambda: 0.0)) as one:
        yield one


class Client:
    """Calls to one spreadsheet, each on a connection of its own."""

    def __init__(self, server: LocalServer) -> None:
        self.base = server.base_url
        self.headers = {"Authorization": "Bearer any"}
        self.session = requests.Session()
        self.session.trust_env = False
        self.id = self.send("POST", "/v4/spreadsheets", {}).json()["spreadsheetId"]

    def send(self, method: str, path: str, body: Any = None, *, timeout: float = 20, **more: Any) -> requests.Response:
        headers = self.headers | {"Connection": "close"} | more
        return self.session.request(method, self.base + path, json=body, headers=headers, timeout=timeout)

    def read(self, **more: Any) -> requests.Response:
        return self.send("GET", f"/v4/spreadsheets/{self.id}/values/A1", **more)

    def write(self, text: str, **more: Any) -> requests.Response:
        path = f"/v4/spreadsheets/{self.id}/values/A1?valueInputOption=RAW"
        return self.send("PUT", path, {"values": [[text]]}, **more)

    def text(self) -> Any:
        return self.read().json().get("values", [[None]])[0][0]

    def admin(self, method: str, path: str, order: Any = None) -> Any:
        response = self.send(method, f"/admin{path}", order)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    assert server.faults is not None
    server.faults.clear()
    one = Client(server)
    server.faults.forget()
    yield one
    server.faults.clear()
    one.session.close()


@pytest.mark.parametrize("retry_after", [7, "Wed, 25 Nov 2026 09:30:00 GMT"])
def test_429_carries_the_retry_after_that_was_ordered(client: Client, retry_after: Any) -> None:
    client.admin("POST", "/faults", {"kind": "answer", "status": 429, "retry_after": retry_after})
    refused = client.read()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(retry_after))
    assert client.read().status_code == 200


def test_429_without_retry_after_is_in_googles_words(client: Client) -> None:
    client.admin("POST", "/faults", {"status": 429})
    refused = client.read()
    assert "Retry-After" not in refused.headers
    error = refused.json()["error"]
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"


@pytest.mark.parametrize(("status", "reason"), [(500, "INTERNAL"), (503, "UNAVAILABLE"), (403, "PERMISSION_DENIED")])
def test_other_refusals_are_googles_json_and_nothing_is_done(client: Client, status: int, reason: str) -> None:
    client.admin("POST", "/faults", {"status": status})
    refused = client.write("never")
    assert (refused.status_code, refused.json()["error"]["status"]) == (status, reason)
    assert client.text() is None


def test_502_is_a_page_of_html(client: Client) -> None:
    client.admin("POST", "/faults", {"status": 502})
    refused = client.read()
    assert (refused.status_code, refused.headers["Content-Type"]) == (502, "text/html; charset=UTF-8")
    assert refused.text.startswith("<!DOCTYPE html>")


def test_a_body_of_the_tests_own_can_be_answered(client: Client) -> None:
    client.admin("POST", "/faults", [{"status": 403, "body": {"error": {"code": 403}}}, {"status": 200, "body": "<b>"}])
    assert client.read().json() == {"error": {"code": 403}}
    assert client.read().text == "<b>"


def test_a_hanging_call_does_nothing_and_answers_nothing(client: Client) -> None:
    client.admin("POST", "/faults", {"kind": "hang"})
    with pytest.raises(requests.ReadTimeout):
        client.write("never", timeout=0.3)
    assert client.text() is None


def test_a_client_that_leaves_a_hanging_call_leaves_no_complaint_behind(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.admin("POST", "/faults", [{"kind": "hang"}] * 3)
    for _ in range(3):
        with pytest.raises(requests.ReadTimeout):
            client.read(timeout=0.1)
    assert client.text() is None
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_hang_ends_after_its_seconds_with_the_connection(client: Client) -> None:
    client.admin("POST", "/faults", {"kind": "hang", "seconds": 0.1})
    with pytest.raises(requests.ConnectionError):
        client.read()


@pytest.mark.parametrize(("kind", "left"), [("cut", None), ("lost", "written"), ("reset", "written")])
def test_a_connection_is_reset_before_the_write_or_after_it(client: Client, kind: str, left: str | None) -> None:
    client.admin("POST", "/faults", {"kind": kind, "when": WRITE})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.write("written")
    assert client.text() == left


def test_a_reset_in_mid_answer_comes_after_the_first_half_of_it(client: Client) -> None:
    client.admin("POST", "/faults", {"kind": "reset"})
    url = f"{client.base}/v4/spreadsheets/{client.id}"
    with client.session.get(url, headers=client.headers, stream=True, timeout=20) as response:
        assert response.status_code == 200
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            response.raw.read1()
            _ = response.content
    call = client.admin("GET", "/calls")["calls"][-1]
    assert 0 < call["bytes_out"] < int(response.headers["Content-Length"])


def test_a_dripping_answer_arrives_whole(client: Client) -> None:
    client.write("drop by drop")
    client.admin("POST", "/faults", {"kind": "drip", "seconds": 0})
    assert client.text() == "drop by drop"


def test_a_slow_call_is_done_late(client: Client) -> None:
    client.admin("POST", "/faults", {"kind": "slow", "seconds": 0.2})
    assert client.read().elapsed.total_seconds() >= 0.2


def test_a_fault_is_given_to_the_next_calls_that_match_after_those_skipped(client: Client) -> None:
    client.admin("POST", "/faults", {"status": 500, "when": WRITE, "skip": 1, "times": 2})
    assert client.read().status_code == 200
    assert [client.write("x").status_code for _ in range(4)] == [200, 500, 500, 200]
    assert client.admin("GET", "")["faults"] == []


def test_a_fault_for_ever_is_given_until_it_is_taken_back(client: Client) -> None:
    client.admin("POST", "/faults", {"status": 503, "times": None})
    assert [client.read().status_code for _ in range(5)] == [503] * 5
    client.admin("DELETE", "/faults")
    assert client.read().status_code == 200


def test_the_same_seed_gives_the_same_faults(client: Client) -> None:
    runs: list[list[int]] = []
    for _ in range(2):
        client.admin("PUT", "/seed", {"seed": 4})
        client.admin("DELETE", "/faults")
        client.admin("POST", "/faults", {"status": 500, "probability": 0.3, "times": None})
        runs.append([client.read().status_code for _ in range(30)])
    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


def test_the_61st_read_of_a_minute_is_over_quota_and_writes_have_their_own(client: Client) -> None:
    client.admin("PUT", "/quota", {})
    assert [client.read().status_code for _ in range(61)] == [200] * 60 + [429]
    assert client.write("x").status_code == 200
    assert client.read(Authorization="Bearer someone-else").status_code == 200
    client.admin("POST", "/clock", {"advance": 60})
    answer = client.read()
    assert answer.status_code == 200


def test_a_projects_quota_is_shared_by_its_users(client: Client) -> None:
    client.admin("PUT", "/quota", {"writes": 2, "project_writes": 3, "seconds": 10})
    assert [client.write("x").status_code for _ in range(3)] == [200, 200, 429]
    others = [client.write("x", Authorization="Bearer someone-else") for _ in range(2)]
    assert [one.status_code for one in others] == [200, 429]
    assert "Write requests per minute'" in others[1].json()["error"]["message"]
    client.admin("PUT", "/quota", None)
    assert client.write("x").status_code == 200


def test_what_was_done_is_on_record(client: Client) -> None:
    client.admin("POST", "/faults", {"status": 500, "when": WRITE})
    client.read()
    client.write("x")
    client.send("POST", f"/v4/spreadsheets/{client.id}/values:batchGetByDataFilter", {})
    client.send("GET", "/drive/v3/files")
    state = client.admin("GET", "")
    assert state["counts"] == {"read": 2, "write": 1, "drive read": 1}
    assert state["given"] == {"answer 500": 1}
    calls = client.admin("GET", "/calls")["calls"]
    assert [(one["kind"], one["fault"], one["status"]) for one in calls] == [
        ("read", "", 200),
        ("write", "answer 500", 500),
        ("read", "", 200),
        ("drive read", "", 200),
    ]
    assert calls[1]["bytes_in"] == len('{"values": [["x"]]}')
    assert calls[0]["bytes_out"] == len(client.read().content)
    assert client.admin("DELETE", "/record")["counts"] == {}


def test_a_test_in_the_same_process_acts_between_two_calls(server: LocalServer, client: Client) -> None:
    """What another person writes just before our read is in the answer."""
    assert server.faults is not None
    other = {"values": [["theirs"]]}
    server.faults.order(Fault("call", when="GET", then=lambda: server.service.values_update(client.id, "A1", other)))
    assert client.text() == "theirs"


def test_the_token_endpoint_fails_only_where_it_is_named(client: Client) -> None:
    client.admin("POST", "/faults", [{"status": 503}, {"status": 500, "when": "/token"}])
    assert client.send("POST", "/token").status_code == 500
    assert client.send("POST", "/token").status_code == 400


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ("x", "A fault is a JSON object"),
        ({"kind": "call"}, "The fault's kind cannot be"),
        ({"kind": "explode"}, "The fault's kind cannot be"),
        ({"status": 99}, "The fault's status cannot be 99"),
        ({"when": "("}, "The fault's when cannot be"),
        ({"times": 0}, "The fault's times cannot be 0"),
        ({"probability": 2}, "The fault's probability cannot be 2"),
        ({"colour": "red"}, "A fault has no 'colour'; it has kind, status"),
        ({"retry_after": "1\r\nX: y"}, "The fault's retry_after cannot be"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_the_reason(client: Client, order: Any, says: str) -> None:
    refused = client.send("POST", "/admin/faults", order)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith(says)
    assert client.read().status_code == 200


def test_orders_need_a_token(client: Client) -> None:
    assert client.send("POST", "/admin/faults", {"status": 500}, Authorization="").status_code == 401


def test_without_the_switch_there_is_no_admin_endpoint(tmp_path: Path) -> None:
    with LocalServer(tmp_path) as plain:
        headers = {"Authorization": "Bearer any"}
        assert requests.get(f"{plain.base_url}/admin", headers=headers, timeout=20).status_code == 404


def test_a_refused_call_spends_no_quota() -> None:
    faults = Faults(clock=lambda: 0.0)
    faults.limit(QuotaRule(reads=1))
    assert [faults.met("GET", "/v4/spreadsheets/x", "me")[0].fault for _ in range(3)] == ["", "quota", "quota"]
    faults.advance(60)
    assert faults.met("GET", "/v4/spreadsheets/x", "me")[0].fault == ""
