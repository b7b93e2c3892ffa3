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
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import embedded, migrations
from db.session import Database
from jobs.requests import ask
from tests.integration.webhook_described import require_as_described
from tests.integration.webhook_malformed import Body, bodies, require_refused
from tests.integration.webhook_world import BOOK, Bearer, Key, Signed, Site, registered, rows, site

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
    before = rows(database)

    @settings(max_examples=1000, database=None)
    @given(body=bodies(), way=st.integers(0, 3))
    def refused(body: Body, way: int) -> None:
        require_refused(web, body, way)

    refused()
    assert rows(database) == before


def bad_token(web: Site, kind: str, away: int, stranger: Key) -> str:
    """A token that proves nobody; ``away`` is how far it is from what it should be."""
    claims, key = web.keys.claims(), web.keys.keys[-1]
    now = claims["iat"]
    wrong = {
        "expired": {"iat": now - away - 9, "exp": now - away},
        "early": {"iat": now + away, "exp": now + away + 9},
        "audience": {"aud": f"{away}.apps.example.com"},
        "issuer": {"iss": f"https://{away}.example.com"},
    }
    if kind in wrong:
        return key.token({**claims, **wrong[kind]})
    if kind == "cut":
        return key.token(claims)[: away % 600]
    return stranger.token(claims, **({"kid": key.id} if kind == "forged" else {}))


TOKENS = ("expired", "early", "audience", "issuer", "forged", "cut", "unknown")


def test_a_thousand_bad_tokens_and_signatures_are_refused_and_leave_nothing(web: Site, database: Database) -> None:
    generator = random.Random(8)
    stranger = Key("stranger")
    good = web.post({"request_id": "request-replayed", "workbook": BOOK, "action": "check"}, Signed())
    assert good.status_code == 202
    replayed = {name: value for name, value in good.request.headers.items() if name.startswith(("X-", "Content-T"))}
    before = rows(database)
    tried: Counter[int] = Counter()
    for number in range(1000):
        kind = generator.choice([*TOKENS, "replay", "late", "secret"])
        body = {"request_id": f"request-bad-{number:04}", "workbook": BOOK, "action": "check"}
        away = generator.randint(120, 10**7)
        if kind == "replay":
            answer = web.post(good.request.body, headers=replayed)
        elif kind == "late":
            answer = web.post(body, Signed(shift_s=generator.choice([-1, 1]) * (away + 300)))
        elif kind == "secret":
            answer = web.post(body, Signed(secret="another secret, of thirty-two characters or more"))
        else:
            answer = web.post(body, Bearer(bad_token(web, kind, away, stranger)))
        tried[answer.status_code] += 1
        assert set(answer.json()) == {"message"}
    assert tried == {401: 1000}
    assert rows(database) == before


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
