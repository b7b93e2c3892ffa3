"""The tabs that the system fills: Portfolio, Alerts, Roadmap Plan, Roadmap, Run Log, Checks, Requests."""

from __future__ import annotations

from sheets_sync.columns import STATUS_COLUMNS, TITLE, Column, ColumnType, Family, Kind, Owner, Tab, pm, system

PROVENANCE: tuple[Column, ...] = (
    system(
        "run", ColumnType.LINK, "The run that this row comes from, and when it was made.", example="128 · Tue 14:02"
    ),
    system("scenario", ColumnType.TEXT, "The scenario of that run.", example="2026-Q1 Core", width=130),
    system("constraint_set", ColumnType.TEXT, "The set of rules of that run.", example="Baseline"),
    system("rules_version", ColumnType.INTEGER, "Which version of those rules it was.", example="7", width=90),
    system(
        "inputs_as_of", ColumnType.DATETIME, "When the rows behind it were read.", example="2026-01-13 14:01", width=130
    ),
    system("solved_at", ColumnType.DATETIME, "When the plan was found.", example="2026-01-13 14:02", width=130),
    system("plan_quality", ColumnType.TEXT, "How close to the best possible plan it is.", example="best possible"),
    system(
        "source",
        ColumnType.CHOICE,
        "Who put it there.",
        example="optimizer",
        choices=("optimizer", "mandatory", "locked", "manual"),
    ),
    system("source_rows", ColumnType.LINK, "The rows behind it.", example="Constraints row 7", width=260),
    system("run_id", ColumnType.INTEGER, "The run's number in the database.", example="128", group="technical"),
    system(
        "portfolio_id", ColumnType.INTEGER, "The portfolio's number in the database.", example="97", group="technical"
    ),
    system(
        "constraint_digest",
        ColumnType.TEXT,
        "A fingerprint of the rules as they were used.",
        example="sha256:4f…",
        group="technical",
    ),
)
"""The last columns of every row of Portfolio, Alerts and Roadmap Plan: from any cell back to what caused it."""

PUBLICATION: tuple[Column, ...] = (
    system("roadmap_version", ColumnType.INTEGER, "Which published version this row shows.", example="4", width=90),
    system("published_by", ColumnType.TEXT, "Who published it.", example="dana@example.com", width=150),
    system("published_at", ColumnType.DATETIME, "When it was published.", example="2026-01-13 15:30", width=130),
)
"""What Roadmap Plan's provenance adds."""

_KEY = system("initiative_key", ColumnType.KEY, "The initiative.", example="INIT-000123", is_required=True)

PORTFOLIO = Tab(
    name="Portfolio",
    kind=Kind.OUTPUT,
    meaning="One row for each candidate of the last good run of the default scenario: in or out, and why.",
    families_after="start_period",
    families=(
        Family(
            name="kpi",
            prefix="",
            owner=Owner.SYSTEM,
            type=ColumnType.NUMBER,
            meaning="What the initiative adds to this KPI.",
            unit="the KPI's own",
            example="48000",
        ),
    ),
    columns=(
        system("rank", ColumnType.INTEGER, "The order of the chosen ones, first is best.", example="1", width=60),
        _KEY,
        TITLE,
        system("country", ColumnType.TEXT, "Where it goes live.", example="UK", width=90),
        system("department", ColumnType.TEXT, "Who builds it.", example="Product"),
        system("category", ColumnType.TEXT, "The kind of work.", example="new feature"),
        system("program", ColumnType.TEXT, "The theme it belongs to.", example="Checkout"),
        system("product", ColumnType.TEXT, "The product it belongs to.", example="checkout"),
        system("segment", ColumnType.TEXT, "The customers it serves.", example="B2C", width=90),
        system("selected", ColumnType.CHECKBOX, "On: it is in the plan.", example="TRUE", width=80),
        system("allocated_tokens", ColumnType.NUMBER, "What the plan spends on it.", unit="tokens", example="120"),
        system("start_period", ColumnType.PERIOD, "When work starts.", example="2026-Q1", width=90),
        system("why", ColumnType.TEXT, "Why it is in or out.", example="best value per token in Checkout", width=280),
        system(
            "gets_in_if",
            ColumnType.TEXT,
            "What would get it in, all else as it is. Blank: it is in, or this was not found out in time.",
            example="it brings 52,000 EUR revenue (now 48,000)",
            width=240,
        ),
        *PROVENANCE,
    ),
)

