"""Checks a request body against the fields of the Sheets API, and words a mismatch as Google does.

``schema.json`` holds the names and types of the messages, one object per message, as the public discovery document of
the API lists them: ``@X`` is message X, ``[t`` a list of t, ``{t`` a map to t, ``=A|B`` an enumeration.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sheets_sync.local.errors import ApiError

MAX_DEPTH = 64
_WIRE_NAMES = {"int32": "TYPE_INT32", "int64": "TYPE_INT64", "double": "TYPE_DOUBLE", "float": "TYPE_FLOAT"}
_INT = re.compile(r"-?\d{1,19}$")


@cache
def messages() -> dict[str, dict[str, str]]:
    """Field types by message name and field name."""
    return json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))


def checked(message: str, body: Any, path: str = "") -> Any:
    """``body`` as the server understands it: nulls dropped, snake_case names and numbers in strings understood.

    Raises a 400 that lists every mismatch, each with its path.
    """
    if _fits("@" + message, body, 0):
        return body
    violations: list[tuple[str, str]] = []
    if not isinstance(body, dict):
        violations.append(("", f"Invalid JSON payload received. Unexpected value at the root: {_shown(body)}"))
        result = {}
    else:
        result = _message(message, body, path, violations, 0)
    if violations:
        raise ApiError(
            400,
            "INVALID_ARGUMENT",
            "\n".join(text for _, text in violations[:50]),
            details=[
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [_violation(where, text) for where, text in violations[:50]],
                }
            ],
        )
    return result


def _fits(kind: str, value: Any, depth: int) -> bool:
    """True where nothing is to be said of ``value``, and nothing to be understood otherwise than it stands: most bodies
    are so, and need no paths. Of some that could pass it says no, too."""
    first = kind[0]
    if depth > MAX_DEPTH:
        return False
    if first == "@":
        if type(value) is not dict:
            return False
        fields = messages()[kind[1:]]
        for name, part in value.items():
            below = fields.get(name)
            if below == "string":
                if type(part) is not str:
                    return False
            elif below is None or not _fits(below, part, depth + 1):
                return False
        return True
    if first == "[":
        if type(value) is not list:
            return False
        below = kind[1:]
        return all(type(row) is list if below == "[any" else _fits(below, row, depth + 1) for row in value)
    if first == "=":
        return type(value) is str and value in kind[1:].split("|")
    exact = _EXACT.get(kind)
    return exact is not None and exact(value)


def _is_number(value: Any) -> bool:
    return (type(value) is int and abs(value) < 2**53) or (type(value) is float and math.isfinite(value))


_EXACT: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: type(value) is str,
    "google-fieldmask": lambda value: type(value) is str,
    "boolean": lambda value: type(value) is bool,
    "int32": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "double": _is_number,
    "float": _is_number,
}
"""Scalars that need no conversion, by kind; of the other kinds, and the far ends of these, the long way tells."""


def has_field(message: str, path: str) -> bool:
    """Whether a dotted path (camelCase or snake_case, or ``*``) names a field below ``message``."""
    kind = "@" + message
    for name in path.split("."):
        kind = kind.lstrip("[")
        if name == "*" or kind == "any":
            return True
        if kind.startswith("{"):
            kind = kind[1:]
            continue
        if not kind.startswith("@"):
            return False
        found = messages()[kind[1:]].get(_camel(name))
        if found is None:
            return False
        kind = found
    return True


def _violation(where: str, text: str) -> dict[str, str]:
    return {"field": where, "description": text} if where else {"description": text}


def _message(message: str, body: dict[str, Any], path: str, violations: list[tuple[str, str]], depth: int) -> Any:
    fields = messages()[message]
    out: dict[str, Any] | None = None
    for name, value in body.items():
        kind = fields.get(name)
        key = name
        if kind is None:
            key = _camel(name)
            kind = fields.get(key)
        if kind is None:
            at = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
            violations.append((path, text))
            continue
        if value is None:
            result = None
        elif kind == "string" and type(value) is str:
            result = value
        elif key == "userEnteredValue" and message == "ConditionValue" and type(value) in (int, float):
            result = json.dumps(value)  # here a bare number is taken for its text
        else:
            here = f"{path}.{_snake(key)}" if path else _snake(key)
            result = _value(kind, value, here, violations, depth + 1)
        if result is not value or key != name or value is None:
            if out is None:
                out = dict(body)
            out.pop(name, None)
            if result is not None:
                out[key] = result
    return body if out is None else out


def _value(kind: str, value: Any, path: str, violations: list[tuple[str, str]], depth: int) -> Any:
    """The value understood, None where it counts as absent or is wrong (then told in ``violations``)."""
    if depth > MAX_DEPTH:
        violations.append((path, "Invalid JSON payload received. Message too deep. Max recursion depth reached."))
        return None
    first = kind[0]
    if first == "@":
        if not isinstance(value, dict):
            return _wrong(path, f"type.googleapis.com/google.apps.sheets.v4.{kind[1:]}", value, violations)
        return _message(kind[1:], value, path, violations, depth)
    if first == "[":
        return _list(kind[1:], value, path, violations, depth)
    if first == "{":
        if not isinstance(value, dict):
            return _wrong(path, "Map", value, violations)
        return {k: _value(kind[1:], v, f"{path}[{k}]", violations, depth + 1) for k, v in value.items()}
    if first == "=":
        return _choice(kind[1:], value, path, violations)
    return _scalar(kind, value, path, violations)


def _list(kind: str, value: Any, path: str, violations: list[tuple[str, str]], depth: int) -> Any:
    if kind == "[any":  # rows of plain values: google.protobuf.ListValue, kept as they are
        return _rows(value, path, violations)
    if not isinstance(value, list):
        # a single message in place of a list is what proto's JSON reader also refuses
        if kind[0] == "@" and isinstance(value, dict):
            return [_value(kind, value, path, violations, depth + 1)]
        return _wrong(path, _type_name(kind), value, violations)
    out = [_item(kind, item, f"{path}[{i}]", violations, depth) for i, item in enumerate(value)]
    return value if all(a is b for a, b in zip(out, value, strict=True)) else out


def _item(kind: str, item: Any, path: str, violations: list[tuple[str, str]], depth: int) -> Any:
    if item is None:
        return {} if kind[0] == "@" else _wrong(path, _type_name(kind), item, violations)
    return _value(kind, item, path, violations, depth + 1)


def _rows(value: Any, path: str, violations: list[tuple[str, str]]) -> Any:
    if not isinstance(value, list):
        return _wrong(path, "type.googleapis.com/google.protobuf.ListValue", value, violations)
    for index, row in enumerate(value):
        if not isinstance(row, list):
            _wrong(f"{path}[{index}]", "type.googleapis.com/google.protobuf.ListValue", row, violations)
    return value


def _choice(names: str, value: Any, path: str, violations: list[tuple[str, str]]) -> Any:
    known = names.split("|")
    if isinstance(value, str) and value in known:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(known):
        return known[value]
    return _wrong(path, "TYPE_ENUM", value, violations)


def _scalar(kind: str, value: Any, path: str, violations: list[tuple[str, str]]) -> Any:
    if kind in ("string", "google-datetime"):
        return value if isinstance(value, str) else _wrong(path, "TYPE_STRING", value, violations)
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        return _wrong(path, "TYPE_BOOL", value, violations)
    if kind in ("int32", "int64"):
        return _integer(kind, value, path, violations)
    if kind in ("double", "float"):
        return _number(kind, value, path, violations)
    if kind == "google-fieldmask":
        return value if isinstance(value, str) else _wrong(path, "TYPE_MESSAGE", value, violations)
    return value


def _integer(kind: str, value: Any, path: str, violations: list[tuple[str, str]]) -> Any:
    number = value
    if (isinstance(value, str) and _INT.match(value)) or (isinstance(value, float) and value.is_integer()):
        number = int(value)
    limit = 2**31 if kind == "int32" else 2**63
    if isinstance(number, bool) or not isinstance(number, int) or not -limit <= number < limit:
        return _wrong(path, _WIRE_NAMES[kind], value, violations)
    return number


def _number(kind: str, value: Any, path: str, violations: list[tuple[str, str]]) -> Any:
    number = value
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return _wrong(path, _WIRE_NAMES[kind], value, violations)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return _wrong(path, _WIRE_NAMES[kind], value, violations)
    if isinstance(number, float) and not math.isfinite(number):
        return _wrong(path, _WIRE_NAMES[kind], value, violations)
    if isinstance(number, int) and abs(number) > 10**308:
        return _wrong(path, _WIRE_NAMES[kind], value, violations)
    return number


def _wrong(path: str, type_name: str, value: Any, violations: list[tuple[str, str]]) -> None:
    violations.append((path, f"Invalid value at '{path}' ({type_name}), {_shown(value)}"))


def _type_name(kind: str) -> str:
    if kind[0] == "@":
        return f"type.googleapis.com/google.apps.sheets.v4.{kind[1:]}"
    return _WIRE_NAMES.get(kind, "TYPE_STRING")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value[:200], ensure_ascii=False)
    if isinstance(value, dict):
        return "Starting an object on a scalar field"
    if isinstance(value, list):
        return "Proto field is not repeating, cannot start list."
    return json.dumps(value)[:200]


@cache
def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)


@cache
def _camel(name: str) -> str:
    if "_" not in name:
        return name
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name)
