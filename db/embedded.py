"""PostgreSQL 18 from a wheel, for when ``DATABASE_URL`` is unset: our own small supervisor.

One server per home, shared by all commands. It is started by the first of them under a file lock, in a session of its
own, so that it outlives that command, Ctrl-C and ``kill -9`` alike, and it keeps running until ``stop`` (``roadmap db
stop``). Where it died, a worker starts it again (``revive``), but not where it was stopped. It listens on no TCP port;
its socket lies in a 0700 folder and its password in a 0600 file. Whether it lives is found out by connecting to it,
never from a pid file alone: a pid may belong to anything by now.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

from db.embedded_process import command_words, last_words, log_size, pid_belongs, pid_file
from db.embedded_program import (
    Account,
    Place,
    find_place,
    is_supported_platform,
    make_base,
    make_private_folder,
    program_folder,
    socket_folder,
)
from db.errors import EmbeddedFailed

USER = "roadmap"
DATABASE = "roadmap"
PORT = 5432
START_LIMIT_S = 60.0
"""How long a start may take: crash recovery reads the log since the last checkpoint. An ordinary one takes 0.05 s."""
STOP_LIMIT_S = 30.0
_STOPPED = "stopped"
"""The file that says that the server was stopped by ``stop``, and did not die."""
_LOG_LIMIT_BYTES = 1_000_000
_HBA = "# Written by roadmap: passwords only, through the socket only.\nlocal all all scram-sha-256\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """The running server. ``url`` holds no password (it names a 0600 file); ``notes`` are sentences for the user
    ("PostgreSQL does not run as root: it runs as postgres."), empty where nothing is out of the ordinary."""

    url: str
    data_folder: Path
    was_started: bool = False
    notes: tuple[str, ...] = ()


def ensure_running(home: Path) -> str:
    """The URL of the embedded Postgres of ``home``, started (and made) where it is not running. It keeps running after
    the command ends; ``stop`` ends it. Raises ``EmbeddedFailed`` with a sentence."""
    return start(home).url


def start(home: Path) -> EmbeddedServer:
    """As ``ensure_running``, with what there is to say about it."""
    if not is_supported_platform():
        raise EmbeddedFailed("The embedded PostgreSQL runs on Linux and macOS only: set DATABASE_URL.")
    with _telling(home):
        place = find_place(home)
        if _answers(place):
            return _server(place, was_started=False)
        make_base(place)
        with _locked(place):
            was_started = not _answers(place) and _start_locked(place)
        return _server(place, was_started=was_started)


def revive(home: Path) -> bool:
    """Starts the embedded Postgres of ``home`` again where it died; one that ``stop`` ended stays as it is, since
    somebody copies its files. Whether it was started here. Raises ``EmbeddedFailed``."""
    with _telling(home):
        place = find_place(home)
        with _locked(place):  # whoever starts or stops it holds the lock until it has
            died = not (place.base / _STOPPED).exists() and not _answers(place)
            return died and _start_locked(place)


def stop(home: Path) -> bool:
    """Stops the embedded Postgres of ``home`` and waits for its end; whether one was running."""
    with _telling(home):
        place = find_place(home)
        if not place.data.exists():
            return False
        with _locked(place):
            pid = _interrupt(place)
            if pid is None:
                return False
            (place.base / _STOPPED).touch()
            deadline = time.monotonic() + STOP_LIMIT_S
            while (place.data / "postmaster.pid").exists():
                if time.monotonic() > deadline:
                    raise EmbeddedFailed(f"The embedded PostgreSQL (process {pid}) does not stop: see {place.log}.")
                time.sleep(0.01)
            return True


def remove(home: Path) -> None:
    """Stops the embedded Postgres of ``home`` and deletes its data for good, wherever it lies (for tests)."""
    place = find_place(home)
    stop(home)
    run = socket_folder(place)
    for folder in (run, place.base):
        if folder.exists():
            shutil.rmtree(folder)


@contextmanager
def _telling(home: Path) -> Iterator[None]:
    """Turns what the system refuses (no right, no space, no program) into a sentence."""
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = getattr(error, "filename", None) or home
        raise EmbeddedFailed(
            f"The embedded PostgreSQL cannot be used ({reason}: {where}): "
            "mend that, set ROADMAP_HOME to a folder you may write, or set DATABASE_URL."
        ) from error


def _server(place: Place, *, was_started: bool) -> EmbeddedServer:
    query = {"host": str(socket_folder(place)), "port": str(PORT), "passfile": str(place.passfile)}
    url = URL.create("postgresql+psycopg", username=USER, database=DATABASE, query=query)
    return EmbeddedServer(
        url=url.render_as_string(hide_password=False),
        data_folder=place.data,
        was_started=was_started,
        notes=place.notes,
    )


def _cluster_name(place: Place) -> str:
    return f"roadmap-{hashlib.sha256(os.fsencode(place.data)).hexdigest()[:16]}"


def _connect(place: Place) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(socket_folder(place)),
        port=PORT,
        user=USER,
        dbname=DATABASE,
        passfile=str(place.passfile),
        connect_timeout=5,
        autocommit=True,
    )


def _answers(place: Place) -> bool:
    """Whether our server answers. One that is full, or refuses the password, is up all the same."""
    if not (socket_folder(place) / f".s.PGSQL.{PORT}").exists():
        return False
    try:
        with _connect(place) as connection:
            answer = connection.execute("show cluster_name").fetchone()
    except psycopg.OperationalError as error:
        text = str(error)
        if "password authentication failed" in text or "no password supplied" in text:
            raise EmbeddedFailed(
                f"The embedded PostgreSQL refuses its own password: {place.passfile} is not the one it was made with."
            ) from error
        return "too many clients" in text or "connection slots are reserved" in text
    return answer is not None and answer[0] == _cluster_name(place)


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    """Holds the file lock of the place: the kernel lets go of it when the holder dies, however it dies."""
    handle = os.open(place.base / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _give_to_owner(place, handle)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _give_to_owner(place: Place, handle: int) -> None:
    """Root working in an ordinary user's folder leaves that user's files to them."""
    if os.geteuid() == 0:
        owner = place.base.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _start_locked(place: Place) -> bool:
    """Starts the server, or waits for one that is on its way; whether it was started here."""
    (place.base / _STOPPED).unlink(missing_ok=True)
    programs = program_folder(place)
    make_private_folder(socket_folder(place), place.account)
    if not place.data.exists():
        _make_cluster(place, programs)
    noted, _ = pid_file(place)
    belongs = pid_belongs(noted, place)
    if noted and belongs and _answers_before_it_ends(place, noted):
        return False
    log_start = log_size(place)
    pid = _launch(place, programs, foreign_pid=noted if belongs is False else None)
    if not _answers_before_it_ends(place, pid):
        raise EmbeddedFailed(f"The embedded PostgreSQL does not start: {last_words(place, log_start)}")
    return True


def _make_cluster(place: Place, programs: Path) -> None:
    """Makes the data folder, role and database beside their final name and renames at the end: never half of it.

    Nothing is forced to disk meanwhile (that alone can take seconds): the system writes it within half a minute, and
    until then a power cut, not a crash of ours, may spoil the data folder that is being made.
    """
    for leftover in place.base.glob("data.new-*"):
        shutil.rmtree(leftover)
    fresh = place.base / f"data.new-{os.getpid()}"
    make_private_folder(fresh, place.account)
    options = ["-U", "postgres", "-A", "reject", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    _run(place, [programs / "initdb", "-D", fresh, *options])
    (fresh / "pg_hba.conf").write_text(_HBA)
    password = _password(place)
    # The bootstrap superuser keeps no password: nobody logs in as it. Its database becomes ours, which spares a copy.
    statements = (
        f"CREATE ROLE {USER} LOGIN CREATEDB CREATEROLE PASSWORD '{password}';\n"
        f"ALTER DATABASE postgres OWNER TO {USER};\n"
        f"ALTER DATABASE postgres RENAME TO {DATABASE};\n"
    )
    _run(place, [programs / "postgres", "--single", "-F", "-D", fresh, "template1"], statements, secret=password)
    fresh.rename(place.data)


def _password(place: Place) -> str:
    """A new password, written to the 0600 file in libpq's format."""
    password = secrets.token_hex(24)
    fresh = place.passfile.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        _give_to_owner(place, file.fileno())
        file.write(f"*:*:{'*'}:{USER}:{password}\n")
    fresh.rename(place.passfile)
    return password


