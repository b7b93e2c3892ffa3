"""The one error tree. Every error says whether to retry, and holds a sentence for the PM.

    RoadmapError
    ├── InputError        the input's fault: where, what, how to mend it          exit 1, stop
    ├── UsageError        the command line or a setting is wrong                  exit 2, stop
    ├── Cancelled         nobody wants the answer any more                        exit 1, stop
    ├── HandedBack        this process is to end: another goes on with it         exit 1, retry
    └── OutOfReach        Google or Postgres does not answer as it should         exit 4, retry
        ├── (sheets_sync.errors)   what Google said, translated at the gateway
        └── (db.errors)            what Postgres said, translated at the session

Foreign errors are translated where they enter and kept as ``__cause__``.
"""

from __future__ import annotations

from typing import ClassVar


class RoadmapError(Exception):
    """Base of all errors that a user may see; ``sentence`` is what is shown."""

    exit_code: ClassVar[int] = 5
    may_retry: ClassVar[bool] = False

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class InputError(RoadmapError):
    """The sheet, the file or the key is wrong: retrying without an edit cannot help."""

    exit_code = 1


class UsageError(RoadmapError):
    """The command line or a setting cannot be understood."""

    exit_code = 2


class Cancelled(RoadmapError):
    """The work was called off by who asked for it; nothing came of it."""

    exit_code = 1


class HandedBack(RoadmapError):
    """This process is to end; what it was doing is left to another, which goes on at the stage that was reached."""

    exit_code = 1
    may_retry = True


class OutOfReach(RoadmapError):
    """Google or Postgres could not be reached, or did not answer in time; a retry may help."""

    exit_code = 4
    may_retry = True
