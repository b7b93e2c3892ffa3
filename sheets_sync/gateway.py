"""Google Sheets behind our own verbs: the only file that knows gspread and google-auth.

What a call costs: ``read`` is two reads (metadata with notes; one ``values:batchGet``), ``reread`` one read, ``batch_update``
and ``write`` one write each, ``create`` one write. Every call has a timeout; every verb has a deadline, a bounded number of
tries with jitter that honour ``Retry-After``, and a turn in a quota of 60 reads and 60 writes a minute.

A write whose answer was lost may stand or not. ``write`` is safe all the same: its batch is made afresh from a new reading
at each try, names absolute cells, and never inserts, deletes, moves or appends rows, so that doing it twice shows the same
as doing it once. ``batch_update`` repeats only what the caller calls ``repeatable``; else it raises AnswerLost.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
from engine.keys import normalised
from sheets_sync.errors import (
    AnswerLost,
    ConnectionLost,
    GoogleFailed,
    GoogleOutOfReach,
    GoogleSilent,
    KeyFileWrong,
    QuotaSpent,
    SpreadsheetNotFound,
    one_line,
    refusal,
)
from sheets_sync.grids import Grid, Workbook
from sheets_sync.quota import Quota
from sheets_sync.tabs import TABS
from sheets_sync.transport import BoundedAdapter

SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
CONNECT_TIMEOUT_S = 10.0
MAX_TRIES = 8

READ_FIELDS = (
    "spreadsheetId,spreadsheetUrl,properties(title,locale,timeZone),namedRanges,"
    "sheets(properties,protectedRanges,merges,bandedRanges,conditionalFormats,basicFilter,columnGroups,"
    "data(startRow,startColumn,rowData(values(note))))"
)

_ID = re.compile(r"[A-Za-z0-9_-]{5,200}")
_URL_ID = re.compile(r"/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]{5,200})(?:[/?#]|$)")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP exchange as it was: for logs and metrics, never with cell contents. ``kind`` is "read" or "write",
    ``outcome`` "ok" or the name of the error it ended with."""

    verb: str
    kind: str
    seconds: float
    bytes_sent: int
    bytes_received: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a gateway has spent so far: HTTP calls that read or write (tries that failed included), and bytes of bodies."""

    reads: int = 0
    writes: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    @property
    def calls(self) -> int:
        return self.reads + self.writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One atomic ``:batchUpdate``: ``requests`` as the API wants them, ``echo`` the A1 ranges to hand back afterwards."""

    requests: Sequence[Mapping[str, Any]]
    echo: Sequence[str] = ()


def spreadsheet_id_of(text: str) -> str:
    """The spreadsheet id in ``text``, an id or a URL. Raises SpreadsheetNotFound with a sentence where there is none."""
    stripped = text.strip()
    if found := _URL_ID.search(stripped):
        return found[1]
    if _ID.fullmatch(stripped):
        return stripped
    raise SpreadsheetNotFound(
        f"“{one_line(stripped, 80)}” is neither the id nor the address of a Google spreadsheet: copy the address from the "
        "browser (https://docs.google.com/spreadsheets/d/…)."
    )


