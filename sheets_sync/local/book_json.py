"""The Spreadsheet resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sheets_sync.local.a1 import Box
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.fields import Mask, masked, wants
from sheets_sync.local.grid import Book, Sheet
from sheets_sync.local.ranges import box_on_grid, found_range
from sheets_sync.local.rendering import grid_data, grid_range_json, without_zeros
from sheets_sync.local.requests.groups import groups_json
from sheets_sync.local.requests.metadata import sheet_of
from sheets_sync.local.requests.naming import named_range_json, protected_range_json
from sheets_sync.local.requests.sheets import sheet_properties

Json = dict[str, Any]

_AS_STORED = ("conditionalFormats", "filterViews", "charts", "slicers", "bandedRanges")


def spreadsheet_json(
    calculator: Calculator,
    ranges: Sequence[str],
    includes_grid: bool,
    mask: Mask | None,
    base_url: str,
    owner: str,
) -> Json:
    """What ``mask`` (None: all) names of the resource of the calculator's book, with the grid data of ``ranges`` (all
    sheets where none are named). Not to be changed by the caller."""
    book = calculator.book
    boxes = _boxes(book, ranges)
    sheets: list[Json] = []
    for index, sheet in enumerate(book.sheets):
        if ranges and sheet.id not in boxes:
            continue
        one = masked(_sheet_json(book, sheet, index, owner, mask), _below(mask, "sheets"))
        if includes_grid:
            below = _below(mask, "sheets", "data")
            one["data"] = [grid_data(calculator, sheet, box, below) for box in boxes.get(sheet.id, [sheet.box])]
        sheets.append(one)
    out: Json = {"spreadsheetId": book.id, "properties": book.properties}
    if book.named_ranges:
        out["namedRanges"] = [named_range_json(one) for one in book.named_ranges]
    own = [one for one in book.metadata if one["location"]["locationType"] == "SPREADSHEET"]
    if own:
        out["developerMetadata"] = own
    out["spreadsheetUrl"] = f"{base_url}/spreadsheets/d/{book.id}/edit"
    out = masked(out, mask)
    if wants(mask, "sheets"):
        out["sheets"] = sheets
    return out


def _boxes(book: Book, ranges: Sequence[str]) -> dict[int, list[Box]]:
    boxes: dict[int, list[Box]] = {}
    for text in ranges:
        sheet, area = found_range(book, text)
        boxes.setdefault(sheet.id, []).append(box_on_grid(sheet, area))
    return boxes


def _below(mask: Mask | None, *path: str) -> Mask | None:
    node = mask
    for name in path:
        if not node:
            return None
        node = node.get(name, node.get("*"))
    return node


def sheet_json(book: Book, sheet: Sheet) -> Json:
    """A Sheet resource without grid data."""
    return _sheet_json(book, sheet, book.sheets.index(sheet), "", None)


def _sheet_json(book: Book, sheet: Sheet, index: int, owner: str, mask: Mask | None) -> Json:
    out: Json = {"properties": sheet_properties(sheet, index)}
    parts = sheet.parts
    if parts.get("merges") and wants(mask, "sheets", "merges"):
        out["merges"] = [grid_range_json(one) for one in parts["merges"]]
    if parts.get("protectedRanges"):
        out["protectedRanges"] = [protected_range_json(one, owner) for one in parts["protectedRanges"]]
    if sheet.basic_filter:
        out["basicFilter"] = without_zeros(sheet.basic_filter)
    for name in _AS_STORED:
        if parts.get(name):
            out[name] = without_zeros(parts[name])
    for name, is_rows in (("rowGroups", True), ("columnGroups", False)):
        groups = groups_json(sheet, is_rows)
        if groups:
            out[name] = groups
    own = [one for one in book.metadata if one["location"]["locationType"] == "SHEET" and sheet_of(one) == sheet.id]
    if own:
        out["developerMetadata"] = own
    return out
