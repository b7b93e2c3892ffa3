"""Faults on demand: what the local server does wrong when it is told to, and a record of what it was asked and did.

A fault applies to the API calls (Sheets, Drive and the token endpoint) whose ``METHOD /path`` matches ``when``. The
first fault that applies is taken; a call may be counted against the simulated quota before any fault is tried.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from sheets_sync.local.errors import bad_request

Json = dict[str, Any]

Kind = Literal["answer", "hang", "cut", "lost", "reset", "drip", "slow", "call"]
KINDS: tuple[str, ...] = get_args(Kind)
API_CALLS = " /(v4|drive|upload)/"
"""The calls that a fault applies to where it does not say: all but the token endpoint."""

MAX_CALLS = 50_000
"""So many calls are remembered one by one; the counts go on."""

_READING_VERBS = (":getByDataFilter", ":batchGetByDataFilter", ":search")
_REASONS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_SENTENCES = {
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
    504: "Deadline expired before operation could complete.",
}


@dataclass(frozen=True)
class Fault:
    """One order.

    - ``answer``: ``status`` instead of the real answer, nothing being done. 429 carries ``Retry-After`` where
      ``retry_after`` (seconds, or a text such as an HTTP date) is given; 502 is Google's HTML page; the others are
      Google's JSON; ``body`` (text or JSON) replaces it.
    - ``hang``: nothing is done and nothing answered for ``seconds`` (default 3600), then the connection ends.
    - ``cut``: the connection is reset before anything is done.
    - ``lost``: the call is done, then the connection is reset without an answer.
    - ``reset``: the call is done, then the connection is reset in the middle of the answer.
    - ``drip``: the call is done, then the answer comes a byte every ``seconds``.
    - ``slow``: the call is done ``seconds`` later (latency).
    - ``call``: ``then`` runs first (only in the same process), then the call is done.

    It is given to calls that match ``when`` (a regular expression looked for in ``METHOD /path``), after the first
    ``skip`` of them, ``times`` times (None: for ever), each time with ``probability``.
    """

    kind: Kind = "answer"
    status: int = 503
    retry_after: int | float | str | None = None
    body: str | Json | None = None
    seconds: float | None = None
    when: str = API_CALLS
    skip: int = 0
    times: int | None = 1
    probability: float = 1.0
    then: Callable[[], object] | None = None

    def __post_init__(self) -> None:
        re.compile(self.when)

    @property
    def name(self) -> str:
        """What the record calls it: the kind, or the status of an answer."""
        return f"answer {self.status}" if self.kind == "answer" else self.kind

    def told(self) -> Json:
        """As JSON, in the form that ``from_json`` reads."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "then"}

    @staticmethod
    def from_json(order: Any) -> Fault:
        """The fault that a JSON object orders. Raises a 400 that says what is wrong with it."""
        if not isinstance(order, dict):
            raise bad_request("A fault is a JSON object.")
        for name, value in order.items():
            if name not in _CHECKS:
                raise bad_request(f"A fault has no '{name}'; it has {', '.join(_CHECKS)}.")
            if not _CHECKS[name](value):
                raise bad_request(f"The fault's {name} cannot be {json.dumps(value)[:100]}.")
        return Fault(**order)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of an ``answer``."""
        headers = {"content-type": "application/json; charset=UTF-8"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        if isinstance(self.body, str) or (self.body is None and self.status == 502):
            headers["content-type"] = "text/html; charset=UTF-8"
            return self.status, headers, (_BAD_GATEWAY if self.body is None else self.body).encode()
        document = self.body or refusal(self.status)
        return self.status, headers, json.dumps(document).encode()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) <= 500 and re.compile(value) is not None
    except re.error:
        return False


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "kind": lambda value: value in KINDS and value != "call",
    "status": lambda value: _is_count(value) and 200 <= value <= 599,
    "retry_after": lambda value: value is None or _is_number(value) or (isinstance(value, str) and value.isprintable()),
    "body": lambda value: value is None or isinstance(value, (str, dict)),
    "seconds": lambda value: value is None or _is_number(value),
    "when": _is_pattern,
    "skip": _is_count,
    "times": lambda value: value is None or (_is_count(value) and value > 0),
    "probability": lambda value: _is_number(value) and value <= 1,
}

_BAD_GATEWAY = """<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error 502 (Server Error)!!1</title>
  <p><b>502.</b> <ins>That's an error.</ins>
  <p>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.
"""


def refusal(status: int) -> Json:
    """Google's JSON for an error of that status."""
    message = _SENTENCES.get(status, "The request could not be done.")
    if status == 429:
        return over_quota("read", "user", 60)
    return {"error": {"code": status, "message": message, "status": _REASONS.get(status, "UNKNOWN")}}


def over_quota(kind: str, whose: str, limit: int) -> Json:
    """Google's 429 for ``kind`` (read, write) requests per minute per ``whose`` (user, project)."""
    metric = f"{kind.capitalize()} requests"
    named = f"{metric} per minute" + (" per user" if whose == "user" else "")
    suffix = "PerMinutePerUser" if whose == "user" else "PerMinutePerProject"
    return {
        "error": {
            "code": 429,
            "message": f"Quota exceeded for quota metric '{metric}' and limit '{named}' of service"
            " 'sheets.googleapis.com' for consumer 'project_number:0'.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "RATE_LIMIT_EXCEEDED",
                    "domain": "googleapis.com",
                    "metadata": {
                        "service": "sheets.googleapis.com",
                        "quota_metric": f"sheets.googleapis.com/{kind}_requests",
                        "quota_limit": f"{kind.capitalize()}Requests{suffix}",
                        "quota_limit_value": str(limit),
                        "quota_location": "global",
                        "consumer": "projects/0",
                    },
                },
            ],
        }
    }


