"""Colour scales of conditional formats."""

from __future__ import annotations

from typing import Any

from sheets_sync.local.a1 import Box
from sheets_sync.local.calculation import Calculator, Region
from sheets_sync.local.grid import Sheet, Value
from sheets_sync.local.typed import plain_number

Json = dict[str, Any]
_CHANNELS = ("red", "green", "blue")


class Gradient:
    """A gradientRule over its cells: two or three points, and the colours between them."""

    def __init__(self, calculator: Calculator, sheet: Sheet, boxes: list[Box], rule: Json) -> None:
        numbers = sorted(
            float(value)
            for box in boxes
            for _, _, value in Region(calculator, sheet, box).filled()
            if isinstance(value, int | float) and not isinstance(value, bool)
        )
        points = [rule.get(name) for name in ("minpoint", "midpoint", "maxpoint")]
        found = [(_place(point, numbers, calculator), _rgb(point)) for point in points if point] if numbers else []
        self._points = sorted(((at, rgb) for at, rgb in found if at is not None), key=lambda pair: pair[0])

    def format_of(self, value: Value) -> Json | None:
        """The fill of a cell that holds ``value``; None for what is no number."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self._points:
            return None
        low, high = self._points[0], self._points[-1]
        for left, right in zip(self._points, self._points[1:], strict=False):
            if left[0] <= value <= right[0]:
                low, high = left, right
                break
        share = 0.0 if high[0] <= low[0] else min(1.0, max(0.0, (value - low[0]) / (high[0] - low[0])))
        mixed = [one + (other - one) * share for one, other in zip(low[1], high[1], strict=True)]
        return {"backgroundColorStyle": {"rgbColor": dict(zip(_CHANNELS, mixed, strict=True))}}


def _rgb(point: Json) -> list[float]:
    colour = (point.get("colorStyle") or {}).get("rgbColor") or point.get("color") or {}
    return [float(colour.get(name, 0)) for name in _CHANNELS]


def _place(point: Json, numbers: list[float], calculator: Calculator) -> float | None:
    """Where on the scale of ``numbers`` (ascending) the point lies; None where its value is no number."""
    kind = point.get("type")
    if kind == "MIN":
        return numbers[0]
    if kind == "MAX":
        return numbers[-1]
    given = plain_number(str(point.get("value", "")), calculator.locale)
    if given is None or kind == "NUMBER":
        return given
    share = min(1.0, max(0.0, given / 100))
    if kind == "PERCENT":
        return numbers[0] + (numbers[-1] - numbers[0]) * share
    return numbers[round((len(numbers) - 1) * share)]
