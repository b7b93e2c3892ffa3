"""A PM asks why: after a good run, and after one whose rules cannot all hold."""

from __future__ import annotations

import re

import gspread
import pytest


@pytest.fixture(scope="module")
def workbook(world) -> str:
    return world.cli.json("init", "--new", "Why", "--sample")["workbook"]


@pytest.fixture(scope="module")
def good(world, workbook):
    return world.cli.json("optimize", workbook)


def test_each_candidate_of_a_run_is_explained_and_each_rule_priced(world, workbook, good) -> None:
    told = world.cli.json("explain", workbook, "--run", str(good["run_id"]))
    kinds = [one["kind"] for one in told["explanations"]]
    assert kinds.count("why_in") + kinds.count("why_out") == len(good["result"]["items"])
    assert {"gets_in", "rule_price", "next_best_spend", "over_greedy"} <= set(kinds)
    assert all(one["message"].endswith(".") for one in told["explanations"])
    assert not any("INIT-" in one["message"] for one in told["explanations"] if one["kind"].startswith("why_"))


def test_one_initiative_is_explained_by_its_title(world, workbook, good) -> None:
    out = next(item for item in good["result"]["items"] if not item["selected"])
    told = world.cli("explain", workbook, out["initiative_key"], "--run", str(good["run_id"]))
    assert " is out" in told or "cannot be in" in told


def test_the_frontier_rises_with_capacity(world, workbook, good) -> None:
    levels = world.cli.json("explain", workbook, "--frontier", "--run", str(good["run_id"]))["frontier"]
    best = [level["high"] for level in levels if level["high"] is not None]
    assert len(best) > 3
    assert best == sorted(best)


def test_an_infeasible_set_names_its_rows_and_a_repair_that_works_when_typed(world, workbook, good) -> None:
    """The sentence, the Alerts tab and `explain` say the same; the repair, typed into its cell, makes a plan."""
    failed = world.cli.json("optimize", workbook, "--set", "Everything at once", exits=3)
    conflict = failed["result"]["conflict"]
    assert conflict["rules"] and conflict["repairs"]
    assert all(rule["sources"] for rule in conflict["rules"])
    assert conflict["rules"][0]["message"] in failed["message"]
    told = world.cli.json("explain", workbook, "--run", str(failed["run_id"]))["explanations"]
    kinds = [one["kind"] for one in told]
    assert kinds == ["conflict"] * len(conflict["rules"]) + ["repair"] * len(conflict["repairs"])
    repair = next(one for one in conflict["repairs"] if one["to"] is not None and "also" not in one)
    tab, cell = re.search(r"(\w+)!([A-Z]+[0-9]+)", repair["message"]).groups()
    sheet = world.spreadsheet(workbook).worksheet(tab)
    sheet.update([[repair["to"]]], cell, value_input_option=gspread.utils.ValueInputOption.user_entered)
    assert world.cli.json("optimize", workbook, "--set", "Everything at once")["status"] in ("optimal", "feasible")


def test_two_runs_are_compared_with_the_changed_rule_behind_what_was_dropped(world, workbook, good) -> None:
    sheet = world.spreadsheet(workbook).worksheet("Constraints")
    header, *rules = sheet.get_all_values()
    free = len(rules) + 2
    names = {name: at for name, at in zip(header, range(1, len(header) + 1), strict=True) if name}
    key = next(item["initiative_key"] for item in good["result"]["items"] if item["rank"] == 5)
    row = {"scenario_name": good["scenario"], "constraint_type": "exclude_initiative", "members": key}
    for name, value in row.items():
        sheet.update([[value]], gspread.utils.rowcol_to_a1(free, names[name]))
    after = world.cli.json("optimize", workbook)
    found = world.cli.json("compare", workbook, "--runs", str(good["run_id"]), str(after["run_id"]))
    gone = {one["initiative_key"]: one for one in found["dropped"]}
    assert key in gone
    assert any(path.startswith("constraint_set.exclusions_initiatives") for path in gone[key]["because"])
    assert found["changed"]
