"""Where a workbook begins: the Start page, and the Intake tab in which anybody asks for something."""

from __future__ import annotations

from sheets_sync.columns import STATUS_COLUMNS, ColumnType, Kind, ListOf, Tab, pm, system

START = Tab(
    name="Start",
    kind=Kind.PAGE,
    meaning="Five steps from ideas to a published roadmap, how far you are, and what to do next.",
    is_optional=True,
)

INTAKE = Tab(
    name="Intake",
    kind=Kind.INPUT,
    meaning="One row for each request. It is copied once into Initiatives; the answer stands beside it. Any number of "
    "such tabs, here and in other spreadsheets, can be bound in Setup (intake_source).",
    is_hidden=True,
    is_optional=True,
    columns=(
        pm(
            "title",
            ColumnType.TEXT,
            "What is asked for, in a few words.",
            example="One-tap checkout",
            aliases=("request", "name"),
            width=260,
            is_required=False,
        ),
        pm(
            "department",
            ColumnType.TEXT,
            "Who would build it. Blank: the department that Setup names for this tab.",
            example="Product",
            dropdown=ListOf.DEPARTMENTS,
            is_required=False,
        ),
        pm("requesting_team", ColumnType.TEXT, "Who asks for it.", example="Growth UK", is_required=False),
        pm("requester_name", ColumnType.TEXT, "Whom to ask back.", example="Dana Reed", is_required=False),
        pm(
            "requester_email",
            ColumnType.TEXT,
            "Where to reach them. It is copied nowhere.",
            example="dana@example.com",
            width=160,
            is_required=False,
        ),
        pm(
            "country",
            ColumnType.TEXT,
            "Where it is needed. Blank: everywhere.",
            example="UK",
            dropdown=ListOf.COUNTRIES,
            width=90,
            is_required=False,
        ),
        pm(
            "product_area",
            ColumnType.TEXT,
            "The product it is about.",
            example="checkout",
            dropdown=ListOf.PRODUCTS,
            aliases=("product",),
            is_required=False,
        ),
        pm(
            "problem_statement",
            ColumnType.TEXT,
            "What is wrong today, and for whom.",
            example="A third of mobile diners give up while typing card numbers",
            aliases=("description", "problem"),
            width=320,
            is_required=False,
        ),
        pm(
            "deadline_date",
            ColumnType.DATE,
            "The day by which it is needed, if there is one.",
            example="2026-03-31",
            aliases=("deadline",),
            is_required=False,
        ),
        system(
            "initiative_key",
            ColumnType.KEY,
            "Given by the system when the request is first read; its row in Initiatives has the same.",
            example="INIT-000123",
        ),
        system(
            "triage_status",
            ColumnType.TEXT,
            "What became of the request so far.",
            example="accepted",
        ),
        system(
            "decision_reason",
            ColumnType.TEXT,
            "Why, where there is something to say.",
            example="in the plan “Roadmap” v3",
            width=220,
        ),
        system(
            "planned_period",
            ColumnType.PERIOD,
            "When the published roadmap starts it.",
            example="2026-Q1",
        ),
        system(
            "possible_duplicate",
            ColumnType.TEXT,
            "An earlier request or initiative of the same words. Nothing is merged by itself.",
            example="INIT-000007 · One-tap checkout",
            width=200,
        ),
        *STATUS_COLUMNS,
    ),
)
