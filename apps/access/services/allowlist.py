"""What can be done to the allowlist: requests, dated permissions, and their end.

What each raises, and what all of them have in common, is said in ``vendors.facts.FactWriter``.
"""

from datetime import datetime
from typing import Unpack

from django.utils import timezone

from apps.access.models import AIModel, AllowlistEntry, Environment, Identity
from apps.access.services.writing import GraphFactWriter
from apps.accounts.models import User
from apps.engine.values import Purpose
from apps.vendors.facts import Changes, FactFields
from apps.vendors.models import Vendor


class EntryFields(FactFields, total=False):
    vendor: Vendor | None
    environment: Environment | None
    requested_by: Identity | None
    approved_by: Identity | None
    approved_at: datetime | None
    expires_at: datetime | None


class EntryChanges(EntryFields, total=False):
    model: AIModel
    purpose: Purpose


def create_entry(
    *, actor: User, key: str, model: AIModel, purpose: Purpose, **fields: Unpack[EntryFields]
) -> AllowlistEntry:
    """Enter a permission of a vendor (none is our own) to use a model for a purpose.

    Without ``approved_at`` it is a request. Whether the approval was independent is judged by the
    analysis, not here.
    """
    return _entries.create(actor, key=key, model=model, purpose=purpose, **fields)


def change_entry(
    *, actor: User, entry: AllowlistEntry, **changes: Unpack[EntryChanges]
) -> AllowlistEntry:
    """Change an entry; its environment belongs to its vendor."""
    return _entries.change(actor, entry, changes)


def end_entry(*, actor: User, entry: AllowlistEntry, at: datetime | None = None) -> AllowlistEntry:
    """End a permission, now or at a given time; an earlier end stands.

    One that is approved as of a later day ends as it begins, and so never holds.
    """
    when = at or timezone.now()

    def earliest(stored: AllowlistEntry) -> Changes:
        end = max(when, stored.approved_at or when)
        return {"expires_at": min(end, stored.expires_at or end)}

    return _entries.change(actor, entry, earliest, done="ended")


def delete_entry(*, actor: User, entry: AllowlistEntry) -> None:
    """Delete an entry; to keep its history, end it instead."""
    _entries.delete(actor, entry)


_entries = GraphFactWriter(
    model=AllowlistEntry,
    noun="allowlist_entry",
    changeable=EntryChanges.__annotations__,
)
