"""What Google said, as errors of our own tree: each is retry or stop, and says where, what and how to mend it.

RoadmapError (engine.errors)
├── InputError                          exit 1, stop
│   ├── KeyFileWrong                    no key file, not a key file, a key that Google refuses
│   ├── AccessDenied                    403: the sentence names the address to share with
│   ├── SpreadsheetNotFound             404, or an id that is none
│   ├── RequestRefused                  400 and other 4xx: Google will not do what was asked
│   └── AnswerTooLarge                  more bytes than a workbook may have
└── OutOfReach                          exit 4, retry
    ├── GoogleOutOfReach
    │   ├── QuotaSpent                  429 to the end of our patience
    │   ├── GoogleFailed                5xx, or a page of HTML where JSON should be
    │   ├── GoogleSilent                no answer in time (a hang)
    │   └── ConnectionLost              refused, reset, cut off in mid-answer, name not found
    ├── AnswerLost                      a write was sent and its answer never came: it may or may not stand
    └── PageTokenLost                   Drive no longer knows how far we had read its list of changes
"""

from __future__ import annotations

from engine.errors import InputError, OutOfReach, RoadmapError


class KeyFileWrong(InputError):
    """The service account's key file is missing, is not one, or is refused by Google."""


class AccessDenied(InputError):
    """Google answered 403: the spreadsheet is not shared with us, or an API is off."""


class SpreadsheetNotFound(InputError):
    """Google answered 404, or the text given is no spreadsheet id or URL."""


class RequestRefused(InputError):
    """Google answered 400 or another 4xx: what was asked cannot be done to this spreadsheet."""


class AnswerTooLarge(InputError):
    """The spreadsheet holds more than the worker is willing to take into memory."""


class GoogleOutOfReach(OutOfReach):
    """Google could not be had. ``retry_after``: the seconds it asked us to wait (None: it did not say); ``was_sent`` is
    False where it is certain that nothing was done: the call never arrived, or was turned away unread."""

    retry_after: float | None = None
    was_sent: bool = True


class QuotaSpent(GoogleOutOfReach):
    """Google answered 429 until our deadline or our tries were over."""

    was_sent = False


class GoogleFailed(GoogleOutOfReach):
    """Google answered 5xx, or something that is not JSON."""


class GoogleSilent(GoogleOutOfReach):
    """Google did not answer within the timeout."""


class ConnectionLost(GoogleOutOfReach):
    """The connection could not be made, or broke."""


class AnswerLost(OutOfReach):
    """A write that may not be repeated was sent, and its answer was lost: look before doing it again."""


class PageTokenLost(OutOfReach):
    """Drive does not know the page token (400, 404, 410): take a new one, and read every workbook once."""


_SHARE = "open it in Google Sheets, press Share, add {email} as Editor, and try again."
_QUOTA_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED", "quotaExceeded"})
_API_OFF_REASONS = frozenset({"SERVICE_DISABLED", "accessNotConfigured"})
_STORAGE_REASONS = frozenset({"storageQuotaExceeded", "teamDriveFileLimitExceeded"})


def one_line(text: str, limit: int = 300) -> str:
    """``text`` on one line, control characters as spaces, at most ``limit`` characters: fit to be shown in a
    sentence."""
    shown = " ".join("".join(mark if mark.isprintable() else " " for mark in text[: 4 * limit]).split())
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def refusal(
    status: int,
    message: str,
    reasons: frozenset[str],
    *,
    where: str,
    client_email: str,
    creates: bool = False,
    api: str = "Sheets",
) -> RoadmapError:
    """What an HTTP ``status`` of 400 or more means. ``where`` names the spreadsheet in a sentence ("The spreadsheet
    1Ab…"), ``reasons`` are the machine words of Google's error body, ``creates`` is True where a new spreadsheet was
    asked for, ``api`` says which of Google's two answered ("Sheets" or "Drive")."""
    passing = _passing(status, reasons, api)
    return passing or _final(status, one_line(message), reasons, where, client_email, creates, api)


def _passing(status: int, reasons: frozenset[str], api: str) -> GoogleOutOfReach | None:
    """What may go by itself; None where it will not."""
    if status == 429 or (status == 403 and reasons & _QUOTA_REASONS):
        return QuotaSpent(
            f"Google {api} answers that too many calls were made in a minute, and kept saying so; try later."
        )
    if status >= 500 or status == 408:
        return GoogleFailed(
            f"Google {api} has trouble of its own (error {status}); nothing was half-written, try later."
        )
    return None


def _final(
    status: int, said: str, reasons: frozenset[str], where: str, client_email: str, creates: bool, api: str
) -> RoadmapError:
    """What a person must mend."""
    if status == 401:
        return KeyFileWrong(
            f"Google refuses the key of {client_email}: make a new key for it, put the file where "
            "GOOGLE_APPLICATION_CREDENTIALS says, and check this machine's clock."
        )
    if status == 403 and reasons & _API_OFF_REASONS:
        return AccessDenied(f"The Google {api} API is off in the key's project: turn it on there. Google says: {said}")
    if api == "Drive":
        return _of_drive(status, said, client_email)
    if status == 403 and (creates or reasons & _STORAGE_REASONS):
        return AccessDenied(
            "This service account may not own files, so it cannot make a spreadsheet: make an empty one yourself, "
            f"share it with {client_email} as Editor, and run roadmap init with its address."
        )
    if status == 403:
        return AccessDenied(f"{where} is not shared with {client_email}: " + _SHARE.format(email=client_email))
    if status == 404:
        return SpreadsheetNotFound(f"{where} does not exist, or was deleted: check its id or copy its address anew.")
    if status == 413:
        return RequestRefused(f"{where}: what was to be written is too large for Google: shorten the longest texts.")
    return RequestRefused(f"{where}: Google would not do what was asked (error {status}): {said}")


def _of_drive(status: int, said: str, client_email: str) -> RoadmapError:
    """A refusal of the list of changes."""
    if status in (400, 404, 410):
        return PageTokenLost("Google Drive does not know how far its list of changes was read: every workbook is read.")
    if status == 403:
        return AccessDenied(
            f"{client_email} may not see which spreadsheets changed: switch the Google Drive API on in the key's "
            f"project. Google says: {said}"
        )
    return RequestRefused(f"Google Drive would not list what changed (error {status}): {said}")
