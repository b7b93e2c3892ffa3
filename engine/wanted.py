"""What one solve is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Measure = Literal["objective", "changes", "tokens", "tiebreak"]
"""What is maximised: the objective; then, all to be least, changes, tokens and the sum of digests of the keys."""


@dataclass(frozen=True, slots=True)
class Cut:
    """At most ``most`` of these choices: to select those of ``selected``, to leave out those of ``left_out`` (by
    number)."""

    selected: frozenset[int]
    left_out: frozenset[int]
    most: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The best ``measure`` among plans whose other measures are ``at_least`` so much and that break none of ``cuts``.

    Measures that are to be least count negative: changes at least -3 are three changes at most.
    """

    measure: Measure
    at_least: Mapping[Measure, Fraction] = field(default_factory=dict[Measure, Fraction])
    cuts: tuple[Cut, ...] = ()
