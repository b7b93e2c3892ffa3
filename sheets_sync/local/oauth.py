"""The token endpoint for a service account: a signed JWT in, an access token out (RFC 7523)."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Json = dict[str, Any]

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth names it whatever the key's token_uri says
LIFETIME_S = 3600
SKEW_S = 300
SCOPES = frozenset(
    f"https://www.googleapis.com/auth/{name}"
    for name in (
        "spreadsheets",
        "spreadsheets.readonly",
        "drive",
        "drive.file",
        "drive.readonly",
        "drive.metadata",
        "drive.metadata.readonly",
    )
)


class TokenRefused(Exception):
    """Why no token is given: ``error`` is the OAuth word, the message says more."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def ensure_key_file(path: Path, email: str, token_uri: str) -> Json:
    """The service-account key at ``path``, made at the first call; its ``token_uri`` is brought up to date."""
    if path.exists():
        key = json.loads(path.read_text(encoding="utf-8"))
        if key.get("token_uri") == token_uri:
            return key
    else:
        key = _new_key(email)
    key["token_uri"] = token_uri
    write_secret(path, key)
    return key


def write_secret(path: Path, document: Json) -> None:
    """Writes a JSON file that its owner alone may read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def new_private_key() -> str:
    """A new RSA key as PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def _new_key(email: str) -> Json:
    return {
        "type": "service_account",
        "project_id": email.partition("@")[2].partition(".")[0],
        "private_key_id": secrets.token_hex(20),
        "private_key": new_private_key(),
        "client_email": email,
        "client_id": str(secrets.randbelow(10**21)),
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "universe_domain": "googleapis.com",
    }


class Tokens:
    """The access tokens given out, in memory: after a restart clients ask for new ones.

    The audience that a JWT must name is the key's ``token_uri``, this server, or Google's own endpoint.
    """

    def __init__(self, key: Json) -> None:
        loaded = serialization.load_pem_private_key(key["private_key"].encode(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self._public = loaded.public_key()
        self._email: str = key["client_email"]
        self._token_uri: str = key["token_uri"]
        self._given: dict[str, float] = {}
        self._lock = threading.Lock()

    def granted(self, form: dict[str, str]) -> Json:
        """The token answer to a form. Raises TokenRefused."""
        if form.get("grant_type") != GRANT:
            raise TokenRefused("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')[:100]}")
        claims = self._claims(form.get("assertion", ""))
        now = time.time()
        if claims.get("iss") != self._email:
            raise TokenRefused("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in (self._token_uri, GOOGLE_AUDIENCE):
            raise TokenRefused("invalid_grant", "Invalid JWT: the audience is not this token endpoint.")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not _is_time(issued) or not _is_time(expires):
            raise TokenRefused("invalid_grant", "Invalid JWT: iat and exp must be numbers.")
        assert isinstance(issued, (int, float)) and isinstance(expires, (int, float))
        if expires <= now - SKEW_S or issued > now + SKEW_S or not 0 < expires - issued <= LIFETIME_S + SKEW_S:
            raise TokenRefused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
                " Check your iat and exp values in the JWT claim.",
            )
        scope = claims.get("scope")
        if not isinstance(scope, str) or not SCOPES & set(scope.split()):
            raise TokenRefused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = "ya29.local-" + secrets.token_urlsafe(32)
        with self._lock:
            self._given = {one: until for one, until in self._given.items() if until > now}
            self._given[token] = now + LIFETIME_S
        return {"access_token": token, "expires_in": LIFETIME_S - 1, "token_type": "Bearer"}

    def is_valid(self, token: str) -> bool:
        """Whether the token was given out here and has not run out."""
        return self._given.get(token, 0) > time.time()

    def account(self, token: str) -> str:
        """Whose a token is: the service account's if it was given out here; else a user known by it alone."""
        return self._email if token in self._given else token

    def _claims(self, assertion: str) -> Json:
        parts = assertion.split(".")
        if len(parts) != 3 or len(assertion) > 20_000:
            raise TokenRefused("invalid_grant", "Invalid JWT: it must have three parts.")
        try:
            header, claims = (json.loads(_decoded(part)) for part in parts[:2])
            signature = _decoded(parts[2])
        except (ValueError, RecursionError) as error:
            raise TokenRefused("invalid_grant", "Invalid JWT: it cannot be read.") from error
        if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "RS256":
            raise TokenRefused("invalid_grant", "Invalid JWT: it must be signed with RS256.")
        try:
            signed = f"{parts[0]}.{parts[1]}".encode()
            self._public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise TokenRefused("invalid_grant", "Invalid JWT Signature.") from error
        return claims


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
