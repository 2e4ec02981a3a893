"""What people change about themselves: name, time zone, password, where they are signed in."""

from django.db import transaction

from apps.accounts.http import Seat
from apps.accounts.models import User
from apps.accounts.services import saving, sessions
from apps.accounts.zones import known_zones
from apps.audit import services as audit
from apps.core.errors import ConflictError, InvalidError


class WrongPasswordError(InvalidError):
    """What was typed as the present password is another one."""

    def __init__(self, message: str) -> None:
        super().__init__(message, {"old": [message]})


@transaction.atomic
def change_profile(*, actor: User, name: str, time_zone: str) -> User:
    """Change one's own name and time zone. Raises InvalidError for a zone that nobody knows."""
    if time_zone not in known_zones():
        sentence = "There is no such time zone. Choose one from the list."
        raise InvalidError(sentence, {"time_zone": [sentence]})
    fresh = User.objects.select_for_update().get(pk=actor.pk)
    before = {"name": fresh.name, "time_zone": fresh.time_zone}
    after = {"name": name.strip(), "time_zone": time_zone}
    if before == after:
        return fresh
    fresh.name, fresh.time_zone = name.strip(), time_zone
    saving.save(fresh)
    changed = {
        field: [before[field], after[field]] for field in after if before[field] != after[field]
    }
    audit.record(actor=fresh, action="user.profile_changed", target=fresh, data=changed)
    return fresh


@transaction.atomic
def change_password(*, actor: User, old: str, password: str, session_key: str) -> User:
    """Change one's own password; every session but ``session_key`` ends.

    Raises InvalidError, by field, when ``old`` is not the present one and for a weak new one,
    ConflictError for who has no password.
    """
    fresh = User.objects.select_for_update().get(pk=actor.pk)
    if not fresh.has_usable_password():
        raise ConflictError("You sign in without a password here, so there is none to change.")
    if not fresh.check_password(old):
        raise WrongPasswordError("This is not your present password.")
    saving.set_password(fresh, password)
    sessions.end_all(fresh, but=session_key)
    audit.record(actor=fresh, action="user.password_changed", target=fresh)
    return fresh


@transaction.atomic
def end_other_sessions(*, actor: User, session_key: str) -> int:
    """Sign out everywhere but in the session ``session_key``; gives how many ended."""
    ended = sessions.end_all(actor, but=session_key)
    if ended:
        audit.record(actor=actor, action="user.sessions_ended", target=actor, data={"ended": ended})
    return ended


@transaction.atomic
def move_session(*, actor: User, old_key: str, seat: Seat) -> None:
    """Keep a session on the list under its new key; not logged, since nobody did anything."""
    sessions.end_one(old_key)
    sessions.begin(actor, seat)
