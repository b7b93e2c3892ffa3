"""A problem settled: every name in its one folded form, two spellings made one, and all that is wrong or odd noted.

What comes after (formulating, exact re-check, reasons) compares names by plain equality and finds the values here, no
rules: which candidates lie in a slice, or what a rule means, each of them works out for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.columns import remade
from engine.folding import merged, tell_negative, tell_unknown, tell_unknown_keys
from engine.inputs import DIMENSIONS
from engine.keys import normalised
from engine.notes import Notes
from engine.problem import Candidate, ConstraintSet, Kpi, Objective, Problem
from engine.settling_rules import RuleNames, folded_rules

TOKENS = ("tokens", "engineering_tokens")
"""Names of the first resource: rules may use them, ``resources`` may not."""


@dataclass(frozen=True, slots=True)
class Settled:
    """``problem`` has folded names, candidates sorted by key, and rules that name nothing twice. The ``…_names`` give
    the spelling to show for each folded name, ``titles`` those as given, which may be blank, by folded key;
    ``positions`` the place of each candidate in the problem as given."""

    problem: Problem
    initiative_names: Mapping[str, str]
    kpi_names: Mapping[str, str]
    period_names: Mapping[str, str]
    slice_names: Mapping[tuple[str, str], str]
    positions: tuple[int, ...]
    titles: Mapping[str, str]

    def shown(self, key: str) -> str:
        """The first spelling of an initiative's key."""
        return self.initiative_names.get(key, key.upper())


def settle(problem: Problem, notes: Notes) -> Settled:
    """The settled problem; it means something only where ``notes`` then holds no error."""
    periods = _periods(problem, notes)
    kpis = _kpis(problem.kpis, notes)
    known_kpis = None if notes.is_bad("kpis") else kpis
    known_periods = None if notes.is_bad("periods", "period_key") else periods
    candidates = _candidates(problem, known_kpis, known_periods, notes)
    objective = _objective(problem.objective, kpis, known_kpis, notes)
    _limits(problem, notes)
    order = sorted(range(len(candidates)), key=lambda i: candidates[i].initiative_key)
    spelled = {
        c.initiative_key: problem.candidates[i].initiative_key.strip() for i, c in reversed(list(enumerate(candidates)))
    }
    resources = {name for candidate in candidates for name in candidate.resources}
    names = RuleNames(candidates, set(spelled), known_kpis, known_periods, resources, _slice_names(problem.candidates))
    rules = folded_rules(problem.constraint_set, names, problem.previous_selection is not None, notes)
    _tell_satisfied_candidates(problem.constraint_set, set(spelled), notes)
    starts = _starts(problem, known_periods, notes)
    previous = problem.previous_selection
    folded = problem.model_copy(
        update={
            "period_key": normalised(problem.period_key),
            "periods": tuple(periods),
            "objective": objective,
            "kpis": tuple(kpis.values()),
            "candidates": tuple(candidates[i] for i in order),
            "constraint_set": rules,
            "previous_selection": None if previous is None else tuple(sorted({normalised(key) for key in previous})),
            "previous_starts": starts,
        }
    )
    kpi_names = {normalised(kpi.kpi_key): kpi.kpi_key.strip() for kpi in reversed(problem.kpis)}
    titles = {candidate.initiative_key: candidate.title for candidate in candidates}
    return Settled(folded, spelled, kpi_names, periods, names.slices, tuple(order), titles)


def _periods(problem: Problem, notes: Notes) -> dict[str, str]:
    given = problem.periods or (problem.period_key,)
    names: dict[str, str] = {}
    for i, period in enumerate(given):
        if normalised(period) in names:
            notes.error(f"periods[{i}]", period, "each period once", f"Period {period} is given twice.")
        names.setdefault(normalised(period), period.strip())
    if problem.period_key.strip() and normalised(problem.period_key) not in names:
        known = ", ".join(names.values())
        message = f"Period {problem.period_key} is not among the periods of the problem: {known}."
        notes.error("period_key", problem.period_key, f"one of {known}", message)
    return names


def _kpis(kpis: Iterable[Kpi], notes: Notes) -> dict[str, Kpi]:
    known: dict[str, Kpi] = {}
    for i, kpi in enumerate(kpis):
        key, path = normalised(kpi.kpi_key), f"kpis[{i}].kpi_key"
        if not key:
            notes.error(path, None, "a name", f"{path} is missing; every KPI needs a key.")
        elif key in known:
            notes.error(path, kpi.kpi_key, "each KPI once", f"KPI {kpi.kpi_key.strip()} is given twice.")
        else:
            known[key] = kpi.model_copy(update={"kpi_key": key})
    return known


