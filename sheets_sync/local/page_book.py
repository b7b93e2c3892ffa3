"""A workbook as all windows share it: each revision of a tab is read and made compact once."""

from __future__ import annotations

import threading
from typing import Any

from sheets_sync.local.a1 import parse_cells
from sheets_sync.local.errors import ApiError
from sheets_sync.local.page_cells import Palette, Row, Surroundings, list_keys, row_view
from sheets_sync.local.page_patch import named_rows
from sheets_sync.local.page_view import TabView, frame_of, raw_rows
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]

OPTIONS_CAP = 5_000


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

    def view(self, sheet_id: int) -> TabView:
        """The tab as it is now. Raises ApiError where it is gone."""
        with self._lock:
            revision = self.revision()
            old = self._views.get(sheet_id)
            if old is not None and old.revision == revision:
                return old
            view = self._read(sheet_id, revision, old)
            self._views[sheet_id] = view
            return view

    def _read(self, sheet_id: int, revision: int, old: TabView | None) -> TabView:
        title = self._title(sheet_id)
        answer = self.service.get_spreadsheet(self.spreadsheet_id, [_quoted(title)], include_grid_data=True)
        sheets = [sheet for sheet in answer.get("sheets") or [] if sheet["properties"].get("sheetId", 0) == sheet_id]
        if not sheets:
            raise ApiError(404, "NOT_FOUND", "That tab is gone.")
        sheet = sheets[0]
        raw = raw_rows(sheet)
        around = Surroundings(
            bandings=tuple(sheet.get("bandedRanges") or ()),
            lists={key: self._options(key, title) for key in sorted(list_keys(raw))},
        )
        self.palette.forget_formats()
        known = old if old is not None and old.around == around else None
        rows, uids, next_uid = named_rows(old, [self._row(index, raw, around, known) for index in range(len(raw))])
        outline = {key: value for key, value in sheet.items() if key != "data"}
        return TabView(
            sheet_id=sheet_id,
            title=title,
            revision=revision,
            frame=frame_of(sheet),
            around=around,
            raw=raw,
            rows=rows,
            uids=uids,
            next_uid=next_uid,
            sheet=outline,
        )

    def _row(self, index: int, raw: list[tuple[Any, Any]], around: Surroundings, known: TabView | None) -> Row:
        """The row as the grid shows it: that of the last view where it has not changed, there or shifted as a whole."""
        if known is not None:
            shift = 0 if around.bandings else len(known.raw) - len(raw)
            for place in {index, index + shift}:
                if 0 <= place < len(known.raw) and known.raw[place] == raw[index]:
                    return known.rows[place]
        return row_view(index, raw[index], around, self.palette)

    def _title(self, sheet_id: int) -> str:
        for sheet in self.outline().get("sheets") or []:
            if sheet["properties"].get("sheetId", 0) == sheet_id:
                return str(sheet["properties"]["title"])
        raise ApiError(404, "NOT_FOUND", "That tab is gone.")

    def _options(self, key: str, title: str) -> tuple[str, ...]:
        """The choices of a dropdown, in order, without blanks and repeats; none where its range does not exist."""
        if not key.startswith("="):
            return tuple(key.split("\x1f"))
        area = key[1:]
        if "!" not in area and parse_cells(area.replace("$", "")) is not None:
            area = f"{_quoted(title)}!{area}"
        try:
            answer = self.service.values_get(self.spreadsheet_id, area, value_render_option="FORMATTED_VALUE")
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
