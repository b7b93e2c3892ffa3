"""Keys of initiatives that were cleared or typed over: which one a row had, by its title, where nothing is in doubt."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.inputs import InitiativeRow
from engine.keys import normalised


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownInitiative:
    """An initiative as it was read last; ``is_in_sheet``: the reading before this one still found it."""

    initiative_key: str
    title: str | None
    is_in_sheet: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LostKeys:
    """``found``: row -> the key that it had. ``doubtful``: row -> the keys of which it may have had one."""

    found: Mapping[int, str] = field(default_factory=dict[int, str])
    doubtful: Mapping[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])


def lost_keys(rows: Sequence[InitiativeRow], known: Iterable[KnownInitiative]) -> LostKeys:
    """What became of keys that stand on no row any more. ``known`` are all initiatives that the workbook ever had.

    A row whose key is blank, unreadable, unknown or on another row too had the one key that goes with its title, where
    that title is on no other row and of no other initiative. An initiative that was deleted earlier comes back under
    a new key. A row whose key is known and stands once was renamed at most, and keeps it.
    """
    by_title: dict[str, list[KnownInitiative]] = defaultdict(list)
    keys: set[str] = set()
    for one in known:
        keys.add(one.initiative_key)
        by_title[_folded(one.title)].append(one)
    times = Counter(row.initiative_key for row in rows)
    titles = Counter(_folded(row.title) for row in rows)
    found: dict[int, str] = {}
    doubtful: dict[int, tuple[str, ...]] = {}
    for row in rows:
        key, title = row.initiative_key, _folded(row.title)
        if not title or (key in keys and times[key] == 1):
            continue
        gone = [one for one in by_title.get(title, ()) if one.is_in_sheet and not times[one.initiative_key]]
        if len(gone) == len(by_title.get(title, ())) == titles[title] == 1:
            found[row.row] = gone[0].initiative_key
        elif gone and (key is None or times[key] == 1):
            doubtful[row.row] = tuple(one.initiative_key for one in gone)
    return LostKeys(found=found, doubtful=doubtful)


def _folded(title: str | None) -> str:
    return " ".join(normalised(title or "").split())
