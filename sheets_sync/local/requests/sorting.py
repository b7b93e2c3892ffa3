"""Sorting rows, hiding them by filters, dropping duplicates, shuffling."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sheets_sync.local import formats
from sheets_sync.local.a1 import Box
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.fields import updated
from sheets_sync.local.grid import BLANK, CellError, Json, Row, Sheet, Value, range_box
from sheets_sync.local.requests.change import Change, Refused, moved_cell


def sort_range(change: Change, body: Json) -> Json:
    """sortRange"""
    sheet, box = change.area(body.get("range"))
    sort_box(change, sheet, box, body.get("sortSpecs", []))
    return {}


def sort_box(change: Change, sheet: Sheet, box: Box, specs: list[Json]) -> None:
    """Sorts the rows of a rectangle: numbers, then texts (without case), then booleans, then errors; blanks last in
    either direction. Equal rows keep their order. Notes, formats and formulas go with their row."""
    calculator = change.calculator()
    order = list(range(box.top, box.bottom))
    for spec in reversed(specs):
        column = spec.get("dimensionIndex", 0)
        if not box.left <= column < box.right:
            raise Refused(f"sortSpecs.dimensionIndex[{column}] is outside of the range.")
        descends = spec.get("sortOrder") == "DESCENDING"
        order = _sorted(order, lambda row, at=column: calculator.value(sheet, row, at), descends)
    _reorder(sheet, box, order)


def _sorted(order: list[int], value_of: Callable[[int], Value], descends: bool) -> list[int]:
    keyed = [(_rank(value_of(row)), row) for row in order]
    filled = [pair for pair in keyed if pair[0] is not None]
    blank = [row for key, row in keyed if key is None]
    filled.sort(key=lambda pair: pair[0], reverse=descends)  # stable in both directions
    return [row for _, row in filled] + blank


def _rank(value: Value) -> Any:
    """A key that orders mixed types; None for blank."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, (int, float)):
        return (0, value)
    if isinstance(value, CellError):
        return (3, value.kind)
    return (1, value.casefold())


def _reorder(sheet: Sheet, box: Box, order: list[int]) -> None:
    """Puts the cells of old row ``order[i]`` into row ``box.top + i``."""
    is_whole = box.left == 0 and box.right >= sheet.column_count
    old = [sheet.row(row) for row in order]
    if not any(old):
        return
    for target, (source, cells) in enumerate(zip(order, old, strict=True), start=box.top):
        if source == target:
            continue
        inside = {c: moved_cell(cell, target - source, 0) for c, cell in cells.items() if box.left <= c < box.right}
        if not is_whole:
            current = sheet.row(target)
            inside.update({c: cell for c, cell in current.items() if not box.left <= c < box.right})
        sheet.replace_row(target, inside)


def randomize_range(change: Change, body: Json) -> Json:
    """randomizeRange"""
    sheet, box = change.area(body.get("range"))
    order = list(range(box.top, box.bottom))
    random.shuffle(order)
    _reorder(sheet, box, order)
    return {}


# ---- filters


def set_basic_filter(change: Change, body: Json) -> Json:
    """setBasicFilter: sorts and hides rows at once; without a range the whole sheet."""
    wanted = dict(body.get("filter", {}))
    sheet, box = change.area(wanted.get("range", {"sheetId": 0}), "filter.range")
    wanted.setdefault("range", {"sheetId": sheet.id})
    wanted["range"] = {
        "sheetId": sheet.id,
        "startRowIndex": box.top,
        "endRowIndex": box.bottom,
        "startColumnIndex": box.left,
        "endColumnIndex": box.right,
    }
    sheet.basic_filter = wanted
    if wanted.get("sortSpecs") and box.height > 1:
        sort_box(change, sheet, Box(box.top + 1, box.bottom, box.left, box.right), wanted["sortSpecs"])
    apply_filter(change, sheet)
    return {}


