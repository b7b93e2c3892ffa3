"""Alembic migrations, run from wherever the package is installed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from db.errors import MigrationNeeded
from db.session import connect_arguments, parsed, translating

HEAD = "0008"
"""The newest revision (a test holds it against the scripts)."""
_LOCK = 7_241_003_145
"""The advisory lock under which migrations run, so that two commands at once run them once."""


def upgrade(url: str) -> None:
    """Brings the database at ``url`` to the newest schema; one short query where it is there already.

    Raises the errors of ``db.errors``: ``MigrationNeeded`` where the database is newer than this program.
    """
    with translating():
        engine = _engine(url)
        try:
            with engine.begin() as connection:
                if _revision(connection) == HEAD:
                    return
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                _upgrade(connection)
        finally:
            engine.dispose()


def revision(url: str) -> str | None:
    """The revision that the database at ``url`` is at; None for an empty one."""
    with translating():
        engine = _engine(url)
        try:
            with engine.begin() as connection:
                return _revision(connection)
        finally:
            engine.dispose()


def _engine(url: str) -> Engine:
    return create_engine(parsed(url), poolclass=NullPool, connect_args=connect_arguments())


def _revision(connection: Connection) -> str | None:
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    from db import roles

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    at = _revision(connection)  # asked again: another command may have migrated while we waited for the lock
    try:
        if at is not None:
            ScriptDirectory.from_config(config).get_revision(at)
        command.upgrade(config, "head")
    except CommandError as error:
        raise MigrationNeeded(
            f"The database is at revision {at}, which this version of roadmap does not know: install the newer version."
        ) from error
    roles.arrange(connection)
