"""One window on one workbook: its bar, its tabs, its grid; what is done in it, and what others do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments

from sheets_sync.local import page_edits as edits
from sheets_sync.local.errors import ApiError
from sheets_sync.local.page_book import Book
from sheets_sync.local.page_grid import SheetGrid
from sheets_sync.local.page_patch import patch
from sheets_sync.local.page_view import TabView, cell_name, cell_position

Json = dict[str, Any]

POLL_S = 0.4
ROWS_ADDED = 100
GUARDED = "This part of the sheet is kept by the system, which writes over it. Edit it anyway?"


class WorkbookWindow:
    """State of one browser window. Its coroutines run in NiceGUI's event loop; ``_turn`` lets one at a time change things."""

    def __init__(self, book: Book, outline: Json, sheet_id: int | None) -> None:
        self.book = book
        self.outline = outline
        self.sheet_id = sheet_id if sheet_id is not None else self._first_tab()
        self.view: TabView | None = None
        self.sent_css = 0
        self.cursor: tuple[int, int] | None = None
        self.picked: list[int] = []
        self.hidden_shown = False
        self.asks_again = True
        self._turn = asyncio.Lock()
        self._is_ready = False

    # ---- what the window is made of

    def build(self) -> None:
        """Puts the window's elements on the page."""
        ui.page_title(self._title())
        with ui.element("div").classes("book"):
            with ui.element("header").classes("book-bar"):
                ui.link("", "/?list=1").classes("book-home").props('title="All workbooks"')
                self.title = ui.label(self._title()).classes("book-title")
                self._build_tools()
                self.told = ui.label("All changes saved").classes("book-told")
            with ui.element("div").classes("book-grid"):
                self.grid = SheetGrid()
                self._build_menu()
            with ui.element("footer").classes("book-tabs"):
                self._build_tabs()
        self.grid.on("ready", self._on_ready)
        self.grid.on("cell", self._on_cell)
        self.grid.on("picked", self._on_picked)
        self.grid.on("edit", self._on_edit)
        self.grid.on("paste", self._on_paste)
        self.grid.on("jump", self._on_jump)
        self.grid.on("width", self._on_width)
        ui.timer(POLL_S, self._tick)

    def _build_tools(self) -> None:
        with ui.element("div").classes("book-tools"):
            self._tool("add", "Insert a row above", lambda: self._insert(below=False))
            self._tool("playlist_add", "Insert a row below", lambda: self._insert(below=True))
            self._tool("delete_outline", "Delete the row, or the rows picked by their numbers", self._delete)
            self._tool("arrow_downward", "Sort the rows by this column, A to Z", lambda: self._sort(ascending=True))
            self._tool("arrow_upward", "Sort the rows by this column, Z to A", lambda: self._sort(ascending=False))
            self._tool("sticky_note_2", "Write a note on the cell", self._note)
            self._tool("visibility", "Show or hide the hidden columns and rows", self._toggle_hidden)

    def _tool(self, icon: str, hint: str, act: Callable[[], Any]) -> None:
        ui.button(icon=icon, on_click=act).props(f'flat dense round size=sm title="{hint}" aria-label="{hint}"')

    def _build_menu(self) -> None:
        with ui.context_menu().classes("book-menu"):
            ui.menu_item("Insert a row above", lambda: self._insert(below=False))
            ui.menu_item("Insert a row below", lambda: self._insert(below=True))
            ui.menu_item("Delete the row", self._delete)
            ui.separator()
            ui.menu_item("Sort by this column, A to Z", lambda: self._sort(ascending=True))
            ui.menu_item("Sort by this column, Z to A", lambda: self._sort(ascending=False))
            ui.separator()
            ui.menu_item("Note…", self._note)
            ui.menu_item("Show or hide hidden columns", self._toggle_hidden)
            ui.menu_item(f"Add {ROWS_ADDED} rows at the end", self._append)

    @ui.refreshable_method
    def _build_tabs(self) -> None:
        hidden = [tab for tab in self._tabs() if tab.get("hidden") and tab.get("sheetId", 0) != self.sheet_id]
        if hidden:
            with ui.button(icon="menu").props('flat dense size=sm title="Hidden tabs" aria-label="Hidden tabs"'), ui.menu():
                for tab in hidden:
                    ui.menu_item(str(tab["title"]), lambda tab=tab: self._open(tab.get("sheetId", 0)))
        for tab in self._tabs():
            if tab in hidden:
                continue
            is_current = tab.get("sheetId", 0) == self.sheet_id
            button = ui.button(str(tab["title"]), on_click=lambda tab=tab: self._open(tab.get("sheetId", 0)))
            button.props("flat no-caps dense").classes("tab-current" if is_current else "tab")

    # ---- what the browser says

    async def _on_ready(self, event: GenericEventArguments) -> None:
        self._is_ready = True
        await self._go_to(str(event.args.get("hash", "")), is_start=True)

    def _on_cell(self, event: GenericEventArguments) -> None:
        self.cursor = (int(event.args["u"]), int(event.args["c"]))

    def _on_picked(self, event: GenericEventArguments) -> None:
        self.picked = [int(uid) for uid in event.args["uids"]]

    async def _on_jump(self, event: GenericEventArguments) -> None:
        await self._go_to(str(event.args["to"]))

    async def _on_edit(self, event: GenericEventArguments) -> None:
        uid, column, text = int(event.args["u"]), int(event.args["c"]), str(event.args["v"])
        await self._write(uid, column, [[text]])

    async def _on_paste(self, event: GenericEventArguments) -> None:
        await self._write(int(event.args["u"]), int(event.args["c"]), edits.block(str(event.args["text"])))

    async def _on_width(self, event: GenericEventArguments) -> None:
        column, width = int(event.args["c"]), int(event.args["width"])
        span = {"sheetId": self.sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
        change = {"range": span, "properties": {"pixelSize": width}, "fields": "pixelSize"}
        await self._change([{"updateDimensionProperties": change}])

    # ---- what is shown

    async def _go_to(self, fragment: str, *, is_start: bool = False) -> None:
        """Follows ``gid=12&range=F7``; at the start, opens the tab that the address asks for."""
        wanted = parse_qs(fragment)
        gid = wanted.get("gid", [""])[0]
        at = cell_position(wanted.get("range", [""])[0].split("!")[-1])
        sheet_id = int(gid) if gid.isdigit() else self.sheet_id
        if all(tab.get("sheetId", 0) != sheet_id for tab in self._tabs()):
            sheet_id = self.sheet_id
        if is_start or sheet_id != self.sheet_id:
            await self._open(sheet_id, at)
        elif at is not None:
            self.grid.go_to(*at)

    async def _open(self, sheet_id: int, at: tuple[int, int] | None = None) -> None:
        async with self._turn:
            view = await self._ask(self.book.view, sheet_id)
            if view is None:
                return
            self.sheet_id, self.view, self.cursor, self.picked = sheet_id, view, None, []
            self.sent_css = len(self.book.palette.css)
            self.grid.load(
                {
                    "title": view.title,
                    "frame": view.frame,
                    "rows": dict(zip(view.uids, view.rows, strict=True)),
                    "order": view.uids,
                    "lists": {key: list(options) for key, options in view.around.lists.items()},
                    "css": self.book.palette.css,
                    "at": {"row": at[0], "column": at[1]} if at else None,
                }
            )
        self._build_tabs.refresh()

    async def _tick(self) -> None:
        if not self._is_ready or self.view is None or self._turn.locked():
            return
        try:
            if self.book.revision() == self.view.revision:
                return
        except ApiError:
            self.told.set_text("This workbook was deleted")
            return
        async with self._turn:
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Shows what has changed since the last look. The turn is held by the caller."""
        if self.view is None:
            return
        outline = await self._ask(self.book.outline)
        if outline is None:
            return
        before, self.outline = self.outline, outline
        if all(tab.get("sheetId", 0) != self.sheet_id for tab in self._tabs()):
            ui.notify("This tab was deleted.", type="warning")
            background_tasks.create(self._open(self._first_tab()))
            return
        view = await self._ask(self.book.view, self.sheet_id)
        if view is None:
            return
        change = patch(self.view, view)
        if len(self.book.palette.css) != self.sent_css:
            change["css"] = self.book.palette.css
            self.sent_css = len(self.book.palette.css)
        self.view = view
        if change:
            self.grid.patch(change)
        if before != outline:
            self.title.set_text(self._title())
            self._build_tabs.refresh()

    # ---- what is done

    async def _write(self, uid: int, column: int, rows: list[list[str]]) -> None:
        """Types ``rows`` into the cells from (uid, column) on, as a person would."""
        async with self._turn:
            await self._catch_up()
            view = self.view
            row = view.index_of(uid) if view else None
            if view is None or row is None:
                ui.notify("That row is gone; nothing was written.", type="warning")
                return
            height, width = len(rows), max(len(cells) for cells in rows)
            why_not = edits.refusal(view, row, column, rows[0][0]) if height == width == 1 else None
            if why_not:
                ui.notify(why_not, type="negative", multi_line=True)
            elif await self._is_allowed(edits.guarded(view, row, column, height, width)):
                self.told.set_text("Saving…")
                requests = []
                if row + height > len(view.rows):
                    requests.append(edits.more_rows(view, row + height - len(view.rows)))
                if column + width > view.column_count:
                    requests.append(edits.more_columns(view, column + width - view.column_count))
                if not requests or await self._ask(self._batch, requests) is not None:
                    area = edits.area_name(view, row, column, height, width)
                    await self._ask(self._typed, area, rows)
            await self._catch_up()
            self._put_back(uid)
            self.told.set_text("All changes saved")

    def _put_back(self, uid: int) -> None:
        """Sends the row as it is: the browser may show what was typed and not taken."""
        index = self.view.index_of(uid) if self.view else None
        if self.view is not None and index is not None:
            self.grid.patch({"rows": {uid: self.view.rows[index]}})

    async def _change(self, requests: list[Json], guard: Json | None = None) -> None:
        """Carries out ``requests`` in one batch, after asking where they touch a guarded part."""
        async with self._turn:
            if await self._is_allowed(guard):
                await self._ask(self._batch, requests)
            await self._catch_up()

    async def _insert(self, *, below: bool) -> None:
        at = await self._at()
        if at and self.view:
            await self._change([edits.inserted_rows(self.view, at[0], 1, below=below)])

    async def _delete(self) -> None:
        at = await self._at()
        if not at or not self.view:
            return
        rows = [row for uid in self.picked if (row := self.view.index_of(uid)) is not None] or [at[0]]
        guards = [edits.guarded(self.view, row, 0, 1, self.view.column_count) for row in rows]
        guard = next((guard for guard in guards if guard and not guard.get("warningOnly")), None)
        await self._change(edits.deleted_rows(self.view, rows), guard)

    async def _sort(self, *, ascending: bool) -> None:
        at = await self._at()
        request = edits.sorted_rows(self.view, at[1], ascending=ascending) if at and self.view else None
        if request:
            await self._change([request])

    async def _append(self) -> None:
        if self.view:
            await self._change([edits.more_rows(self.view, ROWS_ADDED)])

    async def _note(self) -> None:
        at = await self._at()
        if not at or not self.view:
            return
        with ui.dialog() as dialog, ui.card().classes("ask"):
            ui.label(f"Note on {cell_name(*at)}").classes("ask-title")
            text = ui.textarea(value=edits.note_of(self.view, *at)).props("outlined autofocus").classes("ask-text")
            with ui.row().classes("ask-buttons"):
                ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat no-caps")
                ui.button("Save", on_click=lambda: dialog.submit(text.value)).props("unelevated no-caps")
        answer = await dialog
        dialog.delete()
        if answer is not None and self.view:
            await self._change([edits.noted_cell(self.view, *at, str(answer).strip())])

    def _toggle_hidden(self) -> None:
        self.hidden_shown = not self.hidden_shown
        self.grid.show_hidden(self.hidden_shown)

    # ---- in between

    async def _at(self) -> tuple[int, int] | None:
        """The cursor as (row, column) now; says so where there is none."""
        async with self._turn:
            await self._catch_up()
        row = self.view.index_of(self.cursor[0]) if self.view and self.cursor else None
        if row is None or self.cursor is None:
            ui.notify("Click a cell first.")
            return None
        return row, self.cursor[1]

    async def _is_allowed(self, guard: Json | None) -> bool:
        """True where nothing guards the cells, or the person says so."""
        if guard is None or not self.asks_again:
            return True
        what = str(guard.get("description") or "").strip()
        with ui.dialog().props("persistent") as dialog, ui.card().classes("ask"):
            ui.label("Heads up!").classes("ask-title")
            ui.label(GUARDED)
            if what:
                ui.label(what).classes("ask-what")
            again = ui.checkbox("Do not ask again in this window").props("dense")
            with ui.row().classes("ask-buttons"):
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
                ui.button("Edit anyway", on_click=lambda: dialog.submit(True)).props("unelevated no-caps")
        answer = bool(await dialog)
        self.asks_again = self.asks_again and not (answer and again.value)
        dialog.delete()
        self.grid.take_focus()
        return answer

    async def _ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What ``call`` answers, from a thread; None, and the reason in a notification, where the service refuses."""
        try:
            return await asyncio.to_thread(call, *arguments)
        except ApiError as error:
            ui.notify(f"Not saved: {error.message}", type="negative", multi_line=True)
            return None

    def _batch(self, requests: list[Json]) -> Json:
        return self.book.service.batch_update(self.book.spreadsheet_id, {"requests": requests})

    def _typed(self, area: str, rows: list[list[str]]) -> Json:
        body = {"range": area, "majorDimension": "ROWS", "values": rows}
        return self.book.service.values_update(
            self.book.spreadsheet_id, area, body, value_input_option="USER_ENTERED"
        )

    def _title(self) -> str:
        return str((self.outline.get("properties") or {}).get("title", ""))

    def _tabs(self) -> list[Json]:
        return [sheet["properties"] for sheet in self.outline.get("sheets") or []]

    def _first_tab(self) -> int:
        visible = [tab for tab in self._tabs() if not tab.get("hidden")] or self._tabs()
        return int(visible[0].get("sheetId", 0))
