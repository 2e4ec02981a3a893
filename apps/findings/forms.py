"""Forms of findings: their treatment, their evidence, the acceptance of their risk."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from apps.accounts.models import User
from apps.accounts.policy import UNSET, Unset
from apps.core.forms import DomainForm
from apps.findings.selectors import today

NOBODY = "nobody"


class _Note(forms.CharField):
    """Some sentences, which stay in the history."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(max_length=4000, **kwargs)


class _Day(forms.DateField):
    """A day, picked in the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **kwargs)


class NoteForm(DomainForm):
    """What is to be said about a move of the treatment, or a step of an acceptance."""

    note = _Note(label="What is to be said")


class OptionalNoteForm(DomainForm):
    """The same where nothing need be said."""

    note = _Note(label="What is to be said", required=False)


class CommentForm(DomainForm):
    text = _Note(label="Comment")


class DueForm(DomainForm):
    due_on = _Day(label="Due")
    reason = _Note(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


class AcceptanceForm(DomainForm):
    """A proposal to live with the finding."""

    ends_on = _Day(label="Until")
    reason = _Note(label="Why the risk can be borne, and what holds it meanwhile")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = settings.ACCEPTANCE_MAX_DAYS
        latest = today() + timedelta(days=most)
        self.fields["ends_on"].help_text = f"The last day. At most {most} days from today."
        self.fields["ends_on"].widget.attrs |= {
            "min": (today() + timedelta(days=1)).isoformat(),
            "max": latest.isoformat(),
        }


class EvidenceForm(DomainForm):
    file = forms.FileField(
        label="File",
        help_text="PDF, PNG, JPG, TXT, CSV, JSON, XLSX or DOCX.",
        widget=forms.ClearableFileInput(
            attrs={"accept": ".pdf,.png,.jpg,.jpeg,.txt,.csv,.json,.xlsx,.docx"}
        ),
    )

    def clean_file(self) -> Any:
        """Refused by its size before it is read."""
        file = self.cleaned_data["file"]
        most = settings.EVIDENCE_MAX_BYTES
        if file.size > most:
            raise ValidationError(f"The file has more than {most // 1024**2} MB.")
        return file


class _OwnerField(forms.ChoiceField):
    """Somebody of ``people``, or nobody; ``unchanged`` is offered first where it is given."""

    def __init__(self, *, unchanged: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unchanged = unchanged
        self.people: Mapping[str, User] = {}

    def offer(self, people: Iterable[User]) -> None:
        self.people = {str(person.pk): person for person in people}
        first = [("", self.unchanged)] if self.unchanged else []
        named = [(number, person.name) for number, person in self.people.items()]
        self.choices = [*first, (NOBODY, "Nobody"), *named]

    def clean(self, value: Any) -> Any:
        chosen = super().clean(value)
        if not chosen:
            return UNSET
        return None if chosen == NOBODY else self.people[chosen]


class OwnerForm(DomainForm):
    owner = _OwnerField(label="Owner")

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        assert isinstance(field, _OwnerField)  # noqa: S101 - it is declared above
        field.offer(people)


class BulkForm(OwnerForm):
    """The same treatment for every ticked finding; what is left blank stays as it is."""

    owner = _OwnerField(label="Owner", unchanged="As it is", required=False)
    due_on = _Day(label="Due", required=False)
    plan = forms.BooleanField(label="Set to planned", required=False)
    note = _Note(label="Reason or plan", required=False, widget=forms.TextInput(attrs={"size": 32}))

    @property
    def chosen_owner(self) -> User | Unset | None:
        owner: User | Unset | None = self.cleaned_data["owner"]
        return owner