def clear_basic_filter(change: Change, body: Json) -> Json:
    """clearBasicFilter"""
    sheet = change.sheet(body.get("sheetId", 0))
    sheet.basic_filter = None
    apply_filter(change, sheet)
    return {}


def apply_filter(change: Change, sheet: Sheet) -> None:
    """Marks the rows that the basic filter hides."""
    for index in [i for i, size in sheet.row_sizes.items() if size.get("hiddenByFilter")]:
        size = {name: value for name, value in sheet.row_sizes[index].items() if name != "hiddenByFilter"}
        if size:
            sheet.row_sizes[index] = size
        else:
            del sheet.row_sizes[index]
    if not sheet.basic_filter:
        return
    tests = _criteria(sheet.basic_filter)
    if not tests:
        return
    box = range_box(sheet, sheet.basic_filter["range"])
    calculator = change.calculator()
    for index in range(box.top + 1, min(box.bottom, sheet.row_count)):
        if not all(_passes(calculator, sheet, index, column, criteria) for column, criteria in tests):
            sheet.row_sizes[index] = {**sheet.row_sizes.get(index, {}), "hiddenByFilter": True}


def _criteria(basic_filter: Json) -> list[tuple[int, Json]]:
    found = [(int(column), one) for column, one in basic_filter.get("criteria", {}).items() if column.isdigit()]
    specs = basic_filter.get("filterSpecs", ())
    return found + [(spec.get("columnIndex", 0), spec.get("filterCriteria", {})) for spec in specs]


def _passes(calculator: Calculator, sheet: Sheet, row: int, column: int, criteria: Json) -> bool:
    cell = sheet.cell(row, column)
    value = calculator.value(sheet, row, column)
    number_format = (cell.format or {}).get("numberFormat")
    text = formats.formatted(value, number_format, calculator.locale)
    if text in criteria.get("hiddenValues", ()):
        return False
    condition = criteria.get("condition")
    if not condition:
        return True
    return condition_holds(calculator, condition, value, text)


def condition_holds(calculator: Calculator, condition: Json, value: Value, text: str) -> bool:
    """Whether a BooleanCondition holds for a value; a kind that is not understood always holds."""
    from sheets_sync.local.typed import parsed_entry

    kind = condition.get("type", "")
    wanted = [one.get("userEnteredValue", "") for one in condition.get("values", [])]
    if kind in ("BLANK", "NOT_BLANK"):
        return (value is None or value == "") == (kind == "BLANK")
    if kind.startswith("TEXT_") and wanted:
        low, part = text.casefold(), wanted[0].casefold()
        return {
            "TEXT_CONTAINS": part in low,
            "TEXT_NOT_CONTAINS": part not in low,
            "TEXT_STARTS_WITH": low.startswith(part),
            "TEXT_ENDS_WITH": low.endswith(part),
            "TEXT_EQ": low == part,
            "TEXT_NOT_EQ": low != part,
        }.get(kind, True)
    if kind.startswith(("NUMBER_", "DATE_")) and wanted:
        bounds = [parsed_entry(one, calculator.locale)[0] for one in wanted]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in bounds):
            return True
        return _compares(kind, value, [one for one in bounds if isinstance(one, (int, float))])
    return True


def _compares(kind: str, value: float, bounds: list[float]) -> bool:
    first, last = bounds[0], bounds[-1]
    return {
        "NUMBER_GREATER": value > first,
        "NUMBER_GREATER_THAN_EQ": value >= first,
        "NUMBER_LESS": value < first,
        "NUMBER_LESS_THAN_EQ": value <= first,
        "NUMBER_EQ": value == first,
        "NUMBER_NOT_EQ": value != first,
        "NUMBER_BETWEEN": first <= value <= last,
        "NUMBER_NOT_BETWEEN": not first <= value <= last,
        "DATE_BEFORE": value < first,
        "DATE_AFTER": value > first,
        "DATE_EQ": int(value) == int(first),
        "DATE_ON_OR_BEFORE": value <= first,
        "DATE_ON_OR_AFTER": value >= first,
        "DATE_BETWEEN": first <= value <= last,
    }.get(kind, True)


