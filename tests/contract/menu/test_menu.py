"""Clicks on the menu: what stands in Requests after them, and what the person is told."""

from __future__ import annotations

import json
from typing import Any


def test_a_click_is_one_row_of_requests_that_says_who_asks_for_what_and_by_which_script(maria: Any) -> None:
    maria.click("checkSheet")
    (row,) = maria.rows()
    assert (row["action"], row["requested_by"]) == ("check", "maria@example.com")
    assert set(json.loads(row["arguments"])) == {"script_version"}
    assert len(row["request_id"]) == 36
    assert isinstance(row["requested_at"], float)
