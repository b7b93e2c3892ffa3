"""The menu from its installation to a plan: files, the first click, what the worker answers, what the sidebar reads."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from db import store
from jobs.menu import wait_for_click
from jobs.workspaces import find
from sheets_sync.menu_script import script_version
from tests.clicker import Clicker, node

OPEN = ("", "queued", "running")
"""What *status* says of a request that has not ended."""


@pytest.fixture(scope="module")
def workbook(world) -> str:
    return world.cli.json("init", "--new", "Menu", "--sample")["workbook"]


@pytest.fixture
def dana(world, workbook) -> Clicker:
    if node() is None:
        pytest.skip("no Node found: it comes with playwright, of the extra “dev”")
    return Clicker(world.server, workbook, "dana@example.com")


def pasted(world, workbook: str, folder: Path) -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    world.server.scripts.install(workbook, files)


def test_the_menu_is_installed_clicked_seen_and_its_run_ends_in_the_sidebar(world, workbook, dana, tmp_path) -> None:
    """From menu install to a plan: the command writes files, one click of theirs is seen, the worker answers it."""
    told = world.cli("menu", "install", workbook, "--wait", "0", "--folder", str(tmp_path / "menu"))
    assert "Paste the script of this workbook" in told
    pasted(world, workbook, tmp_path / "menu")
    missing = world.cli.json("menu", "install", workbook, "--wait", "0.1", "--folder", str(tmp_path / "menu"), exits=1)
    assert (missing["status"], missing["request_id"]) == ("not seen", None)
    dana.click("runOptimization")
    (question,) = dana.saw("alert")
    seen = world.cli.json("menu", "install", workbook, "--wait", "60", "--folder", str(tmp_path / "menu"))
    assert (seen["status"], seen["version"]) == ("seen", script_version(None))
    assert "dana@example.com" in seen["message"]
    world.cli("worker", "--once")
    told = dana.click("statusOf", "")
    assert (told["requestId"], told["action"], told["status"]) == (seen["request_id"], "optimize", "done")
    run = world.cli.json("optimize", workbook)
    asked = dict(line.split(": ", 1) for line in question["text"].splitlines() if ": " in line)
    assert int(asked["Candidates"]) == len(run["result"]["items"]) + len(run["left_out"])
    assert asked["Left out"].split()[0] == str(len(run["left_out"]))


def test_clicks_of_another_version_are_named(world, workbook, dana, tmp_path) -> None:
    world.cli("menu", "install", workbook, "--wait", "0", "--folder", str(tmp_path))
    menu = tmp_path / "menu.gs"
    menu.write_text(menu.read_text(encoding="utf-8").replace(script_version(None), "0.0.1-old"), encoding="utf-8")
    pasted(world, workbook, tmp_path)
    dana.email = "jo@example.com"
    dana.click("checkSheet")
    assert json.loads(dana.rows()[-1]["arguments"])["script_version"] == "0.0.1-old"
    with world.connected() as connections:
        seen = wait_for_click(connections, find(connections, workbook), "no such version", 0)
    assert "0.0.1-old" in seen.others


def test_the_address_of_the_webhook_is_written_into_script_and_manifest(world, workbook, tmp_path) -> None:
    world.cli.environment["WEBHOOK_URL"] = "https://roadmap.example.com/hook/"
    try:
        world.cli("menu", "install", workbook, "--wait", "0", "--folder", str(tmp_path))
    finally:
        del world.cli.environment["WEBHOOK_URL"]
    assert "const WEBHOOK_URL = 'https://roadmap.example.com/hook';" in (tmp_path / "menu.gs").read_text(
        encoding="utf-8"
    )
    manifest = json.loads((tmp_path / "appsscript.json").read_text(encoding="utf-8"))
    assert manifest["urlFetchWhitelist"] == ["https://roadmap.example.com/hook/"]


@contextmanager
def worker_with_webhook(world, folder: Path) -> Iterator[str]:
    """``roadmap worker`` as a process that listens on a port of this machine; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    environment = world.cli.environment | {
        "WEBHOOK_LISTEN": place,
        "WEBHOOK_AUDIENCE": world.server.identity.client_id,
        "LOG_LEVEL": "INFO",
    }
    words = [sys.executable, "-c", "from jobs.cli import main; main()", "worker"]
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=log)
    try:
        until(lambda: is_ready(f"http://{place}"))
        yield f"http://{place}"
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def until(claim) -> None:
    deadline = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_click_on_the_menu_is_posted_to_the_worker_run_under_its_token_and_watched_until_done(
    world, workbook, dana, tmp_path
) -> None:
    """By the webhook of a real worker: who clicked is proven by the token, and the status is the webhook's own."""
    with worker_with_webhook(world, tmp_path) as address:
        world.cli.environment["WEBHOOK_URL"] = address
        try:
            world.cli("menu", "install", workbook, "--wait", "0", "--folder", str(tmp_path / "menu"))
        finally:
            del world.cli.environment["WEBHOOK_URL"]
        pasted(world, workbook, tmp_path / "menu")
        dana.click("runOptimization")
        seen = [dana.click("statusOf", "")]
        request_id = seen[0]["requestId"]
        assert seen[0]["action"] == "optimize"
        until(lambda: seen.append(dana.click("statusOf", request_id)) or seen[-1]["status"] not in OPEN)
    assert seen[-1]["status"] == "done", seen[-1]
    assert seen[-1]["stage"] == "done", "the webhook's own word: the row in the sheet knows no stages"
    with world.connected() as connections, connections.database.transaction() as session:
        kept = store.find_request(session, request_id)
    assert kept is not None
    assert (kept.status, kept.verified_by) == ("done", "dana@example.com")
    (row,) = [row for row in dana.rows() if row["request_id"] == request_id]
    assert (row["status"], row["message"]) == ("done", kept.message)
    assert "Traceback" not in (tmp_path / "worker.log").read_text()
