"""What is no request leaves nothing behind, however it is malformed. The long run is tests/faults/test_webhook.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.session import Database
from tests.integration.webhook_malformed import GOOD, Body, bodies, require_refused
from tests.integration.webhook_world import BOOK, Bearer, Signed, Site, registered, rows, site


@pytest.fixture(scope="module")
def web(db_url: str, database: Database) -> Iterator[Site]:
    registered(database)
    with site(db_url) as opened:
        yield opened


@settings(max_examples=120)
@given(body=bodies(), way=st.integers(0, 3))
def test_what_is_no_request_is_refused_in_one_sentence(web: Site, body: Body, way: int) -> None:
    require_refused(web, body, way)


@settings(max_examples=40)
@given(body=bodies(), way=st.integers(0, 3))
def test_what_is_no_request_leaves_nothing_in_postgres(web: Site, database: Database, body: Body, way: int) -> None:
    before = rows(database)
    require_refused(web, body, way)
    assert rows(database) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
    ],
)
def test_only_json_is_taken(web: Site, headers: dict[str, str]) -> None:
    answer = web.post(b"{}", Signed(), headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize("text", ["2026-11-25", "1764000000", "2026-11-25T10:00:00", "2026-13-01T00:00:00Z", "now"])
def test_a_time_that_is_none_is_refused(web: Site, text: str) -> None:
    answer = web.post({**GOOD, "requested_at": text}, Bearer(web.keys.token()))
    assert (answer.status_code, "requested_at" in answer.json()["message"]) == (422, True)


@pytest.mark.parametrize("query", ["", "?workbook=", "?workbook=a/b", f"?workbook={BOOK}&workbook=x", "?other=1"])
def test_a_look_names_one_workbook(web: Site, query: str) -> None:
    assert web.get(f"/v1/requests/request-nobody{query}", Signed()).status_code in (400, 422)


def test_the_text_of_what_came_is_not_told_back(web: Site) -> None:
    answer = web.post({**GOOD, "action": "steal <b>everything</b>"}, Signed())
    assert answer.status_code == 422
    assert "steal" not in answer.text
