"""The sample workbook as data: a food-delivery marketplace, as its product managers would type it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SAMPLE_SIZE = 44
"""How many initiatives the sample has, and so how many keys ``sample_tables`` takes."""

Cell = str | int | float | bool | None


def sample_tables(keys: Sequence[str], *, mistakes: bool = False) -> Mapping[str, Sequence[Mapping[str, Cell]]]:
    """Tab name -> rows as {column name: cell value as a PM types it}.

    ``keys`` are SAMPLE_SIZE reserved initiative keys, in the order of the Initiatives rows. ``mistakes`` adds a few honest
    mistakes, so that Checks has something to show.
    """
    raise NotImplementedError("written within the hour")
