"""The public keys with which identity tokens are signed: fetched when needed, kept as long as their server says."""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.errors import OutOfReach

log = structlog.get_logger()

SPACING_S = 60.0
"""For the sake of a key that is not known, the keys are fetched no more often than this."""
RETRY_S = 5.0
"""After a failed fetch of keys that have run out, no other one is made for so long."""
LONGEST_S = 24 * 3600.0
"""Kept keys serve no longer than this after they were fetched, whatever their server says, or does not say any more."""
TIMEOUT_S = 5.0
MAX_BYTES = 64 * 1024
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class KeysAway(OutOfReach):
    """The keys cannot be fetched, so that a token can neither be accepted nor refused."""


class KeyRing:
    """Key id -> PEM of the keys at ``url`` (a JSON Web Key Set, or an object of PEM texts). ``clock`` is monotonic
    seconds. May be shared by threads."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, str] = {}
        self._fresh_until = self._kept_until = 0.0
        self._tried_at: float | None = None
        self._is_away = False

    def key(self, key_id: str) -> str | None:
        """The PEM of a key; None where there is no such key. KeysAway where that cannot be told now."""
        now = self._clock()
        if now < self._fresh_until and key_id in self._keys:
            return self._keys[key_id]
        with self._lock:
            self._look(key_id)
            kept = self._keys.get(key_id) if self._clock() < self._kept_until else None
            if kept is None and self._is_away:
                raise KeysAway("The keys that identity tokens are checked with cannot be had now: try again soon.")
            return kept

    def _look(self, key_id: str) -> None:
        """Fetches the keys, where they have run out or lack the one that is asked for, and it is time to."""
        now = self._clock()
        is_fresh = now < self._fresh_until
        if is_fresh and key_id in self._keys:
            return
        spacing = SPACING_S if is_fresh else RETRY_S
        if self._tried_at is not None and now < self._tried_at + spacing and (is_fresh or self._is_away):
            return
        self._tried_at = now
        try:
            self._keys, age = _fetched(self._url)
        except (requests.exceptions.RequestException, ValueError) as error:
            self._is_away = True
            log.warning("keys of identity tokens cannot be fetched", error=type(error).__name__)
            return
        self._is_away = False
        self._fresh_until = now + min(age, LONGEST_S)
        self._kept_until = now + LONGEST_S


def _fetched(url: str) -> tuple[Mapping[str, str], float]:
    """The keys, and for how many seconds they hold. Errors of requests, or ValueError where they are none."""
    with requests.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer:
        if answer.status_code != 200:
            raise ValueError("not 200")
        content = answer.raw.read(MAX_BYTES + 1, decode_content=True)
        cache = answer.headers.get("Cache-Control", "")
    if len(content) > MAX_BYTES:
        raise ValueError("too large")
    told = json.loads(content)
    if not isinstance(told, dict):
        raise ValueError("not an object")
    listed = told.get("keys")
    keys = _of_key_set(listed) if isinstance(listed, list) else _of_pems(told)
    if not keys:
        raise ValueError("no keys")
    age = _MAX_AGE.search(cache)
    return keys, float(age[1]) if age and "no-store" not in cache else 0.0


def _of_pems(told: Mapping[str, Any]) -> dict[str, str]:
    return {name: pem for name, pem in told.items() if isinstance(pem, str) and pem.startswith("-----BEGIN ")}


def _of_key_set(listed: list[Any]) -> dict[str, str]:
    """The RSA keys for signatures of a JSON Web Key Set; what is not understood is left out."""
    keys: dict[str, str] = {}
    for one in listed:
        if not isinstance(one, dict) or one.get("kty") != "RSA" or one.get("use", "sig") != "sig":
            continue
        name = one.get("kid")
        if not isinstance(name, str) or one.get("alg", "RS256") != "RS256":
            continue
        try:
            public = RSAPublicNumbers(_number(one.get("e")), _number(one.get("n"))).public_key()
        except (ValueError, TypeError):
            continue
        if public.key_size >= 2048:
            keys[name] = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return keys


def _number(text: Any) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
