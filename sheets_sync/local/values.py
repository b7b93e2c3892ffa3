"""Reading and writing plain values: the ``spreadsheets.values`` methods over one version of a book."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from sheets_sync.local import a1, typed
from sheets_sync.local.a1 import Area, Box
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.errors import bad_request
from sheets_sync.local.grid import BLANK, Cell, Entered, Sheet
from sheets_sync.local.locales import Locale
from sheets_sync.local.ranges import beyond_grid, box_on_grid, found_range
from sheets_sync.local.rendering import value_rows
from sheets_sync.local.requests.cells import MAX_TEXT, grow
from sheets_sync.local.requests.change import Change
from sheets_sync.local.requests.dimensions import insert_lines

Json = dict[str, Any]


class Written(NamedTuple):
    """What a write did: the answer without the id, and the rows and columns in which a cell was written."""

    answer: Json
    sheet: Sheet
    box: Box
    rows: set[int]
    columns: set[int]


def value_range(
    calculator: Calculator, sheet: Sheet, box: Box, major_dimension: str, render: str, date_render: str
) -> Json:
    """A ValueRange of what stands in the rectangle."""
    out: Json = {"range": a1.range_text(sheet.title, box), "majorDimension": "ROWS"}
    values = value_rows(calculator, sheet, box, render, date_render)
    if major_dimension == "COLUMNS":
        out["majorDimension"] = "COLUMNS"
        values = _transposed(values, "")
    if values:
        out["values"] = values
    return out


def read(calculator: Calculator, text: str, major_dimension: str, render: str, date_render: str) -> Json:
    """``values.get``."""
    sheet, area = found_range(calculator.book, text)
    return value_range(calculator, sheet, box_on_grid(sheet, area), major_dimension, render, date_render)


def _transposed(rows: list[list[Any]], filler: Any) -> list[list[Any]]:
    width = max((len(row) for row in rows), default=0)
    columns = [[row[i] if i < len(row) else filler for row in rows] for i in range(width)]
    if filler == "":
        for column in columns:
            while column and column[-1] == "":
                column.pop()
    return columns


def write(change: Change, text: str, body: Json, is_typed: bool) -> Written:
    """Writes a ValueRange at a range text."""
    rows = _rows(body)
    sheet, area = found_range(change.book, text)
    named = body.get("range")
    if named is not None:
        other_sheet, other = found_range(change.book, named)
        if other_sheet.id != sheet.id or other != area:
            raise bad_request(f"Requested range {text} does not match the range of the values: {named[:200]}")
    box = _target(sheet, area, rows)
    _check_text_fits(rows)
    return _put_rows(change, change.book.writable(sheet), box, rows, is_typed)


def _rows(body: Json) -> list[list[Any]]:
    rows: list[list[Any]] = body.get("values", [])
    if body.get("majorDimension") == "COLUMNS":
        return _transposed(rows, None)
    return rows


def _target(sheet: Sheet, area: Area, rows: list[list[Any]]) -> Box:
    """Where the rows go: a single cell is a start, a larger range is a bound."""
    top, left = area.top or 0, area.left or 0
    height, width = len(rows), max((len(row) for row in rows), default=0)
    box_on_grid(sheet, area)
    target = Box(top, top + height, left, left + width)
    is_start = area.bottom == top + 1 and area.right == left + 1
    if not is_start:
        bottom = area.bottom if area.bottom is not None else max(sheet.row_count, top)
        right = area.right if area.right is not None else max(sheet.column_count, left)
        shown = a1.range_text(sheet.title, Box(top, bottom, left, right))
        if target.bottom > bottom:
            raise bad_request(f"Requested writing within range [{shown}], but tried writing to row [{bottom + 1}]")
        if target.right > right:
            letters = a1.column_letters(right)
            raise bad_request(f"Requested writing within range [{shown}], but tried writing to column [{letters}]")
    if target.bottom > sheet.row_count or target.right > sheet.column_count:
        raise beyond_grid(sheet, Area(*target))
    return target


def _check_text_fits(rows: list[list[Any]]) -> None:
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            kind = type(value)
            if kind is str:
                if len(value) > MAX_TEXT:
                    raise bad_request(
                        f"Your input contains more than the maximum of {MAX_TEXT} characters in a single cell."
                    )
            elif kind is float:
                if not math.isfinite(value):
                    raise bad_request(f"Invalid values[{i}][{j}]: the number is out of range.")
            elif kind is int:
                if abs(value) > 10**300:
                    raise bad_request(f"Invalid values[{i}][{j}]: the number is out of range.")
            elif kind is list or kind is dict:
                name = "list_value" if kind is list else "struct_value"
                raise bad_request(f"Invalid values[{i}][{j}]: {name} {{\n}}\n")


def _put_rows(change: Change, sheet: Sheet, box: Box, rows: list[list[Any]], is_typed: bool) -> Written:
    locale = Calculator(change.book, change.now).locale if is_typed else None
    cells, touched_rows, touched_columns = 0, set[int](), set[int]()
    for index, row in enumerate(rows, start=box.top):
        columns = [column for column, value in enumerate(row, start=box.left) if value is not None]
        if not columns:
            continue
        line = sheet.writable_row(index)
        for column in columns:
            cell = _entered_cell(line.get(column, BLANK), row[column - box.left], locale, change.now.year)
            if cell.is_blank():
                line.pop(column, None)
            else:
                line[column] = cell
        touched_rows.add(index)
        touched_columns.update(columns)
        cells += len(columns)
    answer: Json = {"updatedRange": a1.range_text(sheet.title, box)}
    if cells:
        counts = {"updatedRows": len(touched_rows), "updatedColumns": len(touched_columns), "updatedCells": cells}
        answer.update(counts)
    return Written(answer, sheet, box, touched_rows, touched_columns)


def _entered_cell(cell: Cell, value: Any, locale: Locale | None, year: int) -> Cell:
    """The cell with a value typed (``locale`` given, in that year) or put raw."""
    entered: Entered
    form = cell.format
    if isinstance(value, str):
        entered = value or None
        if locale is not None and value:
            kept = (form or {}).get("numberFormat")
            if kept and kept.get("type") == "TEXT":
                entered = value.removeprefix("'") or None
            else:
                entered, number_format = typed.parsed_entry(value, locale, year)
                if number_format and not kept:
                    form = {**(form or {}), "numberFormat": number_format}
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        entered = int(value)
    else:
        entered = value
    extras = cell.extras
    if extras and "textFormatRuns" in extras:
        extras = {name: part for name, part in extras.items() if name != "textFormatRuns"} or None
    return Cell(entered, form, cell.note, extras)


def clear(change: Change, text: str) -> str:
    """The range that was emptied; formats, notes and validation stay."""
    sheet, area = found_range(change.book, text)
    box = box_on_grid(sheet, area)
    sheet = change.book.writable(sheet)
    for index in range(box.top, min(box.bottom, len(sheet.rows))):
        row = sheet.rows[index]
        if not row:
            continue
        filled = [c for c, cell in row.items() if box.left <= c < box.right and cell.entered is not None]
        if filled:
            line = sheet.writable_row(index)
            for column in filled:
                cell = line[column]._replace(entered=None)
                if cell.is_blank():
                    del line[column]
                else:
                    line[column] = cell
    return a1.range_text(sheet.title, box)


def append(change: Change, text: str, body: Json, is_typed: bool, inserts: bool) -> tuple[Json, Written]:
    """(answer without the id and the updates, what was written) of writing below the table that the range touches."""
    rows = _rows(body)
    _check_text_fits(rows)
    sheet, area = found_range(change.book, text)
    box = box_on_grid(sheet, area)
    table = last_table(sheet, box)
    answer: Json = {}
    top, left = box.top, box.left
    if table is not None:
        answer["tableRange"] = a1.range_text(sheet.title, table)
        top, left = table.bottom, table.left
    height, width = len(rows), max((len(row) for row in rows), default=0)
    sheet = change.book.writable(sheet)
    if inserts and height and top < sheet.row_count and table is not None:
        insert_lines(change, sheet, True, top, height, False)
    try:
        grow(change, sheet, top + height, left + width)
    except ValueError as error:
        raise bad_request(str(error)) from error
    target = Box(top, top + height, left, left + width)
    return answer, _put_rows(change, sheet, target, rows, is_typed)


def last_table(sheet: Sheet, box: Box) -> Box | None:
    """The block of filled cells around the last filled cell inside ``box``, grown until blank cells surround it."""
    for index in range(min(box.bottom, len(sheet.rows)) - 1, box.top - 1, -1):
        filled = [c for c in _filled(sheet, index) if box.left <= c < box.right]
        if filled:
            return _region_around(sheet, index, max(filled))
    return None


def _filled(sheet: Sheet, index: int) -> list[int]:
    return [column for column, cell in sheet.row(index).items() if cell.entered is not None]


def _region_around(sheet: Sheet, row: int, column: int) -> Box:
    top, bottom, left, right = row, row + 1, column, column + 1
    while True:
        before = (top, bottom, left, right)
        while top > 0 and _touches(sheet, top - 1, left - 1, right + 1):
            top -= 1
        while _touches(sheet, bottom, left - 1, right + 1):
            bottom += 1
        for index in range(max(top - 1, 0), bottom + 1):
            for filled in _filled(sheet, index):
                if filled == left - 1:
                    left = filled
                elif filled == right:
                    right = filled + 1
        if before == (top, bottom, left, right):
            return Box(top, bottom, left, right)


def _touches(sheet: Sheet, index: int, left: int, right: int) -> bool:
    return any(left <= column < right for column in _filled(sheet, index))
