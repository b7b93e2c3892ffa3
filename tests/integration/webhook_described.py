"""schemathesis at the webhook: what its OpenAPI allows, and what it forbids, sent over real HTTP and judged."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.integration.webhook_world import Signed, Site


def require_as_described(web: Site, examples: int) -> int:
    """Sends ``examples`` cases of each kind to each address, checks each answer in all ways that schemathesis knows,
    and returns how many answers were right."""
    schema = schemathesis.openapi.from_url(f"{web.url}/openapi.json")
    right = 0
    for found in schema.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            right += _judged(found.ok(), mode, examples)
    return right


def _judged(operation: Any, mode: GenerationMode, examples: int) -> int:
    counted = 0

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def judge(data: st.DataObject) -> None:
        nonlocal counted
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.call_and_validate(auth=Signed())
        counted += 1

    judge()
    return counted
