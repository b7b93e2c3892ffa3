"""Requests that write cells: updateCells, repeatCell, appendCells, validation, borders."""

from __future__ import annotations

import json

from sheets_sync.local import styles
from sheets_sync.local.a1 import Box
from sheets_sync.local.fields import Mask
from sheets_sync.local.grid import BLANK, Cell, Entered, Formula, Json, Sheet
from sheets_sync.local.rendering import entered_value
from sheets_sync.local.requests.change import Change, Refused, check_columns
from sheets_sync.local.requests.conditions import VALIDATION, check_condition

MAX_TEXT = 50_000
_EXTRAS = ("dataValidation", "textFormatRuns", "pivotTable", "chipRuns", "dataSourceTable", "dataSourceFormula")
_READ_ONLY = ("effectiveValue", "effectiveFormat", "formattedValue", "hyperlink")


def update_cells(change: Change, body: Json) -> Json:
    """updateCells: cells inside ``range`` that no row names are cleared in the masked fields."""
    mask = _cell_mask(change, body)
    rows: list[Json] = body.get("rows", [])
    if "range" in body:
        sheet, box = change.area(body["range"])
        is_bounded = True
    elif "start" in body:
        start = body["start"]
        sheet = change.sheet(start.get("sheetId", 0))
        top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
        width = max((len(row.get("values", ())) for row in rows), default=0)
        box = Box(top, top + len(rows), left, left + width)
        is_bounded = False
        if top < 0 or left < 0:
            raise Refused("start must not be negative.")
    else:
        raise Refused("Must specify one of the following: range, start")
    writer = _Writer(mask)
    for offset, row in enumerate(rows):
        values = row.get("values", [])
        _check_fits(sheet, box, box.top + offset, len(values))
        line = sheet.writable_row(box.top + offset) if values else {}
        for index, data in enumerate(values):
            _place(line, box.left + index, writer.written(line.get(box.left + index, BLANK), data))
        if is_bounded and len(values) < box.width:
            _clear(sheet, Box(box.top + offset, box.top + offset + 1, box.left + len(values), box.right), writer)
    if is_bounded and len(rows) < box.height:
        _clear(sheet, Box(box.top + len(rows), box.bottom, box.left, box.right), writer)
    return {}


def _check_fits(sheet: Sheet, box: Box, row: int, width: int) -> None:
    if row >= box.bottom or row >= sheet.row_count:
        last = min(box.bottom, sheet.row_count) - 1
        raise Refused(f"Attempting to write row: {row}, beyond the last requested row of: {last}")
    if box.left + width > min(box.right, sheet.column_count):
        column = min(box.right, sheet.column_count)
        raise Refused(f"Attempting to write column: {column}, beyond the last requested column of: {column - 1}")


def _place(line: dict[int, Cell], column: int, cell: Cell) -> None:
    if cell.entered is None and cell.is_blank():
        line.pop(column, None)
    else:
        line[column] = cell


def _clear(sheet: Sheet, box: Box, writer: _Writer) -> None:
    for index in range(box.top, min(box.bottom, len(sheet.rows))):
        row = sheet.rows[index]
        if not row:
            continue
        columns = [column for column in row if box.left <= column < box.right]
        if columns:
            line = sheet.writable_row(index)
            for column in columns:
                _place(line, column, writer.written(line[column], {}))


def repeat_cell(change: Change, body: Json) -> Json:
    """repeatCell: formulas move along with the cell they are put into."""
    from sheets_sync.local.requests.change import moved_cell

    mask = _cell_mask(change, body)
    sheet, box = change.area(body.get("range"))
    writer = _Writer(mask)
    data = body.get("cell", {})
    is_clearing = not data
    # Cells are never changed, so that equal ones may be one; the old is kept beside the new: so its id stays its own.
    made: dict[int, tuple[Cell, Cell, bool]] = {}
    columns = range(box.left, box.right)
    for index in range(box.top, box.bottom):
        if is_clearing and (index >= len(sheet.rows) or not sheet.rows[index]):
            continue
        line = sheet.writable_row(index)
        for column in columns:
            old = line.get(column, BLANK)
            found = made.get(id(old))
            if found is None:
                new = writer.written(old, data)
                found = made[id(old)] = old, new, writer.writes_value and type(new.entered) is Formula
            if found[2]:
                line[column] = moved_cell(found[1], index - box.top, column - box.left)
            else:
                _place(line, column, found[1])
    return {}


def append_cells(change: Change, body: Json) -> Json:
    """appendCells: below the last row that holds a value."""
    mask = _cell_mask(change, body)
    sheet = change.sheet(body.get("sheetId", 0))
    rows: list[Json] = body.get("rows", [])
    top = last_filled_row(sheet) + 1
    width = max((len(row.get("values", ())) for row in rows), default=0)
    grow(change, sheet, top + len(rows), width)
    writer = _Writer(mask)
    for offset, row in enumerate(rows):
        line = sheet.writable_row(top + offset)
        for column, data in enumerate(row.get("values", [])):
            _place(line, column, writer.written(line.get(column, BLANK), data))
    return {}


def last_filled_row(sheet: Sheet) -> int:
    """The last row that holds a value; -1 where there is none."""
    for index in range(len(sheet.rows) - 1, -1, -1):
        row = sheet.rows[index]
        if row and any(cell.entered is not None for cell in row.values()):
            return index
    return -1


def grow(change: Change, sheet: Sheet, rows: int, columns: int) -> None:
    """Makes the grid at least that large."""
    rows, columns = max(rows, sheet.row_count), max(columns, sheet.column_count)
    grown = rows * columns - sheet.row_count * sheet.column_count
    if grown:
        check_columns(columns)
        change.check_size(grown)
        sheet.set_size(rows, columns)


