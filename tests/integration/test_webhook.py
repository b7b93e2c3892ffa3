"""The webhook over real HTTP and a real Postgres: one request for an id, whoever asks how often, and how it stands."""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from db import store
from db.session import Database
from jobs.requests import ask
from jobs.web_desk import Limits
from jobs.web_server import WebServer
from tests.integration.webhook_world import BOOK, SECRET, Bearer, Signed, Site, registered, site


@pytest.fixture(scope="module")
def workspace_id(database: Database) -> int:
    return registered(database)


@pytest.fixture(scope="module")
def web(db_url: str, workspace_id: int) -> Iterator[Site]:
    with site(db_url) as opened:
        yield opened


def jobs_of(database: Database, request_id: str) -> int:
    counted = text("SELECT count(*) FROM procrastinate_jobs WHERE args->>'request_id' = :id")
    with database.transaction() as session:
        return session.execute(counted, {"id": request_id}).scalar_one()


def test_a_request_is_stored_with_its_job_and_who_was_proved(web: Site, database: Database) -> None:
    answer = web.ask("request-new-1", arguments={"scenario": "Core", "share": 0.25})
    assert answer.status_code == 202
    document = answer.json()
    assert document["status"] == document["stage"] == "queued"
    assert document["requested_by"] == "maria@example.com"
    assert (document["run_id"], document["progress"], document["finished_at"]) == (None, None, None)
    with database.transaction() as session:
        record = store.find_request(session, "request-new-1")
    assert record is not None
    assert (record.verified_by, record.trigger) == ("maria@example.com", "menu")
    assert {name: str(value) for name, value in record.arguments.items()} == {"scenario": "Core", "share": "0.25"}
    assert jobs_of(database, "request-new-1") == 1


def test_the_same_id_asked_many_times_at_once_is_one_request(web: Site, database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: web.ask("request-many-1").status_code, range(16)))
    assert sorted(answers) == [200] * 15 + [202]
    assert jobs_of(database, "request-many-1") == 1


def test_a_row_of_the_menu_and_its_webhook_are_one_request_and_the_token_proves_who_clicked(
    web: Site, database: Database, workspace_id: int
) -> None:
    with database.transaction() as session:
        ask(session, workspace_id, "request-menu-1", "optimize", arguments={"a": 1}, requested_by="maria")
    answer = web.ask("request-menu-1", arguments={"a": 1})
    assert answer.status_code == 200
    with database.transaction() as session:
        record, is_new = ask(session, workspace_id, "request-menu-1", "optimize", arguments={"a": 1})
    assert (is_new, record.verified_by) == (False, "maria@example.com")
    assert jobs_of(database, "request-menu-1") == 1


@pytest.mark.parametrize("change", [{"action": "check"}, {"arguments": {"scenario": "Mallory's"}}])
def test_an_id_that_belongs_to_something_else_is_refused_and_proves_nobody(
    web: Site, database: Database, workspace_id: int, change: dict
) -> None:
    """Else an editor could change a row's arguments, and the token of who clicked would vouch for them."""
    request_id = f"request-other-{next(iter(change))}"
    with database.transaction() as session:
        ask(session, workspace_id, request_id, "optimize")
    answer = web.ask(request_id, **change)
    assert answer.status_code == 409
    with database.transaction() as session:
        record = store.find_request(session, request_id)
    assert record is not None
    assert record.verified_by is None


def test_an_id_of_another_workbook_is_refused_and_not_shown(web: Site, database: Database) -> None:
    with database.transaction() as session:
        other = store.register_workspace(session, "another-workbook", "", "").id
        ask(session, other, "request-theirs", "check")
    assert web.ask("request-theirs", "check").status_code == 409
    answer = web.get(f"/v1/requests/request-theirs?workbook={BOOK}", Bearer(web.keys.token()))
    assert answer.status_code == 404
    assert set(answer.json()) == {"message"}


