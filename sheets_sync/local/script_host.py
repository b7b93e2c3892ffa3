"""What a spreadsheet's script may use, over HTTP: the part of Apps Script's services that is no mere JavaScript.

A window opens a *seat* for its person; its key is the bearer token of every call. ``static/script_services.js`` makes
Apps Script's objects of these calls.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import requests
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from sheets_sync.local.errors import ApiError
from sheets_sync.local.identity import Identity
from sheets_sync.local.rest import dumped
from sheets_sync.local.script_cells import ScriptCells
from sheets_sync.local.scripts import ScriptError, Scripts, may_fetch, may_use
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]
Ask = Callable[[str, Json], Coroutine[Any, Any, Any]]
"""Shows something to the person and gives the answer: (alert, prompt, menu, sidebar or selection; the details)."""

EXECUTION_S = 360
"""How long Apps Script lets an execution go on: a lock is free after it."""
MOST_BODY = 4_000_000
CERTS, PEM_CERTS = "/oauth2/v3/certs", "/oauth2/v1/certs"
"""Where Google tells the same keys: as a JSON Web Key Set, and as PEM by key id."""
FETCH_S = 30


@dataclass(frozen=True, slots=True)
class Seat:
    """A person at a spreadsheet."""

    spreadsheet_id: str
    person: str
    ask: Ask


class Locks:
    """The document lock of each spreadsheet, held by an execution."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, float]] = {}
        self._changed = threading.Condition()
        self._is_closed = False

    def close(self) -> None:
        """Nobody waits for a lock any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def take(self, spreadsheet_id: str, execution: str, wait_s: float) -> bool:
        """True once the execution holds the lock; False where it did not come free in ``wait_s``."""

        def is_free() -> bool:
            holder, until = self._held.get(spreadsheet_id, ("", 0.0))
            return holder in ("", execution) or until < time.monotonic()

        with self._changed:
            if not self._changed.wait_for(lambda: self._is_closed or is_free(), wait_s) or self._is_closed:
                return False
            self._held[spreadsheet_id] = (execution, time.monotonic() + EXECUTION_S)
            return True

    def release(self, spreadsheet_id: str, execution: str) -> None:
        """Lets go of the lock where the execution holds it."""
        with self._changed:
            if self._held.get(spreadsheet_id, ("", 0.0))[0] == execution:
                del self._held[spreadsheet_id]
                self._changed.notify_all()


class ScriptHost:
    """The scripts of one server, and the seats of those who use them."""

    def __init__(self, service: SheetsService, scripts: Scripts, identity: Identity) -> None:
        self.scripts = scripts
        self.identity = identity
        self._service = service
        self._seats: dict[str, Seat] = {}
        self._questions: dict[asyncio.Task[Any], str] = {}
        self.locks = Locks()

    def open(self, spreadsheet_id: str, person: str, ask: Ask) -> str:
        """A seat's key. It is good until ``close``."""
        key = secrets.token_urlsafe(32)
        self._seats[key] = Seat(spreadsheet_id, person, ask)
        return key

    def close(self, key: str) -> None:
        """Takes the seat away: what it is being asked is refused, and so is what it asks from now on."""
        self._seats.pop(key, None)
        for task in [task for task, asked in list(self._questions.items()) if asked == key]:
            task.get_loop().call_soon_threadsafe(task.cancel)

    def close_all(self) -> None:
        """Ends all that waits for a person or a lock. From any thread."""
        self.locks.close()
        for key in list(self._seats):
            self.close(key)

    async def answer(self, key: str, name: str, body: Json) -> Any:
        """What the service ``name`` answers. Raises ScriptError, and a 401 where no seat has that key."""
        seat = self._seats.get(key)
        if seat is None:
            raise ApiError(401, "UNAUTHENTICATED", "This window is closed: load the page again.")
        manifest = await run_in_threadpool(self.scripts.manifest, seat.spreadsheet_id)
        if not may_use(manifest, name):
            raise ScriptError(f"The manifest's oauthScopes do not hold what {name} needs.")
        if name == "ui":
            return await self._asked(key, seat, body)
        return await run_in_threadpool(self._done, seat, manifest, name, body)

    async def _asked(self, key: str, seat: Seat, body: Json) -> Any:
        task = asyncio.ensure_future(seat.ask(str(body.get("kind")), body))
        self._questions[task] = key
        try:
            return await task
        except asyncio.CancelledError:
            if key in self._seats:
                raise
            raise ScriptError("The window was closed.") from None
        finally:
            del self._questions[task]

    def _done(self, seat: Seat, manifest: Json, name: str, body: Json) -> Any:
        match name:
            case "files":
                return self.scripts.files(seat.spreadsheet_id)
            case "cells":
                return _cells(ScriptCells(self._service, seat.spreadsheet_id, seat.person), body)
            case "lock":
                wait_s = min(float(body["wait_ms"]) / 1000, EXECUTION_S)
                return self.locks.take(seat.spreadsheet_id, str(body["execution"]), wait_s)
            case "unlock":
                return self.locks.release(seat.spreadsheet_id, str(body["execution"]))
            case "spreadsheet_id":
                return seat.spreadsheet_id
            case "email":
                return seat.person
            case "identity_token":
                return self.identity.token(seat.person)
            case "fetch":
                return _fetched(manifest, body)
            case _:
                raise ScriptError(f"This server knows no {name[:50]}.")


