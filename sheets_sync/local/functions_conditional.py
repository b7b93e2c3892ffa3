"""Functions that count and sum the cells for which a criterion holds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from sheets_sync.local import typed
from sheets_sync.local.coercion import Failed, operated
from sheets_sync.local.function_call import Call
from sheets_sync.local.grid import CellError, Value
from sheets_sync.local.locales import locale_named


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


def countif(call: Call) -> Value:
    """COUNTIF"""
    return sum(1 for _ in _matching(call, [(0, 1)]))


def countifs(call: Call) -> Value:
    """COUNTIFS"""
    return sum(1 for _ in _matching(call, [(i, i + 1) for i in range(0, len(call) - 1, 2)]))


def sumif(call: Call) -> Value:
    """SUMIF"""
    source = call.region(2) if len(call) > 2 else call.region(0)
    return math.fsum(plain(source.value(*offset)) for offset in _matching(call, [(0, 1)]))


def sumifs(call: Call) -> Value:
    """SUMIFS"""
    source = call.region(0)
    pairs = [(i, i + 1) for i in range(1, len(call) - 1, 2)]
    return math.fsum(plain(source.value(*offset)) for offset in _matching(call, pairs))


def averageif(call: Call) -> Value:
    """AVERAGEIF"""
    source = call.region(2) if len(call) > 2 else call.region(0)
    found = [source.value(*offset) for offset in _matching(call, [(0, 1)])]
    numbers = [v for v in found if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if not numbers:
        raise Failed("DIVIDE_BY_ZERO", "Evaluation of function AVERAGEIF caused a divide by zero error.")
    return math.fsum(numbers) / len(numbers)


def plain(value: Value) -> float:
    """The number in a cell; anything else counts 0."""
    if isinstance(value, CellError):
        raise Failed(value.kind, value.message)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
