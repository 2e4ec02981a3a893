"""Forms for models, deployments and permissions."""

from typing import Any

from django import forms

from apps.access.forms.fields import WORDS, FactChoice, GraphFactForm, MomentField, VendorChoice
from apps.access.models.inventory import PATH_PURPOSES
from apps.core.forms import EnumChoiceField, KeyField, YesNoField
from apps.engine.values import Logging, Purpose, Sensitivity

LOGGING = {"none": "None", "unknown": "Not known"}


class ModelForm(GraphFactForm):
    """A model of our own, and how sensitive it is."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    sensitivity = EnumChoiceField(
        Sensitivity,
        label="Sensitivity",
        words=WORDS,
        help_text="Routes to M3 and M4 are analysed.",
    )
    custodian = FactChoice(
        "identity",
        required=False,
        label="Custodian",
        help_text="Who answers for the model.",
    )


class DeploymentForm(GraphFactForm):
    """A running instance or endpoint of a model."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    model = FactChoice("model", label="Model")
    environment = FactChoice("environment", label="Runs in")
    purpose = EnumChoiceField(Purpose, only=list(PATH_PURPOSES), label="Purpose")
    logging = EnumChoiceField(
        Logging,
        words=LOGGING,
        label="Its log of use is",
        initial=str(Logging.UNKNOWN),
        widget=forms.RadioSelect,
    )
    log_names_identity = YesNoField(label="Does the log name who called?")


class EntryForm(GraphFactForm):
    """A dated permission to use a model."""

    name = forms.CharField(max_length=1000, label="Name", required=False)
    key = KeyField(label="Key")
    model = FactChoice("model", label="Model")
    vendor = VendorChoice(required=False, label="Vendor", help_text="Nobody: our own organisation.")
    purpose = EnumChoiceField(Purpose, only=list(PATH_PURPOSES), label="Purpose")
    environment = FactChoice(
        "environment",
        required=False,
        label="Environment",
        help_text="None: the permission is for every environment of the vendor.",
    )
    requested_by = FactChoice("identity", required=False, label="Requested by")
    approved_by = FactChoice("identity", required=False, label="Approved by")
    approved_at = MomentField(
        required=False,
        label="Approved",
        help_text="Without it this is a request, not a permission.",
    )
    expires_at = MomentField(
        required=False, label="Ends", help_text="Without it the permission has no end."
    )

    @property
    def stated(self) -> dict[str, Any]:
        values = super().stated
        return values | {"name": values["name"] or values.get("key") or self._key}

    @property
    def _key(self) -> str:
        return str(getattr(self.fact, "key", ""))
