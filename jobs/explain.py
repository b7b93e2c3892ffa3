"""Explain: why the last run came to what it came to, and what would change it. Reads Postgres, not the sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db import store
from db.records import WorkspaceRecord
from engine.errors import InputError
from engine.explain import explained
from engine.keys import normalised
from engine.problem import Problem
from engine.provenance import RunFacts
from engine.sweep import Level, frontier
from jobs.connections import Connections

SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A run and what can be said of it; ``told`` are statements as JSON holds them."""

    run: RunFacts
    told: tuple[Mapping[str, Any], ...]

    def lines(self, names: Sequence[str] = ()) -> list[str]:
        """The sentences; with ``names`` those about these initiatives."""
        keys = keys_of(self.run.problem, names)
        return [
            str(one["message"])
            for one in self.told
            if not names or any(key in str(one["path"]).split(".") for key in keys)
        ]


def explain(
    connections: Connections,
    workspace: WorkspaceRecord,
    *,
    scenario: str | None = None,
    constraint_set: str | None = None,
    run_id: int | None = None,
    names: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Explained:
    """The explanations of a run (default: the last with a result for the scenario and set)."""
    run = run_of(connections, workspace, scenario=scenario, constraint_set=constraint_set, run_id=run_id)
    unknown = [name for name in names if not keys_of(run.problem, [name])]
    if unknown:
        raise InputError(f"Run {run.run_id} knows no candidate {unknown[0]}: give a key or a title of its candidates.")
    if run.solution.status == "infeasible":
        return Explained(run=run, told=_conflict(run))
    solution = explained(run.problem, run.solution, names=names, seconds=seconds)
    return Explained(run=run, told=solution.explanations or ())


def frontier_of(run: RunFacts, on_progress: Callable[[int, int], object]) -> list[Level]:
    """The best objective of the run's problem at each level of capacity."""
    return frontier(run.problem, on_progress=on_progress)


def run_of(
    connections: Connections,
    workspace: WorkspaceRecord,
    *,
    scenario: str | None = None,
    constraint_set: str | None = None,
    run_id: int | None = None,
) -> RunFacts:
    """The run that is meant: by its id, else the last with a result of the scenario and set."""
    with connections.database.transaction() as session:
        if run_id is not None:
            run = store.run_facts(session, run_id, workspace.id)
            if run is None:
                raise InputError(f"Run {run_id} of this workbook came to no result: roadmap optimize makes a new one.")
            return run
        run = store.newest_result(session, workspace.id, scenario, constraint_set)
    if run is None:
        what = " / ".join(name for name in (scenario, constraint_set) if name)
        raise InputError(f"There is no run{f' of {what}' if what else ''} yet: run roadmap optimize first.")
    return run


def keys_of(problem: Problem, names: Sequence[str]) -> set[str]:
    """The folded keys of the candidates that are named, by key or title."""
    wanted = {normalised(name) for name in names}
    return {
        normalised(candidate.initiative_key)
        for candidate in problem.candidates
        if normalised(candidate.initiative_key) in wanted or normalised(candidate.title) in wanted
    }


def _conflict(run: RunFacts) -> tuple[Mapping[str, Any], ...]:
    """The conflict of an infeasible run as statements."""
    conflict = run.solution.conflict or {}
    rules = [{"kind": "conflict", **rule} for rule in conflict.get("rules", ())]
    return (*rules, *({"kind": "repair", **repair} for repair in conflict.get("repairs", ())))