def _cell_mask(change: Change, body: Json) -> Mask:
    mask = change.mask("CellData", body.get("fields"))
    for name in mask:
        if name in _READ_ONLY:
            raise Refused(f"Field is read-only: {name}")
    return mask


class _Writer:
    """Puts the masked fields of a CellData into a cell; equal formats become one object, so that storing is cheap."""

    def __init__(self, mask: Mask) -> None:
        everything = "*" in mask
        self.mask = mask
        self.writes_value = everything or "userEnteredValue" in mask
        self.format_mask: Mask | None = {} if everything else mask.get("userEnteredFormat")
        self.writes_note = everything or "note" in mask
        self.extras = [name for name in _EXTRAS if everything or name in mask]
        self._formats: dict[tuple[int, str], tuple[Json | None, Json | None]] = {}
        self._texts: dict[int, tuple[Json, str]] = {}
        self._last: tuple[Json, Entered] | None = None

    def written(self, cell: Cell, data: Json) -> Cell:
        """The cell with the masked fields of ``data``."""
        entered, form, note, extras = cell
        if self.writes_value:
            entered = self._entered(data)
            if extras and "textFormatRuns" not in self.mask and entered != cell.entered:
                extras = {name: part for name, part in extras.items() if name != "textFormatRuns"} or None
        if self.format_mask is not None:
            form = self._format(form, data.get("userEnteredFormat"))
        if self.writes_note:
            note = data.get("note") or None
        if self.extras:
            if "dataValidation" in self.extras and data.get("dataValidation"):
                _check_rule(data["dataValidation"])
            extras = dict(extras) if extras else {}
            for name in self.extras:
                if data.get(name):
                    extras[name] = data[name]
                else:
                    extras.pop(name, None)
            extras = extras or None
        return Cell(entered, form, note, extras)

    def _entered(self, data: Json) -> Entered:
        """The value of ``data``; that of a repeated cell is looked at once."""
        if self._last is not None and self._last[0] is data:
            return self._last[1]
        try:
            entered = entered_value(data.get("userEnteredValue", {}))
        except ValueError as error:
            raise Refused(str(error)) from error
        if isinstance(entered, str) and len(entered) > MAX_TEXT:
            raise Refused(f"Your input contains more than the maximum of {MAX_TEXT} characters in a single cell.")
        self._last = (data, entered)
        return entered

    def _format(self, old: Json | None, new: Json | None) -> Json | None:
        key = (id(old), self._text(new) if new else "")
        found = self._formats.get(key)
        if found is None:
            _check_format(new or {})
            assert self.format_mask is not None
            # the old format is kept beside the result, so that its id stays its own
            found = self._formats[key] = (old, styles.changed_format(old, new, self.format_mask))
        return found[1]

    def _text(self, form: Json) -> str:
        """The JSON of a format; that of a repeated cell is printed once."""
        found = self._texts.get(id(form))
        if found is None:
            # The format is kept beside its text, so that its id stays its own.
            found = self._texts[id(form)] = (form, json.dumps(form))
        return found[1]


def _check_format(form: Json) -> None:
    angle = form.get("textRotation", {}).get("angle", 0)
    if not -90 <= angle <= 90:
        raise Refused(f"textRotation.angle[{angle}] must be between -90 and 90.")


def set_data_validation(change: Change, body: Json) -> Json:
    """setDataValidation: no rule clears it."""
    sheet, box = change.area(body.get("range"))
    rule = body.get("rule")
    if rule is not None:
        _check_rule(rule)
    made: dict[int, tuple[Cell, Cell]] = {}  # as in repeat_cell
    for index in range(box.top, box.bottom):
        if rule is None and not sheet.row(index):
            continue
        line = sheet.writable_row(index)
        for column in range(box.left, box.right):
            old = line.get(column, BLANK)
            found = made.get(id(old))
            if found is None:
                found = made[id(old)] = old, _validated(old, rule)
            _place(line, column, found[1])
    return {}


def _validated(cell: Cell, rule: Json | None) -> Cell:
    extras = dict(cell.extras or {})
    extras.pop("dataValidation", None)
    if rule is not None:
        extras["dataValidation"] = rule
    return cell._replace(extras=extras or None)


def _check_rule(rule: Json) -> None:
    if "type" not in rule.get("condition", {}):
        raise Refused("Data validation rule must have a condition.")
    check_condition(rule["condition"], VALIDATION)


def update_borders(change: Change, body: Json) -> Json:
    """updateBorders: outer sides and inner lines; a border of style NONE goes, one left out stays."""
    sheet, box = change.area(body.get("range"))
    sides = ("top", "bottom", "left", "right")
    for row in range(box.top, box.bottom):
        for column in range(box.left, box.right):
            is_edge = {
                "top": row == box.top,
                "bottom": row == box.bottom - 1,
                "left": column == box.left,
                "right": column == box.right - 1,
            }
            wanted: Json = {}
            for side in sides:
                inner = "innerHorizontal" if side in ("top", "bottom") else "innerVertical"
                border = body.get(side if is_edge[side] else inner)
                if border is not None:
                    wanted[side] = border
            if not wanted:
                continue
            cell = sheet.cell(row, column)
            mask: Mask = {"borders": {side: {} for side in wanted}}
            form = styles.changed_format(cell.format, {"borders": wanted}, mask)
            sheet.put(row, column, cell._replace(format=form))
    return {}
