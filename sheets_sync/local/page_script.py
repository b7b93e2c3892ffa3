"""The script of a workbook in one window: the menus it adds, what it asks, its sidebar, and where it is pasted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from sheets_sync.local.page_book import PERSON
from sheets_sync.local.page_dialogs import script_answer, script_texts
from sheets_sync.local.script_host import ScriptHost
from sheets_sync.local.scripts import ScriptError

Json = dict[str, Any]

FILES = ("menu.gs", "sidebar.html", "appsscript.json")
"""What the paste dialog offers, beside what is there already."""


class ScriptRunner(Element, component="static/script_runner.js"):
    """Runs a script's functions in a worker of the browser and shows its sidebar. Its modules come with SheetGrid.

    Events: ``started`` and ``ended`` (an execution), ``failed`` (why), ``ready``.
    """

    def start(self, key: str) -> None:
        """Gives it the key of the window's seat."""
        self.run_method("start", key)

    def run(self, name: str) -> None:
        """Runs a function without arguments."""
        self.run_method("run", name)

    def show_sidebar(self, title: str, html: str) -> None:
        """Opens the sidebar, in the place of the one before."""
        self.run_method("showSidebar", json.dumps({"title": title, "html": html}))


class PageScripts:
    """``selection`` gives the cursor: {"sheet", "row", "column"} from 0, or None."""

    def __init__(self, host: ScriptHost, spreadsheet_id: str, selection: Callable[[], Json | None]) -> None:
        self._host = host
        self._spreadsheet_id = spreadsheet_id
        self._selection = selection
        self._running = 0

    def build_menus(self) -> None:
        """Puts the place of the menus on the page."""
        with ui.element("div").classes("book-scripts"):
            self._menus = ui.element("nav").classes("book-menus")
            self._working = ui.label("").classes("book-working").props("role=status")

    def build_sidebar(self) -> None:
        """Puts the sidebar's place on the page, and runs the script's onOpen once the browser is ready."""
        self._runner = ScriptRunner().classes("script-runner")
        self._key = self._host.open(self._spreadsheet_id, PERSON, self._asked)
        ui.context.client.on_delete(lambda: self._host.close(self._key))
        self._runner.on("ready", self._open)
        self._runner.on("started", lambda: self._count(1))
        self._runner.on("ended", lambda: self._count(-1))
        self._runner.on("failed", self._failed)

    async def paste(self) -> None:
        """Asks for the script's files and keeps them, as Google's script editor does."""
        there = await asyncio.to_thread(self._host.scripts.files, self._spreadsheet_id)
        texts = await script_texts(dict.fromkeys(FILES, "") | there)
        if texts is None:
            return
        files = {name: text for name, text in texts.items() if text.strip()}
        try:
            await asyncio.to_thread(self._host.scripts.install, self._spreadsheet_id, files)
        except ScriptError as error:
            ui.notify(str(error), type="negative", multi_line=True)
            return
        ui.notify("The script is kept. Other windows have it once they are loaded again.")
        self._menus.clear()
        await self._open()

    async def _open(self) -> None:
        files = await asyncio.to_thread(self._host.scripts.files, self._spreadsheet_id)
        if files:
            self._runner.start(self._key)
            self._runner.run("onOpen")

    async def _asked(self, kind: str, details: Json) -> Any:
        """What a script's call of the user interface answers. Called from outside of the window's own events."""
        with self._menus:
            match kind:
                case "alert" | "prompt":
                    buttons = [str(name) for name in details.get("buttons") or ["OK"]]
                    title, text = str(details.get("title", "")), str(details.get("text", ""))
                    return await script_answer(title, text, buttons, has_input=kind == "prompt")
                case "menu":
                    self._add_menu(str(details["title"]), list(details["items"]))
                case "sidebar":
                    self._runner.show_sidebar(str(details["title"]), str(details["html"]))
                case "selection":
                    return self._selection()
                case _:
                    raise ScriptError(f"The page knows no {kind[:50]}.")
        return None

    def _add_menu(self, title: str, items: list[Json | None]) -> None:
        with ui.button(title, color=None).props("flat dense no-caps"), ui.menu().classes("book-menu"):
            for item in items:
                if item is None:
                    ui.separator()
                else:
                    ui.menu_item(str(item["caption"]), self._clicked(str(item["name"])))

    def _clicked(self, name: str) -> Callable[[], None]:
        return lambda: self._runner.run(name)

    def _count(self, by: int) -> None:
        self._running = max(0, self._running + by)
        self._working.set_text("Working…" if self._running else "")

    def _failed(self, event: GenericEventArguments) -> None:
        ui.notify(f"The script failed: {event.args['why']}", type="negative", multi_line=True)
