"""The admin endpoint of the local server, off unless asked for: faults on demand over HTTP, and the layer that gives
them.

    GET    /admin          the faults that stand, the quota, and what has been done
    GET    /admin/calls    the calls one by one
    POST   /admin/faults   a fault, or a list of faults, is added
    DELETE /admin/faults   all faults and the quota are taken back
    PUT    /admin/quota    the simulated quota; null: none
    POST   /admin/clock    {"advance": seconds}
    PUT    /admin/seed     {"seed": n}
    DELETE /admin/record   the record is emptied
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sheets_sync.local.errors import ApiError, bad_request
from sheets_sync.local.faults import Fault, Faults, QuotaRule, Record
from sheets_sync.local.rest import dumped

Json = dict[str, Any]
_ROOTS = ("/v4/", "/drive/", "/upload/")
_MAX_ORDER = 1024 * 1024
_HANG_S = 3600.0
_POLL_S = 0.05


def attach(app: FastAPI, faults: Faults, check_token: Callable[[Request], None]) -> None:
    """Adds the endpoint to ``app``; it asks for a token as the API does, so that no web page can call it unseen."""

    async def answered(request: Request) -> Response:
        try:
            check_token(request)
            answer = _answer(faults, request.method, request.url.path.removeprefix("/admin"), await _order(request))
        except ApiError as error:
            return Response(dumped(error.body()), error.status, media_type="application/json")
        return Response(dumped(answer), media_type="application/json")

    methods = ["GET", "POST", "PUT", "DELETE"]
    for path in ("/admin", "/admin/{rest:path}"):
        app.add_api_route(path, answered, methods=methods, include_in_schema=False, response_model=None)


async def _order(request: Request) -> Any:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_ORDER:
            raise ApiError(413, "INVALID_ARGUMENT", f"An order is at most {_MAX_ORDER} bytes.")
    try:
        return json.loads(body) if body.strip() else None
    except (ValueError, RecursionError) as error:
        raise bad_request("The order is no JSON.") from error


def _answer(faults: Faults, method: str, path: str, order: Any) -> Json:
    match method, path.rstrip("/"):
        case "GET", "/calls":
            return {"calls": [one.told() for one in list(faults.calls)]}
        case "GET", "":
            pass
        case "POST", "/faults":
            faults.order(*(Fault.from_json(one) for one in (order if isinstance(order, list) else [order])))
        case "DELETE", "/faults":
            faults.clear()
        case "PUT", "/quota":
            faults.limit(None if order is None else QuotaRule.from_json(order))
        case "POST", "/clock":
            faults.advance(_number(order, "advance"))
        case "PUT", "/seed":
            faults.reseed(int(_number(order, "seed")))
        case "DELETE", "/record":
            faults.forget()
        case _:
            raise ApiError(404, "NOT_FOUND", f"The admin endpoint knows no {method} /admin{path[:100]}.")
    return _state(faults)


def _number(order: Any, name: str) -> float:
    value = order.get(name) if isinstance(order, dict) else None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise bad_request(f'The order is {{"{name}": a number from 0 up}}.')
    return value


def _state(faults: Faults) -> Json:
    rule = faults.rule
    return {
        "faults": faults.standing(),
        "quota": rule.told() if rule else None,
        "now": faults.now(),
        "counts": dict(faults.counts),
        "given": dict(faults.given),
    }


class FaultyLayer:
    """Stands before an application and gives its API calls what was ordered. The outermost layer: it ends connections
    by a TCP reset, for which it needs the server's own ``send``."""

    def __init__(self, app: ASGIApp, faults: Faults, user_of: Callable[[str], str] = str) -> None:
        self._app = app
        self._faults = faults
        self._user_of = user_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path.startswith(_ROOTS) or path in ("/v4/spreadsheets", "/token")):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        user = self._user_of(headers.get("authorization", "").partition(" ")[2])
        size = int(declared) if (declared := headers.get("content-length", "0")).isdigit() else 0
        record, fault = self._faults.met(scope["method"], path, user, size)
        counting = _counting(send, record)
        if fault is None:
            await self._app(scope, receive, counting)
        elif fault.kind == "answer":
            await _drained(receive)
            await _sent(counting, *fault.answer())
        elif fault.kind == "hang":
            await _hang(receive, fault.seconds if fault.seconds is not None else _HANG_S)
            _reset(send)
        elif fault.kind == "cut":
            await _drained(receive)
            _reset(send)
        elif fault.kind in ("slow", "call"):
            await asyncio.sleep(fault.seconds or 0)
            if fault.then is not None:
                await run_in_threadpool(fault.then)
            await self._app(scope, receive, counting)
        else:
            await self._spoilt(fault, scope, receive, send, record)

    async def _spoilt(self, fault: Fault, scope: Scope, receive: Receive, send: Send, record: Record) -> None:
        """The call is done, and the answer does not come as it should."""
        messages: list[Message] = []

        async def kept(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, kept)
        if fault.kind == "lost":
            _reset(send)
            return
        start, body = messages[0], b"".join(one.get("body", b"") for one in messages[1:])
        send = _counting(send, record)
        await send(start)
        if fault.kind == "reset":
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            _reset(send)
            return
        for place in range(len(body)):
            await send({"type": "http.response.body", "body": body[place : place + 1], "more_body": True})
            await asyncio.sleep(_POLL_S if fault.seconds is None else fault.seconds)
        await send({"type": "http.response.body", "body": b""})


def _counting(send: Send, record: Record) -> Send:
    async def counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
        record.bytes_out += len(message.get("body", b""))
        await send(message)

    counted.__dict__["transport"] = _transport(send)
    return counted


async def _sent(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _drained(receive: Receive) -> None:
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _hang(receive: Receive, seconds: float) -> None:
    """Returns after ``seconds``, or when the client (or the server) has had enough."""

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(until_gone(), seconds)
    except TimeoutError:
        return


def _transport(send: Send) -> Any:
    """The connection behind a server's ``send``: uvicorn's is a method of what knows it."""
    return getattr(send, "transport", None) or getattr(getattr(send, "__self__", None), "transport", None)


def _reset(send: Send) -> None:
    """Ends the connection with a TCP reset. Raises ConnectionResetError where no server stands behind (in a test
    client), so that the caller sees a broken connection there too."""
    transport = _transport(send)
    if transport is None:
        raise ConnectionResetError("The connection was reset, as ordered.")
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:  # the client may be gone already
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
