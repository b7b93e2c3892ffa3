"""Finds the sheet and the cells that a range text means in a spreadsheet."""

from __future__ import annotations

from sheets_sync.local import a1
from sheets_sync.local.a1 import Area, Box
from sheets_sync.local.errors import bad_request
from sheets_sync.local.grid import Book, Sheet

MAX_RANGE_TEXT = 2_000


def found_range(book: Book, text: str) -> tuple[Sheet, Area]:
    """(sheet, area) of an A1 or R1C1 text, a sheet title or a named range. Raises a 400 where it is none of them."""
    if len(text) <= MAX_RANGE_TEXT:
        title, cells, was_quoted = a1.split_title(text)
        if title is not None:
            sheet = book.titled(title)
            if sheet is not None and cells is None:
                return sheet, Area()
            area = a1.parse_cells(cells) if cells is not None else None
            if sheet is not None and area is not None:
                return sheet, area
            if sheet is not None and cells is not None and (named := _named(book, cells)):
                return named
        elif cells is not None and not was_quoted:
            found = _bare(book, cells)
            if found:
                return found
    raise bad_request(f"Unable to parse range: {text[:MAX_RANGE_TEXT]}")


def _bare(book: Book, text: str) -> tuple[Sheet, Area] | None:
    """A text without an exclamation mark: cells of the first sheet, else a title, else a named range."""
    area = a1.parse_cells(text)
    if area is not None:
        return book.sheets[0], area
    sheet = book.titled(text)
    if sheet is not None:
        return sheet, Area()
    return _named(book, text)


def _named(book: Book, text: str) -> tuple[Sheet, Area] | None:
    """The named range of that name; it may be asked for beside any sheet's title."""
    for one in book.named_ranges:
        if one["name"].casefold() == text.casefold():
            grid = one["range"]
            sheet = book.find(grid.get("sheetId", 0))
            if sheet is not None:
                sides = ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")
                return sheet, Area(*(grid.get(side) for side in sides))
    return None


def box_on_grid(sheet: Sheet, area: Area) -> Box:
    """The cells of the area that the grid has. Raises a 400 where it begins past the grid."""
    if (area.top or 0) >= sheet.row_count or (area.left or 0) >= sheet.column_count:
        raise beyond_grid(sheet, area)
    return area.within(sheet.row_count, sheet.column_count)


def beyond_grid(sheet: Sheet, area: Area) -> Exception:
    """The refusal of a range that reaches past the grid."""
    bottom = sheet.row_count if area.bottom is None else area.bottom
    right = sheet.column_count if area.right is None else area.right
    shown = a1.range_text(sheet.title, Box(area.top or 0, bottom, area.left or 0, right))
    return bad_request(
        f"Range ({shown}) exceeds grid limits. Max rows: {sheet.row_count}, max columns: {sheet.column_count}"
    )
