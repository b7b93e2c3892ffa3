"""Dates of initiatives, mapped to the periods that are planned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.deadlines import window_of
from engine.findings import Severity
from engine.inputs import InitiativeRow
from engine.scenarios import Horizon

THREE_QUARTERS = Horizon(periods=("2026-Q1", "2026-Q2", "2026-Q3"), fiscal_year_starts=1)


def initiative(**more: Any) -> InitiativeRow:
    return InitiativeRow(
        tab="Initiatives", row=2, initiative_key="INIT-000001", title="Idea", engineering_tokens=Decimal(9), **more
    )


@pytest.mark.parametrize(
    ("cells", "earliest", "latest", "is_excluded"),
    [
        ({"earliest_period": "2026-Q2"}, "2026-Q2", None, False),
        ({"earliest_period": "2025-Q4"}, None, None, False),
        ({"earliest_period": "2026-Q4"}, None, None, True),
        ({"latest_period": "2026-Q2"}, None, "2026-Q2", False),
        ({"latest_period": "2026-H1"}, None, "2026-Q2", False),
        ({"latest_period": "2025-12"}, None, None, True),
        ({"latest_period": "2027-Q1"}, None, None, False),
        ({"deadline_date": date(2026, 4, 2), "deadline_is_hard": True}, None, "2026-Q2", False),
        ({"deadline_date": date(2025, 12, 31), "deadline_is_hard": True}, None, None, True),
        ({"deadline_date": date(2026, 10, 1), "deadline_is_hard": True}, None, None, False),
        (
            {"deadline_date": date(2026, 1, 1), "deadline_is_hard": True, "latest_period": "2026-Q2"},
            None,
            "2026-Q1",
            False,
        ),
        (
            {"deadline_date": date(2026, 9, 1), "deadline_is_hard": True, "latest_period": "2026-Q2"},
            None,
            "2026-Q2",
            False,
        ),
    ],
)
def test_dates_bound_the_periods_of_work_inside_the_horizon_and_exclude_outside(
    cells: dict[str, Any], earliest: str | None, latest: str | None, is_excluded: bool
) -> None:
    window, findings = window_of(initiative(**cells), THREE_QUARTERS)
    assert (window.earliest, window.latest) == (earliest, latest)
    assert (window.excluded_because is not None) is is_excluded
    assert findings == ()


def test_the_cell_behind_a_bound_is_the_one_that_binds() -> None:
    both = {"latest_period": "2026-Q2", "deadline_date": date(2026, 2, 1), "deadline_is_hard": True}
    assert window_of(initiative(**both), THREE_QUARTERS)[0].column == "deadline_date"
    assert window_of(initiative(latest_period="2026-Q2"), THREE_QUARTERS)[0].column == "latest_period"


@pytest.mark.parametrize(
    ("day", "is_told"), [(date(2025, 12, 1), True), (date(2026, 6, 30), True), (date(2026, 7, 1), False)]
)
def test_a_soft_deadline_that_the_plan_may_miss_is_a_warning_and_no_rule(day: date, is_told: bool) -> None:
    window, findings = window_of(initiative(deadline_date=day), THREE_QUARTERS)
    assert (window.earliest, window.latest, window.excluded_because) == (None, None, None)
    assert [finding.severity for finding in findings] == [Severity.WARN] * is_told
    assert all("tick deadline_is_hard" in finding.message for finding in findings)


def test_a_deadline_falls_into_the_fiscal_period() -> None:
    fiscal = Horizon(periods=("2026-Q1", "2026-Q2"), fiscal_year_starts=7)
    window, _ = window_of(initiative(deadline_date=date(2026, 8, 1), deadline_is_hard=True), fiscal)
    assert window.latest == "2026-Q1"


def test_a_latest_period_that_began_before_the_horizon_still_bounds_inside_it() -> None:
    months = Horizon(periods=("2026-02", "2026-03", "2026-04"), fiscal_year_starts=1)
    window, _ = window_of(initiative(latest_period="2026-Q1"), months)
    assert (window.latest, window.excluded_because) == ("2026-03", None)


def test_half_years_and_months_are_mapped_to_the_planned_quarters() -> None:
    window, _ = window_of(initiative(earliest_period="2026-05", latest_period="2026-H1"), THREE_QUARTERS)
    assert (window.earliest, window.latest) == ("2026-Q2", "2026-Q2")
