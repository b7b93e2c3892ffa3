"""Rules that have no room left under a plan: what the Alerts tab tells beside the targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.inputs import DIMENSIONS
from engine.keys import normalised
from engine.problem import Candidate, Problem, Solution
from engine.slices import EVERYTHING, dimension_parts, key_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A rule at its bound. ``path`` is its path in the constraint set ("caps.country.uk"), ``says`` the rule in words,
    ``required`` the bound and ``achieved`` what the plan has, in ``unit``; a share's are fractions of the plan's
    tokens."""

    path: str
    says: str
    required: Decimal
    achieved: Decimal
    unit: str
    is_cap: bool


def bounds(problem: Problem, solution: Solution) -> tuple[Bound, ...]:
    """Every cap under which nothing that was left out would still fit, and every floor that taking any one initiative
    out would break. Empty without a plan."""
    chosen = {normalised(item.initiative_key) for item in solution.items if item.selected}
    if not solution.items:
        return ()
    picked = [each for each in problem.candidates if normalised(each.initiative_key) in chosen]
    others = [each for each in problem.candidates if normalised(each.initiative_key) not in chosen]
    return tuple(_found(problem, picked, others))


def _found(problem: Problem, picked: Sequence[Candidate], others: Sequence[Candidate]) -> Iterator[Bound]:
    rules = problem.constraint_set
    yield from _cap(
        "capacity_total_tokens",
        "The whole plan",
        problem.capacity_total_tokens,
        "tokens",
        _tokens(picked),
        _tokens(others),
    )
    for is_cap, field, unit in ((True, "caps", "tokens"), (False, "floors", "tokens")):
        for dimension, keys in getattr(rules, field).items():
            for key, bound in keys.items():
                inside, outside = _tokens(_in(picked, dimension, key)), _tokens(_in(others, dimension, key))
                path, name = _path(field, dimension, key), slice_name(dimension, key)
                yield from (_cap if is_cap else _floor)(path, name, bound, unit, inside, outside)
    for is_cap, field in ((True, "count_caps"), (False, "count_floors")):
        for dimension, keys in getattr(rules, field).items():
            for key, bound in keys.items():
                inside = [Decimal(1)] * len(_in(picked, dimension, key))
                outside = [Decimal(1)] * len(_in(others, dimension, key))
                path, name = _path(field, dimension, key), slice_name(dimension, key)
                yield from (_cap if is_cap else _floor)(path, name, Decimal(bound), "initiatives", inside, outside)
    for is_cap, field in ((True, "resource_caps"), (False, "resource_floors")):
        for resource, slices in getattr(rules, field).items():
            for dimension, keys in slices.items():
                for key, bound in keys.items():
                    inside = _amounts(_in(picked, dimension, key), resource)
                    outside = _amounts(_in(others, dimension, key), resource)
                    path = _path(field, resource, dimension, key)
                    name = f"{slice_name(dimension, key)}, {resource}"
                    yield from (_cap if is_cap else _floor)(path, name, bound, resource, inside, outside)
    yield from _shares(problem, picked)


def _cap(
    path: str, name: str, bound: Decimal, unit: str, inside: Sequence[Decimal], outside: Sequence[Decimal]
) -> Iterator[Bound]:
    used = sum(inside, Decimal(0))
    waiting = [amount for amount in outside if amount > 0]
    if used == bound or (waiting and used + min(waiting) > bound):
        says = f"{name}: at most {_number(bound)} {unit}, and nothing more fits"
        yield Bound(path=path, says=says, required=bound, achieved=used, unit=unit, is_cap=True)


def _floor(
    path: str, name: str, bound: Decimal, unit: str, inside: Sequence[Decimal], outside: Sequence[Decimal]
) -> Iterator[Bound]:
    used = sum(inside, Decimal(0))
    taking_part = [amount for amount in inside if amount > 0]
    if bound > 0 and (used == bound or (taking_part and used - min(taking_part) < bound)):
        says = f"{name}: at least {_number(bound)} {unit}, and nothing can be spared"
        yield Bound(path=path, says=says, required=bound, achieved=used, unit=unit, is_cap=False)


def _shares(problem: Problem, picked: Sequence[Candidate]) -> Iterator[Bound]:
    total = sum(_tokens(picked), Decimal(0))
    if not total:
        return
    for is_cap, field in ((True, "share_caps"), (False, "share_floors")):
        for dimension, keys in getattr(problem.constraint_set, field).items():
            for key, bound in keys.items():
                used = sum(_tokens(_in(picked, dimension, key)), Decimal(0))
                if used == bound * total:
                    says = (
                        f"{slice_name(dimension, key)}: {'at most' if is_cap else 'at least'} {_number(bound * 100)} %"
                    )
                    yield Bound(
                        path=_path(field, dimension, key),
                        says=f"{says} of the plan's tokens, exactly met",
                        required=bound,
                        achieved=used / total,
                        unit="share",
                        is_cap=is_cap,
                    )


def slice_name(dimension: str, key: str) -> str:
    """ "country UK" as a PM says it: "UK"; everything is "The whole plan"; "UK and Payments" of two dimensions."""
    if normalised(dimension) == EVERYTHING:
        return "The whole plan"
    return " and ".join(key_parts(dimension, key) or (key,))


def _in(candidates: Sequence[Candidate], dimension: str, key: str) -> list[Candidate]:
    """The candidates of a slice."""
    parts, keys = dimension_parts(dimension), key_parts(dimension, key)
    if parts is None:
        return []
    if not parts:
        return list(candidates)
    if keys is None:
        return []
    wanted = [(part, normalised(name)) for part, name in zip(parts, keys, strict=True) if part in DIMENSIONS]
    return [
        each for each in candidates if all(normalised(getattr(each, part) or "") == name != "" for part, name in wanted)
    ]


def _tokens(candidates: Sequence[Candidate]) -> list[Decimal]:
    return [each.engineering_tokens for each in candidates]


def _amounts(candidates: Sequence[Candidate], resource: str) -> list[Decimal]:
    wanted = normalised(resource)
    return [
        next((amount for name, amount in each.resources.items() if normalised(name) == wanted), Decimal(0))
        for each in candidates
    ]


def _path(*parts: str) -> str:
    return ".".join([parts[0], *(normalised(part) for part in parts[1:])])


def _number(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
