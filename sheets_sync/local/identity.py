"""Identity tokens of the people at the page: what Apps Script gives its script, signed with a key of this server."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sheets_sync.local.oauth import LIFETIME_S, new_private_key, write_secret

Json = dict[str, Any]

KEY_FILE = "identity.json"


class Identity:
    """Signs tokens (RS256) as ``issuer`` and tells the public key. The key is kept in ``folder`` (mode 0600), with
    ``client_id``: the audience, what the scripts of this server belong to."""

    def __init__(self, folder: Path, issuer: str) -> None:
        self.issuer = issuer
        path = folder / KEY_FILE
        if not path.exists():
            client_id = f"{secrets.randbelow(10**12):012d}-local.apps.roadmap.local"
            write_secret(path, {"client_id": client_id, "private_key": new_private_key()})
        kept = json.loads(path.read_text(encoding="utf-8"))
        loaded = serialization.load_pem_private_key(kept["private_key"].encode(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self._private = loaded
        self.client_id: str = kept["client_id"]
        der = loaded.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = hashlib.sha256(der).hexdigest()[:40]

    def token(self, email: str, *, audience: str | None = None, now: float | None = None) -> str:
        """The token of a person whose address is verified, good for an hour from ``now`` (seconds) on."""
        issued = int(time.time() if now is None else now)
        subject = str(int(hashlib.sha256(email.encode()).hexdigest()[:16], 16))
        claims = {
            "iss": self.issuer,
            "azp": self.client_id,
            "aud": audience or self.client_id,
            "sub": subject,
            "email": email,
            "email_verified": True,
            "iat": issued,
            "exp": issued + LIFETIME_S,
        }
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (self._header(), claims))
        signature = self._private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_encoded(signature)}"

    def pem_certs(self) -> dict[str, str]:
        """The public key as PEM, by its id."""
        pem = self._private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {self.key_id: pem.decode()}

    def certs(self) -> Json:
        """The public key as a JSON Web Key Set."""
        numbers = self._private.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.key_id,
            "n": _encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
            "e": _encoded(numbers.e.to_bytes(3)),
        }
        return {"keys": [key]}

    def _header(self) -> Json:
        return {"alg": "RS256", "kid": self.key_id, "typ": "JWT"}


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
