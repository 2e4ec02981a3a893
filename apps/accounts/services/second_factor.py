"""The second factor: set up, used, renewed and given up by its person; reset by others."""

from django.conf import settings
from django.db import transaction

from apps.accounts import mfa, policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.accounts.services import sessions
from apps.audit import services as audit
from apps.core.errors import ConflictError, InvalidError, NotAllowedError

WRONG_CODE = (
    "This code is wrong, or was used before. Wait for the next one and check that the clock of "
    "your telephone is right."
)


class WrongCodeError(InvalidError):
    """Neither a code of the app nor a recovery code that still works."""

    def __init__(self) -> None:
        super().__init__(WRONG_CODE, {"code": [WRONG_CODE]})


@transaction.atomic
def set_up(*, actor: User, secret: str, code: str) -> list[str]:
    """Ask for a code at every sign-in from now on; gives the recovery codes, this one time.

    Raises WrongCodeError when ``code`` does not come from ``secret``, ConflictError when there is a
    second factor already.
    """
    _lock(actor)
    if mfa.is_set_up(actor):
        raise ConflictError("There is a second factor already. Turn it off first.")
    interval = mfa.interval_of(secret, code)
    if interval is None:
        raise WrongCodeError
    codes = mfa.store(actor, secret, interval)
    audit.record(actor=actor, action="user.second_factor_set_up", target=actor)
    return codes


@transaction.atomic
def show_factor(*, actor: User, code: str) -> mfa.Factor:
    """Use up a code of the app or a recovery code; each works once.

    Raises WrongCodeError when it is wrong or was used. A code of the app is not logged: what it is
    shown for is.
    """
    factor = mfa.use(actor, code)
    if factor is None:
        raise WrongCodeError
    if factor is mfa.Factor.RECOVERY_CODE:
        left = mfa.recovery_codes_left(actor)
        audit.record(
            actor=actor, action="user.recovery_code_used", target=actor, data={"left": left}
        )
    return factor


@transaction.atomic
def renew_recovery_codes(*, actor: User) -> list[str]:
    """Make new recovery codes, this one time shown; the old ones stop working."""
    _lock(actor)
    if not mfa.is_set_up(actor):
        raise ConflictError("There is no second factor that recovery codes could stand in for.")
    codes = mfa.fresh_recovery_codes(actor)
    audit.record(actor=actor, action="user.recovery_codes_renewed", target=actor)
    return codes


@transaction.atomic
def turn_off(*, actor: User) -> None:
    """Ask for the password alone from now on.

    Raises ConflictError where a role of theirs demands a second factor.
    """
    _lock(actor)
    if set(settings.REQUIRE_MFA_ROLES) & set(actor.roles):
        raise ConflictError("Your role must have a second factor, so it cannot be turned off.")
    if mfa.remove(actor):
        audit.record(actor=actor, action="user.second_factor_turned_off", target=actor)


@transaction.atomic
def reset_second_factor(*, actor: User, user: User, reason: str) -> None:
    """Take away the second factor of somebody who has lost it, and sign them out everywhere.

    Raises InvalidError without a reason, ConflictError when there is none, NotAllowedError for
    oneself: whoever has the code turns it off in their own profile.
    """
    policy.require(actor, Perm.MANAGE_USERS)
    if actor == user:
        raise NotAllowedError("Another administrator has to reset your own second factor.")
    if not reason.strip():
        sentence = "Say why, for the log."
        raise InvalidError(sentence, {"reason": [sentence]})
    _lock(user)
    if not mfa.remove(user):
        raise ConflictError(f"{user} has no second factor.")
    sessions.end_all(user)
    audit.record(
        actor=actor,
        action="user.second_factor_reset",
        target=user,
        data={"reason": reason.strip()},
    )


def _lock(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)
