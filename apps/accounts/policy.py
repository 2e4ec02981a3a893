"""Who may do what to whom: the only place that decides, and the only one that talks to guardian.

Two questions. ``require`` is the first line of every service; ``visible`` narrows every read.
Roles say what (``roles.ROLE_PERMISSIONS``); the scope says over which vendors: all of them, or
those granted one by one. A vendor of none is our own organisation and belongs to those who have
all vendors. Closed by default: anonymous, inactive or without a role sees and may nothing.

Apps further up name their vendors here by model or key, because this module may not import them.
"""

from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet
from guardian.shortcuts import (
    assign_perm,
    get_objects_for_user,
    get_users_with_perms,
    remove_perm,
)

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.roles import ROLE_PERMISSIONS, SYSTEM_PERMISSIONS, Perm
from apps.core.errors import NotAllowedError, NotFoundError

SYSTEM_NAME = "system"
SYSTEM_EMAIL = "system@vendorrisk.invalid"
_GRANT = "vendors.view_vendor"  # the one permission that a grant on a vendor is made of


class Unset(Enum):
    """Marks an argument that was not given, where none has a meaning."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
Person: TypeAlias = User | AnonymousUser
AboutVendor: TypeAlias = Model | int | None
M = TypeVar("M", bound=Model)


def may(user: Person, perm: Perm, *, vendor: AboutVendor | Unset = UNSET) -> bool:
    """Whether ``user`` has the permission, and the vendor (if given) in their scope."""
    if perm not in permissions_of(user):
        return False
    return vendor is UNSET or _in_scope(user, vendor)


def require(user: Person, perm: Perm, *, vendor: AboutVendor | Unset = UNSET) -> None:
    """Let ``user`` pass, or raise.

    NotFoundError when the vendor is not in their scope, as if it did not exist; NotAllowedError
    when it is (or none was given) and their roles do not allow this.
    """
    if vendor is not UNSET and not _in_scope(user, vendor):
        raise NotFoundError("There is no such record, or it is not yours to see.")
    if perm not in permissions_of(user):
        raise NotAllowedError(
            f"Your roles do not allow this ({perm.words}). Ask an administrator who may do it."
        )


def visible(queryset: QuerySet[M], *, user: Person, perm: Perm, vendor: str | None) -> QuerySet[M]:
    """The rows that ``user`` may see with ``perm``; no query is made here.

    ``vendor`` is the lookup path from a row to its vendor ("pk" on vendors themselves,
    "environment__vendor"); none when the rows are not filed under a vendor, so that the permission
    alone decides. Rows of our own organisation are for those who have all vendors.
    """
    if perm not in permissions_of(user):
        return queryset.none()
    if vendor is None or _has_all_vendors(user):
        return queryset
    return queryset.filter(**{f"{vendor}__in": _granted_keys(user)})


def people_who_may(perm: Perm, *, vendor: AboutVendor | Unset = UNSET) -> QuerySet[User]:
    """Everybody with an open account who has the permission, and the vendor (if given) in scope."""
    roles = [str(role) for role, perms in ROLE_PERMISSIONS.items() if perm in perms]
    people = User.objects.filter(is_active=True, is_system=False, roles__overlap=roles)
    if vendor is UNSET:
        return people
    granted: Any = User.objects.none()
    if vendor is not None:
        found = vendor if isinstance(vendor, Model) else _vendor_model()(pk=vendor)
        granted = get_users_with_perms(
            _as_vendor(found),
            only_with_perms_in=[_GRANT.partition(".")[2]],
            with_superusers=False,
            with_group_users=False,
        )
    return people.filter(Q(all_vendors=True) | Q(pk__in=granted.order_by().values("pk")))


def permissions_of(user: Person) -> frozenset[Perm]:
    """Everything that the roles of ``user`` allow; nothing for whoever is not signed in."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    if user.is_system:
        return SYSTEM_PERMISSIONS
    return frozenset[Perm]().union(*(ROLE_PERMISSIONS[Role(role)] for role in user.roles))


def system_actor() -> User:
    """The user that jobs and commands act as. It has no password, so nobody signs in as it."""
    actor, _created = User.objects.get_or_create(
        is_system=True,
        defaults={
            "email": SYSTEM_EMAIL,
            "name": SYSTEM_NAME,
            "password": make_password(None),
        },
    )
    return actor


def granted_vendors(user: User) -> QuerySet[Model]:
    """The vendors granted to ``user`` one by one."""
    found: QuerySet[Model] = get_objects_for_user(
        user,
        _GRANT,
        klass=_vendor_model(),
        use_groups=False,
        with_superuser=False,
        accept_global_perms=False,
    )
    return found


def add_grant(user: User, vendor: Model) -> bool:
    """Put ``vendor`` into the scope of ``user``; whether it was not in it by a grant before.

    Called by ``services.grant_vendor`` alone.
    """
    if _is_granted(user, vendor):
        return False
    assign_perm(_GRANT, user, vendor)
    return True


def remove_grant(user: User, vendor: Model) -> bool:
    """Take ``vendor`` out of the scope of ``user``; whether it was in it by a grant.

    Called by ``services.revoke_vendor`` alone.
    """
    if not _is_granted(user, vendor):
        return False
    remove_perm(_GRANT, user, vendor)
    return True


def is_person(user: User) -> bool:
    """Whether this account is somebody's: neither a machine's nor the system actor."""
    return not user.is_system and not user.has_role(Role.INTEGRATION)


def _is_granted(user: User, vendor: Model) -> bool:
    return granted_vendors(user).filter(pk=_as_vendor(vendor).pk).exists()


def _in_scope(user: Person, vendor: AboutVendor) -> bool:
    if not isinstance(user, User) or not user.is_active:
        return False
    if _has_all_vendors(user):
        return True
    if vendor is None:
        return False
    key = vendor if isinstance(vendor, int) else _as_vendor(vendor).pk
    return granted_vendors(user).filter(pk=key).exists()


def _has_all_vendors(user: Person) -> bool:
    return isinstance(user, User) and (user.all_vendors or user.is_system)


def _granted_keys(user: Person) -> QuerySet[Model, dict[str, Any]]:
    assert isinstance(user, User)  # noqa: S101 - whoever is not one has no permission to get here
    return granted_vendors(user).order_by().values("pk")


def _vendor_model() -> type[Model]:
    return apps.get_model("vendors", "Vendor")


def _as_vendor(vendor: Model) -> Model:
    # A row of another table has a key too, and would be taken for the vendor with that number.
    if not isinstance(vendor, _vendor_model()):
        raise TypeError(f"{vendor!r} is no vendor: pass the vendor it is filed under.")
    return vendor