def _cells(cells: ScriptCells, body: Json) -> Any:
    at = (int(body.get("sheet", 0)), int(body.get("row", 0)), int(body.get("column", 0)))
    match body.get("do"):
        case "outline":
            return cells.outline()
        case "read":
            return cells.read(at[0])
        case "write_text":
            return cells.write_text(*at, str(body["text"]))
        case "write_date":
            return cells.write_date(*at, float(body["ms"]))
        case "add_rows":
            return cells.add_rows(at[0], int(body["count"]))
        case _:
            raise ScriptError("Cells can be read and written.")


def _fetched(manifest: Json, body: Json) -> Json:
    """The answer of an address that the manifest allows; redirects are not followed."""
    url = str(body.get("url", ""))
    if not may_fetch(manifest, url):
        raise ScriptError(f"{url[:100]} is not in the manifest's urlFetchWhitelist.")
    payload = body.get("payload")
    try:
        answer = requests.request(
            str(body.get("method", "get")).upper(),
            url,
            headers={str(name): str(value) for name, value in (body.get("headers") or {}).items()},
            data=None if payload is None else str(payload).encode(),
            allow_redirects=False,
            timeout=FETCH_S,
        )
    except requests.RequestException as error:
        raise ScriptError(f"Address unavailable: {url[:100]}") from error
    return {"code": answer.status_code, "text": answer.text[:MOST_BODY]}


def attach(app: FastAPI, host: ScriptHost) -> None:
    """Adds the services at ``/apps-script/NAME``, and the public keys of identity tokens where Google has them."""

    async def called(request: Request, name: str) -> Response:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            answer, status = {"value": await host.answer(key, name, await _body(request))}, 200
        except ApiError as error:
            answer, status = {"error": error.message}, error.status
        except (ScriptError, KeyError, ValueError, TypeError) as error:
            answer, status = {"error": str(error)}, 400
        return Response(dumped(answer), status, media_type="application/json")

    def keys(request: Request) -> Response:
        told = host.identity.pem_certs() if request.url.path == PEM_CERTS else host.identity.certs()
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(dumped(told), media_type="application/json", headers=headers)

    app.add_api_route("/apps-script/{name}", called, methods=["POST"], include_in_schema=False, response_model=None)
    for path in (CERTS, PEM_CERTS):
        app.add_api_route(path, keys, methods=["GET"], include_in_schema=False, response_model=None)


async def _body(request: Request) -> Json:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_BODY:
            raise ApiError(413, "INVALID_ARGUMENT", f"A call is at most {MOST_BODY:,} bytes.")
    body = json.loads(content or b"{}")
    if not isinstance(body, dict):
        raise ScriptError("A call is a JSON object.")
    return body
