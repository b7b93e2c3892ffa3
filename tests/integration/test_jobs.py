"""Jobs: put into the queue with what they do, fetched once, handed over when their worker falls silent."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text

from db import store
from db.session import Database
from engine.errors import OutOfReach
from jobs.queue import Queue, QueueAway


@pytest.fixture
def workspaces(database: Database, request: pytest.FixtureRequest) -> list[int]:
    with database.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        return [store.register_workspace(session, f"{request.node.name}-{n}", "Plans", "").id for n in range(3)]


def asked(database: Database, workspace: int, *names: str) -> None:
    for name in names:
        with database.transaction() as session:
            store.ask(session, workspace, name, "check")


def worked(
    db_url: str, database: Database, task: Callable[[str], None], *, look: Callable[[int, str], None] | None = None
) -> Queue:
    """Everything that can be done now, by one worker."""
    queue = Queue(
        db_url,
        {
            store.REQUEST_TASK: lambda request_id: task(request_id),
            store.LOOK_TASK: lambda workspace_id, reason: look(workspace_id, reason) if look else None,
        },
        queues=store.QUEUES,
        concurrency=1,
        now=database.now,
        abandon=lambda _: None,
    )
    queue.run(wait=False)
    return queue


def test_what_is_asked_and_its_job_are_stored_together_or_not_at_all(
    database: Database, workspaces: list[int], db_url: str
) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        store.ask(session, workspaces[0], "never", "check")
        _ = 1 / 0
    asked(database, workspaces[0], "asked")
    seen: list[str] = []
    worked(db_url, database, seen.append)
    assert seen == ["asked"]
    with database.transaction() as session:
        assert store.find_request(session, "never") is None


def test_the_same_id_asked_again_and_again_is_one_job(database: Database, workspaces: list[int], db_url: str) -> None:
    asked(database, workspaces[0], "twice", "twice", "twice")
    seen: list[str] = []
    worked(db_url, database, seen.append)
    assert seen == ["twice"]


def test_a_workbook_is_served_in_order_and_none_waits_for_the_tenth_request_of_another(
    database: Database, workspaces: list[int], db_url: str
) -> None:
    busy, other, third = workspaces
    asked(database, busy, *(f"busy-{n}" for n in range(10)))
    asked(database, other, "other-0", "other-1")
    asked(database, third, "third-0")
    seen: list[str] = []
    worked(db_url, database, seen.append)
    assert [name for name in seen if name.startswith("busy")] == [f"busy-{n}" for n in range(10)]
    assert set(seen[:3]) == {"busy-0", "other-0", "third-0"}
    assert set(seen[3:5]) == {"busy-1", "other-1"}


def test_two_workers_do_each_job_once_and_one_of_a_workbook_at_a_time(
    database: Database, workspaces: list[int], db_url: str
) -> None:
    for workspace in workspaces:
        asked(database, workspace, *(f"{workspace}-{n}" for n in range(4)))
    seen: list[str] = []
    under_way: set[str] = set()
    lock = threading.Lock()
    together: list[str] = []

    def task(request_id: str) -> None:
        workspace = request_id.partition("-")[0]
        with lock:
            if workspace in under_way:
                together.append(request_id)
            under_way.add(workspace)
        threading.Event().wait(0.02)
        with lock:
            under_way.discard(workspace)
            seen.append(request_id)

    def work() -> None:
        while True:
            worked(db_url, database, task)
            with database.transaction() as session:
                if not store.jobs_due(session):
                    return

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == []
    assert sorted(seen) == sorted(f"{workspace}-{n}" for workspace in workspaces for n in range(4))


def test_an_error_that_a_retry_may_help_is_tried_later_and_another_one_is_kept(
    database: Database, workspaces: list[int], db_url: str
) -> None:
    def task(request_id: str) -> None:
        raise OutOfReach("Google is away.") if request_id == "later" else ValueError("a bug")

    asked(database, workspaces[0], "later")
    asked(database, workspaces[1], "bug")
    worked(db_url, database, task)
    with database.transaction() as session:
        found = session.execute(
            text("SELECT args->>'request_id', status::text, scheduled_at > now() FROM procrastinate_jobs ORDER BY id")
        ).all()
    assert [tuple(row) for row in found] == [("later", "todo", True), ("bug", "failed", None)]


def test_what_is_tried_again_goes_before_what_was_asked_for_meanwhile(
    database: Database, workspaces: list[int], db_url: str
) -> None:
    begun: list[str] = []

    def task(request_id: str) -> None:
        begun.append(request_id)
        if begun == ["retried-1", "retried-2"]:
            asked(database, workspaces[0], "retried-3")
            raise OutOfReach("Google is away.")

    asked(database, workspaces[0], "retried-1", "retried-2")
    worked(db_url, database, task)
    with database.transaction() as session:
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
    worked(db_url, database, task)
    assert begun == ["retried-1", "retried-2", "retried-2", "retried-3"]


def test_the_jobs_of_a_silent_worker_go_to_another_and_it_cannot_end_them(
    database: Database, workspaces: list[int], db_url: str
) -> None:
    """A worker that was stopped in the middle of a job wakes up: the job that it ends is no more."""
    asked(database, workspaces[0], "once")
    seen: list[str] = []

    def slow(request_id: str) -> None:
        seen.append(request_id)
        if len(seen) > 1:
            return
        with database.transaction() as session:  # meanwhile it has lost its jobs
            session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"))
            assert store.hand_over_jobs(session, 10) == 1
            assert store.jobs_due(session) == 1

    with pytest.raises(QueueAway):
        worked(db_url, database, slow)
    with database.transaction() as session:
        assert store.jobs_due(session) == 1
    worked(db_url, database, slow)
    assert seen == ["once", "once"]


def test_one_look_at_a_workbook_waits_at_most(database: Database, workspaces: list[int], db_url: str) -> None:
    with database.transaction() as session:
        told = [store.defer_look(session, workspaces[0], "changed", is_urgent=True) for _ in range(3)]
    with database.transaction() as session:
        told.append(store.defer_look(session, workspaces[0], "hourly", is_urgent=False))
        told.append(store.defer_look(session, workspaces[1], "changed", is_urgent=True))
    assert told == [True, False, False, False, True]
    looked: list[tuple[int, str]] = []
    worked(db_url, database, lambda _: None, look=lambda workspace, reason: looked.append((workspace, reason)))
    assert looked == [(workspaces[0], "changed"), (workspaces[1], "changed")]


def test_clicks_go_before_looks_that_can_wait(database: Database, workspaces: list[int], db_url: str) -> None:
    order: list[str] = []
    with database.transaction() as session:
        store.defer_look(session, workspaces[1], "hourly", is_urgent=False)
    asked(database, workspaces[0], *(f"click-{n}" for n in range(3)))
    worked(db_url, database, order.append, look=lambda *_: order.append("look"))
    assert order == ["click-0", "click-1", "click-2", "look"]


@pytest.mark.parametrize("waits_already", [False, True])
def test_a_workbook_that_changed_is_looked_at_before_the_second_request_of_another(
    waits_already: bool, database: Database, workspaces: list[int], db_url: str
) -> None:
    """A click may be found there: it would else wait for all that others have asked."""
    order: list[str] = []
    if waits_already:
        with database.transaction() as session:
            store.defer_look(session, workspaces[1], "hourly", is_urgent=False)
    names = [f"many-{waits_already}-{n}" for n in range(3)]
    asked(database, workspaces[0], *names)
    with database.transaction() as session:
        store.defer_look(session, workspaces[1], "changed", is_urgent=True)
    worked(db_url, database, order.append, look=lambda *_: order.append("look"))
    assert order.index("look") <= 1


def test_a_cancelled_request_is_not_begun(database: Database, workspaces: list[int]) -> None:
    asked(database, workspaces[0], "unwanted")
    with database.transaction() as session:
        assert store.cancel_request(session, "unwanted", "Cancelled by Maria.")
        assert not store.cancel_request(session, "unwanted", "Cancelled by Jo.")
        assert store.start_request(session, "unwanted") is None
        found = store.find_request(session, "unwanted")
    assert found is not None
    assert (found.status, found.message) == ("cancelled", "Cancelled by Maria.")


def test_a_failed_request_can_be_asked_again_and_a_done_one_cannot(database: Database, workspaces: list[int]) -> None:
    asked(database, workspaces[0], "failed", "done")
    with database.transaction() as session:
        for name in ("failed", "done"):
            store.start_request(session, name)
            store.finish_request(session, name, store.RequestStatus(name), "so it ended")
        assert [store.ask_again(session, name) for name in ("failed", "done", "unknown")] == [True, False, False]
        again = store.find_request(session, "failed")
    assert again is not None
    assert (again.status, again.attempts, again.finished_at) == ("queued", 0, None)
