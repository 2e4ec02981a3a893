"""The form of an environment, with what it connects to, what it holds and who enters it.

Rows are added one by one: with script in place, without by a second submit that stores nothing.
The environment and its rows are saved together or not at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db import transaction

from apps.access.forms.fields import (
    WORDS,
    FactChoice,
    FactChoices,
    GraphFactForm,
    RowForm,
    VendorChoice,
)
from apps.access.forms.relations import ADMITS_HELP, GATE_HELP
from apps.access.models import Environment
from apps.access.services import relations
from apps.accounts.models import User
from apps.core.forms import EnumChoiceField, KeyField, YesNoField
from apps.core.models import Seen
from apps.engine.values import EnvironmentKind, EnvironmentStatus, Inventory, Purpose

MOST_ROWS = 50
ADD = "add"
INVENTORY = {"complete": "Yes, complete", "unknown": "Not known"}


class RelationRow(RowForm):
    """A relation of the environment; ``end`` is the field that says with what."""

    end: str
    create: Callable[..., object]
    this = "environment"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.end].required = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed: such a row is left out."""
        return not self.has_changed()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not self.is_empty and self.end not in self.errors and not values.get(self.end):
            self.add_error(self.end, "Choose one, or leave the whole row empty.")
        return values

    def saves_on(self, environment: Environment) -> bool:
        """Whether the row is empty, or was stored; else what is wrong is among its errors."""
        if self.is_empty:
            return True
        values = {self.this: environment, **self.cleaned_data}
        return self.saves(lambda: type(self).create(actor=self.actor, **values))


class ConnectsRow(RelationRow):
    """A network path from the environment."""

    end, create, this = "target", staticmethod(relations.create_connects), "origin"

    target = FactChoice("environment", label="To")
    deployments = FactChoices(
        "deployment", required=False, label="Admits the deployments", help_text=ADMITS_HELP
    )
    enforces_allowlist = YesNoField(
        label="Does it look at where the call comes from?", help_text=GATE_HELP
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        return values | {"deployments": values.get("deployments") or None}


class HoldsRow(RelationRow):
    """A secret that is stored in the environment."""

    end, create = "credential", staticmethod(relations.create_holds)

    credential = FactChoice("credential", label="Credential")


class EntersRow(RelationRow):
    """Somebody who may log in to the environment."""

    end, create = "identity", staticmethod(relations.create_enters)

    identity = FactChoice("identity", label="Identity")
    requires_approval = YesNoField(label="Does each login need an approval?")


@dataclass
class RowGroup:
    """The rows of one relation, as the page shows them."""

    name: str
    heading: str
    action: str
    rows: list[RelationRow]

    @property
    def count_name(self) -> str:
        return f"{self.name}-rows"


GROUPS: tuple[tuple[str, str, str, type[RelationRow]], ...] = (
    ("connects", "What it connects to", "Add a connection", ConnectsRow),
    ("holds", "What it holds", "Add a credential", HoldsRow),
    ("enters", "Who enters it", "Add somebody who enters", EntersRow),
)


class _NotSavedError(Exception):
    """Takes back what was stored, because something beside it was refused."""


class EnvironmentForm(GraphFactForm):
    """A place where work happens. Unknown is never safe, so it is what an answer starts as."""

    name = forms.CharField(max_length=1000, label="Name")
    key = KeyField(label="Key")
    vendor = VendorChoice(required=False, label="Vendor", help_text="Nobody: our own organisation.")
    kind = EnumChoiceField(EnvironmentKind, words=WORDS, label="Kind")
    purpose = EnumChoiceField(Purpose, label="Purpose")
    internet_egress = YesNoField(label="Can it call out to the internet?")
    internet_exposed = YesNoField(label="Can the internet call it?")
    managed_endpoints = YesNoField(label="Are its devices managed?")
    inventory = EnumChoiceField(
        Inventory,
        only=[Inventory.COMPLETE, Inventory.UNKNOWN],
        words=INVENTORY,
        label="Has somebody vouched for its inventory?",
        help_text="That its secrets, logins and connections are all declared here.",
        initial=str(Inventory.UNKNOWN),
        widget=forms.RadioSelect,
    )
    status = EnumChoiceField(
        EnvironmentStatus, label="Status", initial=str(EnvironmentStatus.ACTIVE)
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        actor: User,
        fact: Seen | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, actor=actor, fact=fact, initial=initial)
        self.is_draft = self.data.get(ADD) in [name for name, *_rest in GROUPS]
        self.groups = [self._group(*group) for group in GROUPS]

    def _group(self, name: str, heading: str, action: str, form: type[RelationRow]) -> RowGroup:
        group = RowGroup(name, heading, action, [])
        added = self.is_bound and self.data.get(ADD) == name
        count = _number(self.data.get(group.count_name)) + added if self.is_bound else 0
        for number in range(min(count, MOST_ROWS)):
            is_new = added and number == count - 1
            data = None if is_new or not self.is_bound else self.data
            row = form(data, actor=self.actor, prefix=f"{name}-{number}")
            row.is_draft = self.is_draft
            if is_new:
                row.fields[row.end].widget.attrs["autofocus"] = True
            group.rows.append(row)
        return group

    @property
    def rows(self) -> list[RelationRow]:
        return [row for group in self.groups for row in group.rows]

    def is_valid(self) -> bool:
        if self.is_draft:
            return False
        rows = [row.is_valid() for row in self.rows]  # all of them, so that all faults are shown
        if not all(rows):
            self._say_rows_are_wrong()
        return super().is_valid() and all(rows)

    def _say_rows_are_wrong(self) -> None:
        self.add_error(None, "Nothing was saved yet: something further down is marked.")

    def saves(self, call: Callable[[], object]) -> bool:
        """Whether ``call``, which gives the environment, and all rows succeeded together."""
        try:
            with transaction.atomic():
                self._save_all(call)
        except _NotSavedError:
            return False
        return True

    def _save_all(self, call: Callable[[], object]) -> None:
        made: list[object] = []
        if not super().saves(lambda: made.append(call())):
            raise _NotSavedError
        environment = cast(Environment, made[0])
        saved = [row.saves_on(environment) for row in self.rows]
        if not all(saved):
            self._say_rows_are_wrong()
            raise _NotSavedError


def _number(text: object) -> int:
    return int(str(text)) if str(text).isdecimal() else 0
