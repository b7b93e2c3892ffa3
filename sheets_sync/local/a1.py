"""A1 notation: column letters, cell and range texts, titles that need quotes."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_COLUMN_LETTERS = 3
_CELL = re.compile(r"\$?([A-Za-z]{1,3})?\$?([1-9][0-9]{0,8})?$")
_R1C1 = re.compile(r"[Rr]([1-9][0-9]{0,8})?[Cc]([1-9][0-9]{0,8})?$")
_PLAIN_TITLE = re.compile(r"[^\W\d]\w*$")


class Area(NamedTuple):
    """A half-open rectangle of zero-based indexes; None is unbounded on that side."""

    top: int | None = None
    bottom: int | None = None
    left: int | None = None
    right: int | None = None

    def within(self, row_count: int, column_count: int) -> Box:
        """The rectangle with open sides closed by the grid, cut where it sticks out at the bottom or right."""
        bottom = row_count if self.bottom is None else min(self.bottom, row_count)
        right = column_count if self.right is None else min(self.right, column_count)
        return Box(self.top or 0, bottom, self.left or 0, right)


class Box(NamedTuple):
    """A bounded half-open rectangle of zero-based indexes."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.right - self.left

    def is_empty(self) -> bool:
        """Whether no cell is inside."""
        return self.height <= 0 or self.width <= 0

    def has(self, row: int, column: int) -> bool:
        """Whether the cell is inside."""
        return self.top <= row < self.bottom and self.left <= column < self.right

    def meets(self, other: Box) -> bool:
        """Whether the two share a cell."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def contains(self, other: Box) -> bool:
        """Whether every cell of ``other`` is inside."""
        return (
            self.top <= other.top
            and other.bottom <= self.bottom
            and self.left <= other.left
            and other.right <= self.right
        )

    def overlap(self, other: Box) -> Box:
        """The shared rectangle; empty where there is none."""
        return Box(
            max(self.top, other.top),
            min(self.bottom, other.bottom),
            max(self.left, other.left),
            min(self.right, other.right),
        )


def column_letters(index: int) -> str:
    """The letters of a zero-based column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """The zero-based column of its letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def cell_text(row: int, column: int) -> str:
    """``B3`` of zero-based (2, 1)."""
    return f"{column_letters(column)}{row + 1}"


def quoted_title(title: str) -> str:
    """The title as it stands before the exclamation mark, in quotes where Google puts them."""
    if _PLAIN_TITLE.match(title) and not looks_like_cell(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def looks_like_cell(text: str) -> bool:
    """Whether a title could be read as a cell (``D3``, ``R1C1``), so that it needs quotes."""
    match = _CELL.match(text)
    return bool((match and match[1] and match[2]) or _R1C1.match(text))


def range_text(title: str, box: Box) -> str:
    """``Sheet1!A1:B2``, or ``Sheet1!A1`` of a single cell."""
    first = cell_text(box.top, box.left)
    last = cell_text(max(box.bottom - 1, box.top), max(box.right - 1, box.left))
    cells = first if first == last else f"{first}:{last}"
    return f"{quoted_title(title)}!{cells}"


def split_title(text: str) -> tuple[str | None, str | None, bool]:
    """(title, cells, was_quoted) of a range text. Without an exclamation mark one of the first two is None.

    ``'My sheet'!A1`` gives ("My sheet", "A1", True); ``'My sheet'`` ("My sheet", None, True);
    ``A1`` (None, "A1", False).
    """
    if text.startswith("'"):
        match = re.match(r"'((?:[^']|'')*)'(?:!(.*))?$", text, re.DOTALL)
        if not match:
            return None, text, False
        return match[1].replace("''", "'"), match[2], True
    if "!" in text:
        title, _, cells = text.rpartition("!")
        return title, cells, False
    return None, text, False


def parse_cells(text: str) -> Area | None:
    """The area of ``A1``, ``A1:B2``, ``A:C``, ``2:3``, ``A2:C``, ``R1C1:R2C2``; None where it is none of them."""
    first, colon, last = text.strip().partition(":")
    start = _corner(first)
    if start is None:
        return None
    if not colon:
        row, column = start
        if row is None or column is None:
            return None
        return Area(row, row + 1, column, column + 1)
    end = _corner(last)
    if end is None or start == (None, None) or end == (None, None):
        return None
    top, bottom = _span(start[0], end[0])
    left, right = _span(start[1], end[1])
    return Area(top, bottom, left, right)


def _corner(text: str) -> tuple[int | None, int | None] | None:
    """(row, column) of one corner, either may be None; None where the text is no corner."""
    match = _CELL.match(text)
    if match and (match[1] or match[2]):
        return (int(match[2]) - 1 if match[2] else None, column_index(match[1]) if match[1] else None)
    match = _R1C1.match(text)
    if match:
        return (int(match[1]) - 1 if match[1] else None, int(match[2]) - 1 if match[2] else None)
    return None


def _span(one: int | None, two: int | None) -> tuple[int | None, int | None]:
    """Half-open bounds of two corners; the missing corner leaves its side open."""
    if one is None and two is None:
        return None, None
    if two is None:
        return one, None
    if one is None:
        # "A:B3" is read as the rows from the top down to row 3
        return 0, two + 1
    return min(one, two), max(one, two) + 1
