"""A percentage where tokens are counted is an error with a proposal, however the cell keeps it; never half of one."""

from __future__ import annotations

import gspread
import pytest

from engine.findings import Severity
from jobs.check import check
from jobs.pull import pull
from jobs.show import Asked
from jobs.workspaces import create


def test_fifty_percent_of_tokens_is_told_as_typed_and_as_text_while_half_a_token_is_a_number(world) -> None:
    """Typed 50% becomes 0.5 with a percent format, text stays text; of a plain fraction nothing is said; the mark goes
    when only the format was put right. Without a fraction no more is read than else."""
    with world.connected() as connections:
        workspace = create(connections, "Percent").workspace
        sheet = world.spreadsheet(workspace.spreadsheet_id).worksheet("Initiatives")
        header = sheet.row_values(1)
        places = [header.index(name) + 1 for name in ("title", "engineering_tokens")]

        def put(row: int, *cells: str | float) -> None:
            for place, cell in zip(places, cells, strict=True):
                sheet.update([[cell]], gspread.utils.rowcol_to_a1(row, place), raw=False)

        put(2, "Whole", 120)
        before = connections.gateway.counts.calls
        pull(connections, workspace)
        assert connections.gateway.counts.calls - before == 2
        put(3, "Typed", "50%")
        put(4, "Half", 0.5)
        put(5, "Text", "'50%")
        put(6, "Twelve and a half", "1250%")
        before = connections.gateway.counts.calls
        inputs = pull(connections, workspace).inputs
        assert connections.gateway.counts.calls - before == 3
        assert [str(row.engineering_tokens) for row in inputs.initiatives] == ["120", "None", "0.5", "None", "None"]
        told = {
            each.row: each for each in check(connections, workspace, Asked()) if each.column == header[places[1] - 1]
        }
        assert set(told) == {3, 5, 6}
        assert all(each.severity is Severity.ERROR for each in told.values())
        assert told[3].message == (
            "'50%' is a percentage, and here a plain number is wanted; choose Format ▸ Number ▸ Automatic, then write"
            " 50 or 0.5"
        )
        assert told[5].message == "'50%' is a percentage, and here a plain number is wanted; write 50 or 0.5"
        assert "write 1250 or 12.5" in told[6].message
        sheet.format("M3:M3", {"numberFormat": {"type": "NUMBER", "pattern": "0.0"}})
        assert pull(connections, workspace).inputs.initiatives[1].engineering_tokens == pytest.approx(0.5)
