"""Values turned into the type that an operator or a function wants, and the operators themselves."""

from __future__ import annotations

from typing import Any

from sheets_sync.local import formats, typed
from sheets_sync.local.grid import CellError, Value
from sheets_sync.local.locales import Locale, locale_named


class Failed(Exception):
    """An error value in the making."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message)
        self.error = CellError(kind, message)


def number(value: Value) -> float:
    """A value where a number is wanted."""
    if value is None:
        return 0
    if isinstance(value, (bool, int, float)):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, str):
        entered = typed.parsed_entry(value, locale_named("en_US"))[0]
        if isinstance(entered, (int, float)) and not isinstance(entered, bool):
            return entered
        raise Failed("VALUE", f"The value '{value[:100]}' is a text and cannot be coerced to a number.")
    raise Failed(value.kind, value.message)


def truth(value: Value) -> bool:
    """A value where TRUE or FALSE is wanted."""
    if isinstance(value, str):
        if value.upper() in ("TRUE", "FALSE"):
            return value.upper() == "TRUE"
        raise Failed("VALUE", f"The value '{value[:100]}' is a text and cannot be coerced to a boolean.")
    return bool(number(value))


def text(value: Value, locale: Locale) -> str:
    """A value where a text is wanted."""
    return formats.formatted(value, None, locale)


def operated(sign: str, left: Value, right: Value, locale: Locale) -> Value:
    """The result of ``left sign right``."""
    if sign == "&":
        return text(left, locale) + text(right, locale)
    if sign in ("=", "<>", "<", ">", "<=", ">="):
        relation = order(left, right)
        return {
            "=": relation == 0,
            "<>": relation != 0,
            "<": relation < 0,
            ">": relation > 0,
            "<=": relation <= 0,
            ">=": relation >= 0,
        }[sign]
    a, b = number(left), number(right)
    if sign == "+":
        return a + b
    if sign == "-":
        return a - b
    if sign == "*":
        return a * b
    if sign == "/":
        if b == 0:
            raise Failed("DIVIDE_BY_ZERO", "Function DIVIDE parameter 2 cannot be zero.")
        return a / b
    return power(a, b)


def power(base: float, exponent: float) -> float:
    """``base`` to the power of ``exponent``."""
    if abs(exponent) > 10_000 or (base < 0 and exponent != int(exponent)) or (base == 0 and exponent < 0):
        raise Failed("NUM", "Function POWER has no real result here.")
    try:
        return float(base) ** float(exponent)
    except OverflowError as error:
        raise Failed("NUM", "The result of POWER is too large.") from error


def order(left: Value, right: Value) -> int:
    """-1, 0 or 1 as Sheets compares: numbers before texts before booleans; texts without case; blank is 0 or ""."""
    left = like(left, right)
    right = like(right, left)
    ranks = [2 if isinstance(v, bool) else 1 if isinstance(v, str) else 0 for v in (left, right)]
    if ranks[0] != ranks[1]:
        return -1 if ranks[0] < ranks[1] else 1
    a: Any = left.casefold() if isinstance(left, str) else left
    b: Any = right.casefold() if isinstance(right, str) else right
    return (a > b) - (a < b)


def like(value: Value, other: Value) -> Value:
    """What a blank counts as beside ``other``."""
    if value is not None:
        return value
    return "" if isinstance(other, str) else False if isinstance(other, bool) else 0
