"""Makes and repairs a workbook: the requests of one atomic v4 batchUpdate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sheets_sync.grids import CellValue, Workbook

Tables = Mapping[str, Sequence[Mapping[str, CellValue]]]


def repair_requests(workbook: Workbook) -> list[dict[str, Any]]:
    """The requests that add what is missing in the workbook; [] when nothing is. Moves and deletes nothing."""
    raise NotImplementedError("written within the hour")


def fill_requests(workbook: Workbook, tables: Tables) -> list[dict[str, Any]]:
    """The requests that write rows below the last used row of each tab of a workbook that has its tabs and headers."""
    raise NotImplementedError("written within the hour")


def new_workbook_requests(workbook: Workbook, tables: Tables) -> list[dict[str, Any]]:
    """Repair and fill in one batch: what makes a sample workbook of an empty spreadsheet."""
    raise NotImplementedError("written within the hour")
