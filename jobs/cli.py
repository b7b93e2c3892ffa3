"""``roadmap …``: every command, what it prints and the code it exits with."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.errors import RoadmapError, UsageError
from jobs.cli_explain import compare, explain
from jobs.cli_menu import menu_app
from jobs.cli_parts import Json, Scenario, Set, Workbook, connected, needing_the_extra, print_json, settings, user
from jobs.cli_runs import replay, runs, status

app = typer.Typer(
    name="roadmap",
    help="Optimises a product roadmap from a live Google Sheet and publishes it back with provenance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db_app = typer.Typer(help="The database: where it is, its schema, the embedded server.", no_args_is_help=True)
app.add_typer(db_app, name="db")
app.add_typer(menu_app, name="menu")
app.command()(explain)
app.command()(compare)
app.command()(runs)
app.command()(status)
app.command()(replay)

BUG = 5
COLLECTOR = (500_000, 10, 10)
"""When Python looks for garbage in cycles (``gc.set_threshold``). A large workbook is millions of small objects that
all stay; with Python's own figures half of a cycle's time goes into looking at them again and again."""


def main() -> None:
    """The entry point: a sentence for every error, never a traceback (LOG_LEVEL=DEBUG shows where it arose)."""
    gc.set_threshold(*COLLECTOR)
    try:
        app()
    except RoadmapError as error:
        _told(error.sentence, error.exit_code, error)
    except Exception as error:
        _told(f"A bug: {type(error).__name__}: {error}. LOG_LEVEL=DEBUG shows where; please report it.", BUG, error)


def _told(sentence: str, code: int, error: Exception) -> None:
    if os.environ.get("LOG_LEVEL", "").upper() == "DEBUG":
        from jobs.logs import trace_of

        logging.error("where it came from:\n%s", trace_of(error))
    if "--json" in sys.argv:
        print_json({"status": "error", "exit_code": code, "message": sentence})
    print(sentence, file=sys.stderr)  # noqa: T201  this is what the command line is for
    sys.exit(code)


@app.command()
def demo(
    stay: Annotated[bool, typer.Option("--stay", help="Stay up, with the page open to edit.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the page (0: any free one).")] = 0,
) -> None:
    """The whole loop on embedded parts: a sample workbook, a run, a published roadmap."""
    from jobs.demo import demo as run
    from jobs.tables import console

    with needing_the_extra():
        code = run(settings(), console(), stay=stay, port=port)
    raise typer.Exit(code)


@app.command()
def init(
    workbook: Annotated[str | None, typer.Argument(metavar="[WORKBOOK]", help="Id or URL of the spreadsheet.")] = None,
    new: Annotated[str | None, typer.Option("--new", metavar="TITLE", help="Make a new spreadsheet first.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Fill it with the sample's rows.")] = False,
    editor: Annotated[
        list[str] | None,
        typer.Option("--editor", metavar="EMAIL", help="Who else may edit the role rows of Setup (any number)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make or repair the tabs of a spreadsheet and register it."""
    from jobs.workspaces import create, initialise

    if bool(workbook) == bool(new):
        raise UsageError("Give either a WORKBOOK (id or URL) or --new TITLE.")
    with connected() as connections:
        if new:
            made = create(connections, new, sample=sample, editors=editor or ())
        else:
            made = initialise(connections, workbook or "", sample=sample, editors=editor or ())
    workspace = made.workspace
    if as_json:
        print_json(
            {
                "status": "done",
                "workbook": workspace.spreadsheet_id,
                "title": workspace.title,
                "url": workspace.url,
                "changes": made.changes,
            }
        )
        return
    what = "made" if new else "repaired" if made.changes else "already whole"
    typer.echo(f"“{workspace.title}” is {what} and registered: {workspace.url}")


