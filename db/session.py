"""Connection and transaction: the one place where Postgres' errors become ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from db.errors import translated
from engine.errors import UsageError

CONNECT_LIMIT_S = 10
STATEMENT_LIMIT_S = 120
"""No statement of ours takes longer; one that does meets a lock or a sick server, and ends as ``DatabaseBusy``."""
LOCK_LIMIT_S = 30
IDLE_LIMIT_S = 20
"""A transaction that a stopped process left open is ended by the server, so that its locks go."""


MAY_SET = "CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END"


def usable(role: str) -> str:
    """What follows SELECT to find ``rolname``, where the user may take the role (one of ``db.roles``, whose rights it
    has been given here), and else no row."""
    return (
        f"FROM pg_roles WHERE rolname = '{role}' AND pg_has_role(oid, {MAY_SET}) "
        "AND has_any_column_privilege(oid, to_regclass('requests'), 'SELECT')"
    )


def parsed(url: str) -> URL:
    """``url`` as SQLAlchemy takes it, for psycopg; a ``UsageError`` (which never repeats it) where it is none."""
    try:
        made = make_url(url.strip())
    except (ArgumentError, ValueError) as error:
        del error  # its text holds the URL, and with it the password
        raise UsageError(
            "DATABASE_URL cannot be understood: write postgresql://USER:PASSWORD@HOST:5432/DATABASE."
        ) from None
    if made.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise UsageError(
            f"DATABASE_URL names a {made.drivername} database, and this needs PostgreSQL: "
            "write postgresql://USER:PASSWORD@HOST:5432/DATABASE."
        )
    return made.set(drivername="postgresql+psycopg")


def conninfo(url: str) -> str:
    """``url`` as libpq takes it, with our limits and name; a secret."""
    made = parsed(url).set(drivername="postgresql")
    told = {name: str(value) for name, value in connect_arguments().items()}
    return made.update_query_dict(told).render_as_string(hide_password=False)


def connect_arguments() -> dict[str, Any]:
    """What every connection is opened with: a limit, a name, and keepalives that notice a dead peer."""
    return {
        "connect_timeout": CONNECT_LIMIT_S,
        "application_name": "roadmap",
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }


@contextmanager
def translating() -> Iterator[None]:
    """Turns the errors of SQLAlchemy and psycopg into ours (``db.errors``), the original kept as the cause."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translated(error) from error
    except UnicodeEncodeError as error:  # psycopg cannot encode a lone surrogate
        raise translated(error) from error


class Database:
    """An opened database: a small pool of connections, made when first used, checked before each use. A ``guard`` is
    called first in each transaction, and raises to refuse it."""

    def __init__(self, engine: Engine, guard: Callable[[Session], None] | None = None) -> None:
        self._engine = engine
        self._guard = guard

    @classmethod
    def open(cls, url: str, *, pool_size: int = 10, role: str | None = None) -> Database:
        """The database at ``url`` (``postgresql://…``); no connection is made yet. Each takes ``role`` (``db.roles``)
        where it is there for us. A bad URL is a ``UsageError``."""
        engine = create_engine(
            parsed(url),
            connect_args=connect_arguments(),
            pool_pre_ping=True,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=CONNECT_LIMIT_S,
            hide_parameters=True,  # cell contents stay out of errors and logs
        )
        event.listen(engine, "connect", partial(_set_up, role=role))
        return cls(engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error; Postgres' errors leave as ``db.errors``."""
        with translating(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            if self._guard:
                self._guard(session)
            yield session

    def guarded(self, guard: Callable[[Session], None]) -> Database:
        """The same database and connections, each transaction of which begins with ``guard``."""
        return Database(self._engine, guard)

    def answer(self, statement: str, **values: Any) -> Any:
        """The one value that ``statement`` gives. It is a transaction of its own that the server ends by itself, so
        that a process which is stopped in the middle holds no lock."""
        with translating(), self._engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            return alone.execute(text(statement), values).scalar_one()

    def now(self) -> datetime:
        """The database's clock, aware (UTC)."""
        return self.answer("SELECT clock_timestamp()")

    def check(self) -> None:
        """Raises ``MigrationNeeded`` where the tables are not those of this version, or what keeps it from asking."""
        from db import migrations

        with self.transaction() as session:
            is_made = session.execute(text("SELECT to_regclass('alembic_version')")).scalar() is not None
            at = session.execute(text("SELECT version_num FROM alembic_version")).scalar() if is_made else None
        if at != migrations.HEAD:
            raise migrations.MigrationNeeded(
                f"The database's tables are of another version ({at or 'none'}, this needs {migrations.HEAD}): "
                "run `roadmap db upgrade`."
            )

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()


async def set_up(connection: Any, role: str | None) -> None:
    """Makes an asynchronous psycopg connection, of a pool of somebody else's, what each of ours is: with limits, in
    UTC, under ``role`` where it is there for us."""
    for statement in _first_statements(role):
        await connection.execute(statement)
    await connection.commit()


def _set_up(connection: Any, record: ConnectionPoolEntry, role: str | None) -> None:
    del record
    with connection.cursor() as cursor:
        for statement in _first_statements(role):
            cursor.execute(statement)
    connection.commit()


def _first_statements(role: str | None) -> list[str]:
    """Statements, not start-up options, which poolers such as PgBouncer refuse."""
    limits = {
        "statement_timeout": STATEMENT_LIMIT_S,
        "lock_timeout": LOCK_LIMIT_S,
        "idle_in_transaction_session_timeout": IDLE_LIMIT_S,
    }
    taken = [f"SELECT set_config('role', rolname, false) {usable(role)}"] if role is not None else []
    return [*(f"SET {name} = '{seconds}s'" for name, seconds in limits.items()), "SET TIME ZONE 'UTC'", *taken]
