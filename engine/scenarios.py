"""Scenarios and Setup -> what a run is asked to plan: periods, capacity, objective, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.elements import Element, Sources, source_of
from engine.findings import Finding, Severity
from engine.inputs import ScenarioRow, Setup, WorkbookInputs
from engine.keys import normalised
from engine.metrics import KpiBook
from engine.objectives import objective_of
from engine.periods import MOST_PERIODS, canonical_period, first_day, kind_of, last_day, period_of, periods_from
from engine.problem import Objective, SolverOptions
from engine.sentences import listed, place, proposal, quoted, shown, told

FALLBACK_SET = "Baseline"
"""The set's name where neither Setup nor any row names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """The periods planned, in order, all of one kind."""

    periods: tuple[str, ...]
    fiscal_year_starts: int

    @property
    def first(self) -> str:
        return self.periods[0]

    @property
    def begins(self) -> date:
        return first_day(self.periods[0], self.fiscal_year_starts)

    @property
    def ends(self) -> date:
        return last_day(self.periods[-1], self.fiscal_year_starts)

    def holding(self, day: date) -> str | None:
        """The planned period in which ``day`` lies."""
        if not self.begins <= day <= self.ends:
            return None
        return period_of(day, kind_of(self.first), self.fiscal_year_starts)

    def begin_of(self, key: str) -> date:
        return first_day(key, self.fiscal_year_starts)

    def end_of(self, key: str) -> date:
        return last_day(key, self.fiscal_year_starts)

    def __str__(self) -> str:
        return self.periods[0] if len(self.periods) == 1 else f"{self.periods[0]} to {self.periods[-1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one Scenarios row asks for; ``objective_kpis`` are the normalised keys of the KPIs in the objective."""

    row: ScenarioRow
    name: str
    horizon: Horizon
    capacity_total_tokens: Decimal
    objective: Objective
    objective_kpis: frozenset[str]
    solver: SolverOptions
    per_period: tuple[Element, ...]
    sources: Sources


def chosen_scenario(inputs: WorkbookInputs, asked: str | None) -> tuple[ScenarioRow | None, tuple[Finding, ...]]:
    """The Scenarios row to be planned: the one asked for, else Setup's default, else the only one that is active."""
    active = [row for row in inputs.scenarios if row.scenario_name and row.is_active is not False]
    names = list(dict.fromkeys(row.scenario_name or "" for row in active))
    wanted = asked or inputs.setup.default_scenario
    if not wanted:
        if len(active) == 1:
            return active[0], ()
        how = f"write one of: {', '.join(names)}" if names else "add a row to Scenarios first"
        return None, (_setup_finding(inputs.setup, "default_scenario", f"No default_scenario is set; {how}"),)
    rows = [row for row in inputs.scenarios if normalised(row.scenario_name or "") == normalised(wanted)]
    on = [row for row in rows if row.is_active is not False]
    if len(on) == 1:
        return on[0], ()
    if len(on) > 1:
        return None, tuple(_scenario_twice(row, on) for row in on)
    if rows:
        message = f"Scenario {quoted(wanted)} is switched off; tick is_active or choose another one"
        return None, (told(rows[0], "is_active", message, stops_run=True),)
    message = f"There is no scenario {quoted(wanted)}; {proposal(wanted, names) or 'add a row to Scenarios first'}"
    if asked:
        return None, (Finding(severity=Severity.ERROR, tab="Scenarios", message=message, stops_run=True),)
    return None, (_setup_finding(inputs.setup, "default_scenario", message),)


def chosen_set(inputs: WorkbookInputs, asked: str | None, scenario: str | None) -> tuple[str, tuple[Finding, ...]]:
    """The name of the set to be used: the one asked for, else Setup's default, else the only one there is."""
    default = inputs.setup.default_constraint_set
    names = set_names(inputs, scenario)
    if not asked:
        if default or len(names) <= 1:
            return default or (names[0] if names else FALLBACK_SET), ()
        message = f"No default_constraint_set is set; write one of: {', '.join(names)}"
        return "", (_setup_finding(inputs.setup, "default_constraint_set", message),)
    for name in names:
        if normalised(name) == normalised(asked):
            return name, ()
    if not names and normalised(asked) == normalised(FALLBACK_SET):
        return FALLBACK_SET, ()
    where = f" of {scenario}" if scenario else ""
    how = proposal(asked, names) or "write it as the constraint_set_name of a row first"
    message = f"There is no constraint set {quoted(asked)}{where}; {how}"
    return asked, (Finding(severity=Severity.ERROR, tab="Constraints", message=message, stops_run=True),)


def chosen_names(
    inputs: WorkbookInputs, scenario: str | None = None, constraint_set: str | None = None
) -> tuple[str | None, str]:
    """The scenario (None: none can be chosen) and set that are meant, as ``compile_problem`` chooses them."""
    row, _ = chosen_scenario(inputs, scenario)
    name = (row.scenario_name or "").strip() if row else None
    return name, chosen_set(inputs, constraint_set, name)[0]


