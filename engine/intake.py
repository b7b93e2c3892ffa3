"""Requests from Intake tabs: which initiative each one became, what has changed in it since, and what is told back.

A request is copied once into Initiatives. Its link (initiative_key, where it was read, what it said then) is kept, so
that a key which was reserved and never written is found again, and nothing is copied twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.inputs import InitiativeRow, IntakeRow, IntakeSource
from engine.keys import normalised
from engine.roadmap import RoadmapEntry, RoadmapVersion

COPIED = {
    "title": "title",
    "department": "department",
    "requesting_team": "requesting_team",
    "country": "country",
    "product_area": "product",
    "problem_statement": "description",
    "deadline_date": "deadline_date",
}
"""Column of Intake -> column of Initiatives."""

_UNTRIAGED = (None, "new", "needs_info")
_TRIAGE = {
    None: "new",
    "new": "new",
    "needs_info": "more information needed",
    "ready": "accepted",
    "in_progress": "in progress",
}


Typed = tuple[IntakeRow, IntakeSource, str]
"""A request as read, where it comes in, and the id of the spreadsheet it stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLink:
    """One request and its initiative. ``spreadsheet_id`` is where it was typed; ``tab``, ``row`` and ``digest`` say
    where it stood and how it read last; ``fields`` what it said when it was copied (column of Intake -> text).
    ``is_copied``: its row of Initiatives has been seen there. ``is_confirmed``: its key has been seen beside it."""

    initiative_key: str
    spreadsheet_id: str
    tab: str
    row: int
    digest: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    is_copied: bool = False
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands now, and its link. ``spreadsheet_id`` is where it stands."""

    row: IntakeRow
    source: IntakeSource
    spreadsheet_id: str
    link: IntakeLink

    @property
    def key(self) -> str:
        return self.link.initiative_key


def fields_of(row: IntakeRow, source: IntakeSource) -> dict[str, str]:
    """What is copied of a request, as text by column of Intake; the source's department where it names none."""
    typed = {name: getattr(row, name) for name in COPIED}
    typed["department"] = typed["department"] or source.default_department
    return {name: str(value) for name, value in typed.items() if value is not None}


def linked(
    typed: Sequence[Typed],
    links: Sequence[IntakeLink],
    initiatives: Mapping[str, InitiativeRow],
    own_id: str,
    reserve: Callable[[int], list[str]],
) -> tuple[Request, ...]:
    """Each titled request (row, source, spreadsheet id) with its link as it stands now, new keys from ``reserve``.

    A request is known by the key beside it, where that key was given to this spreadsheet; then by what stands in it,
    its title, and, while its key has not been seen there, its place. A key that nobody gave it is not obeyed: whoever
    types one into a request must not read what became of another's. Only a key whose initiative is there, in the
    workbook itself or under the same title, is taken for what is left of a history that this database does not know.
    """
    found = _recognised(typed, links)
    known = {link.initiative_key for link in links}
    for at, (row, _, spreadsheet_id) in enumerate(typed):
        initiative = initiatives.get(row.initiative_key or "")
        if at in found or initiative is None or row.initiative_key is None or row.initiative_key in known:
            continue
        if spreadsheet_id == own_id or words(initiative.title) == words(row.title):
            known.add(row.initiative_key)
            found[at] = _new(row.initiative_key, typed[at])
    waiting = [at for at in range(len(typed)) if at not in found]
    for at, key in zip(waiting, reserve(len(waiting)) if waiting else (), strict=True):
        found[at] = _new(key, typed[at])
    return tuple(_request(typed[at], found[at], initiatives) for at in range(len(typed)))


def _recognised(typed: Sequence[Typed], links: Sequence[IntakeLink]) -> dict[int, IntakeLink]:
    """Index of a request -> its link, of those that are known; each link goes to one request, the surest sign first."""
    found: dict[int, IntakeLink] = {}
    given: set[str] = set()
    for row_sign, link_sign in _SIGNS:
        places: dict[Hashable, list[IntakeLink]] = defaultdict(list)
        for link in links:
            if link.initiative_key not in given and link_sign(link) is not None:
                places[link.spreadsheet_id, link_sign(link)].append(link)
        waiting = [at for at in range(len(typed)) if at not in found]
        for at in sorted(waiting, key=lambda at: (*_unlike(typed[at][0], places, typed[at][2]), at)):
            row, _, spreadsheet_id = typed[at]
            rivals = places.get((spreadsheet_id, row_sign(row)), [])
            if not rivals or row_sign(row) is None:
                continue
            link = min(rivals, key=lambda link: ((link.tab, link.row) != (row.tab, row.row), link.row))
            rivals.remove(link)
            given.add(link.initiative_key)
            found[at] = link
    return found


_SIGNS: tuple[tuple[Callable[[IntakeRow], Hashable], Callable[[IntakeLink], Hashable]], ...] = (
    (lambda row: row.initiative_key, lambda link: link.initiative_key),
    (lambda row: row.digest, lambda link: link.digest),
    (lambda row: words(row.title), lambda link: words(link.fields.get("title")) or None),
    (lambda row: (row.tab, row.row), lambda link: None if link.is_confirmed else (link.tab, link.row)),
)
"""How a request is known, the surest sign first; None for a link that is not known by it."""


