"""A place of work of its own for the faults of the queue: a local Sheets server, an embedded Postgres, workbooks, and
workers as processes that can be killed and paused at any call."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gspread
from sqlalchemy import text

from db import embedded, migrations, store
from db.records import WorkspaceRecord
from db.session import Database
from engine.errors import RoadmapError
from jobs.optimize import optimize
from jobs.show import Asked
from sheets_sync.local.faults import Faults
from sheets_sync.local.server import LocalServer
from tests.clients import click, spreadsheet_of
from tests.faults.nursery import Child, Nursery
from tests.faults.office import Office, tables

POLL_S = 0.1
_MIGRATING = threading.Lock()
"""Alembic migrates one database of a process at a time."""
WORDS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def tables_of_a_plan() -> dict[str, list[dict[str, Any]]]:
    """The office's tables, mended so that they make a plan."""
    tabs = tables()
    tabs["Scenarios"][0] |= {"objective_mode": "north_star"}
    tabs["Constraints"] = tabs["Constraints"][:1]
    return tabs


class Site:
    """One database, one Sheets server. ``settings`` are more of the environment of its workers. With ``disk_mb`` the
    database lies on a disk of its own of that size (which only root can make)."""

    def __init__(self, nursery: Nursery, *, disk_mb: int | None = None, **settings: str) -> None:
        self._nursery = nursery
        self.folder = Path(tempfile.mkdtemp(prefix="roadmap-site-"))
        self.folder.chmod(0o755)  # the server of a home of root's is another account's
        self.home = self.folder / "home"
        self.home.mkdir(mode=0o755)
        self._disk_mb = disk_mb
        if disk_mb:
            options = f"size={disk_mb}m,mode=755"
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "roadmap-test", str(self.home)], check=True)
        url = embedded.ensure_running(self.home)
        with _MIGRATING:
            migrations.upgrade(url)
        self.database = Database.open(url, pool_size=3)
        self.faults = Faults()
        self.server = LocalServer(self.folder / "sheets", faults=self.faults)
        self.office = Office(self.server, self.database, tabs=tables_of_a_plan)
        self._settings = settings
        self._numbers = itertools.count(1)
        self._sheets: dict[str, gspread.Worksheet] = {}
        self.children: list[Child] = []

    # ---- workers

    def start(self, *words: str, **settings: str) -> Child:
        """``roadmap worker`` (or other words) as a process."""
        number = next(self._numbers)
        wire = self.folder / f"wire{number}"
        wire.mkdir()
        environment = {**self.environment(), "TRIPWIRE": str(wire), **settings}
        child = self._nursery.start(list(words or ("worker",)), environment, wire / "err")
        self.children.append(child)
        return child

    def environment(self) -> dict[str, str]:
        """What a command at this site is started with."""
        return {
            "PATH": "/usr/bin:/bin",
            "ROADMAP_HOME": str(self.home),
            "SHEETS_BASE_URL": self.server.base_url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.server.key_file),
            "GOOGLE_CALLS_PER_MINUTE": "10000",
            "GOOGLE_PROJECT_CALLS_PER_MINUTE": "10000",
            "LOG_LEVEL": "INFO",
            **self._settings,
        }

    def order(self, child: Child, at: int, what: str) -> None:
        """At the ``at``-th call of its next job, that worker is killed ("kill") or paused ("stop")."""
        ready = child.err.with_name("orders.new")
        ready.write_text(json.dumps({"at": at, "signal": WORDS[what]}))
        ready.rename(child.err.with_name("orders"))

    def noted(self, child: Child) -> list[dict[str, Any]]:
        """What the tripwire of a worker wrote down."""
        path = child.err.with_name("noted")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # ---- people

    def workbook(self, *, with_a_plan: bool = False) -> WorkspaceRecord:
        """A workbook of its own; ``with_a_plan``, one that was run once."""
        workspace = self.office.new_workbook()
        if with_a_plan:
            optimize(self.office.connections, workspace, Asked())
        return workspace

    def click(self, workspace: WorkspaceRecord, request_id: str, action: str, **arguments: Any) -> None:
        """A row in Requests."""
        key = workspace.spreadsheet_id
        if key not in self._sheets:
            self._sheets[key] = spreadsheet_of(self.server, key).worksheet("Requests")
        click(self._sheets[key], request_id, action, **arguments)

    def ask(self, workspace: WorkspaceRecord, request_id: str, action: str, **arguments: Any) -> None:
        """The same as the webhook does it: at once, into the database."""
        with self.database.transaction() as session:
            store.ask(session, workspace.id, request_id, action, arguments=arguments, trigger="API")

    # ---- what can be seen

    def rows(self, statement: str, **values: Any) -> list[Mapping[str, Any]]:
        """The rows of a statement."""
        with self.database.transaction() as session:
            return [dict(row._mapping) for row in session.execute(text(statement), values)]

    def tab(self, workspace: WorkspaceRecord, title: str) -> list[dict[str, str]]:
        """The rows of a tab that hold anything, by the names of the columns."""
        book = self.server.service._book(workspace.spreadsheet_id)
        sheet = next(one for one in book.sheets if one.title == title)
        lines = [[_text(row.get(column)) for column in range(sheet.column_count)] for row in sheet.rows if row]
        return [dict(zip(lines[0], line, strict=True)) for line in lines[1:] if any(line)]

    def is_quiet(self) -> bool:
        """Whether nothing waits or is under way: no request, no job, no turn, no change to look at."""
        return not any(self.unquiet().values())

    def unquiet(self) -> Mapping[str, Any]:
        """How many of each are."""
        return self.rows(_UNQUIET)[0]

    def wait(self, until: Callable[[], bool], within_s: float) -> float | None:
        """Seconds until that is so; None where it is not within ``within_s``. An unreachable database is no answer."""
        started = time.monotonic()
        while time.monotonic() - started < within_s:
            try:
                if until():
                    return time.monotonic() - started
            except RoadmapError:
                pass
            time.sleep(POLL_S)
        return None

    def has_ended(self, request_ids: Sequence[str]) -> bool:
        """Whether all of those have ended in Postgres."""
        counted = "SELECT count(*) AS n FROM requests WHERE request_id = ANY(:ids) AND finished_at IS NOT NULL"
        return self.rows(counted, ids=list(request_ids))[0]["n"] == len(request_ids)

    def close(self) -> None:
        """Ends everything and removes it."""
        for child in self.children:
            child.kill()
        self.faults.clear()
        self.office.close()
        self.server.close()
        self.database.close()
        embedded.remove(self.home)
        if self._disk_mb:
            subprocess.run(["umount", str(self.home)], check=True)
        shutil.rmtree(self.folder)


_UNQUIET = """
    SELECT (SELECT count(*) FROM requests WHERE status IN ('queued', 'running')) AS requests,
        (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')) AS jobs,
        (SELECT count(*) FROM workspace_leases WHERE holder <> '' AND held_until > clock_timestamp()) AS turns,
        (SELECT count(*) FROM workspace_watches WHERE changed_at IS NOT NULL OR read_at IS NULL) AS changes
"""


def _text(cell: Any) -> str:
    value = None if cell is None else cell.entered
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@contextmanager
def sites(nursery: Nursery, count: int, *, disk_mb: int | None = None, **settings: str) -> Iterator[list[Site]]:
    """So many, all removed at the end."""
    made: list[Site] = []
    try:
        for _ in range(count):
            made.append(Site(nursery, disk_mb=disk_mb, **settings))
        yield made
    finally:
        for site in made:
            site.close()
