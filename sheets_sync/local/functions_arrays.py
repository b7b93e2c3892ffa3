"""Functions that give many values."""

from __future__ import annotations

from functools import cmp_to_key

from sheets_sync.local.arrays import Array
from sheets_sync.local.coercion import Failed, order, truth
from sheets_sync.local.function_call import Call
from sheets_sync.local.grid import CellError, Value


def filtered(call: Call) -> Array:
    """FILTER: the rows (or columns) for which every condition holds."""
    source = call.array(0)
    by_columns = call.array(1).box.height == 1 and source.box.height > 1
    lines = [list(line) for line in zip(*source.rows, strict=True)] if by_columns else source.rows
    keeps = [True] * len(lines)
    for index in range(1, len(call)):
        condition = call.array(index)
        found = condition.rows[0] if by_columns or condition.box.width > 1 else [row[0] for row in condition.rows]
        if len(found) != len(lines):
            raise Failed(
                "N_A",
                f"FILTER has mismatched range sizes. Expected row count: {source.box.height}. column count: 1."
                f" Actual row count: {condition.box.height}, column count: {condition.box.width}.",
            )
        keeps = [kept and not isinstance(one, CellError) and truth(one) for kept, one in zip(keeps, found, strict=True)]
    kept_lines = [line for line, kept in zip(lines, keeps, strict=True) if kept]
    if not kept_lines:
        raise Failed("N_A", "No matches are found in FILTER evaluation.")
    return Array([list(line) for line in zip(*kept_lines, strict=True)] if by_columns else kept_lines)


def transposed(call: Call) -> Array:
    """TRANSPOSE"""
    return Array([list(line) for line in zip(*call.array(0).rows, strict=True)])


def unique(call: Call) -> Array:
    """UNIQUE: each row once, where it stands first."""
    seen: set[tuple[object, ...]] = set()
    rows: list[list[Value]] = []
    for row in call.array(0).rows:
        key = tuple(value.casefold() if isinstance(value, str) else (type(value).__name__, value) for value in row)
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return Array(rows)


def sorted_rows(call: Call) -> Array:
    """SORT: by the columns that are named, each with TRUE for rising; blanks last."""
    source = call.array(0)
    rows = list(source.rows)
    specs = [(int(call.number(i)), truth(call.value(i + 1, True))) for i in range(1, len(call), 2)] or [(1, True)]
    for column, rises in reversed(specs):
        if not 1 <= column <= source.box.width:
            raise Failed("VALUE", f"SORT has no column {column} to sort by.")
        filled = [row for row in rows if row[column - 1] is not None]
        blank = [row for row in rows if row[column - 1] is None]
        filled.sort(key=cmp_to_key(lambda a, b, at=column - 1: _compared(a[at], b[at])), reverse=not rises)
        rows = filled + blank
    return Array(rows)


def _compared(one: Value, other: Value) -> int:
    if isinstance(one, CellError) or isinstance(other, CellError):
        return isinstance(one, CellError) - isinstance(other, CellError)
    return order(one, other)


def as_array(call: Call) -> Array:
    """ARRAYFORMULA: operators work on every cell of their ranges."""
    return call.array(0)
