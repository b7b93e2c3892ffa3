"""The shape of a problem's JSON, declared once, and the walk that turns a JSON tree into a Problem.

The walk tells every misfit with its path and goes on with what stands for "not set", so that all of them are told at
once. Absent, null and "" mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from engine.notes import Notes
from engine.problem import (
    Bundle,
    Candidate,
    ConstraintSet,
    Group,
    Kpi,
    Objective,
    Problem,
    SolverOptions,
    SourceCell,
    Synergy,
    Target,
    TargetSet,
)

Kind = Callable[[Notes, str, Any], Any]
"""(notes, path, value that is set) -> what the model holds, or UNSET where it does not fit."""
UNSET: Any = object()


class NotANumber(str):
    """The text of a JSON number that is no finite number: NaN, Infinity, 1e400."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """A JSON object in which a key stands more than once."""

    def __init__(self, made: Mapping[str, Any], twice: set[str]) -> None:
        super().__init__(made)
        self.twice = twice


def is_set(value: Any) -> bool:
    """False for null, "" and blanks."""
    return value is not None and not (isinstance(value, str) and type(value) is str and not value.strip())


def problem_from(tree: Any, notes: Notes) -> Problem | None:
    """The problem in a JSON tree (numbers as Decimal). Misfits are noted and stand as "not set"; None where too little
    is left to make a problem of."""
    read = _PROBLEM(notes, "", tree)
    return None if read is UNSET else read


def _text(notes: Notes, path: str, value: Any) -> Any:
    if type(value) is not str:
        return _misfit(notes, path, value, "text")
    if _is_foul(value):
        return _misfit(notes, path, value, "text without control characters", "holds a character that is no text")
    return value


def _number(notes: Notes, path: str, value: Any) -> Any:
    if isinstance(value, NotANumber):
        return _misfit(notes, path, value, "a finite number", "is no finite number that can be planned with")
    return value if isinstance(value, Decimal) else _misfit(notes, path, value, "a number")


def _whole(notes: Notes, path: str, value: Any) -> Any:
    number = _number(notes, path, value)
    if number is UNSET:
        return UNSET
    if number != number.to_integral_value() or number.adjusted() > 17:
        return _misfit(notes, path, value, "a whole number", "must be a whole number")
    return int(number)


def _one_of(*choices: str) -> Kind:
    wanted = " or ".join(choices)

    def read(notes: Notes, path: str, value: Any) -> Any:
        return value if type(value) is str and value in choices else _misfit(notes, path, value, wanted)

    return read


def _version(notes: Notes, path: str, value: Any) -> Any:
    return 1 if isinstance(value, Decimal) and value == 1 else _misfit(notes, path, value, "1", "must be 1")


def _list(kind: Kind, *, length: int | None = None) -> Kind:
    def read(notes: Notes, path: str, value: Any) -> Any:
        if not isinstance(value, list):
            return _misfit(notes, path, value, "a list")
        listed = cast("list[Any]", value)
        held = sum(map(is_set, listed))
        if length is not None and held != length:
            return _misfit(notes, path, value, f"a list of {length}", f"must be a list of {length}, not of {held}")
        entries = [kind(notes, f"{path}[{i}]", entry) for i, entry in enumerate(listed) if is_set(entry)]
        kept = tuple(entry for entry in entries if entry is not UNSET)
        return kept if length is None or len(kept) == length else UNSET

    return read


def _map(kind: Kind) -> Kind:
    def read(notes: Notes, path: str, value: Any) -> Any:
        if not isinstance(value, dict):
            return _misfit(notes, path, value, "an object")
        _tell_repeated(notes, path, value)
        entries: dict[str, Any] = {}
        for key, entry in cast("dict[str, Any]", value).items():
            where = f"{path}.{key}"
            if _is_foul(key):
                _misfit(notes, path, key, "names that are text", "has a name with a character that is no text")
            elif is_set(entry):
                entries[key] = kind(notes, where, entry)
        return {key: entry for key, entry in entries.items() if entry is not UNSET}

    return read


@dataclass(frozen=True, slots=True)
class _Record:
    """An object with declared fields. ``stands_for`` says what goes on where a field without a default is not set;
    that it is not set is told unless the field ``may_be_absent``."""

    make: Callable[..., Any]
    fields: Mapping[str, Kind]
    stands_for: Mapping[str, Any]
    may_be_absent: frozenset[str]

    def __call__(self, notes: Notes, path: str, value: Any) -> Any:
        if not isinstance(value, dict):
            return _misfit(notes, path, value, "an object")
        given = cast("dict[str, Any]", value)
        dot = f"{path}." if path else ""
        _tell_repeated(notes, path, given)
        for name in [name for name in given if name not in self.fields]:
            shown = name.encode("utf-8", "backslashreplace").decode()
            known = ", ".join(self.fields)
            notes.error(f"{dot}{shown}", given[name], f"one of {known}", f"{dot}{shown} is no field of a problem.")
        read: dict[str, Any] = {}
        for name, kind in self.fields.items():
            entry = given.get(name)
            if is_set(entry):
                fitted = kind(notes, dot + name, entry)
                if fitted is not UNSET:
                    read[name] = fitted
            elif name in self.stands_for and name not in self.may_be_absent:
                notes.error(dot + name, None, "a value", f"{dot}{name} is missing; it must be given.")
        return self.make(**{**self.stands_for, **read})


def _record(make: Callable[..., Any], fields: Mapping[str, Kind], *may_be_absent: str, **stands_for: Any) -> Kind:
    return _Record(make, fields, stands_for, frozenset(may_be_absent))


def _misfit(notes: Notes, path: str, value: Any, wanted: str, why: str | None = None) -> Any:
    subject = path or "The file"
    notes.error(path, value, wanted, f"{subject} {why or f'must be {wanted}'}.")
    return UNSET


def _tell_repeated(notes: Notes, path: str, value: Any) -> None:
    if isinstance(value, Repeated):
        for key in sorted(value.twice):
            where = f"{path}.{key}" if path else key
            shown = where.encode("utf-8", "backslashreplace").decode()
            notes.error(shown, "the same name twice", "each name once", f"{shown} is given twice; keep one of them.")


def _is_foul(text: str) -> bool:
    """True where the text holds what neither Postgres nor UTF-8 can: NUL and lone surrogates."""
    if "\0" in text:
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


_AMOUNTS = _map(_number)
_SLICES = _map(_AMOUNTS)
_COUNTS = _map(_map(_whole))
_KEYS = _list(_text)
_TARGET = _record(Target, {"value": _number, "baseline": _number, "penalty": _number, "notes": _text}, value=Decimal(0))
_CONSTRAINT_SET = _record(
    ConstraintSet,
    {
        "floors": _SLICES,
        "caps": _SLICES,
        "resource_floors": _map(_SLICES),
        "resource_caps": _map(_SLICES),
        "count_floors": _COUNTS,
        "count_caps": _COUNTS,
        "share_floors": _SLICES,
        "share_caps": _SLICES,
        "period_floors": _map(_SLICES),
        "period_caps": _map(_SLICES),
        "period_resource_caps": _map(_map(_SLICES)),
        "targets": _map(_map(_map(_record(TargetSet, {"floor": _TARGET, "goal": _TARGET, "cap": _TARGET})))),
        "mandatory_initiatives": _KEYS,
        "exclusions_initiatives": _KEYS,
        "exclusions_pairs": _list(_list(_text, length=2)),
        "bundles": _list(
            _record(Bundle, {"bundle_key": _text, "members": _KEYS}, "bundle_key", "members", bundle_key="", members=())
        ),
        "groups": _list(
            _record(
                Group,
                {"group_key": _text, "members": _KEYS, "min_selected": _whole, "max_selected": _whole},
                "group_key",
                "members",
                group_key="",
                members=(),
            )
        ),
        "prerequisites": _map(_KEYS),
        "synergy_bonuses": _list(
            _record(
                Synergy,
                {"members": _KEYS, "kpi_key": _text, "bonus": _number},
                "members",
                members=(),
                kpi_key="",
                bonus=Decimal(0),
            )
        ),
        "locks": _map(_text),
        "max_changes": _whole,
        "reasons": _map(_text),
        "satisfied": _KEYS,
        "sources": _map(_list(_record(SourceCell, {"cell": _text, "row": _text}, cell=""))),
    },
)
_OBJECTIVE = _record(
    Objective,
    {
        "mode": _one_of("north_star", "weighted_kpis", "lexicographic", "score"),
        "weights": _AMOUNTS,
        "scales": _AMOUNTS,
        "order": _KEYS,
        "tolerance": _number,
    },
    mode="score",
)
_KPI = _record(
    Kpi,
    {
        "kpi_key": _text,
        "kpi_level": _one_of("north_star", "strategic"),
        "direction": _one_of("increase", "decrease"),
        "unit": _text,
    },
    kpi_key="",
)
_CANDIDATE = _record(
    Candidate,
    {
        "initiative_key": _text,
        "title": _text,
        "engineering_tokens": _number,
        "resources": _AMOUNTS,
        "country": _text,
        "department": _text,
        "category": _text,
        "program": _text,
        "product": _text,
        "segment": _text,
        "kpi_contributions": _AMOUNTS,
        "score": _number,
        "duration_periods": _whole,
        "earliest_period": _text,
        "latest_period": _text,
    },
    initiative_key="",
    engineering_tokens=Decimal(0),
)
_PROBLEM = _record(
    Problem,
    {
        "schema_version": _version,
        "scenario_name": _text,
        "constraint_set_name": _text,
        "period_key": _text,
        "periods": _KEYS,
        "capacity_total_tokens": _number,
        "objective": _OBJECTIVE,
        "kpis": _list(_KPI),
        "candidates": _list(_CANDIDATE),
        "constraint_set": _CONSTRAINT_SET,
        "previous_selection": _KEYS,
        "previous_starts": _map(_text),
        "solver": _record(SolverOptions, {"time_limit_s": _number, "relative_gap": _number, "seed": _whole}),
    },
    capacity_total_tokens=Decimal(0),
    objective=Objective(mode="score"),
    kpis=(),
    candidates=(),
)
