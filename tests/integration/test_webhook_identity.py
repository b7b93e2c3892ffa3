"""Identity tokens over real HTTP: only what Google signed for this webhook, now, about a verified address, proves who
asks. Whatever is refused leaves nothing in Postgres."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import pytest

from db import store
from db.session import Database
from jobs.identity_keys import KeyRing, KeysAway
from tests.clocks import Clock
from tests.integration.webhook_world import BOOK, Bearer, Key, Keys, Signed, Site, encoded, registered, rows, site


@pytest.fixture(scope="module")
def web(db_url: str, database: Database) -> Iterator[Site]:
    registered(database)
    with site(db_url) as opened:
        yield opened


def answered(web: Site, token: str, request_id: str = "request-token") -> int:
    body = {"request_id": request_id, "workbook": BOOK, "action": "check"}
    return web.post(body, Bearer(token)).status_code


NOW = time.time()  # only to make claims that are hours away, or within the skew
WRONG = {
    "expired": {"exp": NOW - 7200, "iat": NOW - 9000},
    "issued in the future": {"iat": NOW + 7200, "exp": NOW + 9000},
    "not valid yet": {"nbf": NOW + 7200},
    "without an end": {"exp": None},
    "without a beginning": {"iat": None},
    "without end in time": {"exp": float("inf")},
    "a time in words": {"exp": "tomorrow"},
    "for another audience": {"aud": "another.apps.googleusercontent.com"},
    "for several audiences": {"aud": ["1234-menu.apps.googleusercontent.com", "another"]},
    "for nobody": {"aud": None},
    "by another issuer": {"iss": "https://accounts.example.com"},
    "by nobody": {"iss": None},
    "by Google, where the local server's count": {"iss": "https://accounts.google.com"},
    "an address that is not verified": {"email_verified": False},
    "an address said to be verified": {"email_verified": "true"},
    "without an address": {"email": None},
    "an address that is none": {"email": "maria"},
    "two addresses": {"email": "maria@example.com,eve@example.com"},
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_well_signed_token_that_says_something_else_proves_nobody(web: Site, database: Database, name: str) -> None:
    before = rows(database)
    assert answered(web, web.keys.token(**WRONG[name])) == 401
    assert rows(database) == before


def forged(web: Site, kind: str) -> str:
    claims, key = web.keys.claims(), web.keys.keys[-1]
    header, body, signature = key.token(claims).split(".")
    payload = encoded(json.dumps(claims).encode())
    if kind == "none":
        return f"{encoded(json.dumps({'alg': 'none', 'kid': key.id}).encode())}.{payload}."
    if kind == "HS256 with the public key":
        head = encoded(json.dumps({"alg": "HS256", "kid": key.id, "typ": "JWT"}).encode())
        public = KeyRing(f"{web.keys.base_url}/oauth2/v3/certs").key(key.id)
        assert public is not None
        made = hmac.new(public.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
        return f"{head}.{payload}.{encoded(made)}"
    if kind == "another's key under a known id":
        return Key(key.id).token(claims)
    if kind == "RS512":
        return key.token(claims, alg="RS512")
    if kind == "a key of its own in the header":
        own = Key("own")
        return own.token(claims, kid=key.id, jwk=own.public)
    if kind == "no key id":
        return key.token(claims, kid=None)
    if kind == "something critical":
        return key.token(claims, crit=["exp"])
    if kind == "other claims under the signature":
        changed = json.loads(base64.urlsafe_b64decode(body + "==")) | {"email": "eve@example.com"}
        return f"{header}.{encoded(json.dumps(changed).encode())}.{signature}"
    return {"no signature": f"{header}.{body}.", "two parts": f"{header}.{body}", "nothing": "", "long": "a" * 9000}[
        kind
    ]


KINDS = [
    "none",
    "HS256 with the public key",
    "another's key under a known id",
    "RS512",
    "a key of its own in the header",
    "no key id",
    "something critical",
    "other claims under the signature",
    "no signature",
    "two parts",
    "nothing",
    "long",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_token_proves_nobody(web: Site, database: Database, kind: str) -> None:
    before = rows(database)
    assert answered(web, forged(web, kind)) == 401
    assert rows(database) == before


def test_clocks_may_be_a_minute_apart_and_no_more(web: Site) -> None:
    now = time.time()
    assert answered(web, web.keys.token(iat=now - 3000, exp=now - 30)) in (200, 202)
    assert answered(web, web.keys.token(iat=now + 30, exp=now + 3000)) in (200, 202)
    assert answered(web, web.keys.token(iat=now - 3000, exp=now - 90)) == 401
    assert answered(web, web.keys.token(iat=now + 200, exp=now + 3000)) == 401


def test_a_token_and_a_signature_at_once_are_refused(web: Site) -> None:
    class Both(Signed):
        def __call__(self, request):  # type: ignore[no-untyped-def]
            return Bearer(web.keys.token())(super().__call__(request))

    answer = web.post({"request_id": "request-both", "workbook": BOOK, "action": "check"}, Both())
    assert answer.status_code == 401


def test_the_address_is_one_whatever_its_capitals(web: Site, database: Database) -> None:
    assert answered(web, web.keys.token(email="Maria@Example.com"), "request-capitals") == 202
    with database.transaction() as session:
        record = store.find_request(session, "request-capitals")
    assert record is not None
    assert record.verified_by == "maria@example.com"


@pytest.fixture
def keys() -> Iterator[Keys]:
    made = Keys()
    yield made
    made.close()


@pytest.fixture
def ring(keys: Keys) -> tuple[KeyRing, Clock]:
    clock = Clock()
    return KeyRing(keys.base_url, clock=clock), clock


def test_keys_are_fetched_once_for_as_long_as_their_server_says(keys: Keys, ring: tuple[KeyRing, Clock]) -> None:
    held, clock = ring
    assert all(held.key("key-1") for _ in range(5))
    assert keys.asked == 1
    clock.sleep(keys.max_age + 1)
    assert held.key("key-1")
    assert keys.asked == 2


def test_a_key_that_came_anew_is_known_after_one_fetch(keys: Keys, ring: tuple[KeyRing, Clock]) -> None:
    held, clock = ring
    assert held.key("key-1")
    keys.keys = [*keys.keys, Key("key-2")]
    clock.sleep(61)
    assert held.key("key-2")
    assert keys.asked == 2


def test_unknown_keys_do_not_make_us_fetch_more_than_once_a_minute(keys: Keys, ring: tuple[KeyRing, Clock]) -> None:
    held, clock = ring
    assert held.key("key-1")
    assert [held.key(f"unknown-{number}") for number in range(20)] == [None] * 20
    assert keys.asked == 1
    clock.sleep(61)
    assert [held.key(f"unknown-{number}") for number in range(20)] == [None] * 20
    assert keys.asked == 2


def test_a_key_that_was_taken_back_does_not_count_after_the_next_fetch(keys: Keys, ring: tuple[KeyRing, Clock]) -> None:
    held, clock = ring
    assert held.key("key-1")
    keys.keys = [Key("key-2")]
    clock.sleep(keys.max_age + 1)
    assert held.key("key-1") is None


def test_while_the_keys_are_away_kept_ones_serve_and_of_others_nothing_is_said(
    keys: Keys, ring: tuple[KeyRing, Clock]
) -> None:
    held, clock = ring
    assert held.key("key-1")
    keys.is_away = True
    clock.sleep(keys.max_age + 1)
    assert held.key("key-1")
    with pytest.raises(KeysAway):
        held.key("key-2")
    clock.sleep(24 * 3600)
    with pytest.raises(KeysAway):
        held.key("key-1")
    keys.is_away = False
    clock.sleep(6)
    assert held.key("key-1")


def test_keys_that_are_away_from_the_start_are_503_and_not_401(db_url: str) -> None:
    with site(db_url) as one:
        one.keys.is_away = True
        answer = one.ask("request-away-1")
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        one.keys.is_away = False


def test_keys_that_come_as_pem_texts_are_understood(keys: Keys, ring: tuple[KeyRing, Clock]) -> None:
    held, _ = ring
    pem = held.key("key-1")
    assert pem is not None
    keys.pems = {"key-1": pem, "odd": 7}
    assert KeyRing(keys.base_url).key("key-1") == pem
