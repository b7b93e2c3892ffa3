"""JSON documents in and out of JSONB as text, so that their numbers stay the decimals they are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, literal
from sqlalchemy.dialects.postgresql import JSONB


def as_jsonb(document: str) -> ColumnElement[Any]:
    """The JSON text ``document`` as a JSONB value in a statement."""
    return cast(literal(document, Text), JSONB)


def as_text(column: Any) -> ColumnElement[str]:
    """A JSONB column as JSON text in a statement."""
    return cast(column, Text)


def plain(document: str) -> Any:
    """The value of a JSON text; every number that is no integer is the Decimal that is written there."""
    return json.loads(document, parse_float=Decimal)
