"""The Setup tab: settings, one a row, and where requests come in from."""

from __future__ import annotations

from sheets_sync.columns import STATUS_COLUMNS, ColumnType, Kind, Tab, pm, system

SETUP = Tab(
    name="Setup",
    kind=Kind.INPUT,
    meaning="The workspace's settings, one a row.",
    is_hidden=True,
    columns=(
        pm(
            "key",
            ColumnType.TEXT,
            "The name of the setting.",
            example="default_scenario",
            aliases=("setting",),
            width=200,
        ),
        pm("value", ColumnType.TEXT, "What it is set to.", example="2026-Q1 Core", width=220),
        pm(
            "tab",
            ColumnType.TEXT,
            "Of an intake_source: the tab that holds the requests. Blank: Intake.",
            example="Form responses 1",
            is_required=False,
        ),
        pm(
            "default_department",
            ColumnType.TEXT,
            "Of an intake_source: the department of requests that name none.",
            example="Growth",
            is_required=False,
        ),
        pm(
            "column_map",
            ColumnType.LIST,
            "Of an intake_source: how its columns are called there, as THERE=column of Intake; several with commas.",
            example="Ask=title, Team=requesting_team",
            width=200,
            is_required=False,
        ),
        pm(
            "write_back",
            ColumnType.CHECKBOX,
            "Of an intake_source: FALSE writes nothing into that tab. Blank: the requesters read there what became of "
            "their requests.",
            choices=("TRUE", "FALSE"),
            example="TRUE",
            width=90,
            is_required=False,
        ),
        system(
            "connection",
            ColumnType.TEXT,
            "Of an intake_source: whether it is connected, and if not, what is missing.",
            example="connected: 12 requests in “Growth requests”",
            width=320,
        ),
        *STATUS_COLUMNS,
    ),
)
