"""The local Sheets server over HTTP, through gspread and by hand."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.auth.exceptions
import gspread
import pytest
import requests
from google.oauth2.service_account import Credentials
from requests.adapters import HTTPAdapter

from engine.errors import UsageError
from sheets_sync.local.oauth import GRANT
from sheets_sync.local.server import LocalServer

SCOPES = ["https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive"]
HOSTS = re.compile(r"https://(?:sheets|www)\.googleapis\.com")


class ToLocal(HTTPAdapter):
    """Sends what is meant for Google's two hosts to the local server."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = HOSTS.sub(self.base_url, request.url or "")
        return super().send(request, *args, **kwargs)


def gspread_client(server: LocalServer) -> gspread.Client:
    credentials = Credentials.from_service_account_file(str(server.key_file), scopes=SCOPES)
    client = gspread.authorize(credentials)
    client.http_client.session.mount("https://", ToLocal(server.base_url))
    client.http_client.session.trust_env = False
    return client


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer(tmp_path_factory.mktemp("sheets")) as one:
        yield one


@pytest.fixture
def client(server: LocalServer) -> Iterator[gspread.Client]:
    one = gspread_client(server)
    yield one
    one.http_client.session.close()


@pytest.fixture
def sheet(client: gspread.Client) -> gspread.Worksheet:
    return client.create("Contract").sheet1


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = "Bearer any"
        yield session


def test_gspread_sorts_filters_freezes_and_protects(sheet: gspread.Worksheet) -> None:
    sheet.update([["b", 2], ["a", 10], ["c", 1]], "A1:B3")
    sheet.sort((2, "asc"), range="A1:B3")
    assert sheet.get_all_values() == [["c", "1"], ["b", "2"], ["a", "10"]]
    sheet.set_basic_filter("A1:B3")
    sheet.freeze(rows=1, cols=1)
    sheet.add_protected_range("A1:B1", editor_users_emails=["pm@example.com"], description="head")
    sheet.update_tab_color("#FF0000")
    found = sheet.spreadsheet.fetch_sheet_metadata()["sheets"][0]
    assert found["basicFilter"]["range"]["endColumnIndex"] == 2
    assert found["properties"]["gridProperties"]["frozenRowCount"] == 1
    assert "pm@example.com" in found["protectedRanges"][0]["editors"]["users"]
    assert found["properties"]["tabColor"] == {"red": 1}
    sheet.clear_basic_filter()
    sheet.freeze(rows=0, cols=0)
    found = sheet.spreadsheet.fetch_sheet_metadata()["sheets"][0]
    assert "basicFilter" not in found
    assert "frozenRowCount" not in found["properties"]["gridProperties"]


def test_gspread_inserts_deletes_and_copies_rows_columns_and_sheets(
    client: gspread.Client, sheet: gspread.Worksheet
) -> None:
    sheet.update([["a", "b"], ["c", "d"]])
    sheet.insert_row(["x", "y"], 2)
    sheet.insert_cols([["p", "q"]], 2)
    assert sheet.get_all_values() == [["a", "p", "b"], ["x", "q", "y"], ["c", "", "d"]]
    sheet.delete_rows(1)
    sheet.delete_columns(1)
    assert sheet.get_all_values() == [["q", "y"], ["", "d"]]
    copy = sheet.duplicate(new_sheet_name="Copy")
    assert copy.get_all_values() == [["q", "y"], ["", "d"]]
    answer = sheet.copy_to(sheet.spreadsheet.id)
    assert answer["title"] == "Copy of Sheet1"
    copied = client.copy(sheet.spreadsheet.id, title="Whole copy")
    assert [one.title for one in copied.worksheets()] == [one.title for one in sheet.spreadsheet.worksheets()]
    wanted = list(reversed(sheet.spreadsheet.worksheets()))
    sheet.spreadsheet.reorder_worksheets(wanted)
    assert [one.id for one in sheet.spreadsheet.worksheets()] == [one.id for one in wanted]


def test_gspread_appends_below_the_last_table_and_at_its_column(sheet: gspread.Worksheet) -> None:
    sheet.append_row(["a", "", "c"])
    sheet.append_row(["a", "", "c"])
    assert sheet.row_values(2) == ["", "", "a", "", "c"]
    sheet.clear()
    sheet.append_rows([["a", "b"], ["c", "d"]], table_range="A1")
    sheet.append_row(["e"], table_range="A1:B2")
    assert sheet.get_all_values() == [["a", "b"], ["c", "d"], ["e", ""]]


