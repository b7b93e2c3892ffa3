"""``roadmap runs``, ``roadmap status`` and ``roadmap replay``: what operators ask, in tables or as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from jobs.cli_parts import Json, connected, print_json, user

if TYPE_CHECKING:
    from db.records import RunLine
    from jobs.status import Status

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[WORKBOOK] | cancel ID | retry ID", help="ID: a run's number or a request's id."),
]


def runs(
    words: Words = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """List requests and runs, newest first; cancel one that waits or runs; try one again that failed."""
    from jobs import runs as made

    first, *others = words or [""]
    if first in ("cancel", "retry"):
        if len(others) != 1:
            raise UsageError(f"Say which one: roadmap runs {first} ID (a run's number or a request's id).")
        with connected() as connections:
            if first == "cancel":
                message = made.cancel(connections, others[0], user())
            else:
                message = made.retry(connections, others[0])
        if as_json:
            print_json({"status": "done", "message": message})
        else:
            typer.echo(message)
        return
    if others:
        raise UsageError("Give one WORKBOOK, or cancel ID, or retry ID.")
    with connected() as connections:
        lines = made.listed(connections, first or None, limit)
    if as_json:
        print_json({"runs": [_plain(line) for line in lines]})
    elif lines:
        _print_lines(lines)
    else:
        typer.echo("There is no run yet.")


def status(as_json: Json = False) -> None:
    """How the database, the queue, the workers and the watch get on. Changes nothing."""
    from jobs.status import status as made

    with connected() as connections:
        found = made(connections)
    if as_json:
        document = found.plain()
        document["last_runs"] = [_plain(line) for line in found.last_runs]
        print_json(document)
        return
    _print_status(found)


def replay(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run's number.")],
    as_json: Json = False,
) -> None:
    """Solve the stored problem of a run again. Ends with 1 where another portfolio comes out, and says what differs."""
    from jobs.replay import replay as made

    with connected() as connections:
        facts, found = made(connections, run)
    if found.is_same:
        message = f"Run {run} comes to the same portfolio again."
    elif found.must_be_same or found.broken:
        message = f"Run {run} does not come to the same portfolio again, and it should: please report it."
    else:
        message = (
            f"Run {run} comes to another plan now. It was not solved to the end (a gap was allowed, or time ran out), "
            "so that others are as good within its gap; the stored plan keeps every rule."
        )
    if as_json:
        print_json(
            {
                "status": "same" if found.is_same else "different",
                "run_id": run,
                "scenario": facts.scenario,
                "constraint_set": facts.constraint_set,
                "message": message,
                "must_be_same": found.must_be_same,
                "objective": {"stored": facts.solution.objective, "again": found.again.objective},
                "differences": list(found.differences),
                "broken": list(found.broken),
            }
        )
    else:
        typer.echo(message)
        for line in (*found.differences, *(f"The stored plan breaks {path}." for path in found.broken)):
            typer.echo(f"  {line}")
    raise typer.Exit(0 if found.is_same else 1)


def _plain(line: RunLine) -> dict[str, Any]:
    return {**asdict(line), "who": line.who, "asked_at": line.asked_at.isoformat()}


def _print_lines(lines: tuple[RunLine, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from jobs.tables import console

    table = Table()
    for name in ("run", "request", "when (UTC)", "workbook", "who", "trigger", "action", "scenario / set", "status"):
        table.add_column(name, overflow="fold")
    for name in ("seconds", "tries"):
        table.add_column(name, justify="right")
    table.add_column("message", overflow="fold")
    for line in lines:
        names = " / ".join(name for name in (line.scenario, line.constraint_set) if name)
        cells = (
            str(line.run_id or ""),
            line.request_id or "",
            f"{line.asked_at:%Y-%m-%d %H:%M:%S}",
            line.workbook,
            line.who,
            line.trigger,
            line.action,
            names,
            line.stage or line.status,
            "" if line.seconds is None else f"{line.seconds:.1f}",
            str(line.attempts),
            line.message,
        )
        table.add_row(*(Text(cell) for cell in cells))
    console().print(table)


def _print_status(found: Status) -> None:
    from jobs.tables import console

    out = console()

    def say(line: str) -> None:
        out.print(line, soft_wrap=True, markup=False)

    say(f"Database: reachable, schema {found.schema}.")
    heard = ", ".join(f"{one.id} (heard {one.silent_s:.0f} s ago, {one.jobs} jobs)" for one in found.workers)
    say(f"Workers: {heard or 'none'}.")
    for queue, state in found.queues.items():
        say(
            f"Queue {queue}: {state['waiting']} waiting (the oldest for {state['oldest_waiting_s']:.0f} s), "
            f"{state['running']} running, {state['failed']} failed."
        )
    books = found.workbooks
    say(
        f"Workbooks: {books['registered']} registered; to be read: {books['changed']} changed, {books['first']} for "
        f"the first time, {books['hourly']} because their hour has come."
    )
    for account, age in found.drive.items():
        say(f"Drive ({account}): " + ("never asked." if age is None else f"asked {age:.0f} s ago."))
    for bucket, turns in sorted(found.quota.items()):
        say(f"Google calls in the last minute ({bucket}): {turns}.")
    if found.last_runs:
        say("The last run of each workbook:")
        _print_lines(found.last_runs)
    for problem in found.problems:
        say(f"! {problem}")
