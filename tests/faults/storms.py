"""What goes wrong with calls to Google, each as likely as the others."""

from __future__ import annotations

from sheets_sync.local.faults import Fault

SHARE = 0.3
WRONG = (
    {"status": 429, "retry_after": 3},
    {"status": 429},
    {"status": 500},
    {"status": 502},
    {"status": 503},
    {"kind": "cut"},
    {"kind": "hang", "seconds": 5.0},
    {"kind": "lost"},
    {"kind": "reset"},
)
"""Each as likely as the others."""


def orders(share: float) -> list[Fault]:
    """Faults of which one in all is given to ``share`` of the calls: the first that applies is taken."""
    each = share / len(WRONG)
    return [
        Fault(times=None, probability=each / (1 - place * each), **wrong)  # type: ignore[arg-type]
        for place, wrong in enumerate(WRONG)
    ]