def _unlike(
    row: IntakeRow, places: Mapping[Hashable, list[IntakeLink]], spreadsheet_id: str
) -> tuple[bool, bool, bool]:
    """Of rows that carry one key, copied along with its row, the one that reads as the request did comes first."""
    links = places.get((spreadsheet_id, row.initiative_key), ())
    link = links[0] if links else None
    if link is None:
        return True, True, True
    return (
        row.digest != link.digest,
        words(row.title) != words(link.fields.get("title")),
        (row.tab, row.row) != (link.tab, link.row),
    )


def _new(key: str, typed: Typed) -> IntakeLink:
    row, source, spreadsheet_id = typed
    return IntakeLink(
        initiative_key=key,
        spreadsheet_id=spreadsheet_id,
        tab=row.tab,
        row=row.row,
        digest=row.digest,
        fields=fields_of(row, source),
    )


def _request(typed: Typed, link: IntakeLink, initiatives: Mapping[str, InitiativeRow]) -> Request:
    row, source, spreadsheet_id = typed
    now = replace(
        link,
        tab=row.tab,
        row=row.row,
        digest=row.digest,
        is_copied=link.is_copied or link.initiative_key in initiatives,
        is_confirmed=link.is_confirmed or row.initiative_key == link.initiative_key,
    )
    return Request(row=row, source=source, spreadsheet_id=spreadsheet_id, link=now)


def requester_changes(request: Request, initiative: InitiativeRow) -> str | None:
    """ "deadline_date: 2026-03-31 → 2026-02-28": what the request says otherwise than when it was copied, and the
    initiative does not say yet."""
    now = fields_of(request.row, request.source)
    changes: list[str] = []
    for name, column in COPIED.items():
        before, after = request.link.fields.get(name, ""), now.get(name, "")
        taken_over = str(getattr(initiative, column) or "") == after
        if before != after and not taken_over and name not in request.row.bad:
            changes.append(f"{name}: {_short(before)} → {_short(after)}")
    return " · ".join(changes) or None


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return (plain if len(plain) <= 200 else plain[:199] + "…") or "(blank)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a requester reads beside the request."""

    triage_status: str
    decision_reason: str | None = None
    planned_period: str | None = None


def answer(request: Request, initiative: InitiativeRow | None, version: RoadmapVersion | None) -> Answer:
    """What became of a request: as its PM triaged it, and as the roadmap last published has it."""
    if initiative is None:
        if request.link.is_copied:
            return Answer(triage_status="removed", decision_reason="it is no longer in the list of initiatives")
        return Answer(triage_status="new")
    state = initiative.lifecycle_status
    if state == "duplicate":
        same = f"it is the same as {initiative.duplicate_of}" if initiative.duplicate_of else None
        return Answer(triage_status="duplicate", decision_reason=same)
    entry = _entry(version, request.key)
    if state == "rejected" or entry is None or version is None:
        return Answer(
            triage_status=_TRIAGE.get(state, state or "new"), decision_reason=entry.public_note if entry else None
        )
    place = f"the plan “{version.roadmap_name}” v{version.version}"
    note = f": {entry.public_note}" if entry.public_note else ""
    if entry.decision != "in":
        return Answer(triage_status=_TRIAGE.get(state, state or "new"), decision_reason=f"not in {place}{note}")
    status = "planned" if state in (*_UNTRIAGED, "ready") else _TRIAGE.get(state, state or "new")
    return Answer(triage_status=status, decision_reason=f"in {place}{note}", planned_period=entry.planned_period)


def _entry(version: RoadmapVersion | None, key: str) -> RoadmapEntry | None:
    wanted = normalised(key)
    entries = version.entries if version else ()
    return next((entry for entry in entries if normalised(entry.initiative_key) == wanted), None)


def words(title: str | None) -> tuple[str, ...]:
    """The words of a title, without case, order and punctuation: two titles of the same words ask for the same."""
    return tuple(sorted(re.findall(r"\w+", unicodedata.normalize("NFKC", title or "").casefold())))


def possible_duplicates(
    requests: Iterable[Request], initiatives: Iterable[InitiativeRow]
) -> dict[str, tuple[str, str | None]]:
    """initiative_key of a request -> (key, title) of the first initiative or request of the same words. Only while its
    PM has not decided: a request that is ready, rejected or marked as a duplicate is compared no more."""
    requests = list(requests)
    held = {row.initiative_key: row for row in initiatives if row.initiative_key}
    titles: dict[str, str | None] = {key: row.title for key, row in held.items()}
    for request in requests:
        titles.setdefault(request.key, request.row.title)
    same: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for key in sorted(titles, key=lambda key: (len(key), key)):
        same[words(titles[key])].append(key)
    found: dict[str, tuple[str, str | None]] = {}
    for request in requests:
        initiative = held.get(request.key)
        is_open = initiative is None or (initiative.lifecycle_status in _UNTRIAGED and initiative.duplicate_of is None)
        others = [key for key in same.get(words(request.row.title), ()) if _before(key, request.key)]
        if is_open and others and words(request.row.title):
            found[request.key] = (others[0], titles[others[0]])
    return found


def _before(key: str, other: str) -> bool:
    return (len(key), key) < (len(other), other)
