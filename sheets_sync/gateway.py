"""Google Sheets behind our own verbs: the only file that knows gspread and google-auth.

What a call costs: ``read`` is two reads (metadata with notes; one ``values:batchGet``), ``reread`` one read,
``batch_update`` and ``write`` one write each, ``create`` one write. Every call has a timeout; every verb has a
deadline, a bounded number of tries with jitter that honour ``Retry-After``, and a turn in a quota of 60 reads and 60
writes a minute.

A write whose answer was lost may stand or not. ``write`` is safe all the same: its batch is made afresh from a new
reading at each try, names absolute cells, and never inserts, deletes, moves or appends rows, so that doing it twice
shows the same as doing it once. ``batch_update`` repeats only what the caller calls ``repeatable``; else it raises
AnswerLost.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import requests
import tenacity
from google.auth import exceptions as google_errors
from google.auth.transport import requests as google_requests
from google.oauth2 import service_account
from gspread.exceptions import APIError
from gspread.http_client import HTTPClient
from gspread.urls import SPREADSHEET_URL, SPREADSHEETS_API_V4_BASE_URL

from engine.errors import RoadmapError
from sheets_sync.errors import (
    AnswerLost,
    GoogleFailed,
    GoogleOutOfReach,
    QuotaSpent,
    RequestRefused,
    one_line,
)
from sheets_sync.exchange import Batch, Call, Counts, wait_s
from sheets_sync.frames import quoted
from sheets_sync.grids import Workbook
from sheets_sync.key_file import damaged, key_info
from sheets_sync.network import network_error, refused, sign_in_error
from sheets_sync.quota import Quota
from sheets_sync.readings import READ_FIELDS, declared_names, is_wanted, names, spreadsheet_id_of, workbook_of
from sheets_sync.transport import BoundedAdapter

__all__ = ["Batch", "Call", "Counts", "SheetsGateway", "spreadsheet_id_of"]

SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
CONNECT_TIMEOUT_S = 10.0
MAX_TRIES = 8

_T = TypeVar("_T")


class SheetsGateway:
    """Google Sheets (or the local server at ``base_url``) as the service account of ``key_file``.

    ``timeout_s`` bounds one HTTP exchange, ``deadline_s`` one verb with all its tries and waits. ``on_call`` is told
    each exchange. ``clock`` is monotonic seconds. Raises KeyFileWrong at once where the key file is none; no call is
    made before the first verb. One gateway may be shared by threads.
    """

    def __init__(
        self,
        key_file: Path,
        base_url: str | None = None,
        *,
        timeout_s: float = 60.0,
        deadline_s: float = 180.0,
        on_call: Callable[[Call], None] | None = None,
        calls_per_minute: int = 60,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        credentials = _credentials(key_file)
        self.client_email: str = credentials.service_account_email
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._on_call = on_call
        self._clock = clock
        self._sleep = sleep
        self._quotas = {kind: Quota(calls_per_minute, clock=clock, sleep=sleep) for kind in ("read", "write")}
        self._counts = Counts()
        self._lock = threading.Lock()
        self._client = _Client(credentials, base_url)

    @property
    def counts(self) -> Counts:
        """What has been spent since the gateway was made."""
        with self._lock:
            return self._counts

    def close(self) -> None:
        """Closes the connections; the gateway cannot be used afterwards."""
        self._client.close()

    def create(self, title: str) -> str:
        """Makes an empty spreadsheet and returns its id (one write). AccessDenied where the account may own no
        files."""
        body = {"properties": {"title": title}}

        def send() -> str:
            answer = self._client.json("post", SPREADSHEETS_API_V4_BASE_URL, {"fields": "spreadsheetId"}, body)
            return str(answer["spreadsheetId"])

        return self._tried("create", "write", send, where="The new spreadsheet", repeatable=False)

    def read(self, spreadsheet_id: str, titles: Sequence[str] | None = None) -> Workbook:
        """The workbook: metadata of all tabs; values and notes of those in ``titles`` that exist (None: the tabs that
        ``sheets_sync.tabs`` declares, by name or alias). Two reads; one where there is no such tab."""
        try:
            return self._read(spreadsheet_id, titles)
        except RequestRefused:  # a tab that was renamed or deleted between the two calls has other names by now
            return self._read(spreadsheet_id, titles)

    def _read(self, spreadsheet_id: str, titles: Sequence[str] | None) -> Workbook:
        where = _where(spreadsheet_id)
        url = SPREADSHEET_URL % spreadsheet_id
        metadata = self._tried(
            "read metadata", "read", lambda: self._client.json("get", url, {"fields": READ_FIELDS}), where=where
        )
        try:
            wanted = names(titles) if titles is not None else declared_names()
            sheets = [sheet for sheet in metadata["sheets"] if is_wanted(sheet, wanted)]
            values = self._values(spreadsheet_id, [quoted(sheet["properties"]["title"]) for sheet in sheets])
            return workbook_of(spreadsheet_id, metadata, sheets, values)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise GoogleFailed(f"{where}: the answer is not that of a spreadsheet; try later.") from error

    def _values(self, spreadsheet_id: str, ranges: Sequence[str]) -> Mapping[str, Any]:
        if not ranges:
            return {}
        params: dict[str, Any] = {
            "ranges": ranges,
            "majorDimension": "ROWS",
            "valueRenderOption": "UNFORMATTED_VALUE",
            "dateTimeRenderOption": "SERIAL_NUMBER",
            "fields": "valueRanges(range,values)",
        }
        url = f"{SPREADSHEET_URL % spreadsheet_id}/values:batchGet"
        return self._tried(
            "read values", "read", lambda: self._client.json("get", url, params), where=_where(spreadsheet_id)
        )

    def reread(self, spreadsheet_id: str, ranges: Sequence[str], fields: str) -> Mapping[str, Any]:
        """The answer of ``spreadsheets.get`` for ``ranges`` (A1 with tab) under the field mask ``fields``. One read."""
        params: dict[str, Any] = {"ranges": list(ranges), "fields": fields}
        url = SPREADSHEET_URL % spreadsheet_id
        return self._tried(
            "reread", "read", lambda: self._client.json("get", url, params), where=_where(spreadsheet_id)
        )

    def batch_update(
        self,
        spreadsheet_id: str,
        requests: Sequence[Mapping[str, Any]],
        echo: Sequence[str] = (),
        *,
        repeatable: bool = False,
    ) -> Mapping[str, Any]:
        """One atomic batch and its reply. One write. A batch that is not ``repeatable`` (addSheet, …) is not sent again
        when its answer was lost: AnswerLost. Where Google said that it did nothing (429), it is sent again all the
        same."""
        batch = Batch(requests=requests, echo=echo)
        return self._tried(
            "batch update",
            "write",
            lambda: self._sent(spreadsheet_id, batch),
            where=_where(spreadsheet_id),
            repeatable=repeatable,
        )

    def write(self, spreadsheet_id: str, prepare: Callable[[], Batch | None]) -> Mapping[str, Any]:
        """One atomic batch, made by ``prepare`` right before it is sent, and afresh at each try, so that nothing is
        written from an old reading or after an old permission. One write; none, and {}, where ``prepare`` gives None.
        What ``prepare`` raises ends it."""
        return self._tried(
            "write",
            "write",
            lambda batch: self._sent(spreadsheet_id, batch),
            where=_where(spreadsheet_id),
            prepare=prepare,
        )

    def _sent(self, spreadsheet_id: str, batch: Batch) -> Mapping[str, Any]:
        body: dict[str, Any] = {"requests": list(batch.requests)}
        if batch.echo:
            body |= {
                "includeSpreadsheetInResponse": True,
                "responseIncludeGridData": True,
                "responseRanges": list(batch.echo),
            }
        params = {"fields": f"replies,updatedSpreadsheet({batch.fields})" if batch.echo else "replies"}
        return self._client.json("post", f"{SPREADSHEET_URL % spreadsheet_id}:batchUpdate", params, body)

    def _tried(
        self,
        verb: str,
        kind: str,
        send: Callable[..., _T],
        *,
        where: str,
        repeatable: bool = True,
        prepare: Callable[[], Batch | None] | None = None,
    ) -> _T:
        """What ``send`` returns, tried until it succeeds, is refused, or patience (tries, deadline) ends. Where
        ``prepare`` is given, each try waits for its turn first, then prepares, then sends what was prepared."""
        deadline = self._clock() + self._deadline_s

        def one_try() -> _T:
            if not self._quotas[kind].take(deadline):
                raise QuotaSpent(f"{where}: our own limit of calls to Google in a minute is reached; try later.")
            prepared = (_prepared(prepare),) if prepare else ()
            if prepared == (None,):
                raise _NotPrepared(None)
            left = max(0.1, min(self._timeout_s, deadline - self._clock()))
            return self._exchanged(verb, kind, lambda: send(*prepared), left, where, creates=verb == "create")

        def is_over(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= MAX_TRIES or self._clock() + state.upcoming_sleep >= deadline

        def may_repeat(error: BaseException) -> bool:
            return isinstance(error, GoogleOutOfReach) and (repeatable or not error.was_sent)

        retrying = tenacity.Retrying(
            stop=is_over,
            wait=wait_s,
            retry=tenacity.retry_if_exception(may_repeat),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(one_try)
        except _NotPrepared as stop:
            if stop.error is None:
                return {}  # type: ignore[return-value]
            raise stop.error from None
        except GoogleOutOfReach as error:
            if error.was_sent and not repeatable:
                raise AnswerLost(
                    f"{where}: the answer to a change was lost, so it may or may not have been made: look at it, then "
                    "run the command again."
                ) from error
            raise

    def _exchanged(
        self, verb: str, kind: str, send: Callable[[], _T], timeout_s: float, where: str, *, creates: bool
    ) -> _T:
        """What one HTTP exchange gave; its cost counted and told, its error translated."""
        started = self._clock()
        self._client.begin(timeout_s)
        outcome = "ok"
        try:
            return send()
        except Exception as error:
            ours = self._translated(error, where, creates=creates)
            outcome = type(ours).__name__
            if ours is error:
                raise
            raise ours from error
        finally:
            self._count(verb, kind, self._clock() - started, outcome)

    def _count(self, verb: str, kind: str, seconds: float, outcome: str) -> None:
        sent, received = self._client.traffic()
        with self._lock:
            self._counts = replace(
                self._counts,
                reads=self._counts.reads + (kind == "read"),
                writes=self._counts.writes + (kind == "write"),
                bytes_sent=self._counts.bytes_sent + sent,
                bytes_received=self._counts.bytes_received + received,
            )
        if self._on_call:
            self._on_call(
                Call(verb=verb, kind=kind, seconds=seconds, bytes_sent=sent, bytes_received=received, outcome=outcome)
            )

    def _translated(self, error: Exception, where: str, *, creates: bool) -> Exception:
        """The error of our own tree that a foreign one means; what is no error of the network comes back as it is."""
        if isinstance(error, RoadmapError):
            return error
        if isinstance(error, APIError):
            return refused(
                error.response.status_code,
                error.response.headers.get("Retry-After", ""),
                None if error.code == -1 else error.error,  # -1 is gspread's sign that the body is no JSON error
                where=where,
                client_email=self.client_email,
                creates=creates,
            )
        if isinstance(error, google_errors.GoogleAuthError):
            return self._token_error(error)
        if isinstance(error, requests.exceptions.RequestException):
            return network_error(error)
        return error

    def _token_error(self, error: google_errors.GoogleAuthError) -> RoadmapError:
        is_transport = isinstance(error, google_errors.TransportError)
        return sign_in_error(
            self.client_email,
            said=str(error.args[0]) if error.args else "",
            is_silent=is_transport and isinstance(error.__context__, requests.exceptions.Timeout),
            is_lost=is_transport,
            is_passing=bool(getattr(error, "retryable", False)),
        )


class _Client(HTTPClient):
    """gspread's plain client (never its endless BackOffHTTPClient), with a timeout and a count for each thread."""

    def __init__(self, credentials: service_account.Credentials, base_url: str | None) -> None:
        self._now = threading.local()
        signing_in = requests.Session()
        ask = google_requests.Request(signing_in)

        def signed_in(*args: Any, **kwargs: Any) -> Any:
            answer = ask(*args, **kwargs)
            if answer.status == 429 or answer.status >= 500:
                # google-auth calls a 502 final; it is not.
                failed = GoogleFailed(f"Google's sign-in has trouble of its own (error {answer.status}); try later.")
                failed.was_sent = False
                raise failed
            return answer

        session = google_requests.AuthorizedSession(credentials, auth_request=signed_in)
        session.max_redirects = 0
        session.headers["User-Agent"] = "roadmap-optimizer (gzip)"  # Google packs its answers for whoever says so here
        for each in (session, signing_in):
            each.mount("https://", BoundedAdapter(base_url))
            each.mount("http://", BoundedAdapter(base_url))
        super().__init__(credentials, session)
        self._sessions = (session, signing_in)

    @property
    def timeout(self) -> tuple[float, float]:
        """Seconds to connect and to answer, of this thread's exchange; gspread passes it to each request."""
        return self._now.timeout

    @timeout.setter
    def timeout(self, value: Any) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        if value is not None:  # gspread's own start value is "no timeout"; we never want that
            self._now.timeout = value

    def begin(self, timeout_s: float) -> None:
        """What follows on this thread may take ``timeout_s``; its traffic is counted from here."""
        self._now.timeout = (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._now.traffic = (0, 0)

    def traffic(self) -> tuple[int, int]:
        """Bytes of bodies (sent, received) on the wire, packed as they came, on this thread since ``begin``."""
        return self._now.traffic

    def json(
        self, method: str, url: str, params: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The JSON object that one call answers. Raises gspread's, google-auth's and requests' errors."""
        data = json.dumps(body, allow_nan=False, separators=(",", ":")).encode("ascii") if body is not None else None
        sent = len(data or b"")
        self._now.traffic = (sent, 0)
        headers = {"Content-Type": "application/json"} if data is not None else None
        try:
            response = self.request(method, url, params={**params, "prettyPrint": "false"}, data=data, headers=headers)
        except (KeyError, TypeError) as error:
            # gspread stumbles over error bodies that are JSON but not Google's.
            raise GoogleFailed("Google Sheets answered with an error that says nothing; try later.") from error
        self._now.traffic = (sent, response.raw.tell())
        answer = response.json()
        if not isinstance(answer, dict):
            raise GoogleFailed("Google Sheets answered with something that is no JSON object; try later.")
        return answer

    def close(self) -> None:
        for session in self._sessions:
            session.close()


class _NotPrepared(Exception):
    """What ``prepare`` raised, on its way past the retries: it has done its own, or forbids the write."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__(str(error))
        self.error = error


def _prepared(prepare: Callable[[], Batch | None]) -> Batch | None:
    try:
        return prepare()
    except Exception as error:
        raise _NotPrepared(error) from error


def _credentials(key_file: Path) -> service_account.Credentials:
    """The service account of a key file. Raises KeyFileWrong that says what is wrong with it."""
    info = key_info(key_file)
    try:
        return service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    except (ValueError, TypeError, KeyError, AttributeError, google_errors.GoogleAuthError) as error:
        raise damaged(key_file, error) from error


def _where(spreadsheet_id: str) -> str:
    return f"The spreadsheet {one_line(spreadsheet_id, 80)}"
