"""The page of docs on every tab and column, made from their declaration: ``python -m sheets_sync.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from sheets_sync.columns import Column, Family, Kind, Tab
from sheets_sync.rule_tabs import CONSTRAINT_TYPES
from sheets_sync.setup_rows import SETTINGS
from sheets_sync.tabs import LIST_COLUMNS, TABS

_INTRODUCTION = """# The workbook, tab by tab

This page is made from the declaration of the tabs: `python -m sheets_sync.reference > docs/workbook.md`.

Columns are found by the name in row 1, in any order; case, spaces, `-` and `_` do not matter. Columns of your own may
stand anywhere and are left alone. A blank cell means "not set", never zero. What is wrong with a row stands in its
`sys: status` and `sys: message`, on the cell itself, and in `Checks`.

*You* marks the columns that people fill, *system* those the worker writes.
"""
_KINDS = {Kind.INPUT: "You fill it.", Kind.OUTPUT: "The system fills it.", Kind.PAGE: "A page to read."}


def reference() -> str:
    """The whole page in Markdown."""
    return "\n".join([_INTRODUCTION, *(line for declared in TABS for line in _tab(declared))]).rstrip() + "\n"


def _tab(declared: Tab) -> list[str]:
    hidden = " Hidden until it is used." if declared.is_hidden else ""
    typed = " You fill the columns marked *you*." if declared.kind is Kind.OUTPUT and declared.is_read else ""
    lines = [f"## {declared.name}", "", f"{declared.meaning} {_KINDS[declared.kind]}{typed}{hidden}", ""]
    if declared.columns:
        lines += _table(("Column", "Whose", "Holds", "Meaning", "Unit", "Example"), _rows(declared))
    if declared.name == "Constraints":
        lines += ["Which columns each `constraint_type` uses, beside those that every rule has:", ""]
        kinds = [(f"`{kind}`", ", ".join(f"`{name}`" for name in used)) for kind, used in CONSTRAINT_TYPES.items()]
        lines += _table(("constraint_type", "Columns"), kinds)
    if declared.name == "Setup":
        lines += ["The settings:", ""]
        settings = [(f"`{setting.key}`", setting.meaning, f"`{setting.example}`") for setting in SETTINGS]
        lines += _table(("Key", "Meaning", "Example"), settings)
    return lines


def _rows(declared: Tab) -> Iterable[tuple[str, ...]]:
    for column in declared.columns:
        old = f" Also understood: {', '.join(f'`{alias}`' for alias in column.aliases)}." if column.aliases else ""
        yield _row(f"`{column.name}`", column, column.meaning + old)
        if column.name == declared.families_after:
            for family in declared.families:
                name = f"`{family.prefix}: NAME` (any number)" if family.prefix else "one for each active KPI"
                yield _row(name, family, family.meaning)


def _row(name: str, column: Column | Family, meaning: str) -> tuple[str, ...]:
    owner = "you" if column.owner.value == "PM" else "system"
    example = f"`{column.example}`" if column.example else ""
    return name, owner, _holds(column), meaning, column.unit, example


def _holds(column: Column | Family) -> str:
    if isinstance(column, Column) and column.choices:
        return ", ".join(f"`{choice}`" for choice in column.choices)
    if isinstance(column, Column) and column.dropdown is not None:
        name, header = LIST_COLUMNS[column.dropdown]
        where = name if header.startswith("sys:") else f"{name}, `{header}`"
        return f"{column.type.value} (list: {where})"
    return column.type.value


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


if __name__ == "__main__":
    sys.stdout.write(reference())
