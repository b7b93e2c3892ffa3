"""Takes the README's picture: the published Roadmap tab of the sample, on the real page. `make picture`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from db import embedded
from jobs.connections import Connections
from jobs.optimize import optimize
from jobs.publish import publish
from jobs.settings import load_settings
from jobs.show import Asked
from jobs.workspaces import create
from sheets_sync.local.server import LocalServer

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> int:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("No Chromium or Chrome was found: install one (Debian: apt-get install chromium).", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp())
    try:
        with LocalServer(folder / "sheets", with_page=True) as server:
            settings = load_settings(
                roadmap_home=str(folder / "home"),
                google_application_credentials=str(server.key_file),
                sheets_base_url=server.base_url,
                database_url=None,
            )
            with Connections(settings) as connections:
                workspace = create(connections, "Food delivery roadmap", sample=True).workspace
                optimize(connections, workspace, Asked(requested_by="maria"))
                publish(connections, workspace, Asked(requested_by="maria"))
            _take(browser, f"{server.base_url}/w/{workspace.spreadsheet_id}")
    finally:
        embedded.remove(folder / "home")
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _take(browser: str, address: str) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1110, "height": 960})
        page.goto(address)
        page.get_by_text("Roadmap", exact=True).last.click()
        page.get_by_text("Not doing").first.wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=str(ROOT / "docs" / "roadmap.png"))
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
