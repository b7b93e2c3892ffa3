"""Replay: the stored snapshot of a run solved again. Reads Postgres; changes nothing."""

from __future__ import annotations

from db import store
from engine.errors import InputError
from engine.provenance import RunFacts
from engine.replay import Replay, replayed
from jobs.connections import Connections


def replay(connections: Connections, run_id: int) -> tuple[RunFacts, Replay]:
    """The run and what its problem comes to now. InputError where it got to no result."""
    with connections.database.transaction() as session:
        facts = store.run_facts(session, run_id)
    if facts is None:
        raise InputError(f"Run {run_id} came to no result that could be replayed: roadmap runs lists the runs.")
    return facts, replayed(facts.problem, facts.solution)
