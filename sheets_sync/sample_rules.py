"""The sample's rules and targets: three sets, every kind of rule, and the mistakes of a copy that has some.

Rows without a set hold in all of them. Baseline and Aggressive can be kept, "Everything at once" cannot: it asks for
more initiatives than the capacity has room for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sheets_sync.sample_initiatives import day

Row = Mapping[str, str | int | float | bool | None]

AGGRESSIVE = "Aggressive"
BASELINE = "Baseline"
EVERYTHING = "Everything at once"


def constraints(key_of: Callable[[str], str]) -> list[Row]:
    """The rows of Constraints; ``key_of`` gives the key of a title."""
    return [*_for_all(key_of), *_baseline(key_of), *_aggressive(key_of), *_everything(), *_switched_off(key_of)]


def _for_all(key_of: Callable[[str], str]) -> list[Row]:
    return [
        {
            "constraint_type": "mandatory",
            "members": key_of("Strong customer authentication 3"),
            "reason": "The regulator's date is 31 March",
            "requested_by": "Amara (Legal)",
        },
        {
            "constraint_type": "exclude_initiative",
            "members": key_of("Alcohol delivery"),
            "reason": "The licence was refused until 2028",
            "requested_by": "Amara (Legal)",
        },
        {
            "constraint_type": "exclude_pair",
            "members": f"{key_of('One-tap checkout')}, {key_of('Checkout redesign')}",
            "requested_by": "Jonas (Consumer)",
            "notes": "Two answers to one question",
        },
        {
            "constraint_type": "bundle",
            "members": f"{key_of('Courier app offline mode')}; {key_of('Courier earnings explained')}",
            "requested_by": "Lucía (Logistics)",
            "notes": "One release of the courier app",
        },
        {
            "constraint_type": "prerequisite",
            "dimension_key": f"{key_of('Dynamic delivery fees')} · Dynamic delivery fees",
            "members": key_of("Demand forecasting v2"),
            "requested_by": "Lucía (Logistics)",
            "notes": "Fees need the forecast",
        },
        {
            "constraint_type": "prerequisite",
            "dimension_key": key_of("Fraud scores in real time"),
            "members": f"{key_of('One catalogue of events')}\n{key_of('Single sign-on for staff')}",
            "requested_by": "Mei (Data)",
        },
        {
            "constraint_type": "synergy",
            "members": f"{key_of('Monthly subscription')} | {key_of('Points and rewards')}",
            "kpi_key": "retention",
            "bonus": 0.008,
            "requested_by": "Priya (Growth)",
            "notes": "Points pay for the subscription",
        },
        {
            "constraint_type": "capacity_cap",
            "dimension": "all",
            "dimension_key": "all",
            "resource": "design",
            "max": 240,
            "requested_by": "Noor (Design)",
            "notes": "Designers, in days",
        },
    ]


def _baseline(key_of: Callable[[str], str]) -> list[Row]:
    return [
        _slice(BASELINE, "capacity_cap", "country", "UK", most=750, by="Tom (UK)"),
        _slice(BASELINE, "capacity_floor", "country", "PL", least=220, by="Ola (Poland)"),
        _slice(BASELINE, "capacity_cap", "country+product", "DE|consumer app", most=210, by="Jonas (Consumer)"),
        _slice(BASELINE, "count_floor", "department", "Merchant", least=3, by="Chiara (Merchant)"),
        _slice(BASELINE, "count_cap", "program", "Loyalty", most=5, by="Priya (Growth)"),
        _slice(f"{BASELINE}, {AGGRESSIVE}", "share_floor", "category", "tech debt", least=0.12, by="Sam (Platform)"),
        _slice(BASELINE, "share_cap", "department", "Growth", most=0.2, by="Priya (Growth)"),
        {
            **_slice(BASELINE, "capacity_cap", "department", "Logistics", most=620, by="Lucía (Logistics)"),
            "period": "2027-Q1",
        },
        {
            "constraint_set_name": BASELINE,
            "constraint_type": "group",
            "members": ", ".join(map(key_of, ("Pay by bank", "Pay by instalments", "Meal vouchers"))),
            "min": 1,
            "max": 2,
            "requested_by": "Elif (Payments)",
            "notes": "One or two new ways to pay a quarter",
        },
    ]


def _aggressive(key_of: Callable[[str], str]) -> list[Row]:
    return [
        _slice(AGGRESSIVE, "capacity_floor", "department", "Growth", least=750, by="Priya (Growth)"),
        _slice(AGGRESSIVE, "capacity_cap", "department", "Platform", most=480, by="Sam (Platform)"),
        _slice(AGGRESSIVE, "count_floor", "country", "ES", least=3, by="Nuria (Spain)"),
        _slice(AGGRESSIVE, "count_cap", "all", "all", most=30, by="Dana (Portfolio)"),
        _slice(AGGRESSIVE, "share_cap", "country", "UK", most=0.25, by="Tom (UK)"),
        {
            **_slice(AGGRESSIVE, "capacity_floor", "program", "Loyalty", least=30, by="Noor (Design)"),
            "resource": "design",
        },
        {
            **_slice(AGGRESSIVE, "capacity_floor", "program", "Faster delivery", least=450, by="Lucía (Logistics)"),
            "period": "2027-Q1",
        },
        {
            **_slice(AGGRESSIVE, "capacity_cap", "department", "Consumer", most=70, by="Noor (Design)"),
            "resource": "design",
            "period": "2027-Q1",
        },
        {
            "constraint_set_name": AGGRESSIVE,
            "constraint_type": "mandatory",
            "members": key_of("Sponsored listings"),
            "reason": "Promised to the board",
            "requested_by": "Chiara (Merchant)",
        },
    ]


def _everything() -> list[Row]:
    return [
        {
            **_slice(EVERYTHING, "count_floor", "all", "all", least=36, by="Dana (Portfolio)"),
            "notes": "Nobody wants to say no",
        },
        _slice(EVERYTHING, "count_floor", "department", "Support", least=2, by="Ines (Support)"),
        _slice(EVERYTHING, "capacity_floor", "department", "Platform", least=300, by="Sam (Platform)"),
    ]


def _switched_off(key_of: Callable[[str], str]) -> list[Row]:
    return [
        {
            **_slice(BASELINE, "capacity_cap", "country", "UK", most=400, by="Tom (UK)"),
            "is_active": False,
            "notes": "The old cap, kept to compare",
        },
        {
            "constraint_type": "mandatory",
            "members": key_of("Local landing pages"),
            "reason": "Campaign of the football summer",
            "requested_by": "Priya (Growth)",
            "valid_until": day(2026, 6, 30),
        },
    ]


def _slice(
    name: str,
    kind: str,
    dimension: str,
    key: str,
    *,
    least: float | None = None,
    most: float | None = None,
    by: str | None = None,
) -> Row:
    return {
        "constraint_set_name": name,
        "constraint_type": kind,
        "dimension": dimension,
        "dimension_key": key,
        "min": least,
        "max": most,
        "requested_by": by,
        "is_active": True,
    }


def targets() -> list[Row]:
    """The rows of Targets."""
    return [
        _target(BASELINE, "floor", "revenue", 8_000_000),
        {**_target(BASELINE, "goal", "revenue", 11_400_000, importance="low"), "notes": "The board's hope"},
        _target(BASELINE, "goal", "orders", 1_450_000, since=1_200_000, importance="medium"),
        _target(f"{BASELINE}, {AGGRESSIVE}", "floor", "delivery_time", 31.5, since=34),
        _target("", "goal", "retention", 0.45, since=0.31, importance="medium"),
        {**_target("", "cap", "partners", 1500), "notes": "More cannot be trained in a quarter"},
        _target(AGGRESSIVE, "floor", "revenue", 9_500_000),
        _target(AGGRESSIVE, "goal", "orders", 1_500_000, since=1_200_000, importance="high"),
        {**_target(AGGRESSIVE, "goal", "partners", 660, importance=0.5), "dimension": "country", "dimension_key": "IT"},
    ]


def _target(
    name: str,
    kind: str,
    kpi_key: str,
    value: float,
    *,
    since: float | None = None,
    importance: str | float | None = None,
) -> Row:
    return {
        "constraint_set_name": name or None,
        "dimension": "all",
        "dimension_key": "all",
        "kpi_key": kpi_key,
        "type": kind,
        "target_value": value,
        "baseline_value": since,
        "importance": importance,
        "is_active": True,
    }


def mistaken_constraints(key_of: Callable[[str], str]) -> list[Row]:
    """Rules with an honest mistake each."""
    return [
        _slice(BASELINE, "capacity_cap", "country", "UK", most=800, by="Tom (UK)"),
        {**_slice(BASELINE, "capacity_cap", "country", "FR", by="Claire (France)"), "max": "abc"},
        _slice(BASELINE, "count_floor", "department", "Marchant", least=2, by="Chiara (Merchant)"),
        {**_slice(BASELINE, "share_cap", "countri", "IT", by="Marco (Italy)"), "max": 30},
        {**_slice(BASELINE, "capacity_cap", "country", "NL", most=450, by="Bram (Netherlands)"), "bonus": 5},
        {"constraint_type": "bundle", "members": f"{key_of('Pay by bank')}, INIT-999999", "requested_by": "Elif"},
        {**_slice(BASELINE, "count_cap", "country", "PT", most=2), "scenario_name": "2027-Q1 Coer"},
        {"constraint_type": "exclude_initiative", "members": key_of("Alcohol delivery"), "reason": "No licence"},
    ]


def mistaken_targets() -> list[Row]:
    """Targets with an honest mistake each."""
    return [
        _target(BASELINE, "goal", "revenu", 9_000_000),
        _target(BASELINE, "cap", "delivery_time", 33, since=34),
    ]
