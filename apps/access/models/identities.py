"""Who acts, and what they act with. A credential is facts about a secret, never the secret."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.models import EnumField, Keyed, key_has_shape, no_duplicates, not_before, one_of
from apps.core.search import words_index
from apps.engine.values import CredentialKind, IdentityKind, IdentityStatus, YesNo
from apps.vendors.models import Vendor


class Identity(Keyed):
    """A person, a service account or a group of either."""

    filed_under = ("vendor",)

    vendor = models.ForeignKey(
        Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="identities"
    )
    kind = EnumField(IdentityKind)
    mfa = EnumField(YesNo, default=str(YesNo.UNKNOWN))
    status = EnumField(IdentityStatus, default=str(IdentityStatus.ACTIVE))

    class Meta:
        ordering = ["name", "key"]
        verbose_name_plural = "identities"
        indexes = [words_index("access_identity_words")]
        constraints = [
            key_has_shape(),
            one_of("kind", IdentityKind),
            one_of("mfa", YesNo),
            one_of("status", IdentityStatus),
        ]


class Credential(Keyed):
    """What a secret is for and how long it lives; ``engagements`` are the tests it is for."""

    filed_under = ("identity__vendor",)

    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="credentials")
    kind = EnumField(CredentialKind)
    issued_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    engagements = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, validators=[no_duplicates]
    )
    production_grade = models.BooleanField(default=False)

    class Meta:
        ordering = ["name", "key"]
        indexes = [words_index("access_credential_words")]
        constraints = [
            key_has_shape(),
            one_of("kind", CredentialKind),
            not_before("expires_at", "issued_at"),
        ]
