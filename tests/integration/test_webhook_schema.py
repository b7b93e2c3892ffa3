"""The webhook is what its OpenAPI says: schemathesis tries to show that it is not. The long run is
tests/faults/test_webhook.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from db import store
from db.session import Database
from tests.integration.webhook_described import require_as_described
from tests.integration.webhook_world import BOOK, Site, site


@pytest.fixture(scope="module")
def web(db_url: str, database: Database) -> Iterator[Site]:
    with database.transaction() as session:
        store.register_workspace(session, BOOK, "Roadmap", "https://example.com")
        heard = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 day')"
        session.execute(text(heard))  # else it would be right not to be ready
    with site(db_url) as opened:
        yield opened


def test_every_answer_is_as_described(web: Site) -> None:
    assert require_as_described(web, 12) >= 36