def test_gspread_reads_formulas_dates_and_numbers_by_render_option(sheet: gspread.Worksheet) -> None:
    sheet.update([["=4/2", "2020-01-01", "7%"]], value_input_option=gspread.utils.ValueInputOption.user_entered)
    assert sheet.get("A1:C1") == [["2", "2020-01-01", "7%"]]
    unformatted = gspread.utils.ValueRenderOption.unformatted
    assert sheet.get("A1:C1", value_render_option=unformatted) == [[2, 43831, 0.07]]
    formula = gspread.utils.ValueRenderOption.formula
    assert sheet.get("A1:C1", value_render_option=formula) == [["=4/2", 43831, 0.07]]
    sheet.update([["=4/2", "7%"]], "A2", raw=True)
    assert sheet.get("A2:B2", value_render_option=unformatted) == [["=4/2", "7%"]]


def test_gspread_finds_files_shares_them_and_takes_it_back(client: gspread.Client) -> None:
    made = client.create("Shared file")
    assert client.open("Shared file").id == made.id
    made.share("pm@example.com", perm_type="user", role="writer")
    made.share("", perm_type="anyone", role="reader")
    roles = {one.get("emailAddress", one["type"]): one["role"] for one in made.list_permissions()}
    assert roles["pm@example.com"] == "writer"
    assert roles["anyone"] == "reader"
    made.remove_permissions("pm@example.com")
    assert "pm@example.com" not in {one.get("emailAddress") for one in made.list_permissions()}
    client.del_spreadsheet(made.id)
    with pytest.raises(gspread.exceptions.SpreadsheetNotFound):
        client.open_by_key(made.id)


def test_a_sheet_that_is_missing_or_too_small_is_told_in_googles_words(sheet: gspread.Worksheet) -> None:
    with pytest.raises(gspread.exceptions.APIError, match="Unable to parse range: Nowhere!A1"):
        sheet.spreadsheet.values_get("Nowhere!A1")
    limits = r"Range \(Sheet1!A1001\) exceeds grid limits. Max rows: 1000, max columns: 26"
    with pytest.raises(gspread.exceptions.APIError, match=limits):
        sheet.update([["x"]], "A1001")
    inside = r"Requested writing within range \[Sheet1!A1:A2\], but tried writing to column \[B\]"
    with pytest.raises(gspread.exceptions.APIError, match=inside):
        sheet.update([["x", "y"]], "A1:A2")
    exists = (
        'Invalid requests\\[0\\].addSheet: A sheet with the name "Sheet1" already exists. Please enter another name.'
    )
    with pytest.raises(gspread.exceptions.APIError, match=exists):
        sheet.spreadsheet.add_worksheet("Sheet1", 1, 1)


def test_a_batch_whose_answer_cannot_be_made_has_done_nothing(sheet: gspread.Worksheet) -> None:
    added = {"addSheet": {"properties": {"title": "Added"}}}
    body = {"requests": [added], "includeSpreadsheetInResponse": True, "responseRanges": ["Nowhere!A1"]}
    with pytest.raises(gspread.exceptions.APIError, match="Unable to parse range: Nowhere!A1"):
        sheet.spreadsheet.batch_update(body)
    assert [one.title for one in sheet.spreadsheet.worksheets()] == ["Sheet1"]


def test_a_call_without_a_token_is_answered_with_googles_401(server: LocalServer, http: requests.Session) -> None:
    del http.headers["Authorization"]
    for path in ("/v4/spreadsheets/x", "/drive/v3/files"):
        response = http.get(server.base_url + path, timeout=10)
        assert (response.status_code, response.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_strict_tokens_take_only_tokens_that_the_server_gave(tmp_path: Path, http: requests.Session) -> None:
    with LocalServer(tmp_path, strict_tokens=True) as server:
        assert http.get(server.base_url + "/drive/v3/files", timeout=10).status_code == 401
        client = gspread_client(server)
        assert client.list_spreadsheet_files() == []
        client.http_client.session.close()


def _assertion(server: LocalServer, **changed: Any) -> str:
    from google.auth import crypt, jwt

    info = json.loads(server.key_file.read_text(encoding="utf-8"))
    now = int(time.time())
    claims = {"iss": info["client_email"], "aud": info["token_uri"], "iat": now, "exp": now + 3600, "scope": SCOPES[0]}
    return jwt.encode(crypt.RSASigner.from_service_account_info(info), {**claims, **changed}).decode()


def _token(server: LocalServer, http: requests.Session, assertion: str, grant: str = GRANT) -> requests.Response:
    form = {"grant_type": grant, "assertion": assertion}
    return http.post(f"{server.base_url}/token", data=form, timeout=10)


def test_the_token_endpoint_takes_a_jwt_that_the_key_signed(server: LocalServer, http: requests.Session) -> None:
    answer = _token(server, http, _assertion(server)).json()
    assert answer["token_type"] == "Bearer"
    assert answer["access_token"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "someone@example.com"}, "invalid_grant"),
        ({"aud": "https://example.com/token"}, "invalid_grant"),
        ({"iat": 1, "exp": 3601}, "invalid_grant"),
        ({"exp": 99_999_999_999}, "invalid_grant"),
        ({"exp": "soon"}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/gmail.readonly"}, "invalid_scope"),
    ],
)
def test_the_token_endpoint_refuses_a_jwt_with_a_wrong_claim(
    server: LocalServer, http: requests.Session, changed: dict[str, Any], error: str
) -> None:
    response = _token(server, http, _assertion(server, **changed))
    assert (response.status_code, response.json()["error"]) == (400, error)


