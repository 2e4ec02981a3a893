"""What can be done to identities and credentials.

What each raises, and what all of them have in common, is said in ``vendors.facts.FactWriter``.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Unpack

from django.utils import timezone

from apps.access.models import Credential, Identity, MemberOf
from apps.access.services.writing import GraphFactWriter
from apps.accounts.models import User
from apps.core.errors import InvalidError
from apps.engine.values import CredentialKind, IdentityKind, IdentityStatus, YesNo
from apps.vendors.facts import Changes, FactFields
from apps.vendors.models import Vendor


class IdentityFields(FactFields, total=False):
    vendor: Vendor | None
    mfa: YesNo
    status: IdentityStatus


class IdentityChanges(IdentityFields, total=False):
    kind: IdentityKind


class CredentialFields(FactFields, total=False):
    issued_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    engagements: list[str]
    production_grade: bool


class CredentialChanges(CredentialFields, total=False):
    identity: Identity
    kind: CredentialKind


def create_identity(
    *, actor: User, key: str, kind: IdentityKind, **fields: Unpack[IdentityFields]
) -> Identity:
    """State a person, service account or group of a vendor, or without one of our own."""
    return _identities.create(actor, key=key, kind=kind, **fields)


def change_identity(
    *, actor: User, identity: Identity, **changes: Unpack[IdentityChanges]
) -> Identity:
    """Change an identity. One that has members stays a group."""
    return _identities.change(actor, identity, changes)


def disable_identity(*, actor: User, identity: Identity) -> Identity:
    """Switch an identity off: it acts nowhere, and what authenticates it opens nothing."""
    status = IdentityStatus.DISABLED
    return _identities.change(actor, identity, {"status": status}, done="disabled")


def delete_identity(*, actor: User, identity: Identity) -> None:
    """Delete an identity that nothing refers to; else InUseError, and disabling is offered."""
    _identities.delete(actor, identity)


def create_credential(
    *,
    actor: User,
    key: str,
    identity: Identity,
    kind: CredentialKind,
    **fields: Unpack[CredentialFields],
) -> Credential:
    """State facts about a secret, never the secret: what it authenticates and how long it lives."""
    return _credentials.create(actor, key=key, identity=identity, kind=kind, **fields)


def change_credential(
    *, actor: User, credential: Credential, **changes: Unpack[CredentialChanges]
) -> Credential:
    """Change what is stated about a credential."""
    return _credentials.change(actor, credential, changes)


def revoke_credential(
    *, actor: User, credential: Credential, at: datetime | None = None
) -> Credential:
    """Note that a credential was revoked, now or at a given time; an earlier time stands."""
    when = at or timezone.now()

    def earliest(stored: Credential) -> Changes:
        return {"revoked_at": min(when, stored.revoked_at or when)}

    return _credentials.change(actor, credential, earliest, done="revoked")


def delete_credential(*, actor: User, credential: Credential) -> None:
    """Delete a credential that nothing refers to; else InUseError, and revoking is offered."""
    _credentials.delete(actor, credential)


def _members_have_a_group(identity: Identity, changed: Collection[str]) -> None:
    if "kind" not in changed or identity.pk is None or identity.kind == IdentityKind.GROUP:
        return
    if count := MemberOf.objects.filter(group=identity).count():
        sentence = (
            f"{identity.key} has {count} {'member' if count == 1 else 'members'}, "
            "so it stays a group. Take the members out first."
        )
        raise InvalidError(sentence, {"kind": [sentence]})


_identities = GraphFactWriter(
    model=Identity,
    noun="identity",
    changeable=IdentityChanges.__annotations__,
    check=_members_have_a_group,
    instead="Disable it instead: it keeps its history and acts nowhere.",
)
_credentials = GraphFactWriter(
    model=Credential,
    noun="credential",
    changeable=CredentialChanges.__annotations__,
    instead="Revoke it instead: it keeps its history and opens nothing.",
)
