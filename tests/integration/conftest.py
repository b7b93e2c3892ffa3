"""A real embedded PostgreSQL for the integration tests, and a fresh migrated database for each test module."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from db import embedded, migrations
from db.session import Database

TEMPLATE = "roadmap_template"


@pytest.fixture(scope="session")
def db_home() -> Iterator[Path]:
    """A home that any account can reach (pytest's own folders are closed to others, and root hands Postgres on)."""
    home = Path(tempfile.mkdtemp(prefix="roadmap-test-"))
    home.chmod(0o755)
    yield home
    embedded.remove(home)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def db_server(db_home: Path) -> URL:
    """The URL of a running server with a migrated template database."""
    url = make_url(embedded.ensure_running(db_home))
    _administer(url, f"CREATE DATABASE {TEMPLATE}")
    migrations.upgrade(url.set(database=TEMPLATE).render_as_string(hide_password=False))
    return url


@pytest.fixture(scope="session")
def new_database(db_server: URL) -> Callable[[], str]:
    """Makes one more database from the migrated template and returns its URL."""
    numbers = itertools.count(1)

    def made() -> str:
        name = f"roadmap_test_{next(numbers)}"
        _administer(db_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return db_server.set(database=name).render_as_string(hide_password=False)

    return made


@pytest.fixture(scope="session")
def empty_database(db_server: URL) -> Callable[[], str]:
    """Makes one more database with nothing in it and returns its URL."""
    numbers = itertools.count(1)

    def made() -> str:
        name = f"roadmap_empty_{next(numbers)}"
        _administer(db_server, f"CREATE DATABASE {name}")
        return db_server.set(database=name).render_as_string(hide_password=False)

    return made


@pytest.fixture(scope="module")
def db_url(new_database: Callable[[], str]) -> str:
    """The URL of a migrated database of the module's own."""
    return new_database()


@pytest.fixture(scope="module")
def database(db_url: str) -> Iterator[Database]:
    """The module's own database, opened."""
    opened = Database.open(db_url)
    yield opened
    opened.close()


def _administer(url: URL, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
