"""A PM's world: a local Sheets server, an embedded Postgres, and the command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gspread
import pytest

from db import embedded
from jobs.connections import Connections
from jobs.settings import load_settings
from sheets_sync.local.server import LocalServer
from tests.clients import spreadsheet_of


class Warm:
    """A process that has imported the product and forks commands (``warm.py``), one at a time."""

    def __init__(self, folder: Path) -> None:
        self.out, self.err = folder / "out", folder / "err"
        words = [sys.executable, str(Path(__file__).with_name("warm.py"))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, words: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        assert self.process.stdin and self.process.stdout
        order = {"words": words, "environment": environment, "out": str(self.out), "err": str(self.err)}
        print(json.dumps(order), file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        return subprocess.CompletedProcess(words, code, self.out.read_text(), self.err.read_text())

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def cold(words: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a command in an interpreter of its own."""
    words = (sys.executable, "-c", "from jobs.cli import main; main()", *words)
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)


@dataclass(frozen=True)
class Cli:
    """``roadmap …`` as a person runs it: each command the first time from cold, then in a warm process."""

    environment: dict[str, str]
    warm: Warm
    seen: Path

    def __call__(self, *words: str, exits: int = 0) -> str:
        run = cold if self._is_first(words[0]) else self.warm
        done = run(words, self.environment)
        assert done.returncode == exits, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def _is_first(self, word: str) -> bool:
        try:
            (self.seen / word).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def json(self, *words: str, exits: int = 0) -> Any:
        return json.loads(self(*words, "--json", exits=exits))


@dataclass(frozen=True)
class World:
    server: LocalServer
    cli: Cli

    @contextmanager
    def connected(self) -> Iterator[Connections]:
        """The product's own connections, for jobs run in this process."""
        settings = load_settings(
            roadmap_home=self.cli.environment["ROADMAP_HOME"],
            google_application_credentials=str(self.server.key_file),
            sheets_base_url=self.server.base_url,
            database_url=None,
            google_calls_per_minute=10_000,
        )
        with Connections(settings) as connections:
            yield connections

    def spreadsheet(self, workbook: str) -> gspread.Spreadsheet:
        return spreadsheet_of(self.server, workbook)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    warm = Warm(tmp_path_factory.mktemp("warm"))
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A file for each command that ran from cold, in whichever of the processes that share the tests."""
    folder = tmp_path_factory.getbasetemp()
    seen = (folder if worker_id == "master" else folder.parent) / "seen"
    seen.mkdir(exist_ok=True)
    return seen


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, warm: Warm, seen: Path) -> Iterator[World]:
    """Sheets, database and commands of one file of tests: a worker looks at every workbook there is, and with those of
    all files it would spend Google's quota and wait."""
    folder: Path = tmp_path_factory.mktemp("world")
    home = folder / "home"
    with LocalServer(folder / "sheets") as server:
        environment = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "LOG_LEVEL"}}
        environment |= {
            "ROADMAP_HOME": str(home),
            "SHEETS_BASE_URL": server.base_url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(server.key_file),
            "GOOGLE_CALLS_PER_MINUTE": "10000",  # commands share the quota; these many would wait for each other
        }
        try:
            yield World(server, Cli(environment, warm, seen))
        finally:
            embedded.remove(home)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process have no time for remarks, which take most of a run's: for tests of something else."""
    monkeypatch.setattr("engine.remarks.LONGEST_S", 0.0)
