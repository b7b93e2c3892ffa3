"""Targets rows -> elements of the ConstraintSet."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from engine.elements import Element
from engine.findings import Finding, Severity
from engine.inputs import TargetRow
from engine.keys import normalised
from engine.problem import Kpi, Target
from engine.rows_in_force import Book, RowReading
from engine.sentences import quoted, shown, told

_NEEDED = ("dimension", "dimension_key", "kpi_key", "type", "target_value", "baseline_value")
_SAID = {"floor": "at least", "goal": "aim for", "cap": "at most"}


class _Aim(RowReading):
    """A Targets row being read."""

    row: TargetRow


def target_elements(rows: Iterable[TargetRow], book: Book) -> tuple[list[Element], list[Finding]]:
    """What the rows in force ask for, and everything that is wrong with any row that is switched on."""
    elements: list[Element] = []
    findings: list[Finding] = []
    for row in rows:
        if row.is_active is False and "is_active" not in row.bad:
            continue
        filled = (row.dimension, row.dimension_key, row.kpi_key, row.type, row.target_value, row.baseline_value)
        if not any(value is not None for value in filled) and not row.bad:
            message = "This row says nothing yet; write a kpi_key, a type and a target_value, or clear the row"
            findings.append(told(row, "kpi_key", message, severity=Severity.WARN))
            continue
        aim = _Aim(row, book)
        element = _read(aim)
        findings += aim.findings
        if element is not None and aim.is_in_force and not aim.is_broken:
            elements.append(element)
    return elements, findings


def _read(aim: _Aim) -> Element | None:
    row = aim.row
    kind = normalised(row.type or "")
    aim.require_readable((*_NEEDED, *(("importance",) if kind == "goal" else ())))
    if kind not in _SAID and "type" not in row.bad:
        found = f"{quoted(kind)} is no type of target" if kind else "The type is missing"
        aim.error("type", f"{found}; write floor (has to be reached), goal (worth reaching) or cap (not to be passed)")
    where, kpi = aim.slice(blank_is_all=True), aim.kpi()
    value = aim.number("target_value", "the value to reach")
    if where is None or kpi is None or value is None or kind not in _SAID:
        return None
    penalty = _penalty(aim, kind)
    _check_direction(aim, kind, kpi, value)
    unit = f" {kpi.unit}" if kpi.unit else ""
    since = f" from {shown(row.baseline_value)}" if row.baseline_value is not None else ""
    of = "" if where[0] == "all" else f" of {where[1].replace('|', ' × ')}"
    return Element(
        path=("targets", *where, kpi.kpi_key, kind),
        value=Target(
            value=value, baseline=row.baseline_value, penalty=penalty, notes=(row.notes or "").strip() or None
        ),
        row=row,
        column="target_value",
        says=f"{kpi.kpi_key}{of}: {_SAID[kind]} {shown(value)}{unit}{since}",
    )


def _penalty(aim: _Aim, kind: str) -> Decimal | None:
    importance = aim.row.importance
    if importance is None:
        return None
    if kind != "goal":
        aim.warn("importance", f"A {kind} does not use importance, since it is never missed; clear it, or write goal")
        return None
    if importance < 0:
        aim.error("importance", f"{shown(importance)} is below zero; write low, medium, high or a number from 0 up")
    return importance


def _check_direction(aim: _Aim, kind: str, kpi: Kpi, value: Decimal) -> None:
    """A KPI that is to decrease is read with its sign flipped (model.md section 4)."""
    if kpi.direction != "decrease":
        return
    if kind == "cap":
        message = f"{kpi.kpi_key} is to decrease, so a cap would forbid doing better; write floor to ask for this much"
        aim.error("type", message)
    elif aim.row.baseline_value is None and value > 0:
        message = (
            f"{kpi.kpi_key} is to decrease, and without a baseline {shown(value)} lets it rise; "
            f"write where it stands today as baseline_value, or the change itself, like {shown(-value)}"
        )
        aim.warn("target_value", message)
