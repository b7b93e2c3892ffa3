"""Scripts of spreadsheets on the local server: what is a project, which addresses it may call, whose tokens it gets."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from sheets_sync.local.identity import Identity
from sheets_sync.local.scripts import ScriptError, Scripts, may_fetch

MANIFEST = json.dumps({"oauthScopes": []})
LISTED = {"urlFetchWhitelist": ["https://roadmap.example.com/hook/"]}


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://roadmap.example.com/hook/v1/requests", True),
        ("https://ROADMAP.example.com/hook/", True),
        ("https://roadmap.example.com/hook/?x=1", True),
        ("https://roadmap.example.com/hook", False),
        ("https://roadmap.example.com/hooked/v1", False),
        ("https://roadmap.example.com/hook/../secret", False),
        ("https://roadmap.example.com/hook/%2E%2e/secret", False),
        ("https://roadmap.example.com/hook/..\\secret", False),
        ("http://roadmap.example.com/hook/", False),
        ("https://roadmap.example.com:8443/hook/", False),
        ("https://roadmap.example.com@evil.example.com/hook/", False),
        ("https://roadmap.example.com.evil.example.com/hook/", False),
        ("https://[broken/hook/", False),
        ("", False),
    ],
)
def test_a_listed_address_is_its_scheme_host_and_port_and_what_stands_below_its_path(url: str, may: bool) -> None:
    assert may_fetch(LISTED, url) is may
    assert may_fetch({"urlFetchWhitelist": []}, url) is False


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"menu.gs": ""}, "appsscript.json is missing"),
        ({"appsscript.json": "{"}, "is no JSON"),
        ({"appsscript.json": "[]"}, "no JSON object"),
        ({"appsscript.json": '{"oauthScopes": "all"}'}, "no list of texts"),
        ({"appsscript.json": '{"urlFetchWhitelist": ["https://a.example.com"]}'}, "end it with a /"),
        ({"appsscript.json": MANIFEST, "../menu.gs": ""}, "no name of a script's file"),
        ({"appsscript.json": MANIFEST, "menu.gs": "x" * 1_000_001}, "at most 50 files"),
    ],
)
def test_what_is_no_project_is_refused_and_the_one_before_stays(tmp_path: Path, files: Any, told: str) -> None:
    scripts = Scripts(tmp_path)
    scripts.install("1abc", {"appsscript.json": MANIFEST, "old.gs": "1"})
    with pytest.raises(ScriptError, match=told):
        scripts.install("1abc", files)
    assert scripts.files("1abc") == {"appsscript.json": MANIFEST, "old.gs": "1"}


def test_a_project_takes_the_place_of_the_one_before_and_no_files_take_it_away(tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    scripts.install("1abc", {"appsscript.json": MANIFEST, "old.gs": "1"})
    scripts.install("1abc", {"appsscript.json": MANIFEST, "new.gs": "2"})
    assert Scripts(tmp_path).files("1abc") == {"appsscript.json": MANIFEST, "new.gs": "2"}
    assert scripts.files("1other") == {}
    scripts.install("1abc", {})
    assert scripts.files("1abc") == {}
    with pytest.raises(ScriptError):
        scripts.files("../1abc")


def test_the_key_of_identities_is_kept_by_its_owner_and_told_alike_in_both_forms(tmp_path: Path) -> None:
    one, again = Identity(tmp_path, "http://here"), Identity(tmp_path, "http://here")
    assert (one.client_id, one.key_id) == (again.client_id, again.key_id)
    assert (tmp_path / "identity.json").stat().st_mode & 0o777 == 0o600
    (key,) = one.certs()["keys"]
    told = serialization.load_pem_public_key(again.pem_certs()[key["kid"]].encode())
    number = int.from_bytes(base64.urlsafe_b64decode(key["n"] + "=="))
    assert told.public_numbers().n == number  # type: ignore[union-attr]
    header, claims, _ = one.token("dana@example.com", now=1000).split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["kid"] == key["kid"]
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (read["aud"], read["iss"], read["exp"] - read["iat"]) == (one.client_id, "http://here", 3600)
