"""The outside systems of one process, opened when first needed: Postgres and Google Sheets."""

from __future__ import annotations

import threading
from functools import cached_property
from types import TracebackType
from typing import Self

from db import migrations
from db.embedded import EmbeddedServer, revive, start
from db.roles import WORKER
from db.session import Database
from engine.errors import HandedBack, InputError
from jobs import metrics
from jobs.logs import log_call
from jobs.settings import Settings
from jobs.shared_turns import SharedTurns
from sheets_sync.exchange import Call
from sheets_sync.gateway import SheetsGateway


class Connections:
    """A context manager; what was opened is closed at its end (an embedded Postgres keeps running)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        """Set where this process is to end: long work is handed back."""

    @cached_property
    def database_url(self) -> str:
        """DATABASE_URL, or that of the embedded PostgreSQL in ROADMAP_HOME, which is started; a secret."""
        return self.settings.database_url.get_secret_value() if self.settings.database_url else self._embedded.url

    @cached_property
    def database(self) -> Database:
        """The database, migrated, under the worker's role where it is there."""
        migrations.upgrade(self.database_url)
        return Database.open(self.database_url, role=WORKER)

    def revive_database(self) -> bool:
        """Starts the embedded PostgreSQL again where it died; whether it did. A server of DATABASE_URL is others'
        care."""
        return self.settings.database_url is None and revive(self.settings.roadmap_home)

    def go_on(self) -> None:
        """Raises HandedBack where this process is to end."""
        if self.stopping.is_set():
            raise HandedBack("The worker was stopped: another one, or its next start, goes on with this.")

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say about the embedded Postgres ("it runs as another user"); empty where nothing is."""
        return self._embedded.notes if self.settings.database_url is None else ()

    @cached_property
    def _embedded(self) -> EmbeddedServer:
        return start(self.settings.roadmap_home)

    @cached_property
    def gateway(self) -> SheetsGateway:
        """Google Sheets, or the local server that SHEETS_BASE_URL names."""
        key = self.settings.google_application_credentials
        if key is None:
            raise InputError(
                "No key for Google Sheets: set GOOGLE_APPLICATION_CREDENTIALS to the path of a service-account key "
                "(docs/operators.md says how to get one), or try the product without one: roadmap demo."
            )
        base = self.settings.sheets_base_url
        return SheetsGateway(
            key,
            str(base).rstrip("/") if base else None,
            on_call=_told,
            calls_per_minute=self.settings.google_calls_per_minute,
            project_calls_per_minute=self.settings.google_project_calls_per_minute,
            ledger=SharedTurns(lambda: self.database),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "gateway" in self.__dict__:
            self.gateway.close()
        if "database" in self.__dict__:
            self.database.close()


def _told(call: Call) -> None:
    metrics.count(call)
    log_call(call)
