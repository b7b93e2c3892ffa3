"""The objective that a Scenarios row asks for."""

from __future__ import annotations

from decimal import Decimal

from engine.findings import Finding, Severity
from engine.inputs import ScenarioRow
from engine.keys import normalised
from engine.metrics import KpiBook
from engine.problem import Objective
from engine.sentences import listed, nearest, quoted, told

MODES = ("north_star", "weighted_kpis", "lexicographic", "score")
_COLUMNS = {"weighted_kpis": ("objective_weights",), "lexicographic": ("objective_order", "may_give_up")}


def objective_of(row: ScenarioRow, kpis: KpiBook) -> tuple[Objective | None, tuple[Finding, ...]]:
    """The row's objective; None, with the reasons, where it cannot be understood."""
    mode = normalised(row.objective_mode or "").replace(" ", "_").replace("-", "_")
    if "objective_mode" in row.bad:
        return None, ()
    if mode not in MODES:
        near = nearest(mode, MODES)
        how = f"did you mean {near}?" if mode and near else "write north_star or weighted_kpis"
        found = f"{quoted(row.objective_mode or '')} is no objective" if mode else "This scenario has no objective_mode"
        return None, (told(row, "objective_mode", f"{found}; {how}", stops_run=True),)
    unused = _unused(row, mode)
    if mode == "north_star":
        objective, findings = _north_star(row, kpis)
    elif mode == "weighted_kpis":
        objective, findings = _weighted(row, kpis)
    elif mode == "lexicographic":
        objective, findings = _lexicographic(row, kpis)
    else:
        message = "There are no scores yet; choose north_star or weighted_kpis until initiatives are scored"
        objective, findings = None, (told(row, "objective_mode", message, stops_run=True),)
    return objective, (*unused, *findings)


def _unused(row: ScenarioRow, mode: str) -> tuple[Finding, ...]:
    filled = [
        column
        for of, columns in _COLUMNS.items()
        for column in columns
        if of != mode and getattr(row, column) not in (None, {}, ())
    ]
    if not filled:
        return ()
    message = f"{mode} does not use {listed(filled)}; clear what is not used, or choose another objective_mode"
    return (told(row, filled[0], message, severity=Severity.WARN),)


def _north_star(row: ScenarioRow, kpis: KpiBook) -> tuple[Objective | None, tuple[Finding, ...]]:
    stars = kpis.north_stars
    if len(stars) == 1:
        return Objective(mode="north_star"), ()
    found = (
        f"{listed(star.kpi_key for star in stars)} are all north stars" if stars else "No active KPI is the north star"
    )
    message = f"{found}; write north_star as the kpi_level of exactly one KPI in Metrics"
    return None, (told(row, "objective_mode", message, stops_run=True),)


def _weighted(row: ScenarioRow, kpis: KpiBook) -> tuple[Objective | None, tuple[Finding, ...]]:
    column = "objective_weights"
    if column in row.bad:
        return None, ()
    findings: list[Finding] = []
    weights: dict[str, Decimal] = {}
    for name, weight in row.objective_weights.items():
        kpi = kpis.kpi(name)
        if kpi is None:
            findings.append(told(row, column, kpis.why_unknown(name), stops_run=True))
        elif weight < 0:
            message = f"{kpi.kpi_key} weighs less than zero; its direction in Metrics already says which way is better"
            findings.append(told(row, column, message, stops_run=True))
        elif weights.setdefault(kpi.kpi_key, weight) != weight:
            message = f"{kpi.kpi_key} has two weights; write it once"
            findings.append(told(row, column, message, stops_run=True))
    if not any(row.objective_weights.values()) and not findings:
        message = "weighted_kpis needs a weight above zero; write them like revenue 60%, orders 40%"
        findings.append(told(row, column, message, stops_run=True))
    return (None if findings else Objective(mode="weighted_kpis", weights=weights)), tuple(findings)


def _lexicographic(row: ScenarioRow, kpis: KpiBook) -> tuple[Objective | None, tuple[Finding, ...]]:
    column = "objective_order"
    if column in row.bad:
        return None, ()
    findings: list[Finding] = []
    order: list[str] = []
    for name in row.objective_order:
        kpi = kpis.kpi(name)
        if kpi is None:
            findings.append(told(row, column, kpis.why_unknown(name), stops_run=True))
        elif kpi.kpi_key in order:
            findings.append(told(row, column, f"{kpi.kpi_key} stands twice; name each KPI once", stops_run=True))
        else:
            order.append(kpi.kpi_key)
    if not row.objective_order:
        message = "lexicographic needs an order; write it like revenue > orders"
        findings.append(told(row, column, message, stops_run=True))
    objective = Objective(mode="lexicographic", order=tuple(order), tolerance=row.may_give_up or Decimal(0))
    return (None if findings else objective), tuple(findings)
