"""The scripts that belong to spreadsheets: the files of each one's Apps Script project, kept as files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

MANIFEST = "appsscript.json"
MOST_FILES, MOST_CHARACTERS = 50, 1_000_000
SERVICE_SCOPES: Mapping[str, str] = {
    "cells": "https://www.googleapis.com/auth/spreadsheets.currentonly",
    "ui": "https://www.googleapis.com/auth/script.container.ui",
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "identity_token": "openid",
    "fetch": "https://www.googleapis.com/auth/script.external_request",
}
"""What a service needs of the manifest's ``oauthScopes``."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,60}\.(gs|html|json)")
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class ScriptError(Exception):
    """What a script is told, as the exception that its call throws."""


class Scripts:
    """Folder ``scripts/SPREADSHEET/`` under the server's data holds the files of that spreadsheet's project."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "scripts"

    def install(self, spreadsheet_id: str, files: Mapping[str, str]) -> None:
        """Puts a project in the place of the one before; without files there is none. Raises ScriptError where the
        files are no project."""
        folder = self._of(spreadsheet_id)
        if files:
            _check(files)
        old = {path.name: path for path in folder.glob("*")} if folder.is_dir() else {}
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            fresh = folder / f"{name}.new"
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(folder / name)
        for name in old.keys() - files.keys():
            old[name].unlink()

    def files(self, spreadsheet_id: str) -> dict[str, str]:
        """Name -> text; empty where the spreadsheet has no script."""
        folder = self._of(spreadsheet_id)
        paths = sorted(folder.iterdir()) if folder.is_dir() else ()
        return {path.name: path.read_text(encoding="utf-8") for path in paths if _NAME.fullmatch(path.name)}

    def manifest(self, spreadsheet_id: str) -> Json:
        """The project's manifest; empty where there is no script."""
        text = self.files(spreadsheet_id).get(MANIFEST)
        return json.loads(text) if text else {}

    def _of(self, spreadsheet_id: str) -> Path:
        if not _FILE_ID.fullmatch(spreadsheet_id):
            raise ScriptError("That is no spreadsheet's id.")
        return self._folder / spreadsheet_id


def _check(files: Mapping[str, str]) -> None:
    if len(files) > MOST_FILES or sum(map(len, files.values())) > MOST_CHARACTERS:
        raise ScriptError(f"A script has at most {MOST_FILES} files and {MOST_CHARACTERS:,} characters.")
    for name in files:
        if not _NAME.fullmatch(name):
            raise ScriptError(f"“{name[:80]}” is no name of a script's file: use letters and .gs, .html or .json.")
    try:
        manifest = json.loads(files.get(MANIFEST, "null"))
    except ValueError as error:
        raise ScriptError(f"{MANIFEST} is no JSON: {error}.") from error
    if not isinstance(manifest, dict):
        raise ScriptError(f"{MANIFEST} is missing, or is no JSON object.")
    for name in ("oauthScopes", "urlFetchWhitelist"):
        listed = manifest.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise ScriptError(f"{name} of {MANIFEST} is no list of texts.")
    for address in manifest.get("urlFetchWhitelist", []):
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.netloc or not parts.path.startswith("/"):
            raise ScriptError(f"“{address[:100]}” of urlFetchWhitelist is no address with a path: end it with a /.")


def may_use(manifest: Json, service: str) -> bool:
    """Whether the manifest asks for what the service needs."""
    needed = SERVICE_SCOPES.get(service)
    return needed is None or needed in manifest.get("oauthScopes", [])


def may_fetch(manifest: Json, url: str) -> bool:
    """Whether ``urlFetchWhitelist`` holds the address: the same scheme, host and port, and a path below the listed
    one. A manifest without a list holds all of them, as Google's does."""
    if "urlFetchWhitelist" not in manifest:
        return True
    try:
        asked = urlsplit(url)
        return any(_covers(urlsplit(listed), asked) for listed in manifest["urlFetchWhitelist"])
    except ValueError:
        return False


def _covers(listed: Any, asked: Any) -> bool:
    if (listed.scheme, listed.netloc.lower()) != (asked.scheme, asked.netloc.lower()):
        return False
    path = asked.path or "/"
    is_climbing = ".." in path or "%2e" in path.lower() or "\\" in path
    return not is_climbing and (path == listed.path or path.startswith(listed.path.rstrip("/") + "/"))
