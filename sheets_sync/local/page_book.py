"""A workbook as all windows share it: each revision of a tab is read and made compact once."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sheets_sync.local import page_edits as edits
from sheets_sync.local import values
from sheets_sync.local.a1 import parse_cells
from sheets_sync.local.book_json import sheet_json
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.drive import acting_as
from sheets_sync.local.errors import ApiError
from sheets_sync.local.page_cells import Palette, RawRow, Row, Surroundings, list_keys, row_view
from sheets_sync.local.page_charts import drawn_charts
from sheets_sync.local.page_patch import named_rows
from sheets_sync.local.page_view import TabView, frame_of, read_rows
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]
Edit = Callable[[TabView], Sequence[Json]]
"""Requests for a tab as it is."""

OPTIONS_CAP = 5_000
ROW_IS_GONE = "That row is gone; nothing was written."
PERSON = "you@roadmap.local"
"""Who does what is done on the page: a person, never the service account of the worker."""


class Book:
    """One spreadsheet behind the page. Methods block: call them off the event loop; they may run in several threads."""

    def __init__(self, service: SheetsService, spreadsheet_id: str) -> None:
        self.service = service
        self.spreadsheet_id = spreadsheet_id
        self.palette = Palette()
        self._views: dict[int, TabView] = {}
        self._lock = threading.Lock()

    def revision(self) -> int:
        """The number of the last change. Raises ApiError where the spreadsheet is gone."""
        return self.service.revision(self.spreadsheet_id)

    def outline(self) -> Json:
        """The spreadsheet's and the tabs' properties, without cells."""
        return self.service.get_spreadsheet(self.spreadsheet_id)

    def change(self, requests: list[Json]) -> Json:
        """Carries out a batch as the person at the page. Raises ApiError where the service refuses."""
        with acting_as(PERSON):
            return self.service.batch_update(self.spreadsheet_id, {"requests": requests})

    def edit(self, sheet_id: int, wanted: Edit) -> tuple[TabView, TabView] | None:
        """Carries out what ``wanted`` asks of the tab as it is at that moment, and nobody changes the workbook in
        between: the tab right before and right after; None where nothing is asked. Raises as ``change`` does."""
        with self._lock, self.service.alone(self.spreadsheet_id):
            before = self._view(sheet_id)
            requests = wanted(before)
            if not requests:
                return None
            self.change(list(requests))
            return before, self._view(sheet_id)

    def type_in(self, sheet_id: int, uid: int, column: int, rows: Sequence[Sequence[str]]) -> tuple[TabView, TabView]:
        """Types a block of texts, as the person at the page would, into the cells from (row ``uid``, column) on; the
        tab grows where it is too small. The tab right before and right after. Raises ApiError where the row is gone or
        the service refuses."""
        height, width = len(rows), max(len(cells) for cells in rows)
        with self._lock, self.service.alone(self.spreadsheet_id):
            before = self._view(sheet_id)
            row = row_of(before, uid)
            if room := edits.room_for(before, row + height, column + width):
                self.change(room)
            area = edits.area_name(before, row, column, height, width)
            body = {"range": area, "majorDimension": "ROWS", "values": rows}
            with acting_as(PERSON):
                self.service.values_update(self.spreadsheet_id, area, body, value_input_option="USER_ENTERED")
            return before, self._view(sheet_id)

    def view(self, sheet_id: int) -> TabView:
        """The tab as it is now; what has not changed since the last view is that view's. Raises ApiError where it is
        gone."""
        with self._lock:
            return self._view(sheet_id)

    def _view(self, sheet_id: int) -> TabView:
        calculator = self.service.snapshot(self.spreadsheet_id)
        old = self._views.get(sheet_id)
        if old is not None and old.revision == calculator.book.revision:
            return old
        view = self._read(calculator, sheet_id, old)
        self._views[sheet_id] = view
        return view

    def _read(self, calculator: Calculator, sheet_id: int, old: TabView | None) -> TabView:
        sheet = calculator.book.find(sheet_id)
        if sheet is None:
            raise ApiError(404, "NOT_FOUND", "That tab is gone.")
        around = Surroundings(
            bandings=tuple(copy.deepcopy(sheet.parts.get("bandedRanges", ()))),
            rules=tuple(copy.deepcopy(sheet.parts.get("conditionalFormats", ()))),
            book=dict(calculator.book.properties),
        )
        raw = read_rows(calculator, sheet, old.raw if old is not None and old.around.reads_like(around) else [])
        around = self._with_lists(calculator, sheet.title, raw, around, old)
        rows, uids, next_uid = named_rows(old, self._rows(raw, around, old))
        outline = sheet_json(calculator.book, sheet)
        return TabView(
            sheet_id=sheet_id,
            title=sheet.title,
            revision=calculator.book.revision,
            frame=frame_of(outline, sheet.column_sizes),
            around=around,
            raw=raw,
            rows=rows,
            uids=uids,
            next_uid=next_uid,
            sheet=outline,
            charts=tuple(drawn_charts(calculator, sheet)),
        )

    def _with_lists(
        self, calculator: Calculator, title: str, raw: list[RawRow], around: Surroundings, old: TabView | None
    ) -> Surroundings:
        """``around`` with the dropdowns' options; a list keeps the place that it had."""
        keys = list_keys(raw)
        order = [*(old.around.lists if old is not None else ())]
        order += sorted(keys.keys() - set(order))
        return replace(
            around,
            lists={key: _options(calculator, key, title) if key in keys else () for key in order},
            strict=frozenset(key for key, is_strict in keys.items() if is_strict),
        )

    def _rows(self, raw: list[RawRow], around: Surroundings, old: TabView | None) -> list[Row]:
        """The rows as the grid shows them; those of the last view where they are the same."""
        self.palette.forget_formats()
        known: dict[int, tuple[int, RawRow, Row]] = {}
        if old is not None and old.around.draws_like(around):
            pairs = zip(old.raw, old.rows, strict=True)
            known = {id(one.cells): (index, one, row) for index, (one, row) in enumerate(pairs) if one.cells}
        rows: list[Row] = []
        for index, one in enumerate(raw):
            at, before, row = known.get(id(one.cells), (index, None, None)) if one.cells else (index, None, None)
            is_same = before is not None and (one.paint, one.size) == (before.paint, before.size)
            if row is None or not is_same or (around.bandings and at != index):
                row = row_view(index, one, around, self.palette)
            rows.append(row)
        return rows


