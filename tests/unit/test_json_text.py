"""JSON by orjson says what the standard library's says."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sheets_sync import json_text

TEXTS = st.text(st.characters(codec=None))
"""Lone surrogates and control characters among them."""
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda below: st.lists(below) | st.dictionaries(TEXTS, below),
)


def read(text: bytes) -> Any:
    return json_text.read(text, lambda: json.loads(text))


@given(VALUES)
@example([10**19, -(10**19), 2**63, 2**64, 10**300])
@example(["\ud800", {"\udfff": "\x7f"}])
def test_what_is_written_reads_back_the_same_and_of_the_same_type(value: Any) -> None:
    assert repr(json.loads(json_text.written(value))) == repr(value)
    assert repr(read(json_text.written(value))) == repr(value)


@given(VALUES)
def test_the_standard_librarys_text_is_read_as_it_reads_it(value: Any) -> None:
    text = json.dumps(value).encode()
    assert repr(read(text)) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text", [b"NaN", b"[1e999, -Infinity]", b"123456789012345678901", b'"\\ud800"', b"\xef\xbb\xbf1"]
)
def test_what_orjson_does_not_read_the_other_way_reads(text: bytes) -> None:
    assert json_text.read(text, lambda: "otherwise") == "otherwise"


@given(st.dictionaries(TEXTS, TEXTS | st.booleans()))
@example({"b": "\x7f", "a": "é"})
def test_the_text_of_which_digests_are_kept_never_changes(values: dict[str, Any]) -> None:
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    assert json_text.canonical(values) == text.encode()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_never_sent_as_a_blank(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text.written({"numberValue": number}, may_be_null=False)


def test_the_word_null_in_a_cell_is_sent() -> None:
    assert json_text.written(["null"], may_be_null=False) == b'["null"]'
