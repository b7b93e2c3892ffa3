"""The workbook's menu as files of an Apps Script project, with the webhook's address written in."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent / "apps_script"
MANIFEST, MENU, SIDEBAR = "appsscript.json", "menu.gs", "sidebar.html"
_VERSION_LINE = "const SCRIPT_VERSION = 'not installed';"
_WEBHOOK_LINE = "const WEBHOOK_URL = '';"
_WEBHOOK_SCOPES = frozenset(("openid", "https://www.googleapis.com/auth/script.external_request"))


def script_files(webhook_url: str | None) -> dict[str, str]:
    """Name -> text of the three files. Without a webhook (None) the script asks neither for its address nor for the
    scopes that it would need. ``webhook_url`` is taken without what follows its last slash-free part's end."""
    address = (webhook_url or "").rstrip("/")
    menu, manifest, sidebar = (_text(name) for name in (MENU, MANIFEST, SIDEBAR))
    menu = _replaced(menu, _WEBHOOK_LINE, f"const WEBHOOK_URL = {_quoted(address)};")
    manifest = _manifest(manifest, address)
    mark = hashlib.sha256("\0".join((menu, manifest, sidebar)).encode()).hexdigest()[:8]
    menu = _replaced(menu, _VERSION_LINE, f"const SCRIPT_VERSION = {_quoted(f'{_release()}-{mark}')};")
    return {MANIFEST: manifest, MENU: menu, SIDEBAR: sidebar}


def script_version(webhook_url: str | None) -> str:
    """What the rows of Requests say that this script writes: the program's version and a mark of the files, so that
    an older copy, or one with another address, is known by it."""
    line = next(
        line for line in script_files(webhook_url)[MENU].splitlines() if line.startswith("const SCRIPT_VERSION")
    )
    return line.split("'")[1]


def _release() -> str:
    return version("roadmap-optimizer")


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _manifest(text: str, address: str) -> str:
    manifest = json.loads(text)
    if address:
        manifest["urlFetchWhitelist"] = [f"{address}/"]
    else:
        del manifest["urlFetchWhitelist"]
        manifest["oauthScopes"] = [scope for scope in manifest["oauthScopes"] if scope not in _WEBHOOK_SCOPES]
    return json.dumps(manifest, indent=2) + "\n"


def _quoted(text: str) -> str:
    """A JavaScript string in single quotes."""
    return "'" + json.dumps(text)[1:-1].replace("'", "\\u0027").replace('\\"', '"') + "'"


def _replaced(text: str, line: str, with_line: str) -> str:
    assert text.count(line) == 1, line
    return text.replace(line, with_line)
