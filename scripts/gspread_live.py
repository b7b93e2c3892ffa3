"""A pytest plugin for `gspread_suite.py`: sends every requests session to the local Sheets server."""

from __future__ import annotations

import os
from typing import Any

import pytest
import requests

from sheets_sync.transport import BoundedAdapter

_made = requests.Session.__init__


def _made_for_local(self: requests.Session, *args: Any, **kwargs: Any) -> None:
    _made(self, *args, **kwargs)
    self.trust_env = False
    self.mount("https://", BoundedAdapter(os.environ["LOCAL_SHEETS"]))


requests.Session.__init__ = _made_for_local


def _recorders_marker(*arguments: Any, **options: Any) -> Any:
    """What the suite marks its recorded tests by, here without a meaning. As a real marker it would stop the run,
    for the suite marks a fixture too, which pytest no longer takes."""
    del options
    return arguments[0] if arguments else lambda function: function


setattr(pytest.mark, "vcr", _recorders_marker)  # noqa: B010 (to the type checker it has no such attribute)
