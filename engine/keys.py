"""How keys and names are compared: trimmed, NFKC, case-folded. The first spelling seen is the one shown."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SHORT = 64
"""Characters up to which a name is remembered with its form: most names stand in thousands of rows."""
_INITIATIVE = re.compile(r"\s*init[-_ ]?0*(\d{1,12})\s*(?:[·|:–—].*)?", re.IGNORECASE | re.DOTALL)


def normalised(text: str) -> str:
    """The form in which keys and the names of KPIs, dimensions, resources and periods match."""
    return _normalised_short(text) if len(text) <= SHORT else unicodedata.normalize("NFKC", text).strip().casefold()


@lru_cache(maxsize=131_072)
def _normalised_short(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def initiative_key(number: int) -> str:
    """The canonical key of an initiative: 123 -> "INIT-000123"."""
    return f"INIT-{number:06d}"


def canonical_initiative_key(text: str) -> str | None:
    """The canonical key that ``text`` means ("init-123", "INIT-000123 · One-tap checkout"), or None."""
    match = _INITIATIVE.fullmatch(unicodedata.normalize("NFKC", text))
    return initiative_key(int(match[1])) if match and int(match[1]) > 0 else None
