"""``roadmap menu …``: the menu of a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli_parts import Json, Workbook, connected, print_json

menu_app = typer.Typer(help="The menu of a workbook: its script, and whether it works.", no_args_is_help=True)


@menu_app.command()
def install(
    workbook: Workbook = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="S", min=0, help="Seconds to wait for the first click (0: none).")
    ] = 600,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where the script's files are put.")] = Path(
        "roadmap-menu"
    ),
    as_json: Json = False,
) -> None:
    """Write the script's files, say what to do with them, and wait for the first click that they make."""
    from jobs.menu import sentence_of, wait_for_click, write_files
    from jobs.workspaces import find

    with connected() as connections:
        workspace = find(connections, workbook)
        written = write_files(connections, workspace, folder)
        if not as_json:
            typer.echo(f"The menu of “{workspace.title}” (version {written.version}):")
            for number, step in enumerate(written.steps, 1):
                typer.echo(f"  {number}. {step}")
            if wait:
                typer.echo(f"Waiting for that click, {wait:g} s at most (Ctrl-C ends it) …")
        seen = wait_for_click(connections, workspace, written.version, wait) if wait else None
    message = sentence_of(written, seen)
    is_missing = seen is not None and seen.click is None
    if as_json:
        print_json(
            {
                "status": "written" if seen is None else "not seen" if is_missing else "seen",
                "workbook": workspace.spreadsheet_id,
                "folder": str(written.folder),
                "version": written.version,
                "webhook_url": written.webhook_url,
                "steps": written.steps,
                "other_versions": seen.others if seen else [],
                "request_id": seen.click.request_id if seen and seen.click else None,
                "message": message,
            }
        )
    else:
        typer.echo(message)
    raise typer.Exit(1 if is_missing else 0)
