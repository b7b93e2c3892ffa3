"""The tabs that say what a plan has to be: Scenarios, Constraints, Targets, Setup."""

from __future__ import annotations

from engine.rules import KINDS
from sheets_sync.columns import STATUS_COLUMNS, ColumnType, Kind, ListOf, Tab, pm, system

CONSTRAINT_TYPES: dict[str, tuple[str, ...]] = {name: kind.columns for name, kind in KINDS.items()}
"""Which columns each constraint_type uses, beside those that every rule has."""

DECIDING: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "Constraints": ("constraint_type", CONSTRAINT_TYPES),
    "Targets": ("type", {"floor": (), "goal": ("importance",), "cap": ()}),
    "Scenarios": (
        "objective_mode",
        {
            "north_star": (),
            "weighted_kpis": ("objective_weights",),
            "lexicographic": ("objective_order", "may_give_up"),
            "score": (),
        },
    ),
}
"""Tab -> the column that decides which others a row uses, and which ones each of its words uses; those that no word is
named for are used by all."""

IMPORTANCES = ("low", "medium", "high")
DIMENSION_CHOICES = ("all", "country", "department", "category", "program", "product", "segment")
_DIMENSION_EXAMPLE = "all, country, department, category, program, product, segment, or two joined: country+product"

SCENARIOS = Tab(
    name="Scenarios",
    kind=Kind.INPUT,
    meaning="One row for each plan to be made: which period, how much capacity, what is best.",
    columns=(
        pm(
            "scenario_name",
            ColumnType.TEXT,
            "The name of the plan.",
            example="2026-Q1 Core",
            aliases=("scenario",),
            width=160,
        ),
        pm(
            "period_key",
            ColumnType.PERIOD,
            "The first period planned.",
            example="2026-Q1",
            aliases=("period",),
        ),
        pm(
            "periods",
            ColumnType.INTEGER,
            "How many periods are planned. Blank: one.",
            minimum=1,
            unit="periods",
            example="1",
            width=80,
        ),
        pm(
            "capacity_total_tokens",
            ColumnType.NUMBER,
            "What may be spent in all.",
            minimum=0,
            unit="tokens",
            example="3150",
            aliases=("capacity",),
        ),
        pm(
            "capacity_per_period",
            ColumnType.NUMBER,
            "What may be spent in each period. Blank: no limit of its own.",
            minimum=0,
            unit="tokens",
            example="900",
        ),
        pm(
            "objective_mode",
            ColumnType.CHOICE,
            "What makes one plan better than another.",
            example="weighted_kpis",
            choices=("north_star", "weighted_kpis", "lexicographic", "score"),
        ),
        pm(
            "objective_weights",
            ColumnType.WEIGHTS,
            "How much each KPI counts, of weighted_kpis.",
            example="revenue 60%, diners 40%",
            width=220,
        ),
        pm(
            "objective_order",
            ColumnType.ORDER,
            "Which KPI comes first, of lexicographic.",
            example="revenue > diners",
            width=160,
        ),
        pm(
            "may_give_up",
            ColumnType.PERCENT,
            "How much of each KPI's best the next ones may cost, of lexicographic.",
            minimum=0,
            example="5%",
            width=90,
        ),
        pm(
            "good_enough_within",
            ColumnType.PERCENT,
            "How close to the best possible a plan has to be. Blank: automatic; 0 % asks for proof.",
            minimum=0,
            example="0.1%",
            width=90,
        ),
        pm(
            "time_limit_s",
            ColumnType.NUMBER,
            "How long the search may take.",
            minimum=0,
            unit="seconds",
            example="60",
            aliases=("time_limit",),
            width=90,
        ),
        pm(
            "keep_in_progress",
            ColumnType.CHECKBOX,
            "On: what is in progress stays in the plan.",
            example="TRUE",
            width=90,
        ),
        pm(
            "max_changes",
            ColumnType.INTEGER,
            "How many initiatives may come or go against the published roadmap.",
            minimum=0,
            unit="initiatives",
            example="10",
            width=90,
        ),
        pm(
            "is_active",
            ColumnType.CHECKBOX,
            "Off: the scenario is left out. Blank: on.",
            choices=("TRUE", "FALSE"),
            example="TRUE",
            width=90,
        ),
        pm("notes", ColumnType.TEXT, "For people; never read by the optimizer.", width=220, is_required=False),
        *STATUS_COLUMNS,
    ),
)

_APPLIES_TO = (
    pm(
        "scenario_name",
        ColumnType.LIST,
        "The scenarios it holds in; several are allowed. Blank: all.",
        example="2026-Q1 Core",
        dropdown=ListOf.SCENARIOS,
        aliases=("scenario",),
        width=150,
    ),
    pm(
        "constraint_set_name",
        ColumnType.LIST,
        "The sets it belongs to; several are allowed. Blank: all.",
        example="Baseline",
        dropdown=ListOf.SETS,
        aliases=("constraint_set", "set"),
        width=140,
    ),
)

