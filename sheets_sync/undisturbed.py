"""Python's search for garbage, put off while one large thing is done: it would look at millions of objects, all of them
in use, and find nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """While this lasts, no garbage is searched for; objects that nothing refers to go all the same. Where several
    threads overlap, the first to end ends it for all, so that it never lasts."""
    was_searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_searching:
            gc.enable()
