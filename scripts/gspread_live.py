"""A pytest plugin for `gspread_suite.py`: sends every requests session to the local Sheets server."""

from __future__ import annotations

import os
from typing import Any

import pytest
import requests

from sheets_sync.transport import BoundedAdapter

_made = requests.Session.__init__


def _made_for_local(session: requests.Session, *args: Any, **kwargs: Any) -> None:
    _made(session, *args, **kwargs)
    session.trust_env = False
    session.mount("https://", BoundedAdapter(os.environ["LOCAL_SHEETS"]))


requests.Session.__init__ = _made_for_local


def pytest_configure(config: pytest.Config) -> None:
    """Knows the recorder's marker, which says nothing here."""
    config.addinivalue_line("markers", "vcr: the recording of a test")
