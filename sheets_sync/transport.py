"""How bytes travel to Google or to the local server: the two API hosts sent elsewhere, and answers read within
bounds."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from sheets_sync.errors import AnswerTooLarge

API_HOSTS = frozenset({"sheets.googleapis.com", "www.googleapis.com"})
"""The hosts of Sheets and Drive, as gspread knows them."""

MAX_ANSWER_BYTES = 400_000_000
"""Google's ten million cells, at some forty bytes each."""

_CHUNK = 1 << 18


class BoundedAdapter(HTTPAdapter):
    """A requests adapter with three habits: calls to ``API_HOSTS`` go to ``base_url`` where one is given; the read
    timeout bounds the whole body, so that a server which drips a byte now and then cannot hold us, and no request takes
    longer than ``seconds_left`` says; and a body past ``max_bytes`` is refused. Loopback addresses never pass through a
    proxy. ``before_post`` is called when nothing but the sending of a POST is left to do, and raises to stop it."""

    def __init__(
        self,
        base_url: str | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        seconds_left: Callable[[], float] = lambda: math.inf,
        before_post: Callable[[], None] = lambda: None,
    ) -> None:
        self._base = urlsplit(base_url) if base_url else None
        self._max_bytes = max_bytes
        self._seconds_left = seconds_left
        self._before_post = before_post
        super().__init__(max_retries=0)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        request.url = self._sent_to(request.url or "")
        if _is_loopback(request.url):
            proxies = {}
        if request.method == "POST":
            self._before_post()
        timeout = self._bounded(timeout)
        started = time.monotonic()
        response = super().send(request, True, timeout, verify, cert, proxies)
        read_timeout = timeout[1] if isinstance(timeout, tuple) else timeout
        try:
            self._read(response, started + read_timeout if read_timeout else None)
        finally:
            response.close()
        return response

    def _bounded(self, timeout: Any) -> Any:
        """The timeout, or what is left for the exchange (a sign-in, a call, a sign-in anew, the call again) if that is
        less."""
        left = self._seconds_left()
        if left == math.inf:
            return timeout
        if left <= 0:
            raise requests.ConnectTimeout("no time is left for this request")
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        return min(connect or left, left), min(read or left, left)

    def _sent_to(self, url: str) -> str:
        parts = urlsplit(url)
        if self._base is None or parts.hostname not in API_HOSTS:
            return url
        path = self._base.path.rstrip("/") + parts.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, parts.fragment))

    def _read(self, response: requests.Response, until: float | None) -> None:
        """Reads the body into ``response.content``; raises requests' own errors for what goes wrong on the way."""
        chunks: list[bytes] = []
        size = 0
        for chunk in _chunks(response):
            size += len(chunk)
            if size > self._max_bytes:
                raise AnswerTooLarge(
                    f"The spreadsheet's answer is larger than {self._max_bytes // 1_000_000} MB: "
                    "move what the roadmap does not need into another spreadsheet."
                )
            chunks.append(chunk)
            if until is not None and time.monotonic() > until:
                raise requests.ReadTimeout("the answer did not end in time", response=response)
        response._content = b"".join(chunks)
        response._content_consumed = True  # pyright: ignore[reportAttributeAccessIssue]


def _chunks(response: requests.Response) -> Any:
    """The body as it arrives, in pieces of one socket read, errors as requests has them."""
    raw = response.raw
    if getattr(raw, "chunked", False):
        yield from response.iter_content(_CHUNK)
        return
    from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

    try:
        while chunk := raw.read1(_CHUNK, decode_content=True):
            yield chunk
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except HTTPError as error:
        raise requests.ConnectionError(error) from error


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