def _as_account(account: Account | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def _environment() -> dict[str, str]:
    """No more than Postgres needs: a server that stays must not keep its starter's secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C"}


def _run(place: Place, command: list[Any], text: str = "", *, secret: str | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [str(part) for part in command],
        input=text,
        text=True,
        errors="replace",
        capture_output=True,
        cwd=place.base,
        env=_environment(),
        umask=0o077,
        timeout=START_LIMIT_S,
        check=False,
        **_as_account(place.account),
    )
    said = [line for line in done.stderr.splitlines() if any(word in line for word in ("ERROR:", "FATAL:", "error:"))]
    if done.returncode != 0 or said:
        reason = (said or done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
        raise EmbeddedFailed(
            f"The embedded PostgreSQL cannot be made in {place.base}: "
            f"{reason.replace(secret, '…') if secret else reason}. Mend that, or set DATABASE_URL."
        )


def _launch(place: Place, programs: Path, foreign_pid: int | None) -> int:
    """Starts postgres in a session of its own and returns its pid.

    A shell starts it in the background and ends, so that postgres is no child of ours: nobody has to wait for it, and
    it leaves no zombie. ``foreign_pid`` is a pid noted by an earlier server that is some other process by now: as the
    "grandparent" Postgres does not take it for a rival, while it still checks that no old backend uses the data.
    """
    command = [str(programs / "postgres"), "-D", str(place.data)]
    for name, value in _settings(place).items():
        command += ["-c", f"{name}={value}"]
    environment = _environment()
    if foreign_pid:
        environment["PG_GRANDPARENT_PID"] = str(foreign_pid)
    log = _opened_log(place)
    try:
        started = subprocess.run(  # noqa: S603 - our own command
            ["/bin/sh", "-c", '"$@" >&2 </dev/null & echo $!', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=environment,
            umask=0o077,
            start_new_session=True,
            timeout=START_LIMIT_S,
            check=True,
            **_as_account(place.account),
        )
    finally:
        os.close(log)
    return int(started.stdout)


def _settings(place: Place) -> dict[str, str]:
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(socket_folder(place)),
        "unix_socket_permissions": "0700",
        "cluster_name": _cluster_name(place),
        "max_connections": "60",
        "shared_buffers": "64MB",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
    }


def _opened_log(place: Place) -> int:
    if log_size(place) > _LOG_LIMIT_BYTES:
        place.log.replace(place.log.with_suffix(".log.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(place.log, flags, 0o600)
    _give_to_owner(place, handle)
    return handle


def _answers_before_it_ends(place: Place, pid: int) -> bool:
    """Waits for the server ``pid`` to answer; False once it has ended (it was stopping, or it could not start)."""
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(place):
        if pid_belongs(pid, place) is False:
            return _answers(place)
        if time.monotonic() > deadline:
            raise EmbeddedFailed(
                f"The embedded PostgreSQL (process {pid}) runs but has not answered for {START_LIMIT_S:.0f} s: "
                f"see {place.log}."
            )
        time.sleep(0.005)
    return True


def _interrupt(place: Place) -> int | None:
    """Asks the running server of this place to end (Postgres' "fast" shutdown: open transactions are rolled back) and
    returns its pid; None where none runs.

    Nothing is signalled but a proven postmaster: while our connection is open, the one that started when the pid file
    says is alive; or, where it gives no connection, the command line is that of postgres on this data folder.
    """
    pid, noted_start = pid_file(place)
    if pid is None:
        return None
    with suppress(psycopg.OperationalError), _connect(place) as connection:
        row = connection.execute("select pg_postmaster_start_time()").fetchone()
        if row and isinstance(row[0], datetime) and abs(row[0].timestamp() - noted_start) < 5:
            os.kill(pid, signal.SIGINT)
            return pid
    words = command_words(pid) or ()
    if Path(os.fsdecode(words[0] if words else b"")).name == "postgres" and os.fsencode(place.data) in words:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        return pid
    return None
