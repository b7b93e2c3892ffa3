"""Values and cells as the API's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sheets_sync.local import formats, styles
from sheets_sync.local.a1 import Box
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.fields import Mask, masked, wants
from sheets_sync.local.grid import BLANK, Cell, CellError, Entered, Formula, Row, Sheet, Value

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
                    cell = row.get(column, BLANK)
                    entered = cell.entered
                    line[column - box.left] = (
                        entered  # as it is under every option
                        if type(entered) is str and not cell.format
                        else shown_value(calculator, sheet, index, column, cell, render, date_render)
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


_EMPTY: Json = {}
"""One for all blank cells of an answer, never to be changed."""


_PLAIN = {str: "stringValue", bool: "boolValue", int: "numberValue", float: "numberValue"}
"""What values that need no computing are in an ExtendedValue, by their exact type."""


class _CellWriter:
    """Makes the CellData of one answer: the fields that ``mask`` (of a CellData; None: all) names, those that hold
    nothing left out. What it makes is not to be changed: equal formats are one object."""

    def __init__(self, calculator: Calculator, sheet: Sheet, mask: Mask | None) -> None:
        self._calculator = calculator
        self._sheet = sheet
        self._mask = mask
        self._looks = styles.EffectiveFormats(calculator.book.properties["defaultFormat"])
        self._wanted = frozenset(name for name in _CELL_FIELDS if wants(mask, name))
        self._below = {name: below for name, below in (mask or {}).items() if below}
        self._enters, self._shows = "userEnteredValue" in self._wanted, "effectiveValue" in self._wanted
        self._formats, self._prints = "userEnteredFormat" in self._wanted, "formattedValue" in self._wanted
        self._links = not self._wanted.isdisjoint(("effectiveFormat", "hyperlink"))  # where a cell leads shows in these
        self._cut_values = [name for name in ("userEnteredValue", "effectiveValue") if name in self._below]
        self._needs_more = self._prints or self._links or bool(self._cut_values)
        self._cut_formats: dict[int, tuple[Json, Json]] = {}
        self.notes_only = self._wanted == {"note"}

    def cell(self, row: int, column: int, cell: Cell, put: Value = None) -> Json:
        """One cell; ``put`` is what an array filled it with."""
        entered, form, note, extras = cell
        out: Json = {}
        kind = _PLAIN.get(type(entered))
        if kind is not None:
            value: Value = entered
            held = {kind: entered}
            if self._enters:
                out["userEnteredValue"] = held
            if self._shows:
                out["effectiveValue"] = held
        else:
            value = self._calculator.value(self._sheet, row, column) if type(entered) is Formula else put
            if value is not None:
                self._put_values(out, entered, value)
        if not (form or note or extras or self._needs_more):
            return out
        if self._needs_more and value is not None:
            self._put_more(out, form, value)
        if form and self._formats:
            out["userEnteredFormat"] = self._cut_format(form)
        if self._links:
            self._put_looks(out, row, column, cell, value)
        if note and "note" in self._wanted:
            out["note"] = note
        if extras:
            out.update({name: self._cut(name, part) for name, part in extras.items() if name in self._wanted})
        return out

    def _put_values(self, out: Json, entered: Entered, value: Value) -> None:
        if self._enters and entered is not None:
            out["userEnteredValue"] = extended_value(entered)
        if self._shows:
            out["effectiveValue"] = extended_value(value)

    def _put_more(self, out: Json, form: Json | None, value: Value) -> None:
        """The formatted value, and the others cut."""
        if self._prints:
            number_format = form.get("numberFormat") if form else None
            out["formattedValue"] = formats.formatted(value, number_format, self._calculator.locale)
        for name in self._cut_values:
            if name in out:
                out[name] = self._cut(name, out[name])

    def _put_looks(self, out: Json, row: int, column: int, cell: Cell, value: Value) -> None:
        link = self._calculator.link(self._sheet, row, column) if type(cell.entered) is Formula else None
        link = link or ((cell.format or {}).get("textFormat", {}).get("link", {}).get("uri"))
        if "effectiveFormat" in self._wanted and (value is not None or cell.format):
            out["effectiveFormat"] = self._cut("effectiveFormat", self._looks.of(cell.format, value, bool(link)))
        if link and "hyperlink" in self._wanted:
            out["hyperlink"] = link

    def _cut(self, name: str, part: Any) -> Any:
        below = self._below.get(name)
        return masked(part, below) if below else part

    def _cut_format(self, form: Json) -> Json:
        """A format under its mask; that of many cells is cut once."""
        found = self._cut_formats.get(id(form))
        if found is None:
            # the whole one is kept beside the part, so that its id stays its own
            found = self._cut_formats[id(form)] = (form, self._cut("userEnteredFormat", form))
        return found[1]


def grid_data(calculator: Calculator, sheet: Sheet, box: Box, mask: Mask | None) -> Json:
    """A GridData of a rectangle: what ``mask`` (of a GridData; None: all) names. Not to be changed by the caller."""
    if mask and ("*" in mask or "*" in mask.get("rowData", {}) or "*" in mask.get("rowData", {}).get("values", {})):
        return masked(grid_data(calculator, sheet, box, None), mask)
    out: Json = {}
    if box.top and wants(mask, "startRow"):
        out["startRow"] = box.top
    if box.left and wants(mask, "startColumn"):
        out["startColumn"] = box.left
    if wants(mask, "rowData"):
        rows = _rows(calculator, sheet, box, (mask or {}).get("rowData"))
        if rows:
            out["rowData"] = rows
    if wants(mask, "rowMetadata"):
        sizes = [dimension_json(sheet.row_sizes.get(i), ROW_PIXELS) for i in range(box.top, box.bottom)]
        out["rowMetadata"] = masked(sizes, (mask or {}).get("rowMetadata"))
    if wants(mask, "columnMetadata"):
        sizes = [dimension_json(sheet.column_sizes.get(i), COLUMN_PIXELS) for i in range(box.left, box.right)]
        out["columnMetadata"] = masked(sizes, (mask or {}).get("columnMetadata"))
    return out


def _rows(calculator: Calculator, sheet: Sheet, box: Box, mask: Mask | None) -> list[Json]:
    """The RowData of a rectangle, without blank ones at its end; ``mask`` is that of a RowData."""
    writer = _CellWriter(calculator, sheet, (mask or {}).get("values"))
    spread = calculator.spread(sheet)
    last = min(box.bottom, max(len(sheet.rows), max(spread, default=-1) + 1))
    rows = [_row_json(writer, sheet.row(index), index, box, spread.get(index)) for index in range(box.top, last)]
    while rows and not rows[-1]:
        rows.pop()
    return rows if wants(mask, "values") else [_EMPTY] * len(rows)


def _row_json(writer: _CellWriter, row: Row, index: int, box: Box, put: Mapping[int, Value] | None) -> Json:
    left, right = box.left, box.right
    if put:
        row = {**dict.fromkeys(put, BLANK), **row}
    if right - left < len(row):
        columns = [column for column in range(left, right) if column in row]
    else:
        columns = sorted(column for column in row if left <= column < right)
    if not columns:
        return _EMPTY
    cells = [_EMPTY] * (columns[-1] + 1 - left)
    if writer.notes_only:
        columns = [column for column in columns if row[column].note]
    for column in columns:
        cells[column - left] = writer.cell(index, column, row[column], put.get(column) if put else None)
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
