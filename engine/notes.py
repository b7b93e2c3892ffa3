"""What is wrong with a problem, collected all at once: errors by JSON path, warnings by the path of ``sources``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.canonical import number_text
from engine.keys import normalised

MOST_TOLD = 2_000
"""Errors beyond this many are counted, not told one by one."""


@dataclass(slots=True)
class Notes:
    """The errors and warnings met so far; each path is told once."""

    errors: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    warnings: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    told: set[str] = field(default_factory=set[str])

    def error(self, path: str, found: Any, wanted: str, message: str) -> None:
        """Notes an error; ``found`` is the offending value itself."""
        if path not in self.told:
            self.told.add(path)
            self.errors.append({"path": path, "found": found_text(found), "wanted": wanted, "message": message})

    def warn(self, parts: Iterable[str], message: str) -> None:
        """Notes a warning about the element whose path has these parts; the path is normalised."""
        warning = {"path": source_path(*parts), "message": message}
        if warning not in self.warnings[-50:]:
            self.warnings.append(warning)

    def is_bad(self, *sections: str) -> bool:
        """True where an error stands in one of the sections, so that what rests on it cannot be judged."""
        return any(path == s or path.startswith((f"{s}[", f"{s}.")) for s in sections for path in self.told)

    def all_errors(self) -> tuple[Mapping[str, str], ...]:
        """The errors, those beyond the limit as one that counts them."""
        if len(self.errors) <= MOST_TOLD:
            return tuple(self.errors)
        more = len(self.errors) - MOST_TOLD
        rest = {
            "path": "",
            "found": f"{more} more",
            "wanted": "none",
            "message": f"And {more:,} more problems like these.",
        }
        return (*self.errors[:MOST_TOLD], rest)


def source_path(*parts: str) -> str:
    """The normalised path of an element, as ``sources`` writes it: ``caps.country.uk``."""
    return ".".join(normalised(part) for part in parts)


def found_text(value: Any) -> str:
    """A short text of a value that was found where something else was wanted."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Decimal, int)):
        return _shortened(_number_found(Decimal(value)))
    if type(value) is str:
        return _shortened(json.dumps(value[:100], ensure_ascii=True))
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    return _shortened(str(value))


def _number_found(number: Decimal) -> str:
    if not number.is_finite() or abs(number.adjusted()) > 40 or len(number.as_tuple().digits) > 40:
        return f"{number:.6g}" if number.is_finite() else str(number)
    return number_text(number)


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"