def set_names(inputs: WorkbookInputs, scenario: str | None) -> list[str]:
    """The sets of a scenario: Setup's default and the names in the rows that apply to it, first spelling first."""
    first: dict[str, str] = {}
    if inputs.setup.default_constraint_set:
        first[normalised(inputs.setup.default_constraint_set)] = inputs.setup.default_constraint_set.strip()
    for row in (*inputs.constraints, *inputs.targets):
        applies = not row.scenario_names or normalised(scenario or "") in map(normalised, row.scenario_names)
        for name in row.constraint_set_names if applies and row.is_active is not False else ():
            first.setdefault(normalised(name), name.strip())
    return list(first.values())


def plan_of(row: ScenarioRow, kpis: KpiBook, setup: Setup) -> tuple[Plan | None, tuple[Finding, ...]]:
    """What the row asks for; None, with the reasons, where that cannot be understood."""
    findings = [
        told(row, None, f"{column} cannot be read, so the run stops; mend that cell first", stops_run=True)
        for column in sorted(row.bad - {"notes", "is_active", "scenario_name"})
    ]
    findings += _wrong_numbers(row)
    horizon = _horizon(row, setup, findings)
    objective, objective_findings = objective_of(row, kpis)
    findings += objective_findings
    capacity = row.capacity_total_tokens
    if capacity is None and "capacity_total_tokens" not in row.bad:
        message = "This scenario has no capacity; write how many tokens there are to spend"
        findings.append(told(row, "capacity_total_tokens", message, stops_run=True))
    if capacity is None or objective is None or horizon is None or any(finding.stops_run for finding in findings):
        return None, tuple(findings)
    name = (row.scenario_name or "").strip()
    kpis_used = {"north_star": [kpi.kpi_key for kpi in kpis.north_stars], "lexicographic": list(objective.order)}
    plan = Plan(
        row=row,
        name=name,
        horizon=horizon,
        capacity_total_tokens=capacity,
        objective=objective,
        objective_kpis=frozenset(map(normalised, kpis_used.get(objective.mode, list(objective.weights)))),
        solver=SolverOptions(
            time_limit_s=Decimal(60) if row.time_limit_s is None else row.time_limit_s,
            relative_gap=row.good_enough_within,
        ),
        per_period=_per_period(row, horizon),
        sources=_sources(row),
    )
    return plan, tuple(findings)


def _horizon(row: ScenarioRow, setup: Setup, findings: list[Finding]) -> Horizon | None:
    if "period_key" in row.bad or "periods" in row.bad:
        return None
    key = canonical_period(row.period_key) if row.period_key else None
    if key is None:
        found = f"{quoted(row.period_key)} is no period" if row.period_key else "This scenario has no period"
        message = f"{found}; write one like 2026-Q1, 2026-H1 or 2026-03"
        findings.append(told(row, "period_key", message, stops_run=True))
        return None
    count = 1 if row.periods is None else row.periods
    if not 1 <= count <= MOST_PERIODS:
        message = f"{count} periods cannot be planned; write 1 to {MOST_PERIODS}"
        findings.append(told(row, "periods", message, stops_run=True))
        return None
    return Horizon(periods=periods_from(key, count), fiscal_year_starts=setup.fiscal_year_starts)


def _wrong_numbers(row: ScenarioRow) -> list[Finding]:
    found: list[Finding] = []
    for column in ("capacity_total_tokens", "capacity_per_period", "max_changes", "may_give_up", "good_enough_within"):
        value = getattr(row, column)
        if value is not None and value < 0:
            found.append(told(row, column, f"{shown(value)} is below zero; write 0 or more", stops_run=True))
        elif value is not None and value > 1 and column in ("may_give_up", "good_enough_within"):
            message = f"{shown(value)} is more than 100 %; write a percentage such as {shown(value)}%"
            found.append(told(row, column, message, stops_run=True))
    if row.time_limit_s is not None and row.time_limit_s <= 0:
        message = f"{shown(row.time_limit_s)} seconds leave no time to plan; write 60"
        found.append(told(row, "time_limit_s", message, stops_run=True))
    return found


def _per_period(row: ScenarioRow, horizon: Horizon) -> tuple[Element, ...]:
    amount = row.capacity_per_period
    if amount is None:
        return ()
    return tuple(
        Element(
            path=("period_caps", period, "all", "all"),
            value=amount,
            row=row,
            column="capacity_per_period",
            says=f"at most {shown(amount)} tokens in {period}",
        )
        for period in horizon.periods
    )


def _sources(row: ScenarioRow) -> Sources:
    columns = {
        "capacity_total_tokens": ("capacity_total_tokens",),
        "objective": ("objective_mode", "objective_weights", "objective_order", "may_give_up"),
        "max_changes": ("max_changes",),
    }
    return {
        path: tuple(
            source
            for column in of
            if getattr(row, column) not in (None, {}, ()) and (source := source_of(row, column)) is not None
        )
        for path, of in columns.items()
        if any(getattr(row, column) not in (None, {}, ()) for column in of) and row.cells
    }


def _scenario_twice(row: ScenarioRow, rows: Sequence[ScenarioRow]) -> Finding:
    others = listed(place(other) for other in rows if other is not row)
    message = f"Scenario {quoted(row.scenario_name or '')} stands in {others} too; rename or switch off one of them"
    return told(row, "scenario_name", message, stops_run=True)


def _setup_finding(setup: Setup, key: str, message: str) -> Finding:
    for row in setup.rows:
        if normalised(row.key or "") == key:
            return told(row, "value", message, stops_run=True)
    return Finding(severity=Severity.ERROR, tab="Setup", message=message, stops_run=True)