@app.command()
def check(workbook: Workbook = None, scenario: Scenario = None, set_: Set = None, as_json: Json = False) -> None:
    """Tell every problem of the workbook beside its cell, and here. Ends with 1 where there is any ERROR."""
    from engine.findings import Severity
    from jobs.check import check as run
    from jobs.check import summary_of
    from jobs.show import Asked
    from jobs.tables import console, findings_lines
    from jobs.workspaces import find

    with connected() as connections:
        findings = run(connections, find(connections, workbook), Asked(scenario=scenario, constraint_set=set_))
    has_errors = any(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        print_json(
            {"status": "errors" if has_errors else "ok", "findings": [_finding(finding) for finding in findings]}
        )
    else:
        out = console()
        for line in findings_lines(findings):
            out.print(line, soft_wrap=True)
        out.print(summary_of(findings))
    raise typer.Exit(1 if has_errors else 0)


@app.command()
def optimize(workbook: Workbook = None, scenario: Scenario = None, set_: Set = None, as_json: Json = False) -> None:
    """Pull, compile, optimise and write the plan back."""
    from jobs.optimize import optimize as run
    from jobs.tables import console, findings_lines, portfolio_table, targets_table
    from jobs.workspaces import find

    with connected() as connections:
        outcome = run(connections, find(connections, workbook), _asked(scenario, set_))
    if as_json:
        print_json(
            {
                "status": outcome.status,
                "run_id": outcome.run_id,
                "portfolio_id": outcome.run.portfolio_id if outcome.run else None,
                "scenario": outcome.run.scenario if outcome.run else scenario,
                "constraint_set": outcome.run.constraint_set if outcome.run else set_,
                "message": outcome.sentence,
                "findings": [_finding(finding) for finding in outcome.findings],
                "left_out": [
                    {"initiative_key": one.initiative_key, "title": one.title, "reason": one.reason}
                    for one in outcome.left_out
                ],
                "result": json.loads(outcome.run.solution.to_json()) if outcome.run else None,
            }
        )
        raise typer.Exit(outcome.exit_code)
    out = console()
    for line in findings_lines(outcome.findings):
        out.print(line, soft_wrap=True)
    if outcome.run and outcome.run.portfolio_id:
        out.print(portfolio_table(outcome.run))
        out.print(targets_table(outcome.run))
    out.print(outcome.sentence, soft_wrap=True)
    raise typer.Exit(outcome.exit_code)


@app.command()
def publish(
    workbook: Workbook = None,
    scenario: Scenario = None,
    set_: Set = None,
    run: Annotated[int | None, typer.Option("--run", metavar="ID", help="Publish the plan of this run.")] = None,
    name: Annotated[str, typer.Option("--name", help="The roadmap's name.")] = "Roadmap",
    note: Annotated[str, typer.Option("--note", help="What this version is about.")] = "",
    as_json: Json = False,
) -> None:
    """Make the next roadmap version of the newest good plan, and what people typed into Roadmap Plan."""
    from jobs.publish import publish as make
    from jobs.publish import sentence_of
    from jobs.tables import console, findings_lines, roadmap_table
    from jobs.workspaces import find

    with connected() as connections:
        published = make(
            connections,
            find(connections, workbook),
            _asked(scenario, set_),
            run_id=run,
            roadmap_name=name,
            version_note=note,
        )
    version = published.version
    if as_json:
        print_json(
            {
                "status": "done",
                "roadmap_name": version.roadmap_name,
                "version": version.version,
                "run_id": published.run.run_id,
                "portfolio_id": version.portfolio_id,
                "published_by": version.published_by,
                "published_at": version.published_at.isoformat(),
                "initiatives_in": [e.initiative_key for e in version.entries if e.decision == "in"],
                "findings": [_finding(finding) for finding in published.findings],
                "message": sentence_of(version),
            }
        )
        return
    out = console()
    for line in findings_lines(published.findings):
        out.print(line, soft_wrap=True)
    out.print(roadmap_table(version))
    out.print(sentence_of(version), soft_wrap=True)


@app.command()
def solve(
    problem: Annotated[Path, typer.Argument(metavar="PROBLEM.json", help="The problem; - reads standard input.")],
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="S", help="Seconds, from reading on.")
    ] = None,
    gap: Annotated[float | None, typer.Option("--gap", metavar="G", help="Relative gap; 0 asks for proof.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add why in, why out, prices of rules, best spend.")
    ] = False,
) -> None:
    """Solve a problem file and print the result as JSON. Needs neither database nor sheet."""
    from jobs.solve_file import solve_file

    text, code = solve_file(problem, time_limit, gap, explain=explain)
    sys.stdout.write(text + "\n")
    raise typer.Exit(code)


@app.command("sheets-server")
def sheets_server(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 8765,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Where the spreadsheets are kept.")] = Path(
        "sheets-data"
    ),
    admin: Annotated[bool, typer.Option("--admin", help="For tests: faults on demand, at /admin.")] = False,
) -> None:
    """A local Google Sheets: the v4 REST protocol, and a page at / to look and edit."""
    with needing_the_extra():
        from sheets_sync.local.faults import Faults
        from sheets_sync.local.server import LocalServer, serve

        def told(server: LocalServer) -> None:
            typer.echo(f"Local Sheets at {server.base_url}/ (key: {server.key_file}); Ctrl-C ends it.")

        serve(port, data, faults=Faults() if admin else None, when_up=told)


@app.command()
def worker(
    once: Annotated[bool, typer.Option("--once", help="Do all that is due and end.")] = False,
) -> None:
    """Serve all registered workbooks: requests, schedules, marks. Ends at SIGTERM after the job under way."""
    from jobs.worker import Worker

    with connected() as connections:
        served = Worker(connections)
        if not once:
            served.run()
            return
        errors = served.serve_all()
    if errors:
        raise errors[0]


@db_app.command()
def upgrade() -> None:
    """Bring the schema to this version."""
    with connected() as connections:
        connections.database.now()
    typer.echo("The database is at this version's schema.")


@db_app.command()
def roles() -> None:
    """Print the SQL by which an administrator makes the roles of worker and webhook, where roadmap may not."""
    from db.roles import script
    from db.session import parsed

    with connected() as connections:
        connections.database.now()
        typer.echo(script(parsed(connections.database_url).username or "roadmap"), nl=False)


@db_app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL of ROADMAP_HOME (it keeps running between commands)."""
    from db.embedded import stop as stop_server

    typer.echo("Stopped." if stop_server(settings().roadmap_home) else "It was not running.")


def _asked(scenario: str | None, constraint_set: str | None) -> Any:
    from jobs.show import Asked

    return Asked(scenario=scenario, constraint_set=constraint_set, requested_by=user())


def _finding(finding: Any) -> dict[str, Any]:
    return {
        "severity": str(finding.severity),
        "where": finding.where,
        "tab": finding.tab,
        "row": finding.row,
        "column": finding.column,
        "cell": finding.cell,
        "message": finding.message,
        "stops_run": finding.stops_run,
    }
