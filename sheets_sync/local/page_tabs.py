"""The bar of tabs at the foot of a window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from nicegui import ui

from sheets_sync.local.a1 import parse_cells

Json = dict[str, Any]


class TabBar:
    """Shows the tabs' titles; hidden ones stand behind a menu. ``tabs`` are SheetProperties in their order,
    ``current`` gives the open one; ``open_tab`` and ``rename`` are told a sheet id."""

    def __init__(
        self,
        tabs: Callable[[], list[Json]],
        current: Callable[[], int],
        open_tab: Callable[[int], Awaitable[None]],
        rename: Callable[[int], Awaitable[None]],
    ) -> None:
        self._tabs = tabs
        self._current = current
        self._open = open_tab
        self._rename = rename
        self._buttons: dict[int, ui.button] = {}
        self._drawn: list[tuple[int, str, bool]] = []

    def update(self) -> None:
        """Shows the tabs as they are now. Buttons stay where they can: the second click of two finds the same one."""
        if self._drawn != self._wanted():
            self.build.refresh()
            return
        for sheet_id, button in self._buttons.items():
            self._mark(button, is_current=sheet_id == self._current())

    @ui.refreshable_method
    def build(self) -> None:
        """Draws the bar."""
        self._buttons.clear()
        self._drawn = self._wanted()
        hidden = [tab for tab in self._tabs() if tab.get("hidden") and tab_id(tab) != self._current()]
        if hidden:
            self._hidden_menu(hidden)
        for tab in self._tabs():
            if tab not in hidden:
                self._button(tab)

    def _wanted(self) -> list[tuple[int, str, bool]]:
        current = self._current()
        return [
            (tab_id(tab), str(tab["title"]), bool(tab.get("hidden")) and tab_id(tab) != current) for tab in self._tabs()
        ]

    @staticmethod
    def _mark(button: ui.button, *, is_current: bool) -> None:
        button.classes(replace="tab-current" if is_current else "tab")
        button.props(add="aria-current=page" if is_current else "", remove="" if is_current else "aria-current")

    def _hidden_menu(self, hidden: list[Json]) -> None:
        button = ui.button(icon="menu", color=None)
        button.props('flat dense size=sm title="Hidden tabs" aria-label="Hidden tabs"')
        with button, ui.menu().classes("book-menu"):
            for tab in hidden:
                ui.menu_item(str(tab["title"]), self._opener(tab))

    def _button(self, tab: Json) -> None:
        button = ui.button(str(tab["title"]), on_click=self._opener(tab), color=None).props("flat no-caps dense")
        self._buttons[tab_id(tab)] = button
        self._mark(button, is_current=tab_id(tab) == self._current())
        button.on("dblclick", self._renamer(tab))
        with button, ui.context_menu().classes("book-menu"):
            ui.menu_item("Rename…", self._renamer(tab))

    def _opener(self, tab: Json) -> Callable[[], Awaitable[None]]:
        async def opened() -> None:
            if tab_id(tab) != self._current():
                await self._open(tab_id(tab))

        return opened

    def _renamer(self, tab: Json) -> Callable[[], Awaitable[None]]:
        return lambda: self._rename(tab_id(tab))


def tab_id(tab: Json) -> int:
    """The sheet id of SheetProperties."""
    return int(tab.get("sheetId", 0))


def known_tab(tabs: list[Json], sheet_id: int | None) -> int:
    """``sheet_id`` where one of ``tabs`` has it, else that of the first visible one."""
    if any(tab_id(tab) == sheet_id for tab in tabs):
        assert sheet_id is not None
        return sheet_id
    visible = [tab for tab in tabs if not tab.get("hidden")] or tabs
    return tab_id(visible[0])


def addressed(fragment: str) -> tuple[int | None, tuple[int, int] | None]:
    """(sheet id, (row, column) from 0) of an address' ``gid=12&range=F7``; None for what it does not say."""
    wanted = parse_qs(fragment)
    gid = wanted.get("gid", [""])[0]
    area = parse_cells(wanted.get("range", [""])[0].split("!")[-1].replace("$", ""))
    return int(gid) if gid.isdigit() else None, (area.top or 0, area.left or 0) if area else None
