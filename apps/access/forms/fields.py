"""What the forms of the access graph are made of: facts chosen by typing, times, lists of words."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from django import forms
from django.db.models import QuerySet
from django.forms.utils import ErrorDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy

from apps.access.models import Identity
from apps.access.selectors.identities import credentials_visible_to, identities_visible_to
from apps.access.selectors.inventory import (
    deployments_visible_to,
    environments_visible_to,
    models_visible_to,
)
from apps.accounts.models import User
from apps.core.errors import NotFoundError
from apps.core.forms import ChosenField, DomainForm, ManyChosenField
from apps.engine.values import IdentityKind
from apps.vendors.forms import FactForm
from apps.vendors.selectors import vendors_visible_to

Rows: TypeAlias = Callable[[User], QuerySet[Any]]

WORDS = {
    "ci": "CI",
    "saas": "SaaS",
    "api_key": "API key",
    "oauth_token": "OAuth token",
    "ssh_key": "SSH key",
    "M1": "M1, general",
    "M2": "M2, limited",
    "M3": "M3, restricted dual-use",
    "M4": "M4, weights, internals or licensed access",
}
"""Stored values whose words are not simply the value."""

_SHAPE = "%Y-%m-%dT%H:%M"


def _groups(user: User) -> QuerySet[Identity]:
    return identities_visible_to(user).filter(kind=IdentityKind.GROUP)


_CHOICES: dict[str, tuple[str, Rows, str]] = {
    # noun: the kind in the address, what may be chosen, what the address narrows it to
    "environment": ("environments", environments_visible_to, ""),
    "identity": ("identities", identities_visible_to, ""),
    "group": ("identities", _groups, "?kind=group"),
    "credential": ("credentials", credentials_visible_to, ""),
    "model": ("models", models_visible_to, ""),
    "deployment": ("deployments", deployments_visible_to, ""),
}


def _address_of(slug: str, narrowed: str) -> str:
    return reverse("access:fact-choices", kwargs={"kind": slug}) + narrowed


_address = lazy(_address_of, str)  # forms load before URLs


class FactChoice(ChosenField):
    """One fact of the access graph, chosen by typing; ``noun`` is a key of the table above."""

    def __init__(self, noun: str, **kwargs: Any) -> None:
        slug, rows, narrowed = _CHOICES[noun]
        super().__init__(rows=rows, url="access:fact-choices", noun=noun, **kwargs)
        self.widget.attrs["data-choices"] = _address(slug, narrowed)


class FactChoices(ManyChosenField):
    """Several facts of one kind, chosen by typing, one on each line."""

    def __init__(self, noun: str, **kwargs: Any) -> None:
        slug, rows, narrowed = _CHOICES[noun]
        super().__init__(rows=rows, url="access:fact-choices", noun=noun, **kwargs)
        self.widget.attrs["data-choices"] = _address(slug, narrowed)


class VendorChoice(ChosenField):
    """The vendor that a fact is filed under; nobody is our own organisation."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            rows=vendors_visible_to, url="vendors:vendor-choices", noun="vendor", **kwargs
        )


class MomentField(forms.DateTimeField):
    """An instant, typed in the time zone of whoever types, to the minute."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_SHAPE)
        super().__init__(widget=widget, **kwargs)

    def shown(self, moment: datetime) -> str:
        """The instant as the field shows it."""
        return f"{timezone.localtime(moment):{_SHAPE}}"


class LinesField(forms.CharField):
    """A list of words, one on each line."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs |= {"rows": 3}

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return list(dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()))


class _Typed(DomainForm):
    """What all forms here have in common: times in a named zone, drafts, what is out of reach."""

    is_draft = False
    """Whether somebody is still writing: what is typed is shown, and nothing is wrong yet."""

    @property
    def errors(self) -> ErrorDict:
        return ErrorDict() if self.is_draft else super().errors

    def say_zone(self) -> None:
        """Have each field for a time say in which zone."""
        for field in self.fields.values():
            if isinstance(field, MomentField):
                zone = f"In {timezone.get_current_timezone_name()} time."
                field.help_text = f"{field.help_text} {zone}".strip()

    def saves(self, call: Callable[[], object]) -> bool:
        """See DomainForm. What refers out of somebody's scope is an error of what they typed."""
        try:
            return super().saves(call)
        except NotFoundError as error:
            self.add_error(None, str(error))
            return False


class RowForm(_Typed):
    """A fact that is stated in the same place as another one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.say_zone()


class GraphFactForm(_Typed, FactForm):
    """States or changes a fact of the access graph."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.say_zone()

    def clean(self) -> dict[str, Any]:
        """A time that was left as it stood stays what it is, to the second."""
        values = dict(super().clean() or self.cleaned_data)
        for name, field in self.fields.items():
            stored = self.initial.get(name)
            if isinstance(field, MomentField) and isinstance(stored, datetime):
                typed = self.data.get(self.add_prefix(name))
                values[name] = stored if typed == field.shown(stored) else values.get(name)
        return values
