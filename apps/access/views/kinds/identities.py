"""Who acts, and with what: identities and credentials."""

from django.db.models import Q

from apps.access.forms import ending, identities
from apps.access.models import Credential, Identity
from apps.access.selectors import identities as identity_rows
from apps.access.services import identities as identity_services
from apps.access.views.facts_shown import choice, moment, reference, text
from apps.access.views.kinds.kind import (
    STATUS,
    VENDOR,
    Attribute,
    Beside,
    Ending,
    Kind,
    equal,
    is_past,
    past,
    state,
)
from apps.engine.values import CredentialKind, IdentityKind, IdentityStatus

IDENTITIES = Kind(
    model=Identity,
    noun="identity",
    plural="identities",
    title="Identities",
    about="People, service accounts and groups of either.",
    rows=identity_rows.identities_visible_to,
    form=identities.IdentityForm,
    create=identity_services.create_identity,
    change=identity_services.change_identity,
    delete=identity_services.delete_identity,
    argument="identity",
    attributes=(
        VENDOR,
        Attribute("kind", "Kind", choice("kind"), ("kind",)),
        Attribute("mfa", "Second factor", choice("mfa"), ("mfa",)),
        STATUS,
    ),
    filters=(equal("kind", "Kind", IdentityKind), equal("status", "Status", IdentityStatus)),
    unknowns=("mfa",),
    ending=Ending(
        "Disable",
        "was disabled",
        "It acts nowhere any more, and what authenticates it opens nothing.",
        identity_services.disable_identity,
        ending.EndForm,
        lambda fact: str(fact.status) == IdentityStatus.DISABLED,
    ),
    beside=(
        Beside("Enters", "enters", "identity"),
        Beside("Belongs to", "member-of", "identity"),
        Beside("Members", "member-of", "group"),
        Beside("Is authenticated by", "credentials", "identity"),
        Beside("Is accepted by", "grants", "identity"),
        Beside("May change access paths at", "administers", "identity"),
        Beside("Is custodian of", "models", "custodian", add=False),
        Beside("Requested", "allowlist", "requested_by", add=False),
        Beside("Approved", "allowlist", "approved_by", add=False),
    ),
)
CREDENTIALS = Kind(
    model=Credential,
    noun="credential",
    plural="credentials",
    title="Credentials",
    about="Facts about secrets, never the secrets.",
    rows=identity_rows.credentials_visible_to,
    form=identities.CredentialForm,
    create=identity_services.create_credential,
    change=identity_services.change_credential,
    delete=identity_services.delete_credential,
    argument="credential",
    attributes=(
        Attribute("identity", "Authenticates", reference("identity", ""), ("identity__name",)),
        Attribute("kind", "Kind", choice("kind"), ("kind",)),
        Attribute("issued_at", "Issued", moment("issued_at", "not stated"), ("issued_at",)),
        Attribute("expires_at", "Expires", moment("expires_at", "no end stated"), ("expires_at",)),
        Attribute("revoked_at", "Revoked", moment("revoked_at", "no"), ("revoked_at",)),
        Attribute(
            "engagements",
            "Issued for",
            text(lambda fact: ", ".join(fact.engagements), "no test or campaign named"),
            listed=False,
        ),
        Attribute(
            "production_grade",
            "Opens production",
            text(lambda fact: "Yes" if fact.production_grade else "No", ""),
            listed=False,
        ),
    ),
    filters=(
        equal("kind", "Kind", CredentialKind),
        state(
            "State",
            {
                "live": ("Not ended", lambda: ~past("expires_at")() & ~past("revoked_at")()),
                "expired": ("Expired", past("expires_at")),
                "revoked": ("Revoked", past("revoked_at")),
                "endless": ("Without an end", lambda: Q(expires_at=None, revoked_at=None)),
            },
        ),
    ),
    ending=Ending(
        "Revoke",
        "was revoked",
        "It opens nothing any more. It stays with its history.",
        identity_services.revoke_credential,
        is_over=is_past("revoked_at"),
    ),
    narrowed_by=("identity",),
    beside=(
        Beside("Stored in", "holds", "credential"),
        Beside("Is accepted by", "grants", "credential"),
        Beside("Named by leaks", "exposures", "targets__credential", add=False),
    ),
)
