"""One verb, tried until it succeeds, is refused, or patience ends: a turn in the quota, what is sent made afresh, one
exchange within its time, its cost told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import tenacity

from sheets_sync.client import Client
from sheets_sync.errors import AnswerLost, GoogleOutOfReach, QuotaSpent, one_line
from sheets_sync.exchange import Batch, Call, Counts, wait_s
from sheets_sync.quota import Quota

MAX_TRIES = 8

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What is asked of Google. ``kind`` is whose quota it spends ("read", "write", "drive"); one that is not
    ``repeatable`` is not sent again when its answer was lost; ``deadline_s`` bounds it with all its tries and waits."""

    name: str
    kind: str
    deadline_s: float
    spreadsheet_id: str = ""
    repeatable: bool = True

    @property
    def where(self) -> str:
        """The thing asked for, as a sentence begins with it."""
        if self.kind == "drive":
            return "Google Drive"
        return f"The spreadsheet {one_line(self.spreadsheet_id, 80)}" if self.spreadsheet_id else "The new spreadsheet"


class Tries:
    """Sends verbs. ``timeout_s`` bounds one exchange; ``quotas`` by kind; ``clock`` is monotonic seconds. Safe for
    threads."""

    def __init__(
        self,
        quotas: Mapping[str, Quota],
        *,
        timeout_s: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        on_call: Callable[[Call], None] | None,
    ) -> None:
        self._quotas = quotas
        self._timeout_s = timeout_s
        self._clock = clock
        self._sleep = sleep
        self._on_call = on_call
        self._counts = Counts()
        self._lock = threading.Lock()

    @property
    def counts(self) -> Counts:
        """What has been spent so far."""
        with self._lock:
            return self._counts

    def sent(
        self,
        client: Client,
        verb: Verb,
        send: Callable[..., _T],
        prepare: Callable[[], Batch | None] | None = None,
    ) -> _T:
        """What ``send`` returns. Where ``prepare`` is given, each try waits for its turn first, then prepares, then
        sends what was prepared; {} where it prepares None."""
        deadline = self._clock() + verb.deadline_s
        paused = 0.0

        def sleep(seconds: float) -> None:
            nonlocal paused
            paused = seconds
            self._sleep(seconds)

        retrying = tenacity.Retrying(
            stop=lambda state: state.attempt_number >= MAX_TRIES or self._clock() + state.upcoming_sleep >= deadline,
            wait=wait_s,
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, GoogleOutOfReach) and (verb.repeatable or not error.was_sent)
            ),
            sleep=sleep,
            reraise=True,
        )
        try:
            for attempt in retrying:
                with attempt:
                    number = attempt.retry_state.attempt_number
                    return self._tried(client, verb, send, prepare, deadline, number, paused)
        except _NotPrepared as stop:
            if stop.error is None:
                return {}  # type: ignore[return-value]
            raise stop.error from None
        except GoogleOutOfReach as error:
            if error.was_sent and not verb.repeatable:
                raise AnswerLost(
                    f"{verb.where}: the answer to a change was lost, so it may or may not have been made: look at it, "
                    "then run the command again."
                ) from error
            raise
        raise AssertionError("tenacity returns or raises")

    def _tried(
        self,
        client: Client,
        verb: Verb,
        send: Callable[..., _T],
        prepare: Callable[[], Batch | None] | None,
        deadline: float,
        attempt: int,
        paused_s: float,
    ) -> _T:
        """One try; its cost counted and told, its error translated."""
        asked = self._clock()
        if not self._quotas[verb.kind].take(deadline):
            raise QuotaSpent(f"{verb.where}: our own limit of calls to Google in a minute is reached; try later.")
        queued_s = self._clock() - asked
        prepared = (_prepared(prepare),) if prepare else ()
        if prepared == (None,):
            raise _NotPrepared(None)
        started = self._clock()
        client.begin(max(0.1, min(self._timeout_s, deadline - started)))
        outcome = "ok"
        try:
            return send(*prepared)
        except Exception as error:
            ours = client.translated(error, verb.where, creates=verb.name == "create")
            outcome = type(ours).__name__
            if ours is error:
                raise
            raise ours from error
        finally:
            sent, received = client.traffic()
            self._told(
                Call(
                    verb=verb.name,
                    kind=verb.kind,
                    spreadsheet_id=verb.spreadsheet_id,
                    seconds=self._clock() - started,
                    bytes_sent=sent,
                    bytes_received=received,
                    outcome=outcome,
                    attempt=attempt,
                    queued_s=queued_s,
                    paused_s=paused_s,
                )
            )

    def _told(self, call: Call) -> None:
        with self._lock:
            self._counts = self._counts.and_one(call)
        if self._on_call:
            self._on_call(call)


class _NotPrepared(Exception):
    """What ``prepare`` raised, on its way past the retries: it has done its own, or forbids the write."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__(str(error))
        self.error = error


def _prepared(prepare: Callable[[], Any]) -> Any:
    try:
        return prepare()
    except Exception as error:
        raise _NotPrepared(error) from error
