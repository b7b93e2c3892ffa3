"""The one JSON form of a ConstraintSet, and its digest (``model.md`` section 3).

Two forms of the same rules: *stored* keeps the first spelling of each key, labels and sources; *folded* has every key
normalised and neither labels nor sources, and its SHA-256 is the digest. In both, keys and lists are sorted by
normalised key, duplicates are one, numbers are in shortest form, and what is not set does not stand there: absent, null
and "" are one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from engine.keys import normalised
from engine.problem import Bundle, BySlice, ConstraintSet, Group, Synergy
from engine.slices import canonical_slice

Path = tuple[str, ...]
Entry = tuple[Path, Any]
"""Where an element stands, as spelled (``("caps", "country", "UK")``), and its value."""


def number_text(number: Decimal | int) -> str:
    """The shortest JSON form of a finite number: 400, 0.1, -2.5; with an exponent only outside 1e-7 to 1e21."""
    exact = Decimal(number)
    if not exact.is_finite():
        raise ValueError(f"{number} is no number that JSON can hold")
    top, bottom = exact.as_integer_ratio() if -30 < exact.adjusted() < 21 else (0, 0)
    if bottom == 1:
        return str(top)
    sign, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    shortest = text.rstrip("0")
    if not shortest:
        return "0"
    exponent += len(text) - len(shortest)
    point = len(shortest) + exponent
    minus = "-" if sign else ""
    if exponent >= 0 and point <= 21:
        return minus + shortest + "0" * exponent
    if 0 < point <= 21:
        return f"{minus}{shortest[:point]}.{shortest[point:]}"
    if -7 < point <= 0:
        return f"{minus}0.{'0' * -point}{shortest}"
    mantissa = shortest if len(shortest) == 1 else f"{shortest[0]}.{shortest[1:]}"
    return f"{minus}{mantissa}e{point - 1}"


def json_text(value: Any) -> str:
    """Compact JSON of maps, lists, text, booleans, None, int and Decimal; maps in the order they have."""
    if isinstance(value, Mapping):
        held = cast("Mapping[str, Any]", value)
        return "{" + ",".join(f"{json_text(key)}:{json_text(held[key])}" for key in held) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(json_text, cast("Sequence[Any]", value))) + "]"
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def nested(entries: Iterable[Entry], *, fold: bool = False) -> dict[str, Any]:
    """Entries as nested maps, sorted by normalised key; keys that match are one, with the first spelling (or folded).

    Raises ValueError where two spellings of one key hold different values.
    """
    spelled: dict[Path, str] = {}
    values: dict[Path, Any] = {}
    for path, value in entries:
        folded = tuple(normalised(part) for part in path)
        for depth, part in enumerate(path, start=1):
            spelled.setdefault(folded[:depth], folded[depth - 1] if fold else part.strip())
        if not _same(values.setdefault(folded, value), value):
            raise ValueError(f"{'.'.join(path)} is given twice, as {values[folded]} and as {value}")
    tree: dict[str, Any] = {}
    for folded in sorted(values):
        branch = tree
        for depth in range(1, len(folded)):
            branch = branch.setdefault(spelled[folded[:depth]], {})
        branch[spelled[folded]] = values[folded]
    return tree


def sorted_keys(keys: Iterable[str], *, fold: bool = False) -> tuple[str, ...]:
    """Keys sorted by normalised form, each once, with the first spelling (or folded); blanks are left out."""
    first: dict[str, str] = {}
    for key in keys:
        if normalised(key):
            first.setdefault(normalised(key), key.strip())
    return tuple(folded if fold else first[folded] for folded in sorted(first))


def stored_form(constraint_set: ConstraintSet) -> dict[str, Any]:
    """The constraint set as plain values in canonical order, with first spellings, labels and sources."""
    form = _form(constraint_set, fold=False)
    sources = {
        normalised(path): sorted(
            {(cell.cell, cell.row) for cell in cells}, key=lambda source: (source[0], source[1] or "")
        )
        for path, cells in constraint_set.sources.items()
    }
    cells = {
        path: [{"cell": cell, "row": row} if row else {"cell": cell} for cell, row in sources[path]]
        for path in sorted(sources)
    }
    return dict(sorted({**form, "sources": cells}.items())) if cells else form


def canonical_json(constraint_set: ConstraintSet) -> str:
    """The stored JSON: keys sorted, lists sorted and deduplicated, numbers in shortest form, first spelling kept."""
    return json_text(stored_form(constraint_set))


def constraint_digest(constraint_set: ConstraintSet) -> str:
    """ "sha256:…" of the canonical JSON with every key normalised, without sources and labels."""
    text = json_text(_form(constraint_set, fold=True))
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _form(rules: ConstraintSet, *, fold: bool) -> dict[str, Any]:
    form: dict[str, Any] = {}
    for field in ("floors", "caps", "count_floors", "count_caps", "share_floors", "share_caps"):
        form[field] = nested(_in_slices((), getattr(rules, field)), fold=fold)
    for field in ("resource_floors", "resource_caps", "period_floors", "period_caps"):
        held: Mapping[str, BySlice] = getattr(rules, field)
        form[field] = nested((entry for name in held for entry in _in_slices((name,), held[name])), fold=fold)
    form["period_resource_caps"] = nested(
        (
            entry
            for period, resources in rules.period_resource_caps.items()
            for name, slices in resources.items()
            for entry in _in_slices((period, name), slices)
        ),
        fold=fold,
    )
    form["targets"] = nested(_targets(rules), fold=fold)
    for field in ("mandatory_initiatives", "exclusions_initiatives", "satisfied"):
        form[field] = list(sorted_keys(getattr(rules, field), fold=fold))
    pairs = (list(sorted_keys(pair, fold=fold)) for pair in rules.exclusions_pairs)
    form["exclusions_pairs"] = _unique(pairs, fold=fold)
    form["bundles"] = _unique((_bundle(bundle, fold) for bundle in rules.bundles), fold=fold, label="bundle_key")
    form["groups"] = _unique((_group(group, fold) for group in rules.groups), fold=fold, label="group_key")
    form["synergy_bonuses"] = _unique((_synergy(synergy, fold) for synergy in rules.synergy_bonuses), fold=fold)
    pairs = ((who, needed) for who in rules.prerequisites for needed in rules.prerequisites[who])
    needs = nested(((pair, True) for pair in pairs), fold=fold)
    form["prerequisites"] = {who: list(needed) for who, needed in needs.items()}
    form["locks"] = nested(
        (((key,), normalised(period) if fold else period.strip()) for key, period in rules.locks.items()), fold=fold
    )
    form["reasons"] = nested((((key,), text.strip()) for key, text in rules.reasons.items() if text.strip()), fold=fold)
    form["max_changes"] = rules.max_changes
    return {field: form[field] for field in sorted(form) if form[field] not in ({}, [], None)}


def _in_slices(before: Path, slices: BySlice | Mapping[str, Mapping[str, int]]) -> Iterator[Entry]:
    for dimension, keys in slices.items():
        for key, amount in keys.items():
            yield (*before, *canonical_slice(dimension, key)), Decimal(amount)


def _targets(rules: ConstraintSet) -> Iterator[Entry]:
    for dimension, keys in rules.targets.items():
        for key, kpis in keys.items():
            for kpi_key, target_set in kpis.items():
                for kind in ("floor", "goal", "cap"):
                    target = getattr(target_set, kind)
                    for field in ("value", "baseline", "penalty", "notes") if target is not None else ():
                        value = getattr(target, field)
                        value = value.strip() if isinstance(value, str) else value
                        if value not in (None, ""):
                            yield (*canonical_slice(dimension, key), kpi_key, kind, field), value


def _bundle(bundle: Bundle, fold: bool) -> dict[str, Any]:
    return {"bundle_key": bundle.bundle_key, "members": list(sorted_keys(bundle.members, fold=fold))}


def _group(group: Group, fold: bool) -> dict[str, Any]:
    bounds = {"max_selected": group.max_selected, "min_selected": group.min_selected}
    return {
        "group_key": group.group_key,
        **{bound: count for bound, count in bounds.items() if count is not None},
        "members": list(sorted_keys(group.members, fold=fold)),
    }


def _synergy(synergy: Synergy, fold: bool) -> dict[str, Any]:
    kpi_key = normalised(synergy.kpi_key) if fold else synergy.kpi_key.strip()
    return {"bonus": synergy.bonus, "kpi_key": kpi_key, "members": list(sorted_keys(synergy.members, fold=fold))}


def _unique(elements: Iterable[Any], *, fold: bool, label: str | None = None) -> list[Any]:
    """The elements, each once and sorted by normalised members; a ``label`` is compared by no one and folded away."""
    first: dict[tuple[Any, str], Any] = {}
    for element in elements:
        bare: Any = element
        if isinstance(element, dict):
            held = cast("dict[str, Any]", element)
            bare = {key: held[key] for key in held if key != label}
        folded = _folded(bare)
        members: Any = cast("dict[str, Any]", folded)["members"] if isinstance(folded, dict) else folded
        first.setdefault((members, json_text(folded)), bare if fold else element)
    return [first[identity] for identity in sorted(first)]


def _folded(value: Any) -> Any:
    if isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        return {key: _folded(held[key]) for key in held}
    if isinstance(value, (list, tuple)):
        return tuple(map(_folded, cast("Sequence[Any]", value)))
    return normalised(value) if isinstance(value, str) else value


def _same(value: Any, other: Any) -> bool:
    return value == other or _folded(value) == _folded(other)
