"""Slices: a dimension and one of its keys, `country` and `UK`, or two at once, `country+product` and `UK|Payments`."""

from __future__ import annotations

from engine.inputs import DIMENSIONS
from engine.keys import normalised

EVERYTHING = "all"
"""Both the dimension and the key of the slice that holds every candidate."""


def dimension_parts(dimension: str) -> tuple[str, ...] | None:
    """The plain dimensions that ``dimension`` names: one, or two joined with `+`; None if it names no dimension.

    `all` gives an empty tuple: everything lies in it.
    """
    parts = tuple(normalised(part) for part in dimension.split("+"))
    if parts == (EVERYTHING,):
        return ()
    known = all(part in DIMENSIONS for part in parts)
    return parts if known and len(parts) == len(set(parts)) <= 2 else None


def key_parts(dimension: str, key: str) -> tuple[str, ...] | None:
    """The trimmed parts of ``key``, one for each part of ``dimension``; None if they do not fit together.

    `|` splits a key only where the dimension is a cross-dimension.
    """
    parts = dimension.split("+")
    keys = tuple(part.strip() for part in key.split("|")) if len(parts) == 2 else (key.strip(),)
    return keys if len(keys) == len(parts) and all(keys) else None


def canonical_slice(dimension: str, key: str) -> tuple[str, str]:
    """The slice as the compiled form writes it: dimension folded, parts in the order of ``DIMENSIONS``, key as spelled.

    A dimension or key that cannot be understood comes back trimmed and otherwise as it is.
    """
    parts, keys = dimension_parts(dimension), key_parts(dimension, key)
    if parts is None or keys is None:
        return dimension.strip(), key.strip()
    if not parts:
        return EVERYTHING, EVERYTHING if normalised(key) == EVERYTHING else keys[0]
    ordered = sorted(zip(parts, keys, strict=True), key=lambda part: DIMENSIONS.index(part[0]))
    return "+".join(part for part, _ in ordered), "|".join(spelled for _, spelled in ordered)
