"""The menu from its installation to a plan: files, the first click, what the worker answers, what the sidebar reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.menu import wait_for_click
from jobs.workspaces import find
from sheets_sync.menu_script import script_version
from tests.clicker import Clicker, node


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
