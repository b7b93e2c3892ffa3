"""schemathesis at the webhook: what its OpenAPI allows, and what it forbids, sent over real HTTP and judged."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.integration.webhook_world import Signed, Site


def require_as_described(web: Site, examples: int) -> int:
    """Sends ``examples`` cases of each kind to each address, checks each answer in all ways that schemathesis knows,
    and returns how many answers were right."""
    schema = schemathesis.openapi.from_url(f"{web.url}/openapi.json")
    right = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        right += _judged(operation, GenerationMode.POSITIVE, examples)
        if operation.path.startswith("/v1/"):  # the others take nothing that could be wrong
            right += _judged(operation, GenerationMode.NEGATIVE, examples)
    return right


def _judged(operation: Any, mode: GenerationMode, examples: int) -> int:
    counted = 0

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def judge(data: st.DataObject) -> None:
        nonlocal counted
        case = data.draw(operation.as_strategy(generation_mode=mode))
        assume("\\u0000" not in json.dumps(case.body if isinstance(case.body, dict) else None, default=str))
        case.call_and_validate(auth=Signed(), timeout=20)
        counted += 1

    judge()
    return counted
