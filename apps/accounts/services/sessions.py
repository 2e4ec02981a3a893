"""Where somebody is signed in. Steps of the services beside this, in their transaction."""

from allauth.core.internal.httpkit import HTTP_USER_AGENT_MAX_LENGTH
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts.http import Seat
from apps.accounts.models import User


def begin(user: User, seat: Seat) -> None:
    """Put a session on the list of its person, and take off those that have run out."""
    live = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    UserSession.objects.filter(user_id=user.pk).exclude(session_key__in=live).delete()
    UserSession.objects.update_or_create(
        session_key=seat.key,
        defaults={
            "user_id": user.pk,
            "ip": seat.address,
            "user_agent": seat.browser[:HTTP_USER_AGENT_MAX_LENGTH],
        },
    )


def end_one(key: str) -> None:
    """Take one session off the list; the session itself ends with its cookie."""
    UserSession.objects.filter(session_key=key).delete()


def end_all(user: User, *, but: str = "") -> int:
    """End every session of a person except ``but``; gives how many that were."""
    listed = UserSession.objects.filter(user_id=user.pk).exclude(session_key=but)
    keys = list(listed.values_list("session_key", flat=True))
    ended, _by_model = Session.objects.filter(session_key__in=keys).delete()
    listed.delete()
    return int(ended)
