"""Who may do what to whom. Every answer that policy can give, and closed by default."""

from collections.abc import Iterable

import pytest
from django.contrib.auth.models import AnonymousUser

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.roles import ROLE_PERMISSIONS, SYSTEM_PERMISSIONS, Perm
from apps.core.errors import NotAllowedError, NotFoundError
from apps.vendors.models import Contract, Vendor
from tests.conftest import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> Vendor:
    """A vendor that nobody is granted."""
    return Vendor.objects.create(key="other", name="Other", kind="supplier")


def seen_by(user: policy.Person) -> set[str]:
    found = policy.visible(Vendor.objects.all(), user=user, perm=Perm.VIEW_VENDOR, vendor="pk")
    return set(found.values_list("key", flat=True))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("perm", Perm)
def test_a_role_gives_exactly_the_permissions_of_the_table(
    person: Person, role: Role, perm: Perm
) -> None:
    assert policy.may(person("Nora", role), perm) == (perm in ROLE_PERMISSIONS[role])


def test_roles_add_up(person: Person) -> None:
    both = person("Nora", Role.AUDITOR, Role.ADMINISTRATOR)
    assert policy.permissions_of(both) == (
        ROLE_PERMISSIONS[Role.AUDITOR] | ROLE_PERMISSIONS[Role.ADMINISTRATOR]
    )


@pytest.mark.parametrize("perm", Perm)
def test_a_stranger_and_a_closed_account_may_nothing(alice: User, perm: Perm) -> None:
    alice.is_active = False
    for nobody in (AnonymousUser(), alice):
        assert not policy.may(nobody, perm)
        assert not policy.may(nobody, perm, vendor=None)
        with pytest.raises(NotAllowedError):
            policy.require(nobody, perm)
        assert not policy.visible(
            Vendor.objects.all(), user=nobody, perm=perm, vendor=None
        ).exists()


def test_a_stranger_is_told_that_there_is_no_such_vendor(corvid: Vendor) -> None:
    with pytest.raises(NotFoundError):
        policy.require(AnonymousUser(), Perm.VIEW_VENDOR, vendor=corvid)


def test_whoever_has_no_role_sees_nothing(charlie: User, corvid: Vendor) -> None:
    policy.add_grant(charlie, corvid)
    assert seen_by(charlie) == set()
    assert not any(policy.may(charlie, perm) for perm in Perm)


def test_all_vendors_means_all_and_our_own_organisation(bob: User, corvid: Vendor) -> None:
    assert seen_by(bob) == {"corvid"}
    for vendor in (corvid, corvid.pk, None):
        policy.require(bob, Perm.CHANGE_VENDOR, vendor=vendor)


def test_a_grant_means_that_vendor_and_no_other(anna: User, corvid: Vendor, other: Vendor) -> None:
    assert seen_by(anna) == {"corvid"}
    policy.require(anna, Perm.CHANGE_VENDOR, vendor=corvid)
    policy.require(anna, Perm.CHANGE_VENDOR, vendor=corvid.pk)
    for elsewhere in (other, other.pk, None, 10**9):
        assert not policy.may(anna, Perm.CHANGE_VENDOR, vendor=elsewhere)
        with pytest.raises(NotFoundError):
            policy.require(anna, Perm.CHANGE_VENDOR, vendor=elsewhere)


def test_yours_but_not_allowed_is_said_so(rita: User, corvid: Vendor) -> None:
    with pytest.raises(NotAllowedError, match="change vendor"):
        policy.require(rita, Perm.CHANGE_VENDOR, vendor=corvid)


def test_not_yours_does_not_exist_even_where_it_would_not_be_allowed(
    vera: User, corvid: Vendor, other: Vendor
) -> None:
    with pytest.raises(NotFoundError):
        policy.require(vera, Perm.DELETE_VENDOR, vendor=other)
    with pytest.raises(NotAllowedError):
        policy.require(vera, Perm.DELETE_VENDOR, vendor=corvid)


def test_what_is_filed_under_a_vendor_inherits_its_grant(
    anna: User, bob: User, corvid: Vendor, other: Vendor
) -> None:
    for number, vendor in enumerate([corvid, other]):
        Contract.objects.create(key=f"c-{number}", vendor=vendor, starts_on="2026-01-01")

    def contracts(user: User) -> set[str]:
        found = policy.visible(
            Contract.objects.all(), user=user, perm=Perm.VIEW_FACT, vendor="vendor"
        )
        return set(found.values_list("key", flat=True))

    assert contracts(anna) == {"c-0"}
    assert contracts(bob) == {"c-0", "c-1"}


def test_rows_of_our_own_organisation_need_all_vendors(
    anna: User, bob: User, corvid: Vendor
) -> None:
    Vendor.objects.create(key="sub", name="Sub", kind="subprocessor", engaged_by=corvid)

    def engaged(user: User) -> set[str]:
        found = policy.visible(
            Vendor.objects.all(), user=user, perm=Perm.VIEW_VENDOR, vendor="engaged_by"
        )
        return set(found.values_list("key", flat=True))

    assert engaged(anna) == {"sub"}
    assert engaged(bob) == {"sub", "corvid"}


def test_without_a_vendor_path_the_permission_alone_decides(
    anna: User, vera: User, other: Vendor
) -> None:
    everything = Vendor.objects.all()
    for_anna = policy.visible(everything, user=anna, perm=Perm.VIEW_RUN, vendor=None)
    for_vera = policy.visible(everything, user=vera, perm=Perm.VIEW_RUN, vendor=None)
    assert other in for_anna
    assert not for_vera.exists()


def test_a_row_of_another_table_is_not_taken_for_the_vendor_with_its_number(
    anna: User, corvid: Vendor
) -> None:
    contract = Contract(pk=corvid.pk, key="c", vendor=corvid)
    with pytest.raises(TypeError, match="is no vendor"):
        policy.may(anna, Perm.CHANGE_FACT, vendor=contract)
    with pytest.raises(TypeError, match="is no vendor"):
        policy.add_grant(anna, contract)


def test_the_number_of_queries_does_not_grow(
    anna: User, corvid: Vendor, django_assert_num_queries: object
) -> None:
    def grant(numbers: Iterable[int]) -> None:
        for number in numbers:
            vendor = Vendor.objects.create(key=f"v-{number}", name=f"V{number}", kind="partner")
            policy.add_grant(anna, vendor)

    for more in (range(10), range(10, 20)):
        grant(more)
        with django_assert_num_queries(1):  # type: ignore[operator] # pytest-django's fixture
            assert len(seen_by(anna)) == 1 + more.stop
        with django_assert_num_queries(1):  # type: ignore[operator] # the same
            assert policy.may(anna, Perm.VIEW_VENDOR, vendor=corvid)


def test_those_with_all_vendors_are_answered_without_a_query(
    bob: User, corvid: Vendor, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator] # pytest-django's fixture
        assert policy.may(bob, Perm.VIEW_VENDOR, vendor=corvid)
        policy.visible(Vendor.objects.all(), user=bob, perm=Perm.VIEW_VENDOR, vendor="pk")


def test_the_system_actor_is_one_named_user_who_may_what_jobs_need(corvid: Vendor) -> None:
    system = policy.system_actor()
    assert policy.system_actor() == system
    assert str(system) == "system"
    assert policy.permissions_of(system) == SYSTEM_PERMISSIONS
    assert policy.may(system, Perm.START_SCAN, vendor=corvid)
    assert seen_by(system) == {"corvid"}
    assert not system.has_usable_password()
    assert not any(perm.name.startswith("DELETE") for perm in SYSTEM_PERMISSIONS)
