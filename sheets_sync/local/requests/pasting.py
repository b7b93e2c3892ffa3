"""Copying, cutting and pasting; inserting and deleting ranges."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from sheets_sync.local import typed
from sheets_sync.local.a1 import Box
from sheets_sync.local.grid import BLANK, Cell, Entered, Formula, Json, Sheet, box_range, range_box
from sheets_sync.local.requests.cells import grow
from sheets_sync.local.requests.change import Change, Refused, moved_cell

Block = dict[tuple[int, int], Cell]


def copy_paste(change: Change, body: Json) -> Json:
    """copyPaste: a destination that is a multiple of the source is filled with copies."""
    source_sheet, source = change.area(body.get("source"), "source")
    sheet, wanted = change.area(body.get("destination"), "destination")
    transposes = body.get("pasteOrientation") == "TRANSPOSE"
    block = _block(source_sheet, source)
    height, width = (source.width, source.height) if transposes else (source.height, source.width)
    down = wanted.height // height if wanted.height % height == 0 else 1
    across = wanted.width // width if wanted.width % width == 0 else 1
    target = Box(wanted.top, wanted.top + height * down, wanted.left, wanted.left + width * across)
    if target.bottom > sheet.row_count or target.right > sheet.column_count:
        raise Refused("The destination is too small for the source: it reaches past the end of the grid.")
    kind = body.get("pasteType", "PASTE_NORMAL")
    calculator = change.calculator()

    def value_of(row: int, column: int) -> Entered:
        return calculator.value(source_sheet, row, column)

    paste = _pasting(kind, value_of)
    if transposes:
        block = {(source.top + c - source.left, source.left + r - source.top): cell for (r, c), cell in block.items()}
    for row in range(target.top, target.bottom):
        for column in range(target.left, target.right):
            at = (source.top + (row - target.top) % height, source.left + (column - target.left) % width)
            new = paste(sheet.cell(row, column), block.get(at, BLANK), at)
            sheet.put(row, column, moved_cell(new, row - at[0], column - at[1]))
    if kind in ("PASTE_NORMAL", "PASTE_FORMAT") and not transposes:
        _copy_merges(source_sheet, source, sheet, target, down, across)
    return {}


def _block(sheet: Sheet, box: Box) -> Block:
    return {
        (row, column): cell
        for row in range(box.top, min(box.bottom, len(sheet.rows)))
        for column, cell in sheet.row(row).items()
        if box.left <= column < box.right
    }


def _pasting(kind: str, value_of: Callable[[int, int], Entered]) -> Callable[[Cell, Cell, tuple[int, int]], Cell]:
    """How one cell is laid upon another."""

    def paste(old: Cell, new: Cell, at: tuple[int, int]) -> Cell:
        if kind == "PASTE_VALUES":
            entered = value_of(*at) if isinstance(new.entered, Formula) else new.entered
            return old._replace(entered=entered)
        if kind == "PASTE_FORMULA":
            return old._replace(entered=new.entered)
        if kind == "PASTE_FORMAT":
            return old._replace(format=new.format)
        if kind == "PASTE_NO_BORDERS":
            form = {k: v for k, v in (new.format or {}).items() if k != "borders"}
            borders = (old.format or {}).get("borders")
            if borders:
                form["borders"] = borders
            return new._replace(format=form or None)
        if kind == "PASTE_DATA_VALIDATION":
            extras = {k: v for k, v in (old.extras or {}).items() if k != "dataValidation"}
            if new.extras and "dataValidation" in new.extras:
                extras["dataValidation"] = new.extras["dataValidation"]
            return old._replace(extras=extras or None)
        if kind == "PASTE_CONDITIONAL_FORMATTING":
            return old
        return new

    return paste


def _copy_merges(source_sheet: Sheet, source: Box, sheet: Sheet, target: Box, down: int, across: int) -> None:
    merges = [range_box(source_sheet, one) for one in source_sheet.part("merges")]
    merges = [one for one in merges if source.contains(one)]
    for i in range(down):
        for j in range(across):
            rows = target.top + i * source.height - source.top
            columns = target.left + j * source.width - source.left
            for one in merges:
                moved = Box(one.top + rows, one.bottom + rows, one.left + columns, one.right + columns)
                if not any(moved.meets(range_box(sheet, old)) for old in sheet.part("merges")):
                    sheet.part("merges").append(box_range(sheet.id, moved))


def cut_paste(change: Change, body: Json) -> Json:
    """cutPaste: formulas keep what they point at."""
    source_sheet, source = change.area(body.get("source"), "source")
    place = body.get("destination", {})
    sheet = change.sheet(place.get("sheetId", 0))
    top, left = place.get("rowIndex", 0), place.get("columnIndex", 0)
    if top < 0 or left < 0 or top + source.height > sheet.row_count or left + source.width > sheet.column_count:
        raise Refused("The destination reaches past the end of the grid.")
    block = _block(source_sheet, source)
    paste = _pasting(body.get("pasteType", "PASTE_NORMAL"), lambda r, c: source_sheet.cell(r, c).entered)
    blank = Cell()
    kind = body.get("pasteType", "PASTE_NORMAL")
    for row in range(source.top, source.bottom):
        for column in range(source.left, source.right):
            old = source_sheet.cell(row, column)
            source_sheet.put(row, column, paste(old, blank, (row, column)) if kind != "PASTE_NORMAL" else blank)
    for row in range(source.height):
        for column in range(source.width):
            at = (source.top + row, source.left + column)
            new = paste(sheet.cell(top + row, left + column), block.get(at, BLANK), at)
            sheet.put(top + row, left + column, new)
    return {}


def paste_data(change: Change, body: Json) -> Json:
    """pasteData: delimited text, read as if typed."""
    place = body.get("coordinate", {})
    sheet = change.sheet(place.get("sheetId", 0))
    delimiter = body.get("delimiter", "\t")
    if body.get("html"):
        raise Refused("Pasting HTML is not supported.")
    if len(delimiter) != 1:
        raise Refused("The delimiter must be one character.")
    try:
        lines = list(csv.reader(io.StringIO(body.get("data", "")), delimiter=delimiter))
    except csv.Error as error:
        raise Refused(f"The data cannot be split into cells: {error}") from error
    top, left = place.get("rowIndex", 0), place.get("columnIndex", 0)
    if top < 0 or left < 0:
        raise Refused("The coordinate must not be negative.")
    grow(change, sheet, top + len(lines), left + max((len(line) for line in lines), default=0))
    locale = change.calculator().locale
    for row, line in enumerate(lines):
        for column, text in enumerate(line):
            entered, form = typed.parsed_entry(text, locale, change.now.year) if text else (None, None)
            cell = sheet.cell(top + row, left + column)
            new_format = {**(cell.format or {}), "numberFormat": form} if form else cell.format
            sheet.put(top + row, left + column, cell._replace(entered=entered, format=new_format))
    return {}


def insert_range(change: Change, body: Json) -> Json:
    """insertRange: pushes cells down or to the right, growing the grid where they would fall off."""
    sheet, box = change.area(body.get("range"))
    is_rows = _shifts_rows(body)
    if is_rows:
        last = max((r for r in range(len(sheet.rows)) if _has(sheet, r, box.left, box.right)), default=-1)
        grow(change, sheet, last + 1 + box.height if last >= box.top else 0, 0)
        for row in range(max(last, box.top - 1), box.top - 1, -1):
            for column in range(box.left, box.right):
                sheet.put(row + box.height, column, sheet.cell(row, column))
                sheet.put(row, column, BLANK)
    else:
        last = max((max(sheet.row(r), default=-1) for r in range(box.top, box.bottom)), default=-1)
        grow(change, sheet, 0, last + 1 + box.width if last >= box.left else 0)
        for row in range(box.top, box.bottom):
            for column in range(max(last, box.left - 1), box.left - 1, -1):
                sheet.put(row, column + box.width, sheet.cell(row, column))
                sheet.put(row, column, BLANK)
    return {}


def _has(sheet: Sheet, row: int, left: int, right: int) -> bool:
    return any(left <= column < right for column in sheet.row(row))


def delete_range(change: Change, body: Json) -> Json:
    """deleteRange: pulls cells up or to the left."""
    sheet, box = change.area(body.get("range"))
    if _shifts_rows(body):
        for row in range(box.top, max(len(sheet.rows), box.bottom)):
            for column in range(box.left, box.right):
                sheet.put(row, column, sheet.cell(row + box.height, column))
    else:
        for row in range(box.top, box.bottom):
            last = max(sheet.row(row), default=-1)
            for column in range(box.left, max(last + 1, box.right)):
                sheet.put(row, column, sheet.cell(row, column + box.width))
    return {}


def _shifts_rows(body: Json) -> bool:
    kind = body.get("shiftDimension", "DIMENSION_UNSPECIFIED")
    if kind == "DIMENSION_UNSPECIFIED":
        raise Refused("No shiftDimension specified.")
    return kind == "ROWS"


def auto_fill(change: Change, body: Json) -> Json:
    """autoFill: copies the source on; a single number or two with a step go on counting."""
    if "sourceAndDestination" not in body:
        raise Refused("autoFill needs sourceAndDestination here.")
    wanted = body["sourceAndDestination"]
    sheet, source = change.area(wanted.get("source"), "source")
    length, is_rows = wanted.get("fillLength", 0), wanted.get("dimension") == "ROWS"
    size = source.height if is_rows else source.width
    steps = range(size, size + length) if length >= 0 else range(-1, length - 1, -1)
    for line in range(source.left, source.right) if is_rows else range(source.top, source.bottom):
        cells = [
            sheet.cell(source.top + i, line) if is_rows else sheet.cell(line, source.left + i) for i in range(size)
        ]
        for step in steps:
            row, column = (source.top + step, line) if is_rows else (line, source.left + step)
            if not (0 <= row < sheet.row_count and 0 <= column < sheet.column_count):
                raise Refused("The fill reaches past the end of the grid.")
            model = cells[step % size]
            offset = step - step % size
            filled = moved_cell(model, offset if is_rows else 0, 0 if is_rows else offset)
            sheet.put(row, column, filled._replace(entered=_continued(cells, step, filled.entered, body)))
    return {}


def _continued(cells: list[Cell], step: int, fallback: Entered, body: Json) -> Entered:
    numbers = [cell.entered for cell in cells]
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in numbers):
        return fallback
    first = numbers[0]
    assert isinstance(first, (int, float))
    if len(numbers) == 1:
        return first + step if body.get("useAlternateSeries") else first
    second = numbers[1]
    assert isinstance(second, (int, float))
    return first + (second - first) * step
