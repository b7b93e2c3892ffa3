"""The webhook: requests, their status, health and metrics over HTTP. What is decided, is decided at the ``Desk``."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import re
from typing import Any
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import InputError, OutOfReach, RoadmapError
from jobs.identity import NotIdentified
from jobs.logs import reason_of, trace_of
from jobs.web_desk import Desk
from jobs.web_documents import Incoming, Refusal, json_bytes
from jobs.web_schema import describe

log = structlog.get_logger()

MAX_BODY = 64 * 1024
MAX_HEAD = 16 * 1024
BODY_S = 10.0
"""So long a body may take to come."""
AGAIN_S = 5.0
"""When to try again after Postgres, or the keys of tokens, were away."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def create_app(desk: Desk) -> ASGIApp:
    """The application over ``desk``. It raises nothing: what it cannot do is a status and one sentence."""
    app = FastAPI(title="Roadmap", docs_url=None, redoc_url=None, redirect_slashes=False)

    async def post(request: Request) -> Response:
        incoming = await _incoming(request)
        is_new, document = await run_in_threadpool(desk.asked, incoming)
        return _json(202 if is_new else 200, document)

    async def get(request: Request) -> Response:
        incoming = await _incoming(request)
        return _json(200, await run_in_threadpool(desk.looked, incoming, request.path_params["request_id"]))

    async def healthz() -> Response:
        return _json(200, {"status": "alive"})

    async def readyz() -> Response:
        await run_in_threadpool(desk.ready)
        return _json(200, {"status": "ready"})

    async def metrics(request: Request) -> Response:
        if not _is_near(request) and not desk.may_measure(await _incoming(request)):
            raise Refusal(403, "Metrics are for this machine, or for who shows the word for them.")
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    describe(app, post=post, get=get, healthz=healthz, readyz=readyz, metrics=metrics)
    for kind in (RoadmapError, HTTPException):
        app.add_exception_handler(kind, _refused)
    return _Guard(app)


async def _incoming(request: Request) -> Incoming:
    """The request with its body. Refusal (413, 408) where that is too large, or too slow."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in request.headers.items():
        headers[name] = (*headers.get(name, ()), value)
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=10, errors="strict")
    except ValueError as error:
        raise Refusal(400, "The query of the address cannot be read.") from error
    return Incoming(
        method=request.method,
        target=f"{path}?{query}" if query else path,
        query=tuple(pairs),
        headers=headers,
        body=await _body(request),
    )


async def _body(request: Request) -> bytes:
    too_large = Refusal(413, f"The body is larger than {MAX_BODY // 1024} KB.")
    declared = request.headers.get("content-length", "0")
    if re.fullmatch(r"[0-9]{1,18}", declared) is None or int(declared) > MAX_BODY:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > MAX_BODY:
                    raise too_large
                parts.append(part)
    except TimeoutError as error:
        raise Refusal(408, "The body came too slowly.") from error
    return b"".join(parts)


def _is_near(request: Request) -> bool:
    """Whether a program on this very machine asks, and no proxy for somebody else."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _refused(request: Request, error: Exception) -> Response:
    del request
    if isinstance(error, Refusal):
        return _told(error.status, error.sentence, error.retry_after_s)
    if isinstance(error, NotIdentified):
        return _told(401, error.sentence, headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, HTTPException):
        words = {404: "There is nothing at this address.", 405: "This address does not take that method."}
        return _told(error.status_code, words.get(error.status_code, "This cannot be done."), headers=error.headers)
    assert isinstance(error, RoadmapError)
    if isinstance(error, OutOfReach):
        log.warning("webhook", **reason_of(error))
        return _told(503, "This cannot be done at the moment: try again soon.", AGAIN_S)
    if isinstance(error, InputError):
        return _told(400, error.sentence)
    log.error("webhook", **reason_of(error), where=trace_of(error))
    return _told(500, _FAULT)


_FAULT = "A fault of roadmap, not yours: ask whoever runs it for the log."
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _told(status: int, sentence: str, retry_after_s: float | None = None, headers: Any = None) -> Response:
    again = {} if retry_after_s is None else {"Retry-After": str(max(1, math.ceil(retry_after_s)))}
    return _json(status, {"message": sentence}, {**(headers or {}), **again})


def _json(status: int, document: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(json_bytes(document), status, {**_HEADERS, **(headers or {})}, "application/json")


class _Guard:
    """Around everything: what nobody expected is a sentence, too, and a line in the log without anybody's text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD:
            await _told(431, f"The headers are larger than {MAX_HEAD // 1024} KB.")(scope, receive, send)
            return
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            log.error("webhook", error=type(error).__name__, where=trace_of(error))
            if not has_begun:
                await _told(500, _FAULT)(scope, receive, send)
