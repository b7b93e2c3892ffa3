"""Google Sheets, and the little of Drive that tells what changed, behind our own verbs.

What a call costs: ``read`` is two reads (metadata with notes; one ``values:batchGet``), ``reread`` one read,
``batch_update`` and ``write`` one write each, ``create`` one write, ``changes`` and ``start_page_token`` one call of
Drive. Every call has a timeout; every verb has a deadline, a bounded number of tries with jitter that honour
``Retry-After``, and a turn in a quota of 60 reads and 60 writes a minute (``quota``).

A write whose answer was lost may stand or not. ``write`` is safe all the same: its batch is made afresh from a new
reading at each try, names absolute cells, never deletes or moves rows, and inserts only those that the reading did not
find, so that doing it twice shows the same as doing it once. ``batch_update`` repeats only what the caller calls
``repeatable``; else it raises AnswerLost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sheets_sync.client import DRIVE_SCOPES, SHEETS_SCOPES, Client, credentials_of
from sheets_sync.errors import GoogleFailed, RequestRefused
from sheets_sync.exchange import Batch, Call, Counts
from sheets_sync.frames import quoted
from sheets_sync.grids import Workbook
from sheets_sync.quota import Ledger, Quota
from sheets_sync.readings import READ_FIELDS, spreadsheet_id_of, wanted_sheets, workbook_of
from sheets_sync.tries import Tries, Verb
from sheets_sync.undisturbed import undisturbed

__all__ = ["Batch", "Call", "Counts", "SheetsGateway", "spreadsheet_id_of"]

SHEETS_URL = "https://sheets.googleapis.com/v4/spreadsheets"
DRIVE_URL = "https://www.googleapis.com/drive/v3"
PROJECT_CALLS_PER_MINUTE = 300
"""Google's own limit of reads, and of writes, for all accounts of a project."""
DRIVE_DEADLINE_S = 20.0
"""Shorter than that of a sheet: all workbooks wait for it."""
CHANGES_A_PAGE = 1000
MOST_LESSONS = 3
"""So often what Google refused is tried anew, after a look at which tabs there are."""
_CHANGE_FIELDS = "nextPageToken,newStartPageToken,changes(fileId,removed)"


