"""The functions that formulas may use here. Others give an error value that says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from sheets_sync.local import formats, functions_arrays, functions_conditional, functions_lookup, typed
from sheets_sync.local.coercion import Failed, number, power, text, truth
from sheets_sync.local.function_call import Call
from sheets_sync.local.functions_conditional import plain
from sheets_sync.local.grid import CellError, Value
from sheets_sync.local.serials import serial_of, serial_of_date

if TYPE_CHECKING:
    from sheets_sync.local.arrays import Array
    from sheets_sync.local.calculation import Calculator, Region
    from sheets_sync.local.formulas import Node

_Key = tuple[int, int, int]


def called(calculator: Calculator, name: str, arguments: tuple[Node, ...], key: _Key) -> Value | Region | Array:
    """The result of a function. An unknown name is an error value that says so."""
    entry = _FUNCTIONS.get(name)
    if entry is None:
        raise Failed("NAME", f"The local Sheets server does not compute the function {name[:50]}.")
    function, least, most = entry
    if not least <= len(arguments) <= most:
        raise Failed("N_A", f"Wrong number of arguments to {name}. Expected {least}, but got {len(arguments)}.")
    return function(Call(calculator, name, arguments, key))


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
    return all(truth(value) for value, is_cell in call.values() if not (is_cell and isinstance(value, str)))


def _or(call: Call) -> Value:
    return any(truth(value) for value, is_cell in call.values() if not (is_cell and isinstance(value, str)))


def _sumproduct(call: Call) -> Value:
    regions = [call.region(index) for index in range(len(call))]
    first = regions[0].box
    if any((r.box.height, r.box.width) != (first.height, first.width) for r in regions):
        raise Failed("VALUE", "Array arguments to SUMPRODUCT are of different size.")
    return math.fsum(
        math.prod(plain(region.value(row, column)) for region in regions) for row, column, _ in regions[0].filled()
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


def _date(call: Call) -> Value:
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
    "COUNTIF": (functions_conditional.countif, 2, 2),
    "COUNTIFS": (functions_conditional.countifs, 2, _MANY),
    "SUMIF": (functions_conditional.sumif, 2, 3),
    "SUMIFS": (functions_conditional.sumifs, 3, _MANY),
    "AVERAGEIF": (functions_conditional.averageif, 2, 3),
    "SUMPRODUCT": (_sumproduct, 1, _MANY),
    "ROUND": (_rounding(ROUND_HALF_UP), 1, 2),
    "ROUNDUP": (_rounding(ROUND_UP), 1, 2),
    "ROUNDDOWN": (_rounding(ROUND_DOWN), 1, 2),
    "CEILING": (_stepped(ROUND_CEILING), 1, 2),
    "FLOOR": (_stepped(ROUND_FLOOR), 1, 2),
    "INT": (lambda call: math.floor(call.number(0)), 1, 1),
    "ABS": (lambda call: abs(call.number(0)), 1, 1),
    "MOD": (_mod, 2, 2),
    "POWER": (lambda call: power(call.number(0), call.number(1)), 2, 2),
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
    "INDEX": (functions_lookup.index, 2, 3),
    "MATCH": (functions_lookup.match, 2, 3),
    "VLOOKUP": (functions_lookup.vlookup, 3, 4),
    "FILTER": (functions_arrays.filtered, 2, _MANY),
    "SORT": (functions_arrays.sorted_rows, 1, _MANY),
    "UNIQUE": (functions_arrays.unique, 1, 1),
    "TRANSPOSE": (functions_arrays.transposed, 1, 1),
    "ARRAYFORMULA": (functions_arrays.as_array, 1, 1),
    "ROW": (_row, 0, 1),
    "COLUMN": (_column, 0, 1),
    "ROWS": (lambda call: call.region(0).box.height, 1, 1),
    "COLUMNS": (lambda call: call.region(0).box.width, 1, 1),
    "DATE": (_date, 3, 3),
    "TODAY": (lambda call: serial_of_date(call.calculator.now.date()), 0, 0),
    "NOW": (lambda call: serial_of(call.calculator.now), 0, 0),
}