def row_of(view: TabView, uid: int) -> int:
    """Where the row stands. Raises ApiError where it is gone."""
    row = view.index_of(uid)
    if row is None:
        raise ApiError(404, "NOT_FOUND", ROW_IS_GONE)
    return row


def _options(calculator: Calculator, key: str, title: str) -> tuple[str, ...]:
    """The choices of a dropdown, in order, without blanks and repeats; none where its range does not exist."""
    if not key.startswith("="):
        return tuple(key.split("\x1f"))
    area = key[1:]
    if "!" not in area and parse_cells(area.replace("$", "")) is not None:
        area = f"{_quoted(title)}!{area}"
    try:
        answer = values.read(calculator, area, "ROWS", "FORMATTED_VALUE", "SERIAL_NUMBER")
    except ApiError:
        return ()
    cells = (str(value) for row in answer.get("values") or [] for value in row if value not in ("", None))
    return tuple(dict.fromkeys(cells))[:OPTIONS_CAP]


def _quoted(title: str) -> str:
    """The range of a whole tab; always in quotes, since a named range may be called the same."""
    return "'" + title.replace("'", "''") + "'"


class Books:
    """The open workbooks of one service."""

    def __init__(self, service: SheetsService) -> None:
        self.service = service
        self._books: dict[str, Book] = {}
        self._lock = threading.Lock()

    def book(self, spreadsheet_id: str) -> Book:
        """The shared Book of the spreadsheet. Raises ApiError where there is none."""
        self.service.revision(spreadsheet_id)
        with self._lock:
            return self._books.setdefault(spreadsheet_id, Book(self.service, spreadsheet_id))
