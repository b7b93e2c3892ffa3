"""What goes over the webhook: the request as strictly as it can be read, the status document, and refusals."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from db.records import RequestRecord, RunState
from engine.errors import RoadmapError
from jobs.requests import ACTIONS

MAX_DEPTH = 16
REQUEST_ID = r"^[A-Za-z0-9_-]{8,64}$"
WORKBOOK = r"^[A-Za-z0-9_-]{5,200}$"
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Refusal(RoadmapError):
    """What is answered instead of what was asked: a status of HTTP, and a sentence. ``retry_after_s`` is told where
    trying again later can help."""

    exit_code = 1

    def __init__(self, status: int, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s


def _moment(text: object) -> datetime:
    """RFC 3339. ValueError where it is not."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ValueError("is no time: write it as 2026-01-31T07:00:00Z")
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError("is no time: write it as 2026-01-31T07:00:00Z") from error


def _known(action: object) -> str:
    if not isinstance(action, str) or action not in ACTIONS:
        raise ValueError(f"is none of {', '.join(ACTIONS)}")
    return action


class Question(BaseModel):
    """The body of POST /v1/requests."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="Request")

    request_id: str = Field(pattern=REQUEST_ID, description="Made by the asker; the same id is one request for ever.")
    workbook: str = Field(pattern=WORKBOOK, description="The spreadsheet's id.")
    action: Annotated[str, BeforeValidator(_known), WithJsonSchema({"type": "string", "enum": list(ACTIONS)})]
    arguments: dict[str, Any] = Field(
        default={},
        description=f"What the action needs, as in the Requests tab: no NUL in texts, at most {MAX_DEPTH} deep.",
    )
    requested_at: Annotated[
        datetime | None, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
    ] = None


class Status(BaseModel):
    """How a request stands."""

    request_id: str
    action: str
    status: str
    message: str
    run_id: int | None
    stage: str | None
    progress: dict[str, Any] | None
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None


class Told(BaseModel):
    """A refusal in one sentence."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request as it came: ``target`` is path and query as sent; of a header that came several times, ``headers``
    holds all values."""

    method: str
    target: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, tuple[str, ...]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of a header; Refusal where it came more than once."""
        values = self.headers.get(name, ())
        if len(values) > 1:
            raise Refusal(400, f"The header {name} stands there {len(values)} times: send it once.")
        return values[0] if values else None


def question(body: bytes) -> Question:
    """The request in a body. Refusal: 400 where it is no JSON that can be kept, 422 where it is no request."""
    value = _plain(body)
    if not isinstance(value, dict):
        raise Refusal(422, "The body is no JSON object: send request_id, workbook, action and arguments.")
    try:
        return Question.model_validate(value)
    except ValidationError as error:
        raise Refusal(422, _first_of(error)) from None  # its text quotes what came


def _first_of(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "extra_forbidden":
        known = ", ".join(Question.model_fields)
        return f"There is a field that is not known: send {known} and nothing else."
    field = str(first["loc"][0]) if first["loc"] else "the body"
    words = {"missing": "is missing", "string_pattern_mismatch": "has a form that no such id has"}
    told = words.get(first["type"], first["msg"].removeprefix("Value error, "))
    return f"{field}: {told}."


def _plain(body: bytes) -> Any:
    """The value of a JSON text; numbers that are no integers are Decimals."""
    try:
        value = json.loads(
            body.decode("utf-8"), parse_float=_decimal, parse_constant=_no_number, object_pairs_hook=_once
        )
        _require_storable(value, MAX_DEPTH)
    except UnicodeDecodeError as error:
        raise Refusal(400, "The body is not UTF-8.") from error
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise Refusal(400, "The body is no JSON: keys once each, numbers of usual size, no deep nesting.") from error
    return value


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if number and abs(number.adjusted()) > 310:
        raise ValueError("a number out of all proportion")
    return number


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _require_storable(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError("too deep")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise ValueError("a text that cannot be stored")
    if isinstance(value, int) and abs(value) >= 10**310:
        raise ValueError("a number out of all proportion")
    for inner in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        _require_storable(inner, depth - 1)
    for key in value if isinstance(value, dict) else ():
        _require_storable(key, depth)


def status_document(record: RequestRecord, run: RunState | None) -> dict[str, Any]:
    """How a request stands, with how its run gets on."""
    stage = str(run.status) if run else "queued" if record.status == "queued" else None
    return {
        "request_id": record.request_id,
        "action": record.action,
        "status": str(record.status),
        "message": record.message,
        "run_id": record.run_id,
        "stage": stage,
        "progress": run.progress if run else None,
        "requested_by": record.who,
        "requested_at": record.requested_at,
        "finished_at": record.finished_at,
    }


def json_bytes(document: Any) -> bytes:
    """The document as JSON; times as RFC 3339."""
    return json.dumps(_finite(document), ensure_ascii=False, allow_nan=False, default=_simple).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, Decimal | float):
        return float(value) if math.isfinite(value) else None
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def _simple(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
