"""Names folded to the one form in which they match, and what is told where they do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from engine.keys import normalised
from engine.notes import Notes

T = TypeVar("T")


def merged(
    path: str, parts: tuple[str, ...], spelled: Mapping[str, T], notes: Notes, fold: Callable[[str], str] = normalised
) -> dict[str, T]:
    """A map with folded keys, sorted. Two spellings of a key that agree are one with a warning, else an error at the
    second."""
    first: dict[str, str] = {}
    values: dict[str, T] = {}
    for key, value in spelled.items():
        folded = fold(key)
        if folded not in values:
            first[folded], values[folded] = key, value
        elif values[folded] == value:
            notes.warn((*parts, folded), f"{first[folded]} and {key} are one name, given twice with the same value.")
        else:
            message = f"{first[folded]} and {key} are one name, given twice with different values; keep one of them."
            notes.error(f"{path}.{key}", value, f"what {first[folded]} says", message)
    return {key: values[key] for key in sorted(values)}


def tell_negative(path: str, value: Decimal, notes: Notes) -> None:
    if value < 0:
        notes.error(path, value, "a number from 0", f"{path} must not be negative.")


def tell_unknown_keys(
    path: str, given: Iterable[str], known: Mapping[str, Any] | None, noun: str, notes: Notes
) -> None:
    for key in given:
        if known is not None and normalised(key) not in known:
            tell_unknown(f"{path}.{key}", key, noun, known, notes)


def tell_unknown(path: str, found: str, noun: str, known: Iterable[str], notes: Notes) -> None:
    listed = ", ".join(known) or "none"
    notes.error(path, found, f"one of {listed}", f"The problem knows no {noun} {found.strip()}; it knows {listed}.")