CONSTRAINTS = Tab(
    name="Constraints",
    kind=Kind.INPUT,
    meaning="One row for each rule that a plan has to keep.",
    columns=(
        *_APPLIES_TO,
        pm(
            "constraint_type",
            ColumnType.CHOICE,
            "What kind of rule it is; the kind says which columns it uses.",
            example="capacity_cap",
            choices=tuple(CONSTRAINT_TYPES),
            width=140,
        ),
        pm(
            "dimension",
            ColumnType.TEXT,
            f"What the rule looks at: {_DIMENSION_EXAMPLE}.",
            example="country",
            choices=DIMENSION_CHOICES,
        ),
        pm(
            "dimension_key",
            ColumnType.TEXT,
            "Which one: a country, a product …; of two joined dimensions UK|checkout; of a prerequisite, who waits.",
            example="UK",
            width=140,
        ),
        pm(
            "resource",
            ColumnType.TEXT,
            "Another resource than tokens: the NAME of a resource: NAME column.",
            example="design",
            width=90,
        ),
        pm(
            "period",
            ColumnType.PERIOD,
            "Only in this period. Blank: over the whole plan.",
            example="2026-Q1",
            width=90,
        ),
        pm(
            "min",
            ColumnType.AMOUNT,
            "At least this much; of a share a percentage.",
            minimum=0,
            unit="tokens, the resource's own, initiatives or percent",
            example="200",
            width=80,
        ),
        pm(
            "max",
            ColumnType.AMOUNT,
            "At most this much; of a share a percentage.",
            minimum=0,
            unit="tokens, the resource's own, initiatives or percent",
            example="400",
            width=80,
        ),
        pm(
            "members",
            ColumnType.KEYS,
            "The initiatives that the rule is about.",
            example="INIT-000001, INIT-000002",
            dropdown=ListOf.INITIATIVES,
            width=240,
        ),
        pm(
            "kpi_key",
            ColumnType.TEXT,
            "The KPI that a synergy adds to.",
            example="revenue",
            dropdown=ListOf.KPIS,
            width=100,
        ),
        pm(
            "bonus",
            ColumnType.NUMBER,
            "What a synergy adds when all its members are in.",
            unit="the KPI's own",
            example="5000",
            width=80,
        ),
        pm(
            "reason",
            ColumnType.TEXT,
            "Why; shown beside the initiative.",
            example="Signed contract",
            width=220,
            is_required=False,
        ),
        pm(
            "requested_by",
            ColumnType.TEXT,
            "Whom to ask about this rule.",
            example="Dana (Legal)",
            width=130,
            is_required=False,
        ),
        pm(
            "valid_until",
            ColumnType.DATE,
            "The last day it holds. Blank: for good.",
            example="2026-06-30",
        ),
        pm(
            "is_active",
            ColumnType.CHECKBOX,
            "Off: the rule is left out without deleting it. Blank: on.",
            choices=("TRUE", "FALSE"),
            example="TRUE",
            width=90,
        ),
        pm("notes", ColumnType.TEXT, "For people; never read by the optimizer.", width=220, is_required=False),
        system(
            "reads_as",
            ColumnType.TEXT,
            "The rule in words. Blank: the row does not say a rule yet.",
            example="UK: at most 400 tokens",
            width=260,
        ),
        system(
            "rule_cost",
            ColumnType.TEXT,
            "What the last plan of the default scenario loses by this row. Blank: not in that plan's rules, changed "
            "since, or not found out in time.",
            example="costs 31,000 EUR revenue",
            width=200,
        ),
        *STATUS_COLUMNS,
    ),
)

TARGETS = Tab(
    name="Targets",
    kind=Kind.INPUT,
    meaning="One row for each KPI target of a plan.",
    columns=(
        *_APPLIES_TO,
        pm(
            "dimension",
            ColumnType.TEXT,
            f"What the target looks at: {_DIMENSION_EXAMPLE}. Blank: all.",
            example="all",
            choices=DIMENSION_CHOICES,
        ),
        pm(
            "dimension_key",
            ColumnType.TEXT,
            "Which one: a country, a product … Blank with dimension all.",
            example="all",
            width=140,
        ),
        pm("kpi_key", ColumnType.TEXT, "The KPI.", example="revenue", dropdown=ListOf.KPIS),
        pm(
            "type",
            ColumnType.CHOICE,
            "floor: has to be reached. goal: worth reaching. cap: not to be passed.",
            example="floor",
            choices=("floor", "goal", "cap"),
            aliases=("target_type",),
            width=80,
        ),
        pm(
            "target_value",
            ColumnType.NUMBER,
            "The value to reach.",
            unit="the KPI's own",
            example="150000",
            aliases=("target",),
        ),
        pm(
            "baseline_value",
            ColumnType.NUMBER,
            "Where the KPI stands today. Blank: the target is what the plan adds.",
            unit="the KPI's own",
            example="100000",
            aliases=("baseline",),
        ),
        pm(
            "importance",
            ColumnType.IMPORTANCE,
            "How much missing a goal hurts: low, medium, high or a number.",
            minimum=0,
            example="medium",
            choices=IMPORTANCES,
            aliases=("penalty",),
        ),
        pm(
            "is_active",
            ColumnType.CHECKBOX,
            "Off: the target is left out without deleting it. Blank: on.",
            choices=("TRUE", "FALSE"),
            example="TRUE",
            width=90,
        ),
        pm("notes", ColumnType.TEXT, "For people; never read by the optimizer.", width=220, is_required=False),
        system(
            "required_uplift",
            ColumnType.NUMBER,
            "What the plan has to add: target_value less baseline_value; of a KPI that is to decrease, what it has to "
            "take off.",
            unit="the KPI's own",
            example="50,000",
        ),
        system(
            "reachable",
            ColumnType.TEXT,
            "Whether any plan could reach it, and the most (of a cap the least) that plans could add, all other rules "
            "kept. Blank: not in the last run's rules, changed since, or not found out in time.",
            example="yes: at most 52,000 EUR",
            width=200,
        ),
        *STATUS_COLUMNS,
    ),
)
