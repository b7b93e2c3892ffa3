"""JSON of problems and results: compact, exact, numbers in shortest form; and the digest of a problem."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, cast

from engine.canonical import number_text
from engine.problem import Candidate, Problem
from engine.settling import Settled


def json_text(value: Any) -> str:
    """Compact JSON of maps, lists, text, booleans, None, int, float and Decimal; maps in the order they have."""
    out: list[str] = []
    _write(value, out, {})
    return "".join(out)


def settled_digest(settled: Settled) -> str:
    """ "sha256:…" of a settled problem: names folded, all maps sorted, without labels and ``sources``."""
    rules = settled.problem.constraint_set
    bare = rules.model_copy(
        update={
            "sources": {},
            "bundles": tuple(b.model_copy(update={"bundle_key": ""}) for b in rules.bundles),
            "groups": tuple(g.model_copy(update={"group_key": ""}) for g in rules.groups),
        }
    )
    text = _folded_text(settled.problem.model_copy(update={"constraint_set": bare, "candidates": ()}))
    numbers: dict[Decimal, str] = {}
    candidates = ",".join([_candidate_text(candidate, numbers) for candidate in settled.problem.candidates])
    text = text.replace('"candidates":[]', f'"candidates":[{candidates}]', 1)  # the first field in order
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _folded_text(problem: Problem) -> str:
    return json_text(_sorted_maps(problem.plain()))


def _candidate_text(candidate: Candidate, numbers: dict[Decimal, str]) -> str:
    """The same of one candidate, which is where the time goes: what is not set left out, maps sorted."""
    out: list[str] = []
    for name, before in _CANDIDATE_FIELDS:
        value: Any = getattr(candidate, name)
        if value is None or value == "":
            continue
        if name in _MAPS:
            held = cast("Mapping[str, Decimal]", value)
            if held:
                entries = [f"{_quoted(key)}:{_number(held[key], numbers)}" for key in sorted(held)]
                out.append(f"{before}{{{','.join(entries)}}}")
        else:
            out.append(before + (_quoted(value) if type(value) is str else _number(value, numbers)))
    return f"{{{','.join(out)}}}"


def _number(number: Decimal | int, numbers: dict[Decimal, str]) -> str:
    if type(number) is int:
        return str(number)
    known = numbers.get(cast("Decimal", number))
    if known is None:
        known = numbers[cast("Decimal", number)] = number_text(number)
    return known


def _write(value: Any, out: list[str], numbers: dict[Decimal, str]) -> None:
    kind = cast("type[Any]", type(value))
    if kind is str:
        out.append(_quoted(value))
    elif kind is Decimal:
        text = numbers.get(value)
        if text is None:
            text = numbers[value] = number_text(value)
        out.append(text)
    elif value is None or kind is bool:
        out.append("null" if value is None else "true" if value else "false")
    elif kind is int:
        out.append(str(value))
    elif isinstance(value, Mapping):
        held = cast("Mapping[str, Any]", value)
        before = "{"
        for key, entry in held.items():
            out.append(before + _quoted(str(key)) + ":")
            _write(entry, out, numbers)
            before = ","
        out.append("}" if held else "{}")
    elif isinstance(value, (list, tuple)):
        listed = cast("Sequence[Any]", value)
        before = "["
        for entry in listed:
            out.append(before)
            _write(entry, out, numbers)
            before = ","
        out.append("]" if listed else "[]")
    else:
        out.append(number_text(Decimal(str(value))) if isinstance(value, float) else _quoted(str(value)))


_quoted = encode_basestring
_MAPS = ("resources", "kpi_contributions")
_CANDIDATE_FIELDS = tuple((name, f'"{name}":') for name in sorted(Candidate.model_fields))


def _sorted_maps(value: Any) -> Any:
    if isinstance(value, Mapping):
        held = cast("Mapping[str, Any]", value)
        return {key: _sorted_maps(held[key]) for key in sorted(held)}
    listed = cast("Sequence[Any]", value)
    return [_sorted_maps(entry) for entry in listed] if isinstance(value, (list, tuple)) else value
