"""What went wrong on the wire, in our own words: the errors of requests, and the machine words of Google's error
bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from engine.errors import RoadmapError
from sheets_sync.errors import (
    ConnectionLost,
    GoogleFailed,
    GoogleOutOfReach,
    GoogleSilent,
    KeyFileWrong,
    one_line,
    refusal,
)
from sheets_sync.exchange import retry_after

_NEVER_SENT = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"})


def network_error(error: requests.exceptions.RequestException) -> GoogleOutOfReach:
    """The error of our own tree that one of requests means."""
    if isinstance(error, requests.exceptions.JSONDecodeError | requests.exceptions.ContentDecodingError):
        return GoogleFailed("Google Sheets answered with something that is not JSON; try later.")
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return GoogleFailed(
            "Google Sheets answered with a redirect: check SHEETS_BASE_URL and any proxy, then try again."
        )
    if isinstance(error, requests.exceptions.Timeout):
        silent = GoogleSilent("Google Sheets did not answer in time; try later, or check this machine's connection.")
        silent.was_sent = not isinstance(error, requests.exceptions.ConnectTimeout)
        return silent
    lost = ConnectionLost(
        "The connection to Google Sheets could not be made, or broke: check this machine's connection"
        " (and SHEETS_BASE_URL, where it is set), then try again."
    )
    reason = getattr(error.args[0], "reason", None) if error.args else None
    lost.was_sent = type(reason).__name__ not in _NEVER_SENT
    return lost


def refused(
    status: int,
    wait: str,
    body: Mapping[str, Any] | None,
    *,
    where: str,
    client_email: str,
    creates: bool = False,
    api: str = "Sheets",
) -> RoadmapError:
    """What an HTTP error of Google's ``api`` means. ``wait`` is its Retry-After header, ``body`` Google's error object;
    None where the body was a page (a proxy's HTML, say)."""
    if body is None and status >= 500:
        ours: RoadmapError = GoogleFailed(
            f"Google {api} answered with a page, not with data (error {status}); try later."
        )
    else:
        said, words = (str(body.get("message", "")), reasons(body)) if body is not None else ("", frozenset[str]())
        ours = refusal(status, said, words, where=where, client_email=client_email, creates=creates, api=api)
    if isinstance(ours, GoogleOutOfReach):
        ours.retry_after = retry_after(wait)
    return ours


def sign_in_error(
    client_email: str, *, said: str, is_silent: bool, is_lost: bool, is_passing: bool
) -> GoogleOutOfReach | KeyFileWrong:
    """What a failure to get an access token means; nothing was asked of Sheets yet."""
    if not (is_silent or is_lost or is_passing):
        return KeyFileWrong(
            f"Google does not accept the key of {client_email} ({one_line(said, 160)}): check that the key was not "
            "deleted and that this machine's clock is right, or make a new key."
        )
    ours: GoogleOutOfReach
    if is_silent:
        ours = GoogleSilent("Google's sign-in did not answer in time; try later.")
    elif is_lost:
        ours = ConnectionLost("The connection to Google's sign-in could not be made, or broke; try again.")
    else:
        ours = GoogleFailed("Google's sign-in has trouble of its own; try later.")
    ours.was_sent = False
    return ours


def reasons(error: Mapping[str, Any]) -> frozenset[str]:
    """The machine words of an error body: its status, and the reasons in ``details`` (Sheets) and ``errors``
    (Drive)."""
    listed = [*_dicts(error.get("details")), *_dicts(error.get("errors"))]
    words = [error.get("status"), *(entry.get("reason") for entry in listed)]
    return frozenset(word for word in words if isinstance(word, str))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
