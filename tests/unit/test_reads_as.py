"""Constraints rows in a product manager's words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inputs import ConstraintRow
from engine.reads_as import reads_as
from engine.rules import KINDS

A, B, C = (f"INIT-{number:06d}" for number in (1, 2, 3))
TITLES = {A: "One-tap checkout", B: "Wallet", C: None}
UK: dict[str, Any] = {"dimension": "country", "dimension_key": "UK"}


def said(kind: str | None, **more: Any) -> str:
    numbers = {name: Decimal(str(more[name])) for name in ("min", "max", "bonus") if more.get(name) is not None}
    row = ConstraintRow(tab="Constraints", row=2, constraint_type=kind, **{**more, **numbers})
    return reads_as(row, TITLES, {"revenue": "EUR"})


WORDS: list[tuple[str, dict[str, Any], str]] = [
    ("capacity_cap", {**UK, "max": 400}, "UK: at most 400 tokens"),
    ("capacity_floor", {"dimension": "all", "min": 1500}, "Everything: at least 1,500 tokens"),
    ("capacity_cap", {**UK, "max": 40, "resource": "design"}, "UK: at most 40 design"),
    ("capacity_cap", {**UK, "max": 40, "period": "q2 2026"}, "UK: at most 40 tokens in 2026-Q2"),
    (
        "capacity_cap",
        {"dimension": "product+country", "dimension_key": "checkout | UK", "max": 9},
        "UK × checkout: at most 9 tokens",
    ),
    ("count_floor", {**UK, "min": 1}, "UK: at least 1 initiative"),
    ("count_cap", {**UK, "max": 3}, "UK: at most 3 initiatives"),
    ("share_floor", {**UK, "min": "0.3"}, "UK: at least 30 % of all tokens"),
    ("share_cap", {**UK, "max": "0.125"}, "UK: at most 12.5 % of all tokens"),
    ("mandatory", {"members": (A,)}, f"One-tap checkout ({A}) has to be in"),
    ("exclude_initiative", {"members": (B, C)}, f"Wallet ({B}) and {C} have to be out"),
    ("exclude_pair", {"members": (A, C)}, f"At most one of One-tap checkout ({A}) and {C}"),
    ("bundle", {"members": (B, C)}, f"All or none of Wallet ({B}) and {C}"),
    ("group", {"members": (B, C), "min": 1, "max": 1}, f"Exactly 1 of Wallet ({B}) and {C}"),
    ("group", {"members": (B, C), "min": 1}, f"At least 1 of Wallet ({B}) and {C}"),
    ("group", {"members": (B, C), "max": 0}, f"At most 0 of Wallet ({B}) and {C}"),
    ("group", {"members": (A, B, C), "min": 1, "max": 2}, f"1 to 2 of One-tap checkout ({A}), Wallet ({B}) and {C}"),
    ("prerequisite", {"dimension_key": "init-3", "members": (B,)}, f"{C} needs Wallet ({B})"),
    (
        "synergy",
        {"members": (B, C), "kpi_key": "revenue", "bonus": 5000},
        f"Wallet ({B}) and {C} together add 5,000 EUR revenue",
    ),
    (
        "synergy",
        {"members": (B, C), "kpi_key": "diners", "bonus": -2},
        f"Wallet ({B}) and {C} together take away 2 diners",
    ),
]


@pytest.mark.parametrize(("kind", "cells", "words"), WORDS)
def test_each_kind_of_rule_reads_as_a_sentence(kind: str, cells: dict[str, Any], words: str) -> None:
    assert said(kind, **cells) == words
    assert said(kind.upper().replace("_", " "), **cells) == words


def test_every_kind_of_rule_has_words() -> None:
    assert {kind for kind, _, _ in WORDS} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (None, {}),
        ("capacty_cap", {**UK, "max": 4}),
        ("capacity_cap", {**UK, "min": 4}),
        ("capacity_cap", {"dimension": "planet", "dimension_key": "Mars", "max": 4}),
        ("capacity_cap", {"dimension": "country", "max": 4}),
        ("group", {"members": (A,)}),
        ("synergy", {"members": (A, B), "bonus": 4}),
        ("prerequisite", {"dimension_key": "someone", "members": (A,)}),
    ],
)
def test_a_row_that_says_no_rule_yet_reads_as_nothing(kind: str | None, cells: dict[str, Any]) -> None:
    assert said(kind, **cells) == ""


def test_a_row_that_is_off_or_ends_says_so() -> None:
    words = said("count_cap", **UK, max=3, is_active=False, valid_until=date(2026, 6, 30))
    assert words == "UK: at most 3 initiatives (switched off, until 2026-06-30)"


@given(
    st.sampled_from([*sorted(KINDS), None]),
    st.sampled_from(["all", "country", "product+country", "", "x+y", None]),
    st.none() | st.text(max_size=6),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.none() | st.text(max_size=6),
)
def test_no_row_whatever_breaks_its_words(
    kind: str | None, dimension: str | None, text: str | None, number: Decimal | None, other: str | None
) -> None:
    row = ConstraintRow(
        tab="Constraints", row=2, constraint_type=kind, dimension=dimension, dimension_key=text, min=number, max=number,
        bonus=number, resource=other, period=other, kpi_key=other, members=(A, B),
    )  # fmt: skip
    assert isinstance(reads_as(row), str)
