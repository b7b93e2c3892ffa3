"""Values and cells as the API's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sheets_sync.local import formats, styles
from sheets_sync.local.a1 import Box
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.fields import Mask, wants
from sheets_sync.local.grid import BLANK, Cell, CellError, Entered, Formula, Sheet, Value

Json = dict[str, Any]

ROW_PIXELS = 21
COLUMN_PIXELS = 100


def shown_value(
    calculator: Calculator, sheet: Sheet, row: int, column: int, cell: Cell, render: str, date_render: str
) -> Any:
    """A cell in a ValueRange: by valueRenderOption and dateTimeRenderOption; "" for blank."""
    entered = cell.entered
    if entered is None:
        entered = calculator.value(sheet, row, column)
        if entered is None:
            return ""
    if render == "FORMULA" and isinstance(entered, Formula):
        return str(entered)
    value = calculator.value(sheet, row, column) if isinstance(entered, Formula) else entered
    if isinstance(value, CellError):
        return formats.error_text(value)
    number_format = cell.format.get("numberFormat") if cell.format else None
    if render == "FORMATTED_VALUE":
        if type(value) is str and not number_format:
            return value
        return formats.formatted(value, number_format, calculator.locale)
    if (
        date_render == "FORMATTED_STRING"
        and number_format
        and number_format.get("type") in formats.DATE_TYPES
        and isinstance(value, (int, float))
        and not isinstance(value, bool)
    ):
        return formats.formatted(value, number_format, calculator.locale)
    return value


def value_rows(calculator: Calculator, sheet: Sheet, box: Box, render: str, date_render: str) -> list[list[Any]]:
    """The values of a rectangle by rows, without trailing blank cells and rows."""
    out: list[list[Any]] = []
    filled = 0
    spread = calculator.spread(sheet)
    for index in range(box.top, min(box.bottom, max(len(sheet.rows), max(spread, default=-1) + 1))):
        row, put = sheet.row(index), spread.get(index, {})
        line: list[Any] = []
        if row or put:
            columns = [
                column for column, cell in row.items() if box.left <= column < box.right and cell.entered is not None
            ]
            columns += [column for column in put if box.left <= column < box.right]
            if columns:
                line = [""] * (max(columns) + 1 - box.left)
                for column in columns:
                    line[column - box.left] = shown_value(
                        calculator, sheet, index, column, row.get(column, BLANK), render, date_render
                    )
                while line and line[-1] == "":
                    line.pop()
        out.append(line)
        if line:
            filled = len(out)
    return out[:filled]


def extended_value(value: Value | Entered) -> Json:
    """An ExtendedValue."""
    if type(value) is str:
        return {"stringValue": value}
    if isinstance(value, Formula):
        return {"formulaValue": str(value)}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, (int, float)):
        return {"numberValue": value}
    if isinstance(value, CellError):
        error: Json = {"type": value.kind}
        if value.message:
            error["message"] = value.message
        return {"errorValue": error}
    return {"stringValue": value}


def entered_value(extended: Json) -> Entered:
    """What an ExtendedValue of a request puts into a cell. Raises ValueError where it holds no value or two."""
    if len(extended) > 1:
        raise ValueError("Only one of the value fields of ExtendedValue may be set.")
    for name, value in extended.items():
        if name == "formulaValue":
            if not value.startswith("="):
                raise ValueError(f"Invalid formulaValue: '{value[:100]}'. A formula starts with '='.")
            return Formula(value)
        if name == "errorValue":
            raise ValueError("Setting errorValue is not supported.")
        if name == "stringValue":
            return value or None
        return _whole(value) if name == "numberValue" else value
    return None


def _whole(value: float) -> float:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


_CELL_FIELDS = (
    "userEnteredValue",
    "effectiveValue",
    "formattedValue",
    "userEnteredFormat",
    "effectiveFormat",
    "hyperlink",
    "note",
    "textFormatRuns",
    "dataValidation",
    "pivotTable",
    "chipRuns",
    "dataSourceTable",
    "dataSourceFormula",
)


_LINKED = frozenset({"effectiveFormat", "hyperlink"})
"""Where a cell leads shows in these."""
_NOTES = frozenset({"note"})


def cell_json(
    calculator: Calculator,
    sheet: Sheet,
    row: int,
    column: int,
    cell: Cell,
    wanted: frozenset[str],
    looks: styles.EffectiveFormats,
    put: Value = None,
) -> Json:
    """A CellData with the wanted fields, those that hold nothing left out; ``put`` is what an array filled it with."""
    out: Json = {}
    entered = cell.entered
    value = put if entered is None else entered
    is_formula = type(entered) is Formula
    if is_formula:
        value = calculator.value(sheet, row, column)
    if value is not None:
        if entered is not None and "userEnteredValue" in wanted:
            out["userEnteredValue"] = extended_value(entered)
        if "effectiveValue" in wanted:
            out["effectiveValue"] = extended_value(value)
        if "formattedValue" in wanted:
            number_format = cell.format.get("numberFormat") if cell.format else None
            out["formattedValue"] = formats.formatted(value, number_format, calculator.locale)
    if cell.format and "userEnteredFormat" in wanted:
        out["userEnteredFormat"] = cell.format
    if not wanted.isdisjoint(_LINKED):
        link = calculator.link(sheet, row, column) if is_formula else None
        link = link or ((cell.format or {}).get("textFormat", {}).get("link", {}).get("uri"))
        if "effectiveFormat" in wanted and (value is not None or cell.format):
            out["effectiveFormat"] = looks.of(cell.format, value, bool(link))
        if link and "hyperlink" in wanted:
            out["hyperlink"] = link
    if cell.note and "note" in wanted:
        out["note"] = cell.note
    if cell.extras:
        out.update({name: part for name, part in cell.extras.items() if name in wanted})
    return out


def grid_data(calculator: Calculator, sheet: Sheet, box: Box, mask: Mask | None) -> Json:
    """A GridData of a rectangle; ``mask`` is that below ``sheets.data`` and saves work, it need not be exact."""
    out: Json = {}
    if box.top:
        out["startRow"] = box.top
    if box.left:
        out["startColumn"] = box.left
    if wants(mask, "rowData"):
        wanted = frozenset(name for name in _CELL_FIELDS if wants(mask, "rowData", "values", name))
        looks = styles.EffectiveFormats(calculator.book.properties["defaultFormat"])
        spread = calculator.spread(sheet)
        last = min(box.bottom, max(len(sheet.rows), max(spread, default=-1) + 1))
        rows = [
            _row_json(calculator, sheet, index, box, wanted, looks, spread.get(index, {}))
            for index in range(box.top, last)
        ]
        while rows and not rows[-1]:
            rows.pop()
        if rows:
            out["rowData"] = rows
    if wants(mask, "rowMetadata"):
        out["rowMetadata"] = [dimension_json(sheet.row_sizes.get(i), ROW_PIXELS) for i in range(box.top, box.bottom)]
    if wants(mask, "columnMetadata"):
        sizes = sheet.column_sizes
        out["columnMetadata"] = [dimension_json(sizes.get(i), COLUMN_PIXELS) for i in range(box.left, box.right)]
    return out


def _row_json(
    calculator: Calculator,
    sheet: Sheet,
    index: int,
    box: Box,
    wanted: frozenset[str],
    looks: styles.EffectiveFormats,
    put: Mapping[int, Value],
) -> Json:
    row = sheet.row(index)
    left, right = box.left, box.right
    columns = [column for column in ((*row, *put) if put else row) if left <= column < right]
    if not columns:
        return {}
    cells: list[Json] = [{} for _ in range(max(columns) + 1 - left)]
    if wanted == _NOTES:
        columns = [column for column in columns if column in row and row[column].note]
    for column in columns:
        cell = row.get(column, BLANK)
        filled = put.get(column) if put else None
        cells[column - left] = cell_json(calculator, sheet, index, column, cell, wanted, looks, filled)
    return {"values": cells}


def dimension_json(size: Json | None, pixels: int) -> Json:
    """A DimensionProperties; the default size where none was set."""
    out: Json = {"pixelSize": pixels}
    if size:
        out.update({name: value for name, value in size.items() if value not in (False, [], None)})
    return out


def without_defaults(value: Any) -> Any:
    """A message as proto3 JSON prints it: false and empty fields left out."""
    if isinstance(value, dict):
        return {name: without_defaults(part) for name, part in value.items() if not _is_default(part)}
    if isinstance(value, list):
        return [without_defaults(item) for item in value]
    return value


def _is_default(value: Any) -> bool:
    return value is False or value is None or value in ("", [])


def grid_range_json(grid_range: Json) -> Json:
    """A GridRange as answers hold it: sheet 0 is left out."""
    out = dict(grid_range)
    if not out.get("sheetId"):
        out.pop("sheetId", None)
    return out


def without_zeros(value: Any) -> Any:
    """Ranges with sheet 0 left out, and single cells with row and column 0 left out, as answers hold them."""
    if isinstance(value, dict):
        out = {name: without_zeros(one) for name, one in value.items()}
        for name in ("sheetId", "rowIndex", "columnIndex"):
            if out.get(name) == 0:
                del out[name]
        return out
    if isinstance(value, list):
        return [without_zeros(item) for item in value]
    return value
