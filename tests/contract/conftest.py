"""A local Sheets server with a proxy in front that can fail on demand, and gateways that talk through it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.local.server import LocalServer
from sheets_sync.template import default_title, new_workbook_requests
from tests.clocks import Clock
from tests.contract.desk import Desk, tables
from tests.contract.pairs import Pair, master_of, three_targets


@dataclass
class Fault:
    """What happens to a request whose ``METHOD path`` matches ``when``, ``times`` times (None: for ever).

    ``kind``: answer (``status``, ``headers``, ``body``), hang, reset (before it is passed on), lost (passed on, the
    answer reset), drip (the answer a byte at a time), call (the request is passed on as it is). ``then`` runs first."""

    when: str = ""
    kind: str = "answer"
    times: int | None = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    then: Callable[[], None] = lambda: None


class FaultProxy:
    """A real HTTP server in front of another one."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.faults: list[Fault] = []
        self.seen: list[str] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer, head and body, waits 40 ms for an acknowledgement

            def log_message(self, format: str, *args: object) -> None:
                pass

            def handle_any(self) -> None:
                proxy.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def fails(self, *faults: Fault) -> None:
        self.faults.extend(faults)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        named = f"{request.command} {request.path}"
        with self.lock:
            self.seen.append(named)
            fault = next((each for each in self.faults if re.search(each.when, named)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
        kind = fault.kind if fault else ""
        if fault:
            fault.then()
        if fault and kind == "answer":
            answer(request, fault.status, fault.headers, fault.body)
        elif kind == "hang":
            self.stopping.wait(10)
            request.close_connection = True
        elif kind == "reset":
            reset(request)
        else:
            status, headers, content = self.passed_on(request, body)
            if kind == "lost":
                reset(request)
            elif kind == "drip":
                drip(request, content, self.stopping)
            else:
                answer(request, status, headers, content)

    def passed_on(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert self.upstream.hostname
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=60)
        headers = {key: value for key, value in request.headers.items() if key.lower() not in {"host", "connection"}}
        try:
            connection.request(request.command, request.path, body, headers)
            response = connection.getresponse()
            kept = {
                key: value
                for key, value in response.getheaders()
                if key.lower() in {"content-type", "content-encoding", "retry-after"}
            }
            return response.status, kept, response.read()
        finally:
            connection.close()


def answer(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    try:
        request.send_response(status)
        for key, value in ({"Content-Type": "application/json"} | headers).items():
            request.send_header(key, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
    except OSError:
        request.close_connection = True


def drip(request: BaseHTTPRequestHandler, body: bytes, stopping: threading.Event) -> None:
    request.close_connection = True
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    try:
        for place in range(len(body)):
            request.wfile.write(body[place : place + 1])
            request.wfile.flush()
            if stopping.wait(0.05):
                return
    except OSError:
        return


def reset(request: BaseHTTPRequestHandler) -> None:
    """Ends the connection with a TCP reset."""
    request.close_connection = True
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    request.connection.close()


@pytest.fixture(scope="session")
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer(tmp_path_factory.mktemp("sheets")) as server:
        yield server


@pytest.fixture
def proxy(local_server: LocalServer) -> Iterator[FaultProxy]:
    proxy = FaultProxy(local_server.base_url)
    yield proxy
    proxy.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key_file(local_server: LocalServer) -> Path:
    return local_server.key_file


@pytest.fixture
def make_gateway(key_file: Path, proxy: FaultProxy, clock: Clock) -> Iterator[Callable[..., SheetsGateway]]:
    """Gateways through the proxy, on a clock that does not wait."""
    made: list[SheetsGateway] = []

    def make(key: Path = key_file, **options: Any) -> SheetsGateway:
        defaults: dict[str, Any] = {"timeout_s": 20.0, "clock": clock, "sleep": clock.sleep, "calls_per_minute": 10_000}
        made.append(SheetsGateway(key, proxy.base_url, **{**defaults, **options}))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(make_gateway: Callable[..., SheetsGateway]) -> SheetsGateway:
    return make_gateway()


@pytest.fixture
def spreadsheet(gateway: SheetsGateway) -> str:
    """An empty spreadsheet."""
    return gateway.create("Empty")


ROWS = 30
"""The height of tabs in tests: the template formats every row, which with its thousand rows a tab takes seconds."""


def small(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The template's requests for tabs of ``ROWS`` rows."""
    for request in requests:
        added = request.get("addSheet", {}).get("properties", {}).get("gridProperties")
        if added:
            added["rowCount"] = ROWS
    return requests


@pytest.fixture
def new_workbook(gateway: SheetsGateway) -> Callable[..., Workbook]:
    """Makes a workbook of the template, filled with ``tables``, and reads it."""

    return lambda tables: made_workbook(gateway, tables)


def made_workbook(gateway: SheetsGateway, tables: dict[str, list[dict[str, Any]]]) -> Workbook:
    """A new workbook of the template with small tabs, filled with ``tables``, as read."""
    spreadsheet_id = gateway.create("Plan")
    title = default_title(gateway.read(spreadsheet_id))
    assert title is not None
    workbook = gateway.read(spreadsheet_id, [title])
    size = {"sheetId": workbook.grids[title].sheet_id, "gridProperties": {"rowCount": ROWS}}
    shrink = {"updateSheetProperties": {"properties": size, "fields": "gridProperties.rowCount"}}
    gateway.batch_update(spreadsheet_id, [shrink, *small(new_workbook_requests(workbook, tables))])
    return gateway.read(spreadsheet_id)


def original_workbook(server: LocalServer) -> str:
    """The id of a new workbook of the template, filled, to copy."""
    gateway = SheetsGateway(server.key_file, server.base_url, calls_per_minute=10_000)
    try:
        return made_workbook(gateway, tables()).spreadsheet_id
    finally:
        gateway.close()


def error_body(code: int, status: str, message: str, **more: Any) -> bytes:
    """An error as Google words it."""
    return json.dumps({"error": {"code": code, "status": status, "message": message, **more}}).encode()


@pytest.fixture
def google_says() -> Callable[..., bytes]:
    return error_body


@pytest.fixture
def fault() -> type[Fault]:
    return Fault


@pytest.fixture
def desk(gateway: SheetsGateway, local_server: Any, proxy: Any, new_workbook: Any) -> Desk:
    return Desk(gateway, local_server.service, proxy, new_workbook(tables()))


@pytest.fixture(scope="module")
def master(local_server: LocalServer) -> str:
    """A workbook with a plan, notes, fills and formulas of people's own, that the tests copy."""
    gateway = SheetsGateway(local_server.key_file, local_server.base_url, calls_per_minute=10**9)
    made = master_of(gateway, local_server.service, made_workbook(gateway, three_targets()))
    gateway.close()
    return made


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return {}


@pytest.fixture
def pair(
    gateway: SheetsGateway, local_server: LocalServer, proxy: FaultProxy, master: str, written: dict[str, str]
) -> Pair:
    return Pair(gateway, local_server.service, proxy, master, written)
