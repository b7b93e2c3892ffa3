"""``roadmap solve`` as a process: what it prints where, and that it takes its solvers with it."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from engine.progress import Progress
from jobs.progress_bar import progress_bar, sentence

COMMAND = "import sys; from jobs.cli import main; sys.argv[0] = 'roadmap'; main()"


def hard(count=600):
    """A problem that keeps both solvers busy for long."""
    r = random.Random(1)
    resources = [f"r{k}" for k in range(9)]
    return {
        "capacity_total_tokens": count * 150,
        "objective": {"mode": "north_star"},
        "kpis": [{"kpi_key": "v", "kpi_level": "north_star"}],
        "candidates": [
            {
                "initiative_key": f"C{i:04}",
                "engineering_tokens": r.randint(300, 900),
                "resources": {k: r.randint(300, 900) for k in resources},
                "kpi_contributions": {"v": r.randint(400, 800)},
            }
            for i in range(count)
        ],
        "constraint_set": {"resource_caps": {k: {"all": {"all": count * 150}} for k in resources}},
    }


@pytest.fixture
def problem_file(tmp_path):
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(hard()))
    return path


@pytest.fixture(autouse=True)
def interrupts_heard():
    """A shell starts what runs in its background deaf to Ctrl+C, and so would be what is started here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def begun(*arguments):
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "solve", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def children_of(pid):
    """All processes below ``pid``."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found, work = set(), [pid]
    while work:
        below = [child for child, parent in parents.items() if parent == work[-1]]
        work.pop()
        found.update(below)
        work.extend(below)
    return found


def test_the_result_and_nothing_else_is_printed_where_nobody_looks(problem_file):
    with begun(problem_file, "--time-limit", "2", "--gap", "0") as command:
        out, err = command.communicate(timeout=60)
    assert json.loads(out)["status"] == "feasible"
    assert (command.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/proc").exists(), reason="counts processes by /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_told_to_end_takes_its_solvers_with_it(problem_file, number):
    with begun(problem_file, "--time-limit", "60", "--gap", "0") as command:
        give_up = time.monotonic() + 30
        while len(children_of(command.pid)) < 3 and time.monotonic() < give_up:  # HiGHS's, CBC's, and CBC itself
            time.sleep(0.1)
        below = children_of(command.pid)
        command.send_signal(number)
        out, _ = command.communicate(timeout=30)
    assert len(below) >= 3
    assert command.returncode not in (0, None)
    assert out == b""
    assert not [pid for pid in below if is_running(pid)]


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_no_bar_is_drawn_where_standard_error_is_no_terminal():
    with progress_bar(10, Console(file=io.StringIO())) as on_progress:
        assert on_progress is None


def test_the_bar_says_what_is_known_and_is_gone_at_the_end():
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=120)
    with progress_bar(10, console) as on_progress:
        assert on_progress is not None
        on_progress(Progress(1.0, "searching", 1, 2134.5, 2140.2, 0.0027, "HiGHS"))
    assert "2,134.5 so far, at most 2,140.2 (0.27 % open)" in drawn.getvalue()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Progress(0.1, "preparing"), "Preparing"),
        (Progress(0.1, "searching", 2, 5.0), "Looking for the best plan (objective 2): 5 so far"),
    ],
)
def test_what_is_not_known_is_not_said(told, said):
    assert sentence(told) == said