class SheetsGateway:
    """Google Sheets (or the local server at ``base_url``) as the service account of ``key_file``.

    ``timeout_s`` bounds one HTTP exchange, ``deadline_s`` one verb with all its tries and waits. ``on_call`` is told
    each exchange. ``calls_per_minute`` bounds reads, writes and calls of Drive, each kind by itself, for this account,
    ``project_calls_per_minute`` for all accounts of its project; with a ``ledger`` all processes count together.
    ``clock`` is monotonic seconds. Raises KeyFileWrong at once where the key file is none; no call is made before the
    first verb. One gateway may be shared by threads.
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
        project_calls_per_minute: int | None = None,
        ledger: Ledger | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._credentials = credentials_of(key_file)
        self._base_url = base_url
        self._deadline_s = deadline_s
        self.client_email: str = self._credentials.service_account_email
        project = project_calls_per_minute or max(PROJECT_CALLS_PER_MINUTE, calls_per_minute)
        quotas = {
            kind: Quota(
                {
                    self.bucket_of(kind): calls_per_minute,
                    f"{kind} project {self._credentials.project_id or self.client_email}": project,
                },
                clock=clock,
                sleep=sleep,
                ledger=ledger,
            )
            for kind in ("read", "write", "drive")
        }
        self._tries = Tries(quotas, timeout_s=timeout_s, clock=clock, sleep=sleep, on_call=on_call)
        self._client = Client(self._credentials, "Sheets", SHEETS_SCOPES, base_url)

    @cached_property
    def _drive(self) -> Client:
        """A client with a token of its own, so that spreadsheets are served where Drive's API is off."""
        return Client(self._credentials, "Drive", DRIVE_SCOPES, self._base_url)

    def bucket_of(self, kind: str) -> str:
        """The name under which this account's turns of a kind (read, write, drive) are counted."""
        return f"{kind} {self.account}"

    @property
    def account(self) -> str:
        """Whose quota and whose list of changes: the service account, and the address of a local server."""
        return f"{self.client_email} at {urlsplit(self._base_url).netloc}" if self._base_url else self.client_email

    @property
    def counts(self) -> Counts:
        """What has been spent since the gateway was made."""
        return self._tries.counts

    def permitted(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        """While this lasts, nothing that this thread writes is sent unless ``check``, called right before it goes out,
        does not raise (the fence)."""
        return self._client.permitted(check)

    def close(self) -> None:
        """Closes the connections; the gateway cannot be used afterwards."""
        self._client.close()
        if "_drive" in self.__dict__:
            self._drive.close()

    def create(self, title: str) -> str:
        """Makes an empty spreadsheet and returns its id (one write). AccessDenied where the account may own no
        files."""
        body = {"properties": {"title": title}}

        def send() -> str:
            answer = self._client.json("post", SHEETS_URL, {"fields": "spreadsheetId"}, body)
            return str(answer["spreadsheetId"])

        return self._tries.sent(self._client, self._verb("create", "write", repeatable=False), send)

    def read(
        self, spreadsheet_id: str, titles: Sequence[str] | None = None, sheet_ids: Collection[int] = ()
    ) -> Workbook:
        """The workbook: metadata of all tabs; values and notes of those in ``titles`` that exist (None: the tabs that
        ``sheets_sync.tabs`` declares, by name, alias or the id of their sheet) and of ``sheet_ids``. Two reads; one
        where there is none."""
        for _ in range(MOST_LESSONS):
            # A tab that was renamed or deleted between the two calls has other names by now.
            with suppress(RequestRefused), undisturbed():
                return self._read(spreadsheet_id, titles, sheet_ids)
        return self._read(spreadsheet_id, titles, sheet_ids)

    def _read(self, spreadsheet_id: str, titles: Sequence[str] | None, sheet_ids: Collection[int]) -> Workbook:
        metadata = self._got("read metadata", spreadsheet_id, "", {"fields": READ_FIELDS})
        try:
            sheets = wanted_sheets(metadata, titles, sheet_ids)
            values = self._values(spreadsheet_id, [quoted(sheet["properties"]["title"]) for sheet in sheets])
            return workbook_of(spreadsheet_id, metadata, sheets, values)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            where = self._verb("read", "read", spreadsheet_id).where
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
        return self._got("read values", spreadsheet_id, "/values:batchGet", params)

    def reread(self, spreadsheet_id: str, ranges: Sequence[str], fields: str) -> Mapping[str, Any]:
        """The answer of ``spreadsheets.get`` for ``ranges`` (A1 with tab) under the field mask ``fields``. One read."""
        return self._got("reread", spreadsheet_id, "", {"ranges": list(ranges), "fields": fields})

    def _got(self, name: str, spreadsheet_id: str, path: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{SHEETS_URL}/{spreadsheet_id}{path}"
        verb = self._verb(name, "read", spreadsheet_id)
        return self._tries.sent(self._client, verb, lambda: self._client.json("get", url, params))

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
        verb = self._verb("batch update", "write", spreadsheet_id, repeatable=repeatable)
        return self._tries.sent(self._client, verb, lambda: self._sent(spreadsheet_id, batch))

    def write(self, spreadsheet_id: str, prepare: Callable[[], Batch | None]) -> Mapping[str, Any]:
        """One atomic batch, made by ``prepare`` right before it is sent, and afresh at each try, so that nothing is
        written from an old reading or after an old permission. One write; none, and {}, where ``prepare`` gives None.
        What ``prepare`` raises ends it."""
        verb = self._verb("write", "write", spreadsheet_id)
        return self._tries.sent(self._client, verb, lambda batch: self._sent(spreadsheet_id, batch), prepare)

    def _sent(self, spreadsheet_id: str, batch: Batch) -> Mapping[str, Any]:
        body: dict[str, Any] = {"requests": list(batch.requests)}
        if batch.echo:
            body |= {
                "includeSpreadsheetInResponse": True,
                "responseIncludeGridData": True,
                "responseRanges": list(batch.echo),
            }
        params = {"fields": f"replies,updatedSpreadsheet({batch.fields})" if batch.echo else "replies"}
        return self._client.json("post", f"{SHEETS_URL}/{spreadsheet_id}:batchUpdate", params, body)

    def owners(self, spreadsheet_id: str) -> tuple[str, ...]:
        """The addresses of the file's owners, as far as Drive tells them. One call of Drive."""
        url = f"{DRIVE_URL}/files/{spreadsheet_id}"
        answer = self._of_drive("owners", url, {"supportsAllDrives": "true", "fields": "owners(emailAddress)"})
        listed = answer.get("owners", ())
        return tuple(str(one["emailAddress"]) for one in listed if isinstance(one, dict) and one.get("emailAddress"))

    def start_page_token(self) -> str:
        """Drive's page token of the changes still to come. One call of Drive."""
        url = f"{DRIVE_URL}/changes/startPageToken"
        answer = self._of_drive("start page token", url, {"supportsAllDrives": "true", "fields": "startPageToken"})
        token = answer.get("startPageToken")
        if not isinstance(token, str):
            raise GoogleFailed("Google Drive answered without a page token; try later.")
        return token

    def changes(self, page_token: str) -> Mapping[str, Any]:
        """One page of Drive's ``changes.list``, for all files that the account may see: ``changes`` (fileId, removed)
        and either ``nextPageToken`` or, on the last page, ``newStartPageToken``. One call of Drive. PageTokenLost where
        Drive does not know the token (any more)."""
        params = {
            "pageToken": page_token,
            "pageSize": CHANGES_A_PAGE,
            "supportsAllDrives": "true",
            "includeItemsFromAllDrives": "true",
            "fields": _CHANGE_FIELDS,
        }
        return self._of_drive("changes", f"{DRIVE_URL}/changes", params)

    def _of_drive(self, name: str, url: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        verb = Verb(name=name, kind="drive", deadline_s=min(DRIVE_DEADLINE_S, self._deadline_s))
        return self._tries.sent(self._drive, verb, lambda: self._drive.json("get", url, params))

    def _verb(self, name: str, kind: str, spreadsheet_id: str = "", *, repeatable: bool = True) -> Verb:
        return Verb(
            name=name, kind=kind, deadline_s=self._deadline_s, spreadsheet_id=spreadsheet_id, repeatable=repeatable
        )
