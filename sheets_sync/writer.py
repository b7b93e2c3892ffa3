"""One cycle's effect on a workbook: a narrow re-read, one atomic batch, a look at its echo, at most one repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.updates import SheetUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteReport:
    """What a write did: rows whose cells were written, rows put right by the second batch, HTTP calls made, and tabs left
    for the next cycle because their header changed while we worked."""

    rows_written: int
    repaired_rows: int
    calls: int
    skipped_tabs: tuple[str, ...] = ()


def write_cycle(
    gateway: SheetsGateway, workbook: Workbook, update: SheetUpdate, *, before_write: Callable[[], None]
) -> WriteReport:
    """Makes ``workbook`` (as just read) show ``update``. One read; one write, two if a row moved in between.

    ``before_write`` is called right before each batch is sent and raises to stop it (the fence check)."""
    raise NotImplementedError
