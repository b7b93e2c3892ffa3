"""What was found, written as the result of ``model.md`` section 7: every number from exact arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from engine.exact import Scoring, Tally
from engine.exact_side import ExactSide
from engine.found import Found, Step
from engine.ledger import Ledger, Target
from engine.links import Links
from engine.notes import Notes
from engine.problem import Item, Problem, Solution, TargetOutcome
from engine.reasons import Reasons
from engine.settling import Settled
from engine.wording import decimal_of

WARN_UP_TO = Fraction(5, 100)
"""A target this much short, relative to what is required, is a warning; beyond it is critical."""


LOOK_EACH = 2_000
"""Items after which it is looked whether the result is still wanted."""


def report(
    problem: Problem, exact: ExactSide, found: Found, notes: Notes, check: Callable[[], object] = bool
) -> Solution:
    """The Solution for what a search found. ``check`` is called now and then, and raises to end it."""
    plan, ledger, greedy = found.plan, exact.ledger, exact.greedy
    common: dict[str, Any] = {
        "problem_digest": exact.digest,
        "status": found.status,
        "warnings": tuple(notes.warnings),
        "solver": solver_facts(found),
    }
    if plan is None:
        conflict: dict[str, Any] | None = {"rules": [], "repairs": []} if found.status == "infeasible" else None
        return Solution(**common, conflict=conflict)
    settled = ledger.settled
    objective, bound = plan.objective, found.bound
    return Solution(
        **common,
        objective=decimal_of(objective),
        value=decimal_of(plan.value),
        goal_penalty=decimal_of(plan.goal_penalty),
        bound=None if bound is None else decimal_of(bound, up=bound != objective),
        relative_gap=None if found.gap is None else decimal_of(found.gap, 12, up=True),
        items=_items(problem, ledger, exact.links, plan, check),
        kpis={settled.kpi_names[kpi]: decimal_of(plan.total(line)) for kpi, line in ledger.kpi_lines.items()},
        capacity={"used": decimal_of(plan.tokens()), "total": problem.capacity_total_tokens},
        targets=tuple(_outcome(ledger, plan, target) for target in ledger.targets),
        greedy_objective=None if greedy is None else decimal_of(greedy.objective),
        ties=found.ties,
        stages=None if found.stages is None else tuple(_stage(settled, step) for step in found.stages),
        scales={settled.kpi_names[kpi]: decimal_of(scale) for kpi, scale in ledger.scales.by_kpi.items()},
    )


def _stage(settled: Settled, step: Step) -> dict[str, Any]:
    """One KPI of a lexicographic order, in the improving sense."""
    return {
        "kpi_key": settled.kpi_names[step.kpi_key],
        "objective": decimal_of(step.objective),
        "value": decimal_of(step.value),
        "bound": decimal_of(step.bound, up=step.bound != step.objective),
    }


def solver_facts(found: Found) -> dict[str, Any]:
    """Who solved, with which options, and what it took in all."""
    if not found.answers:
        return {"name": "exact arithmetic", "version": "", "options": {}, "build_s": 0, "solve_s": 0, "nodes": 0}
    decisive = next((answer for answer in found.answers if answer.plans), found.answers[0])
    return {
        "name": decisive.solver,
        "version": decisive.version,
        "options": dict(decisive.options),
        "build_s": _seconds(sum(answer.build_s for answer in found.answers)),
        "solve_s": _seconds(sum(answer.solve_s for answer in found.answers)),
        "nodes": sum(answer.nodes for answer in found.answers),
    }


def _items(
    problem: Problem, ledger: Ledger, links: Links, plan: Tally, check: Callable[[], object]
) -> tuple[Item, ...]:
    """The candidates in the order of the problem."""
    check()
    scoring = Scoring(ledger)
    lost = _losses(links, plan, scoring)
    check()
    ranks = _ranks(ledger, lost)
    reasons = Reasons(ledger, links, plan, scoring, lost)
    periods = [ledger.settled.period_names[period] or None for period in ledger.settled.problem.periods]
    items: list[Item] = []
    positions = ledger.settled.positions
    for i in sorted(range(len(positions)), key=positions.__getitem__):
        if len(items) % LOOK_EACH == 0:
            check()
        is_in = i in plan.selection
        given = problem.candidates[positions[i]]
        items.append(
            Item(
                initiative_key=given.initiative_key.strip(),
                selected=is_in,
                allocated_tokens=given.engineering_tokens if is_in else Decimal(0),
                rank=ranks.get(i),
                start_period=periods[plan.starts[i]] if is_in else None,
                reason=reasons.of(i),
            )
        )
    return tuple(items)


def _losses(links: Links, plan: Tally, scoring: Scoring) -> dict[int, int]:
    """For each selected: the objective lost when it and all that needs it are taken out of this plan, not solved
    again; in the whole numbers of ``scoring``."""
    objective, synergies_of = scoring.of(plan), plan.ledger.synergies_of
    by_group: dict[frozenset[int], int] = {}
    losses: dict[int, int] = {}
    for i in sorted(plan.selection):
        if not links.needed_by[i] and not synergies_of[i]:
            losses[i] = -scoring.gain(plan, i, -1)
            continue
        gone = frozenset(links.with_dependents(i) & plan.selection)
        if gone not in by_group:
            starts = {j: plan.remove(j) for j in gone}
            by_group[gone] = objective - scoring.of(plan)
            for j, start in starts.items():
                plan.add(j, start)
        losses[i] = by_group[gone]
    return losses


def _ranks(ledger: Ledger, losses: dict[int, int]) -> dict[int, int]:
    """1, 2, 3 …: locked and mandatory first, then by the objective lost without it, then by key."""
    rules = ledger.settled.problem.constraint_set
    first = {*rules.locks, *rules.mandatory_initiatives}
    keys = [candidate.initiative_key for candidate in ledger.candidates]
    ordered = sorted(losses, key=lambda i: (keys[i] not in first, -losses[i], keys[i]))
    return {i: rank for rank, i in enumerate(ordered, start=1)}


def _outcome(ledger: Ledger, plan: Tally, target: Target) -> TargetOutcome:
    achieved = plan.total(target.line)
    gap = target.sign * (target.required - achieved)
    if target.type == "cap":
        gap = -gap
    is_near = gap / target.short_unit <= WARN_UP_TO
    settled = ledger.settled
    return TargetOutcome(
        dimension=target.dimension,
        key=settled.slice_names.get((target.dimension, target.key), target.key),
        kpi_key=settled.kpi_names[target.kpi_key],
        type=target.type,  # pyright: ignore[reportArgumentType] — one of floor, goal, cap
        required=decimal_of(target.required),
        achieved=decimal_of(achieved),
        gap=decimal_of(gap),
        severity="OK" if gap <= 0 else "WARN" if is_near else "CRITICAL",
    )


def _seconds(seconds: float) -> Decimal:
    return Decimal(f"{seconds:.4f}")
