"""Invitations: a link, shown once, by which somebody sets a first password."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import Invitation, User
from apps.accounts.roles import Perm
from apps.accounts.selectors import hash_of, working_invitation
from apps.accounts.services import people, saving
from apps.audit import services as audit
from apps.core.errors import ConflictError

VALID_FOR = timedelta(days=7)


class Invited(NamedTuple):
    """Who was invited, and the token of the link: stored nowhere, so this is its only copy."""

    user: User
    token: str
    expires_at: datetime


@transaction.atomic
def invite_user(
    *, actor: User, email: str, name: str, roles: Iterable[Role], all_vendors: bool
) -> Invited:
    """Open an account and an invitation to it; see ``people.create_user`` for what is refused."""
    user = people.create_user(
        actor=actor, email=email, name=name, roles=roles, all_vendors=all_vendors
    )
    return renew_invitation(actor=actor, user=user)


@transaction.atomic
def renew_invitation(*, actor: User, user: User) -> Invited:
    """Make a link for somebody who has no password yet; an older link stops working.

    Raises ConflictError for who has one, for a closed account and for an integration.
    """
    policy.require(actor, Perm.MANAGE_USERS)
    fresh = User.objects.select_for_update().get(pk=user.pk)
    _check_may_be_invited(fresh)
    now = timezone.now()
    _open(fresh).update(replaced_at=now)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        user=fresh, invited_by=actor, token_hash=hash_of(token), expires_at=now + VALID_FOR
    )
    audit.record(
        actor=actor,
        action="user.invited",
        target=fresh,
        data={"expires_at": invitation.expires_at.isoformat()},
    )
    return Invited(fresh, token, invitation.expires_at)


@transaction.atomic
def accept_invitation(*, actor: policy.Person, token_hash: str, name: str, password: str) -> User:
    """Set name and first password of who has the link; the link is used up.

    ``actor`` is whoever opened it, usually nobody who is signed in. Raises NotFoundError and
    ConflictError for a link that does not work, InvalidError by field for a weak password or no
    name.
    """
    del actor  # the token says who it is
    rows = Invitation.objects.select_for_update().filter(token_hash=token_hash)
    list(rows)  # two who use it at once: the second finds it used
    invitation = working_invitation(token_hash)
    user = User.objects.select_for_update().get(pk=invitation.user_id)
    user.name = name.strip()
    saving.set_password(user, password)
    invitation.used_at = timezone.now()
    invitation.save(update_fields=["used_at"])
    audit.record(actor=user, action="user.invitation_accepted", target=user)
    return user


def _open(user: User) -> QuerySet[Invitation]:
    return Invitation.objects.filter(user=user, used_at=None, replaced_at=None)


def _check_may_be_invited(user: User) -> None:
    if user.is_system or user.has_role(Role.INTEGRATION):
        raise ConflictError("This account is not a person's: nobody signs in to it by a password.")
    if not user.is_active:
        raise ConflictError("This account is closed. Open it again first.")
    if user.has_usable_password():
        raise ConflictError(f"{user} has a password already, so there is nothing to invite to.")
