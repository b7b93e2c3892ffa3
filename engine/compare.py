"""Two results side by side: what was added, dropped and moved, and which changed rule or number is behind it.

A cause is no guess: the later problem is solved again with one fact as it was before, and what then goes back is laid
to that fact.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.clause_words import title_of
from engine.differences import Difference, concerns, differences, put_back
from engine.keys import normalised
from engine.notes import Notes
from engine.problem import Item, Problem, Solution
from engine.settling import Settled, settle
from engine.solve import solve

MOST_TRIED = 12
"""Facts that are put back one by one at most."""


@dataclass(frozen=True, slots=True)
class Side:
    """One result and its problem."""

    problem: Problem
    solution: Solution


@dataclass(frozen=True, slots=True)
class Shift:
    """An initiative that is not where it was. ``before`` and ``after`` are periods, None where it is out; ``because``
    are the paths of the facts any one of which, put back, puts it back."""

    initiative_key: str
    title: str
    before: str | None
    after: str | None
    because: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two results come to; ``kpis`` and ``tokens`` are (before, after)."""

    added: tuple[Shift, ...]
    dropped: tuple[Shift, ...]
    moved: tuple[Shift, ...]
    changed: tuple[Difference, ...]
    kpis: dict[str, tuple[Decimal | None, Decimal | None]] = field(default_factory=dict[str, Any])
    tokens: tuple[Decimal | None, Decimal | None] = (None, None)
    status: tuple[str, str] = ("", "")

    def plain(self) -> dict[str, Any]:
        """The comparison as JSON holds it."""

        def shifts(listed: Sequence[Shift]) -> list[dict[str, Any]]:
            return [
                {
                    "initiative_key": one.initiative_key,
                    "title": one.title,
                    "before": one.before,
                    "after": one.after,
                    "because": list(one.because),
                    "message": one.message,
                }
                for one in listed
            ]

        return {
            "status": {"before": self.status[0], "after": self.status[1]},
            "kpis": {name: {"before": was, "after": now} for name, (was, now) in self.kpis.items()},
            "tokens": {"before": self.tokens[0], "after": self.tokens[1]},
            "added": shifts(self.added),
            "dropped": shifts(self.dropped),
            "moved": shifts(self.moved),
            "changed": [
                {"path": one.path, "before": one.before, "after": one.after, "message": one.message}
                for one in self.changed
            ],
        }


def compare(
    before: Side, after: Side, *, seconds: float = 30.0, cancelled: Callable[[], bool] | None = None
) -> Comparison:
    """The comparison; causes are sought for ``seconds`` at most."""
    old, new = settle(before.problem, Notes()), settle(after.problem, Notes())
    changed = differences(old, new)
    places = _places(before.solution), _places(after.solution)
    shifted = [key for key in {**places[0], **places[1]} if places[0].get(key) != places[1].get(key)]
    causes: dict[str, list[Difference]] = {}
    if not (before.solution.items and after.solution.items):
        shifted = []  # there are no two plans to compare
    if shifted:
        causes = _causes(old, new, after, changed, shifted, seconds, cancelled)
    shifts = [_shift(old, new, key, places, causes.get(key, []), changed) for key in shifted]
    return Comparison(
        tuple(one for one in shifts if one.before is None),
        tuple(one for one in shifts if one.after is None),
        tuple(one for one in shifts if one.before is not None and one.after is not None),
        tuple(changed),
        _kpis(before.solution, after.solution),
        (_used(before.solution), _used(after.solution)),
        (before.solution.status, after.solution.status),
    )


def _places(solution: Solution) -> dict[str, str]:
    """Folded key -> period in which it starts ("" with one nameless period), of all that is selected."""
    return {normalised(item.initiative_key): _place(item) for item in solution.items if item.selected}


def _place(item: Item) -> str:
    return item.start_period or ""


def _causes(
    old: Settled,
    new: Settled,
    after: Side,
    changed: Sequence[Difference],
    shifted: Sequence[str],
    seconds: float,
    cancelled: Callable[[], bool] | None,
) -> dict[str, list[Difference]]:
    """For each that shifted: the facts that, put back alone, put it back too."""
    give_up = time.monotonic() + seconds
    now = _places(after.solution)
    found: dict[str, list[Difference]] = {}
    own = [one for one in changed if any(concerns(one, key) for key in shifted)]
    others = [one for one in changed if one not in own]
    for difference in [*own, *others][:MOST_TRIED]:
        left = give_up - time.monotonic()
        if left <= 0:
            break
        problem = put_back(new.problem, old.problem, difference.parts)
        solution = solve(problem, time_limit_s=min(left, seconds / 2), cancelled=cancelled)
        if not solution.items:
            continue
        then = _places(solution)
        for key in shifted:
            if (key in then) != (key in now) or (key in then and then[key] != now[key]):
                found.setdefault(key, []).append(difference)
    return found


def _shift(
    old: Settled,
    new: Settled,
    key: str,
    places: tuple[dict[str, str], dict[str, str]],
    causes: Sequence[Difference],
    changed: Sequence[Difference],
) -> Shift:
    was, now = places[0].get(key), places[1].get(key)
    title = title_of(new if key in new.titles else old, key)
    verb = "added" if was is None else "dropped" if now is None else f"moved from {was} to {now}"
    if causes:
        because = (
            f"because of {causes[0].message}"
            if len(causes) == 1
            else "because of " + " or ".join(one.message for one in causes[:3])
        )
    elif not changed:
        because = "though nothing differs: the two plans are equally good or not proven best"
    else:
        because = "because of several changes together" if len(changed) > 1 else "with the change above"
    named = (new if key in new.initiative_names else old).shown(key)
    return Shift(named, title, was, now, tuple(one.path for one in causes), f"{title} {verb}, {because}.")


def _kpis(before: Solution, after: Solution) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    old, new = before.kpis or {}, after.kpis or {}
    return {name: (old.get(name), new.get(name)) for name in {**old, **new}}


def _used(solution: Solution) -> Decimal | None:
    return solution.capacity["used"] if solution.capacity else None
