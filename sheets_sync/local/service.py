"""The spreadsheets themselves, without a transport: every method takes and gives the JSON of the Sheets API.

A version of a book is never changed once it is committed: readers need no lock, and a batch that is refused leaves no
trace.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sheets_sync.local import a1, book_json, data_filters, schema, styles, values
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.drive import Drive
from sheets_sync.local.errors import ApiError as ApiError
from sheets_sync.local.errors import bad_request, not_found
from sheets_sync.local.fields import Mask, answer_mask, masked, wants
from sheets_sync.local.grid import Book
from sheets_sync.local.locales import is_known
from sheets_sync.local.ranges import box_on_grid, found_range
from sheets_sync.local.rendering import without_zeros
from sheets_sync.local.requests.change import Change, Refused, check_columns
from sheets_sync.local.requests.registry import perform
from sheets_sync.local.requests.sheets import (
    check_time_zone,
    copied_sheet,
    copy_title,
    make_sheet,
    only_first_sheet,
    properties_json,
)
from sheets_sync.local.seed import fill_sheet
from sheets_sync.local.service_values import ValuesMethods
from sheets_sync.local.store import Store
from sheets_sync.local.zones import zone_named

Json = dict[str, Any]
T = TypeVar("T")

OWNER = "local-sheets@roadmap-local.iam.gserviceaccount.com"
MAX_REQUESTS = 100_000


class SheetsService(ValuesMethods):
    """All spreadsheets of one data folder. Thread-safe; each change is on disk before its method returns.

    Every method raises ``ApiError`` where Google would refuse, and then nothing has changed. ``base_url`` is what
    ``spreadsheetUrl`` begins with; ``drive`` holds the files and their permissions.
    """

    def __init__(self, data_dir: Path, *, clock: Callable[[], datetime] | None = None) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.base_url = "https://docs.google.com"
        self.clock = clock or (lambda: datetime.now(UTC))
        self._store = Store(data_dir / "sheets.sqlite3")
        self.drive = Drive(self._store, OWNER, self.clock)
        self._books: dict[str, Book] = {}
        self._calculators: dict[str, Calculator] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._registry_lock = threading.Lock()

    def close(self) -> None:
        """Closes the store; the service cannot be used afterwards."""
        self._store.close()

    # ---- spreadsheets

    def create_spreadsheet(self, body: Json) -> Json:
        """``spreadsheets.create``: a Spreadsheet resource in (all fields optional), the whole new one out."""
        body = schema.checked("Spreadsheet", body)
        return self._resource(self._created(body), (), False, None)

    def create_file(self, body: Json) -> Json:
        """Drive's ``files.create`` of a spreadsheet: the file resource."""
        book = self._created({"properties": {"title": body.get("name", "Untitled")}})
        return self.drive.patch(book.id, {k: v for k, v in body.items() if k in ("parents", "description")})

    def _created(self, body: Json) -> Book:
        wanted = body.get("properties", {})
        properties = {
            "title": wanted.get("title") or "Untitled spreadsheet",
            "locale": wanted.get("locale", "en_US"),
            "autoRecalc": wanted.get("autoRecalc", "ON_CHANGE"),
            "timeZone": wanted.get("timeZone", "Etc/GMT"),
            "defaultFormat": styles.DEFAULT_FORMAT,
            "spreadsheetTheme": styles.theme(),
        }
        if not is_known(properties["locale"]):
            raise bad_request(f"Invalid properties.locale: Unsupported locale: {properties['locale'][:50]}")
        book = Book(_new_file_id(), properties)  # an id in the body is read-only, as with Google
        change = self._change(book)
        try:
            check_time_zone(properties["timeZone"])
            for index, sheet in enumerate(body.get("sheets") or [{}]):
                wanted_sheet = dict(sheet.get("properties", {}))
                if index == 0:
                    wanted_sheet.setdefault("sheetId", 0)
                    wanted_sheet.setdefault("title", "Sheet1")
                fill_sheet(change, make_sheet(change, wanted_sheet), sheet)
            for one in body.get("namedRanges", ()):
                perform(change, 0, {"addNamedRange": {"namedRange": one}})
        except ValueError as error:
            raise bad_request(f"Invalid spreadsheet: {error}") from error
        self._commit(None, book)
        return book

    def get_spreadsheet(
        self,
        spreadsheet_id: str,
        ranges: Sequence[str] = (),
        include_grid_data: bool = False,
        fields: str | None = None,
    ) -> Json:
        """``spreadsheets.get``: the Spreadsheet resource; grid data where asked or where ``fields`` names it."""
        book = self._book(spreadsheet_id)
        mask = answer_mask("Spreadsheet", fields)
        includes = wants(mask, "sheets", "data") if fields else include_grid_data
        return self._resource(book, ranges, includes, mask)

    def get_by_data_filter(self, spreadsheet_id: str, body: Json, fields: str | None = None) -> Json:
        """``spreadsheets.getByDataFilter``."""
        body = schema.checked("GetSpreadsheetByDataFilterRequest", body)
        book = self._book(spreadsheet_id)
        texts = [text for text, _ in data_filters.range_texts(book, body.get("dataFilters", []))]
        return self.get_spreadsheet(spreadsheet_id, texts, bool(body.get("includeGridData")), fields)

    def _resource(self, book: Book, ranges: Sequence[str], includes: bool, mask: Mask | None) -> Json:
        calculator = self._calculator(book)
        return book_json.spreadsheet_json(calculator, ranges, includes, mask, self.base_url, OWNER)

    def batch_update(self, spreadsheet_id: str, body: Json, fields: str | None = None) -> Json:
        """``spreadsheets.batchUpdate``: all of ``body["requests"]`` or none of them."""
        mask = answer_mask("BatchUpdateSpreadsheetResponse", fields)
        self._book(spreadsheet_id)
        body = schema.checked("BatchUpdateSpreadsheetRequest", body)
        requests: list[Json] = body.get("requests", [])
        if not requests:
            raise bad_request("Must specify at least one request.")
        if len(requests) > MAX_REQUESTS:
            raise bad_request(f"A batch may hold at most {MAX_REQUESTS} requests.")

        echo = body.get("responseRanges", ()) if body.get("includeSpreadsheetInResponse") else ()

        def perform_all(change: Change) -> list[Json]:
            replies = [_reply(perform(change, index, request)) for index, request in enumerate(requests)]
            for text in echo:  # one that cannot be handed back refuses all of the batch
                box_on_grid(*found_range(change.book, text))
            return replies

        replies, book = self._mutated(spreadsheet_id, perform_all)
        answer: Json = masked({"spreadsheetId": spreadsheet_id, "replies": replies}, mask)
        if body.get("includeSpreadsheetInResponse") and wants(mask, "updatedSpreadsheet"):
            includes = bool(body.get("responseIncludeGridData"))
            if fields:
                includes = wants(mask, "updatedSpreadsheet", "sheets", "data")
            ranges = body.get("responseRanges", [])
            below = (mask or {}).get("updatedSpreadsheet", (mask or {}).get("*"))
            answer["updatedSpreadsheet"] = self._resource(book, ranges, includes, below or None)
        return answer

    def revision(self, spreadsheet_id: str) -> int:
        """A number that grows with each change of the spreadsheet; cheap to ask."""
        book = self._books.get(spreadsheet_id)
        if book is not None:
            return book.revision
        return self._book(spreadsheet_id).revision

    def snapshot(self, spreadsheet_id: str) -> Calculator:
        """The latest version, to read only, with its values; a later change leaves it as it is."""
        return self._calculator(self._book(spreadsheet_id))

    def alone(self, spreadsheet_id: str) -> AbstractContextManager[bool]:
        """While it is open no other thread changes the spreadsheet."""
        return self._lock(spreadsheet_id)

    def copy_sheet_to(self, spreadsheet_id: str, sheet_id: int, body: Json) -> Json:
        """``spreadsheets.sheets.copyTo``: the SheetProperties of the copy."""
        body = schema.checked("CopySheetToAnotherSpreadsheetRequest", body)
        source = self._book(spreadsheet_id).find(sheet_id)
        if source is None:
            raise bad_request(f"The sheet ({sheet_id}) does not exist in the spreadsheet.")
        target_id = body.get("destinationSpreadsheetId", "")

        def copy(change: Change) -> Json:
            taken = [one.id for one in change.book.sheets]
            sheet = copied_sheet(change, source, change.new_id(taken), copy_title(change, source.title))
            change.check_size(sheet.row_count * sheet.column_count)
            change.book.add(sheet)
            return properties_json(change, sheet)

        return self._mutated(target_id, copy)[0]

    # ---- developer metadata

    def metadata_get(self, spreadsheet_id: str, metadata_id: int) -> Json:
        """``spreadsheets.developerMetadata.get``."""
        for one in self._book(spreadsheet_id).metadata:
            if one["metadataId"] == metadata_id:
                return one
        raise not_found()

    def metadata_search(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.developerMetadata.search``."""
        body = schema.checked("SearchDeveloperMetadataRequest", body)
        return data_filters.metadata_matches(self._book(spreadsheet_id), body.get("dataFilters", []))

    # ---- files

    def list_files(self) -> list[Json]:
        """Drive files (id, name, mimeType, createdTime, modifiedTime, …), the latest changed first."""
        return self.drive.listed()

    def delete_file(self, file_id: str) -> None:
        """``files.delete``: the spreadsheet and its file are gone."""
        with self._lock(file_id):
            file = self.drive.file(file_id)
            self.drive.removed(file_id, self._store.commit(None, None, file, self.drive.now_text()))
            self._books.pop(file_id, None)
            self._calculators.pop(file_id, None)

    def copy_file(self, file_id: str, body: Json) -> Json:
        """``files.copy``: a spreadsheet of its own with the same contents; permissions are not copied."""
        source = self._book(file_id)
        book = source.copy()
        book.id, book.revision = _new_file_id(), 0
        book.sheets = [sheet.copy() for sheet in book.sheets]
        book.properties["title"] = body.get("name") or f"Copy of {source.properties['title']}"
        self._commit(None, book)
        return self.drive.patch(book.id, {k: v for k, v in body.items() if k in ("parents", "description")})

    def rename_file(self, file_id: str, body: Json) -> Json:
        """``files.update`` of the name, the description and the place."""
        self.drive.file(file_id)
        if "name" in body:

            def rename(change: Change) -> None:
                change.book.properties["title"] = str(body["name"])

            self._mutated(file_id, rename)
        return self.drive.patch(
            file_id, {k: v for k, v in body.items() if k in ("description", "trashed", "starred", "parents")}
        )

    def replace_content(self, file_id: str, rows: list[list[str]]) -> None:
        """What a CSV upload does: the first tab holds ``rows``, typed, and the other tabs are gone."""

        def replace(change: Change) -> None:
            sheet = only_first_sheet(change)
            width = max((len(row) for row in rows), default=0)
            grown_rows, grown_columns = max(sheet.row_count, len(rows)), max(sheet.column_count, width)
            check_columns(grown_columns)
            change.check_size(grown_rows * grown_columns - sheet.row_count * sheet.column_count)
            sheet.set_size(grown_rows, grown_columns)
            if width:
                box = a1.Box(0, len(rows), 0, width)
                values.write(change, a1.range_text(sheet.title, box), {"values": rows}, is_typed=True)

        self._mutated(file_id, replace)

    # ---- versions

    def _lock(self, spreadsheet_id: str) -> threading.RLock:
        with self._registry_lock:
            return self._locks.setdefault(spreadsheet_id, threading.RLock())

    def _book(self, spreadsheet_id: str) -> Book:
        """The latest committed version."""
        book = self._books.get(spreadsheet_id)
        if book is None:
            if not self.drive.exists(spreadsheet_id):
                raise not_found()
            with self._lock(spreadsheet_id):
                book = self._books.get(spreadsheet_id) or self._store.load(spreadsheet_id)
                if book is None:
                    raise not_found()
                self._books[spreadsheet_id] = book
        return book

    def _calculator(self, book: Book) -> Calculator:
        found = self._calculators.get(book.id)
        if found is None or found.book is not book:
            found = Calculator(book, self._local_now(book))
            self._calculators[book.id] = found
        return found

    def _local_now(self, book: Book) -> datetime:
        return self.clock().astimezone(zone_named(book.properties.get("timeZone", "Etc/GMT"))).replace(tzinfo=None)

    def _change(self, book: Book) -> Change:
        try:
            now = self._local_now(book)
        except ValueError:
            now = self.clock().replace(tzinfo=None)
        return Change(book, now, OWNER)

    def _mutated(self, spreadsheet_id: str, work: Callable[[Change], T]) -> tuple[T, Book]:
        """(what ``work`` gave, the new version), committed; where ``work`` raises, nothing has happened."""
        with self._lock(spreadsheet_id):
            old = self._book(spreadsheet_id)
            new = old.copy()
            try:
                result = work(self._change(new))
            except Refused as error:
                raise bad_request(str(error)) from error
            self._commit(old, new)
            return result, new

    def _commit(self, old: Book | None, new: Book) -> None:
        new.revision += 1
        new.seal()
        file = self.drive.touched(new.id, new.properties["title"])
        sequence = self._store.commit(old, new, file, file["modifiedTime"])
        self._books[new.id] = new
        self.drive.written(file, sequence)


def _reply(reply: Json) -> Json:
    """A reply as answers hold it: zeros left out, but where they name a sheet (its properties, developer metadata)."""
    return {
        name: part if "properties" in part or "DeveloperMetadata" in name else without_zeros(part)
        for name, part in reply.items()
    }


def _new_file_id() -> str:
    """An id of Google's length; like Google's it begins with a 1, so that no command line takes it for an option."""
    return "1" + secrets.token_urlsafe(32)
