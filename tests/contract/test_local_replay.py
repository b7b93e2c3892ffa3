"""The local Sheets server against answers that Google really gave, where the recordings stand beside the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sheets_sync.local.server import LocalServer

ORACLES = Path(__file__).resolve().parents[3] / "shared" / "oracles"


@pytest.mark.skipif(not (ORACLES / "replay.py").exists(), reason="the recordings do not stand beside the project")
def test_99_of_100_recorded_exchanges_are_answered_as_google_did(tmp_path: Path) -> None:
    with LocalServer(tmp_path) as server:
        command = [sys.executable, str(ORACLES / "replay.py"), server.base_url, str(ORACLES / "cassettes")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-1000:]
