"""Reads of people and their saved views, and of the log by those who may read it."""

from typing import NamedTuple

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import SavedView, User
from apps.accounts.roles import Perm
from apps.audit import selectors as audit
from apps.audit.models import AuditEntry
from apps.core.errors import NotFoundError

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
