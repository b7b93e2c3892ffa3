"""What one solve is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Measure = str
"""What is maximised: "objective" (value less goal penalty), "kpi.NAME" (a KPI in the improving sense); then the ties,
all to be least: "changes", "tokens", "finish" (worth times the index of the period it is finished in), "start" (the
index of the period begun in), "tiebreak" (digests of the keys), and "startbreak" (digests times the index of the period
begun in, so that of plans equal in all that, one wins)."""
KPI = "kpi."
"""Before the folded name of a KPI that is maximised for itself: a later one of a lexicographic order."""


@dataclass(frozen=True, slots=True)
class Cut:
    """At most ``most`` of these choices (by number, see ``terms.Terms``): to choose those of ``selected``, to leave out
    those of ``left_out``."""

    selected: frozenset[int]
    left_out: frozenset[int]
    most: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The best ``measure`` among plans whose other measures are ``at_least`` so much and that break none of ``cuts``.

    Measures that are to be least count negative: changes at least -3 are three changes at most. Where ``is_reduced``,
    the model leaves out plans that the ties would not choose, and fixes what is the same in all: right for a search,
    wrong for whoever turns single candidates by hand.
    """

    measure: Measure
    at_least: Mapping[Measure, Fraction] = field(default_factory=dict[Measure, Fraction])
    cuts: tuple[Cut, ...] = ()
    is_reduced: bool = False
