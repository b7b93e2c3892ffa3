"""A PM's office for each file of tests: a local Sheets server and an embedded Postgres of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import embedded, migrations
from db.session import Database
from sheets_sync.local.server import LocalServer
from tests.faults.office import Office


@pytest.fixture(scope="session")
def office_database() -> Iterator[Database]:
    """A migrated database in a home that any account can reach (pytest's own folders are closed to others)."""
    home = Path(tempfile.mkdtemp(prefix="roadmap-faults-"))
    home.chmod(0o755)
    url = embedded.ensure_running(home)
    migrations.upgrade(url)
    database = Database.open(url)
    yield database
    database.close()
    embedded.remove(home)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, office_database: Database) -> Iterator[Office]:
    with LocalServer(tmp_path_factory.mktemp("office")) as server:
        office = Office(server, office_database)
        yield office
        office.close()
