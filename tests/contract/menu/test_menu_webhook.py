"""The menu with the webhook on: the same request both ways in, and no token anywhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from google.auth import jwt

from sheets_sync.menu_script import script_files, script_version

STATUS = {"request_id": "x", "action": "check", "status": "running", "message": "", "stage": "solving",
          "progress": {"phase": "searching", "gap": 0.004}, "run_id": 7}  # fmt: skip


@pytest.fixture
def online(maria: Any, webhook: Any, install: Any) -> Any:
    install(maria.workbook, webhook.url)
    webhook.answers = {"POST": (202, {}, STATUS), "GET": (200, {}, STATUS)}
    return maria


def test_a_click_is_posted_under_the_id_of_its_row_with_a_token_of_who_clicked(online: Any, webhook: Any) -> None:
    online.click("checkSheet")
    (row,) = online.rows()
    ((method, path, headers, body),) = webhook.heard
    assert (method, path) == ("POST", "/v1/requests")
    asked = {name: body[name] for name in ("request_id", "workbook", "action", "arguments")}
    assert asked == {
        "request_id": row["request_id"],
        "workbook": online.workbook,
        "action": "check",
        "arguments": json.loads(row["arguments"]),
    }
    certs = requests.get(f"{online.server.base_url}/oauth2/v1/certs", timeout=10).json()
    token = headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, certs=certs, audience=online.server.identity.client_id)
    assert (claims["iss"], claims["email"], claims["email_verified"]) == (
        online.server.base_url,
        "maria@example.com",
        True,
    )
    assert claims["exp"] - claims["iat"] == 3600


def test_a_repeated_click_is_posted_once(online: Any, webhook: Any) -> None:
    online.click("checkSheet")
    online.click("checkSheet")
    assert (len(online.rows()), len(webhook.heard)) == (1, 1)


@pytest.mark.parametrize("answer", [(500, {}, "<html>"), (403, {}, {"message": "no"}), (202, {}, "no JSON"), None])
def test_where_the_webhook_fails_the_row_is_enough_and_the_sidebar_opens(
    online: Any, webhook: Any, answer: Any
) -> None:
    if answer:
        webhook.answers["POST"] = webhook.answers["GET"] = answer
    else:
        webhook.close()
    online.click("checkSheet")
    (row,) = online.rows()
    assert len(online.saw("sidebar")) == 1
    assert online.saw("alert") == []
    told = online.click("statusOf", row["request_id"])
    assert (told["status"], told["stage"]) == ("", "")


def test_status_comes_from_the_webhook_where_it_answers(online: Any, webhook: Any) -> None:
    online.put("Requests!A2:F2", ["run/1?x", "check", "{}", "jo", "", ""])
    told = online.click("statusOf", "run/1?x")
    assert (told["status"], told["stage"], told["progress"]["gap"]) == ("running", "solving", 0.004)
    assert webhook.heard[0][1] == f"/v1/requests/run%2F1%3Fx?workbook={online.workbook}"


def test_a_redirect_gets_no_token(online: Any, webhook: Any) -> None:
    elsewhere = type(webhook)()
    try:
        webhook.answers["POST"] = (307, {"Location": f"{elsewhere.url}/v1/requests"}, {})
        online.click("checkSheet")
        assert (len(webhook.heard), elsewhere.heard) == (1, [])
    finally:
        elsewhere.close()


def test_an_address_that_the_manifest_does_not_list_is_never_called(online: Any, webhook: Any) -> None:
    files = online.server.scripts.files(online.workbook)
    for listed in (
        [],
        ["http://127.0.0.1:1/"],
        [f"{webhook.url}/v2/"],
        [webhook.url.replace("127.0.0.1", "localhost") + "/"],
    ):
        manifest = json.loads(files["appsscript.json"]) | {"urlFetchWhitelist": listed}
        online.server.scripts.install(online.workbook, files | {"appsscript.json": json.dumps(manifest)})
        online.put("Requests!A2:G9", *([""] * 7 for _ in range(8)))
        online.click("checkSheet")
        assert (len(online.rows()), webhook.heard) == (1, [])


def test_a_script_without_a_webhook_asks_for_nothing_that_it_does_not_need(maria: Any) -> None:
    for webhook in (None, ""):
        manifest = json.loads(script_files(webhook)["appsscript.json"])
        assert "urlFetchWhitelist" not in manifest
        assert [scope.rpartition("/")[2] for scope in manifest["oauthScopes"]] == [
            "spreadsheets.currentonly",
            "script.container.ui",
            "userinfo.email",
        ]
    online = json.loads(script_files("https://roadmap.example.com/hook/")["appsscript.json"])
    assert online["urlFetchWhitelist"] == ["https://roadmap.example.com/hook/"]
    assert len(online["oauthScopes"]) == 5


def test_a_script_may_use_only_what_its_manifest_asks_for(maria: Any) -> None:
    files = maria.server.scripts.files(maria.workbook)
    manifest = json.loads(files["appsscript.json"])
    for scope, function in (("userinfo.email", "checkSheet"), ("spreadsheets.currentonly", "checkSheet"),
                            ("script.container.ui", "showHelp")):  # fmt: skip
        scopes = [one for one in manifest["oauthScopes"] if not one.endswith(scope)]
        less = files | {"appsscript.json": json.dumps(manifest | {"oauthScopes": scopes})}
        maria.server.scripts.install(maria.workbook, less)
        assert "oauthScopes" in maria.end(maria.start(function))["error"]
    assert maria.rows() == []


def test_the_version_differs_by_address_and_stands_in_the_row(maria: Any, install: Any) -> None:
    versions = {script_version(one) for one in (None, "https://a.example.com", "https://b.example.com")}
    assert len(versions) == 3
    maria.click("checkSheet")
    assert json.loads(maria.rows()[0]["arguments"])["script_version"] == script_version(None)


def test_a_call_without_a_windows_key_is_refused(maria: Any) -> None:
    for headers in ({}, {"Authorization": "Bearer anything"}):
        answer = requests.post(f"{maria.server.base_url}/apps-script/email", headers=headers, json={}, timeout=10)
        assert answer.status_code == 401


def test_an_address_with_a_quote_stays_a_text_of_the_script(maria: Any, install: Any) -> None:
    install(maria.workbook, "https://a.example.com/it's\\'+boom+'")
    maria.click("checkSheet")
    assert len(maria.rows()) == 1
