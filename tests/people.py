"""The people that every test knows; ``tests/conftest.py`` tells who they are."""

from collections.abc import Iterable

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.vendors.models import Vendor
from tests.factories.accounts import UserFactory

KNOWN = {
    "alice": Role.ADMINISTRATOR,
    "anna": Role.ANALYST,
    "bob": Role.ANALYST,
    "charlie": None,
    "cora": Role.CUSTODIAN,
    "ida": Role.INTEGRATION,
    "mona": Role.MANAGER,
    "otto": Role.AUDITOR,
    "rita": Role.REVIEWER,
    "rosa": Role.REQUESTER,
    "vera": Role.RESPONDENT,
}
OF_CORVID = {"anna", "vera"}
OF_NOBODY = {"charlie"}


def make_person(
    name: str, *roles: Role, all_vendors: bool = False, vendors: Iterable[Vendor] = ()
) -> User:
    """Somebody with roles and a scope."""
    user = UserFactory.create(name=name, roles=roles, all_vendors=all_vendors)
    for vendor in vendors:
        policy.add_grant(user, vendor)
    return user


def make_corvid() -> Vendor:
    """The vendor that vera and anna are granted, made once."""
    vendor, _created = Vendor.objects.get_or_create(
        key="corvid", defaults={"name": "Corvid Analytics", "kind": "contractor"}
    )
    return vendor


def make_known(name: str) -> User:
    """Somebody in KNOWN, and for vera and anna their vendor."""
    role = KNOWN[name]
    return make_person(
        name.capitalize(),
        *([role] if role else []),
        all_vendors=name not in OF_CORVID | OF_NOBODY,
        vendors=[make_corvid()] if name in OF_CORVID else [],
    )
