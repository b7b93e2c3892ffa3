"""What goes into a cell: a value, or text with links; how it is sent to the API, and how it reads back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from sheets_sync.grids import CellValue

LONGEST_TEXT = 50_000
"""Characters that Google takes in one cell."""

LONGEST_NOTE = 30_000
MOST_DECIMALS = 10
_EPOCH = datetime(1899, 12, 30)
_CELL_ERRORS = {
    "ERROR": "#ERROR!",
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
}


@dataclass(frozen=True, slots=True)
class Linked:
    """Text of which parts are links: each part is (text, uri or None)."""

    parts: tuple[tuple[str, str | None], ...]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to be read: shown with commas between thousands and the decimals that it has."""

    amount: Decimal

    @property
    def pattern(self) -> str:
        """The number format of its cell. It goes with the cell, since no format of a column shows 4,500 and 0.14 as
        they are."""
        exponent = self.amount.normalize().as_tuple().exponent
        decimals = min(MOST_DECIMALS, -exponent) if isinstance(exponent, int) and exponent < 0 else 0
        return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


Content = str | int | float | Decimal | bool | None | Linked | Figure
"""What one cell is to show. Text is always sent as text: "=1+1" stays what it is."""


def link(text: str, uri: str | None) -> Linked:
    """A cell that is one link; plain text where ``uri`` is None."""
    return Linked(((text, uri),))


def cell_uri(sheet_id: int, cell: str | None = None) -> str:
    """The link to a tab of the same spreadsheet, or to one of its cells or ranges ("F7")."""
    return f"#gid={sheet_id}&range={cell}" if cell else f"#gid={sheet_id}"


def sheet_text(text: str, limit: int = LONGEST_TEXT) -> str:
    """``text`` as a cell can hold it: NUL and lone surrogates become U+FFFD, what is too long is cut with an ellipsis.
    Length counts as Google counts it, in UTF-16 units."""
    if not text.isascii() or "\0" in text:
        text = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if len(text) <= limit // 2:
        return text
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    cut = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return cut + "…"


def serial(moment: datetime, zone: tzinfo) -> float:
    """An aware moment as a sheet's date and time: days since 1899-12-30 by the clock of ``zone``, to the second."""
    local = moment.astimezone(zone).replace(tzinfo=None, microsecond=0)
    past = local - _EPOCH
    return past.days + past.seconds / 86_400


def shown(content: Content) -> CellValue:
    """What the cell will read back as: text, number, bool, or None for a blank."""
    kind = type(content)
    if kind is str:
        return sheet_text(content) or None  # pyright: ignore[reportArgumentType]
    if isinstance(content, Linked):
        content = content.text
    if isinstance(content, Figure):
        content = content.amount
    if isinstance(content, str):
        return sheet_text(content) or None
    if isinstance(content, Decimal):
        content = int(content) if content == content.to_integral_value() and abs(content) < 2**53 else float(content)
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def same(content: Content, there: CellValue) -> bool:
    """True where a cell that reads ``there`` already shows ``content``."""
    if content is there or (type(content) is str and content == there):
        return True
    wanted = shown(content)
    if wanted is None or there is None or there == "":
        return wanted is None and (there is None or there == "")
    if isinstance(wanted, bool) or isinstance(there, bool) or isinstance(wanted, str) or isinstance(there, str):
        return type(wanted) is type(there) and wanted == there
    return math.isclose(wanted, there, rel_tol=1e-12, abs_tol=1e-12)


def cell_data(content: Content) -> dict[str, Any]:
    """The API's CellData of a value: never a formula. ``{}`` empties the cell under its field mask. The format of a
    Figure goes by itself (``format_data``), since many share one."""
    value = shown(content)
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"userEnteredValue": {"boolValue": value}}
    if isinstance(value, int | float):
        return {"userEnteredValue": {"numberValue": value}}
    data: dict[str, Any] = {"userEnteredValue": {"stringValue": value}}
    if isinstance(content, Linked):
        data["textFormatRuns"] = _runs(content, len(value))
    return data


def _runs(content: Linked, length: int) -> list[dict[str, Any]]:
    """Where each link starts and ends; the API counts UTF-16 units, and a run must start inside the text."""
    runs: list[dict[str, Any]] = []
    start = 0
    for text, uri in content.parts:
        if start < length and (uri or runs):
            runs.append({"startIndex": start, "format": {"link": {"uri": uri}} if uri else {}})
        start += len(text.encode("utf-16-le", "surrogatepass")) // 2
    return runs


def value_fields(content: Content) -> str:
    """The field mask under which ``cell_data`` is written."""
    return "userEnteredValue,textFormatRuns" if isinstance(content, Linked) else "userEnteredValue"


FORMAT_FIELDS = "userEnteredFormat.numberFormat"


def format_data(pattern: str) -> dict[str, Any]:
    """The API's CellData of a Figure's ``pattern``, written under ``FORMAT_FIELDS``."""
    return {"userEnteredFormat": {"numberFormat": {"type": "NUMBER", "pattern": pattern}}}


def value_of(cell: Mapping[str, Any]) -> CellValue:
    """What an API CellData holds, as ``values:batchGet`` gives it unformatted."""
    for kind, value in (cell.get("effectiveValue") or {}).items():  # there is one at most
        if kind in ("stringValue", "numberValue", "boolValue"):
            return value
        if kind == "errorValue":
            return _CELL_ERRORS.get(value.get("type", ""), "#ERROR!")
    return None
