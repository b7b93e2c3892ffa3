"""Computes the formulas of a spreadsheet, each once, dependencies first, without recursion from cell to cell."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from datetime import datetime

from sheets_sync.local import coercion, functions
from sheets_sync.local.a1 import Area, Box
from sheets_sync.local.arrays import MAX_CELLS, Array, Spread, combined, may_spread
from sheets_sync.local.formulas import FormulaProblem, Node, parsed, references
from sheets_sync.local.grid import Book, CellError, Formula, Sheet, Value, computes, range_box
from sheets_sync.local.locales import locale_named

_Key = tuple[int, int, int]


class Region:
    """A reference to cells, as functions see it."""

    def __init__(self, calculator: Calculator, sheet: Sheet, box: Box) -> None:
        self.calculator = calculator
        self.sheet = sheet
        self.box = box

    def value(self, row: int, column: int) -> Value:
        """The value at an offset from the top left."""
        return self.calculator.value(self.sheet, self.box.top + row, self.box.left + column)

    def filled(self) -> Iterator[tuple[int, int, Value]]:
        """(row offset, column offset, value) of the cells that hold something."""
        box = self.box
        spread = self.calculator.spread(self.sheet)
        last = max(len(self.sheet.rows), max(spread, default=-1) + 1)
        for row in range(box.top, min(box.bottom, last)):
            cells = self.sheet.row(row)
            put = spread.get(row)
            if not cells and not put:
                continue
            for column in sorted({*cells, *put} if put else cells):
                if box.left <= column < box.right:
                    value = self.calculator.value(self.sheet, row, column)
                    if value is not None:
                        yield row - box.top, column - box.left, value


class Calculator:
    """The values of one version of a book. ``now`` is what NOW() and TODAY() say."""

    def __init__(self, book: Book, now: datetime) -> None:
        self.book = book
        self.now = now
        self.locale = locale_named(book.properties.get("locale"))
        self._values: dict[_Key, Value] = {}
        self._links: dict[_Key, str] = {}
        self._formulas: dict[int, dict[int, list[int]]] = {}
        self._spreading: dict[int, list[_Key]] = {}
        self._spread: dict[int, Spread] = {}
        self._depth = 0
        self._lock = threading.RLock()

    def value(self, sheet: Sheet, row: int, column: int) -> Value:
        """The value of a cell."""
        entered = sheet.cell(row, column).entered
        if entered is None:
            put = self.spread(sheet)
            return put.get(row, {}).get(column) if put else None
        if not isinstance(entered, Formula):
            return entered
        key = (sheet.id, row, column)
        if key not in self._values:
            self._compute(key)
        return self._values[key]

    def spread(self, sheet: Sheet) -> dict[int, dict[int, Value]]:
        """By row and column, what arrays put into blank cells of a sheet."""
        keys = self._spreading_cells(sheet)
        if not keys:
            return {}
        with self._lock:
            if not self._depth:  # within a computation they are computed as far as it needs them
                for key in keys:
                    self._compute(key)
            return self._spread_of(sheet).rows

    def _spread_of(self, sheet: Sheet) -> Spread:
        return self._spread.setdefault(sheet.id, Spread(sheet))

    def _spreading_cells(self, sheet: Sheet) -> list[_Key]:
        """The cells whose formula may give an array."""
        found = self._spreading.get(sheet.id)
        if found is None:
            found = self._spreading[sheet.id] = [
                (sheet.id, row, column)
                for row, columns in self._formula_cells(sheet).items()
                for column in columns
                if may_spread(str(sheet.cell(row, column).entered))
            ]
        return found

    def link(self, sheet: Sheet, row: int, column: int) -> str | None:
        """The address that HYPERLINK gave the cell."""
        if isinstance(sheet.cell(row, column).entered, Formula):
            self.value(sheet, row, column)
        return self._links.get((sheet.id, row, column))

    def _compute(self, wanted: _Key) -> None:
        """Computes a cell, if that has not been done yet, and the cells that it needs."""
        with self._lock:
            self._depth += 1
            try:
                self._compute_all(wanted)
            finally:
                self._depth -= 1

    def _compute_all(self, wanted: _Key) -> None:
        """Depth first over the cells that ``wanted`` needs; a cell met again while open is a circle."""
        open_cells: set[_Key] = set()
        stack: list[tuple[_Key, bool, bool]] = [(wanted, False, False)]  # cell, is ready, is needed only perhaps
        while stack:
            key, is_ready, is_perhaps = stack.pop()
            if key in self._values:
                continue
            if is_ready:
                open_cells.discard(key)
                self._values[key] = self._evaluated(key)
            elif key not in open_cells:
                open_cells.add(key)
                stack.append((key, True, False))
                # the last pushed is done first: what a range may hold by an array, before what reads it
                stack.extend((one, False, False) for one in self._needs(key) if one not in self._values)
                stack.extend((one, False, True) for one in self._may_need(key) if one not in self._values)
            elif not is_perhaps:
                self._values[key] = CellError("REF", "Circular dependency detected.")

    def _tree(self, key: _Key) -> Node | CellError:
        sheet = self._sheet(key[0])
        entered = sheet.cell(key[1], key[2]).entered
        try:
            return parsed(str(entered), self.locale.decimal)
        except FormulaProblem as problem:
            return CellError("ERROR", str(problem))

    def _sheet(self, sheet_id: int) -> Sheet:
        sheet = self.book.find(sheet_id)
        assert sheet is not None
        return sheet

    def _areas(self, key: _Key) -> Iterator[tuple[Sheet, Box]]:
        """The cells that a formula names."""
        tree = self._tree(key)
        if isinstance(tree, CellError):
            return
        for title, area in [*references(tree), *self._named_areas(tree)]:
            sheet = self.book.titled(title) if title is not None else self._sheet(key[0])
            if sheet is not None:
                yield sheet, area.within(sheet.row_count, sheet.column_count)

    def _may_need(self, key: _Key) -> Iterator[_Key]:
        """Arrays above or to the left of what a formula names: they may reach into it."""
        for sheet, box in self._areas(key):
            for one in self._spreading_cells(sheet):
                if one != key and one[1] < box.bottom and one[2] < box.right:
                    yield one

    def _needs(self, key: _Key) -> Iterator[_Key]:
        for sheet, box in self._areas(key):
            formulas = self._formula_cells(sheet)
            if box.height > len(formulas):
                rows = [row for row in formulas if box.top <= row < box.bottom]
            else:
                rows = [row for row in range(box.top, box.bottom) if row in formulas]
            for row in rows:
                for column in formulas[row]:
                    if box.left <= column < box.right:
                        yield (sheet.id, row, column)

    def _named_areas(self, tree: Node) -> list[tuple[str | None, Area]]:
        out: list[tuple[str | None, Area]] = []
        stack = [tree]
        while stack:
            node = stack.pop()
            if node[0] == "name":
                region = self._named(node[1])
                if region:
                    out.append((region.sheet.title, Area(*region.box)))
            elif node[0] == "call":
                stack.extend(node[2])
            else:
                stack.extend(part for part in node[1:] if isinstance(part, tuple) and part and isinstance(part[0], str))
        return out

    def _formula_cells(self, sheet: Sheet) -> dict[int, list[int]]:
        if sheet.id not in self._formulas:
            found: dict[int, list[int]] = {}
            for index, row in enumerate(sheet.rows):
                if row and computes(row):
                    found[index] = [column for column, cell in row.items() if type(cell.entered) is Formula]
            self._formulas[sheet.id] = found
        return self._formulas[sheet.id]

    def _evaluated(self, key: _Key) -> Value:
        tree = self._tree(key)
        if isinstance(tree, CellError):
            return tree
        try:
            result = self.evaluate(tree, key)
            if isinstance(result, Array):
                result = self._spread_of(self._sheet(key[0])).put(result, key[1], key[2])
            elif isinstance(result, Region):
                result = self.single(result, key)
        except coercion.Failed as failed:
            return failed.error
        except (OverflowError, ValueError, ArithmeticError, RecursionError):
            return CellError("NUM", "The result is no number that can be shown.")
        if isinstance(result, float):
            if not math.isfinite(result):
                return CellError("NUM", "The result is no number that can be shown.")
            if result.is_integer() and abs(result) < 1e15:
                return int(result)
        return 0 if result is None else result

    def array(self, node: Node, key: _Key) -> Array:
        """The values of a tree as a rectangle: operators work cell by cell. Raises coercion.Failed."""
        kind = node[0]
        if kind == "op":
            left, right = self.array(node[2], key), self.array(node[3], key)
            return combined(left, right, lambda a, b: coercion.operated(node[1], a, b, self.locale))
        if kind == "neg":
            return self.array(node[1], key).mapped(lambda value: -coercion.number(value))
        if kind == "pct":
            return self.array(node[1], key).mapped(lambda value: coercion.number(value) / 100)
        found = self.evaluate(node, key)
        if isinstance(found, Array):
            return found
        if not isinstance(found, Region):
            return Array([[found]])
        box = found.box
        if box.height * box.width > MAX_CELLS:
            raise coercion.Failed("NUM", "The array is too large.")
        return Array([[found.value(row, column) for column in range(box.width)] for row in range(box.height)])

    def evaluate(self, node: Node, key: _Key) -> Value | Region | Array:
        """The value of a tree as it stands in the cell ``key``. Raises coercion.Failed for an error value."""
        kind = node[0]
        if kind in ("num", "str", "bool"):
            return node[1]
        if kind == "blank":
            return None
        if kind == "err":
            raise coercion.Failed(node[1])
        if kind == "ref":
            return self._region(node, key)
        if kind == "name":
            region = self._named(node[1])
            if region is None:
                raise coercion.Failed("NAME", f"Unknown range name: '{node[1]}'.")
            return region
        if kind == "neg":
            return -coercion.number(self.scalar(node[1], key))
        if kind == "pct":
            return coercion.number(self.scalar(node[1], key)) / 100
        if kind == "op":
            left, right = self.scalar(node[2], key), self.scalar(node[3], key)
            return coercion.operated(node[1], left, right, self.locale)
        return functions.called(self, node[1], node[2], key)

    def scalar(self, node: Node, key: _Key) -> Value:
        """One value of a tree; of several cells the one in the formula's own row or column."""
        result = self.evaluate(node, key)
        if isinstance(result, Region):
            result = self.single(result, key)
        elif isinstance(result, Array):
            result = result.value(0, 0)
        if isinstance(result, CellError):
            raise coercion.Failed(result.kind, result.message)
        return result

    def single(self, region: Region, key: _Key) -> Value:
        """The one value of a region where one is wanted."""
        box = region.box
        if box.height == 1 and box.width == 1:
            return region.value(0, 0)
        if box.width == 1 and box.top <= key[1] < box.bottom:
            return region.value(key[1] - box.top, 0)
        if box.height == 1 and box.left <= key[2] < box.right:
            return region.value(0, key[2] - box.left)
        raise coercion.Failed("VALUE", "An array value could not be found.")

    def set_link(self, key: _Key, address: str) -> None:
        """Remembers where a cell links to."""
        self._links[key] = address

    def _region(self, node: Node, key: _Key) -> Region:
        sheet = self.book.titled(node[1]) if node[1] is not None else self._sheet(key[0])
        if sheet is None:
            raise coercion.Failed("REF", f"Unresolved sheet name '{node[1]}'.")
        area: Area = node[2]
        box = area.within(sheet.row_count, sheet.column_count)
        if box.is_empty():
            raise coercion.Failed("REF", "Reference does not exist.")
        return Region(self, sheet, box)

    def _named(self, name: str) -> Region | None:
        for one in self.book.named_ranges:
            if one.get("name", "").casefold() == name.casefold():
                sheet = self.book.find(one.get("range", {}).get("sheetId", 0))
                if sheet:
                    return Region(self, sheet, range_box(sheet, one["range"]))
        return None
