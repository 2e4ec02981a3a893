"""Forms for who acts and what they act with."""

from django import forms

from apps.access.forms.fields import (
    WORDS,
    FactChoice,
    GraphFactForm,
    LinesField,
    MomentField,
    VendorChoice,
)
from apps.core.forms import EnumChoiceField, KeyField, YesNoField
from apps.engine.values import CredentialKind, IdentityKind, IdentityStatus


class IdentityForm(GraphFactForm):
    """A person, a service account or a group."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    vendor = VendorChoice(required=False, label="Vendor", help_text="Nobody: our own organisation.")
    kind = EnumChoiceField(IdentityKind, label="Kind")
    mfa = YesNoField(
        label="Does it sign in with a second factor?",
    )
    status = EnumChoiceField(IdentityStatus, label="Status", initial=str(IdentityStatus.ACTIVE))


class CredentialForm(GraphFactForm):
    """Facts about a secret, never the secret."""

    name = forms.CharField(
        max_length=1000, label="Name", help_text="Never write the secret itself down here."
    )
    key = KeyField(label="Key")
    identity = FactChoice("identity", label="Authenticates")
    kind = EnumChoiceField(CredentialKind, words=WORDS, label="Kind")
    issued_at = MomentField(required=False, label="Issued")
    expires_at = MomentField(
        required=False, label="Expires", help_text="Without it the credential has no end."
    )
    revoked_at = MomentField(required=False, label="Revoked")
    engagements = LinesField(
        required=False,
        label="Issued for",
        help_text="The tests or campaigns that it was made for, one on each line.",
    )
    production_grade = forms.BooleanField(required=False, label="It opens production systems")
