"""Reads of people, and of the log by those who may read it."""

from django.db.models import QuerySet

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit import selectors as audit
from apps.audit.models import AuditEntry


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