def _candidates(
    problem: Problem, kpis: Mapping[str, Kpi] | None, periods: Mapping[str, str] | None, notes: Notes
) -> list[Candidate]:
    first: dict[str, int] = {}
    folded: list[Candidate] = []
    for i, candidate in enumerate(problem.candidates):
        path = f"candidates[{i}]"
        key = normalised(candidate.initiative_key)
        if not key:
            notes.error(f"{path}.initiative_key", None, "a key", f"{path}.initiative_key is missing; it must be given.")
        elif key in first:
            message = f"{candidate.initiative_key.strip()} is given twice: candidates[{first[key]}] has the same key."
            notes.error(f"{path}.initiative_key", candidate.initiative_key, "each candidate once", message)
        first.setdefault(key, i)
        folded.append(_candidate(path, key, candidate, kpis, periods, notes))
    return folded


def _candidate(
    path: str,
    key: str,
    given: Candidate,
    kpis: Mapping[str, Kpi] | None,
    periods: Mapping[str, str] | None,
    notes: Notes,
) -> Candidate:
    """The folded candidate. What is told is looked for only where something is to be told: this is run for each."""
    values = dict(vars(given))
    resources: Mapping[str, Decimal] = values["resources"]
    contributions: Mapping[str, Decimal] = values["kpi_contributions"]
    if given.engineering_tokens < 0:
        tell_negative(f"{path}.engineering_tokens", given.engineering_tokens, notes)
    values["initiative_key"] = key
    values["resources"] = held = _map(
        f"{path}.resources", (f"candidates.{key}", "resources"), resources, notes, tell_negative
    )
    values["kpi_contributions"] = earned = _map(
        f"{path}.kpi_contributions", (f"candidates.{key}", "kpi_contributions"), contributions, notes
    )
    if not held.keys().isdisjoint(TOKENS):
        _tell_tokens(f"{path}.resources", resources, notes)
    if kpis is not None and not earned.keys() <= kpis.keys():
        tell_unknown_keys(f"{path}.kpi_contributions", contributions, kpis, "KPI", notes)
    _fold_times(path, given, values, periods, notes)
    for dimension in DIMENSIONS:
        attribute: str | None = values[dimension]
        if attribute is not None:
            values[dimension] = normalised(attribute) or None
    return remade(values)


def _tell_tokens(path: str, resources: Mapping[str, Decimal], notes: Notes) -> None:
    for name in resources:
        if normalised(name) in TOKENS:
            message = f"{name} is the first resource: give it as engineering_tokens, not among resources."
            notes.error(f"{path}.{name}", resources[name], "another name", message)


def _fold_times(
    path: str, given: Candidate, values: dict[str, Any], periods: Mapping[str, str] | None, notes: Notes
) -> None:
    """Folds a candidate's first and last period into ``values``, and tells what is wrong with them."""
    if given.duration_periods < 1:
        message = f"{path}.duration_periods must be at least 1."
        notes.error(f"{path}.duration_periods", given.duration_periods, "a whole number from 1", message)
    for field in ("earliest_period", "latest_period"):
        period: str | None = values[field]
        if period is None:
            continue
        folded = values[field] = normalised(period) if period.strip() else None
        if folded is not None and periods is not None and folded not in periods:
            tell_unknown(f"{path}.{field}", period, "period", periods.values(), notes)
    if periods is not None and given.duration_periods > _window(values, periods):
        message = (
            f"{given.initiative_key.strip()} cannot be worked on within the plan's periods, so it cannot be selected."
        )
        notes.warn((f"candidates.{values['initiative_key']}", "duration_periods"), message)


def _window(folded: Mapping[str, Any], given: Mapping[str, str]) -> int:
    """How many periods lie between the first and the last in which the candidate may be worked on."""
    first, last = folded["earliest_period"], folded["latest_period"]
    if first is None and last is None:
        return len(given)
    periods = tuple(given)
    start = periods.index(first) if first in periods else 0
    return (periods.index(last) if last in periods else len(periods) - 1) - start + 1


