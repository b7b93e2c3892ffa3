"""Merging cells."""

from __future__ import annotations

from sheets_sync.local.a1 import Box
from sheets_sync.local.grid import Json, Sheet, box_range, range_box
from sheets_sync.local.requests.change import Change, Refused


def merge_cells(change: Change, body: Json) -> Json:
    """mergeCells: the values of all but the top left cell go."""
    sheet, box = change.area(body.get("range"))
    kind = body.get("mergeType", "MERGE_ALL")
    boxes = [box]
    if kind == "MERGE_COLUMNS":
        boxes = [Box(box.top, box.bottom, c, c + 1) for c in range(box.left, box.right)]
    elif kind == "MERGE_ROWS":
        boxes = [Box(r, r + 1, box.left, box.right) for r in range(box.top, box.bottom)]
    remove_merges(sheet, box)
    for one in boxes:
        if one.height * one.width > 1:
            _merge(sheet, one)
    return {}


def _merge(sheet: Sheet, box: Box) -> None:
    sheet.part("merges").append(box_range(sheet.id, box))
    kept = sheet.cell(box.top, box.left)
    for row in range(box.top, min(box.bottom, len(sheet.rows))):
        for column in [c for c in sheet.row(row) if box.left <= c < box.right]:
            if (row, column) == (box.top, box.left):
                continue
            cell = sheet.cell(row, column)
            if kept.entered is None and cell.entered is not None:
                kept = kept._replace(entered=cell.entered)
                sheet.put(box.top, box.left, kept)
            if cell.entered is not None:
                sheet.put(row, column, cell._replace(entered=None))


def remove_merges(sheet: Sheet, box: Box) -> None:
    """Takes merges out of a rectangle. Refused where one lies across its edge."""
    kept: list[Json] = []
    for one in sheet.part("merges"):
        merged = range_box(sheet, one)
        if not box.meets(merged):
            kept.append(one)
        elif not box.contains(merged):
            raise Refused("You must select all cells in a merged range to merge or unmerge them.")
    sheet.parts["merges"] = kept


def unmerge_cells(change: Change, body: Json) -> Json:
    """unmergeCells"""
    sheet, box = change.area(body.get("range"))
    remove_merges(sheet, box)
    return {}
