"""gspread's own tests, run against the local Sheets server over HTTP: `make gspread-suite`.

The suite normally replays recordings. Here the recorder is switched off and every call really goes to a server started
for the run. The tests are taken from gspread's source distribution or from a folder that holds its source; they are
copied to a temporary folder, run, and removed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from sheets_sync.local.faults import Fault, Faults
from sheets_sync.local.server import LocalServer

VERSION = "6.2.1"
RECORDER = "vcrpy>=7"
"""What the suite imports beside what we have; it is installed into the temporary folder, and records nothing without
its pytest plugin."""

HERE = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    """Runs the suite of the source in the named folder (default: the source distribution); pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="gspread-suite-") as name:
        folder = Path(name)
        source = Path(arguments[0]).resolve() if arguments else _downloaded(folder)
        if not (source / "tests" / "conftest.py").is_file():
            told = f"{source.name} holds no tests/conftest.py. Unpack gspread's repository at v{VERSION}"
            sys.stderr.write(f"{told} and name the folder: make gspread-suite SOURCE=FOLDER\n")
            return 2
        tests = folder / "suite" / "tests"
        shutil.copytree(source / "tests", tests, ignore=shutil.ignore_patterns("cassettes"))
        _pip("install", "--target", str(folder / "site"), RECORDER)
        return _run(tests, folder, arguments[1:])


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--no-input", *arguments]
    subprocess.run(command, check=True)  # noqa: S603 (our own words)


def _downloaded(folder: Path) -> Path:
    _pip("download", "--no-binary", ":all:", "--no-deps", "--dest", str(folder), f"gspread=={VERSION}")
    with tarfile.open(folder / f"gspread-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"gspread-{VERSION}"


def _run(tests: Path, folder: Path, more: list[str]) -> int:
    faults = Faults()
    # spreadsheets of other people, which the local server has none of
    for file in tests.glob("*.py"):
        for private in re.findall(r'private_id = "([\w-]+)"', file.read_text(encoding="utf-8")):
            faults.order(Fault(status=403, when=private, times=None))
    with LocalServer(folder / "sheets", faults=faults) as server:
        server.service.create_spreadsheet({"properties": {"title": "Another one, so that the list has two titles"}})
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent), str(folder / "site")]),
            "GS_CREDS_FILENAME": str(server.key_file),
            "GS_RECORD_MODE": "all",
            "LOCAL_SHEETS": server.base_url,
        }
        options = ["-p", "gspread_live", "-p", "no:cacheprovider", "--timeout", "60", "-q", "-rfE"]
        command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tests.parent)]
        command += [*options, *more, str(tests)]
        ended = subprocess.run(command, env=environment, cwd=tests.parent, check=False)  # noqa: S603 (our own words)
        return ended.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
