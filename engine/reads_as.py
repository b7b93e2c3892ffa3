"""A Constraints row in a product manager's words: "UK: at most 400 tokens"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.inputs import ConstraintRow
from engine.keys import canonical_initiative_key, normalised
from engine.periods import canonical_period
from engine.sentences import listed, percent, shown
from engine.slices import canonical_slice, dimension_parts, key_parts

Names = Mapping[str, str | None]
_MOST_NAMED = 9


def reads_as(row: ConstraintRow, titles: Names | None = None, units: Mapping[str, str | None] | None = None) -> str:
    """What the row says; "" where it does not say it yet: no kind, or a cell of its kind blank or not understood.

    ``titles`` maps initiative keys to titles, ``units`` KPI keys to their units.
    """
    kind = normalised(row.constraint_type or "").replace(" ", "_").replace("-", "_")
    words = _WORDS.get(kind)
    said = words(_Words(row, titles or {}, units or {})) if words else ""
    if not said:
        return ""
    asides = ["switched off"] if row.is_active is False else []
    asides += [f"until {row.valid_until.isoformat()}"] if row.valid_until else []
    return f"{said} ({', '.join(asides)})" if asides else said


def slice_name(dimension: str, key: str) -> str:
    """The slice as a PM calls it: "UK", "UK × Payments", "everything"."""
    return "everything" if normalised(dimension) == "all" else key.replace("|", " × ")


def amount_words(where: str, bound: str, amount: str, what: str, period: str | None = None) -> str:
    """ "UK: at most 400 tokens in 2026-Q1"; ``bound`` is min or max."""
    at = "at least" if bound == "min" else "at most"
    return f"{where}: {at} {amount} {what}{f' in {period}' if period else ''}"


class _Words:
    """A row being put in words; None stands for what is not said yet."""

    def __init__(self, row: ConstraintRow, titles: Names, units: Mapping[str, str | None]) -> None:
        self.row = row
        self.titles = titles
        self.units = {normalised(kpi): unit for kpi, unit in units.items()}

    def where(self) -> str | None:
        """ "UK", "UK × Payments" or "Everything"."""
        dimension, key = (self.row.dimension or "").strip(), (self.row.dimension_key or "").strip()
        parts = dimension_parts(dimension) if dimension else None
        if parts == ():
            return "Everything"
        if parts is None or key_parts(dimension, key) is None:
            return None
        return slice_name(*canonical_slice(dimension, key))

    def members(self) -> list[str]:
        return [self.named(key) for key in dict.fromkeys(self.row.members)]

    def named(self, key: str) -> str:
        title = (self.titles.get(key) or "").strip()
        return f"{title} ({key})" if title else key


def _amounts(bound: str) -> Callable[[_Words], str]:
    def words(said: _Words) -> str:
        where, amount, row = said.where(), getattr(said.row, bound), said.row
        if where is None or amount is None:
            return ""
        period = (canonical_period(row.period) or row.period) if row.period else None
        return amount_words(where, bound, shown(amount), (row.resource or "").strip() or "tokens", period)

    return words


def _counts(bound: str) -> Callable[[_Words], str]:
    def words(said: _Words) -> str:
        where, count = said.where(), getattr(said.row, bound)
        if where is None or count is None:
            return ""
        return amount_words(where, bound, shown(count), "initiative" if count == 1 else "initiatives")

    return words


def _shares(bound: str) -> Callable[[_Words], str]:
    def words(said: _Words) -> str:
        where, share = said.where(), getattr(said.row, bound)
        return "" if where is None or share is None else amount_words(where, bound, percent(share), "of all tokens")

    return words


def _has_to_be(place: str) -> Callable[[_Words], str]:
    def words(said: _Words) -> str:
        names = said.members()
        verb = "has" if len(names) == 1 else "have"
        return f"{listed(names, _MOST_NAMED)} {verb} to be {place}" if names else ""

    return words


def _pair(said: _Words) -> str:
    names = said.members()
    return f"At most one of {listed(names, _MOST_NAMED)}" if len(names) == 2 else ""


def _bundle(said: _Words) -> str:
    names = said.members()
    return f"All or none of {listed(names, _MOST_NAMED)}" if len(names) > 1 else ""


def _group(said: _Words) -> str:
    names, least, most = said.members(), said.row.min, said.row.max
    if not names or (least is None and most is None):
        return ""
    return f"{_how_many(least, most)} of {listed(names, _MOST_NAMED)}"


def _how_many(least: Decimal | None, most: Decimal | None) -> str:
    if least is not None and least == most:
        return f"Exactly {shown(least)}"
    if least is None or most is None:
        return f"At least {shown(least)}" if least is not None else f"At most {shown(most or 0)}"
    return f"{shown(least)} to {shown(most)}"


def _prerequisite(said: _Words) -> str:
    key = canonical_initiative_key(said.row.dimension_key or "")
    names = said.members()
    return f"{said.named(key)} needs {listed(names, _MOST_NAMED)}" if key and names else ""


def _synergy(said: _Words) -> str:
    names, kpi, bonus = said.members(), (said.row.kpi_key or "").strip(), said.row.bonus
    if len(names) < 2 or not kpi or bonus is None:
        return ""
    unit = (said.units.get(normalised(kpi)) or "").strip()
    amount = f"{shown(abs(bonus))} {unit}".strip() + (f" {kpi}" if normalised(unit) != normalised(kpi) else "")
    return f"{listed(names, _MOST_NAMED)} together {'add' if bonus >= 0 else 'take away'} {amount}"


_WORDS: dict[str, Callable[[_Words], str]] = {
    "capacity_floor": _amounts("min"),
    "capacity_cap": _amounts("max"),
    "count_floor": _counts("min"),
    "count_cap": _counts("max"),
    "share_floor": _shares("min"),
    "share_cap": _shares("max"),
    "mandatory": _has_to_be("in"),
    "exclude_initiative": _has_to_be("out"),
    "exclude_pair": _pair,
    "bundle": _bundle,
    "group": _group,
    "prerequisite": _prerequisite,
    "synergy": _synergy,
}