def test_cancel_is_done_at_once(web: Site) -> None:
    web.ask("request-stop-1")
    answer = web.ask("request-stop-2", "cancel", arguments={"request_id": "request-stop-1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "done")
    status = web.get(f"/v1/requests/request-stop-1?workbook={BOOK}", Bearer(web.keys.token())).json()
    assert (status["status"], status["message"]) == ("cancelled", "Cancelled by maria@example.com.")
    assert status["finished_at"]


def test_a_run_under_way_is_shown_with_its_stage_and_progress(web: Site, database: Database, workspace_id: int) -> None:
    web.ask("request-run-1")
    with database.transaction() as session:
        run = store.begin_run(session, workspace_id)
        store.attach_run(session, "request-run-1", run.id)
        store.note_progress(session, run, {"seconds": 1.5, "phase": "searching", "gap": None})
    status = web.get(f"/v1/requests/request-run-1?workbook={BOOK}", Signed()).json()
    assert (status["run_id"], status["stage"]) == (run.id, "pulling")
    assert status["progress"] == {"seconds": 1.5, "phase": "searching", "gap": None}


def test_a_signature_counts_once_and_says_a_script_asked(web: Site, database: Database) -> None:
    body = {"request_id": "request-signed", "workbook": BOOK, "action": "check"}
    first = web.post(body, Signed())
    assert first.status_code == 202
    sent = first.request
    headers = {name: value for name, value in sent.headers.items() if name.startswith(("X-", "Content-Type"))}
    again = web.post(sent.body, headers=headers)
    assert again.status_code == 401
    assert "before" in again.json()["message"]
    with database.transaction() as session:
        record = store.find_request(session, "request-signed")
    assert record is not None
    assert (record.trigger, record.verified_by, record.who) == ("API", None, "a script that has the webhook's secret")


@pytest.mark.parametrize("shift_s", [-330, 330])
def test_a_signature_of_another_time_does_not_count(web: Site, database: Database, shift_s: int) -> None:
    answer = web.post({"request_id": "request-late", "workbook": BOOK, "action": "check"}, Signed(shift_s=shift_s))
    assert answer.status_code == 401
    assert web.get(f"/v1/requests/request-late?workbook={BOOK}", Signed(shift_s=shift_s)).status_code == 401
    assert jobs_of(database, "request-late") == 0


def test_a_signature_is_of_method_path_query_and_body(web: Site) -> None:
    """What was signed for one request opens no other."""
    looked = web.get(f"/v1/requests/request-new-1?workbook={BOOK}", Signed())
    headers = {name: value for name, value in looked.request.headers.items() if name.startswith("X-")}
    assert web.get("/v1/requests/request-new-1?workbook=another", headers=headers).status_code == 401
    assert web.get(f"/v1/requests/request-new-2?workbook={BOOK}", headers=headers).status_code == 401
    body = {"request_id": "request-new-9", "workbook": BOOK, "action": "check"}
    assert web.post(body, headers=headers).status_code == 401
    signed = web.post(body, Signed()).request
    stolen = {name: value for name, value in signed.headers.items() if name.startswith("X-")}
    assert web.post({**body, "action": "publish"}, headers=stolen).status_code == 401


def test_too_many_requests_are_told_when_to_come_again(db_url: str, web: Site, database: Database) -> None:
    """The turns are counted in Postgres: a second server knows of those of the first."""
    few = Limits(asks_of_asker=2)
    with site(db_url, limits=few) as first, site(db_url, limits=few) as second:
        askers = [Bearer(one.keys.token(email="often@example.com")) for one in (first, second)]
        body = {"workbook": BOOK, "action": "check"}
        answers = [
            one.post({"request_id": f"request-turn-{turn}-{place}", **body}, askers[place])
            for turn in range(2)
            for place, one in enumerate((first, second))
        ]
    assert [answer.status_code for answer in answers] == [202, 202, 429, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert jobs_of(database, "request-turn-1-0") == 0
    assert web.ask("request-turn-other").status_code == 202


def test_all_askers_of_a_workbook_together_are_limited_too(db_url: str, database: Database) -> None:
    with database.transaction() as session:
        store.register_workspace(session, "busy-workbook", "", "")
    body = {"workbook": "busy-workbook", "action": "check"}
    with site(db_url, limits=Limits(asks_of_workbook=2)) as one:
        tokens = [Bearer(one.keys.token(email=f"asker{number}@example.com")) for number in range(3)]
        answers = [one.post({"request_id": f"request-busy-{n}", **body}, token) for n, token in enumerate(tokens)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]


def test_health_is_told_without_a_token_and_readiness_only_while_the_queue_is_fetched(
    web: Site, database: Database
) -> None:
    assert web.get("/healthz").status_code == 200
    with database.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_workers"))
    away = web.get("/readyz")
    assert (away.status_code, "Retry-After" in away.headers) == (503, True)
    with database.transaction() as session:
        session.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    assert web.get("/readyz").status_code == 200
    with database.transaction() as session:
        session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"))
    assert web.get("/readyz").status_code == 503


def test_tables_of_another_version_are_not_ready(web: Site, database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        assert web.get("/readyz").status_code == 503
    finally:
        from db import migrations

        with database.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": migrations.HEAD})


def test_without_postgres_the_answer_is_to_come_again(web: Site) -> None:
    with site("postgresql://nobody:wrong@127.0.0.1:1/none") as lost:
        answer = lost.ask("request-lost-1")
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert "wrong" not in answer.text
        assert lost.get("/healthz").status_code == 200
        assert lost.get("/readyz").status_code == 503


def test_metrics_are_for_this_machine_and_for_who_knows_the_word(web: Site) -> None:
    assert "roadmap_google_calls" in web.get("/metrics").text
    through_a_proxy = {"X-Forwarded-For": "203.0.113.9"}
    assert web.get("/metrics", headers=through_a_proxy).status_code == 403
    word = hmac.new(SECRET.encode(), b"metrics", hashlib.sha256).hexdigest()
    assert web.get("/metrics", Bearer(word), headers=through_a_proxy).status_code == 200
    assert web.get("/metrics", Bearer(SECRET), headers=through_a_proxy).status_code == 403


def raw(web: Site, *parts: bytes) -> bytes:
    """What the server answers to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
                if b"\r\n\r\n" in answer:
                    break
        except ConnectionResetError:
            pass
    return answer


def test_a_body_that_is_too_large_is_refused_declared_or_in_chunks(web: Site) -> None:
    declared = b"POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n"
    assert raw(web, declared).startswith(b"HTTP/1.1 413 ")
    chunked = b"POST /v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw(web, chunked, *[b"2000\r\n" + b"x" * 0x2000 + b"\r\n"] * 9).startswith(b"HTTP/1.1 413 ")


def test_a_head_that_is_too_large_is_refused(web: Site) -> None:
    answer = raw(web, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 20_000 + b"\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))  # as it comes: whole, or in parts


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea"],
)
def test_a_connection_that_sends_no_whole_head_is_closed(
    web: Site, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("jobs.web_server.HEAD_S", 0.2)
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as connection:
        connection.sendall(sent)
        while connection.recv(65536):  # ends when the server closes
            pass


def test_a_body_that_comes_too_slowly_is_refused(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.web.BODY_S", 0.2)
    head = b"POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"
    assert raw(web, head).startswith(b"HTTP/1.1 408 ")


def test_a_server_that_stops_answers_what_is_under_way(db_url: str, workspace_id: int) -> None:
    with site(db_url) as one:
        assert one.get("/healthz").status_code == 200
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", one.port), timeout=1)


def test_a_port_that_is_taken_is_told_as_the_setting_that_named_it(web: Site) -> None:
    from engine.errors import UsageError
    from jobs.web_desk import Desk

    with pytest.raises(UsageError, match="WEBHOOK_LISTEN"):
        WebServer(Desk(web.web_database, None, None), "127.0.0.1", web.port)
