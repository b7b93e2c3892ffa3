"""What the webhook may reach in Postgres: transactions that are short, and bound to one workbook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.records import WorkspaceRecord
from db.roles import WEB, is_usable
from db.session import Database, usable
from db.store_workspaces import find_workspace

STATEMENT_LIMIT_S = 5
"""Somebody waits at the other end."""
POOL = 4
_LIMITS = text(
    f"SELECT set_config('statement_timeout', '{STATEMENT_LIMIT_S}s', true), "
    f"set_config('lock_timeout', '{STATEMENT_LIMIT_S}s', true)"
)
_ROLE = text(f"SELECT set_config('role', rolname, true) {usable(WEB)}")
"""For this transaction alone: it holds behind a pooler, too."""


class WebDatabase:
    """The webhook's own pool of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> WebDatabase:
        """The database at ``url``; no connection is made yet."""
        return cls(Database.open(url, pool_size=POOL))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction without a workbook, under the webhook's role where it is there."""
        with self._database.transaction() as session:
            session.execute(_LIMITS)
            session.execute(_ROLE)
            yield session

    @contextmanager
    def of_workbook(self, spreadsheet_id: str) -> Iterator[tuple[Session, WorkspaceRecord | None]]:
        """A transaction bound to the workbook's workspace; None where there is none."""
        with self.transaction() as session:
            session.execute(text("SELECT set_config('roadmap.spreadsheet', :id, true)"), {"id": spreadsheet_id})
            workspace = find_workspace(session, spreadsheet_id)
            if workspace is not None:
                session.execute(text("SELECT set_config('roadmap.workspace', :id, true)"), {"id": str(workspace.id)})
            yield session, workspace

    def check(self) -> None:
        """As ``Database.check``."""
        self._database.check()

    @property
    def is_bounded(self) -> bool:
        """Whether the role is there that sees one workbook at a time."""
        with self._database.transaction() as session:
            return is_usable(session, WEB)

    def close(self) -> None:
        """Closes all connections."""
        self._database.close()
