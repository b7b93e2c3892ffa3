"""Functions that look values up in ranges."""

from __future__ import annotations

from sheets_sync.local.coercion import Failed, order, text, truth
from sheets_sync.local.function_call import Call
from sheets_sync.local.grid import CellError, Value


def index(call: Call) -> Value:
    """INDEX"""
    region = call.cells(0)
    row, column = int(call.number(1)), int(call.number(2))
    if region.box.height == 1 and len(call) == 2:
        row, column = 1, row
    row, column = max(row, 1), max(column, 1)
    if row > region.box.height or column > region.box.width:
        raise Failed("NUM", "Function INDEX is out of range.")
    return region.value(row - 1, column - 1)


def match(call: Call) -> Value:
    """MATCH"""
    wanted, region, kind = call.value(0), call.region(1), call.number(2, 1)
    size = max(region.box.height, region.box.width)
    best: int | None = None
    for position in range(size):
        at = (position, 0) if region.box.width == 1 else (0, position)
        value = region.value(*at)
        if value is None or isinstance(value, CellError) or isinstance(value, str) != isinstance(wanted, str):
            continue
        relation = order(value, wanted)
        if relation == 0:
            return position + 1
        if kind > 0 and relation < 0:
            best = position + 1
        if kind < 0 and relation > 0:
            best = position + 1
    if best is None or kind == 0:
        raise Failed("N_A", f"Did not find value '{text(wanted, call.calculator.locale)[:100]}' in MATCH evaluation.")
    return best


def vlookup(call: Call) -> Value:
    """VLOOKUP"""
    wanted, region, column = call.value(0), call.region(1), int(call.number(2))
    is_sorted = truth(call.value(3, True))
    if not 1 <= column <= region.box.width:
        raise Failed("REF", "VLOOKUP evaluates to an out of bounds range.")
    best: int | None = None
    for row in range(min(region.box.height, max(len(region.sheet.rows) - region.box.top, 0))):
        value = region.value(row, 0)
        if value is None or isinstance(value, CellError) or isinstance(value, str) != isinstance(wanted, str):
            continue
        relation = order(value, wanted)
        if relation == 0:
            return region.value(row, column - 1)
        if is_sorted and relation < 0:
            best = row
    if best is None:
        raise Failed("N_A", f"Did not find value '{text(wanted, call.calculator.locale)[:100]}' in VLOOKUP evaluation.")
    return region.value(best, column - 1)
