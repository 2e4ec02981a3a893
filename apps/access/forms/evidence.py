"""Forms for leaks and for rehearsed revocations."""

from typing import Any

from django import forms

from apps.access.forms.fields import (
    FactChoice,
    FactChoices,
    GraphFactForm,
    MomentField,
    VendorChoice,
)
from apps.access.models import ExposureTarget
from apps.core.forms import EnumChoiceField, KeyField
from apps.core.models import Seen
from apps.engine.values import ExposureKind

TARGETS = ("environment", "deployment", "credential")


def _text(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        required=False,
        empty_value=None,  # nothing stated is none
        label=label,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ExposureForm(GraphFactForm):
    """A leak, and everything that it names."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    kind = EnumChoiceField(ExposureKind, label="What leaked")
    environments = FactChoices(
        "environment", required=False, label="Environments that it names", help_text="One a line."
    )
    deployments = FactChoices(
        "deployment", required=False, label="Deployments that it names", help_text="One a line."
    )
    credentials = FactChoices(
        "credential", required=False, label="Credentials that it names", help_text="One a line."
    )
    seen_at = MomentField(label="Seen")
    closed_at = MomentField(
        required=False,
        label="Closed",
        help_text="When what leaked was of no use any more.",
    )
    note = _text("Note")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        lists = [f"{noun}s" for noun in TARGETS]
        if not set(lists) & set(self.errors) and not any(values.get(name) for name in lists):
            self.add_error("environments", "Name at least one thing that the leak names.")
        return values

    @property
    def stated(self) -> dict[str, Any]:
        values = super().stated
        targets = [fact for noun in TARGETS for fact in values.pop(f"{noun}s")]
        return values | {"targets": targets}

    def _value_of(self, fact: Seen, name: str) -> Any:
        noun = name.removesuffix("s")
        if noun not in TARGETS:
            return super()._value_of(fact, name)
        rows: list[ExposureTarget] = list(fact.targets.all())  # type: ignore[attr-defined] # an exposure
        return [end for row in rows if (end := getattr(row, noun)) is not None]


class DrillForm(GraphFactForm):
    """A rehearsed revocation."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    vendor = VendorChoice(label="Vendor")
    model = FactChoice("model", label="Model")
    started_at = MomentField(label="Ordered")
    confirmed_at = MomentField(
        required=False, label="Confirmed", help_text="When the path was proven dead."
    )
    evidence = _text("Evidence", "What shows that the path was dead.")
