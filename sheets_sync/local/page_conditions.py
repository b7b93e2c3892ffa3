"""Conditional formats, worked out: which format each cell of a row takes, from the first rule that holds for it.

A rule's formula is written for the first cell of its range; its relative references move along with the cell. What a
rule says of a cell is remembered by the values that it reads, since most rows of a tab read the same few.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

from sheets_sync.local import coercion, typed
from sheets_sync.local.a1 import Area
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.formulas import FormulaProblem, Node, moved, parsed, references
from sheets_sync.local.grid import CellError, Sheet, Value, range_box
from sheets_sync.local.page_gradients import Gradient

Json = dict[str, Any]
Paint = Mapping[int, Json]
"""CellFormats by column."""

MOST_READS = 4_000_000
"""A rule that reads more cells than this in all (its cells times what each looks at) is not drawn."""
_NUMBERS = {
    "NUMBER_GREATER": lambda value, low: value > low,
    "NUMBER_GREATER_THAN_EQ": lambda value, low: value >= low,
    "NUMBER_LESS": lambda value, low: value < low,
    "NUMBER_LESS_THAN_EQ": lambda value, low: value <= low,
    "NUMBER_EQ": lambda value, low: value == low,
    "NUMBER_NOT_EQ": lambda value, low: value != low,
    "NUMBER_BETWEEN": lambda value, low, high: low <= value <= high,
    "NUMBER_NOT_BETWEEN": lambda value, low, high: not low <= value <= high,
    "DATE_EQ": lambda value, day: int(value) == int(day),
    "DATE_BEFORE": lambda value, day: value < day,
    "DATE_AFTER": lambda value, day: int(value) > int(day),
}
_TEXTS = {
    "TEXT_CONTAINS": lambda text, part: part in text,
    "TEXT_NOT_CONTAINS": lambda text, part: part not in text,
    "TEXT_STARTS_WITH": lambda text, part: text.startswith(part),
    "TEXT_ENDS_WITH": lambda text, part: text.endswith(part),
    "TEXT_EQ": lambda text, part: text == part,
    "TEXT_NOT_EQ": lambda text, part: text != part,
}
_AROUND = ("ROW", "COLUMN", "NOW", "TODAY", "RAND", "RANDBETWEEN", "INDIRECT", "OFFSET")
_DAYS = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1, "PAST_WEEK": -7, "PAST_MONTH": -30, "PAST_YEAR": -365}


class _Formula:
    """A formula that stands for many cells. ``shifts`` says of each reference which of its sides move along."""

    def __init__(self, text: str, decimal: str) -> None:
        self.tree = parsed(text, decimal)
        here, there = references(self.tree), references(parsed(moved(text, 1, 1), decimal))
        self.shifts = {
            (title, area): tuple(
                old is not None and new is not None and new - old == 1 for old, new in zip(area, after, strict=True)
            )
            for (title, area), (_, after) in zip(here, there, strict=True)
        }

    def at(self, down: int, across: int) -> Node:
        """The tree for the cell that far from the first one."""
        return self._moved(self.tree, (down, down, across, across))

    def _moved(self, node: Node, by: tuple[int, int, int, int]) -> Node:
        if node[0] == "ref":
            shifts = self.shifts[node[1], node[2]]
            sides = [
                side + step if side is not None and shifts_along else side
                for side, step, shifts_along in zip(node[2], by, shifts, strict=True)
            ]
            return ("ref", node[1], Area(*sides))
        if node[0] == "call":
            return ("call", node[1], tuple(self._moved(one, by) for one in node[2]))
        parts = (self._moved(part, by) if _is_node(part) else part for part in node[1:])
        return (node[0], *parts)

    def cells(self) -> Iterator[tuple[str | None, Area, bool]]:
        """(title, area, whether it is one cell that moves with the row) of each reference."""
        for (title, area), shifts in self.shifts.items():
            is_cell = None not in area and area.bottom == (area.top or 0) + 1 and area.right == (area.left or 0) + 1
            yield title, area, bool(is_cell and shifts[0])


def _is_node(part: Any) -> bool:
    return isinstance(part, tuple) and bool(part) and isinstance(part[0], str)


class _Rule:
    """One rule on one version of a tab."""

    def __init__(self, calculator: Calculator, sheet: Sheet, rule: Json) -> None:
        self.calculator = calculator
        self.sheet = sheet
        self.boxes = [range_box(sheet, area) for area in rule.get("ranges") or ()]
        self.gradient = (
            Gradient(calculator, sheet, self.boxes, rule["gradientRule"]) if "gradientRule" in rule else None
        )
        boolean = rule.get("booleanRule") or {}
        self.format: Json = boolean.get("format") or {}
        condition = boolean.get("condition") or {}
        self.kind = str(condition.get("type", ""))
        self.values = list(condition.get("values") or ())
        self.formula = self._parsed() if self.kind == "CUSTOM_FORMULA" else None
        self.origin = (
            (min(box.top for box in self.boxes), min(box.left for box in self.boxes)) if self.boxes else (0, 0)
        )
        self.memo: dict[Any, bool] = {}
        self.own_row = self.gradient is None and self._reads_its_row()
        self.is_drawn = bool(self.boxes) and self._reads() <= MOST_READS

    def _parsed(self) -> _Formula | None:
        text = str(self.values[0].get("userEnteredValue", "")) if self.values else ""
        try:
            return _Formula(text if text.startswith("=") else f"={text}", self.calculator.locale.decimal)
        except FormulaProblem:
            return None

    def _reads_its_row(self) -> bool:
        """Whether the answer rests on cells of the same row alone."""
        if self.formula is None:
            return not any("relativeDate" in value or _is_formula(value) for value in self.values)
        if _looks_around(self.formula.tree):
            return False
        return all(
            title is None and moves and area.top == self.origin[0] for title, area, moves in self.formula.cells()
        )

    def _reads(self) -> int:
        cells = sum(box.height * box.width for box in self.boxes)
        if self.formula is None or self.own_row:
            return 0
        wide = [area for _, area, moves in self.formula.cells() if not moves]
        grid = (self.sheet.row_count, self.sheet.column_count)
        looked_at = sum(box.height * box.width for box in (area.within(*grid) for area in wide) if not box.is_empty())
        return cells * max(1, looked_at)

    def format_at(self, row: int, column: int) -> Json | None:
        """The format that the rule gives the cell; None where it does not hold."""
        value = self.calculator.value(self.sheet, row, column)
        if self.gradient is not None:
            return self.gradient.format_of(value)
        if self.formula is None:
            key: Any = (type(value), value)
        else:
            key = self._seen(row, column)
        if key not in self.memo:
            self.memo[key] = self._holds(value, row, column)
        return self.format if self.memo[key] else None

    def _seen(self, row: int, column: int) -> Any:
        """The values that the formula reads in the cell's own row; the place too where it reads more than that."""
        if not self.own_row or self.formula is None:
            return row, column
        seen: list[Any] = []
        for (_, area), shifts in self.formula.shifts.items():
            at = (area.left or 0) + (column - self.origin[1] if shifts[2] else 0)
            value = self.calculator.value(self.sheet, row, at)
            seen += [type(value), value]
        return tuple(seen)

    def _holds(self, value: Value, row: int, column: int) -> bool:
        try:
            if self.kind == "CUSTOM_FORMULA":
                if self.formula is None:
                    return False
                tree = self.formula.at(row - self.origin[0], column - self.origin[1])
                found = self.calculator.scalar(tree, (self.sheet.id, row, column))
                return not isinstance(found, str) and coercion.truth(found)
            if self.kind in ("BLANK", "NOT_BLANK"):
                return (value in (None, "")) == (self.kind == "BLANK")
            wanted = [self._wanted(one, row, column) for one in self.values]
            if self.kind in _NUMBERS and _is_number(value) and all(map(_is_number, wanted)):
                return _NUMBERS[self.kind](value, *wanted)
            if self.kind in _TEXTS and not isinstance(value, CellError) and len(wanted) == 1:
                locale = self.calculator.locale
                texts = [coercion.text(one, locale).casefold() for one in (value, wanted[0])]
                return bool(texts[1] or self.kind.endswith("EQ")) and _TEXTS[self.kind](*texts)
        except (coercion.Failed, FormulaProblem, ArithmeticError, ValueError, RecursionError, TypeError):
            return False
        return False

    def _wanted(self, value: Json, row: int, column: int) -> Value:
        if "relativeDate" in value:
            today = self.calculator.evaluate(("call", "TODAY", ()), (self.sheet.id, row, column))
            return coercion.number(today) + _DAYS.get(str(value["relativeDate"]), 0)  # pyright: ignore[reportArgumentType]
        text = str(value.get("userEnteredValue", ""))
        if _is_formula(value):
            tree = _Formula(text, self.calculator.locale.decimal).at(row - self.origin[0], column - self.origin[1])
            return self.calculator.scalar(tree, (self.sheet.id, row, column))
        return typed.parsed_entry(text, self.calculator.locale)[0]


