"""The house: import rules are a test, not a wish."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_point_down_and_foreign_libraries_stay_in_their_rooms() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_the_example_key_has_every_field_of_a_real_one_and_no_secret() -> None:
    import json

    example = json.loads((ROOT / "service-account.example.json").read_text(encoding="utf-8"))
    assert set(example) == {
        "type", "project_id", "private_key_id", "private_key", "client_email", "client_id", "auth_uri", "token_uri",
        "auth_provider_x509_cert_url", "client_x509_cert_url", "universe_domain",
    }  # fmt: skip
    assert "NOT-A-KEY" in example["private_key"]


def test_the_constraints_file_holds_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        assert line.startswith("#") or (line.count("==") == 1 and "/" not in line and "--hash" not in line), line
