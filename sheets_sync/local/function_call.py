"""One function call in a formula: its arguments, evaluated when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sheets_sync.local.arrays import Array
from sheets_sync.local.coercion import Failed, number, text
from sheets_sync.local.grid import CellError, Value

if TYPE_CHECKING:
    from sheets_sync.local.calculation import Calculator, Region
    from sheets_sync.local.formulas import Node

_Key = tuple[int, int, int]


class Call:
    """One call: its arguments, evaluated when asked for."""

    def __init__(self, calculator: Calculator, name: str, arguments: tuple[Node, ...], key: _Key) -> None:
        self.calculator = calculator
        self.name = name
        self.arguments = arguments
        self.key = key

    def __len__(self) -> int:
        return len(self.arguments)

    def raw(self, index: int) -> Any:
        """The argument, a Region where it is a reference."""
        return self.calculator.evaluate(self.arguments[index], self.key)

    def value(self, index: int, default: Value = None) -> Value:
        """One value; ``default`` where the argument is left out."""
        if index >= len(self.arguments) or self.arguments[index] == ("blank",):
            return default
        return self.calculator.scalar(self.arguments[index], self.key)

    def number(self, index: int, default: float = 0) -> float:
        """One number."""
        return number(self.value(index, default))

    def text(self, index: int, default: str = "") -> str:
        """One text."""
        return text(self.value(index, default), self.calculator.locale)

    def array(self, index: int) -> Array:
        """An argument as a rectangle of values; operators in it work cell by cell."""
        return self.calculator.array(self.arguments[index], self.key)

    def cells(self, index: int) -> Region | Array:
        """An argument that must be a range or an array."""
        found = self.raw(index)
        if not hasattr(found, "box"):
            raise Failed("N_A", "Argument must be a range.")
        return found

    def region(self, index: int) -> Region:
        """An argument that must be a range."""
        found = self.raw(index)
        if not hasattr(found, "sheet"):
            raise Failed("N_A", "Argument must be a range.")
        return found

    def values(self, start: int = 0) -> Iterator[tuple[Value, bool]]:
        """(value, stands in a cell) of all arguments from ``start``; blank cells are left out."""
        for index in range(start, len(self.arguments)):
            found = self.raw(index)
            if hasattr(found, "box"):
                for _, _, value in found.filled():
                    yield value, True
            else:
                yield found, False

    def numbers(self, start: int = 0) -> Iterator[float]:
        """The numbers among the arguments; texts in cells do not count, typed ones must be numbers."""
        for value, is_cell in self.values(start):
            if isinstance(value, CellError):
                raise Failed(value.kind, value.message)
            if not is_cell:
                yield number(value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                yield value
