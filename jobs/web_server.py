"""The webhook's server: uvicorn in a thread of the worker, with bounds for slow and greedy clients."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import structlog
import uvicorn
from h11 import IDLE
from uvicorn.protocols.http.h11_impl import H11Protocol

from db.web_access import WebDatabase
from engine.errors import RoadmapError, UsageError
from jobs.connections import Connections
from jobs.identity import Signatures, Tokens
from jobs.settings import Settings
from jobs.web import MAX_HEAD, create_app
from jobs.web_desk import Desk

log = structlog.get_logger()

HEAD_S = 10.0
"""So long the head of a request may take to come, from the connection's first moment, or its last answer."""
MOST_CONNECTIONS = 200
STOP_S = 5
"""What is under way when the server is to end may take so long."""


class _Bounded(H11Protocol):
    """Closes a connection whose next request has no whole head within ``HEAD_S``."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEAD_S, self._end)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not IDLE:
            self._rest()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is IDLE and self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        self.transport.close()


class WebServer:
    """The webhook on ``host`` and ``port`` (0: any free one), from ``start`` to ``stop``; a context manager."""

    def __init__(self, desk: Desk, host: str, port: int) -> None:
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # it would quote what strangers send
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(desk),
                http=_Bounded,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                h11_max_incomplete_event_size=MAX_HEAD,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=int(HEAD_S),
                timeout_graceful_shutdown=STOP_S,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="webhook", daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)

    def stop(self) -> None:
        """Answer what is under way and end."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(STOP_S + 2)
        self._socket.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise UsageError(
            f"WEBHOOK_LISTEN: {host}:{port} cannot be listened on ({error.strerror}): name an address of this machine "
            "and a port that is free."
        ) from error


def desk_of(settings: Settings, database: WebDatabase) -> Desk:
    """The desk that the settings ask for."""
    audience, secret = settings.webhook_audience, settings.webhook_secret
    base = str(settings.sheets_base_url) if settings.sheets_base_url else None
    return Desk(
        database,
        Tokens.of(audience, base) if audience else None,
        Signatures(secret.get_secret_value()) if secret else None,
    )


def _tell_unbounded(database: WebDatabase) -> None:
    """Says in the log where the roles are not there that bound what the webhook can reach."""
    try:
        is_bounded = database.is_bounded
    except RoadmapError:
        return  # Postgres is away, which others tell
    if not is_bounded:
        log.warning("no roles in Postgres", mend="an administrator runs what `roadmap db roles` prints")


class Webhook:
    """The webhook of a worker, where the settings ask for one; else nothing. A context manager."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._server: WebServer | None = None
        self._database: WebDatabase | None = None

    def __enter__(self) -> Self:
        settings = self._connections.settings
        if settings.webhook_place is not None:
            host, port = settings.webhook_place
            self._database = WebDatabase.open(self._connections.database_url)
            _tell_unbounded(self._database)
            self._server = WebServer(desk_of(settings, self._database), host, port)
            self._server.start()
            log.info("webhook listens", host=host, port=self._server.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()
        if self._database is not None:
            self._database.close()
