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
    middle, next_uid = _named_middle(old, list(range(head, old_end)), rows[head:new_end])
    uids = old.uids[:head] + middle + old.uids[old_end:]
    by_uid = dict(zip(old.uids, old.rows, strict=True))
    kept = [
        before if (before := by_uid.get(uid)) is not None and before == row else row
        for uid, row in zip(uids, rows, strict=True)
    ]
    return kept, uids, next_uid


def patch(old: TabView, new: TabView) -> Json:
    """What a window that shows ``old`` needs to show ``new``: ``rows`` by uid; ``order``, ``frame`` and ``lists`` where
    they changed."""
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
        change["lists"] = {key: list(options) for key, options in new.around.lists.items()}
    return change


def _common(left: list[Row], right: list[Row]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one is not other and one != other:
            break
        count += 1
    return count


def _named_middle(old: TabView, old_indices: list[int], rows: list[Row]) -> tuple[list[int], int]:
    """Uids for ``rows``, which stand where the old rows ``old_indices`` stood."""
    if len(old_indices) == len(rows):
        texts = [json.dumps(row) for row in rows]
        old_texts = [json.dumps(old.rows[index]) for index in old_indices]
        if Counter(texts) != Counter(old_texts):
            return [old.uids[index] for index in old_indices], old.next_uid
    else:
        texts = [json.dumps(row) for row in rows]
        old_texts = [json.dumps(old.rows[index]) for index in old_indices]
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for index, text in zip(old_indices, old_texts, strict=True):
        waiting[text].append(old.uids[index])
    uids: list[int | None] = [waiting[text].popleft() if waiting[text] else None for text in texts]
    taken = set(uids)
    left = deque(old.uids[index] for index in old_indices if old.uids[index] not in taken)
    next_uid = old.next_uid
    named: list[int] = []
    for uid in uids:
        if uid is None and left:
            uid = left.popleft()
        if uid is None:
            uid, next_uid = next_uid, next_uid + 1
        named.append(uid)
    return named, next_uid
