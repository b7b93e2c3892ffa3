"""The documentation: every command, tab, column and setting is mentioned, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import typer.main
import yaml

from engine.problem import ConstraintSet, Objective, Solution
from engine.solve import EXIT_CODES
from jobs.cli import app
from jobs.settings import Settings
from sheets_sync.tabs import TABS

ROOT = Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATORS = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DEPLOY = ROOT / "deploy"
MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("field", sorted(ConstraintSet.model_fields))
def test_every_rule_stands_in_the_model_page(field: str) -> None:
    assert f"`{field}`" in MODEL


def test_every_objective_and_every_outcome_stands_in_the_model_page() -> None:
    modes = get_args(Objective.model_fields["mode"].annotation)
    statuses = get_args(Solution.model_fields["status"].annotation)
    for name in (*modes, *statuses):
        assert f"`{name}`" in MODEL
    for status, code in EXIT_CODES.items():
        assert f"| `{status}` | {code} |" in MODEL


def test_every_group_of_constraints_in_the_code_stands_in_the_model_page_under_its_name() -> None:
    code = (ROOT / "engine" / "formulate.py").read_text(encoding="utf-8")
    body = code.partition("def formulation(")[2].partition("def ")[0]
    groups = re.findall(r"self\.(_\w+)\(\)", body)
    assert len(groups) >= 5
    for group in groups:
        assert f"**`{group}`**" in MODEL


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_warning_and_error_of_the_log_stands_in_the_runbook() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "jobs").glob("*.py")))
    events = set(re.findall(r"log\.(?:warning|error)\(\s*\"([^\"]+)\"", code))
    assert len(events) >= 10
    assert {event for event in events if f"`{event}`" not in RUNBOOK} == set()


def test_the_examples_of_deployment_set_what_there_is_and_start_a_command_that_there_is() -> None:
    lines = (DEPLOY / "worker.env.example").read_text(encoding="utf-8").splitlines()
    names = {line.partition("=")[0].lower() for line in lines if line and not line.startswith("#")}
    assert names <= set(Settings.model_fields)
    unit = (DEPLOY / "roadmap-worker.service").read_text(encoding="utf-8")
    assert re.search(r"^ExecStart=\S+/roadmap worker$", unit, re.MULTILINE)
    for name in re.findall(r"`deploy/([\w.-]+)`", RUNBOOK):
        assert (DEPLOY / name).exists(), name


def test_the_compose_file_stops_workers_later_than_they_end_and_mounts_the_secrets_it_names() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    worker = compose["services"]["worker"]
    assert int(worker["stop_grace_period"].removesuffix("s")) > 10
    used = {name for service in compose["services"].values() for name in service["secrets"]}
    assert used == set(compose["secrets"])
