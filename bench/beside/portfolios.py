"""Generated portfolios for the benches: feasible, with 5 to 12 kinds of rules, hard in the way that real ones are."""

from __future__ import annotations

import random
from typing import Any

COUNTRIES = ("UK", "DE", "FR", "ES", "IT", "PL", "NL", "SE")
DEPARTMENTS = ("Product", "Operations", "Growth", "Payments", "Data", "Platform", "Care", "Supply")
MOST_KINDS = 12
Rows = list[dict[str, Any]]


def portfolio(count: int, seed: int) -> dict[str, Any]:
    """A problem of ``count`` candidates as plain JSON values. The capacity takes some 70 % of all tokens; there are as
    many kinds of rules as the seed says (5, 6, ... 12, and again). All numbers of rules are whole."""
    r = random.Random(1_000_003 * count + seed)
    keys = [f"INIT-{i:06d}" for i in range(count)]
    candidates = [
        {
            "initiative_key": key,
            "title": f"Initiative {i}",
            "engineering_tokens": r.randint(90, 260),
            "country": r.choice(COUNTRIES),
            "department": r.choice(DEPARTMENTS),
            "product": r.choice(("Checkout", "Search", "Delivery")),
            "resources": {"design": r.randint(0, 30)},
            "kpi_contributions": {"revenue": r.randint(0, 50_000), "diners": r.randint(0, 900)},
        }
        for i, key in enumerate(keys)
    ]
    capacity = round(sum(c["engineering_tokens"] for c in candidates) * 0.7)
    rules: dict[str, Any] = {}
    for kind in list(_KINDS)[: 5 + (seed - 1) % (MOST_KINDS - 4)]:
        _KINDS[kind](rules, r, candidates)
    return {
        "capacity_total_tokens": capacity,
        "objective": {"mode": "north_star"},
        "kpis": [{"kpi_key": "revenue", "kpi_level": "north_star", "unit": "EUR"}, {"kpi_key": "diners"}],
        "candidates": candidates,
        "constraint_set": rules,
    }


def _key(rows: Rows, i: int) -> str:
    return rows[i]["initiative_key"]


def _keys(rows: Rows) -> list[str]:
    return [row["initiative_key"] for row in rows]


def _tokens(rows: Rows, dimension: str, key: str) -> int:
    return sum(row["engineering_tokens"] for row in rows if row[dimension] == key)


def _caps(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["caps"] = {"country": {key: round(0.6 * _tokens(rows, "country", key)) for key in COUNTRIES[:4]}}


def _floors(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["floors"] = {"department": {key: round(0.55 * _tokens(rows, "department", key)) for key in DEPARTMENTS[:4]}}


def _resource_caps(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["resource_caps"] = {"design": {"all": {"all": round(15 * len(rows) * 0.62)}}}


def _prerequisites(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["prerequisites"] = {_key(rows, i): [_key(rows, i - 1)] for i in range(5, len(rows), 25)}


def _pairs(rules: dict[str, Any], r: random.Random, rows: Rows) -> None:
    rules["exclusions_pairs"] = [sorted(r.sample(_keys(rows), 2)) for _ in range(max(1, len(rows) // 50))]


def _bundles(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["bundles"] = [
        {"bundle_key": f"b{i}", "members": [_key(rows, i), _key(rows, i + 1)]} for i in range(8, len(rows) - 1, 50)
    ]


def _synergies(rules: dict[str, Any], r: random.Random, rows: Rows) -> None:
    rules["synergy_bonuses"] = [
        {"members": [_key(rows, i), _key(rows, i + 2)], "kpi_key": "revenue", "bonus": r.randint(1_000, 9_000)}
        for i in range(3, len(rows) - 2, 30)
    ]


def _goals(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    goal = {"value": 420 * len(rows), "penalty": 1}
    rules["targets"] = {"all": {"all": {"diners": {"goal": goal}}}}


def _count_floors(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["count_floors"] = {"country": {"SE": max(1, len(rows) // 20)}}


def _groups(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["groups"] = [
        {"group_key": f"g{i}", "members": _keys(rows)[i : i + 4], "min_selected": 1, "max_selected": 3}
        for i in range(12, len(rows) - 4, 100)
    ]


def _share_caps(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["share_caps"] = {"product": {"Search": 0.35}}


def _mandatory(rules: dict[str, Any], _r: random.Random, rows: Rows) -> None:
    rules["mandatory_initiatives"] = [_key(rows, 1), _key(rows, -1)]


_KINDS = {
    "caps": _caps,
    "floors": _floors,
    "resource_caps": _resource_caps,
    "prerequisites": _prerequisites,
    "exclusions_pairs": _pairs,
    "bundles": _bundles,
    "synergy_bonuses": _synergies,
    "goals": _goals,
    "count_floors": _count_floors,
    "groups": _groups,
    "share_caps": _share_caps,
    "mandatory_initiatives": _mandatory,
}