@dataclass(frozen=True)
class QuotaRule:
    """The simulated quota of the Sheets API: so many reads and writes in any ``seconds`` per user and per project. A
    call that is refused is not counted. Drive and the token endpoint have no quota here."""

    reads: int = 60
    writes: int = 60
    project_reads: int = 300
    project_writes: int = 300
    seconds: float = 60.0

    @staticmethod
    def from_json(order: Any) -> QuotaRule:
        """The quota that a JSON object orders. Raises a 400."""
        names = [one.name for one in fields(QuotaRule)]
        if not isinstance(order, dict) or not all(name in names and _is_number(order[name]) for name in order):
            raise bad_request(f"A quota is a JSON object of numbers: {', '.join(names)}.")
        return QuotaRule(**order)

    def told(self) -> Json:
        """As JSON."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass
class Record:
    """One call that the server had: when (seconds by the server's clock), what, for whom, which fault it was given
    ("" none, "quota"), what it was answered (status, 0 none) and the bytes of both bodies."""

    at: float
    call: str
    kind: str
    fault: str = ""
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def told(self) -> Json:
        """As JSON."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def kind_of(method: str, path: str) -> str:
    """read, write (Sheets), drive read, drive write, or token."""
    if path == "/token":
        return "token"
    reads = method == "GET" or path.endswith(_READING_VERBS)
    return ("" if path.startswith("/v4/") else "drive ") + ("read" if reads else "write")


@dataclass
class _Order:
    """A fault that stands, and how often it may still be given and must still be skipped."""

    fault: Fault
    left: int | None
    skip: int


@dataclass
class Faults:
    """The orders of one server, its simulated quota and its record. Safe for threads.

    ``clock`` gives seconds; ``advance`` moves it on, so that a test need not wait for a minute to pass."""

    clock: Callable[[], float] = time.monotonic
    seed: int = 0
    calls: deque[Record] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))
    counts: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []
        self._random = random.Random(self.seed)  # noqa: S311 (which calls fail, repeatably)
        self._rule: QuotaRule | None = None
        self._turns: dict[tuple[str, str], deque[float]] = {}
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds by the server's clock."""
        return self.clock() + self._ahead

    def advance(self, seconds: float) -> None:
        """Moves the clock on."""
        self._ahead += seconds

    def order(self, *faults: Fault) -> None:
        """Adds ``faults`` behind those that stand."""
        with self._lock:
            self._orders.extend(_Order(one, one.times, one.skip) for one in faults)

    def clear(self) -> None:
        """Takes all faults and the quota back; the record stays."""
        with self._lock:
            self._orders.clear()
        self.limit(None)

    def forget(self) -> None:
        """Empties the record."""
        with self._lock:
            self.calls.clear()
            self.counts.clear()
            self.given.clear()

    def reseed(self, seed: int) -> None:
        """The probabilities fall from now on as ``seed`` says."""
        with self._lock:
            self._random = random.Random(seed)  # noqa: S311 (as above)

    def limit(self, rule: QuotaRule | None) -> None:
        """Sets the simulated quota, all of it unspent; None: no quota."""
        with self._lock:
            self._rule = rule
            self._turns = {}

    def standing(self) -> list[Json]:
        """The faults that may still be given, as JSON."""
        with self._lock:
            return [replace(one.fault, times=one.left, skip=one.skip).told() for one in self._orders]

    @property
    def rule(self) -> QuotaRule | None:
        """The simulated quota."""
        return self._rule

    def met(self, method: str, path: str, user: str, bytes_in: int = 0) -> tuple[Record, Fault | None]:
        """The record of a call that has come, kept, and what to do wrong with it (None: nothing)."""
        record = Record(self.now(), f"{method} {path}", kind_of(method, path), bytes_in=bytes_in)
        with self._lock:
            self.calls.append(record)
            self.counts[record.kind] += 1
            fault, record.fault = self._taken(record, user)
            if record.fault:
                self.given[record.fault] += 1
        return record, fault

    def _taken(self, record: Record, user: str) -> tuple[Fault | None, str]:
        refused = self._over_quota(record.kind, user)
        if refused is not None:
            return Fault(status=429, body=refused), "quota"
        for order in self._orders:
            if not re.search(order.fault.when, record.call):
                continue
            if order.skip:
                order.skip -= 1
                continue
            if order.fault.probability < 1 and self._random.random() >= order.fault.probability:
                continue
            if order.left is not None:
                order.left -= 1
                if not order.left:
                    self._orders.remove(order)
            return order.fault, order.fault.name
        return None, ""

    def _over_quota(self, kind: str, user: str) -> Json | None:
        rule = self._rule
        if rule is None or kind not in ("read", "write"):
            return None
        limits = (
            ("user", user, rule.reads if kind == "read" else rule.writes),
            ("project", "", rule.project_reads if kind == "read" else rule.project_writes),
        )
        now = self.now()
        turns = [self._turns.setdefault((kind + whose, who), deque()) for whose, who, _ in limits]
        for taken, (whose, _, limit) in zip(turns, limits, strict=True):
            while taken and taken[0] <= now - rule.seconds:
                taken.popleft()
            if len(taken) >= limit:
                return over_quota(kind, whose, int(limit))
        for taken in turns:
            taken.append(now)
        return None
