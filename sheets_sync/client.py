"""Google's HTTP as gspread and google-auth speak it: the only file that knows the two. One exchange at a time, within
its time, its traffic counted, its errors translated."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from google.auth import exceptions as google_errors
from google.auth.transport import requests as google_requests
from google.oauth2 import service_account
from gspread.exceptions import APIError
from gspread.http_client import HTTPClient

from engine.errors import RoadmapError
from sheets_sync import json_text
from sheets_sync.errors import GoogleFailed
from sheets_sync.key_file import damaged, key_info
from sheets_sync.network import network_error, refused, sign_in_error
from sheets_sync.transport import BoundedAdapter

SHEETS_SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
DRIVE_SCOPES = ("https://www.googleapis.com/auth/drive.metadata.readonly",)
CONNECT_TIMEOUT_S = 10.0


def credentials_of(key_file: Path) -> service_account.Credentials:
    """The service account of a key file, without scopes. Raises KeyFileWrong that says what is wrong with it."""
    info = key_info(key_file)
    try:
        return service_account.Credentials.from_service_account_info(info)
    except (ValueError, TypeError, KeyError, AttributeError, google_errors.GoogleAuthError) as error:
        raise damaged(key_file, error) from error


class Client(HTTPClient):
    """gspread's plain client (never its endless BackOffHTTPClient) for one of Google's APIs ("Sheets" or "Drive"), with
    a timeout and a count for each thread. Its token is good for that API alone."""

    def __init__(
        self, credentials: service_account.Credentials, api: str, scopes: Sequence[str], base_url: str | None
    ) -> None:
        self.api = api
        self.client_email: str = credentials.service_account_email
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

        scoped = credentials.with_scopes(scopes)
        session = google_requests.AuthorizedSession(scoped, auth_request=signed_in)
        session.max_redirects = 0
        session.headers["User-Agent"] = "roadmap-optimizer (gzip)"  # Google packs its answers for whoever says so here
        for each, before_post in ((session, self._permitted), (signing_in, lambda: None)):
            for scheme in ("https://", "http://"):
                adapter = BoundedAdapter(base_url, seconds_left=self._seconds_left, before_post=before_post)
                each.mount(scheme, adapter)
        super().__init__(scoped, session)
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
        """What follows on this thread, signing in included, may take ``timeout_s``; its traffic is counted from
        here."""
        self._now.timeout = (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._now.until = time.monotonic() + timeout_s
        self._now.traffic = (0, 0)

    @contextmanager
    def permitted(self, check: Callable[[], None]) -> Iterator[None]:
        """While this lasts, each change that this thread sends is sent only if ``check``, called when nothing else is
        left to do before, does not raise."""
        before = getattr(self._now, "check", None)
        self._now.check = check
        try:
            yield
        finally:
            self._now.check = before

    def _permitted(self) -> None:
        check = getattr(self._now, "check", None)
        if check is not None:
            check()

    def _seconds_left(self) -> float:
        return getattr(self._now, "until", math.inf) - time.monotonic()

    def traffic(self) -> tuple[int, int]:
        """Bytes of bodies (sent, received) on the wire, packed as they came, on this thread since ``begin``."""
        return self._now.traffic

    def json(
        self, method: str, url: str, params: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The JSON object that one call answers. Raises gspread's, google-auth's and requests' errors, which
        ``translated`` understands."""
        data = json_text.written(body, may_be_null=False) if body is not None else None
        sent = len(data or b"")
        self._now.traffic = (sent, 0)
        headers = {"Content-Type": "application/json"} if data is not None else None
        try:
            response = self.request(method, url, params={**params, "prettyPrint": "false"}, data=data, headers=headers)
        except (KeyError, TypeError) as error:
            # gspread stumbles over error bodies that are JSON but not Google's.
            raise GoogleFailed(f"Google {self.api} answered with an error that says nothing; try later.") from error
        self._now.traffic = (sent, response.raw.tell())
        answer = json_text.read(response.content, response.json)
        if not isinstance(answer, dict):
            raise GoogleFailed(f"Google {self.api} answered with something that is no JSON object; try later.")
        return answer

    def close(self) -> None:
        """Closes the connections."""
        for session in self._sessions:
            session.close()

    def translated(self, error: Exception, where: str, *, creates: bool) -> Exception:
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
                api=self.api,
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
