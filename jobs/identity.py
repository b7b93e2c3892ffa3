"""Who asks: a person by a Google identity token, or a script by a signature with the webhook's secret."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.auth import exceptions as google_errors
from google.auth import jwt

from engine.errors import RoadmapError
from jobs.identity_keys import KeyRing

SKEW_S = 60
"""How far the clocks of Google and of this machine may be apart."""
WINDOW_S = 300.0
"""A signature counts for so long before and after the time that it names."""
LONGEST_TOKEN = 8 * 1024
GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs"
GOOGLE_ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
_EMAIL = re.compile(r"[^\s@\"<>()\x00-\x1f\x7f]{1,128}@[A-Za-z0-9.-]{1,253}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")


class NotIdentified(RoadmapError):
    """Nobody is proven to ask this: there is no token and no signature, or not one that counts."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. ``email`` is what a token proved, in small letters; None where it is a script with the secret, whose
    signature (hex) was made at ``signed_at`` (seconds since 1970)."""

    email: str | None
    signature: str | None = None
    signed_at: float = 0.0

    @property
    def way(self) -> str:
        return "identity token" if self.email else "signature"

    @property
    def name(self) -> str:
        return self.email or "a script that has the webhook's secret"


class Tokens:
    """Checks identity tokens for one ``audience``: RS256 with a key of ``keys``, by one of ``issuers``."""

    def __init__(self, audience: str, keys: KeyRing, issuers: frozenset[str]) -> None:
        self._audience = audience
        self._keys = keys
        self._issuers = issuers

    @classmethod
    def of(cls, audience: str, base_url: str | None = None) -> Tokens:
        """Those of Google, or of the local server at ``base_url``."""
        if base_url is None:
            return cls(audience, KeyRing(GOOGLE_KEYS), GOOGLE_ISSUERS)
        base = base_url.rstrip("/")
        return cls(audience, KeyRing(f"{base}/oauth2/v3/certs"), frozenset({base}))

    def caller(self, token: str) -> Caller:
        """Whom the token proves. NotIdentified where it proves nobody, KeysAway where that cannot be told now."""
        try:
            header = jwt.decode_header(token) if len(token) <= LONGEST_TOKEN else {}
        except _BAD_TOKEN as error:
            raise NotIdentified(_NOT_PROVEN) from error
        key_id = header.get("kid")
        if header.get("alg") != "RS256" or not isinstance(key_id, str) or "crit" in header:
            raise NotIdentified(_NOT_PROVEN)
        pem = self._keys.key(key_id)
        if pem is None:
            raise NotIdentified(_NOT_PROVEN)
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token, certs={key_id: pem}, audience=self._audience, clock_skew_in_seconds=SKEW_S
            )
            self._require(claims)
        except _BAD_TOKEN as error:
            raise NotIdentified(_NOT_PROVEN) from error
        return Caller(email=str(claims["email"]).casefold())

    def _require(self, claims: Mapping[str, Any]) -> None:
        """Raises ValueError where google-auth has accepted what is not for us."""
        times = [claims.get(name, 0) for name in ("iat", "exp", "nbf")]
        if any(isinstance(one, bool) or not isinstance(one, int | float) or not math.isfinite(one) for one in times):
            raise ValueError("a time is no number")
        if times[2] > time.time() + SKEW_S:
            raise ValueError("not valid yet")
        if claims.get("iss") not in self._issuers:
            raise ValueError("another issuer")
        email = claims.get("email")
        if claims.get("email_verified") is not True or not isinstance(email, str) or not _EMAIL.fullmatch(email):
            raise ValueError("no verified address")


_BAD_TOKEN = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
    google_errors.GoogleAuthError,
)
_NOT_PROVEN = "The identity token does not count: it is not Google's, not for this webhook, or has run out."


class Signatures:
    """Checks the signatures of scripts: hex SHA-256 HMAC over "TIMESTAMP\\nMETHOD\\nTARGET\\nBODY"."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def caller(self, timestamp: str, signature: str, *, method: str, target: str, body: bytes) -> Caller:
        """The script that signed this very request; whether its time is now, and whether the signature was used before,
        is the database's to say. ``target`` is path and query as they were sent. NotIdentified where it did not."""
        if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            raise NotIdentified(_NOT_SIGNED)
        signed = f"{timestamp}\n{method}\n{target}\n".encode() + body
        if not hmac.compare_digest(self._made(signed), signature.lower()):
            raise NotIdentified(_NOT_SIGNED)
        return Caller(email=None, signature=signature.lower(), signed_at=float(timestamp))

    def is_word(self, word: str, given: str) -> bool:
        """Whether ``given`` is the hex HMAC of ``word`` alone: what a program that cannot sign may show instead."""
        return hmac.compare_digest(self._made(word.encode()).encode(), given.lower().encode())

    def _made(self, content: bytes) -> str:
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()


_NOT_SIGNED = "The signature does not fit this request: sign time, method, path with query, and body with the secret."
