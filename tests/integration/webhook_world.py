"""A webhook over a real Postgres and real HTTP, with keys of its own for identity tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sqlalchemy import text

from db import store
from db.session import Database
from db.web_access import WebDatabase
from jobs.identity import Signatures, Tokens
from jobs.web_desk import Desk, Limits
from jobs.web_server import WebServer

SECRET = "a secret of the tests, thirty-two characters at least"
AUDIENCE = "1234-menu.apps.googleusercontent.com"
BOOK = "webhook-workbook-1"
PLENTY = Limits(asks_of_asker=10**6, asks_of_workbook=10**6)


def registered(database: Database) -> int:
    """The workspace of BOOK, made."""
    with database.transaction() as session:
        return store.register_workspace(session, BOOK, "Roadmap", "https://example.com").id


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Key:
    """A key of whoever signs tokens."""

    def __init__(self, key_id: str) -> None:
        self.id = key_id
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        n, e = (one.to_bytes((one.bit_length() + 7) // 8) for one in (numbers.n, numbers.e))
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id, "n": encoded(n), "e": encoded(e)}

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        head = {"alg": "RS256", "kid": self.id, "typ": "JWT", **header}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
        signature = self.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encoded(signature)}"


class Keys:
    """A server of public keys (or of ``pems``); ``is_away`` answers 500. ``asked`` counts how often it was asked."""

    def __init__(self) -> None:
        self.keys = [Key("key-1")]
        self.max_age = 3600
        self.pems: dict[str, Any] = {}
        self.is_away = False
        self.asked = 0
        keys = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.asked += 1
                told = keys.pems or {"keys": [key.public for key in keys.keys]}
                content = json.dumps(told).encode()
                self.send_response(500 if keys.is_away else 200)
                self.send_header("Cache-Control", f"public, max-age={keys.max_age}, must-revalidate")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good token says now, with ``changes``; a value of None leaves the claim out."""
        now = int(time.time())
        told = {
            "iss": self.base_url,
            "aud": AUDIENCE,
            "sub": "1",
            "email": "maria@example.com",
            "email_verified": True,
            "iat": now,
            "exp": now + 3600,
        } | changes
        return {name: value for name, value in told.items() if value is not None}

    def token(self, **changes: Any) -> str:
        return self.keys[-1].token(self.claims(**changes))


class Signed(requests.auth.AuthBase):
    """Signs a request as a script does; ``shift_s`` is how wrong its clock is."""

    def __init__(self, secret: str = SECRET, shift_s: int = 0) -> None:
        self._secret = secret
        self._shift_s = shift_s

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        timestamp = str(int(time.time()) + self._shift_s)
        signed = f"{timestamp}\n{request.method}\n{request.path_url}\n".encode() + content
        request.headers["X-Roadmap-Timestamp"] = timestamp
        request.headers["X-Roadmap-Signature"] = hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()
        return request


class Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Site:
    """A webhook that listens, and the keys of its tokens."""

    def __init__(self, db_url: str, limits: Limits = PLENTY) -> None:
        self.keys = Keys()
        self.web_database = WebDatabase.open(db_url)
        tokens = Tokens.of(AUDIENCE, self.keys.base_url)
        self._server = WebServer(Desk(self.web_database, tokens, Signatures(SECRET), limits), "127.0.0.1", 0)
        self._server.start()
        self.port = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()
        self._server.stop()
        self.web_database.close()
        self.keys.close()

    def post(self, body: Any, auth: requests.auth.AuthBase | None = None, **options: Any) -> requests.Response:
        given = {"data": body} if isinstance(body, bytes | str) else {"json": body}
        if "data" in given:
            options.setdefault("headers", {"Content-Type": "application/json"})
        return self._session.post(f"{self.url}/v1/requests", auth=auth, timeout=30, **given, **options)

    def post_chunks(self, pieces: list[bytes], auth: requests.auth.AuthBase) -> requests.Response:
        """The same in chunks, without a Content-Length."""
        headers = {"Content-Type": "application/json"}
        return self._session.post(f"{self.url}/v1/requests", data=iter(pieces), auth=auth, headers=headers, timeout=30)

    def get(self, path: str, auth: requests.auth.AuthBase | None = None, **options: Any) -> requests.Response:
        return self._session.get(f"{self.url}{path}", auth=auth, timeout=30, **options)

    def ask(self, request_id: str, action: str = "optimize", **more: Any) -> requests.Response:
        """A request of Maria's, with a good token."""
        body = {"request_id": request_id, "workbook": BOOK, "action": action, **more}
        return self.post(body, Bearer(self.keys.token()))


def rows(database: Database) -> dict[str, int]:
    """table -> rows, of all tables."""
    with database.transaction() as session:
        names = session.scalars(text("SELECT relname FROM pg_stat_user_tables ORDER BY 1")).all()
        return {name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


@contextmanager
def site(db_url: str, **options: Any) -> Iterator[Site]:
    opened = Site(db_url, **options)
    try:
        yield opened
    finally:
        opened.close()
