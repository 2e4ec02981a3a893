"""Forms about people: signing in, proving who one is, accounts, the profile."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from apps.accounts import selectors
from apps.accounts.choices import Role
from apps.accounts.http import address_of
from apps.accounts.services import sign_in
from apps.accounts.zones import zone_choices
from apps.core.errors import ConflictError
from apps.core.forms import ChosenField, DomainForm


class SignInForm(AuthenticationForm):
    """Address and password. Counts the attempt before it looks at the password."""

    request: HttpRequest
    locked: sign_in.LockedOutError | None = None
    has_tried = False

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not email or not password:
            return super().clean()
        actor, address = self.request.user, address_of(self.request)
        try:
            attempt = sign_in.start_attempt(actor=actor, email=email, address=address)
        except sign_in.LockedOutError as error:
            self.locked = error
            raise ValidationError(str(error), code="locked") from error
        self.has_tried = True
        cleaned = super().clean()  # raises when the password is wrong
        sign_in.forget_attempt(actor=actor, attempt=attempt)
        return cleaned


class ProofForm(DomainForm):
    """A form that proves who somebody is, so that wrong answers are counted."""

    status: int | None = None

    def refused(self, error: ConflictError) -> None:
        super().refused(error)
        self.status = error.status

    @property
    def http_status(self) -> int:
        return self.status or super().http_status


class CodeForm(ProofForm):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        max_length=40,
        label="Code",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "spellcheck": "false",
                "autocapitalize": "off",
                "autofocus": True,
                "class": "is-mono form-control",
            }
        ),
    )


def _password(label: str, autocomplete: str, **more: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "form-control"})
    return forms.CharField(label=label, strip=False, max_length=4096, widget=widget, **more)


def _rules() -> str:
    return " ".join(password_validators_help_texts())


class PasswordForm(ProofForm):
    """The present password and a new one."""

    old = _password("Present password", "current-password")
    password = _password("New password", "new-password", help_text=_rules)


class InvitationForm(DomainForm):
    """What somebody who was invited says of themselves."""

    name = forms.CharField(
        max_length=200,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "form-control"}),
    )
    password = _password("Password", "new-password", help_text=_rules)


class RolesForm(DomainForm):
    """What somebody may do, and over whom."""

    roles = forms.MultipleChoiceField(
        choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Roles"
    )
    all_vendors = forms.BooleanField(
        required=False,
        label="All vendors and our own organisation",
        help_text="Otherwise only the vendors that are granted one by one.",
    )


class PersonForm(RolesForm):
    """Somebody who is invited."""

    email = forms.EmailField(max_length=254, label="E-mail address")
    name = forms.CharField(max_length=200, label="Name")
    field_order = ["email", "name", "roles", "all_vendors"]


class GrantForm(DomainForm):
    """A vendor for somebody's scope."""

    vendor = ChosenField(
        rows=selectors.vendors_to_grant, url="vendors:vendor-choices", noun="vendor", label="Vendor"
    )


class ReasonForm(DomainForm):
    """Why something is done that somebody else will ask about."""

    reason = forms.CharField(
        max_length=1000, label="Reason", widget=forms.Textarea(attrs={"rows": 3})
    )


class ProfileForm(DomainForm):
    """One's own name and time zone."""

    name = forms.CharField(
        max_length=200, label="Name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = forms.ChoiceField(
        choices=zone_choices, label="Time zone", help_text="Times are shown in it on every page."
    )