ALERTS = Tab(
    name="Alerts",
    kind=Kind.OUTPUT,
    is_hidden=True,
    meaning="One row for each target, and for each rule that has no room left.",
    columns=(
        system(
            "severity",
            ColumnType.CHOICE,
            "How bad it is.",
            choices=("OK", "WARN", "CRITICAL"),
            example="CRITICAL",
            width=90,
        ),
        system("problem", ColumnType.TEXT, "What it is about.", example="Net revenue misses its floor", width=360),
        system("required", ColumnType.NUMBER, "What was asked for.", example="164,687"),
        system("achieved", ColumnType.NUMBER, "What the plan reaches.", example="165,210"),
        system("short_by", ColumnType.NUMBER, "What is missing; of a cap, what is too much.", example="0"),
        system("unit", ColumnType.TEXT, "What these are counted in.", example="EUR", width=130),
        system("who_to_ask", ColumnType.TEXT, "Who asked for the rule.", example="Dana (Legal)", width=130),
        system(
            "repair",
            ColumnType.TEXT,
            "What would help. Of rules that cannot all hold: the least change that makes a plan possible.",
            example="Raise Constraints!I7 from 400 to 460 tokens",
            width=300,
        ),
        system("go_to", ColumnType.LINK, "The row behind it.", example="Targets row 3", width=200),
        *PROVENANCE,
    ),
)

ROADMAP_PLAN = Tab(
    name="Roadmap Plan",
    kind=Kind.OUTPUT,
    meaning="The plan to edit. A blank cell follows the plan; what is typed is yours; a cleared cell is handed back.",
    columns=(
        system(
            "section",
            ColumnType.CHOICE,
            "planned, not doing, or below the line: not planned.",
            example="planned",
            choices=("planned", "not doing", "not planned"),
        ),
        _KEY,
        TITLE,
        pm(
            "decision",
            ColumnType.CHOICE,
            "in or out, against the plan. Blank follows the plan.",
            example="in",
            choices=("in", "out"),
            width=80,
        ),
        pm(
            "planned_period",
            ColumnType.PERIOD,
            "When it starts. Blank follows the plan.",
            example="2026-Q1",
        ),
        pm(
            "priority_rank",
            ColumnType.INTEGER,
            "Its place in the order. Blank follows the plan.",
            minimum=1,
            example="3",
            aliases=("priority",),
            width=80,
        ),
        pm(
            "is_locked_in",
            ColumnType.CHECKBOX,
            "On: stays as it is at the next runs and publishes.",
            example="TRUE",
            aliases=("locked", "is_locked"),
            width=80,
        ),
        pm("owner", ColumnType.TEXT, "Who answers for it.", example="Dana", width=110),
        pm("status", ColumnType.TEXT, "How it goes.", example="on track"),
        pm("confidence", ColumnType.TEXT, "How sure it is.", example="high"),
        pm(
            "public_note",
            ColumnType.TEXT,
            "A note for the Roadmap page.",
            example="Waits for the new gateway",
            width=200,
        ),
        pm("notes", ColumnType.TEXT, "For the planners; never on the Roadmap page.", width=200),
        pm(
            "override_reason",
            ColumnType.TEXT,
            "Why you differ from the plan.",
            example="Promised to a partner",
            width=200,
        ),
        system("effective_period", ColumnType.PERIOD, "When it starts, with your edits.", example="2026-Q1"),
        system("effective_rank", ColumnType.INTEGER, "Its place, with your edits.", example="3", width=90),
        system("plan_wants", ColumnType.TEXT, "What the last run would do with it.", example="in, 2026-Q1", width=130),
        system(
            "conflict",
            ColumnType.TEXT,
            "Where your edit and the plan differ.",
            example="you keep it in; the plan leaves it out",
            width=240,
        ),
        system("department", ColumnType.TEXT, "Who builds it.", example="Product"),
        system("program", ColumnType.TEXT, "The theme it belongs to.", example="Checkout"),
        system("allocated_tokens", ColumnType.NUMBER, "What the plan spends on it.", unit="tokens", example="120"),
        system(
            "why",
            ColumnType.TEXT,
            "Why the plan has it in or out.",
            example="best value per token in Checkout",
            width=240,
        ),
        system("roadmap_name", ColumnType.TEXT, "The roadmap that this tab shows.", example="Core roadmap", width=130),
        *STATUS_COLUMNS,
        *PROVENANCE,
        *PUBLICATION,
    ),
)

