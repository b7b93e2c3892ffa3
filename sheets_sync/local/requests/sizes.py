"""Sizes of rows and columns."""

from __future__ import annotations

from sheets_sync.local.calculation import Calculator
from sheets_sync.local.fields import updated
from sheets_sync.local.grid import Cell, Json, Sheet
from sheets_sync.local.rendering import COLUMN_PIXELS, ROW_PIXELS, shown_value
from sheets_sync.local.requests.change import Change, Refused, dimension


def update_dimension_properties(change: Change, body: Json) -> Json:
    """updateDimensionProperties"""
    sheet, is_rows, start, end = dimension(change, body.get("range"))
    mask = change.mask("DimensionProperties", body.get("fields"))
    wanted = body.get("properties", {})
    if ("pixelSize" in mask or "*" in mask) and wanted.get("pixelSize", 1) < 0:
        raise Refused("pixelSize must not be negative.")
    sizes = sheet.row_sizes if is_rows else sheet.column_sizes
    for index in range(start, end):
        new = {k: v for k, v in updated(sizes.get(index, {}), wanted, mask).items() if v not in (False, None, [])}
        if new:
            sizes[index] = new
        else:
            sizes.pop(index, None)
    return {}


def auto_resize_dimensions(change: Change, body: Json) -> Json:
    """autoResizeDimensions: an estimate of the width of the longest text, since no fonts are measured here."""
    sheet, is_rows, start, end = dimension(change, body.get("dimensions"), "dimensions")
    if is_rows:
        for index in range(start, end):
            _resize(sheet.row_sizes, index, ROW_PIXELS)
        return {}
    calculator = change.calculator()
    widest = dict.fromkeys(range(start, end), 0.0)
    for index, row in enumerate(sheet.rows):
        for column, cell in (row or {}).items():
            if start <= column < end and cell.entered is not None:
                widest[column] = max(widest[column], _text_width(_shown(calculator, sheet, index, column, cell)))
    for column, width in widest.items():
        _resize(sheet.column_sizes, column, round(width) + _PADDING if width else COLUMN_PIXELS)
    return {}


# advance widths of Roboto in units of 1/2048 em: the face that automatic sizes turn out to be measured in
_UPPER = (1336, 1275, 1333, 1343, 1164, 1132, 1395, 1460, 557, 1130, 1284, 1102, 1788)
_UPPER += (1460, 1408, 1292, 1408, 1261, 1215, 1222, 1328, 1303, 1817, 1284, 1230, 1226)
_LOWER = (1114, 1149, 1072, 1155, 1085, 711, 1149, 1128, 497, 489, 1038, 497, 1795)
_LOWER += (1130, 1168, 1149, 1164, 693, 1056, 669, 1129, 992, 1538, 1015, 969, 1015)
_GLYPHS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", _UPPER + _LOWER, strict=True))
_GLYPHS |= {" ": 507, ".": 539, ",": 402, "-": 565, ":": 496, "_": 924, "(": 700, ")": 712, "/": 844, "%": 1500}
_PIXELS, _PADDING = 13, 7


def _text_width(text: str) -> float:
    """Pixels of the longest line."""
    units = max(sum(_GLYPHS.get(c, 1150 if ord(c) < 0x2E80 else 2048) for c in line) for line in text.split("\n"))
    return units * _PIXELS / 2048


def _shown(calculator: Calculator, sheet: Sheet, row: int, column: int, cell: Cell) -> str:
    return str(shown_value(calculator, sheet, row, column, cell, "FORMATTED_VALUE", "SERIAL_NUMBER"))


def _resize(sizes: dict[int, Json], index: int, pixels: int) -> None:
    sizes[index] = {**sizes.get(index, {}), "pixelSize": pixels}
