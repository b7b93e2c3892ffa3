"""Requests that nobody should send: how they are made, and what must hold."""

from __future__ import annotations

import json
import random

import requests
from hypothesis import strategies as st

from tests.integration.webhook_world import BOOK, Bearer, Signed, Site

GOOD = {"request_id": "request-malformed", "workbook": BOOK, "action": "check", "arguments": {}}
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


KINDS = ("bytes", "json", "field", "missing", "more", "cut", "twice", "deep", "number", "long")


class Body:
    """What is sent; printed short."""

    def __init__(self, kind: str, content: bytes) -> None:
        self.kind = kind
        self.content = content

    def __repr__(self) -> str:
        return f"Body({self.kind!r}, {self.content[:200]!r}, {len(self.content)} bytes)"


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    """A body that is no request."""
    kind = draw(st.sampled_from(KINDS))
    return Body(kind, _content(draw, kind))


def _content(draw: st.DrawFn, kind: str) -> bytes:
    good = json.dumps(GOOD).encode()
    if kind == "bytes":
        return draw(st.binary(max_size=300).filter(lambda content: content != good))
    if kind == "json":
        return json.dumps(draw(_VALUES.filter(lambda value: not isinstance(value, dict)))).encode()
    if kind == "field":
        field = draw(st.sampled_from(["request_id", "workbook", "action", "arguments", "requested_at"]))
        value = draw(_VALUES.filter(lambda value: not (field == "arguments" and isinstance(value, dict))))
        return json.dumps({**GOOD, field: value if not isinstance(value, str) else value + "\x00"}).encode()
    if kind == "missing":
        field = draw(st.sampled_from(["request_id", "workbook", "action"]))
        return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()
    if kind == "more":
        return json.dumps({**GOOD, draw(st.text(min_size=1, max_size=12).map(lambda name: "x" + name)): 1}).encode()
    if kind == "cut":
        return good[: draw(st.integers(0, len(good) - 1))]
    if kind == "twice":
        return good[:-1] + b', "action": "publish"}'
    if kind == "deep":
        depth = draw(st.integers(20, 20_000))
        return good.replace(b'"arguments": {}', b'"arguments": {"a": ' + b"[" * depth + b"]" * depth + b"}")
    if kind == "number":
        number = draw(st.sampled_from(["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "01", "1.", "0x1"]))
        return good.replace(b'"arguments": {}', b'"arguments": {"a": ' + number.encode() + b"}")
    return good + b" " * draw(st.integers(65_536, 300_000))


def sent(web: Site, body: bytes, way: int) -> requests.Response:
    """The body sent, signed or with a token; whole or in chunks."""
    auth = Signed() if way % 2 else Bearer(web.keys.token())
    if way % 4 < 2 or way % 2:  # what is streamed cannot be signed by a library
        return web.post(body, auth)
    pieces = random.Random(len(body)).randint(1, 9)
    size = max(1, len(body) // pieces)
    return web.post_chunks([body[at : at + size] for at in range(0, len(body), size)], auth)


def require_refused(web: Site, body: Body, way: int) -> None:
    """One sentence, one of the statuses that are meant for it, no trace of our code."""
    try:
        answer = sent(web, body.content, way)
    except requests.exceptions.ConnectionError:
        assert len(body.content) > 65_536  # it may be closed on us while we still send
        return
    assert answer.status_code in (400, 413, 422), (answer.status_code, body)
    assert set(answer.json()) == {"message"}
    assert "Traceback" not in answer.text
    assert len(answer.json()["message"]) < 300
