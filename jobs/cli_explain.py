"""``roadmap explain`` and ``roadmap compare``: what stored runs came to, in sentences or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from jobs.cli_parts import Json, Scenario, Set, Workbook, connected, print_json

if TYPE_CHECKING:
    from jobs.explain import Explained

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[WORKBOOK] [NAME …]", help="The workbook where several are registered; then initiatives."),
]


def explain(
    words: Words = None,
    scenario: Scenario = None,
    set_: Set = None,
    run: Annotated[
        int | None, typer.Option("--run", metavar="ID", help="Explain this run (default: the last).")
    ] = None,
    show_frontier: Annotated[
        bool, typer.Option("--frontier", help="The best objective at each level of capacity instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say why a run came to what it came to: why in, why out, what each rule costs; of no plan, the conflict."""
    from jobs.explain import explain as make
    from jobs.explain import run_of
    from jobs.workspaces import find_named

    with connected() as connections:
        workspace, names = find_named(connections, words or [])
        if show_frontier:
            _frontier(run_of(connections, workspace, scenario=scenario, constraint_set=set_, run_id=run), as_json)
            return
        told = make(connections, workspace, scenario=scenario, constraint_set=set_, run_id=run, names=names)
    _print_explained(told, names, as_json)


def _print_explained(told: Explained, names: list[str], as_json: bool) -> None:
    from jobs.tables import console

    if as_json:
        print_json(
            {
                "status": told.run.solution.status,
                "run_id": told.run.run_id,
                "scenario": told.run.scenario,
                "constraint_set": told.run.constraint_set,
                "explanations": told.told,
            }
        )
        return
    out = console()
    out.print(f"Run {told.run.run_id}, {told.run.scenario} / {told.run.constraint_set}:", markup=False)
    for line in told.lines(names) or ["There is nothing to explain: the run made no plan."]:
        out.print(f"  {line}", soft_wrap=True, markup=False)


def _frontier(run: Any, as_json: bool) -> None:
    from rich.progress import Progress

    from jobs.explain import frontier_of
    from jobs.tables import console

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("Levels of capacity")
        levels = frontier_of(run, lambda done, of: bar.update(task, completed=done, total=of))
    if as_json:
        document = {"run_id": run.run_id, "scenario": run.scenario, "constraint_set": run.constraint_set}
        print_json({**document, "frontier": [level.plain() for level in levels]})
        return
    out = console()
    for level in levels:
        mark = "  <- now" if level.capacity == run.problem.capacity_total_tokens else ""
        out.print(f"  {level.message}{mark}", soft_wrap=True, markup=False)


def compare(
    workbook: Workbook = None,
    runs: Annotated[tuple[int, int] | None, typer.Option("--runs", metavar="A B", help="The two runs.")] = None,
    as_json: Json = False,
) -> None:
    """Two runs side by side: added, dropped, moved, and which changed rule or number is behind it."""
    from jobs.compare import compare as make
    from jobs.tables import console
    from jobs.workspaces import find

    if runs is None:
        raise UsageError("Say which two runs: --runs A B (their ids stand in the Run Log).")
    with connected() as connections:
        found = make(connections, find(connections, workbook), runs)
    if as_json:
        print_json({"runs": {"before": runs[0], "after": runs[1]}, **found.comparison.plain()})
        return
    out = console()
    for side in (found.before, found.after):
        out.print(f"Run {side.run_id}: {side.scenario} / {side.constraint_set}, {side.solution.status}.", markup=False)
    for line in found.lines():
        out.print(f"  {line}", soft_wrap=True, markup=False)
