"""Which conditions a dropdown and a conditional format may have, and how many values each takes, as the API documents
its ConditionType."""

from __future__ import annotations

from sheets_sync.local.grid import Json
from sheets_sync.local.requests.change import Refused

VALIDATION, FORMATTING = "data validation", "conditional formatting"

_ANY = 1_000_000
_ONE, _TWO, _NONE = (1, 1), (2, 2), (0, 0)
_BOTH: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("NUMBER_GREATER", "NUMBER_GREATER_THAN_EQ", "NUMBER_LESS", "NUMBER_LESS_THAN_EQ"), _ONE),
    **dict.fromkeys(("NUMBER_EQ", "NUMBER_NOT_EQ", "TEXT_CONTAINS", "TEXT_NOT_CONTAINS", "TEXT_EQ"), _ONE),
    **dict.fromkeys(("DATE_EQ", "DATE_BEFORE", "DATE_AFTER", "CUSTOM_FORMULA"), _ONE),
    **dict.fromkeys(("NUMBER_BETWEEN", "NUMBER_NOT_BETWEEN"), _TWO),
}
_COUNTS: dict[str, dict[str, tuple[int, int]]] = {
    VALIDATION: {
        **_BOTH,
        **dict.fromkeys(("DATE_ON_OR_BEFORE", "DATE_ON_OR_AFTER", "ONE_OF_RANGE"), _ONE),
        **dict.fromkeys(("DATE_BETWEEN", "DATE_NOT_BETWEEN"), _TWO),
        **dict.fromkeys(("TEXT_IS_EMAIL", "TEXT_IS_URL", "DATE_IS_VALID"), _NONE),
        "ONE_OF_LIST": (0, _ANY),
        "BOOLEAN": (0, 2),
    },
    FORMATTING: {
        **_BOTH,
        **dict.fromkeys(("TEXT_STARTS_WITH", "TEXT_ENDS_WITH"), _ONE),
        **dict.fromkeys(("BLANK", "NOT_BLANK"), _NONE),
    },
}


def check_condition(condition: Json, use: str) -> None:
    """Refuses a BooleanCondition that ``use`` (VALIDATION or FORMATTING) does not know, or whose number of values is
    not that of its type."""
    kind, values = condition.get("type", ""), condition.get("values", [])
    bounds = _COUNTS[use].get(kind)
    if bounds is None:
        raise Refused(f"A condition of type {kind or 'CONDITION_TYPE_UNSPECIFIED'} is not supported by {use}.")
    least, most = bounds
    if not least <= len(values) <= most:
        wanted = f"exactly {least}" if least == most else f"from {least} to {most}"
        raise Refused(f"A condition of type {kind} takes {wanted} ConditionValues, but {len(values)} were given.")
    if use == VALIDATION and any("relativeDate" in one for one in values):
        raise Refused("relativeDate values are not supported by data validation.")