def _looks_around(node: Node) -> bool:
    """Whether the tree asks where it stands, what time it is, or for a named range."""
    if node[0] == "name" or (node[0] == "call" and node[1] in _AROUND):
        return True
    parts = node[2] if node[0] == "call" else [part for part in node[1:] if _is_node(part)]
    return any(_looks_around(part) for part in parts)


def _is_formula(value: Mapping[str, Any]) -> bool:
    return str(value.get("userEnteredValue", "")).startswith("=")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Painter:
    """The conditional formats of one version of a tab."""

    def __init__(self, calculator: Calculator, sheet: Sheet) -> None:
        rules = [_Rule(calculator, sheet, rule) for rule in sheet.parts.get("conditionalFormats", ())]
        self._rules = [rule for rule in rules if rule.is_drawn]
        edges = {edge for rule in self._rules for box in rule.boxes for edge in (box.top, box.bottom)}
        self._edges = sorted(edges)
        self._covering = [self._rules_at(edge) for edge in self._edges]
        self._own_row = all(rule.own_row for rule in self._rules)

    def _rules_at(self, row: int) -> tuple[int, ...]:
        return tuple(
            number for number, rule in enumerate(self._rules) if any(box.top <= row < box.bottom for box in rule.boxes)
        )

    def covering(self, row: int) -> tuple[int, ...]:
        """The numbers of the rules that have cells in the row."""
        at = bisect_right(self._edges, row) - 1
        return self._covering[at] if at >= 0 else ()

    def paint(self, row: int, covering: tuple[int, ...], before: Paint | None) -> Paint:
        """The formats of the row's cells. ``before`` is what an unchanged row under the same rules had."""
        if not covering:
            return {}
        if before is not None and self._own_row:
            return before
        paint: dict[int, Json] = {}
        for number in covering:
            rule = self._rules[number]
            for box in rule.boxes:
                if not box.top <= row < box.bottom:
                    continue
                for column in range(box.left, box.right):
                    if column not in paint and (found := rule.format_at(row, column)):
                        paint[column] = found
        return paint
