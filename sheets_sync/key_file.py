"""The service account's key file: read, and told what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sheets_sync.errors import KeyFileWrong, one_line

_GET_ONE = "docs/operators.md says how to get one."


def key_info(key_file: Path) -> dict[str, Any]:
    """The JSON of a service account's key. Raises KeyFileWrong."""
    try:
        text = Path(key_file).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise KeyFileWrong(f"There is no key file {key_file}: {_GET_ONE}") from error
    except (OSError, ValueError) as error:
        raise KeyFileWrong(f"The key file {key_file} cannot be read ({one_line(str(error), 120)}).") from error
    try:
        info = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeyFileWrong(f"The key file {key_file} is not JSON: download the key again; {_GET_ONE}") from error
    kind = info.get("type") if isinstance(info, dict) else None
    if kind != "service_account":
        named = f"of type “{one_line(str(kind), 40)}”" if kind else "without a type"
        raise KeyFileWrong(f"The key file {key_file} is {named}, not the key of a service account: {_GET_ONE}")
    return info


def damaged(key_file: Path, error: Exception) -> KeyFileWrong:
    """What to raise where google-auth cannot use the key."""
    said = one_line(str(error), 120)
    return KeyFileWrong(f"The key file {key_file} is damaged ({said}): download the key again; {_GET_ONE}")
