"""A1 notation of the local Sheets server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets_sync.local.a1 import (
    Area,
    Box,
    column_index,
    column_letters,
    parse_cells,
    quoted_title,
    range_text,
    split_title,
)


@given(st.integers(0, 18_277))
def test_column_letters_and_index_undo_each_other(index: int) -> None:
    assert column_index(column_letters(index)) == index


@given(st.text(min_size=1, max_size=30), st.tuples(*[st.integers(0, 700)] * 4))
def test_a_range_text_names_its_sheet_and_its_cells(title: str, sides: tuple[int, int, int, int]) -> None:
    top, left, height, width = sides
    box = Box(top, top + height + 1, left, left + width + 1)
    found_title, cells, _ = split_title(range_text(title, box))
    assert found_title == title
    assert parse_cells(cells or "") == Area(*box)


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("A1", Area(0, 1, 0, 1)),
        ("$B$2", Area(1, 2, 1, 2)),
        ("B3:A1", Area(0, 3, 0, 2)),
        ("A:C", Area(None, None, 0, 3)),
        ("2:3", Area(1, 3, None, None)),
        ("A2:C", Area(1, None, 0, 3)),
        ("A1:1", Area(0, 1, 0, None)),
        ("R2C3", Area(1, 2, 2, 3)),
        ("R1C1:R2C2", Area(0, 2, 0, 2)),
        ("Sheet1", None),
        ("A0", None),
        ("A", None),
        ("A1:B2:C3", None),
        ("", None),
        ("A1:", None),
    ],
)
def test_each_form_of_a_range_is_read_and_others_are_not(text: str, area: Area | None) -> None:
    assert parse_cells(text) == area


@pytest.mark.parametrize(
    ("title", "quoted"),
    [
        ("Sheet1", "Sheet1"),
        ("D3", "'D3'"),
        ("R1C1", "'R1C1'"),
        ("My sheet", "'My sheet'"),
        ("It's", "'It''s'"),
        ("2026", "'2026'"),
        ("Initiatives_2", "Initiatives_2"),
    ],
)
def test_a_title_is_quoted_where_it_could_be_read_as_something_else(title: str, quoted: str) -> None:
    assert quoted_title(title) == quoted
