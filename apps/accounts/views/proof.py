"""Proving who one is, by attempts that count when they fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from apps.accounts.http import address_of
from apps.accounts.models import User
from apps.accounts.services import sign_in
from apps.accounts.services.profile import WrongPasswordError
from apps.accounts.services.second_factor import WrongCodeError


@contextmanager
def counted(request: HttpRequest, user: User, *, step: str) -> Iterator[None]:
    """An attempt of ``user`` at ``step``, which counts as a failed sign-in when it is wrong."""
    actor, address = request.user, address_of(request)
    attempt = sign_in.start_attempt(actor=actor, email=user.email, address=address)
    try:
        yield
    except (WrongCodeError, WrongPasswordError):
        if isinstance(actor, User):
            sign_in.note_failed_proof(actor=actor, step=step)
        else:
            sign_in.note_failed_sign_in(actor=actor, email=user.email, step=step)
        sign_in.note_lock(actor=actor, email=user.email, address=address)
        raise
    except Exception:
        sign_in.forget_attempt(actor=actor, attempt=attempt)  # nothing was proved wrong
        raise
    sign_in.forget_attempt(actor=actor, attempt=attempt)