ROADMAP = Tab(
    name="Roadmap",
    kind=Kind.PAGE,
    meaning="For leadership: the published roadmap on one page.",
)

RUN_LOG = Tab(
    name="Run Log",
    kind=Kind.OUTPUT,
    is_hidden=True,
    meaning="What the worker did, newest first.",
    columns=(
        system("time", ColumnType.DATETIME, "When it began.", example="2026-01-13 14:02", width=130),
        system("who", ColumnType.TEXT, "Who asked.", example="dana@example.com", width=150),
        system("trigger", ColumnType.TEXT, "How it was asked.", example="menu"),
        system("action", ColumnType.TEXT, "What was done.", example="optimize"),
        system("scenario", ColumnType.TEXT, "The scenario.", example="2026-Q1 Core", width=130),
        system("constraint_set", ColumnType.TEXT, "The set of rules.", example="Baseline", aliases=("set",)),
        system("status", ColumnType.TEXT, "How it ended.", example="done", width=90),
        system("plan_quality", ColumnType.TEXT, "How close to the best possible plan.", example="best possible"),
        system("seconds", ColumnType.NUMBER, "How long it took.", unit="seconds", example="4.2", width=80),
        system("rows_read", ColumnType.INTEGER, "How many rows were read.", example="168", width=80),
        system("rows_written", ColumnType.INTEGER, "How many rows were written.", example="120", width=90),
        system("api_calls", ColumnType.INTEGER, "How many calls to Google it took.", example="4", width=80),
        system(
            "message",
            ColumnType.TEXT,
            "What came of it, in a sentence.",
            example="23 of 58 initiatives are in",
            width=360,
        ),
        system("run", ColumnType.INTEGER, "The run's number.", example="128", width=70),
    ),
)

CHECKS = Tab(
    name="Checks",
    kind=Kind.OUTPUT,
    is_hidden=True,
    meaning="Every open problem, linked to its cell.",
    columns=(
        system("severity", ColumnType.CHOICE, "How bad it is.", choices=("WARN", "ERROR"), example="ERROR", width=90),
        system("tab", ColumnType.TEXT, "The tab it is on.", example="Constraints", width=120),
        system("row", ColumnType.INTEGER, "The row it is on.", example="7", width=60),
        system("column", ColumnType.TEXT, "The column it is in.", example="max", width=150),
        system(
            "problem",
            ColumnType.TEXT,
            "What is wrong and how to mend it.",
            example="'abc' is not a number; write 120",
            width=460,
        ),
        system("go_to", ColumnType.LINK, "Jumps to the cell.", example="Constraints!I7", width=150),
    ),
)

REQUESTS = Tab(
    name="Requests",
    kind=Kind.OUTPUT,
    is_hidden=True,
    meaning="What was asked of the worker and is waiting, or has been answered.",
    columns=(
        pm(
            "request_id",
            ColumnType.TEXT,
            "Made by whoever asks; the same id runs once.",
            example="7f3a…",
            width=160,
        ),
        pm(
            "action",
            ColumnType.TEXT,
            "What is asked.",
            example="optimize",
            choices=("check", "optimize", "publish", "cancel"),
            former_choices=(("check", "optimize", "publish"),),
        ),
        pm(
            "arguments",
            ColumnType.TEXT,
            "Details of the request.",
            example='{"scenario": "2026-Q1 Core"}',
            width=220,
        ),
        pm("requested_by", ColumnType.TEXT, "Who asks.", example="dana@example.com", width=150),
        pm(
            "requested_at",
            ColumnType.DATETIME,
            "When it was asked.",
            example="2026-01-13 14:02",
            width=130,
        ),
        system(
            "status",
            ColumnType.CHOICE,
            "What became of it. Blank: it waits.",
            example="done",
            choices=("queued", "running", "done", "failed", "cancelled"),
        ),
        system("message", ColumnType.TEXT, "What came of it, in a sentence.", width=360),
    ),
)

OUTPUT_TABS = (PORTFOLIO, ALERTS, ROADMAP_PLAN, ROADMAP, RUN_LOG, CHECKS, REQUESTS)
