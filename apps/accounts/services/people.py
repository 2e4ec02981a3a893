"""Writes about people: accounts, roles, grants on vendors."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Model

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.roles import ALONE, Perm
from apps.accounts.selectors import active_administrators
from apps.accounts.services import saving, sessions
from apps.audit import services as audit
from apps.audit.canonical import JSON
from apps.core.errors import ConflictError, InvalidError, NotAllowedError


@transaction.atomic
def create_user(
    *,
    actor: User,
    email: str,
    name: str,
    roles: Iterable[Role] = (),
    all_vendors: bool = False,
    password: str | None = None,
) -> User:
    """Open an account; without a password nobody can sign in with it yet.

    Raises InvalidError, by field, for an address that is taken or none, a weak password, roles
    that do not go together, and an integration account with a password.
    """
    policy.require(actor, Perm.MANAGE_USERS)
    chosen = _checked_roles(roles, all_vendors=all_vendors)
    user = User(email=email.strip().lower(), name=name, roles=chosen, all_vendors=all_vendors)
    saving.set_password(user, password)
    audit.record(
        actor=actor,
        action="user.created",
        target=user,
        data={"email": user.email, "roles": chosen, "all_vendors": all_vendors},
    )
    return user


@transaction.atomic
def set_roles(*, actor: User, user: User, roles: Iterable[Role], all_vendors: bool) -> User:
    """Say anew what somebody may do, and whether over all vendors; single grants stay.

    Raises InvalidError for roles that do not go together, ConflictError when nobody would be left
    to manage users, NotAllowedError for the system actor.
    """
    policy.require(actor, Perm.MANAGE_USERS)
    chosen = _checked_roles(roles, all_vendors=all_vendors)
    fresh = _locked(user)
    managed = fresh.has_role(Role.ADMINISTRATOR)
    before: dict[str, JSON] = {"roles": fresh.roles, "all_vendors": fresh.all_vendors}
    fresh.roles, fresh.all_vendors = chosen, all_vendors
    if Role.INTEGRATION in chosen:
        fresh.set_unusable_password()
    saving.save(fresh)
    if managed:
        _keep_an_administrator()
    audit.record(
        actor=actor,
        action="user.roles_set",
        target=fresh,
        data={"before": before, "after": {"roles": chosen, "all_vendors": all_vendors}},
    )
    return fresh


@transaction.atomic
def grant_vendor(*, actor: User, user: User, vendor: Model) -> None:
    """Put one vendor into somebody's scope, with everything filed under it; twice is once.

    Raises NotFoundError when the vendor is not in the actor's own scope.
    """
    policy.require(actor, Perm.MANAGE_USERS, vendor=vendor)
    fresh = _locked(user)
    if policy.add_grant(fresh, vendor):
        _record_grant(actor, fresh, vendor, action="user.vendor_granted")


@transaction.atomic
def revoke_vendor(*, actor: User, user: User, vendor: Model) -> None:
    """Take one vendor out of somebody's scope; nothing happens when it was not in it.

    Raises NotFoundError when the vendor is not in the actor's own scope.
    """
    policy.require(actor, Perm.MANAGE_USERS, vendor=vendor)
    fresh = _locked(user)
    if policy.remove_grant(fresh, vendor):
        _record_grant(actor, fresh, vendor, action="user.vendor_revoked")


@transaction.atomic
def deactivate_user(*, actor: User, user: User) -> User:
    """Close an account and end its sessions. What it did stays in the log.

    Raises ConflictError when nobody would be left to manage users, NotAllowedError for the system
    actor.
    """
    policy.require(actor, Perm.MANAGE_USERS)
    return _set_active(actor, user, active=False)


@transaction.atomic
def reactivate_user(*, actor: User, user: User) -> User:
    """Open a closed account again, with the roles and grants that it had."""
    policy.require(actor, Perm.MANAGE_USERS)
    return _set_active(actor, user, active=True)


def _checked_roles(roles: Iterable[Role], *, all_vendors: bool) -> list[str]:
    try:
        chosen = {Role(role) for role in roles}
    except ValueError as error:
        raise InvalidError(f"There is no such role: {error}.", {"roles": [str(error)]}) from error
    if len(chosen) > 1 and (alone := sorted(chosen & ALONE)):
        sentence = f"{Role(alone[0]).label} is a role of its own: it cannot be had with others."
        raise InvalidError(sentence, {"roles": [sentence]})
    if all_vendors and Role.RESPONDENT in chosen:
        sentence = "A vendor respondent sees their own vendor: grant it to them, not all vendors."
        raise InvalidError(sentence, {"all_vendors": [sentence]})
    return sorted(str(role) for role in chosen)


def _locked(user: User) -> User:
    """The row as it is now, which nobody else changes until we are done."""
    # The administrators first and in one order, so that two cannot lock themselves out together.
    list(active_administrators().select_for_update().order_by("pk"))
    fresh = User.objects.select_for_update().get(pk=user.pk)
    if fresh.is_system:
        raise NotAllowedError("The system actor is what it is: it cannot be changed.")
    return fresh


def _keep_an_administrator() -> None:
    if not active_administrators().exists():
        raise ConflictError(
            "This is the last administrator. Make somebody else one first, "
            "so that somebody can still manage users."
        )


def _set_active(actor: User, user: User, *, active: bool) -> User:
    fresh = _locked(user)
    if fresh.is_active == active:
        return fresh
    fresh.is_active = active
    saving.save(fresh)
    if fresh.has_role(Role.ADMINISTRATOR):
        _keep_an_administrator()
    if not active:
        sessions.end_all(fresh)
    action = "user.reactivated" if active else "user.deactivated"
    audit.record(actor=actor, action=action, target=fresh)
    return fresh


def _record_grant(actor: User, user: User, vendor: Model, *, action: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=user,
        vendor_id=vendor.pk,
        data={"vendor": str(vendor)},
    )
