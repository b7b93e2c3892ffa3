"""The worker: a click in the sheet is one run; a killed one costs nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.clients import click


def rows_of(spreadsheet, tab: str) -> list[dict[str, str]]:
    header, *rows = spreadsheet.worksheet(tab).get_all_values()
    return [dict(zip(header, row, strict=False)) for row in rows if any(row)]


def ask(spreadsheet, request_id: str, action: str, **arguments: str) -> None:
    click(spreadsheet.worksheet("Requests"), request_id, action, **arguments)


@pytest.fixture
def workbook(world) -> str:
    return world.cli.json("init", "--new", "Worker", "--sample")["workbook"]


def test_requests_that_wait_are_run_in_order_and_only_once(world, workbook) -> None:
    """Optimize, publish and nonsense in Requests: a plan, a version, a sentence; a second look runs none again."""
    sheet = world.spreadsheet(workbook)
    ask(sheet, "click-1", "optimize")
    ask(sheet, "click-2", "publish", version_note="From the sheet")
    ask(sheet, "click-3", "fly to the moon")
    ask(sheet, "click-1", "optimize")
    world.cli("worker", "--once")
    world.cli("worker", "--once")
    answers = rows_of(sheet, "Requests")
    assert [row["status"] for row in answers] == ["done", "done", "failed", "done"]
    assert "initiatives" in answers[0]["message"]
    assert "v1" in answers[1]["message"]
    assert "fly to the moon" in answers[2]["message"]
    log = rows_of(sheet, "Run Log")
    assert [line["action"] for line in log].count("optimize") == 1
    assert [line["action"] for line in log].count("publish") == 1
    assert any("maria@example.com" in line["who"] for line in log)
    assert rows_of(sheet, "Portfolio")


def test_a_broken_cell_is_marked_by_the_worker_and_unmarked_when_mended(world, workbook) -> None:
    """Marks come and go with their cause, without anyone asking for a run; a PM's own note stays."""
    sheet = world.spreadsheet(workbook)
    initiatives = sheet.worksheet("Initiatives")
    column = initiatives.row_values(1).index("engineering_tokens") + 1
    cell = f"{chr(64 + column)}3"
    before = initiatives.acell(cell).value
    initiatives.update_note(cell, "Ask Jo before changing this")
    initiatives.update([["plenty"]], cell, raw=True)
    world.cli("worker", "--once")
    row = rows_of(sheet, "Initiatives")[1]
    assert row["sys: status"] == "ERROR"
    note = initiatives.get_note(cell)
    assert "plenty" in note
    assert "Ask Jo before changing this" in note
    initiatives.update([[int(before)]], cell, raw=True)
    world.cli("worker", "--once")
    assert rows_of(sheet, "Initiatives")[1]["sys: status"] == "OK"
    assert initiatives.get_note(cell) == "Ask Jo before changing this"
    assert not any("plenty" in line["problem"] for line in rows_of(sheet, "Checks"))


def test_a_run_killed_at_any_moment_leaves_no_torn_tab_and_the_next_one_works(world, workbook) -> None:
    """After kill -9 the tabs hold one whole run (or none), and the next run succeeds."""
    sheet = world.spreadsheet(workbook)
    world.cli("optimize", workbook)
    for wait_s in (0.6, 1.2, 1.8, 2.4):
        process = subprocess.Popen(
            [sys.executable, "-c", "from jobs.cli import main; main()", "optimize", workbook],
            env=world.cli.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(wait_s)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        portfolio = rows_of(sheet, "Portfolio")
        assert len({row["run_id"] for row in portfolio}) == 1, wait_s
        assert {row["run_id"] for row in portfolio} == {row["run_id"] for row in rows_of(sheet, "Alerts")}, wait_s
        after = world.cli.json("optimize", workbook)
        assert {row["run_id"] for row in rows_of(sheet, "Portfolio")} == {str(after["run_id"])}, wait_s


def test_sigterm_ends_the_worker_after_its_tick(world, workbook) -> None:
    """SIGTERM is a graceful end: exit code 0."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from jobs.cli import main; main()", "worker"],
        env=world.cli.environment | {"LOG_LEVEL": "INFO"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if '"told"' in line:
            break
    process.send_signal(signal.SIGTERM)
    process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0


def test_a_scheduled_run_writes_alerts_and_leaves_the_portfolio_as_it_was(world, workbook) -> None:
    """By the schedule in Setup a run happens once a slot; Portfolio still shows the run that a person asked for."""
    sheet = world.spreadsheet(workbook)
    asked = world.cli.json("optimize", workbook)
    setup = sheet.worksheet("Setup")
    keys = setup.col_values(1)
    setup.update([["every 1 hour"]], f"B{keys.index('schedule') + 1}", raw=True)
    world.cli("worker", "--once")
    with world.connected() as connections, connections.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE workspace_watches SET next_slot_at = now() WHERE schedule <> ''")
    world.cli("worker", "--once")
    assert {row["run_id"] for row in rows_of(sheet, "Portfolio")} == {str(asked["run_id"])}
    assert {row["run_id"] for row in rows_of(sheet, "Alerts")} != {str(asked["run_id"])}
    assert rows_of(sheet, "Run Log")[0]["trigger"] == "schedule"


def test_two_runs_asked_at_once_are_made_one_after_the_other(world, workbook) -> None:
    """A double click from two terminals: both end well, and the sheet shows the later one whole."""
    command = [sys.executable, "-c", "from jobs.cli import main; main()", "optimize", workbook, "--json"]
    both = [subprocess.Popen(command, env=world.cli.environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [answer["status"] for answer in answers] == ["optimal", "optimal"]
    later = str(max(answer["run_id"] for answer in answers))
    assert {row["run_id"] for row in rows_of(world.spreadsheet(workbook), "Portfolio")} == {later}