def test_the_token_endpoint_refuses_what_is_not_signed_by_the_key(server: LocalServer, http: requests.Session) -> None:
    head, claims, signature = _assertion(server).split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged["scope"] = " ".join(SCOPES)
    other = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for assertion in (f"{head}.{other}.{signature}", f"{unsigned}.{claims}.", "a.b.c", "", "é.é.é", f"{head}.{claims}"):
        assert _token(server, http, assertion).status_code == 400
    assert _token(server, http, _assertion(server), grant="password").status_code == 400


def test_a_key_that_the_server_did_not_make_is_refused(server: LocalServer, tmp_path: Path) -> None:
    with LocalServer(tmp_path) as other:
        info = json.loads(other.key_file.read_text(encoding="utf-8"))
    info["token_uri"] = f"{server.base_url}/token"
    credentials = Credentials.from_service_account_info(info, scopes=SCOPES)
    client = gspread.authorize(credentials)
    client.http_client.session.mount("https://", ToLocal(server.base_url))
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        client.list_spreadsheet_files()
    client.http_client.session.close()


def test_the_key_file_is_private_and_outlives_a_change_of_port(tmp_path: Path) -> None:
    with LocalServer(tmp_path) as first:
        before = json.loads(first.key_file.read_text(encoding="utf-8"))
        assert stat.S_IMODE(first.key_file.stat().st_mode) == 0o600
    with LocalServer(tmp_path) as second:
        after = json.loads(second.key_file.read_text(encoding="utf-8"))
        assert after["token_uri"] == f"{second.base_url}/token"
        client = gspread_client(second)
        assert client.create("After").id
        client.http_client.session.close()
    assert {**before, "token_uri": ""} == {**after, "token_uri": ""}


def test_a_taken_port_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=r"cannot listen on port \d+.*name another one with --port"):
            LocalServer(tmp_path, taken.getsockname()[1])


HOSTILE = [
    ("POST", ":batchUpdate", b"{"),
    ("POST", ":batchUpdate", b"\xff\xfe"),
    ("POST", ":batchUpdate", b"[]"),
    ("POST", ":batchUpdate", b"null"),
    ("POST", ":batchUpdate", b'{"requests": 5}'),
    ("POST", ":batchUpdate", b'{"requests": [null]}'),
    ("POST", ":batchUpdate", b'{"requests": [{}]}'),
    ("POST", ":batchUpdate", b'{"requests": [{"addSheet": {}, "deleteSheet": {}}]}'),
    ("POST", ":batchUpdate", b"[" * 100_000),
    ("POST", ":batchUpdate", b'{"requests":[' + b'{"addSheet":' * 5_000),
    ("POST", ":batchUpdate", b'{"requests": [{"deleteSheet": {"sheetId": 1e400}}]}'),
    ("POST", ":batchUpdate", b'{"requests": [{"deleteSheet": {"sheetId": NaN}}]}'),
    ("POST", ":batchUpdate", b'{"requests": [{"deleteSheet": {"sheetId": 99999999999999999999}}]}'),
    ("POST", ":batchUpdate", b'{"requests": [{"appendDimension": {"dimension": "ROWS", "length": 2000000000}}]}'),
    ("POST", ":batchUpdate", b'{"requests": [{"updateCells": {"fields": "((((", "rows": []}}]}'),
    ("PUT", "/values/A1?valueInputOption=RAW", b'{"values": "x"}'),
    ("PUT", "/values/A1?valueInputOption=RAW", b'{"values": [[1e999]]}'),
    ("PUT", "/values/A1?valueInputOption=RAW", b'{"values": [[{"a": 1}]]}'),
    ("PUT", "/values/A1?valueInputOption=RAW", b'{"values": [1]}'),
    ("PUT", "/values/A1?valueInputOption=NOPE", b'{"values": [[1]]}'),
    ("PUT", "/values/A1", b'{"values": [[1]]}'),
    ("PUT", "/values/A1?valueInputOption=RAW&bogus=1", b'{"values": [[1]]}'),
    ("PUT", "/values/%FF%FE!A1?valueInputOption=RAW", b'{"values": [[1]]}'),
    ("GET", "/values/A1:B2:C3", b""),
    ("GET", "/values/" + "A" * 9_000, b""),
    ("GET", "/values/A1?valueRenderOption=x", b""),
    ("GET", "?fields=a(b", b""),
    ("GET", "?fields=sheets.nonsense", b""),
    ("GET", "?ranges=Nowhere!A1", b""),
]


