"""Field masks: what a caller wants of an answer, and what an update may change."""

from __future__ import annotations

import copy
from typing import Any

from sheets_sync.local import schema
from sheets_sync.local.errors import ApiError

Mask = dict[str, Any]
"""A tree of field names; an empty dict means everything below. ``{"*": {}}`` is everything at that level."""

MAX_MASK = 20_000


def parse_mask(text: str) -> Mask:
    """The tree of ``a.b,c(d,e/f)``. Raises a 400 where the brackets do not match."""
    if len(text) > MAX_MASK:
        raise _unreadable(text[:100])
    root: Mask = {}
    stack = [root]  # where names of the open brackets go
    node = root  # where the next name goes
    name = ""
    for character in text + ",":
        if character in "./":
            node = node.setdefault(_named(name, text), {})
            name = ""
        elif character == "(":
            node = node.setdefault(_named(name, text), {})
            stack.append(node)
            name = ""
        elif character in ",)":
            if name.strip():
                node.setdefault(name.strip(), {})
            name = ""
            node = stack[-1]
            if character == ")":
                stack.pop()
                if not stack:
                    raise _unreadable(text)
                node = stack[-1]
        else:
            name += character
    if len(stack) != 1:
        raise _unreadable(text)
    return root


def _named(name: str, text: str) -> str:
    if not name.strip():
        raise _unreadable(text)
    return name.strip()


def _unreadable(text: str) -> ApiError:
    return _mask_error(text, f"Error expanding 'fields' parameter. Cannot parse '{text[:100]}'.")


def _mask_error(field: str, description: str) -> ApiError:
    return ApiError(
        400,
        "INVALID_ARGUMENT",
        "Request contains an invalid argument.",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": field[:100], "description": description}],
            }
        ],
    )


def leaves(mask: Mask, prefix: str = "") -> list[str]:
    """The dotted paths of a mask."""
    out = []
    for name, below in mask.items():
        path = f"{prefix}{name}"
        out.extend(leaves(below, path + ".") if below else [path])
    return out


def answer_mask(message: str, text: str | None) -> Mask | None:
    """The mask of an answer of type ``message``; None where everything is wanted. Raises a 400 for unknown fields."""
    if text is None or not text.strip():
        return None
    mask = parse_mask(text)
    for path in leaves(mask):
        if not schema.has_field(message, path):
            raise _mask_error(
                path, f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
            )
    return None if "*" in mask and not mask["*"] else mask


def masked(value: Any, mask: Mask | None) -> Any:
    """The part of an answer that the mask names."""
    if not mask or not value:
        return value
    if isinstance(value, list):
        return [masked(item, mask) if item else item for item in value]
    if not isinstance(value, dict):
        return value
    if "*" in mask:
        return {key: masked(item, mask["*"]) for key, item in value.items()}
    return {key: masked(value[key], below) if below else value[key] for key, below in mask.items() if key in value}


def wants(mask: Mask | None, *path: str) -> bool:
    """Whether the mask names the path, something below it or something above it."""
    node = mask
    for name in path:
        if not node:
            return True
        node = node.get(name, node.get("*"))
        if node is None:
            return False
    return True


def update_mask(message: str, text: str | None) -> Mask:
    """The mask of an update. Raises ValueError with Google's words where it is missing or names no field."""
    if not text or not text.strip():
        raise ValueError("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = parse_mask(text)
    for path in leaves(mask):
        if not schema.has_field(message, path):
            raise ValueError(f"Invalid field: {path}")
    return mask


def updated(old: Any, new: Any, mask: Mask) -> Any:
    """``old`` with the masked fields as in ``new``; a masked field that ``new`` lacks is removed."""
    if not mask or "*" in mask:
        return copy.deepcopy(new)
    out = dict(old) if isinstance(old, dict) else {}
    source = new if isinstance(new, dict) else {}
    for name, below in mask.items():
        if below:
            inner = updated(out.get(name), source.get(name), below)
            if inner or name in source:
                out[name] = inner
            else:
                out.pop(name, None)
        elif name in source:
            out[name] = copy.deepcopy(source[name])
        else:
            out.pop(name, None)
    return out
