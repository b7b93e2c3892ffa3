"""Requests to the webhook that nobody should send: forged, expired, replayed, malformed. Each is refused with a
sentence, and nothing is stored: a line of the fault matrix."""

from __future__ import annotations

import random
from collections.abc import Sequence

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from db import embedded
from db.session import Database
from tests.faults.site import Site
from tests.faults.verdict import DOUBLED, LOST, Tally
from tests.integration.webhook_malformed import Body, bodies, require_refused
from tests.integration.webhook_world import BOOK, Bearer, Key, Signed, registered, rows, site
from tests.integration.webhook_world import Site as Web


def refused(sites: Sequence[Site], n: int) -> Tally:
    """``n`` of them, bodies and tokens in turn."""
    tally, database = _tally(), sites[0].database
    registered(database)
    with site(embedded.ensure_running(sites[0].home)) as web:
        malformed(web, database, n - n // 2, tally)
        bad_tokens(web, database, n // 2, tally)
    return tally


def _tally() -> Tally:
    return Tally("forged, expired, replayed tokens; malformed bodies")


def malformed(web: Web, database: Database, n: int, tally: Tally | None = None) -> Tally:
    """``n`` bodies that are no request."""
    tally, before = tally or _tally(), rows(database)

    @seed(n)
    @settings(
        max_examples=n, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(body=bodies(), way=st.integers(0, 3))
    def one(body: Body, way: int) -> None:
        found: list[tuple[str, str]] = []
        try:
            require_refused(web, body, way)
        except (AssertionError, requests.RequestException) as error:
            found.append((LOST, f"not refused with a sentence: {error}"))
        tally.add(f"{body}, {way}", found + _stored(before, database))

    if n:
        one()
    return tally


def _stored(before: dict[str, int], database: Database) -> list[tuple[str, str]]:
    now = rows(database)
    return [(DOUBLED, f"{now[name] - before[name]} rows came to {name}") for name in now if now[name] != before[name]]


def bad_token(web: Web, kind: str, away: int, stranger: Key) -> str:
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


def bad_tokens(web: Web, database: Database, n: int, tally: Tally | None = None) -> Tally:
    """``n`` tokens and signatures that prove nobody."""
    tally, chance, stranger = tally or _tally(), random.Random(n), Key("stranger")
    good = web.post({"request_id": "request-replayed", "workbook": BOOK, "action": "check"}, Signed())
    assert good.status_code == 202
    before = rows(database)
    for number in range(n):
        kind = chance.choice([*TOKENS, "replay", "late", "secret"])
        answer = _sent(web, kind, number, chance.randint(120, 10**7), stranger, good.request)
        found = _stored(before, database)
        if answer.status_code != 401 or set(answer.json()) != {"message"}:
            found.append((LOST, f"answered {answer.status_code}: {answer.text[:200]}"))
        tally.add(f"{kind}, {number}", found)
    return tally


def _sent(
    web: Web, kind: str, number: int, away: int, stranger: Key, good: requests.PreparedRequest
) -> requests.Response:
    body = {"request_id": f"request-bad-{number:04}", "workbook": BOOK, "action": "check"}
    if kind == "replay":
        replayed = {name: value for name, value in good.headers.items() if name.startswith(("X-", "Content-T"))}
        return web.post(good.body, headers=replayed)
    if kind == "late":
        return web.post(body, Signed(shift_s=(away + 300) * (1 if away % 2 else -1)))
    if kind == "secret":
        return web.post(body, Signed(secret="another secret, of thirty-two characters or more"))
    return web.post(body, Bearer(bad_token(web, kind, away, stranger)))
