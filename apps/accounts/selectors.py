"""Reads of people and their saved views, and of the log by those who may read it."""

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import NO_PASSWORD, Invitation, SavedView, User
from apps.accounts.roles import Perm
from apps.audit import selectors as audit
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, NotFoundError

MOST_HISTORY = 30
_PASSING = ("page", "format", "csrfmiddlewaretoken")


def users_visible_to(user: policy.Person) -> QuerySet[User]:
    """Everybody who has an account, for those who manage users; the system actor has none."""
    people = User.objects.filter(is_system=False)
    return policy.visible(people, user=user, perm=Perm.MANAGE_USERS, vendor=None)


def log_visible_to(user: policy.Person) -> QuerySet[AuditEntry]:
    """The entries of the log, the latest first; without all vendors, those on granted vendors."""
    return policy.visible(audit.entries(), user=user, perm=Perm.VIEW_AUDIT_LOG, vendor="vendor_id")


def active_administrators() -> QuerySet[User]:
    """Who can still manage users."""
    return User.objects.filter(is_active=True, roles__contains=[Role.ADMINISTRATOR])


def saved_views_of(user: User, page: str) -> QuerySet[SavedView]:
    """The views of a page that the user keeps, by name."""
    return SavedView.objects.filter(user=user, page=page)


class Kept(NamedTuple):
    """The saved views of a list beside what is shown of it; as ``saved_views.html`` takes it."""

    page: str
    query: str  # what is shown, as a view would keep it
    all: list[SavedView]

    @property
    def shown(self) -> SavedView | None:
        """The view that is shown, if it is one."""
        return next((view for view in self.all if view.query == self.query), None)

    @property
    def is_plain(self) -> bool:
        return not self.query

    @property
    def plain(self) -> str:
        return reverse(self.page)


def kept_views(user: User, page: str, asked: QueryDict) -> Kept:
    """What the user keeps of the list ``page``, which is shown as ``asked``."""
    return Kept(page, lasting(asked), list(saved_views_of(user, page)))


def lasting(asked: QueryDict) -> str:
    """What a query says about a list, without what is empty and what passes (the page's number)."""
    kept = QueryDict(mutable=True)
    for name, values in sorted(asked.lists()):
        stated = [value for value in values if value]
        if name not in _PASSING and stated:
            kept.setlist(name, stated)
    return kept.urlencode()


def saved_view_for(user: User, number: int) -> SavedView:
    """One of the user's own views by its number; NotFoundError for any other."""
    view = SavedView.objects.filter(user=user, pk=number).first()
    if view is None:
        raise NotFoundError("There is no such view, or it is not yours.")
    return view


# --- the pages of people -------------------------------------------------------------------------

# How an account stands: open, not yet used since nobody has set a password, or closed.
STANDINGS = {
    "open": Q(is_active=True) & (~NO_PASSWORD | Q(roles__contains=[Role.INTEGRATION])),
    "invited": Q(is_active=True) & NO_PASSWORD & ~Q(roles__contains=[Role.INTEGRATION]),
    "closed": Q(is_active=False),
}


@dataclass(frozen=True)
class PeopleFilter:
    """What a list of people is narrowed to; blank is everything.

    ``role`` is a role or "none"; ``standing`` one of STANDINGS; ``factor`` "on" or "off".
    """

    q: str = ""
    role: str = ""
    standing: str = ""
    factor: str = ""


def people_found(user: policy.Person, wanted: PeopleFilter) -> QuerySet[User]:
    """The people that match, each with ``has_factor`` and ``is_invited``."""
    factors = Authenticator.objects.filter(user_id=OuterRef("pk"), type=Authenticator.Type.TOTP)
    found: Any = users_visible_to(user).annotate(has_factor=Exists(factors))
    for word in wanted.q.replace("\0", "").split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    if wanted.role == "none":
        found = found.filter(roles=[])
    elif wanted.role in Role.values:
        found = found.filter(roles__contains=[wanted.role])
    if wanted.standing in STANDINGS:
        found = found.filter(STANDINGS[wanted.standing])
    if wanted.factor in {"on", "off"}:
        found = found.filter(has_factor=wanted.factor == "on")
    rows: QuerySet[User] = found
    return rows


def user_by_email(email: str) -> User | None:
    """Whose account has this address. For signing in: whoever asks is nobody yet."""
    return User.objects.filter(email=email.strip().lower()).first() if email else None


def person_for(user: policy.Person, pk: int) -> User:
    """One person, for those who manage users. Raises NotAllowedError or NotFoundError."""
    policy.require(user, Perm.MANAGE_USERS)
    found = users_visible_to(user).filter(pk=pk).first()
    if found is None:
        raise NotFoundError("There is no such person.")
    return found


def history_of(user: policy.Person, person: User) -> list[AuditEntry]:
    """What the log says was done by or to a person, the latest first."""
    about = Q(target_type=User._meta.label_lower, target_id=str(person.pk))
    return list(log_visible_to(user).filter(about | Q(actor_id=person.pk))[:MOST_HISTORY])


def vendors_to_grant(user: policy.Person) -> QuerySet[Any]:
    """The vendors that somebody may put into the scope of others: those of their own."""
    vendors = apps.get_model("vendors", "Vendor")._default_manager.order_by("name", "pk")
    return policy.visible(vendors, user=user, perm=Perm.MANAGE_USERS, vendor="pk")


def last_invitation(person: User) -> Invitation | None:
    """The newest invitation of somebody."""
    return Invitation.objects.filter(user=person).select_related("invited_by").first()


def live_sessions(person: User) -> QuerySet[Any]:
    """Where somebody is signed in now, the latest first; each has ip, user_agent, created_at."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    rows: QuerySet[Any] = UserSession.objects.filter(user_id=person.pk, session_key__in=alive)
    return rows.order_by("-created_at")


# --- the link of an invitation -------------------------------------------------------------------


def hash_of(token: str) -> str:
    """What is stored of the token that a link holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def working_invitation(token_hash: str) -> Invitation:
    """The invitation that a link stands for, by the hash of its token, if it still works.

    Whoever has the link may ask. Raises NotFoundError and ConflictError, in a sentence, for a link
    that does not work.
    """
    rows = Invitation.objects.select_related("user")
    found = rows.filter(token_hash=token_hash).first()
    again = "Ask the administrator who invited you for a new one."
    if found is None or not found.user.is_active:
        raise NotFoundError(f"This link is not valid. {again}")
    if found.used_at:
        raise ConflictError("This link was used already. Sign in with the password that was set.")
    if found.replaced_at:
        raise ConflictError("This link was replaced by a newer one. Use that one.")
    if found.expires_at <= timezone.now():
        raise ConflictError(f"This link has expired: it worked for seven days. {again}")
    return found
