"""Where rows went between two readings: by what stands in them, never by their number alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

Signs = Sequence[Hashable]
"""How a row can be known, the surest sign first; None for a sign it does not have. Signs of one rank are compared."""


def matched(before: Mapping[int, Signs], after: Mapping[int, Signs]) -> dict[int, int]:
    """Row before -> row after. Signs are tried in order of rank; rows that share a sign are paired in their own order,
    those that stand where they stood first. What no sign finds is taken to be the row in the same place, if that is
    still free: someone edited it. Rows that are gone are left out."""
    found: dict[int, int] = {}
    taken: set[int] = set()
    ranks = max((len(signs) for signs in (*before.values(), *after.values())), default=0)
    for rank in range(ranks):
        places: dict[Hashable, list[int]] = defaultdict(list)
        for row, signs in after.items():
            if row not in taken and rank < len(signs) and signs[rank] is not None:
                places[signs[rank]].append(row)
        waiting = [row for row, signs in before.items() if row not in found and rank < len(signs)]
        for row in (*[row for row in waiting if _stays(row, before[row][rank], places)], *waiting):
            sign = before[row][rank]
            if row in found or sign is None or not places.get(sign):
                continue
            same = row if row in places[sign] else places[sign][0]
            places[sign].remove(same)
            found[row] = same
            taken.add(same)
    for row in before:
        if row not in found and row in after and row not in taken:
            found[row] = row
            taken.add(row)
    return found


def _stays(row: int, sign: Hashable, places: Mapping[Hashable, list[int]]) -> bool:
    return sign is not None and row in places.get(sign, ())
