"""What changed between two views of a tab, and which row is which: rows keep their names when others come and go."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from typing import Any

from sheets_sync.local.page_cells import Row
from sheets_sync.local.page_view import TabView

Json = dict[str, Any]


def named_rows(old: TabView | None, rows: list[Row]) -> tuple[list[Row], list[int], int]:
    """(rows, uids, next uid): a row that is equal to an old one is that very object under its old uid; a row that was
    edited in its place keeps its uid; a row that is new gets a new one."""
    if old is None:
        return rows, list(range(len(rows))), len(rows)
    head = _common(old.rows, rows)
    tail = _common(old.rows[head:][::-1], rows[head:][::-1])
    old_end, new_end = len(old.rows) - tail, len(rows) - tail
    middle, next_uid = _named_middle(old, range(head, old_end), rows[head:new_end])
    uids = old.uids[:head] + middle + old.uids[old_end:]
    by_uid = dict(zip(old.uids, old.rows, strict=True))
    kept = [
        before if (before := by_uid.get(uid)) is not None and before == row else row
        for uid, row in zip(uids, rows, strict=True)
    ]
    return kept, uids, next_uid


def patch(old: TabView, new: TabView) -> Json:
    """What a window that shows ``old`` needs to show ``new``: ``rows`` by uid; ``order``, ``frame``, ``lists`` and
    ``charts`` where they changed."""
    change: Json = {}
    before = dict(zip(old.uids, old.rows, strict=True))
    rows = {uid: row for uid, row in zip(new.uids, new.rows, strict=True) if before.get(uid) is not row}
    if rows:
        change["rows"] = rows
    if old.uids != new.uids:
        change["order"] = new.uids
    if old.frame != new.frame:
        change["frame"] = new.frame
    if old.around.lists != new.around.lists:
        change["lists"] = new.around.options()
    if old.charts != new.charts:
        change["charts"] = new.charts
    return change


def _common(left: list[Row], right: list[Row]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one is not other and one != other:
            break
        count += 1
    return count


def _named_middle(old: TabView, olds: range, rows: list[Row]) -> tuple[list[int], int]:
    """(uids for ``rows``, next uid); ``rows`` stand where the old rows ``olds`` stood."""
    origins: list[int | None]
    if len(olds) == len(rows) and _contents(rows) != _contents(old.rows[olds.start : olds.stop]):
        origins = list(olds)  # edited in their places
    else:
        origins = _paired_gaps(old, olds, rows, _equal_rows(old, olds, rows))
    next_uid = old.next_uid
    uids: list[int] = []
    for origin in origins:
        if origin is None:
            uids.append(next_uid)
            next_uid += 1
        else:
            uids.append(old.uids[origin])
    return uids, next_uid


def _contents(rows: list[Row]) -> Counter[str]:
    return Counter(json.dumps(row) for row in rows)


def _equal_rows(old: TabView, olds: range, rows: list[Row]) -> list[int | None]:
    """For each row the index of an old row of the same content, each at most once; None where there is none."""
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for index in olds:
        waiting[json.dumps(old.rows[index])].append(index)
    texts = (json.dumps(row) for row in rows)
    return [waiting[text].popleft() if waiting[text] else None for text in texts]


def _paired_gaps(old: TabView, olds: range, rows: list[Row], origins: list[int | None]) -> list[int | None]:
    """``origins`` with the rows between equal neighbours paired too: a row was edited while others came and went."""
    known = [origin for origin in origins if origin is not None]
    if known != sorted(known):
        return origins
    paired: list[int | None] = []
    start, gap = olds.start, 0
    for index, origin in enumerate([*origins, olds.stop]):
        if origin is None:
            continue
        paired.extend(_paired(old, range(start, origin), rows[gap:index]))
        paired.append(origin)
        start, gap = origin + 1, index + 1
    return paired[:-1]


def _paired(old: TabView, olds: range, rows: list[Row]) -> list[int | None]:
    """The old row of each of ``rows``, in order, from the first or from the last: as more cells agree."""
    count = min(len(olds), len(rows))
    heads: list[int | None] = [*olds[:count], *[None] * (len(rows) - count)]
    tails: list[int | None] = [*[None] * (len(rows) - count), *olds[len(olds) - count :]]

    def agreement(origins: list[int | None]) -> int:
        pairs = zip(origins, rows, strict=True)
        return sum(_equal_cells(old.rows[origin], row) for origin, row in pairs if origin is not None)

    return tails if agreement(tails) > agreement(heads) else heads


def _equal_cells(one: Row, other: Row) -> int:
    pairs = zip(one.get("c", ()), other.get("c", ()), strict=False)
    return sum(left is not None and left == right for left, right in pairs)
