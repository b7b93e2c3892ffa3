"""Mutates the formulation and asks whether the suite of the solver notices: ``make mutants``.

Each mutant is one textual change to a copy of ``engine``: a rule dropped, a sign turned, a bound off by one. The tests
run on the copy; a mutant that they pass has survived. Numbers as arguments try only those, ``--list`` tells them. Ends
with 1 where a mutant survived or no longer fits the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENUMERATION = "tests/unit/solver/test_enumeration.py"
SUITES = (
    (ENUMERATION, "-k", "the_same_plans or breach"),
    tuple(f"tests/unit/solver/test_{name}.py" for name in ("sums", "rare_cases", "solve")),
    (ENUMERATION,),
)
"""The tests that solve nothing are the quickest to notice, so they come first."""
SLOWEST_S = 600
"""A suite that takes longer than this on a mutant has noticed it too."""

Mutant = tuple[str, str, str, str]
"""file, what is changed, text before, text after"""


def mutants() -> list[Mutant]:
    """The mutants of ``mutants.txt``, in their order."""
    found: list[Mutant] = []
    _, *blocks = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").strip().split("\n\n")
    for block in blocks:
        head, before, after = block.split("\n")
        file, _, what = head.partition(": ")
        found.append((file, what, before[2:], after[2:]))
    return found


def main(asked: list[str]) -> int:
    """Tries the mutants asked for, all by default; prints each, and how many of how many were noticed."""
    known = mutants()
    chosen = [int(number) for number in asked if number.isdigit()] or range(1, len(known) + 1)
    if "--list" in asked:
        for number, (file, what, _, _) in enumerate(known, 1):
            print(f"{number:3} {file:22} {what}")
        return 0
    outcomes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        if not all(passes(copy, suite) for suite in SUITES):
            raise SystemExit("The suite fails on the code as it stands; mend that first.")
        for number in chosen:
            started = time.monotonic()
            outcomes.append(outcome(copy, known[number - 1]))
            file, what, _, _ = known[number - 1]
            seconds = time.monotonic() - started
            print(f"{number:3} {outcomes[-1]:9} {seconds:6.1f} s  {file}: {what}", flush=True)
    noticed = sum(one in ("noticed", "too slow") for one in outcomes)
    print(f"noticed {noticed} of {len(outcomes)} mutants")
    return 0 if noticed == len(outcomes) else 1


def copied(folder: Path) -> Path:
    """A copy of the engine and of the tests that judge it."""
    shutil.copytree(ROOT / "engine", folder / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "unit" / "solver", folder / "tests" / "unit" / "solver")
    shutil.copy(ROOT / "tests" / "unit" / "conftest.py", folder / "tests" / "unit" / "conftest.py")
    shutil.copy(ROOT / "pyproject.toml", folder / "pyproject.toml")
    return folder


def outcome(copy: Path, mutant: Mutant) -> str:
    """ "noticed", "too slow", "SURVIVED", or "STALE" where the text to be changed is not there, or not once."""
    file, _, before, after = mutant
    sound = (copy / file).read_text(encoding="utf-8")
    if sound.count(before) != 1:
        return "STALE"
    (copy / file).write_text(sound.replace(before, after), encoding="utf-8")
    try:
        return "SURVIVED" if all(passes(copy, suite) for suite in SUITES) else "noticed"
    except subprocess.TimeoutExpired:
        return "too slow"
    finally:
        (copy / file).write_text(sound, encoding="utf-8")


def passes(copy: Path, suite: Sequence[str]) -> bool:
    """True where the tests pass on the copy; ends this program where they could not run at all."""
    options = ("-x", "-q", "-m", "not slow", "-p", "no:randomly", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *options, *suite]
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=copy, env=env, capture_output=True, timeout=SLOWEST_S, check=False)
    if ended.returncode not in (0, 1):
        raise SystemExit(ended.stdout.decode()[-2000:])
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
