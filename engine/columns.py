"""Candidates as columns, one list for each field: small and quick to hand to another process, and exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from engine.problem import Candidate

Columns = Mapping[str, Any]
"""field -> a list of texts or whole numbers; of numbers, one text; of maps, the keys of each and one text."""
_FIELDS = tuple(Candidate.model_fields)
_NUMBERS = ("engineering_tokens", "score")
_MAPS = ("resources", "kpi_contributions")
_GIVEN = set(_FIELDS)
_set = object.__setattr__


def remade(values: dict[str, Any]) -> Candidate:
    """The candidate of these values, one for each field, which are right already: nothing is checked or copied."""
    made = Candidate.__new__(Candidate)  # as the model's own __setstate__ does, in a third of the time
    _set(made, "__pydantic_fields_set__", _GIVEN)
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    _set(made, "__dict__", values)
    return made


def columns_of(candidates: Sequence[Candidate]) -> Columns:
    """The columns that ``candidates_of`` makes the same candidates of."""
    rows = [vars(candidate) for candidate in candidates]
    columns: dict[str, Any] = {}
    shapes: dict[tuple[str, ...], tuple[str, ...]] = {}  # equal keys as one object are pickled once
    for field in _FIELDS:
        held = [row[field] for row in rows]
        if field in _NUMBERS:
            columns[field] = _text(held)
        elif field in _MAPS:
            keys = [shapes.setdefault(key, key) for key in map(tuple, held)]
            columns[field] = keys, _text(chain.from_iterable(amounts.values() for amounts in held))
        else:
            columns[field] = held
    return columns


def candidates_of(columns: Columns) -> tuple[Candidate, ...]:
    """The candidates of these columns."""
    known: dict[str, Decimal] = {}
    same: dict[str, Any] = dict.fromkeys(_FIELDS)  # in the order of the fields, with what all have in common
    differing: dict[str, list[Any]] = {}
    for field in _FIELDS:
        held: list[Any] = columns[field]
        if field in _NUMBERS:
            held = _numbers(columns[field], known)
        elif field in _MAPS:
            keys, text = columns[field]
            held = list(_maps(keys, text, known))
        if field not in _MAPS and len({*map(id, held)}) == 1:
            same[field] = held[0]
        else:
            differing[field] = held
    found: list[Candidate] = []
    for row in zip(*differing.values(), strict=True):
        values = same.copy()
        values.update(zip(differing, row, strict=True))
        found.append(remade(values))
    return tuple(found)


def _maps(keys: Sequence[tuple[str, ...]], text: str, known: dict[str, Decimal]) -> list[dict[str, Decimal]]:
    amounts = iter(_numbers(text, known))
    if len(set(keys)) == 1:  # most problems name the same for each candidate
        names = keys[0]
        columns = [amounts] * len(names)
        return [dict(zip(names, held, strict=True)) for held in zip(*columns, strict=True)] or [{} for _ in keys]
    return [dict(zip(key, islice(amounts, len(key)), strict=True)) for key in keys]


def _text(numbers: Iterable[Decimal]) -> str:
    return " ".join(map(str, numbers))


def _numbers(text: str, known: dict[str, Decimal]) -> list[Decimal]:
    """The numbers that ``_text`` wrote, equal texts as one number."""
    texts = text.split()
    known.update((each, Decimal(each)) for each in {*texts} - known.keys())
    return [known[each] for each in texts]