class SheetsGateway:
    """Google Sheets (or the local server at ``base_url``) as the service account of ``key_file``.

    ``timeout_s`` bounds one HTTP exchange, ``deadline_s`` one verb with all its tries and waits. ``on_call`` is told each
    exchange. ``clock`` is monotonic seconds. Raises KeyFileWrong at once where the key file is none; no call is made
    before the first verb. One gateway may be shared by threads.
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
        """Makes an empty spreadsheet and returns its id (one write). AccessDenied where the account may own no files."""
        body = {"properties": {"title": title}}

        def send() -> str:
            answer = self._client.json("post", SPREADSHEETS_API_V4_BASE_URL, {"fields": "spreadsheetId"}, body)
            return str(answer["spreadsheetId"])

        return self._tried("create", "write", send, where="The new spreadsheet", repeatable=False)

    def read(self, spreadsheet_id: str, titles: Sequence[str] | None = None) -> Workbook:
        """The workbook: metadata of all tabs; values and notes of those in ``titles`` that exist (None: the tabs that
        ``sheets_sync.tabs`` declares, by name or alias). Two reads; one where there is no such tab."""
        where = _where(spreadsheet_id)
        url = SPREADSHEET_URL % spreadsheet_id
        metadata = self._tried(
            "read metadata", "read", lambda: self._client.json("get", url, {"fields": READ_FIELDS}), where=where
        )
        wanted = _names(titles) if titles is not None else _declared_names()
        sheets = [sheet for sheet in metadata.get("sheets", ()) if _is_wanted(sheet, wanted)]
        ranges = [quoted(sheet["properties"]["title"]) for sheet in sheets]
        values: Mapping[str, Any] = {}
        if ranges:
            params: dict[str, Any] = {
                "ranges": ranges,
                "majorDimension": "ROWS",
                "valueRenderOption": "UNFORMATTED_VALUE",
                "dateTimeRenderOption": "SERIAL_NUMBER",
                "fields": "valueRanges(values)",
            }
            values = self._tried(
                "read values", "read", lambda: self._client.json("get", f"{url}/values:batchGet", params), where=where
            )
        return _workbook(spreadsheet_id, metadata, sheets, values)

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
        when its answer was lost: AnswerLost. Where Google said that it did nothing (429), it is sent again all the same."""
        batch = Batch(requests=requests, echo=echo)
        return self._tried(
            "batch update",
            "write",
            lambda: self._sent(spreadsheet_id, batch),
            where=_where(spreadsheet_id),
            repeatable=repeatable,
        )

    def write(self, spreadsheet_id: str, prepare: Callable[[], Batch]) -> Mapping[str, Any]:
        """One atomic batch, made by ``prepare`` right before it is sent, and afresh at each try, so that nothing is written
        from an old reading or after an old permission. One write. What ``prepare`` raises ends it."""
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
        params = {"fields": f"replies,updatedSpreadsheet({ECHO_FIELDS})" if batch.echo else "replies"}
        return self._client.json("post", f"{SPREADSHEET_URL % spreadsheet_id}:batchUpdate", params, body)

    def _tried(
        self,
        verb: str,
        kind: str,
        send: Callable[..., _T],
        *,
        where: str,
        repeatable: bool = True,
        prepare: Callable[[], Batch] | None = None,
    ) -> _T:
        """What ``send`` returns, tried until it succeeds, is refused, or patience (tries, deadline) ends. Where ``prepare``
        is given, each try waits for its turn first, then prepares, then sends what was prepared."""
        deadline = self._clock() + self._deadline_s

        def one_try() -> _T:
            if not self._quotas[kind].take(deadline):
                raise QuotaSpent(f"{where}: our own limit of calls to Google in a minute is reached; try later.")
            prepared = (_prepared(prepare),) if prepare else ()
            left = max(1.0, min(self._timeout_s, deadline - self._clock()))
            return self._exchanged(verb, kind, lambda: send(*prepared), left, where, creates=verb == "create")

        def is_over(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= MAX_TRIES or self._clock() + state.upcoming_sleep >= deadline

        def may_repeat(error: BaseException) -> bool:
            return isinstance(error, GoogleOutOfReach) and (repeatable or not error.was_sent)

        retrying = tenacity.Retrying(
            stop=is_over,
            wait=_wait,
            retry=tenacity.retry_if_exception(may_repeat),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(one_try)
        except _NotPrepared as stop:
            raise stop.error from None
        except GoogleOutOfReach as error:
            if error.was_sent and not repeatable:
                raise AnswerLost(
                    f"{where}: the answer to a change was lost, so it may or may not have been made: look at it, then run "
                    "the command again."
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
            return self._refusal(error, where, creates=creates)
        if isinstance(error, google_errors.GoogleAuthError):
            return self._token_error(error)
        if isinstance(error, requests.exceptions.JSONDecodeError):
            return GoogleFailed("Google Sheets answered with something that is not JSON; try later.")
        if isinstance(error, requests.exceptions.Timeout):
            silent = GoogleSilent(
                "Google Sheets did not answer in time; try later, or check this machine's connection."
            )
            silent.was_sent = not isinstance(error, requests.exceptions.ConnectTimeout)
            return silent
        if isinstance(error, requests.exceptions.RequestException):
            lost = ConnectionLost(
                "The connection to Google Sheets could not be made, or broke: check this machine's connection"
                " (and SHEETS_BASE_URL, where it is set), then try again."
            )
            lost.was_sent = not _never_connected(error)
            return lost
        return error

    def _refusal(self, error: APIError, where: str, *, creates: bool) -> RoadmapError:
        status = error.response.status_code
        is_page = error.code == -1  # gspread's sign that the body is no JSON error: a proxy's HTML page, say
        if is_page and status >= 500:
            ours: RoadmapError = GoogleFailed(
                f"Google Sheets answered with a page instead of data (error {status}); try later."
            )
        else:
            ours = refusal(
                status,
                "" if is_page else str(error.error.get("message", "")),
                frozenset() if is_page else _reasons(error.error),
                where=where,
                client_email=self.client_email,
                creates=creates,
            )
        if isinstance(ours, GoogleOutOfReach):
            ours.retry_after = _retry_after(error.response.headers.get("Retry-After", ""))
        return ours

    def _token_error(self, error: google_errors.GoogleAuthError) -> RoadmapError:
        """What a failure to get an access token means; nothing was asked of Sheets yet."""
        if isinstance(error, google_errors.TransportError):
            is_late = isinstance(error.__context__, requests.exceptions.Timeout)
            ours: GoogleOutOfReach = (
                GoogleSilent("Google's sign-in did not answer in time; try later.")
                if is_late
                else ConnectionLost("The connection to Google's sign-in could not be made, or broke; try again.")
            )
        elif getattr(error, "retryable", False):
            ours = GoogleFailed("Google's sign-in has trouble of its own; try later.")
        else:
            said = one_line(str(error.args[0]) if error.args else "", 160)
            return KeyFileWrong(
                f"Google does not accept the key of {self.client_email} ({said}): check that the key was not deleted and "
                "that this machine's clock is right, or make a new key."
            )
        ours.was_sent = False
        return ours


ECHO_FIELDS = (
    "sheets(properties(sheetId,title,gridProperties),data(startRow,startColumn,rowData(values(effectiveValue))))"
)


class _Client(HTTPClient):
    """gspread's plain client (never its endless BackOffHTTPClient), with a timeout and a traffic count for each thread."""

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
    def timeout(self, value: Any) -> None:
        if value is not None:  # gspread's own start value is "no timeout"; we never want that
            self._now.timeout = value

    def begin(self, timeout_s: float) -> None:
        """What follows on this thread may take ``timeout_s``; its traffic is counted from here."""
        self.timeout = (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._now.traffic = (0, 0)

    def traffic(self) -> tuple[int, int]:
        """Bytes of bodies (sent, received) on this thread since ``begin``."""
        return self._now.traffic

    def json(
        self, method: str, url: str, params: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The JSON object that one call answers. Raises gspread's, google-auth's and requests' errors."""
        data = json.dumps(body, allow_nan=False, separators=(",", ":")).encode("ascii") if body is not None else None
        sent = len(data or b"")
        self._now.traffic = (sent, 0)
        headers = {"Content-Type": "application/json"} if data is not None else None
        response = self.request(method, url, params=dict(params), data=data, headers=headers)
        self._now.traffic = (sent, len(response.content))
        answer = response.json()
        if not isinstance(answer, dict):
            raise GoogleFailed("Google Sheets answered with something that is no JSON object; try later.")
        return answer

    def close(self) -> None:
        for session in self._sessions:
            session.close()


class _NotPrepared(Exception):
    """What ``prepare`` raised, on its way past the retries: it has done its own, or forbids the write."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _prepared(prepare: Callable[[], Batch]) -> Batch:
    try:
        return prepare()
    except Exception as error:
        raise _NotPrepared(error) from error


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds before the next try: what Google asked for, else exponential; always with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, GoogleOutOfReach) else None
    if asked is not None:
        return asked + tenacity.wait_random(0, 1)(state)
    return tenacity.wait_random_exponential(multiplier=1, max=64, min=0.2)(state)


def _retry_after(header: str) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or an HTTP date), None where it says nothing usable."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}


def _reasons(error: Mapping[str, Any]) -> frozenset[str]:
    """The machine words of an error body: its status, and the reasons in ``details`` (Sheets) and ``errors`` (Drive)."""
    listed = [*_dicts(error.get("details")), *_dicts(error.get("errors"))]
    words = [error.get("status"), *(entry.get("reason") for entry in listed)]
    return frozenset(word for word in words if isinstance(word, str))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _credentials(key_file: Path) -> service_account.Credentials:
    """The service account of a key file. Raises KeyFileWrong that says what is wrong with it."""
    get_one = "docs/operators.md says how to get one."
    try:
        text = Path(key_file).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise KeyFileWrong(f"There is no key file {key_file}: {get_one}") from error
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise KeyFileWrong(f"The key file {key_file} cannot be read ({one_line(str(error), 120)}).") from error
    try:
        info = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeyFileWrong(f"The key file {key_file} is not JSON: download the key again; {get_one}") from error
    kind = info.get("type") if isinstance(info, dict) else None
    if kind != "service_account":
        named = f"of type “{one_line(str(kind), 40)}”" if kind else "without a type"
        raise KeyFileWrong(f"The key file {key_file} is {named}, not the key of a service account: {get_one}")
    try:
        return service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    except (ValueError, TypeError, KeyError, AttributeError, google_errors.GoogleAuthError) as error:
        said = one_line(str(error), 120)
        raise KeyFileWrong(f"The key file {key_file} is damaged ({said}): download the key again; {get_one}") from error


def _where(spreadsheet_id: str) -> str:
    return f"The spreadsheet {one_line(spreadsheet_id, 80)}"


def quoted(title: str) -> str:
    """A tab's title as A1 notation wants it: 'Roadmap Plan', with quotes inside doubled."""
    return "'" + title.replace("'", "''") + "'"


def _name(text: str) -> str:
    return re.sub(r"[\s_-]+", "", normalised(text))


def _names(titles: Sequence[str]) -> frozenset[str]:
    return frozenset(_name(title) for title in titles)


def _declared_names() -> frozenset[str]:
    return _names([name for declared in TABS for name in (declared.name, *declared.aliases)])


def _is_wanted(sheet: Mapping[str, Any], wanted: frozenset[str]) -> bool:
    properties = sheet.get("properties", {})
    return properties.get("sheetType", "GRID") == "GRID" and _name(str(properties.get("title", ""))) in wanted


def _workbook(
    spreadsheet_id: str, metadata: Mapping[str, Any], sheets: Sequence[Mapping[str, Any]], values: Mapping[str, Any]
) -> Workbook:
    """Google's two answers as one value; grid data leaves the metadata and becomes the grids' notes."""
    ranges = values.get("valueRanges", [])
    grids = {}
    for sheet, found in zip(sheets, ranges, strict=True):
        properties = sheet["properties"]
        size = properties.get("gridProperties", {})
        grids[properties["title"]] = Grid(
            title=properties["title"],
            sheet_id=properties.get("sheetId", 0),
            row_count=size.get("rowCount", 0),
            column_count=size.get("columnCount", 0),
            values=found.get("values", ()),
            is_hidden=properties.get("hidden", False),
            notes=dict(_notes(sheet)),
        )
    properties = metadata.get("properties", {})
    bare = [{part: value for part, value in sheet.items() if part != "data"} for sheet in metadata.get("sheets", ())]
    return Workbook(
        spreadsheet_id=spreadsheet_id,
        title=properties.get("title", ""),
        url=metadata.get("spreadsheetUrl", ""),
        locale=properties.get("locale", "en_US"),
        time_zone=properties.get("timeZone", "UTC"),
        grids=grids,
        metadata={**metadata, "sheets": bare},
    )


def _notes(sheet: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    for block in sheet.get("data", ()):
        top, left = block.get("startRow", 0) + 1, block.get("startColumn", 0) + 1
        for row, cells in enumerate(block.get("rowData", ())):
            for column, cell in enumerate(cells.get("values", ())):
                if note := cell.get("note"):
                    yield (top + row, left + column), note
