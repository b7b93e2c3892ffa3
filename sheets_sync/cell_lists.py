"""Cells that hold several things: names, initiatives, KPIs in order, weights by KPI."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.keys import canonical_initiative_key, normalised
from sheets_sync.cells import Parsed, read_number, read_text, shown
from sheets_sync.characters import plain, visible
from sheets_sync.grids import CellValue
from sheets_sync.numerals import likely_number, number_text, numeral

_SEPARATORS = re.compile(r"[,;|\n\r\v\u2028，；、،؛｜]+")
_LABELLED = re.compile(r"\s*init[-_ ]?0*\d{1,12}\s*[·:–—]", re.IGNORECASE)
_WEIGHT = re.compile(
    r"(?P<name>.*?[^\s:=\d.,%+\-−])[\s:=]+(?P<weight>[+\-−]?[\d.,'٫٬\s]*\d\s*(?P<percent>[%٪％]?))", re.DOTALL
)
MOST_WEIGHT = Decimal(1_000_000)
"""Beyond it a weight is a slip of the finger."""
LONGEST_PAIR = 200
"""Characters of a name with its weight; more is no name."""
IMPORTANCE = {"low": Decimal("0.3"), "medium": Decimal(1), "high": Decimal(3)}
"""What the words of Targets' ``importance`` mean as the model's penalty."""


def read_list(value: CellValue, whole: Iterable[str] = ()) -> Parsed[tuple[str, ...]]:
    """Names, separated by commas, semicolons, `|` or line breaks; each once. A text in ``whole`` is one name."""
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    if normalised(text.value) in {normalised(name) for name in whole}:
        return Parsed((text.value,), note=text.note)
    names: dict[str, str] = {}
    for part in _json_names(text.value) or _SEPARATORS.split(text.value):
        if name := visible(part):
            names.setdefault(normalised(name), name)
    return Parsed(tuple(names.values()) or None, note=text.note)


def _json_names(text: str) -> list[str] | None:
    """The names of a JSON list ("[\"UK\", \"IE\"]"); None where it is none."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        names: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def read_keys(value: CellValue) -> Parsed[tuple[str, ...]]:
    """Initiatives' canonical keys, each once. A title behind its key (as the dropdowns offer it) may hold commas."""
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    keys: dict[str, None] = {}
    may_be_title = False
    for part in _json_names(text.value) or _SEPARATORS.split(text.value):
        bare = plain(part)
        key = canonical_initiative_key(bare)
        if key:
            keys[key] = None
            may_be_title = _LABELLED.match(bare) is not None
        elif bare and not may_be_title:
            return Parsed(
                problem=f"{shown(bare)} is not an initiative's key; write keys such as INIT-000001, INIT-000002"
            )
    return Parsed(tuple(keys) or None, note=text.note)


def read_order(value: CellValue) -> Parsed[tuple[str, ...]]:
    """KPI names in order: "revenue > diners"."""
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    names = [visible(part) for part in re.split(r"[>,;|\n\r\u2028→＞，；、،؛｜]+", text.value) if visible(part)]
    once: set[str] = set()
    for name in names:
        if normalised(name) in once:
            return Parsed(problem=f"{shown(name)} stands twice; name each KPI once, such as revenue > diners")
        once.add(normalised(name))
    return Parsed(tuple(names) or None, note=text.note)


def read_weights(value: CellValue, locale: str = "en_US") -> Parsed[Mapping[str, Decimal]]:
    """Weights by KPI: "revenue 60%, diners 40%", "revenue 0.6; diners 0.4", or a JSON object."""
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    pairs = _json_pairs(text.value) if text.value.startswith("{") else _text_pairs(text.value, locale)
    if isinstance(pairs, str):
        return Parsed(problem=pairs)
    count = Counter(normalised(name) for name, _ in pairs)
    for name, weight in pairs:
        if count[normalised(name)] > 1:
            return Parsed(problem=f"{shown(name)} has two weights; give each KPI one")
        if weight > MOST_WEIGHT:
            return Parsed(problem=f"the weight of {shown(name)} is too large; write it as a percentage")
        if weight < 0:
            return Parsed(problem=f"the weight of {shown(name)} is less than 0; write 0 or more")
    return Parsed(dict(pairs) or None, note=text.note)


def _text_pairs(text: str, locale: str) -> list[tuple[str, Decimal]] | str:
    separator = r"[;|\n\r\u2028；؛｜]+" if re.search(r"[;|\n\r\u2028；؛｜]", text) else r",(?!\d)|[，、،]"
    parts = re.split(separator, text)
    pairs: list[tuple[str, Decimal]] = []
    signs: set[bool] = set()
    for part in (part.strip() for part in parts):
        if not part:
            continue
        part = " ".join(part.split())
        match = _WEIGHT.fullmatch(part) if len(part) <= LONGEST_PAIR else None
        if not match:
            return f"{shown(part)} has no weight; write it such as revenue 60%, diners 40%"
        number = match["weight"].strip().rstrip("%٪％")
        readings = numeral(number, locale).readings
        if not readings and (likely := likely_number(number, locale)) is not None:
            readings = (likely,)  # "0.6" in a sheet with decimal commas can mean nothing else
        if len(readings) != 1:
            return f"{shown(part)} has no clear weight; write it such as revenue 60%, diners 40%"
        signs.add(bool(match["percent"]))
        pairs.append((match["name"].strip(), readings[0].scaleb(-2) if match["percent"] else readings[0]))
    if len(signs) > 1:
        return "some weights have a percent sign and some have none; write all of them as revenue 60%, diners 40%"
    return pairs


def _json_pairs(text: str) -> list[tuple[str, Decimal]] | str:
    wanted = 'write it such as {"revenue": 0.6, "diners": 0.4} or revenue 60%, diners 40%'
    try:
        pairs: Any = json.loads(text, object_pairs_hook=list, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return f"{shown(text)} is not valid JSON; {wanted}"
    if not isinstance(pairs, list) or not all(isinstance(weight, Decimal) for _, weight in pairs):
        return f"the weights in {shown(text)} are not all numbers; {wanted}"
    return [(str(name).strip(), weight) for name, weight in pairs]


def read_importance(value: CellValue, locale: str = "en_US") -> Parsed[Decimal]:
    """The penalty of a goal: low 0.3, medium 1, high 3, or a number."""
    if isinstance(value, str):
        word = normalised(value[:40])
        if word in IMPORTANCE:
            return Parsed(IMPORTANCE[word])
        if any(c.isalpha() for c in word):
            return Parsed(problem=f"{shown(value)} is no importance; write low, medium, high or a number")
    return read_number(value, locale, example="1")


def list_cell(names: Iterable[str]) -> str:
    """The cell of a list of names or keys."""
    return ", ".join(names)


def order_cell(names: Iterable[str]) -> str:
    """The cell of KPIs in order."""
    return " > ".join(names)


def weights_cell(weights: Mapping[str, Decimal], locale: str = "en_US") -> str:
    """The cell of weights by KPI, as percentages."""
    return "; ".join(f"{name} {number_text(weight.scaleb(2), locale)}%" for name, weight in weights.items())
