"""Who may do what, by the roles as last read."""

from __future__ import annotations

import pytest

from db.records import KeptRoles
from jobs.authority import APPROVE, PLAN, PUBLISH, VIEW, refusal

LISTS = {
    VIEW: ("@example.com",),
    PLAN: ("pia@example.com",),
    APPROVE: (),
    PUBLISH: ("ana@example.com", "boss@head.example.org"),
}
ROLES = KeptRoles(lists=LISTS)


@pytest.mark.parametrize("role", [VIEW, PLAN, APPROVE, PUBLISH])
@pytest.mark.parametrize("email", [None, "eve@elsewhere.org"])
def test_a_role_that_names_nobody_is_everybodys(role: str, email: str | None) -> None:
    assert refusal(KeptRoles(), role, email) is None


@pytest.mark.parametrize(
    ("role", "email", "may"),
    [
        (VIEW, "carl@example.com", True),
        (VIEW, "carl@sub.example.com", False),
        (VIEW, "carl@notexample.com", False),
        (VIEW, "boss@head.example.org", True),  # who may publish may look
        (VIEW, "eve@elsewhere.org", False),
        (PLAN, "pia@example.com", True),
        (PLAN, "carl@example.com", False),
        (APPROVE, "carl@example.com", True),
        (APPROVE, "eve@elsewhere.org", False),  # she may not even look
        (PUBLISH, "ana@example.com", True),
        (PUBLISH, "pia@example.com", False),
        (VIEW, None, True),
        (PLAN, None, True),
        (APPROVE, None, True),
        (PUBLISH, None, False),
    ],
)
def test_lists_name_people_and_domains(role: str, email: str | None, may: bool) -> None:
    assert (refusal(ROLES, role, email) is None) is may


def test_a_refusal_says_who_may_and_what_else_to_do() -> None:
    told = refusal(ROLES, PUBLISH, None) or ""
    assert "ana@example.com, boss@head.example.org" in told
    assert "command line" in told
    assert "may_plan" in (refusal(ROLES, PLAN, "carl@example.com") or "")
    assert "script" in (refusal(ROLES, PUBLISH, None, is_trusted=True) or "")


def test_while_the_rows_do_not_count_nobody_publishes_and_the_last_lists_say_who_plans() -> None:
    troubled = KeptRoles(lists=LISTS, trouble="they stand unprotected")
    for email in ("ana@example.com", None):
        for role in (PUBLISH, APPROVE):
            assert "they stand unprotected" in (refusal(troubled, role, email) or "")
    assert refusal(troubled, PLAN, "pia@example.com") is None
    assert refusal(troubled, PLAN, "carl@example.com") is not None
