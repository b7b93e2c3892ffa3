"""The webhook under thousands of forged, expired, replayed and malformed requests: each is refused, nothing is stored.

Beside them many clicks at once, by the menu's row and the webhook both: one request each."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from db import embedded, migrations
from db.session import Database
from jobs.requests import ask
from tests.faults import lines_webhook
from tests.faults.verdict import holds
from tests.integration.webhook_described import require_as_described
from tests.integration.webhook_world import Site, registered, site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="roadmap-webhook-"))
    home.chmod(0o755)
    made = embedded.ensure_running(home)
    migrations.upgrade(made)
    yield made
    embedded.remove(home)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def workspace_id(database: Database) -> int:
    return registered(database)


@pytest.fixture(scope="module")
def web(url: str, workspace_id: int) -> Iterator[Site]:
    with site(url) as opened:
        yield opened


def test_a_thousand_malformed_requests_are_refused_and_leave_nothing(web: Site, database: Database) -> None:
    holds(lines_webhook.malformed(web, database, 1000), 1000)


def test_a_thousand_bad_tokens_and_signatures_are_refused_and_leave_nothing(web: Site, database: Database) -> None:
    holds(lines_webhook.bad_tokens(web, database, 1000), 1000)


def test_a_thousand_clicks_by_both_ways_at_once_are_one_request_each(
    web: Site, database: Database, workspace_id: int
) -> None:
    def row(request_id: str) -> bool:
        with database.transaction() as session:
            return ask(session, workspace_id, request_id, "optimize", requested_by="maria")[1]

    def post(request_id: str) -> bool:
        answer = web.ask(request_id)
        assert answer.status_code in (200, 202)
        return answer.status_code == 202

    ways = [(way, f"request-click-{number:04}") for number in range(1000) for way in (row, post, post)]
    random.Random(8).shuffle(ways)
    with ThreadPoolExecutor(6) as pool:
        new = Counter(
            request_id for is_new, request_id in pool.map(lambda one: (one[0](one[1]), one[1]), ways) if is_new
        )
    assert set(new.values()) == {1}
    assert len(new) == 1000
    counted = text(
        "SELECT count(*), count(DISTINCT args->>'request_id') FROM procrastinate_jobs "
        "WHERE args->>'request_id' LIKE 'request-click-%'"
    )
    proved = text("SELECT count(*) FROM requests WHERE request_id LIKE 'request-click-%' AND verified_by IS NOT NULL")
    with database.transaction() as session:
        assert tuple(session.execute(counted).one()) == (1000, 1000)
        assert session.execute(proved).scalar_one() == 1000


def test_schemathesis_finds_nothing_in_a_long_run(web: Site, database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 day')"))
    assert require_as_described(web, 300) >= 900
