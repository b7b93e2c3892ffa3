"""The Setup tab: which settings there are, and their rows as one validated value."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from engine.findings import Severity
from engine.inputs import IntakeSource, Setup
from sheets_sync.cells import Parsed, bad, plain_text, read_choice, read_number, shown
from sheets_sync.headers import folded
from sheets_sync.role_rows import is_role
from sheets_sync.setup_sources import INTAKE_SOURCE, is_source, read_sources, setup_row
from sheets_sync.table_rows import Table, TableRow

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of Setup: what it means, an example, and how its text becomes a value (given the locale)."""

    key: str
    meaning: str
    example: str
    read: Callable[[str, str], Parsed[Any]]


def _as_text(text: str, locale: str) -> Parsed[str]:
    return Parsed(text)


def _as_time_zone(text: str, locale: str) -> Parsed[str]:
    if is_time_zone(text):
        return Parsed(text)
    zones = {zone.casefold(): zone for zone in available_timezones()}
    wanted = text.casefold().replace(" ", "_")[:60]
    cities = {zone.rsplit("/", maxsplit=1)[-1]: zone for zone in sorted(zones)}
    near = cities.get(wanted) or next(iter(difflib.get_close_matches(wanted, zones, n=1, cutoff=0.7)), "")
    return bad(f"{shown(text)} is not a time zone; write {zones.get(near, 'one such as Europe/Berlin')}")


def _as_month(text: str, locale: str) -> Parsed[int]:
    word = folded(text)
    for number, name in enumerate(_MONTHS, start=1):
        if word in (str(number), f"0{number}", name.casefold(), name[:3].casefold()):
            return Parsed(number)
    near = difflib.get_close_matches(text.capitalize()[:20], _MONTHS, n=1)
    return bad(
        f"{shown(text)} is not a month; write {near[0] if near else 'one such as April, or a number from 1 to 12'}"
    )


def _as_cost(text: str, locale: str) -> Parsed[Any]:
    number = read_number(text, locale, example="850")
    if number.value is not None and number.value < 0:
        return bad(f"{shown(text)} is below 0; write 0 or more")
    return Parsed(number.value, problem=number.problem)


def _as_shown(text: str, locale: str) -> Parsed[str]:
    return read_choice(text, ("alerts", "portfolio"))


_ROLE_CELL = "Addresses, or @example.com for a domain; blank: every editor. It stands in the protected rows alone."

SETTINGS: tuple[Setting, ...] = (
    Setting("default_scenario", "The scenario that runs when none is named.", "2026-Q1 Core", _as_text),
    Setting("default_constraint_set", "The set of rules that is used when none is named.", "Baseline", _as_text),
    Setting("time_zone", "Where a day begins and when schedules run.", "Europe/Berlin", _as_time_zone),
    Setting("currency", "What money is counted in.", "EUR", _as_text),
    Setting("cost_per_token", "What one token costs.", "850", _as_cost),
    Setting("fiscal_year_starts", "The month in which the fiscal year starts.", "January", _as_month),
    Setting("schedule", "When runs start by themselves. Blank: never.", "weekdays 07:00", _as_text),
    Setting(
        "scheduled_run_shows", "What a run by itself writes: alerts only, or the portfolio too.", "alerts", _as_shown
    ),
    Setting("may_view", f"Who may look at runs over the webhook. {_ROLE_CELL}", "@example.com", _as_text),
    Setting("may_plan", f"Who may run and cancel over the webhook. {_ROLE_CELL}", "@example.com", _as_text),
    Setting("may_approve", f"Who may approve formulas and params. {_ROLE_CELL}", "ana@example.com", _as_text),
    Setting("may_publish", f"Who may publish. {_ROLE_CELL}", "ana@example.com, bo@example.com", _as_text),
    Setting(
        INTAKE_SOURCE,
        "A spreadsheet in which requests come in (id or address; blank: this one), one row each; the columns tab, "
        "default_department, column_map and write_back say how.",
        "https://docs.google.com/spreadsheets/d/1AbC…",
        _as_text,
    ),
)
"""The keys that Setup may hold; intake_source may stand any number of times."""

_BY_KEY = {folded(setting.key): setting for setting in SETTINGS}


def is_time_zone(name: str) -> bool:
    """Whether ``name`` is a time zone that can be used, such as "Europe/Berlin"."""
    try:
        return bool(name) and len(name) < 60 and ZoneInfo(name).key == name
    except (KeyError, ValueError, OSError):
        return False


def currency_of(rows: Iterable[TableRow]) -> str:
    """The code ("EUR") in which money is counted; "" where Setup names none."""
    for row in rows:
        key, value = row.values.get("key"), row.values.get("value")
        if key and value and folded(key) == "currency":
            return value.strip().upper()
    return ""


def read_setup(table: Table | None, locale: str, workbook_time_zone: str, spreadsheet_id: str) -> Setup:
    """Setup as one value; what is not set or wrong keeps its default, the time zone that of the workbook.
    ``spreadsheet_id`` is the workbook's own."""
    default: dict[str, Any] = {"time_zone": workbook_time_zone if is_time_zone(workbook_time_zone) else "UTC"}
    if table is None:
        return Setup(**default, intake_sources=(IntakeSource(row=None),))
    values: dict[str, Any] = {}
    first: dict[str, TableRow] = {}
    for row in table.rows:
        setting = _setting(table, row)
        if setting is None or is_source(row) or is_role(setting.key):
            continue
        if setting.key in first:
            other = first[setting.key]
            for told, rival in ((row, other), (other, row)):
                message = f"{setting.key} stands in row {rival.row} too; delete one of them"
                table.tell(told, "key", message, stops_run=True)
            values.pop(setting.key, None)
            continue
        first[setting.key] = row
        text = row.values.get("value")
        if text is None:
            continue
        parsed = setting.read(text, locale)
        if parsed.problem:
            table.tell(row, "value", parsed.problem, stops_run=True)
        elif parsed.value is not None:
            values[setting.key] = parsed.value
    rows = tuple(setup_row(row, table) for row in table.rows)
    sources = read_sources(table, rows, spreadsheet_id)
    return Setup(**(default | values), intake_sources=sources, rows=rows)


def _setting(table: Table, row: TableRow) -> Setting | None:
    key = row.values.get("key")
    if key is None:
        if "key" not in row.bad:
            table.tell(
                row, "key", f"no key stands beside {shown(plain_text(row.values.get('value')))}; name the setting"
            )
        return None
    setting = _BY_KEY.get(folded(key))
    if setting is None:
        near = difflib.get_close_matches(folded(key)[:60], _BY_KEY, n=1, cutoff=0.6)
        known = _BY_KEY[near[0]].key if near else f"one of {', '.join(known.key for known in SETTINGS)}"
        table.tell(row, "key", f"{shown(key)} is not a setting; write {known}", severity=Severity.WARN)
    return setting
