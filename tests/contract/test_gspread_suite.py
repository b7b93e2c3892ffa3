"""What runs gspread's own suite (`make gspread-suite`): a suite written as that one is really talks to the server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sheets_sync.local.server import LocalServer

ROOT = Path(__file__).resolve().parents[2]
SUITE = """
import os
import unittest

import gspread
import pytest
from google.oauth2.service_account import Credentials


SCOPES = ["https://www.googleapis.com/auth/drive"]


class LikeTheirs(unittest.TestCase):
    @pytest.fixture(autouse=True)
    @pytest.mark.vcr()
    def cleared(self):
        key = Credentials.from_service_account_file(os.environ["GS_CREDS_FILENAME"], scopes=SCOPES)
        LikeTheirs.sheet = gspread.authorize(key).create("Like theirs").sheet1

    @pytest.mark.vcr(allow_playback_repeats=True)
    def test_it_writes(self):
        self.sheet.update_acell("A1", "0042")
        self.assertEqual(self.sheet.acell("A1").value, "42")

    @pytest.mark.vcr
    def test_it_fails_where_the_claim_is_wrong(self):
        self.assertEqual(self.sheet.acell("A1").value, "never written")
"""


def test_a_suite_that_marks_fixtures_as_recorded_runs_against_the_local_server(tmp_path: Path) -> None:
    (tmp_path / "suite_test.py").write_text(SUITE, encoding="utf-8")
    with LocalServer(tmp_path / "sheets") as server:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join((str(ROOT / "scripts"), str(ROOT))),
            "GS_CREDS_FILENAME": str(server.key_file),
            "LOCAL_SHEETS": server.base_url,
        }
        options = ["-p", "gspread_live", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path), "-q"]
        command = [sys.executable, "-m", "pytest", *options, str(tmp_path / "suite_test.py")]
        ended = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert "1 failed, 1 passed" in ended.stdout, ended.stdout + ended.stderr
        titles = [one["name"] for one in server.service.list_files()]
    assert titles == ["Like theirs", "Like theirs"]
