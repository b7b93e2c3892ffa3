"""People who click the menu of a workbook: its script runs in Node, its services are those of the local server."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sheets_sync.gateway import SheetsGateway
from sheets_sync.local.server import LocalServer
from sheets_sync.menu_script import script_files
from tests.contract.conftest import made_workbook
from tests.contract.desk import tables

RUNNER = Path(__file__).with_name("run_script.mjs")


def node() -> str | None:
    """Playwright brings a Node of its own, which is there wherever the tests of the page can be."""
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        return None
    path = compute_driver_executable()[0]
    return path if Path(path).exists() else None


@dataclass
class Clicker:
    """A person at a workbook: ``answers`` are what they say to the next questions, ``cursor`` where they are.

    ``told`` is what they were shown: (kind, details)."""

    server: LocalServer
    workbook: str
    email: str = "maria@example.com"
    answers: list[dict[str, str]] = field(default_factory=list)
    cursor: dict[str, int] | None = None
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def start(self, function: str, *args: Any) -> subprocess.Popen[str]:
        key = self.server.script_host.open(self.workbook, self.email, self.asked)
        command = [node() or "node", str(RUNNER), self.server.base_url, key, function, json.dumps(args)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def click(self, function: str, *args: Any) -> Any:
        """What the function returns."""
        answer = self.end(self.start(function, *args))
        assert "error" not in answer, answer
        return answer["value"]

    @staticmethod
    def end(running: subprocess.Popen[str]) -> dict[str, Any]:
        return json.loads(running.communicate(timeout=60)[0])

    async def asked(self, kind: str, details: dict[str, Any]) -> Any:
        self.told.append((kind, details))
        if kind == "selection":
            return self.cursor
        return self.answers.pop(0) if kind in ("alert", "prompt") and self.answers else {"button": "OK", "text": ""}

    def saw(self, kind: str) -> list[dict[str, Any]]:
        return [details for one, details in self.told if one == kind]

    def rows(self, tab: str = "Requests", option: str = "FORMULA") -> list[dict[str, Any]]:
        """The rows that hold anything, as {column: entered value}."""
        found = self.server.service.values_get(self.workbook, f"'{tab}'", value_render_option=option)
        header, *rows = found["values"]
        return [dict(zip(header, row, strict=False)) for row in rows if any(cell != "" for cell in row)]

    def put(self, area: str, *rows: list[Any], typed: bool = False) -> None:
        option = "USER_ENTERED" if typed else "RAW"
        self.server.service.values_update(self.workbook, area, {"values": list(rows)}, value_input_option=option)

    def change(self, *requests: dict[str, Any]) -> None:
        self.server.service.batch_update(self.workbook, {"requests": list(requests)})

    def sheet_id(self, tab: str) -> int:
        sheets = self.server.service.get_spreadsheet(self.workbook)["sheets"]
        return next(one["properties"].get("sheetId", 0) for one in sheets if one["properties"]["title"] == tab)

    def column(self, tab: str, name: str) -> int:
        header = self.server.service.values_get(self.workbook, f"'{tab}'!1:1")["values"][0]
        return header.index(name)


@pytest.fixture
def install(local_server: LocalServer) -> Callable[..., None]:
    """Pastes the script into a workbook; ``webhook`` is its address."""

    def pasted(workbook: str, webhook: str | None = None, **replaced: str) -> None:
        files = script_files(webhook)
        for old, new in replaced.items():
            assert old in files["menu.gs"]
            files["menu.gs"] = files["menu.gs"].replace(old, new)
        local_server.scripts.install(workbook, files)

    return pasted


@pytest.fixture(scope="module")
def original(local_server: LocalServer) -> str:
    """A workbook of the template, to copy."""
    gateway = SheetsGateway(local_server.key_file, local_server.base_url, calls_per_minute=10_000)
    try:
        return made_workbook(gateway, tables()).spreadsheet_id
    finally:
        gateway.close()


@pytest.fixture
def maria(local_server: LocalServer, original: str, install: Callable[..., None]) -> Clicker:
    if node() is None:
        pytest.skip("no Node found: it comes with playwright, of the extra “dev”")
    workbook = local_server.service.copy_file(original, {})["id"]
    install(workbook)
    return Clicker(local_server, workbook)


class Responder:
    """The webhook's side: a real HTTP server that gives ``answers`` by method, and keeps what it ``heard``."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.heard: list[tuple[str, str, dict[str, str], Any]] = []
        responder = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                told = json.loads(body) if body else None
                responder.heard.append((self.command, self.path, dict(self.headers), told))
                status, headers, answer = responder.answers.get(self.command, (404, {}, {"message": "no"}))
                content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_any  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@pytest.fixture
def webhook() -> Iterator[Responder]:
    responder = Responder()
    yield responder
    responder.close()
