"""What a REST call says: path, query and body read as Google reads them; answers written as Google writes them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, unquote_plus

from sheets_sync import json_text
from sheets_sync.local.errors import ApiError, bad_request

Json = dict[str, Any]
MAX_BODY = 64 * 1024 * 1024

_STANDARD = frozenset(
    (
        "$.xgafv",
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
    )
)


class Call:
    """One request. ``path`` are the percent-decoded segments below the API's root, ``verb`` what stands after the last
    colon of the last one (``batchUpdate``, ``append``, …)."""

    def __init__(
        self, method: str, raw_path: str, raw_query: str, body: bytes, verbs: frozenset[str], content_type: str = ""
    ) -> None:
        self.method = method
        self.content_type = content_type
        segments = [part for part in raw_path.split("/") if part]
        self.verb = ""
        if segments:
            head, colon, tail = segments[-1].rpartition(":")
            if colon and tail in verbs:
                segments[-1], self.verb = head, tail
        self.path = [unquote(part) for part in segments]
        self.query = _query(raw_query)
        self.content = body

    def text(self, name: str, default: str = "") -> str:
        """A query parameter; the last one where it is repeated."""
        return self.query.get(name, [default])[-1]

    def optional(self, name: str) -> str | None:
        """A query parameter, None where it is absent or empty."""
        return self.query.get(name, [""])[-1] or None

    def texts(self, name: str) -> list[str]:
        """A repeated query parameter."""
        return self.query.get(name, [])

    def flag(self, name: str) -> bool:
        """A boolean query parameter. Raises a 400 where it is neither true nor false."""
        value = self.text(name, "false").lower()
        if value not in ("true", "false", "1", "0"):
            raise bad_request(f"Invalid value at '{_snake(name)}' (TYPE_BOOL), \"{value[:100]}\"")
        return value in ("true", "1")

    def choice(self, name: str, kind: str, known: tuple[str, ...], default: str) -> str:
        """A query parameter that is one of a few words. Raises a 400."""
        value = self.text(name) or default
        if value not in known:
            full = f"type.googleapis.com/google.apps.sheets.v4.{kind}"
            raise bad_request(f"Invalid value at '{_snake(name)}' ({full}), \"{value[:100]}\"")
        return value

    def expect(self, *names: str) -> None:
        """Raises a 400 for a query parameter that the method does not know."""
        for name in self.query:
            if name not in names and name not in _STANDARD:
                description = (
                    f'Invalid JSON payload received. Unknown name "{name[:100]}": Cannot bind query parameter.'
                    f" Field '{name[:100]}' could not be found in request message."
                )
                detail = {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"description": description}],
                }
                raise ApiError(400, "INVALID_ARGUMENT", description, details=[detail])

    def json(self) -> Any:
        """The body; an empty one is an empty message. Raises a 400 for what is no JSON."""
        if not self.content.strip():
            return {}
        try:
            return json_text.read(self.content, lambda: json.loads(self.content, parse_constant=_no_constant))
        except (ValueError, RecursionError) as error:
            reason = "Message too deep." if isinstance(error, RecursionError) else f"{error}"[:200]
            raise bad_request(f"Invalid JSON payload received. {reason}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"Unexpected token: {name}")


def _query(raw: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for pair in raw.split("&") if raw else ():
        name, _, value = pair.partition("=")
        if name:
            out.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return out


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def dumped(answer: Any) -> bytes:
    """The JSON text of an answer."""
    return json_text.written(answer)
