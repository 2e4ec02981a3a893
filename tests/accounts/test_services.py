"""Writes about people: who may, what is refused, and what the log says of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from apps.accounts import policy, selectors
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.accounts.services import people
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from apps.vendors.models import Vendor
from tests.conftest import Person
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db


def last_entry() -> AuditEntry:
    return AuditEntry.objects.latest("number")


def make(actor: User, **fields: Any) -> User:
    return people.create_user(
        actor=actor, **({"email": "nora@example.org", "name": "Nora"} | fields)
    )


def test_an_administrator_opens_an_account(alice: User) -> None:
    nora = make(alice, email=" Nora@Example.org ", roles=[Role.ANALYST], password=PASSWORD)
    stored = User.objects.get(pk=nora.pk)
    assert (stored.email, stored.roles, stored.all_vendors) == (
        "nora@example.org",
        ["analyst"],
        False,
    )
    assert stored.check_password(PASSWORD)
    entry = last_entry()
    assert (entry.action, entry.actor, entry.target_name) == ("user.created", alice, "Nora")
    assert entry.data == {"email": "nora@example.org", "roles": ["analyst"], "all_vendors": False}


def test_the_log_holds_neither_the_password_nor_its_hash(alice: User) -> None:
    nora = make(alice, password=PASSWORD)
    written = str(list(AuditEntry.objects.values()))
    assert PASSWORD not in written
    assert nora.password not in written


def test_an_account_without_a_password_cannot_sign_in(alice: User) -> None:
    assert not make(alice).has_usable_password()


ACTS: list[Callable[[User, User, Vendor], object]] = [
    lambda actor, _user, _vendor: make(actor),
    lambda actor, user, _vendor: people.set_roles(
        actor=actor, user=user, roles=[Role.ADMINISTRATOR], all_vendors=True
    ),
    lambda actor, user, vendor: people.grant_vendor(actor=actor, user=user, vendor=vendor),
    lambda actor, user, vendor: people.revoke_vendor(actor=actor, user=user, vendor=vendor),
    lambda actor, user, _vendor: people.deactivate_user(actor=actor, user=user),
    lambda actor, user, _vendor: people.reactivate_user(actor=actor, user=user),
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_an_administrator_manages_users(
    person: Person,
    charlie: User,
    corvid: Vendor,
    role: Role,
    act: Callable[[User, User, Vendor], object],
) -> None:
    actor = person("Nobody special", role, vendors=[corvid])
    with pytest.raises(NotAllowedError):
        act(actor, charlie, corvid)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"email": "no address"}, "email", "valid email"),
        ({"email": "alice@example.org"}, "email", "already exists"),
        ({"email": "ALICE@EXAMPLE.ORG"}, "email", "already exists"),
        ({"name": ""}, "name", "blank"),
        ({"roles": ["superuser"]}, "roles", "no such role"),
        ({"password": "short"}, "password", "too short"),
        ({"password": "nora@example.org"}, "password", "too similar"),
        ({"roles": [Role.RESPONDENT, Role.REVIEWER]}, "roles", "role of its own"),
        ({"roles": [Role.INTEGRATION, Role.AUDITOR]}, "roles", "role of its own"),
        ({"roles": [Role.RESPONDENT], "all_vendors": True}, "all_vendors", "not all vendors"),
        ({"roles": [Role.INTEGRATION], "password": PASSWORD}, "password", "no password"),
    ],
)
def test_a_wrong_account_is_refused_with_the_field(
    alice: User, fields: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(InvalidError, match=sentence) as caught:
        make(alice, **fields)
    assert field in caught.value.fields
    assert list(User.objects.all()) == [alice]
    assert not AuditEntry.objects.exists()


def test_roles_are_set_anew_and_both_states_logged(alice: User, charlie: User) -> None:
    people.set_roles(
        actor=alice, user=charlie, roles=[Role.REVIEWER, Role.ANALYST], all_vendors=True
    )
    charlie.refresh_from_db()
    assert (charlie.roles, charlie.all_vendors) == (["analyst", "reviewer"], True)
    assert last_entry().data == {
        "before": {"roles": [], "all_vendors": False},
        "after": {"roles": ["analyst", "reviewer"], "all_vendors": True},
    }


@pytest.mark.parametrize(
    ("roles", "all_vendors"),
    [
        ([Role.RESPONDENT, Role.ANALYST], False),
        ([Role.RESPONDENT], True),
        ([Role.INTEGRATION, Role.ADMINISTRATOR], False),
    ],
)
def test_a_respondent_or_a_machine_never_gets_inside(
    alice: User, vera: User, roles: list[Role], all_vendors: bool
) -> None:
    with pytest.raises(InvalidError):
        people.set_roles(actor=alice, user=vera, roles=roles, all_vendors=all_vendors)
    vera.refresh_from_db()
    assert (vera.roles, vera.all_vendors) == (["respondent"], False)


def test_whoever_becomes_an_integration_loses_the_password(alice: User, charlie: User) -> None:
    people.set_roles(actor=alice, user=charlie, roles=[Role.INTEGRATION], all_vendors=False)
    charlie.refresh_from_db()
    assert not charlie.has_usable_password()


def test_a_grant_is_given_once_and_taken_once(alice: User, person: Person, corvid: Vendor) -> None:
    nora = person("Nora", Role.ANALYST)
    for _ in range(2):
        people.grant_vendor(actor=alice, user=nora, vendor=corvid)
    assert policy.may(nora, Perm.VIEW_VENDOR, vendor=corvid)
    entry = last_entry()
    assert (entry.action, entry.vendor_id) == ("user.vendor_granted", corvid.pk)
    assert entry.data == {"vendor": "Corvid Analytics"}
    for _ in range(2):
        people.revoke_vendor(actor=alice, user=nora, vendor=corvid)
    assert not policy.may(nora, Perm.VIEW_VENDOR, vendor=corvid)
    assert [entry.action for entry in AuditEntry.objects.order_by("number")] == [
        "user.vendor_granted",
        "user.vendor_revoked",
    ]


def test_an_administrator_grants_only_what_is_in_their_own_scope(
    person: Person, charlie: User, corvid: Vendor
) -> None:
    local = person("Local", Role.ADMINISTRATOR)
    for service in (people.grant_vendor, people.revoke_vendor):
        with pytest.raises(NotFoundError):
            service(actor=local, user=charlie, vendor=corvid)


def test_an_account_is_closed_and_opened_again(alice: User, bob: User) -> None:
    people.deactivate_user(actor=alice, user=bob)
    people.deactivate_user(actor=alice, user=bob)
    bob.refresh_from_db()
    assert not policy.may(bob, Perm.VIEW_VENDOR)
    people.reactivate_user(actor=alice, user=bob)
    bob.refresh_from_db()
    assert policy.may(bob, Perm.VIEW_VENDOR)
    assert [entry.action for entry in AuditEntry.objects.order_by("number")] == [
        "user.deactivated",
        "user.reactivated",
    ]


def test_the_last_administrator_stays(alice: User, person: Person) -> None:
    with pytest.raises(ConflictError, match="last administrator"):
        people.deactivate_user(actor=alice, user=alice)
    with pytest.raises(ConflictError, match="last administrator"):
        people.set_roles(actor=alice, user=alice, roles=[Role.AUDITOR], all_vendors=True)
    alice.refresh_from_db()
    assert alice.is_active
    assert alice.has_role(Role.ADMINISTRATOR)
    second = person("Second", Role.ADMINISTRATOR)
    people.deactivate_user(actor=second, user=alice)


def test_others_are_changed_where_there_is_no_administrator_yet(charlie: User) -> None:
    system = policy.system_actor()
    people.set_roles(actor=system, user=charlie, roles=[Role.ANALYST], all_vendors=False)
    people.deactivate_user(actor=system, user=charlie)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_close_each_other_at_the_same_time(
    alice: User, person: Person
) -> None:
    second = person("Second", Role.ADMINISTRATOR)

    def close(actor: User, user: User) -> bool:
        try:
            people.deactivate_user(actor=actor, user=user)
        except ConflictError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(close, alice, second), pool.submit(close, second, alice)]
        assert sorted(one.result() for one in tries) == [False, True]
    assert selectors.active_administrators().count() == 1


def test_the_system_actor_cannot_be_changed(alice: User, corvid: Vendor) -> None:
    system = policy.system_actor()
    for act in ACTS[1:]:
        with pytest.raises(NotAllowedError, match="system actor"):
            act(alice, system, corvid)


def test_people_are_listed_for_administrators_alone(alice: User, bob: User, otto: User) -> None:
    policy.system_actor()
    assert list(selectors.users_visible_to(alice)) == [alice, bob, otto]
    assert not selectors.users_visible_to(bob).exists()
    assert not selectors.users_visible_to(otto).exists()


def test_the_log_is_read_by_those_who_may_and_within_their_scope(
    alice: User, otto: User, bob: User, person: Person, corvid: Vendor
) -> None:
    other = Vendor.objects.create(key="other", name="Other", kind="partner")
    for vendor in (corvid, other):
        people.grant_vendor(actor=alice, user=bob, vendor=vendor)
    make(alice)
    narrow = person("Narrow", Role.AUDITOR, vendors=[corvid])
    assert selectors.log_visible_to(otto).count() == 3
    assert [entry.vendor_id for entry in selectors.log_visible_to(narrow)] == [corvid.pk]
    assert not selectors.log_visible_to(bob).exists()
