"""The demo: the whole loop on embedded parts: a sample workbook on the local Sheets server, a run, a roadmap."""

from __future__ import annotations

import shlex
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AnyHttpUrl
from rich.console import Console

from db import store
from db.records import WorkspaceRecord
from engine.errors import InputError
from jobs.connections import Connections
from jobs.optimize import Outcome, optimize
from jobs.publish import publish
from jobs.settings import Settings
from jobs.show import Asked
from jobs.tables import findings_lines, portfolio_table, roadmap_table, targets_table
from jobs.worker_process import WorkerProcess
from jobs.workspaces import create, initialise
from sheets_sync.menu_script import script_files

if TYPE_CHECKING:
    from sheets_sync.local.scripts import Scripts

SAMPLE_TITLE = "Sample roadmap"
MISTAKES_TITLE = "Sample roadmap with mistakes"


def demo(settings: Settings, console: Console, *, stay: bool = False, port: int = 0) -> int:
    """Run the loop and print it; with ``stay`` keep the server, its page and a worker up. The exit code."""
    from sheets_sync.local.server import LocalServer

    home = settings.roadmap_home / "demo"
    home.mkdir(parents=True, exist_ok=True)
    with LocalServer(home / "sheets", port=port, with_page=stay) as server:
        own = settings.model_copy(
            update={
                "roadmap_home": home,
                "database_url": None,
                "google_application_credentials": server.key_file,
                "sheets_base_url": f"{server.base_url}/",
            }
            | (_webhook(server.identity.client_id) if stay else {})
        )
        with Connections(own) as connections:
            workspace = _opened(connections, console)
            _give_menus(connections, server.scripts)
            outcome = _loop(connections, console, workspace)
            if not stay:
                console.print(f"To look at “{workspace.title}”, and edit it: make play (or roadmap demo --stay).")
            else:
                _stay(own, console, workspace)
    return outcome.exit_code


def _webhook(audience: str) -> dict[str, Any]:
    """The settings of a webhook on this machine: the menu's clicks start at once, and its sidebar sees each stage."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{place.getsockname()[1]}"
    return {
        "webhook_listen": listen,
        "webhook_url": AnyHttpUrl(f"http://{listen}"),
        "webhook_audience": audience,
    }


def _opened(connections: Connections, console: Console) -> WorkspaceRecord:
    """The sample workbook; beside it a copy with mistakes, so that Checks has something to show."""
    for note in connections.notes:
        console.print(note)
    _sample(connections, console, MISTAKES_TITLE, mistakes=True)
    return _sample(connections, console, SAMPLE_TITLE)


def _give_menus(connections: Connections, scripts: Scripts) -> None:
    """What a person does on Google by pasting: each workbook gets the menu."""
    with connections.database.transaction() as session:
        known = store.list_workspaces(session)
    for workspace in known:
        scripts.install(workspace.spreadsheet_id, script_files(connections.settings.webhook_address))


def _loop(connections: Connections, console: Console, workspace: WorkspaceRecord) -> Outcome:
    outcome = optimize(connections, workspace, Asked(requested_by="demo"))
    for line in findings_lines(outcome.findings):
        console.print(line)
    if outcome.run is None or outcome.run.portfolio_id is None:
        console.print(outcome.sentence)
        return outcome
    console.print(portfolio_table(outcome.run))
    console.print(targets_table(outcome.run))
    console.print(outcome.sentence)
    published = publish(connections, workspace, Asked(requested_by="demo"), version_note="From the demo")
    console.print(roadmap_table(published.version))
    return outcome


def _sample(connections: Connections, console: Console, title: str, *, mistakes: bool = False) -> WorkspaceRecord:
    """The sample workbook of that title: the one of an earlier demo with whatever was edited in it, or a new one."""
    with connections.database.transaction() as session:
        known = next((one for one in store.list_workspaces(session) if one.title == title), None)
    if known:
        try:
            workspace = initialise(connections, known.spreadsheet_id).workspace
        except InputError:  # it was deleted on the page
            workspace = create(connections, title, sample=True, mistakes=mistakes).workspace
        else:
            console.print(f"Found the workbook “{title}” of an earlier demo.")
            return workspace
    else:
        workspace = create(connections, title, sample=True, mistakes=mistakes).workspace
    console.print(f"Made the workbook “{title}”.")
    return workspace


def _stay(settings: Settings, console: Console, workspace: WorkspaceRecord) -> None:
    command = Path(sys.argv[0])
    names = ("ROADMAP_HOME", "SHEETS_BASE_URL", "GOOGLE_APPLICATION_CREDENTIALS")
    environment = {name: str(getattr(settings, name.lower())) for name in names}
    webhook = {name: str(getattr(settings, name.lower())) for name in ("WEBHOOK_LISTEN", "WEBHOOK_AUDIENCE")}
    worker = WorkerProcess(environment | webhook, console.print)
    exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    console.print(
        f"\nThe workbooks can be looked at and edited at {settings.sheets_base_url} (Ctrl-C ends it).\n"
        "An edit is checked within seconds; the menu Roadmap there plans and publishes again. The worker is process "
        f"{worker.pid}: kill it in mid-run, and another one finishes the run. In another terminal:\n"
        f"  export {exports}\n"
        f"  {command} optimize {workspace.spreadsheet_id}\n"
        f"  {command} publish {workspace.spreadsheet_id}",
        soft_wrap=True,
    )
    worker.run()
