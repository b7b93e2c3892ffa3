"""The local Sheets server: HTTP around ``SheetsService``, in a thread or until interrupted.

Any bearer token that is not empty is accepted, for the server listens on this machine only; ``strict_tokens`` accepts
none but those that the token endpoint gave out. Without a token the answer is Google's 401.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from engine.errors import UsageError
from sheets_sync.local import admin, rest_drive, rest_sheets, rest_upload, script_host
from sheets_sync.local.errors import ApiError
from sheets_sync.local.faults import Faults
from sheets_sync.local.identity import Identity
from sheets_sync.local.oauth import TokenRefused, Tokens, ensure_key_file
from sheets_sync.local.rest import MAX_BODY, Call, dumped
from sheets_sync.local.script_host import ScriptHost
from sheets_sync.local.scripts import Scripts
from sheets_sync.local.service import OWNER, SheetsService
from sheets_sync.undisturbed import undisturbed

KEY_FILE = "service-account.json"
_JSON = "application/json; charset=UTF-8"


def create_app(
    service: SheetsService,
    tokens: Tokens | None = None,
    *,
    strict_tokens: bool = False,
    faults: Faults | None = None,
) -> FastAPI:
    """The REST application over ``service``; without ``tokens`` there is no token endpoint. With ``faults`` it has the
    admin endpoint that orders them; they are given by an ``admin.FaultyLayer`` around the application."""
    app = FastAPI(title="Local Sheets", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=1)  # as Google answers whoever accepts it

    async def sheets(request: Request) -> Response:
        return await _api_answer(service, tokens, strict_tokens, request, "/v4/spreadsheets", rest_sheets)

    async def drive(request: Request) -> Response:
        return await _api_answer(service, tokens, strict_tokens, request, "/drive/v3", rest_drive)

    async def upload(request: Request) -> Response:
        return await _api_answer(service, tokens, strict_tokens, request, "/upload/drive", rest_upload)

    async def token(request: Request) -> Response:
        return await _token_answer(tokens, request)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    for path, endpoint in (
        ("/v4/spreadsheets", sheets),
        ("/v4/spreadsheets/{rest:path}", sheets),
        ("/v4/spreadsheets{rest:path}", sheets),
        ("/drive/v3/{rest:path}", drive),
        ("/upload/drive/{rest:path}", upload),
    ):
        app.add_api_route(path, endpoint, methods=methods, include_in_schema=False, response_model=None)
    app.add_api_route("/token", token, methods=["POST"], include_in_schema=False, response_model=None)
    if faults is not None:
        admin.attach(app, faults, lambda request: _check_token(request, tokens, strict_tokens))
    return app


async def _api_answer(
    service: SheetsService, tokens: Tokens | None, strict: bool, request: Request, root: str, api: Any
) -> Response:
    try:
        _check_token(request, tokens, strict)
        body = await _body(request)
        raw_path = request.scope.get("raw_path", request.url.path.encode()).decode("ascii", "replace").partition("?")[0]
        raw_query = request.scope.get("query_string", b"").decode("ascii", "replace")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        call = Call(request.method, raw_path.removeprefix(root), raw_query, body, api.VERBS, kind)
        content = await run_in_threadpool(_content, service, api, call)
    except ApiError as error:
        return Response(dumped(error.body()), error.status, media_type=_JSON)
    except RecursionError:
        error = ApiError(400, "INVALID_ARGUMENT", "Invalid JSON payload received. Message too deep.")
        return Response(dumped(error.body()), 400, media_type=_JSON)
    return content


def _content(service: SheetsService, api: Any, call: Call) -> Response:
    """The whole answer, made in a worker thread: large ones take a while to print."""
    with undisturbed():
        return _response(api.answered(service, call))


def _response(answer: Any) -> Response:
    if answer is None:
        return Response(status_code=204)
    if isinstance(answer, rest_drive.Download):
        return Response(answer.content, media_type=answer.media_type)
    return Response(dumped(answer), media_type=_JSON)


def _check_token(request: Request, tokens: Tokens | None, strict: bool) -> None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        token = request.query_params.get("access_token", "")
    token = token.strip()
    if not token or (strict and (tokens is None or not tokens.is_valid(token))):
        raise ApiError(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
            " authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_BODY:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _too_large() -> ApiError:
    return ApiError(413, "INVALID_ARGUMENT", f"Request payload size exceeds the limit: {MAX_BODY} bytes.")


async def _token_answer(tokens: Tokens | None, request: Request) -> Response:
    try:
        body = await _body(request)
        if tokens is None:
            raise TokenRefused("invalid_client", "This server gives out no tokens.")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=20))
        return Response(dumped(tokens.granted(form)), media_type=_JSON)
    except TokenRefused as refused:
        answer = {"error": refused.error, "error_description": refused.description}
        return Response(dumped(answer), 400, media_type=_JSON)
    except ValueError:
        answer = {"error": "invalid_request", "error_description": "The form cannot be read."}
        return Response(dumped(answer), 400, media_type=_JSON)
    except ApiError as error:
        return Response(dumped(error.body()), error.status, media_type=_JSON)


class LocalServer:
    """A server in a thread: ``with LocalServer(folder) as server: … server.base_url, server.key_file, server.service``.

    Raises UsageError where the port is taken. ``with_page`` adds the page at ``/``; with ``faults`` the server
    does wrong what they order, and has the admin endpoint that orders them. ``scripts`` are what people click:
    ``server.scripts.install(spreadsheet_id, files)`` is what pasting is in Google's script editor. ``identity`` signs
    the tokens of who clicks.
    """

    base_url: str
    key_file: Path
    service: SheetsService

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        with_page: bool = False,
        strict_tokens: bool = False,
        faults: Faults | None = None,
    ) -> None:
        self._socket = _bound(host, port)
        try:
            self.base_url = f"http://{host}:{self._socket.getsockname()[1]}"
            data_dir.mkdir(parents=True, exist_ok=True)
            self.key_file = data_dir / KEY_FILE
            key = ensure_key_file(self.key_file, OWNER, f"{self.base_url}/token")
            self.service = SheetsService(data_dir)
            self.service.base_url = self.base_url
            tokens = Tokens(key)
            self.faults = faults
            self.app = create_app(self.service, tokens, strict_tokens=strict_tokens, faults=faults)
            self.scripts = Scripts(data_dir)
            self.identity = Identity(data_dir, self.base_url)
            self.script_host = ScriptHost(self.service, self.scripts, self.identity)
            script_host.attach(self.app, self.script_host)
            if with_page:
                from sheets_sync.local import page

                page.attach(self.app, self.service, self.script_host)
            served = self.app if faults is None else admin.FaultyLayer(self.app, faults, tokens.account)
            self._server = uvicorn.Server(_config(served, with_page))
            self._thread = threading.Thread(target=self._run, name="local-sheets", daemon=True)
            self._thread.start()
            self._wait_until_started()
        except BaseException:
            self._socket.close()
            raise

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + 30
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise UsageError(f"The local Sheets server could not start at {self.base_url}.")
            time.sleep(0.005)

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops the server and closes the store."""
        self.script_host.close_all()
        self._server.should_exit = True
        self._thread.join(15)
        self._socket.close()
        self.service.close()

    def wait(self) -> None:
        """Returns when the server has ended."""
        while self._thread.is_alive():
            self._thread.join(0.5)


def _config(app: ASGIApp, with_page: bool) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        ws="websockets-sansio" if with_page else "none",
        timeout_graceful_shutdown=3,
        lifespan="on" if with_page else "off",
    )


def _bound(host: str, port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((host, port))
        one.listen(2048)
    except (OSError, OverflowError) as error:
        one.close()
        raise UsageError(
            f"The local Sheets server cannot listen on port {port}: {getattr(error, 'strerror', None) or error}."
            " Stop what uses the port, or name another one with --port."
        ) from error
    return one


def serve(
    port: int,
    data_dir: Path,
    *,
    with_page: bool = True,
    faults: Faults | None = None,
    when_up: Callable[[LocalServer], None] = lambda server: None,
) -> None:
    """Runs the server until SIGINT or SIGTERM (``roadmap sheets-server``); ``when_up`` is told once it answers. Raises
    UsageError where the port is taken."""
    with LocalServer(data_dir, port, with_page=with_page, faults=faults) as server:
        try:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            when_up(server)
            server.wait()
        except KeyboardInterrupt:
            return
