"""What operators ask and do: runs listed, cancelled and tried again, the state of all parts, a run replayed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest


@pytest.fixture(scope="module")
def workbook(world) -> str:
    return world.cli.json("init", "--new", "Operated [bold]", "--sample")["workbook"]


def sql(world, statement: str) -> Any:
    with world.connected() as connections, connections.database.transaction() as session:
        done = session.connection().exec_driver_sql(statement)
        return done.scalar() if done.returns_rows else None


def ask(world, workbook: str, request_id: str, action: str, **arguments: str) -> None:
    """A request that waits for a worker."""
    from db import store

    with world.connected() as connections, connections.database.transaction() as session:
        workspace = store.find_workspace(session, workbook)
        assert workspace is not None
        store.ask(session, workspace.id, request_id, action, arguments=arguments, requested_by="maria@example.com")


def request(world, request_id: str) -> dict[str, Any]:
    found = world.cli.json("runs", "--limit", "500")["runs"]
    return next(line for line in found if line["request_id"] == request_id)


def test_runs_lists_requests_and_commands_newest_first_with_what_became_of_them(world, workbook) -> None:
    run_id = world.cli.json("optimize", workbook)["run_id"]
    ask(world, workbook, "list-1", "optimize", scenario="No such scenario")
    waiting = world.cli.json("runs", workbook, "--limit", "2")["runs"]
    assert [line["request_id"] for line in waiting] == ["list-1", None]
    assert (waiting[0]["status"], waiting[0]["run_id"], waiting[0]["attempts"]) == ("queued", None, 0)
    assert waiting[0]["who"] == "said to be maria@example.com"
    assert waiting[1]["run_id"] == run_id
    assert (waiting[1]["status"], waiting[1]["trigger"]) == ("done", "command line")
    assert waiting[1]["seconds"] > 0
    world.cli("worker", "--once")
    assert request(world, "list-1")["status"] == "failed"
    assert "No such scenario" in request(world, "list-1")["message"]
    table = world.cli("runs")
    assert "Operated [bold]" in table
    assert "list-1" in table


def test_a_request_that_waits_is_cancelled_and_tried_again_by_its_id_and_runs_once(world, workbook) -> None:
    ask(world, workbook, "again-1", "optimize")
    assert "cancelled" in world.cli("runs", "cancel", "again-1")
    assert request(world, "again-1")["status"] == "cancelled"
    assert "nothing to cancel" in world.cli.json("runs", "cancel", "again-1", exits=1)["message"]
    assert "queued again" in world.cli("runs", "retry", "again-1")
    assert "wait" in world.cli.json("runs", "retry", "again-1", exits=1)["message"]
    world.cli("worker", "--once")
    done = request(world, "again-1")
    assert done["status"] == "done"
    assert "new run" in world.cli.json("runs", "retry", str(done["run_id"]), exits=1)["message"]
    assert "nothing to cancel" in world.cli.json("runs", "cancel", str(done["run_id"]), exits=1)["message"]
    runs = sql(world, "SELECT count(*) FROM optimization_runs run JOIN requests r ON r.run_id = run.id "
                      "WHERE r.request_id = 'again-1'")  # fmt: skip
    assert runs == 1


def test_what_is_no_run_and_what_a_command_made_is_told(world, workbook) -> None:
    run_id = world.cli.json("optimize", workbook)["run_id"]
    assert "run that command again" in world.cli.json("runs", "retry", str(run_id), exits=1)["message"]
    assert "There is no run" in world.cli.json("runs", "cancel", "nobody", exits=1)["message"]
    world.cli("runs", "cancel", exits=2)
    world.cli("runs", workbook, "more", exits=2)


def test_the_run_of_a_killed_command_is_ended_by_the_worker_and_told_in_the_run_log(world, workbook) -> None:
    command = [sys.executable, "-c", "from jobs.cli import main; main()", "optimize", workbook]
    process = subprocess.Popen(command, env=world.cli.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    under_way = "SELECT max(id) FROM optimization_runs WHERE status NOT IN ('done', 'failed', 'cancelled')"
    while sql(world, under_way) is None:
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    run_id = sql(world, under_way)
    sql(world, "UPDATE workspace_leases SET held_until = now() - interval '2 minutes'")
    sql(world, "UPDATE optimization_runs SET started_at = started_at - interval '2 minutes'")
    world.cli("worker", "--once")
    line = next(one for one in world.cli.json("runs")["runs"] if one["run_id"] == run_id)
    assert line["status"] == "failed"
    assert "Run it again" in line["message"]
    log = world.spreadsheet(workbook).worksheet("Run Log").get_all_values()
    assert any("Run it again" in cell for row in log for cell in row)


def test_status_says_what_waits_who_works_and_what_wants_looking_at(world, workbook) -> None:
    world.cli("optimize", workbook)
    world.cli("worker", "--once")
    ask(world, workbook, "status-1", "check")
    found = world.cli.json("status")
    assert found["status"] == "attention"
    assert found["problems"] == ["No worker is at work: start one with roadmap worker."]
    assert found["database"]["reachable"] is True
    assert found["queues"]["requests"]["waiting"] == 1
    assert found["workbooks"]["registered"] >= 1
    assert any(line["spreadsheet_id"] == workbook for line in found["last_runs"])
    assert any(name.startswith("read ") and turns > 0 for name, turns in found["quota"].items())
    process = subprocess.Popen(
        [sys.executable, "-c", "from jobs.cli import main; main()", "worker"],
        env=world.cli.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (found := world.cli.json("status"))["workers"] or found["queues"]["requests"]["waiting"]:
            assert process.poll() is None
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert found["problems"] == []
    assert "Workers: " in world.cli("status")


def test_status_does_not_migrate_and_tells_a_database_that_is_not_there(world) -> None:
    environment = world.cli.environment | {"DATABASE_URL": "postgresql://nobody:zebra@127.0.0.1:1/none"}
    command = [sys.executable, "-c", "from jobs.cli import main; main()", "status", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 4
    assert json.loads(done.stdout)["status"] == "error"
    assert "zebra" not in done.stdout + done.stderr


def test_a_replay_comes_to_the_same_portfolio_and_tells_what_differs_in_one_that_was_changed(world, workbook) -> None:
    run_id = world.cli.json("optimize", workbook)["run_id"]
    assert world.cli.json("replay", str(run_id))["status"] == "same"
    key = sql(
        world,
        "SELECT item ->> 'initiative_key' FROM optimization_runs, jsonb_array_elements(result_json -> 'items') item "
        f"WHERE id = {run_id} AND (item ->> 'selected')::boolean LIMIT 1",
    )
    sql(
        world,
        "UPDATE optimization_runs SET result_json = jsonb_set(result_json, '{items}', (SELECT jsonb_agg("
        f"CASE WHEN item ->> 'initiative_key' = '{key}' THEN jsonb_set(item, '{{selected}}', 'false') ELSE item END) "
        f"FROM jsonb_array_elements(result_json -> 'items') item)) WHERE id = {run_id}",
    )
    told = world.cli.json("replay", str(run_id), exits=1)
    assert told["status"] == "different"
    assert any(key in line and "out in the run" in line for line in told["differences"])
    assert "is out in the run" in world.cli("replay", str(run_id), exits=1)
    assert "no result" in world.cli.json("replay", "999999", exits=1)["message"]
