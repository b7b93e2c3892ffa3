"""People who click the menu of a workbook: its script runs in Node, its services are those of the local server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sheets_sync.local.server import LocalServer
from sheets_sync.menu_script import script_files
from tests.clicker import Clicker, node
from tests.contract.conftest import original_workbook


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
    return original_workbook(local_server)


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
