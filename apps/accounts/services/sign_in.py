"""Signing in and out: who did, who failed to, and who has to wait.

An attempt is counted before the password is looked at, and given back when it was right: so many
at once do not get past the limit.
"""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts import lockout, policy
from apps.accounts.http import Seat
from apps.accounts.models import SignInAttempt, User
from apps.accounts.roles import Perm
from apps.accounts.services import sessions
from apps.audit import services as audit
from apps.audit.canonical import JSON
from apps.core.errors import ConflictError

_LOCK = 0x7369676E5F696E  # "sign_in": attempts are counted one after the other


class LockedOutError(ConflictError):
    """Too many attempts failed lately; ``until`` is when another one is taken."""

    status = 429

    def __init__(self, until: datetime) -> None:
        self.until = until
        local = timezone.localtime(until)
        super().__init__(
            f"Too many attempts failed. Try again after {local:%H:%M} ({local.tzname()}), or ask "
            "an administrator to unlock the account."
        )


@transaction.atomic
def start_attempt(*, actor: policy.Person, email: str, address: str) -> SignInAttempt:
    """Count an attempt on the account ``email`` from ``address``, in the same steps for everybody.

    Not logged: what becomes of it is. Raises LockedOutError when too many failed lately.
    """
    del actor  # nobody is signed in yet, or somebody proves anew who they are
    account, network = lockout.account_key(email), lockout.network_key(address)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if lock := lockout.lock_of(account, network):
        raise LockedOutError(lock.until)
    now = timezone.now()
    SignInAttempt.objects.filter(at__lte=now - lockout.window()).delete()
    return SignInAttempt.objects.create(account=account, network=network, at=now)


@transaction.atomic
def forget_attempt(*, actor: policy.Person, attempt: SignInAttempt) -> None:
    """Do not count an attempt that was right; not logged, since what it was for is."""
    del actor
    attempt.delete()


@transaction.atomic
def note_sign_in(
    *, actor: User, seat: Seat | None = None, by: str = "password", factor: str = ""
) -> None:
    """Record that somebody has shown who they are and is signed in, and forget what failed before.

    ``seat`` is the session that begins; ``by`` is password or oidc; ``factor`` is what was shown
    besides.
    """
    SignInAttempt.objects.filter(account=lockout.account_key(actor.email)).delete()
    if seat:
        sessions.begin(actor, seat)
    data: Mapping[str, JSON] = {"by": by, "second_factor": factor or None}
    audit.record(actor=actor, action="user.signed_in", target=actor, data=data)


@transaction.atomic
def note_sign_out(*, actor: policy.Person, session_key: str = "") -> None:
    """Record that somebody signed out."""
    sessions.end_one(session_key)
    target = actor if isinstance(actor, User) else None
    audit.record(actor=actor, action="user.signed_out", target=target)


@transaction.atomic
def note_failed_sign_in(*, actor: policy.Person, email: str, step: str = "password") -> None:
    """Record a failed attempt, in the same steps whether the account exists or not.

    What was typed is kept only where it has the form of an address: people type passwords into
    the wrong box. ``step`` is what was wrong: password, code, or the oidc service's answer.
    """
    typed = email.strip().lower()
    data: dict[str, JSON] = {"email": typed if _is_address(typed) else None}
    if step != "password":
        data["step"] = step
    known = User.objects.filter(email=typed).first()
    audit.record(actor=actor, action="user.sign_in_failed", target=known, data=data)


@transaction.atomic
def note_failed_proof(*, actor: User, step: str) -> None:
    """Record that somebody who is signed in failed to prove anew who they are."""
    audit.record(actor=actor, action="user.proof_failed", target=actor, data={"step": step})


@transaction.atomic
def note_lock(*, actor: policy.Person, email: str, address: str) -> None:
    """Record that nobody may try any longer, when it has come to that."""
    account, network = lockout.account_key(email), lockout.network_key(address)
    lock = lockout.lock_of(account, network)
    typed = email.strip().lower()
    known = User.objects.filter(email=typed).first()
    if lock:
        data: Mapping[str, JSON] = {
            "by": lock.by,
            "until": lock.until.isoformat(),
            "network": network,
            "email": typed if _is_address(typed) else None,
        }
        audit.record(actor=actor, action="user.locked_out", target=known, data=data)


@transaction.atomic
def unlock_user(*, actor: User, user: User) -> None:
    """Let somebody try again at once; nothing happens when nothing failed."""
    policy.require(actor, Perm.MANAGE_USERS)
    account = lockout.account_key(user.email)
    forgotten, _by_model = SignInAttempt.objects.filter(account=account).delete()
    if forgotten:
        audit.record(actor=actor, action="user.unlocked", target=user)


def _is_address(typed: str) -> bool:
    try:
        validate_email(typed)
    except ValidationError:
        return False
    return len(typed) <= 254