def _objective(
    objective: Objective, kpis: Mapping[str, Kpi], known: Mapping[str, Kpi] | None, notes: Notes
) -> Objective:
    weights = _map("objective.weights", ("objective", "weights"), objective.weights, notes, tell_negative)
    scales = _map("objective.scales", ("objective", "scales"), objective.scales, notes, tell_negative)
    tell_unknown_keys("objective.weights", objective.weights, known, "KPI", notes)
    tell_unknown_keys("objective.scales", objective.scales, known, "KPI", notes)
    for i, kpi_key in enumerate(objective.order):
        if known is not None and normalised(kpi_key) not in known:
            tell_unknown(f"objective.order[{i}]", kpi_key, "KPI", known, notes)
    if not 0 <= objective.tolerance <= 1:
        message = "objective.tolerance is a share: a number from 0 to 1."
        notes.error("objective.tolerance", objective.tolerance, "a number from 0 to 1", message)
    stars = [key for key, kpi in kpis.items() if kpi.kpi_level == "north_star"]
    order = tuple(dict.fromkeys(normalised(key) for key in objective.order))
    if objective.mode == "lexicographic" and not order:
        message = "The mode lexicographic needs an order: the KPIs to look at, the most important first."
        notes.error("objective.order", list(objective.order), "the keys of at least one KPI", message)
    elif objective.mode == "north_star" and len(stars) != 1 and known is not None:
        found = ", ".join(stars) or "none"
        message = f"The mode north_star needs exactly one KPI of level north_star; found: {found}."
        notes.error("kpis", found, "exactly one KPI of level north_star", message)
    elif objective.mode == "weighted_kpis" and not any(weights.values()):
        notes.warn(("objective", "weights"), "No KPI has a weight, so every plan is worth the same.")
    if len(order) < len(objective.order):
        notes.warn(("objective", "order"), "A KPI stands in the order more than once; the first time counts.")
    return objective.model_copy(update={"weights": weights, "scales": scales, "order": order})


def _limits(problem: Problem, notes: Notes) -> None:
    tell_negative("capacity_total_tokens", problem.capacity_total_tokens, notes)
    tell_negative("solver.time_limit_s", problem.solver.time_limit_s, notes)
    if problem.solver.relative_gap is not None:
        tell_negative("solver.relative_gap", problem.solver.relative_gap, notes)
    if not 0 <= problem.solver.seed < 2**31:
        wanted = "a whole number from 0 to 2147483647"
        notes.error("solver.seed", problem.solver.seed, wanted, f"solver.seed must be {wanted}.")


def _starts(problem: Problem, periods: Mapping[str, str] | None, notes: Notes) -> dict[str, str] | None:
    if problem.previous_starts is None:
        return None
    for key, period in problem.previous_starts.items():
        if periods is not None and normalised(period) not in periods:
            tell_unknown(f"previous_starts.{key}", period, "period", periods.values(), notes)
    folded = {key: normalised(period) for key, period in problem.previous_starts.items()}
    return merged("previous_starts", ("previous_starts",), folded, notes)


def _tell_satisfied_candidates(rules: ConstraintSet, candidates: set[str], notes: Notes) -> None:
    for i, key in enumerate(rules.satisfied):
        if normalised(key) in candidates:
            message = f"{key.strip()} is both delivered (satisfied) and a candidate; it can only be one of the two."
            notes.error(f"constraint_set.satisfied[{i}]", key, "an initiative that is no candidate", message)


def _slice_names(candidates: Iterable[Candidate]) -> dict[tuple[str, str], str]:
    """The first spelling of each key of each plain dimension."""
    names: dict[tuple[str, str], str] = {}
    met: list[tuple[str, set[str | None]]] = [(dimension, {None}) for dimension in DIMENSIONS]
    for candidate in candidates:
        values = vars(candidate)
        for dimension, known in met:
            attribute: str | None = values[dimension]
            if attribute not in known:
                known.add(attribute)
                if attribute and normalised(attribute):
                    names.setdefault((dimension, normalised(attribute)), attribute.strip())
    return names


def _map(
    path: str,
    parts: tuple[str, ...],
    given: Mapping[str, Decimal],
    notes: Notes,
    check: Callable[[str, Decimal, Notes], None] | None = None,
) -> dict[str, Decimal]:
    if not given:
        return {}
    for key, value in given.items() if check else ():
        if check and value < 0:
            check(f"{path}.{key}", value, notes)
    ordered = _in_order(tuple(given))
    return merged(path, parts, given, notes) if ordered is None else {folded: given[key] for folded, key in ordered}


@lru_cache(maxsize=1024)
def _in_order(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...] | None:
    """(folded, as given) of each key, sorted; None where two of them are one name. Most candidates have the same."""
    folded = {normalised(key): key for key in keys}
    return tuple(sorted(folded.items())) if len(folded) == len(keys) else None
