"""Forms of the import pages: a file, what its columns are, that one wants what was shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from apps.access.sheets.kinds import SheetKind
from apps.access.sheets.rows import SheetHead
from apps.accounts.models import User
from apps.core.forms import DomainForm


class UploadForm(DomainForm):
    """A document or a table."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,  # the service says what to do instead
        error_messages={"required": "Choose a file first."},
        widget=forms.FileInput(attrs={"accept": ".json,.csv,.tsv,.txt"}),
    )


class ApplyForm(DomainForm):
    """That what was shown is to be done; where facts end, how many were typed."""

    plan = forms.CharField(widget=forms.HiddenInput)
    ends = forms.IntegerField(required=False, min_value=0)

    def __init__(self, data: Mapping[str, Any] | None = None, *, actor: User, ends: int) -> None:
        super().__init__(data, actor=actor)
        self.count = ends
        self.fields["ends"].label = f"Type {ends:,} as digits ({ends}) to say that so many end"
        self.fields["ends"].widget.attrs |= {"autocomplete": "off", "inputmode": "numeric"}


class ColumnsForm(DomainForm):
    """For each column of a table the field that it is."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        actor: User,
        kind: SheetKind,
        heads: Sequence[SheetHead],
        chosen: Sequence[str],
    ) -> None:
        super().__init__(data, actor=actor)
        self.heads = heads
        options = [("", "Leave out"), *((column.name, column.name) for column in kind.columns)]
        for at, (head, name) in enumerate(zip(heads, chosen, strict=True)):
            self.fields[f"column_{at}"] = forms.ChoiceField(
                choices=options,
                required=False,
                initial=name,
                label=f"Column {at + 1}, {head.head}" if head.head else f"Column {at + 1}",
            )

    @property
    def columns(self) -> list[str]:
        """The field of each column, in their order."""
        return [self.cleaned_data[f"column_{at}"] for at in range(len(self.heads))]

    @property
    def rows(self) -> list[tuple[SheetHead, forms.BoundField]]:
        """Each column of the table with its choice."""
        return [(head, self[f"column_{at}"]) for at, head in enumerate(self.heads)]
