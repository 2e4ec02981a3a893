"""The table of roles holds what is promised of them, and its printed page says the same."""

import pytest
from django.conf import settings
from django.core.management import call_command

from apps.accounts.choices import Role
from apps.accounts.permission_table import as_markdown
from apps.accounts.roles import ALONE, ROLE_PERMISSIONS, Perm

WRITING = {perm for perm in Perm if not perm.name.startswith(("VIEW_", "EXPORT_"))}


def test_every_role_stands_in_the_table() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)


def test_permissions_are_in_alphabetical_order_and_named_after_what_they_allow() -> None:
    assert [perm.name for perm in Perm] == sorted(perm.name for perm in Perm)
    assert all(perm.value.split(".")[1] == perm.name.lower() for perm in Perm)
    assert Perm.VIEW_AUDIT_LOG.words == "view audit log"


def test_an_auditor_reads_everything_and_writes_nothing() -> None:
    assert ROLE_PERMISSIONS[Role.AUDITOR] == set(Perm) - WRITING


def test_a_respondent_has_nothing_of_the_inside() -> None:
    assert not ROLE_PERMISSIONS[Role.RESPONDENT]


def test_an_integration_pushes_facts_and_never_deletes_or_manages() -> None:
    assert ROLE_PERMISSIONS[Role.INTEGRATION] & WRITING == {Perm.IMPORT_GRAPH, Perm.START_SCAN}


@pytest.mark.parametrize("role", [Role.REQUESTER, Role.REVIEWER, Role.MANAGER, Role.CUSTODIAN])
def test_those_who_judge_or_decide_do_not_edit_the_facts(role: Role) -> None:
    about_risk = {
        Perm.COMMENT_FINDING,
        Perm.DECIDE_ACCEPTANCE,
        Perm.PROPOSE_ACCEPTANCE,
        Perm.SIGN_ACCEPTANCE,
    }
    assert ROLE_PERMISSIONS[role] & WRITING <= about_risk


def test_only_managers_decide_about_a_risk_and_only_custodians_sign() -> None:
    def those_who_may(perm: Perm) -> set[Role]:
        return {role for role, perms in ROLE_PERMISSIONS.items() if perm in perms}

    assert those_who_may(Perm.DECIDE_ACCEPTANCE) == {Role.MANAGER}
    assert those_who_may(Perm.SIGN_ACCEPTANCE) == {Role.CUSTODIAN}
    assert not those_who_may(Perm.EXPIRE_ACCEPTANCE)
    assert those_who_may(Perm.TREAT_FINDING) == {Role.ANALYST}


def test_an_administrator_manages_users_and_edits_no_facts() -> None:
    assert ROLE_PERMISSIONS[Role.ADMINISTRATOR] & WRITING == {Perm.MANAGE_USERS, Perm.START_SCAN}


def test_only_auditors_and_administrators_read_the_log() -> None:
    readers = {role for role, perms in ROLE_PERMISSIONS.items() if Perm.VIEW_AUDIT_LOG in perms}
    assert readers == {Role.AUDITOR, Role.ADMINISTRATOR}


def test_only_administrators_manage_users() -> None:
    managers = {role for role, perms in ROLE_PERMISSIONS.items() if Perm.MANAGE_USERS in perms}
    assert managers == {Role.ADMINISTRATOR}


def test_outside_people_and_machines_have_no_second_role() -> None:
    assert {Role.INTEGRATION, Role.RESPONDENT} == ALONE


def test_the_page_of_permissions_is_printed_from_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (settings.BASE_DIR / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert page == as_markdown(), "run: python manage.py document_permissions --write"
    call_command("document_permissions")
    assert capsys.readouterr().out == page
