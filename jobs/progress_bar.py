"""How a solve gets on, as a bar on standard error where that is a terminal, and as nothing where it is not."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from engine.progress import Progress

_WORDS = {
    "preparing": "Preparing",
    "searching": "Looking for the best plan",
    "choosing among equals": "Choosing among equal plans",
    "writing": "Writing the result",
    "done": "Done",
    "explaining": "Working out why",
}


@contextmanager
def progress_bar(limit_s: float, console: Console | None = None) -> Generator[Callable[[Progress], None] | None]:
    """What to hand to ``solve`` as ``on_progress``; None where nobody looks. The bar is the time used of the limit, and
    it is gone at the end."""
    where = console or Console(stderr=True)
    if not where.is_terminal:
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=where, transient=True) as bar:
        task = bar.add_task(_WORDS["preparing"], total=limit_s)
        yield lambda told: bar.update(task, description=sentence(told), completed=min(told.seconds, limit_s))


def sentence(told: Progress) -> str:
    """What the bar says: ``Looking for the best plan: 2,134.5 so far, at most 2,140.2 (0.27 % open)``."""
    words = _WORDS[told.phase] if told.stage < 2 else f"{_WORDS[told.phase]} (objective {told.stage})"
    if told.incumbent is None:
        return words
    so_far = f"{words}: {told.incumbent:,.6g} so far"
    if told.bound is None or told.gap is None:
        return so_far
    return f"{so_far}, at most {told.bound:,.6g} ({100 * told.gap:.2g} % open)"
