"""From rows as pulled to the problem that they make, bound by what was published."""

from __future__ import annotations

from db import store
from engine.compile import Compiled, compile_problem
from engine.scenarios import chosen_names
from jobs.connections import Connections
from jobs.pull import Pulled


def compiled(connections: Connections, pulled: Pulled, scenario: str | None, constraint_set: str | None) -> Compiled:
    """The problem of a scenario and a set (None: the defaults), bound by the locks of the roadmap last published for
    it."""
    name, _ = chosen_names(pulled.inputs, scenario)
    with connections.database.transaction() as session:
        published = store.newest_version(session, pulled.workspace.id, scenario=name) if name else None
    return compile_problem(
        pulled.inputs, scenario=scenario, constraint_set=constraint_set, today=pulled.today, published=published
    )
