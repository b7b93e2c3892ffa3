"""The sample workbook as data: a food-delivery marketplace, as its product managers would type it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sheets_sync.sample_initiatives import IDEAS, KPI_KEYS, REQUESTS, TEAMS, Idea
from sheets_sync.sample_rules import constraints, mistaken_constraints, mistaken_targets, targets

Cell = str | int | float | bool | None
Rows = list[dict[str, Cell]]

SAMPLE_SIZE = len(IDEAS)
"""How many initiatives the sample has, and so how many keys ``sample_tables`` takes."""


def sample_tables(keys: Sequence[str], *, mistakes: bool = False) -> Mapping[str, Sequence[Mapping[str, Cell]]]:
    """Tab name -> rows as {column name: cell value as a PM types it}, blank cells left out.

    ``keys`` are SAMPLE_SIZE reserved initiative keys, in the order of the Initiatives rows; ValueError for another
    number of them. ``mistakes`` adds a few honest mistakes, so that Checks has something to show: with them the run
    stops. Dates are serial numbers, as a spreadsheet holds them once they are typed.
    """
    if len(keys) != SAMPLE_SIZE:
        raise ValueError(f"the sample has {SAMPLE_SIZE} initiatives and needs as many keys, not {len(keys)}")
    by_title = {idea.title: key for idea, key in zip(IDEAS, keys, strict=True)}
    key_of: Callable[[str], str] = by_title.__getitem__
    tables: dict[str, Rows] = {
        "Initiatives": [_initiative(idea, by_title[idea.title]) for idea in IDEAS],
        "Metrics": _metrics(),
        "Contributions": [_contribution(idea, by_title[idea.title]) for idea in IDEAS if idea.brings is not None],
        "Scenarios": _scenarios(),
        "Constraints": [_filled(row) for row in constraints(key_of)],
        "Targets": [_filled(row) for row in targets()],
        "Setup": _setup(),
        "Intake": [dict(request) for request in REQUESTS],
    }
    if mistakes:
        _spoil(tables, key_of)
    return tables


def _filled(row: Mapping[str, Cell]) -> dict[str, Cell]:
    return {column: value for column, value in row.items() if value is not None}


def _initiative(idea: Idea, key: str) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "initiative_key": key,
        "title": idea.title,
        "department": idea.department,
        "country": idea.country,
        "product": idea.product,
        "segment": idea.segment,
        "category": idea.category,
        "program": idea.program,
        "requesting_team": TEAMS[idea.department],
        "lifecycle_status": "ready",
        "engineering_tokens": idea.tokens,
        "resource: design": idea.design,
        "is_candidate": True,
    }
    return _filled({**row, **(idea.more or {})})


def _contribution(idea: Idea, key: str) -> dict[str, Cell]:
    return _filled({"initiative_key": key, **dict(zip(KPI_KEYS, idea.brings or (), strict=True))})


def _metrics() -> Rows:
    facts = (
        ("revenue", "Net revenue", "north_star", "EUR", "increase", "After refunds and vouchers, added over a year"),
        ("orders", "Orders", "strategic", "orders a month", "increase", "Delivered orders in the average month"),
        ("retention", "Retention after 90 days", "strategic", "share of diners", "increase", "0.01 is one point"),
        ("delivery_time", "Delivery time", "strategic", "minutes", "decrease", "From paying to the door, the median"),
        ("partners", "Active partners", "strategic", "restaurants", "increase", "With an order in the last month"),
    )
    columns = ("kpi_key", "kpi_name", "kpi_level", "unit", "direction", "description")
    return [{**dict(zip(columns, fact, strict=True)), "is_active": True} for fact in facts]


def _scenarios() -> Rows:
    return [
        {
            "scenario_name": "2027-Q1 Core",
            "period_key": "2027-Q1",
            "periods": 1,
            "capacity_total_tokens": 4500,
            "objective_mode": "weighted_kpis",
            "objective_weights": "revenue 50%, orders 20%, retention 20%, delivery_time 10%",
            "good_enough_within": 0,
            "time_limit_s": 60,
            "keep_in_progress": True,
            "is_active": True,
            "notes": "What the leads agreed in November",
        },
        {
            "scenario_name": "2027-Q1 Revenue first",
            "period_key": "Q1 2027",
            "capacity_total_tokens": 4500,
            "objective_mode": "north_star",
            "keep_in_progress": True,
            "is_active": True,
            "notes": "What if only revenue counted?",
        },
        {
            "scenario_name": "2027-Q1 Lean",
            "period_key": "2027-Q1",
            "periods": 1,
            "capacity_total_tokens": 3900,
            "objective_mode": "weighted_kpis",
            "objective_weights": "revenue 40%, delivery_time 40%, partners 20%",
            "time_limit_s": 60,
            "keep_in_progress": True,
            "is_active": True,
            "notes": "If the hiring freeze stays",
        },
    ]


def _setup() -> Rows:
    values = {
        "default_scenario": "2027-Q1 Core",
        "default_constraint_set": "Baseline",
        "time_zone": "Europe/London",
        "currency": "EUR",
        "cost_per_token": "650",
        "fiscal_year_starts": "January",
        "schedule": "every 30 minutes",
        "scheduled_run_shows": "alerts",
    }
    return [{"key": key, "value": value} for key, value in values.items()]


def _spoil(tables: dict[str, Rows], key_of: Callable[[str], str]) -> None:
    """Mistakes as people make them: a remark in a number, an impossible date, a key that never was, a slip."""
    rows = {row["title"]: row for row in tables["Initiatives"]}
    rows["Pay by bank"]["engineering_tokens"] = "ca. 150"
    rows["Student plan"]["deadline_date"] = "31.02.2027"
    rows["Handover codes at the door"]["lifecycle_status"] = "reday"
    tables["Contributions"].append({"initiative_key": "INIT-999999", "revenue": 50000})
    tables["Scenarios"][2]["objective_weights"] = "revenu 40%, delivery_time 40%, partners 20%"
    tables["Constraints"] += [_filled(row) for row in mistaken_constraints(key_of)]
    tables["Targets"] += [_filled(row) for row in mistaken_targets()]
