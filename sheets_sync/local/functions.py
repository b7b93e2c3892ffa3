"""The functions and operators that formulas may use here. Others give an error value that says so."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from sheets_sync.local import formats, typed
from sheets_sync.local.grid import CellError, Value
from sheets_sync.local.locales import Locale, locale_named
from sheets_sync.local.serials import serial_of, serial_of_date

if TYPE_CHECKING:
    from sheets_sync.local.calculation import Calculator, Region
    from sheets_sync.local.formulas import Node

_Key = tuple[int, int, int]


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
        order = _order(left, right)
        return {
            "=": order == 0,
            "<>": order != 0,
            "<": order < 0,
            ">": order > 0,
            "<=": order <= 0,
            ">=": order >= 0,
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
    return _power(a, b)


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > 10_000 or (base < 0 and exponent != int(exponent)) or (base == 0 and exponent < 0):
        raise Failed("NUM", "Function POWER has no real result here.")
    try:
        return float(base) ** float(exponent)
    except OverflowError as error:
        raise Failed("NUM", "The result of POWER is too large.") from error


def _order(left: Value, right: Value) -> int:
    """-1, 0 or 1 as Sheets compares: numbers before texts before booleans; texts without case; blank is 0 or ""."""
    left = _like(left, right)
    right = _like(right, left)
    ranks = [2 if isinstance(v, bool) else 1 if isinstance(v, str) else 0 for v in (left, right)]
    if ranks[0] != ranks[1]:
        return -1 if ranks[0] < ranks[1] else 1
    a: Any = left.casefold() if isinstance(left, str) else left
    b: Any = right.casefold() if isinstance(right, str) else right
    return (a > b) - (a < b)


def _like(value: Value, other: Value) -> Value:
    if value is not None:
        return value
    return "" if isinstance(other, str) else False if isinstance(other, bool) else 0


# ---- arguments


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

    def region(self, index: int) -> Region:
        """An argument that must be a range."""
        found = self.raw(index)
        if not hasattr(found, "box"):
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


def called(calculator: Calculator, name: str, arguments: tuple[Node, ...], key: _Key) -> Value | Region:
    """The result of a function. An unknown name is an error value that says so."""
    entry = _FUNCTIONS.get(name)
    if entry is None:
        raise Failed("NAME", f"The local Sheets server does not compute the function {name[:50]}.")
    function, least, most = entry
    if not least <= len(arguments) <= most:
        raise Failed("N_A", f"Wrong number of arguments to {name}. Expected {least}, but got {len(arguments)}.")
    return function(Call(calculator, name, arguments, key))


# ---- functions


def _sum(call: Call) -> Value:
    return math.fsum(call.numbers())


def _average(call: Call) -> Value:
    found = list(call.numbers())
    if not found:
        raise Failed("DIVIDE_BY_ZERO", "Evaluation of function AVERAGE caused a divide by zero error.")
    return math.fsum(found) / len(found)


def _count(call: Call) -> Value:
    return sum(1 for value, _ in call.values() if isinstance(value, (int, float)) and not isinstance(value, bool))


def _counta(call: Call) -> Value:
    return sum(1 for _ in call.values())


def _countblank(call: Call) -> Value:
    region = call.region(0)
    return region.box.height * region.box.width - sum(1 for _, _, value in region.filled() if value != "")


def _median(call: Call) -> Value:
    found = sorted(call.numbers())
    if not found:
        raise Failed("NUM", "MEDIAN has no numbers.")
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _if(call: Call) -> Any:
    if truth(call.value(0)):
        return call.raw(1)
    return call.raw(2) if len(call) > 2 else False


def _ifs(call: Call) -> Any:
    for index in range(0, len(call) - 1, 2):
        if truth(call.value(index)):
            return call.raw(index + 1)
    raise Failed("N_A", "No match")


def _iferror(call: Call) -> Value:
    try:
        return call.value(0)
    except Failed:
        return call.value(1, "")


def _and(call: Call) -> Value:
    return all([truth(value) for value, _ in call.values() if not (isinstance(value, str) and _)])


def _or(call: Call) -> Value:
    return any([truth(value) for value, _ in call.values() if not (isinstance(value, str) and _)])


def _criterion(wanted: Value) -> Callable[[Value], bool]:
    """The test of SUMIF and COUNTIF: ``">5"``, ``"<>x"``, ``"a*"``, a number or a text."""
    sign = "="
    if isinstance(wanted, str):
        match = re.match(r"(<=|>=|<>|<|>|=)(.*)$", wanted, re.DOTALL)
        if match:
            sign, rest = match[1], match[2]
            entered = typed.parsed_entry(rest, locale_named("en_US"))[0] if rest else ""
            wanted = entered if not isinstance(entered, CellError) else rest
        else:
            entered = typed.parsed_entry(wanted, locale_named("en_US"))[0]
            wanted = entered if isinstance(entered, (int, float)) else wanted
    if isinstance(wanted, str) and sign in ("=", "<>"):
        pattern = re.compile(_wild(wanted), re.IGNORECASE | re.DOTALL)

        def matches(value: Value) -> bool:
            is_same = pattern.fullmatch(value if isinstance(value, str) else "") is not None
            if value is not None and not isinstance(value, str):
                is_same = False
            return is_same == (sign == "=")

        return matches

    def compares(value: Value) -> bool:
        if isinstance(value, CellError) or value is None:
            return sign == "<>"
        same_kind = isinstance(value, str) == isinstance(wanted, str) and isinstance(value, bool) == isinstance(
            wanted, bool
        )
        if not same_kind:
            return sign == "<>"
        return bool(operated(sign, value, wanted, locale_named("en_US")))

    return compares


def _wild(pattern: str) -> str:
    out = ""
    escaped = False
    for character in pattern:
        if escaped:
            out, escaped = out + re.escape(character), False
        elif character == "~":
            escaped = True
        else:
            out += {"*": ".*", "?": "."}.get(character, re.escape(character))
    return out


def _matching(call: Call, pairs: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Offsets of the cells for which every (range argument, criterion argument) holds."""
    first = call.region(pairs[0][0])
    tests = [(call.region(region), _criterion(call.value(wanted, ""))) for region, wanted in pairs]
    for region, _ in tests[1:]:
        if (region.box.height, region.box.width) != (first.box.height, first.box.width):
            raise Failed("VALUE", "Array arguments are of different size.")
    last_row = max(min(region.box.bottom, len(region.sheet.rows)) - region.box.top for region, _ in tests)
    # below the last filled row everything is blank: only a test that blanks pass needs those rows
    height = first.box.height if all(test(None) for _, test in tests) else max(last_row, 0)
    for row in range(min(height, first.box.height)):
        for column in range(first.box.width):
            if all(test(region.value(row, column)) for region, test in tests):
                yield row, column


