"""Typed rows -> a Problem with its ConstraintSet, and everything that is wrong with them.

Scenarios and Setup say what is planned (``scenarios``), Metrics which KPIs there are (``metrics``), Initiatives and
Contributions who the candidates are (``candidates``), Constraints and Targets what a plan has to keep (``rules``,
``targets``), the published roadmap what is locked (``locks``); ``elements`` puts the ConstraintSet together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from engine.candidates import Field, LeftOut, Register, field_of, register_of
from engine.elements import Element, assembled, collisions
from engine.findings import Finding, Severity
from engine.inputs import WorkbookInputs
from engine.locks import Carried, carried_over
from engine.metrics import kpi_book
from engine.problem import ConstraintSet, Kpi, Problem
from engine.roadmap import RoadmapVersion
from engine.row_contradictions import contradiction_findings
from engine.rows_in_force import Book, resources_of, spellings_of
from engine.rules import rule_elements
from engine.scenarios import Plan, chosen_scenario, chosen_set, plan_of
from engine.sentences import listed, place, told
from engine.targets import target_elements

__all__ = ["Compiled", "LeftOut", "compile_problem"]

_FORCING = ("mandatory_initiatives", "locks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What the rows mean for one scenario and set.

    ``problem`` is None when the run must stop: then at least one finding has ``stops_run`` and says why.
    ``scenario_name`` and ``constraint_set_name`` are those chosen, "" where none could be.
    """

    problem: Problem | None
    constraint_set: ConstraintSet
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    scenario_name: str = ""
    constraint_set_name: str = ""


def compile_problem(
    inputs: WorkbookInputs,
    *,
    scenario: str | None,
    constraint_set: str | None,
    today: date,
    published: RoadmapVersion | None = None,
) -> Compiled:
    """The problem of ``scenario`` under ``constraint_set`` (None: Setup's defaults).

    ``today`` is the date in the workspace's time zone. ``published`` is the latest version of the roadmap last
    published for that scenario; one of another scenario is ignored. Every row that is switched on is checked; only
    problems of rows that hold here, or of the run itself, stop the run.
    """
    kpis, register = kpi_book(inputs.metrics), register_of(inputs.initiatives)
    findings = [*kpis.findings, *register.findings]
    scenario_row, scenario_findings = chosen_scenario(inputs, scenario)
    name = (scenario_row.scenario_name or "").strip() if scenario_row else None
    set_name, set_findings = chosen_set(inputs, constraint_set, name)
    findings += [*scenario_findings, *set_findings]
    plan: Plan | None = None
    if scenario_row is not None:
        plan, plan_findings = plan_of(scenario_row, kpis, inputs.setup)
        findings += plan_findings
    candidates = field_of(inputs, plan, kpis, register) if plan else Field()
    book = Book(
        register=register,
        kpis=kpis,
        scenario=name,
        constraint_set=set_name,
        scenario_names=tuple(row.scenario_name for row in inputs.scenarios if row.scenario_name),
        today=today,
        horizon=plan.horizon if plan else None,
        spellings=spellings_of(inputs.initiatives),
        resources=resources_of(inputs.initiatives),
        satisfied=candidates.satisfied,
    )
    rules, rule_findings = rule_elements(inputs.constraints, book)
    targets, target_findings = target_elements(inputs.targets, book)
    carried = _carried(published, inputs, plan, register, candidates)
    elements = [
        *candidates.elements,
        *rules,
        *targets,
        *(plan.per_period if plan else ()),
        *carried.elements,
    ]
    findings += [*candidates.findings, *rule_findings, *target_findings, *carried.findings, *collisions(elements)]
    if plan is not None:
        findings += _absent(elements, candidates, register)
    rule_set = assembled(
        elements,
        max_changes=plan.row.max_changes if plan else None,
        also={**candidates.sources, **(plan.sources if plan else {})},
    )
    stops = plan is None or any(finding.stops_run for finding in findings)
    problem = None if stops or plan is None else _problem(plan, set_name, kpis.kpis, candidates, rule_set, carried)
    if problem is not None:
        findings += contradiction_findings(problem, inputs)
    return Compiled(
        problem=problem,
        constraint_set=rule_set,
        findings=tuple(dict.fromkeys(findings)),
        left_out=candidates.left_out,
        scenario_name=name or "",
        constraint_set_name=set_name,
    )


def _carried(
    published: RoadmapVersion | None, inputs: WorkbookInputs, plan: Plan | None, register: Register, field: Field
) -> Carried:
    if plan is None:
        return Carried()
    return carried_over(
        published,
        inputs.plan,
        scenario=plan.name,
        horizon=plan.horizon,
        register=register,
        satisfied=field.satisfied,
    )


def _problem(
    plan: Plan,
    set_name: str,
    kpis: tuple[Kpi, ...],
    field: Field,
    rule_set: ConstraintSet,
    carried: Carried,
) -> Problem:
    return Problem.model_construct(
        schema_version=1,
        scenario_name=plan.name,
        constraint_set_name=set_name,
        period_key=plan.horizon.first,
        periods=plan.horizon.periods,
        capacity_total_tokens=plan.capacity_total_tokens,
        objective=plan.objective,
        kpis=kpis,
        candidates=field.candidates,
        constraint_set=rule_set,
        previous_selection=carried.previous_selection,
        previous_starts=carried.previous_starts,
        solver=plan.solver,
    )


def _absent(elements: Iterable[Element], field: Field, register: Register) -> list[Finding]:
    """What rules say of initiatives that take no part: forced ones stop the run, others are a warning on the rule."""
    taking_part = field.satisfied | {candidate.initiative_key for candidate in field.candidates}
    why = {left.initiative_key: left.reason for left in field.left_out}
    found: list[Finding] = []
    for element in elements:
        kind = element.path[0]
        if kind in _FORCING:
            key = element.path[1]
            if key not in taking_part:
                found += _forced_but_absent(element, register, why.get(key))
        elif kind in ("bundles", "prerequisites"):
            keys = element.members or element.path[1:]
            missing = [key for key in keys if key not in taking_part]
            if missing and (kind == "bundles" or element.path[1] not in missing):
                found.append(_cannot_be(element, missing, register, why))
    return found


def _forced_but_absent(element: Element, register: Register, left_out: str | None) -> list[Finding]:
    key = element.path[1]
    row = register.rows.get(key)
    must = "is locked in" if element.path[0] == "locks" else "has to be in"
    if left_out is None:
        lacks, how = "is no candidate of this plan", "tick its is_candidate (and check its candidate_period)"
    else:
        lacks, how = f"is left out of the run ({left_out})", "mend its row in Initiatives"
    if row is not None and row is element.row:
        return [told(row, element.column, f"It {must} ({element.says}) but {lacks}; {how}", stops_run=True)]
    message = f"{register.named(key)} {must} but {lacks}; {how}, or take it off this row"
    found = [told(element.row, element.column, message, stops_run=True)]
    if row is not None:
        message = f"{place(element.row)} says that it {must}, but it {lacks}; {how}"
        found.append(told(row, None, message, stops_run=True))
    return found


def _cannot_be(element: Element, missing: Sequence[str], register: Register, why: dict[str, str]) -> Finding:
    named = listed(
        f"{register.named(key)} ({why[key]})" if key in why else f"{register.named(key)} (no candidate of this plan)"
        for key in missing
    )
    what = "the whole bundle" if element.path[0] == "bundles" else register.named(element.path[1])
    message = f"{named} cannot be chosen, so {what} stays out too; mend that row, or take it off this one"
    return told(element.row, element.column, message, severity=Severity.WARN)