def _view(sheet_list: list[Sheet], view_id: int) -> tuple[Sheet, Json]:
    for sheet in sheet_list:
        for view in sheet.parts.get("filterViews", ()):
            if view.get("filterViewId") == view_id:
                return sheet, view
    raise Refused(f"No filter view with id: {view_id}")


def add_filter_view(change: Change, body: Json) -> Json:
    """addFilterView"""
    view = dict(body.get("filter", {}))
    sheet, _ = change.area(view.get("range", {"sheetId": 0}), "filter.range")
    taken = [one["filterViewId"] for s in change.book.sheets for one in s.parts.get("filterViews", ())]
    if view.get("filterViewId") in taken:
        raise Refused(f"A filter view with the ID {view['filterViewId']} already exists.")
    view.setdefault("filterViewId", change.new_id(taken))
    view.setdefault("title", f"Filter {len(taken) + 1}")
    sheet.part("filterViews").append(view)
    return {"addFilterView": {"filter": view}}


def update_filter_view(change: Change, body: Json) -> Json:
    """updateFilterView"""
    wanted = body.get("filter", {})
    mask = change.mask("FilterView", body.get("fields"))
    sheet, view = _view(change.book.sheets, wanted.get("filterViewId", 0))
    sheet = change.sheet(sheet.id)
    views = sheet.part("filterViews")
    at = next(i for i, one in enumerate(views) if one["filterViewId"] == view["filterViewId"])
    views[at] = {**updated(views[at], wanted, mask), "filterViewId": view["filterViewId"]}
    return {}


def duplicate_filter_view(change: Change, body: Json) -> Json:
    """duplicateFilterView"""
    _, view = _view(change.book.sheets, body.get("filterId", 0))
    copied = {name: part for name, part in view.items() if name != "filterViewId"}
    reply = add_filter_view(change, {"filter": {**copied, "title": f"Copy of {view.get('title', '')}"}})
    return {"duplicateFilterView": reply["addFilterView"]}


def delete_filter_view(change: Change, body: Json) -> Json:
    """deleteFilterView"""
    sheet, view = _view(change.book.sheets, body.get("filterId", 0))
    sheet = change.sheet(sheet.id)
    sheet.parts["filterViews"] = [
        one for one in sheet.part("filterViews") if one["filterViewId"] != view["filterViewId"]
    ]
    return {}


# ---- duplicates


def delete_duplicates(change: Change, body: Json) -> Json:
    """deleteDuplicates: rows whose compared cells equal an earlier row's; those below move up."""
    sheet, box = change.area(body.get("range"))
    columns = set(range(box.left, box.right))
    for one in body.get("comparisonColumns", ()):
        low, high = one.get("startIndex", box.left), one.get("endIndex", box.right)
        if one is body["comparisonColumns"][0]:
            columns = set()
        columns |= set(range(max(low, box.left), min(high, box.right)))
    calculator = change.calculator()
    seen: set[Any] = set()
    kept: list[Row] = []
    removed = 0
    for row in range(box.top, min(box.bottom, len(sheet.rows))):
        key = tuple(_folded(calculator.value(sheet, row, column)) for column in sorted(columns))
        if key in seen:
            removed += 1
            continue
        seen.add(key)
        kept.append(dict(sheet.row(row)))
    for offset, row in enumerate(range(box.top, min(box.bottom, len(sheet.rows)))):
        cells = kept[offset] if offset < len(kept) else {}
        for column in range(box.left, box.right):
            sheet.put(row, column, cells.get(column, BLANK))
    return {"deleteDuplicates": {"duplicatesRemovedCount": removed} if removed else {}}


def _folded(value: Value) -> Any:
    return value.casefold() if isinstance(value, str) else (type(value).__name__, value)
