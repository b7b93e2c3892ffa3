"""NiceGUI's AG Grid, dressed as a sheet: an element whose script stands in ``static``."""

from __future__ import annotations

import json
from typing import Any

from nicegui.element import Element
from nicegui.elements import aggrid as aggrid  # registers the AG Grid module that the script imports
from nicegui.elements import echart as echart  # likewise ECharts, for the charts of a tab

Json = dict[str, Any]


class SheetGrid(Element, component="static/sheet_grid.js", esm={"sheets-page": "static"}):
    """A grid of one tab. It holds no rows on the server: ``load`` and ``patch`` send them to the browser as they are.

    Events, each with a dict: ``ready`` (hash: the address' fragment), ``cell`` (u, c: uid of the focused row, column),
    ``edit`` (u, c, v: what was typed), ``paste`` (u, c, text), ``picked`` (uids of the selected rows), ``jump`` (to: an
    internal link's fragment), ``width`` (c, width: a column drawn wider or narrower), ``undo``, ``refused`` (why: what
    the page could not take, in a sentence).
    """

    def load(self, tab: Json) -> None:
        """Shows another tab: frame, rows, order, lists, charts, css, and where to put the cursor (``at``)."""
        self._send("load", tab)

    def patch(self, change: Json) -> None:
        """Changes the shown rows; an edit in progress stays open."""
        self._send("patch", change)

    def go_to(self, row: int, column: int) -> None:
        """Scrolls to a cell and puts the cursor there."""
        self._send("goTo", {"row": row, "column": column})

    def show_hidden(self, shown: bool) -> None:
        """Shows or hides the columns and rows that the workbook hides."""
        self._send("showHidden", {"shown": shown})

    def take_focus(self) -> None:
        """Gives the keyboard back to the grid."""
        self._send("takeFocus", {})

    def _send(self, method: str, payload: Json) -> None:
        # One JSON text as the argument: the browser parses it as data, nothing in it is ever evaluated.
        self.run_method(method, json.dumps(payload, ensure_ascii=True, separators=(",", ":")))
