"""Forms that end or delete a fact."""

from collections.abc import Sequence
from typing import Any

from django import forms

from apps.access.forms.fields import MomentField, RowForm
from apps.core.errors import ConflictError, InUseError


class EndForm(RowForm):
    """Retires something at once."""

    @property
    def stated(self) -> dict[str, Any]:
        """What the service takes."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class DatedEndForm(EndForm):
    """Ends something now or at a time."""

    at = MomentField(required=False, label="As of", help_text="Nothing: now.")


class ConfirmForm(DatedEndForm):
    """Notes that a drill's path was proven dead."""

    evidence = forms.CharField(
        required=False,
        label="Evidence",
        help_text="What shows that the path was dead.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class DeleteForm(RowForm):
    """Deletes what nothing refers to; else says what does, and what to do instead."""

    reasons: Sequence[str] = ()
    alternative = ""

    def refused(self, error: ConflictError) -> None:
        super().refused(error)
        if isinstance(error, InUseError):
            self.reasons, self.alternative = error.reasons, error.alternative