@pytest.mark.parametrize(("method", "path", "body"), HOSTILE)
def test_hostile_input_is_a_400_in_googles_shape(
    server: LocalServer, http: requests.Session, sheet: gspread.Worksheet, method: str, path: str, body: bytes
) -> None:
    url = f"{server.base_url}/v4/spreadsheets/{sheet.spreadsheet.id}{path}"
    response = http.request(method, url, data=body, timeout=20)
    assert response.status_code == 400, response.text[:300]
    error = response.json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"]


def test_a_formula_made_to_break_the_server_gives_an_error_value(sheet: gspread.Worksheet) -> None:
    typed = gspread.utils.ValueInputOption.user_entered
    hostile = ["=" + "(" * 5_000 + ")" * 5_000, "=9^9^9^9", "=A1", "=QUERY(A1:B2)", "=" + "-" * 9_000 + "1", "=1/0"]
    sheet.update([[one] for one in hostile], "A1", value_input_option=typed)
    found = [row[0] for row in sheet.get("A1:A6")]
    assert found == ["#ERROR!", "#NUM!", "#ERROR!", "#NAME?", "#ERROR!", "#DIV/0!"]


def test_a_chain_of_ten_thousand_formulas_is_computed(sheet: gspread.Worksheet) -> None:
    sheet.resize(rows=10_000)
    rows = [["1"], *[[f"=A{n}+1"] for n in range(1, 10_000)]]
    sheet.update(rows, "A1", value_input_option=gspread.utils.ValueInputOption.user_entered)
    assert sheet.acell("A10000").value == "10000"


def test_text_with_nul_and_lone_surrogates_comes_back_as_it_was(
    server: LocalServer, http: requests.Session, sheet: gspread.Worksheet
) -> None:
    url = f"{server.base_url}/v4/spreadsheets/{sheet.spreadsheet.id}/values/A1"
    body = b'{"values": [["a\\u0000b", "\\ud800", "\\u202eabc", "\\ud83d\\ude00"]]}'
    assert http.put(url + "?valueInputOption=RAW", data=body, timeout=10).status_code == 200
    assert http.get(url + ":D1", timeout=10).json()["values"] == [["a\0b", "\ud800", "\u202eabc", "😀"]]


def test_an_unknown_spreadsheet_is_a_404_in_both_apis(server: LocalServer, http: requests.Session) -> None:
    sheets = http.get(server.base_url + "/v4/spreadsheets/nope", timeout=10)
    assert (sheets.status_code, sheets.json()["error"]["message"]) == (404, "Requested entity was not found.")
    drive = http.get(server.base_url + "/drive/v3/files/nope", timeout=10)
    assert (drive.status_code, drive.json()["error"]["errors"][0]["reason"]) == (404, "notFound")


SERVE = "import sys; from pathlib import Path; from sheets_sync.local.server import serve; "
SERVE += "serve(int(sys.argv[1]), Path(sys.argv[2]), with_page=False)"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _started(port: int, folder: Path, http: requests.Session) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port), str(folder)])
    for _ in range(600):
        try:
            http.get(f"http://127.0.0.1:{port}/drive/v3/files", timeout=5)
            return process
        except requests.ConnectionError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError("the server did not start")


def test_after_kill_9_everything_that_was_answered_is_still_there(tmp_path: Path, http: requests.Session) -> None:
    port = _free_port()
    base = f"http://127.0.0.1:{port}/v4/spreadsheets"
    process = _started(port, tmp_path, http)
    try:
        file_id = http.post(base, json={}, timeout=10).json()["spreadsheetId"]
        for number in range(1, 6):
            url = f"{base}/{file_id}/values/A{number}?valueInputOption=RAW"
            assert http.put(url, json={"values": [[number]]}, timeout=10).status_code == 200
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    process = _started(port, tmp_path, http)
    try:
        values = http.get(f"{base}/{file_id}/values/A1:A9", timeout=10).json()["values"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(20)
    assert values == [["1"], ["2"], ["3"], ["4"], ["5"]]
