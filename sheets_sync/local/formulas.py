"""Formulas: parsed once into a tree, and their references moved when rows, columns or the formula itself move."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sheets_sync.local.a1 import Area, column_index, column_letters, quoted_title

Node = tuple[Any, ...]
"""("num", x) ("str", s) ("bool", b) ("err", kind) ("ref", title or None, Area) ("name", n) ("call", NAME, args)
("op", sign, left, right) ("neg", x) ("pct", x) ("blank",) ("array", rows)"""

MAX_FORMULA = 50_000
MAX_NESTING = 60

_ERRORS = r"\#(?:REF!|DIV/0!|VALUE!|NAME\?|NUM!|N/A|NULL!|ERROR!)"
_REF = r"(?:\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}(?::(?:\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}|\$?[A-Za-z]{1,3}|\$?[1-9]\d{0,6}))?"
_REF += r"|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}(?:\$?[1-9]\d{0,6})?|\$?[1-9]\d{0,6}:\$?[1-9]\d{0,6})(?![\w(.])"
_TITLE = r"(?:'(?:[^']|'')*'|[^\W\d][\w.]*)!"
_TOKENS = re.compile(
    rf"""(?P<space>\s+)|(?P<str>"(?:[^"]|"")*")|(?P<err>{_ERRORS})
    |(?P<ref>(?:{_TITLE})?{_REF})
    |(?P<num>(?:\d+(?:[.,]\d+)?|[.]\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d][\w.]*)
    |(?P<op><=|>=|<>|[-+*/^&=<>%(),;{{}}\\:])""",
    re.VERBOSE,
)
_PART = re.compile(r"(\$?)([A-Za-z]{1,3})?(\$?)([1-9]\d{0,6})?$")
_ERROR_KINDS = {
    "#REF!": "REF",
    "#DIV/0!": "DIVIDE_BY_ZERO",
    "#VALUE!": "VALUE",
    "#NAME?": "NAME",
    "#NUM!": "NUM",
    "#N/A": "N_A",
    "#NULL!": "NULL_VALUE",
    "#ERROR!": "ERROR",
}
_PRECEDENCE = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 6}


class FormulaProblem(Exception):
    """The text is no formula that can be read; the message is told in the cell."""


def tokens(text: str, decimal: str = ".") -> list[tuple[str, str]]:
    """(kind, text) pairs whose texts joined are the formula without its ``=``."""
    out: list[tuple[str, str]] = []
    at = 1
    while at < len(text):
        match = _TOKENS.match(text, at)
        if not match or match.end() == at:
            raise FormulaProblem("Formula parse error.")
        kind, found = match.lastgroup or "", match[0]
        if kind == "num" and "," in found and decimal != ",":
            found = found.partition(",")[0]  # the comma separates arguments here
        elif kind == "num" and "." in found and decimal == ",":
            raise FormulaProblem("Formula parse error.")
        out.append((kind, found))
        at += len(found)
    return out


@lru_cache(maxsize=20_000)
def parsed(text: str, decimal: str = ".") -> Node:
    """The tree of a formula text with its ``=``. Raises FormulaProblem."""
    if len(text) > MAX_FORMULA:
        raise FormulaProblem("The formula is too long.")
    found = [token for token in tokens(text, decimal) if token[0] != "space"]
    parser = _Parser(found, decimal)
    node = parser.expression(0, 0)
    if parser.at != len(found):
        raise FormulaProblem("Formula parse error.")
    return node


class _Parser:
    """Precedence climbing over the tokens of one formula."""

    def __init__(self, found: list[tuple[str, str]], decimal: str) -> None:
        self.found = found
        self.at = 0
        self.decimal = decimal

    def peek(self) -> tuple[str, str]:
        return self.found[self.at] if self.at < len(self.found) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def expression(self, limit: int, depth: int) -> Node:
        if depth > MAX_NESTING:
            raise FormulaProblem("The formula is nested too deeply.")
        left = self.unary(depth)
        while True:
            kind, sign = self.peek()
            strength = _PRECEDENCE.get(sign, 0) if kind == "op" else 0
            if strength <= limit:
                return left
            self.take()
            left = ("op", sign, left, self.expression(strength, depth + 1))

    def unary(self, depth: int) -> Node:
        kind, sign = self.peek()
        if kind == "op" and sign in "+-":
            self.take()
            inner = self.expression(6, depth + 1)  # as in Sheets, -2^2 is 4
            return ("neg", inner) if sign == "-" else inner
        node = self.atom(depth)
        while self.peek() == ("op", "%"):
            self.take()
            node = ("pct", node)
        return node

    def atom(self, depth: int) -> Node:
        kind, text = self.take()
        if kind == "num":
            number = float(text.replace(",", "."))
            return ("num", int(number) if number.is_integer() and abs(number) < 1e15 else number)
        if kind == "str":
            return ("str", text[1:-1].replace('""', '"'))
        if kind == "err":
            return ("err", _ERROR_KINDS[text])
        if kind == "ref":
            title, area = reference(text)
            return ("ref", title, area)
        if kind == "name":
            return self.named(text, depth)
        if (kind, text) == ("op", "("):
            node = self.expression(0, depth + 1)
            if self.take() != ("op", ")"):
                raise FormulaProblem("Formula parse error.")
            return node
        raise FormulaProblem("Formula parse error.")

    def named(self, text: str, depth: int) -> Node:
        if self.peek() == ("op", "("):
            self.take()
            return ("call", text.upper(), tuple(self.arguments(depth)))
        if text.upper() in ("TRUE", "FALSE"):
            return ("bool", text.upper() == "TRUE")
        return ("name", text)

    def arguments(self, depth: int) -> list[Node]:
        out: list[Node] = []
        if self.peek() == ("op", ")"):
            self.take()
            return out
        while True:
            is_left_out = self.peek()[0] == "op" and self.peek()[1] in ",;)"
            out.append(("blank",) if is_left_out else self.expression(0, depth + 1))
            kind, text = self.take()
            if (kind, text) == ("op", ")"):
                return out
            if kind != "op" or text not in ",;":
                raise FormulaProblem("Formula parse error.")


def reference(text: str) -> tuple[str | None, Area]:
    """(title or None, area) of a reference token such as ``'My sheet'!$A$1:B``."""
    title, cells = _split(text)
    first, _, last = cells.partition(":")
    top, left = _corner(first)
    bottom, right = _corner(last or first)
    rows = _bounds(top, bottom)
    columns = _bounds(left, right)
    return title, Area(rows[0], rows[1], columns[0], columns[1])


def references(node: Node) -> list[tuple[str | None, Area]]:
    """Every reference in the tree."""
    out: list[tuple[str | None, Area]] = []
    stack: list[Node] = [node]
    while stack:
        one = stack.pop()
        if one[0] == "ref":
            out.append((one[1], one[2]))
        elif one[0] == "call":
            stack.extend(one[2])
        else:
            stack.extend(part for part in one[1:] if isinstance(part, tuple) and part and isinstance(part[0], str))
    return out


def _bounds(one: int | None, two: int | None) -> tuple[int | None, int | None]:
    if one is None and two is None:
        return None, None
    if one is None or two is None:
        return (one if one is not None else 0), (two + 1 if two is not None else None)
    return min(one, two), max(one, two) + 1


def _split(text: str) -> tuple[str | None, str]:
    if "!" not in text:
        return None, text
    title, _, cells = text.rpartition("!")
    if title.startswith("'"):
        title = title[1:-1].replace("''", "'")
    return title, cells


def _corner(text: str) -> tuple[int | None, int | None]:
    match = _PART.match(text)
    if not match:
        return None, None
    return (int(match[4]) - 1 if match[4] else None), (column_index(match[2]) if match[2] else None)


def moved(text: str, rows: int, columns: int) -> str:
    """The formula as it reads when it is copied that far down and right: relative references move along."""

    def shift(match: re.Match[str]) -> str | None:
        column, row = match[2], match[4]
        if column and not match[1]:
            index = column_index(column) + columns
            if index < 0:
                return None
            column = column_letters(index)
        if row and not match[3] and not (column is None and match[1]):
            number = int(row) + rows
            if number < 1:
                return None
            row = str(number)
        return f"{match[1]}{column or ''}{match[3]}{row or ''}"

    def rewrite(token: str) -> str:
        prefix, bang, cells = token.rpartition("!")
        parts = []
        for part in cells.split(":"):
            match = _PART.match(part)
            new = shift(match) if match else part
            if new is None:
                return "#REF!"
            parts.append(new)
        return prefix + bang + ":".join(parts)

    return _rewritten(text, rewrite)


def adjusted(
    text: str,
    here: str,
    title: str,
    is_rows: bool,
    place: Callable[[int], int | None],
    span: Callable[[int, int], tuple[int, int] | None],
) -> str:
    """The formula after rows or columns of the sheet ``title`` moved; ``here`` is the sheet the formula stands on.

    ``place`` gives the new index of an old one (None: deleted), ``span`` the new half-open bounds of old ones.
    """

    def rewrite(token: str) -> str:
        named, cells = _split(token)
        if (named if named is not None else here).casefold() != title.casefold():
            return token
        prefix = token[: len(token) - len(cells)]
        first, colon, last = cells.partition(":")
        one = _PART.match(first)
        two = _PART.match(last) if colon else one
        if not one or not two:
            return token
        low, high = _axis(one, is_rows), _axis(two, is_rows)
        if low is None and high is None:
            return token
        if low is None or high is None:  # open at one end, as A2:A
            index = low if low is not None else high
            assert index is not None
            new = span(index, index + 1) or (index, index + 1)
            bounds = (new[0] if low is not None else None, new[0] if high is not None else None)
        elif not colon:
            at = place(low)
            if at is None:
                return "#REF!"
            bounds = (at, at)
        else:
            kept = span(min(low, high), max(low, high) + 1)
            if kept is None:
                return "#REF!"
            bounds = (kept[0], kept[1] - 1)
        start = _with_axis(one, is_rows, bounds[0])
        return prefix + (f"{start}:{_with_axis(two, is_rows, bounds[1])}" if colon else start)

    return _rewritten(text, rewrite)


def retitled(text: str, old: str, new: str) -> str:
    """The formula after a sheet was renamed."""

    def rewrite(token: str) -> str:
        named, cells = _split(token)
        if named is None or named.casefold() != old.casefold():
            return token
        return f"{quoted_title(new)}!{cells}"

    return _rewritten(text, rewrite)


def _axis(match: re.Match[str], is_rows: bool) -> int | None:
    if is_rows:
        return int(match[4]) - 1 if match[4] else None
    return column_index(match[2]) if match[2] else None


def _with_axis(match: re.Match[str], is_rows: bool, index: int | None) -> str:
    column, row = match[2] or "", match[4] or ""
    if index is not None:
        if is_rows:
            row = str(index + 1)
        else:
            column = column_letters(index)
    return f"{match[1]}{column}{match[3]}{row}"


def _rewritten(text: str, rewrite: Callable[[str], str]) -> str:
    try:
        found = tokens(text)
    except FormulaProblem:
        return text
    return "=" + "".join(rewrite(token) if kind == "ref" else token for kind, token in found)