def _countif(call: Call) -> Value:
    return sum(1 for _ in _matching(call, [(0, 1)]))


def _countifs(call: Call) -> Value:
    return sum(1 for _ in _matching(call, [(i, i + 1) for i in range(0, len(call) - 1, 2)]))


def _sumif(call: Call) -> Value:
    source = call.region(2) if len(call) > 2 else call.region(0)
    return math.fsum(_plain(source.value(*offset)) for offset in _matching(call, [(0, 1)]))


def _sumifs(call: Call) -> Value:
    source = call.region(0)
    pairs = [(i, i + 1) for i in range(1, len(call) - 1, 2)]
    return math.fsum(_plain(source.value(*offset)) for offset in _matching(call, pairs))


def _averageif(call: Call) -> Value:
    source = call.region(2) if len(call) > 2 else call.region(0)
    found = [source.value(*offset) for offset in _matching(call, [(0, 1)])]
    numbers = [v for v in found if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if not numbers:
        raise Failed("DIVIDE_BY_ZERO", "Evaluation of function AVERAGEIF caused a divide by zero error.")
    return math.fsum(numbers) / len(numbers)


def _plain(value: Value) -> float:
    if isinstance(value, CellError):
        raise Failed(value.kind, value.message)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


def _sumproduct(call: Call) -> Value:
    regions = [call.region(index) for index in range(len(call))]
    first = regions[0].box
    if any((r.box.height, r.box.width) != (first.height, first.width) for r in regions):
        raise Failed("VALUE", "Array arguments to SUMPRODUCT are of different size.")
    return math.fsum(
        math.prod(_plain(region.value(row, column)) for region in regions) for row, column, _ in regions[0].filled()
    )


def _rounding(mode: str) -> Callable[[Call], Value]:
    def rounded(call: Call) -> Value:
        places = int(call.number(1))
        if abs(places) > 300:
            raise Failed("NUM", "Too many places.")
        value = Decimal(repr(float(call.number(0))))
        return float(value.quantize(Decimal(1).scaleb(-places), mode)) if value.is_finite() else float(value)

    return rounded


def _stepped(mode: str) -> Callable[[Call], Value]:
    def rounded(call: Call) -> Value:
        step = Decimal(repr(float(call.number(1, 1))))
        if step == 0:
            return 0
        steps = (Decimal(repr(float(call.number(0)))) / step).quantize(Decimal(1), mode)
        return float(steps * step)

    return rounded


def _mod(call: Call) -> Value:
    by = call.number(1)
    if by == 0:
        raise Failed("DIVIDE_BY_ZERO", "Function MOD parameter 2 cannot be zero.")
    return call.number(0) % by


def _sqrt(call: Call) -> Value:
    value = call.number(0)
    if value < 0:
        raise Failed("NUM", "Function SQRT parameter 1 is negative.")
    return math.sqrt(value)


def _ln(call: Call) -> Value:
    value = call.number(0)
    if value <= 0:
        raise Failed("NUM", "Function LN parameter 1 must be positive.")
    return math.log(value)


def _joined(call: Call) -> Value:
    return "".join(text(value, call.calculator.locale) for value, _ in call.values())


def _textjoin(call: Call) -> Value:
    separator, skips = call.text(0), truth(call.value(1, True))
    found = [text(value, call.calculator.locale) for value, _ in call.values(2)]
    return separator.join(one for one in found if one or not skips)


def _join(call: Call) -> Value:
    return call.text(0).join(text(value, call.calculator.locale) for value, _ in call.values(1))


def _mid(call: Call) -> Value:
    start, size = int(call.number(1)), int(call.number(2))
    return call.text(0)[max(start - 1, 0) : max(start - 1, 0) + max(size, 0)]


def _right(call: Call) -> Value:
    size = int(call.number(1, 1))
    return call.text(0)[-size:] if size > 0 else ""


def _text(call: Call) -> Value:
    value = call.value(0)
    pattern = call.text(1)
    if isinstance(value, str):
        entered = typed.parsed_entry(value, call.calculator.locale)[0]
        if isinstance(entered, bool) or not isinstance(entered, (int, float)):
            return value
        value = entered
    return formats.by_pattern(number(value), pattern, call.calculator.locale) if pattern else ""


def _hyperlink(call: Call) -> Value:
    address = call.text(0)
    call.calculator.set_link(call.key, address)
    return call.value(1, address)


def _is(test: Callable[[Value], bool]) -> Callable[[Call], Value]:
    def checked(call: Call) -> Value:
        try:
            return test(call.value(0))
        except Failed as failed:
            return test(failed.error)

    return checked


def _index(call: Call) -> Value:
    region = call.region(0)
    row, column = int(call.number(1)), int(call.number(2))
    if region.box.height == 1 and len(call) == 2:
        row, column = 1, row
    row, column = max(row, 1), max(column, 1)
    if row > region.box.height or column > region.box.width:
        raise Failed("NUM", "Function INDEX is out of range.")
    return region.value(row - 1, column - 1)


def _match(call: Call) -> Value:
    wanted, region, kind = call.value(0), call.region(1), call.number(2, 1)
    size = max(region.box.height, region.box.width)
    best: int | None = None
    for position in range(size):
        at = (position, 0) if region.box.width == 1 else (0, position)
        value = region.value(*at)
        if value is None or isinstance(value, CellError) or isinstance(value, str) != isinstance(wanted, str):
            continue
        order = _order(value, wanted)
        if order == 0:
            return position + 1
        if kind > 0 and order < 0:
            best = position + 1
        if kind < 0 and order > 0:
            best = position + 1
    if best is None or kind == 0:
        raise Failed("N_A", f"Did not find value '{text(wanted, call.calculator.locale)[:100]}' in MATCH evaluation.")
    return best


def _vlookup(call: Call) -> Value:
    wanted, region, column = call.value(0), call.region(1), int(call.number(2))
    is_sorted = truth(call.value(3, True))
    if not 1 <= column <= region.box.width:
        raise Failed("REF", "VLOOKUP evaluates to an out of bounds range.")
    best: int | None = None
    for row in range(min(region.box.height, max(len(region.sheet.rows) - region.box.top, 0))):
        value = region.value(row, 0)
        if value is None or isinstance(value, CellError) or isinstance(value, str) != isinstance(wanted, str):
            continue
        order = _order(value, wanted)
        if order == 0:
            return region.value(row, column - 1)
        if is_sorted and order < 0:
            best = row
    if best is None:
        raise Failed("N_A", f"Did not find value '{text(wanted, call.calculator.locale)[:100]}' in VLOOKUP evaluation.")
    return region.value(best, column - 1)


def _date(call: Call) -> Value:
    from datetime import date

    year, month, day = (int(call.number(i)) for i in range(3))
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    try:
        return serial_of_date(date(year, month, 1)) + day - 1
    except ValueError as error:
        raise Failed("NUM", "DATE is out of range.") from error


def _value(call: Call) -> Value:
    return number(call.value(0))


def _most(call: Call) -> Value:
    return max(call.numbers(), default=0)


def _least(call: Call) -> Value:
    return min(call.numbers(), default=0)


def _row(call: Call) -> Value:
    return (call.region(0).box.top if len(call) else call.key[1]) + 1


def _column(call: Call) -> Value:
    return (call.region(0).box.left if len(call) else call.key[2]) + 1


_MANY = 10_000
_FUNCTIONS: dict[str, tuple[Callable[[Call], Any], int, int]] = {
    "SUM": (_sum, 1, _MANY),
    "AVERAGE": (_average, 1, _MANY),
    "COUNT": (_count, 1, _MANY),
    "COUNTA": (_counta, 1, _MANY),
    "COUNTBLANK": (_countblank, 1, 1),
    "MAX": (_most, 1, _MANY),
    "MIN": (_least, 1, _MANY),
    "MEDIAN": (_median, 1, _MANY),
    "IF": (_if, 2, 3),
    "IFS": (_ifs, 2, _MANY),
    "IFERROR": (_iferror, 1, 2),
    "AND": (_and, 1, _MANY),
    "OR": (_or, 1, _MANY),
    "NOT": (lambda call: not truth(call.value(0)), 1, 1),
    "TRUE": (lambda call: True, 0, 0),
    "FALSE": (lambda call: False, 0, 0),
    "COUNTIF": (_countif, 2, 2),
    "COUNTIFS": (_countifs, 2, _MANY),
    "SUMIF": (_sumif, 2, 3),
    "SUMIFS": (_sumifs, 3, _MANY),
    "AVERAGEIF": (_averageif, 2, 3),
    "SUMPRODUCT": (_sumproduct, 1, _MANY),
    "ROUND": (_rounding(ROUND_HALF_UP), 1, 2),
    "ROUNDUP": (_rounding(ROUND_UP), 1, 2),
    "ROUNDDOWN": (_rounding(ROUND_DOWN), 1, 2),
    "CEILING": (_stepped(ROUND_CEILING), 1, 2),
    "FLOOR": (_stepped(ROUND_FLOOR), 1, 2),
    "INT": (lambda call: math.floor(call.number(0)), 1, 1),
    "ABS": (lambda call: abs(call.number(0)), 1, 1),
    "MOD": (_mod, 2, 2),
    "POWER": (lambda call: _power(call.number(0), call.number(1)), 2, 2),
    "SQRT": (_sqrt, 1, 1),
    "LN": (_ln, 1, 1),
    "EXP": (lambda call: math.exp(call.number(0)), 1, 1),
    "PI": (lambda call: math.pi, 0, 0),
    "CONCATENATE": (_joined, 1, _MANY),
    "CONCAT": (_joined, 2, 2),
    "JOIN": (_join, 2, _MANY),
    "TEXTJOIN": (_textjoin, 3, _MANY),
    "LEN": (lambda call: len(call.text(0)), 1, 1),
    "LEFT": (lambda call: call.text(0)[: max(int(call.number(1, 1)), 0)], 1, 2),
    "RIGHT": (_right, 1, 2),
    "MID": (_mid, 3, 3),
    "LOWER": (lambda call: call.text(0).lower(), 1, 1),
    "UPPER": (lambda call: call.text(0).upper(), 1, 1),
    "TRIM": (lambda call: " ".join(call.text(0).split()), 1, 1),
    "TEXT": (_text, 2, 2),
    "VALUE": (_value, 1, 1),
    "N": (lambda call: number(v) if not isinstance(v := call.value(0), str) else 0, 1, 1),
    "ISBLANK": (_is(lambda value: value is None), 1, 1),
    "ISNUMBER": (_is(lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)), 1, 1),
    "ISTEXT": (_is(lambda value: isinstance(value, str)), 1, 1),
    "ISERROR": (_is(lambda value: isinstance(value, CellError)), 1, 1),
    "ISNA": (_is(lambda value: isinstance(value, CellError) and value.kind == "N_A"), 1, 1),
    "NA": (lambda call: CellError("N_A", "Error"), 0, 0),
    "HYPERLINK": (_hyperlink, 1, 2),
    "INDEX": (_index, 2, 3),
    "MATCH": (_match, 2, 3),
    "VLOOKUP": (_vlookup, 3, 4),
    "ROW": (_row, 0, 1),
    "COLUMN": (_column, 0, 1),
    "ROWS": (lambda call: call.region(0).box.height, 1, 1),
    "COLUMNS": (lambda call: call.region(0).box.width, 1, 1),
    "DATE": (_date, 3, 3),
    "TODAY": (lambda call: serial_of_date(call.calculator.now.date()), 0, 0),
    "NOW": (lambda call: serial_of(call.calculator.now), 0, 0),
}
