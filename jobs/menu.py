"""The menu of a workbook: its script's files, what to do with them, and whether a click of it has arrived."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from db.records import WorkspaceRecord
from engine.errors import UsageError
from engine.inputs import RequestRow
from jobs.connections import Connections
from jobs.pull import read_requests
from sheets_sync.menu_script import script_files, script_version

LOOK_S = 5.0
"""Seconds between two looks at Requests: two of Google's reads each."""
SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files in ``folder`` and what a person does with them, in steps."""

    folder: Path
    version: str
    webhook_url: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What stands in Requests: the first ``click`` of this version of the script, and the ``others`` that clicked."""

    click: RequestRow | None = None
    others: tuple[str, ...] = ()


def write_files(connections: Connections, workspace: WorkspaceRecord, folder: Path) -> Written:
    """Writes the three files into ``folder``. Raises UsageError where they cannot be written."""
    settings = connections.settings
    address = settings.webhook_address
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in script_files(address).items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The script's files cannot be written to {folder}: {error.strerror}.") from error
    is_local = settings.sheets_base_url is not None
    steps = _local_steps(folder) if is_local else _steps(workspace, folder, has_webhook=address is not None)
    return Written(folder=folder, version=script_version(address), webhook_url=address, steps=steps)


def wait_for_click(
    connections: Connections,
    workspace: WorkspaceRecord,
    version: str,
    wait_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> Seen:
    """Looks at Requests until a click of this version stands there, or ``wait_s`` seconds have passed."""
    until = time.monotonic() + wait_s
    while True:
        seen = _seen(connections, workspace, version)
        left = until - time.monotonic()
        if seen.click is not None or left <= 0:
            return seen
        pause(min(LOOK_S, left))


def sentence_of(written: Written, seen: Seen | None) -> str:
    """What was seen, in a sentence; ``seen`` None: nobody waited."""
    if seen is None:
        return f"Nobody waited for a click. This menu writes its version into each one: {written.version}."
    if seen.click is not None:
        who = f" by {_shown(seen.click.requested_by)}" if seen.click.requested_by else ""
        return (
            f"The menu works: “{_shown(seen.click.action)}”{who} has arrived in Requests (version {written.version})."
        )
    if seen.others:
        versions = ", ".join(_shown(one) for one in seen.others[:3])
        return (
            f"No click of this menu ({written.version}) has arrived, but clicks of another one have: {versions}. Paste"
            " all three files, save, load the workbook again and click Roadmap ▸ Check sheet."
        )
    return (
        "No click has arrived in Requests. Load the workbook again, click Roadmap ▸ Check sheet and allow what Google"
        f" asks for; then run this command again. It looks for version {written.version}."
    )


def _seen(connections: Connections, workspace: WorkspaceRecord, version: str) -> Seen:
    rows = read_requests(connections, workspace.spreadsheet_id)
    others: dict[str, None] = {}
    for row in rows:
        theirs = _version_of(row)
        if theirs == version:
            return Seen(click=row)
        if theirs:
            others[theirs] = None
    return Seen(others=tuple(others))


def _version_of(row: RequestRow) -> str:
    try:
        given = json.loads(row.arguments or "{}")
    except (ValueError, RecursionError):
        return ""
    version = given.get("script_version") if isinstance(given, dict) else None
    return version if isinstance(version, str) else ""


def _shown(text: str | None) -> str:
    return "".join(letter for letter in text or "" if letter.isprintable())[:SHOWN]


def _local_steps(folder: Path) -> tuple[str, ...]:
    return (
        "Open the workbook on the page of the local Sheets server.",
        f"Click the button “Paste the script of this workbook” and paste the three files of {folder}. Save.",
        "Click Roadmap ▸ Check sheet.",
    )


def _steps(workspace: WorkspaceRecord, folder: Path, *, has_webhook: bool) -> tuple[str, ...]:
    project = (
        (
            "In the script editor: Project Settings ▸ Google Cloud Platform (GCP) Project ▸ Change project: the number"
            " of the project whose OAuth client id is WEBHOOK_AUDIENCE.",
        )
        if has_webhook
        else ()
    )
    return (
        f"Open {workspace.url} as its owner, then Extensions ▸ Apps Script.",
        "Project Settings: tick “Show appsscript.json manifest file in editor”.",
        f"Editor: rename Code.gs to menu and paste {folder / 'menu.gs'}; add an HTML file named sidebar and paste"
        f" {folder / 'sidebar.html'}; paste {folder / 'appsscript.json'} over appsscript.json. Save.",
        f"Or, with clasp: cd {folder}; clasp login; clasp create --title Roadmap --parentId"
        f" {workspace.spreadsheet_id}; run this command again with --wait 0, since clasp puts a manifest of its own"
        " there; clasp push --force.",
        *project,
        "Load the workbook again, click Roadmap ▸ Check sheet and allow what Google asks for.",
    )
