"""The documentation: every command, tab, column and setting is mentioned, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from jobs.cli import app
from jobs.settings import Settings
from sheets_sync.tabs import TABS

ROOT = Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATORS = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
WORKBOOK = (ROOT / "docs" / "workbook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(typer.main.get_command(app).commands))  # type: ignore[attr-defined]
def test_every_command_stands_in_the_operators_page(command: str) -> None:
    assert f"roadmap {command}" in OPERATORS


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_stands_in_the_operators_page(setting: str) -> None:
    assert f"`{setting.upper()}`" in OPERATORS


@pytest.mark.parametrize("tab", [tab.name for tab in TABS])
def test_every_tab_and_column_stands_in_the_workbook_page(tab: str) -> None:
    declared = next(one for one in TABS if one.name == tab)
    assert tab in WORKBOOK
    for column in declared.columns:
        assert column.name in WORKBOOK


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
