"""One window on one workbook: its bar, its tabs, its grid; what is done in it, and what others do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from sheets_sync.local import page_edits as edits
from sheets_sync.local.a1 import cell_text
from sheets_sync.local.errors import ApiError
from sheets_sync.local.page_book import ROW_IS_GONE, Book, Edit, row_of
from sheets_sync.local.page_dialogs import edit_anyway, note_text, tab_title
from sheets_sync.local.page_grid import SheetGrid
from sheets_sync.local.page_patch import patch
from sheets_sync.local.page_script import PageScripts
from sheets_sync.local.page_tabs import TabBar, addressed, known_tab, tab_id
from sheets_sync.local.page_undo import DeletedRows, InsertedRows, Steps, rows_deleted, typed_cells, undoing
from sheets_sync.local.page_view import TabView
from sheets_sync.local.script_host import ScriptHost

Json = dict[str, Any]
Change = Callable[[TabView, int, int], Sequence[Json]]
"""Requests for the view as it is now and the cursor's row and column in it."""

POLL_S = 0.4
ROWS_ADDED = 100


class WorkbookWindow:
    """State of one browser window. Its coroutines run in NiceGUI's event loop; one at a time has the ``_turn``."""

    def __init__(self, book: Book, scripts: ScriptHost, outline: Json, sheet_id: int | None) -> None:
        self.book = book
        self.outline = outline
        self.sheet_id = self._known_tab(sheet_id)
        self.view: TabView | None = None
        self.sent_css = 0
        self.cursor: tuple[int, int] | None = None
        self.picked: list[int] = []
        self.hidden_shown = False
        self.asks_first = True
        self.steps = Steps()
        self.scripts = PageScripts(scripts, book.spreadsheet_id, self._selection)
        self.tabs = TabBar(self._tabs, lambda: self.sheet_id, self._open, self._rename)
        self._turn = asyncio.Lock()

    # ---- what the window is made of

    def build(self) -> None:
        """Puts the window's elements on the page."""
        ui.page_title(self._title())
        with ui.element("div").classes("book"):
            with ui.element("header").classes("book-bar"):
                ui.link("", "/?list=1").classes("book-home").props('title="All workbooks" aria-label="All workbooks"')
                self.title = ui.label(self._title()).classes("book-title")
                self.scripts.build_menus()
                with ui.element("div").classes("book-tools"):
                    for icon, hint, act in self._actions():
                        button = ui.button(icon=icon, on_click=act, color=None)
                        button.props(f'flat dense round size=sm title="{hint}" aria-label="{hint}"')
                self.told = ui.label("All changes saved").classes("book-told").props("role=status")
            with ui.element("div").classes("book-middle"):
                with ui.element("div").classes("book-grid"):
                    self.grid = SheetGrid()
                    with ui.context_menu().classes("book-menu"):
                        for _, hint, act in self._actions():
                            ui.menu_item(hint, act)
                self.scripts.build_sidebar()
            with ui.element("footer").classes("book-tabs"):
                self.tabs.build()
        self._listen()
        ui.timer(POLL_S, self._tick)

    def _actions(self) -> list[tuple[str, str, Callable[[], Any]]]:
        return [
            ("undo", "Undo what was typed, pasted, inserted or deleted in this window", self._undo),
            ("add", "Insert a row above", lambda: self._insert(below=False)),
            ("playlist_add", "Insert a row below", lambda: self._insert(below=True)),
            ("delete_outline", "Delete the row, or the rows picked by their numbers", self._delete),
            ("arrow_downward", "Sort the rows by this column, A to Z", lambda: self._sort(ascending=True)),
            ("arrow_upward", "Sort the rows by this column, Z to A", lambda: self._sort(ascending=False)),
            ("sticky_note_2", "Write a note on the cell", self._note),
            ("visibility", "Show or hide the hidden columns and rows", self._toggle_hidden),
            ("vertical_align_bottom", f"Add {ROWS_ADDED} rows at the end", self._append),
            ("code", "Paste the script of this workbook, which adds menus to it", self.scripts.paste),
        ]

    # ---- what the browser says

    def _listen(self) -> None:
        def on_cell(event: GenericEventArguments) -> None:
            self.cursor = (int(event.args["u"]), int(event.args["c"]))

        def on_picked(event: GenericEventArguments) -> None:
            self.picked = [int(uid) for uid in event.args["uids"]]

        async def on_ready(event: GenericEventArguments) -> None:
            await self._go_to(str(event.args.get("hash", "")), is_start=True)

        async def on_jump(event: GenericEventArguments) -> None:
            await self._go_to(str(event.args["to"]))

        async def on_edit(event: GenericEventArguments) -> None:
            await self._write(int(event.args["u"]), int(event.args["c"]), [[str(event.args["v"])]])

        async def on_paste(event: GenericEventArguments) -> None:
            await self._write(int(event.args["u"]), int(event.args["c"]), edits.block(str(event.args["text"])))

        def on_refused(event: GenericEventArguments) -> None:
            ui.notify(str(event.args["why"]), type="negative", multi_line=True)

        async def on_width(event: GenericEventArguments) -> None:
            column, width = int(event.args["c"]), int(event.args["width"])
            await self._change(lambda view: [edits.wide_column(view, column, width)])

        for name, listener in (
            ("cell", on_cell),
            ("picked", on_picked),
            ("ready", on_ready),
            ("jump", on_jump),
            ("edit", on_edit),
            ("paste", on_paste),
            ("undo", self._undo),
            ("refused", on_refused),
            ("width", on_width),
        ):
            self.grid.on(name, listener)

    # ---- what is shown

    async def _go_to(self, fragment: str, *, is_start: bool = False) -> None:
        """Follows ``gid=12&range=F7``; at the start, opens the tab that the address asks for."""
        gid, at = addressed(fragment)
        sheet_id = self._known_tab(self.sheet_id if gid is None else gid)
        if is_start or sheet_id != self.sheet_id:
            await self._open(sheet_id, at)
        elif at is not None:
            self.grid.go_to(*at)

    async def _open(self, sheet_id: int, at: tuple[int, int] | None = None) -> None:
        async with self._turn:
            await self._show(sheet_id, at)
        self.tabs.update()

    async def _show(self, sheet_id: int, at: tuple[int, int] | None = None) -> None:
        view: TabView | None = await self._ask(self.book.view, sheet_id)
        if view is None:
            return
        self.sheet_id, self.view, self.cursor, self.picked = sheet_id, view, None, []
        css = list(self.book.palette.css)
        self.sent_css = len(css)
        self.grid.load(
            {
                "title": view.title,
                "frame": view.frame,
                "rows": dict(zip(view.uids, view.rows, strict=True)),
                "order": view.uids,
                "lists": view.around.options(),
                "charts": view.charts,
                "css": css,
                "at": {"row": at[0], "column": at[1]} if at else None,
            }
        )

    async def _tick(self) -> None:
        if self.view is None or self._turn.locked():
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
        if self.view is None or self.book.revision() == self.view.revision:
            return
        before, outline = self.outline, await self._ask(self.book.outline)
        if outline is None:
            return
        self.outline = outline
        if self._known_tab(self.sheet_id) != self.sheet_id:
            ui.notify("This tab was deleted.", type="warning")
            await self._show(self._known_tab(None))
        else:
            await self._show_changes()
        if before != outline:
            self.title.set_text(self._title())
            self.tabs.update()

    async def _show_changes(self) -> None:
        view: TabView | None = await self._ask(self.book.view, self.sheet_id)
        if view is None or self.view is None:
            return
        change = patch(self.view, view)
        css = list(self.book.palette.css)
        if len(css) != self.sent_css:
            change["css"] = css
            self.sent_css = len(css)
        self.view = view
        if change:
            self.grid.patch(change)

    # ---- what is done

    async def _write(self, uid: int, column: int, rows: list[list[str]]) -> None:
        """Types ``rows`` into the cells from (uid, column) on, as a person would."""
        self.told.set_text("Saving…")
        async with self._turn:
            place = await self._place(uid)
            if place is not None and await self._is_taken(*place, column, rows):
                await self._type_in(place[0].sheet_id, uid, column, rows)
            await self._catch_up()
            self._put_back(uid)
            self.told.set_text("All changes saved")

    async def _type_in(self, sheet_id: int, uid: int, column: int, rows: list[list[str]]) -> None:
        """Writes the block, and remembers what stood there."""
        views: tuple[TabView, TabView] | None = await self._ask(self.book.type_in, sheet_id, uid, column, rows)
        if views is None:
            return
        before, after = views
        height, width = len(rows), max(len(cells) for cells in rows)
        if (start := after.index_of(uid)) is not None:
            uids = after.uids[start : start + height]
            self.steps.add(sheet_id, typed_cells(before, after, uids, range(column, column + width)))
        if height * width > 1:
            ui.notify(f"Pasted {height:,} × {width:,} cells (rows × columns). Ctrl+Z takes them back.")

    async def _is_taken(self, view: TabView, row: int, column: int, rows: list[list[str]]) -> bool:
        """False, and the reason told, where a strict rule refuses the text, or the person thinks better of it."""
        height, width = len(rows), max(len(cells) for cells in rows)
        why_not = edits.too_large(rows)
        if height == width == 1:
            why_not = edits.refusal(view, row, column, rows[0][0])
        if why_not:
            ui.notify(why_not, type="negative", multi_line=True)
            return False
        return await self._is_allowed(edits.guarded(view, row, column, height, width))

    async def _change(self, wanted: Edit) -> tuple[TabView, TabView] | None:
        """Carries out a change in one batch, made for the tab as it is at that moment: the tab right before and right
        after; None where nothing was done."""
        async with self._turn:
            done: tuple[TabView, TabView] | None = await self._ask(self.book.edit, self.sheet_id, wanted)
            await self._catch_up()
        return done

    async def _change_here(self, wanted: Change) -> tuple[TabView, TabView, int] | None:
        """The same at the cursor; its row before as well."""
        cursor = self._cell()
        if cursor is None:
            return None
        uid, column = cursor
        done = await self._change(lambda view: wanted(view, row_of(view, uid), column))
        return None if done is None else (*done, row_of(done[0], uid))

    async def _insert(self, *, below: bool) -> None:
        done = await self._change_here(lambda view, row, _: edits.inserted_rows(view, row, 1, below=below))
        if done is not None:
            before, after, row = done
            self._stay_at(row + 1 if below else row)
            self.steps.add(after.sheet_id, InsertedRows(uids=tuple({*after.uids} - {*before.uids})))

    async def _delete(self) -> None:
        picked = self.picked

        def rows(view: TabView, row: int) -> list[int]:
            return [index for uid in picked if (index := view.index_of(uid)) is not None] if picked else [row]

        done = await self._change_here(lambda view, row, _column: edits.deleted_rows(view, rows(view, row)))
        if done is not None:
            before, _, row = done
            self.picked = []
            self._stay_at(row)
            step = rows_deleted(before, rows(before, row))
            self.steps.add(before.sheet_id, step)
            count = sum(len(cells) for _, _, cells in step.runs)
            ui.notify(f"Deleted {count} {'row' if count == 1 else 'rows'}. Ctrl+Z brings them back.")

    async def _undo(self) -> None:
        latest = self.steps.latest()
        if latest is None:
            ui.notify("There is nothing to undo in this window.")
            return
        sheet_id, step = latest
        if sheet_id != self.sheet_id:
            if self._known_tab(sheet_id) != sheet_id:
                ui.notify("The tab of the last change is gone; nothing was undone.", type="warning")
                return
            await self._open(sheet_id)
        made: list[tuple[list[Json], str]] = []

        def wanted(view: TabView) -> Sequence[Json]:
            made.append(undoing(view, step))
            return made[0][0]

        done = await self._change(wanted)
        for requests, told in made:
            if done is not None or not requests:
                ui.notify(told)
        if isinstance(step, DeletedRows) and done is not None:
            known = set(done[0].uids)
            back = [uid for uid in done[1].uids if uid not in known]
            if len(back) == len(step.uids):
                self.steps.rename(sheet_id, dict(zip(step.uids, back, strict=True)))

    async def _rename(self, sheet_id: int) -> None:
        before = next((str(tab["title"]) for tab in self._tabs() if tab_id(tab) == sheet_id), "")
        title = await tab_title(before)
        if title is None:
            return
        async with self._turn:
            await self._ask(self.book.change, [edits.renamed_tab(sheet_id, title)])
            await self._catch_up()

    async def _sort(self, *, ascending: bool) -> None:
        await self._change_here(lambda view, _, column: edits.sorted_rows(view, column, ascending=ascending))

    async def _append(self) -> None:
        await self._change(lambda view: [edits.more_rows(view, ROWS_ADDED)])

    async def _note(self) -> None:
        cursor = self._cell()
        if cursor is None:
            return
        async with self._turn:
            place = await self._place(cursor[0])
        if place is None:
            return
        note = await note_text(cell_text(place[1], cursor[1]), edits.note_of(*place, cursor[1]))
        if note is not None:
            await self._change_here(lambda view, row, column: [edits.noted_cell(view, row, column, note)])

    def _toggle_hidden(self) -> None:
        self.hidden_shown = not self.hidden_shown
        self.grid.show_hidden(self.hidden_shown)

    # ---- in between

    async def _place(self, uid: int) -> tuple[TabView, int] | None:
        """The view as it is now and the row of ``uid`` in it; says so where the row is gone."""
        await self._catch_up()
        row = self.view.index_of(uid) if self.view else None
        if self.view is None or row is None:
            ui.notify(ROW_IS_GONE, type="warning")
            return None
        return self.view, row

    def _cell(self) -> tuple[int, int] | None:
        """The cursor's uid and column; says so where there is none."""
        if self.cursor is None:
            ui.notify("Click a cell first.")
        return self.cursor

    def _selection(self) -> Json | None:
        """The cursor, as a script knows it."""
        row = self.view.index_of(self.cursor[0]) if self.view and self.cursor else None
        return (
            None if row is None or not self.cursor else {"sheet": self.sheet_id, "row": row, "column": self.cursor[1]}
        )

    async def _is_allowed(self, guard: Json | None) -> bool:
        """True where nothing guards the cells, or the person says so."""
        if guard is None or not self.asks_first:
            return True
        answer, self.asks_first = await edit_anyway(guard)
        self.grid.take_focus()
        return answer

    def _stay_at(self, row: int) -> None:
        """Puts the cursor into ``row``, or the last one where there are fewer, in its column."""
        if self.view is not None and self.cursor is not None:
            self.grid.go_to(min(row, len(self.view.rows) - 1), self.cursor[1])

    def _put_back(self, uid: int) -> None:
        """Sends the row as it is: the browser may show what was typed and not taken."""
        index = self.view.index_of(uid) if self.view else None
        if self.view is not None and index is not None:
            self.grid.patch({"rows": {uid: self.view.rows[index]}})

    async def _ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What ``call`` answers, from a thread; None, and the reason in a notification, where the service refuses."""
        try:
            return await asyncio.to_thread(call, *arguments)
        except ApiError as error:
            ui.notify(edits.plain_reason(error.message), type="negative", multi_line=True)
            return None

    def _title(self) -> str:
        return str((self.outline.get("properties") or {}).get("title", ""))

    def _tabs(self) -> list[Json]:
        return [sheet["properties"] for sheet in self.outline.get("sheets") or []]

    def _known_tab(self, sheet_id: int | None) -> int:
        return known_tab(self._tabs(), sheet_id)
