"""Forms of the register, and what every form about a fact has in common."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from django import forms
from django.db import models

from apps.accounts.models import User
from apps.audit import selectors as audit
from apps.core.errors import ConflictError, StaleError
from apps.core.forms import (
    ChosenField,
    DomainForm,
    EnumChoiceField,
    KeyField,
    ManyChosenField,
    YesNoField,
)
from apps.core.models import Seen
from apps.engine.values import VendorKind, VendorStatus
from apps.vendors.facts import as_json, version_of
from apps.vendors.models import Contract, Vendor
from apps.vendors.selectors import names_known, vendors_visible_to


class Difference(NamedTuple):
    """A field that somebody else changed: what is stored now, and what was typed."""

    label: str
    stored: str
    typed: str


class FactForm(DomainForm):
    """States a new fact, or changes one. Somebody else's change in between is shown, not lost.

    ``fixed`` names the fields that are stated once, and that a change does not offer.
    """

    fixed: tuple[str, ...] = ("key",)

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        actor: User,
        fact: Seen | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.fact = fact
        self.differences: list[Difference] = []
        self.stale: StaleError | None = None
        self.changed_by = ""
        stated = {} if fact is None else self._stated_of(fact)
        super().__init__(data, actor=actor, initial={**stated, **(initial or {})})
        if fact is not None:
            for name in self.fixed:
                self.fields.pop(name, None)

    @property
    def stated(self) -> dict[str, Any]:
        """What was stated, as the services take it."""
        values = dict(self.cleaned_data)
        version = values.pop("version", "")
        return values | ({"version": version} if self.fact is not None and version else {})

    def refused(self, error: ConflictError) -> None:
        """See DomainForm; of a stale form, show what differs, and let the next try overwrite it."""
        super().refused(error)
        if not isinstance(error, StaleError) or self.fact is None:
            return
        self.stale = error
        self.fact.refresh_from_db()
        last = audit.last_entry_on(self.fact)
        self.changed_by = last.actor_name if last else ""
        self.differences = [
            Difference(str(self[name].label), self._words(name, error.stored.get(name)), typed)
            for name in self.fields
            if name in error.stored
            and (typed := self._words(name, as_json(self.cleaned_data.get(name))))
            != self._words(name, error.stored[name])
        ]
        data = cast(Any, self.data).copy()  # the browser's own does not change
        data[self.add_prefix("version")] = version_of(self.fact)
        self.data = data

    def _stated_of(self, fact: Seen) -> dict[str, Any]:
        values = {
            name: self._value_of(fact, name) for name in self.base_fields if name != "version"
        }
        return values | {"version": version_of(fact)}

    def _value_of(self, fact: Seen, name: str) -> Any:
        value = getattr(fact, name, None)
        return list(value.all()) if isinstance(value, models.Manager) else value

    def _words(self, name: str, value: object) -> str:
        if value is None or value in ("", []):
            return "nothing"
        if isinstance(value, list):
            return ", ".join(str(item) for item in value)
        offered = dict(getattr(self.fields[name], "choices", ()))
        return str(offered.get(str(value), value))


class DayInput(forms.DateInput):
    """A day, as browsers let one choose it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _vendors(actor: User) -> Any:
    return vendors_visible_to(actor)


class VendorForm(FactForm):
    """A third party."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    kind = EnumChoiceField(VendorKind, label="Kind")
    engaged_by = ChosenField(
        rows=_vendors,
        url="vendors:vendor-choices",
        noun="vendor",
        required=False,
        label="Engaged by",
        help_text="The vendor that brought it in. Nobody: it works for us directly.",
    )
    status = EnumChoiceField(VendorStatus, label="Status", initial=str(VendorStatus.ACTIVE))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stated = self.fact.engaged_by if isinstance(self.fact, Vendor) else None
        if stated is not None and stated.pk not in names_known(self.actor, [stated]):
            del self.fields["engaged_by"]  # it cannot be named to this person, and stays as it is

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if Vendor.objects.filter(key=key).exists():
            raise forms.ValidationError("A vendor with this key is in the register already.")
        return key


class ContractForm(FactForm):
    """A contract with a vendor, and the sub-contractors that it names."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    starts_on = forms.DateField(label="Starts on", widget=DayInput)
    ends_on = forms.DateField(
        label="Ends on", widget=DayInput, required=False, help_text="Left empty: it is open-ended."
    )
    subcontractors = ManyChosenField(
        rows=_vendors,
        url="vendors:vendor-choices",
        noun="vendor",
        required=False,
        label="Sub-contractors that it names",
        help_text="One on each line.",
    )
    right_to_audit = YesNoField(label="Right to audit")
    breach_notice_hours = forms.IntegerField(
        label="Notice of a breach, in hours",
        required=False,
        min_value=0,
        max_value=2**31,
        help_text="Left empty: not stated.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = list(self.fact.subcontractors.all()) if isinstance(self.fact, Contract) else []
        self.names_others = len(named) > len(names_known(self.actor, named))
        if self.names_others:
            del self.fields["subcontractors"]  # some cannot be named to this person

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if Contract.objects.filter(key=key).exists():
            raise forms.ValidationError("A contract with this key is in the register already.")
        return key
