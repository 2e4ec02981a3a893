"""Signing in and out, and who failed to."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from apps.accounts import policy
from apps.accounts.models import User
from apps.audit import services as audit


@transaction.atomic
def note_sign_in(*, actor: User) -> None:
    """Record that somebody gave the right password and is being signed in."""
    audit.record(actor=actor, action="user.signed_in", target=actor)


@transaction.atomic
def note_sign_out(*, actor: policy.Person) -> None:
    """Record that somebody signed out."""
    audit.record(actor=actor, action="user.signed_out", target=_account(actor))


@transaction.atomic
def note_failed_sign_in(*, actor: policy.Person, email: str) -> None:
    """Record a failed attempt, in the same steps whether the account exists or not.

    What was typed is kept only where it has the form of an address: people type passwords into
    the wrong box.
    """
    typed = email.strip().lower()
    known = User.objects.filter(email=typed).first()
    audit.record(
        actor=actor,
        action="user.sign_in_failed",
        target=known,
        data={"email": typed if _is_address(typed) else None},
    )


def _account(person: policy.Person) -> User | None:
    return person if isinstance(person, User) else None


def _is_address(typed: str) -> bool:
    try:
        validate_email(typed)
    except ValidationError:
        return False
    return len(typed) <= 254
