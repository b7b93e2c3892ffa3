"""What Postgres said, as part of the one error tree (``engine.errors``).

    RoadmapError
    ├── InputError
    │   ├── TextRefused               a text that Postgres cannot hold (NUL, lone surrogate), a name too long to index
    │   └── RequestTaken              the id of a request belongs to another workbook's
    ├── UsageError                    DATABASE_URL cannot be understood
    ├── DatabaseBug                   Postgres refused what only our own fault can have written   exit 5, stop
    ├── VersionConflict               someone else published meanwhile                           exit 1, retry
    ├── RunTakenOver                  a later run of the workbook has begun: this one stops      exit 1, stop
    └── OutOfReach
        └── DatabaseTrouble                                                                      exit 4
            ├── DatabaseUnreachable   nobody answers there                                       retry
            ├── OutOfConnections      it answers that it has no connection to give               retry
            ├── DatabaseWentAway      the connection broke in the middle: nothing was committed  retry
            ├── DatabaseBusy          deadlock, or a lock or statement that took too long        retry
            ├── DatabaseFull          its disk is full                                           retry
            ├── DatabaseRefused       wrong password, no such database, no right                 stop
            ├── MigrationNeeded       its tables are of another version                          stop
            └── EmbeddedFailed        the embedded Postgres cannot be started                    stop

``translated`` maps every error of SQLAlchemy and psycopg; the original stays as ``__cause__``. No sentence holds a
password: the texts of Postgres are used only where they cannot.
"""

from __future__ import annotations

from psycopg.errors import InterfaceError, OperationalError
from sqlalchemy import exc as pool_errors

from engine.errors import InputError, OutOfReach, RoadmapError


class TextRefused(InputError):
    """A text cannot be stored."""


class RequestTaken(InputError):
    """The id of a request belongs to one that this connection may not see."""


class DatabaseBug(RoadmapError):
    """A constraint, a type or a statement that no input can reach failed: our fault."""


class VersionConflict(RoadmapError):
    """The version to be stored is not the one after the last: someone published meanwhile. Merge again and retry."""

    exit_code = 1
    may_retry = True


class RunTakenOver(RoadmapError):
    """The run no longer holds its fence: it writes nothing more."""

    exit_code = 1


class DatabaseTrouble(OutOfReach):
    """Postgres did not do what was asked."""


class DatabaseUnreachable(DatabaseTrouble):
    """No Postgres answers at the address."""


class OutOfConnections(DatabaseTrouble):
    """Postgres has no connection left, or our own pool has none."""


class DatabaseWentAway(DatabaseTrouble):
    """The connection broke in the middle of a transaction, which is thereby rolled back."""


class DatabaseBusy(DatabaseTrouble):
    """A deadlock, a lock or a statement that took too long."""


class DatabaseFull(DatabaseTrouble):
    """No disk space, or no memory."""


class DatabaseRefused(DatabaseTrouble):
    """Postgres answers and refuses: password, database name or rights."""

    may_retry = False


class MigrationNeeded(DatabaseTrouble):
    """The tables are not those of this version."""

    may_retry = False


class EmbeddedFailed(DatabaseTrouble):
    """The embedded Postgres cannot be made or started."""

    may_retry = False


def translated(error: Exception) -> RoadmapError:
    """Our error for one of SQLAlchemy or psycopg; the caller raises it ``from`` the original."""
    original = getattr(error, "orig", None) or error
    state: str = getattr(original, "sqlstate", None) or ""
    text = str(original)
    if isinstance(original, UnicodeEncodeError) or state in _TEXT_STATES or "NUL (0x00)" in text:
        return TextRefused(
            "A text holds a character that the database cannot keep (a NUL or half a surrogate pair): type it again."
        )
    for prefixes, made, sentence in _BY_STATE:
        if state.startswith(prefixes):
            return made(sentence)
    if isinstance(error, pool_errors.TimeoutError):
        return OutOfConnections(_NO_CONNECTION)
    was_connected: bool = getattr(error, "connection_invalidated", False)
    if was_connected:
        return DatabaseWentAway(_WENT_AWAY)
    if isinstance(original, OperationalError | InterfaceError):
        is_connecting = getattr(error, "statement", None) is None
        return _connect_error(text.casefold()) if is_connecting else DatabaseWentAway(_WENT_AWAY)
    name = getattr(getattr(original, "diag", None), "constraint_name", None)
    what = f"the rule {name}" if name else f"{type(original).__name__} {state}".strip()
    return DatabaseBug(f"The database refused what was to be stored ({what}). This is a fault of roadmap, not yours.")


def _connect_error(said: str) -> RoadmapError:
    """Why no connection was made: libpq tells it by its text alone."""
    if any(words in said for words in ("too many clients", "connection slots", "too many connections")):
        return OutOfConnections(_NO_CONNECTION)
    if "password" in said or "pg_hba.conf" in said or "authentication" in said:
        return DatabaseRefused("Postgres refuses the user or the password: check DATABASE_URL.")
    if "does not exist" in said and ("database" in said or "role" in said):
        return DatabaseRefused("Postgres knows no such database or user: check DATABASE_URL, or create it.")
    if "starting up" in said or "recovery mode" in said or "shutting down" in said:
        return DatabaseUnreachable("Postgres is starting or stopping: try again in a moment.")
    return DatabaseUnreachable("Postgres cannot be reached: check that it runs, and DATABASE_URL.")


_NO_CONNECTION = "Postgres has no connection left to give: try again in a moment, or raise its max_connections."
_WENT_AWAY = (
    "The connection to Postgres broke in the middle: what was not finished there is undone. Run the same command again."
)
_BUSY = "The database is busy (a lock or a statement took too long): try again in a moment."
_TEXT_STATES = ("22021", "22P05", "22P02")
_BY_STATE: tuple[tuple[tuple[str, ...] | str, type[RoadmapError], str], ...] = (
    ("53300", OutOfConnections, _NO_CONNECTION),
    (("53100", "53200"), DatabaseFull, "The database's disk or memory is full: make room there, then try again."),
    (("57P03",), DatabaseUnreachable, "Postgres is starting or stopping: try again in a moment."),
    (("57P01", "57P02", "57P05", "08", "25P03", "25P04"), DatabaseWentAway, _WENT_AWAY),
    (("40", "55P03", "57014"), DatabaseBusy, _BUSY),
    (
        ("42P01", "42703", "42883"),
        MigrationNeeded,
        "The database's tables are of another version: run `roadmap db upgrade`.",
    ),
    (("28", "3D000", "42501"), DatabaseRefused, "Postgres refuses this user, database or right: check DATABASE_URL."),
    (
        ("54000",),
        TextRefused,
        "A name or key is too long for the database (some 2,600 characters at most): shorten it in the sheet.",
    ),
    (("22003",), TextRefused, "A number is too large for the database: write a smaller one."),
)
