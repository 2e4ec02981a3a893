"""Forms for relations: each leads from one fact to another. The ends are stated once."""

from typing import Any

from django import forms

from apps.access.forms.fields import FactChoice, FactChoices, GraphFactForm
from apps.core.forms import EnumChoiceField, YesNoField
from apps.engine.values import Depth

GATE_HELP = (
    "Where the call comes from: its address, a private link, a certificate bound to the "
    "environment. Checking only the key is no gate: answer no."
)
ADMITS_HELP = "One on each line. None given: it admits every deployment behind it."
EXACTLY_ONE = "Name one of the two, not both and not neither."


class HoldsForm(GraphFactForm):
    """An environment stores or caches a secret."""

    fixed = ("environment", "credential")

    environment = FactChoice("environment", label="Environment")
    credential = FactChoice("credential", label="Holds the credential")


class EntersForm(GraphFactForm):
    """Somebody may log in to an environment."""

    fixed = ("identity", "environment")

    identity = FactChoice("identity", label="Identity")
    environment = FactChoice("environment", label="May log in to")
    requires_approval = YesNoField(label="Does each login need an approval?")


class MemberOfForm(GraphFactForm):
    """An identity belongs to a group."""

    fixed = ("identity", "group")

    identity = FactChoice("identity", label="Identity")
    group = FactChoice("group", label="Belongs to the group")


class JumpsForm(GraphFactForm):
    """A session in one environment gives a session in another."""

    fixed = ("origin", "target")

    origin = FactChoice("environment", label="A session in")
    target = FactChoice("environment", label="Gives a session in")


class ConnectsForm(GraphFactForm):
    """A network path."""

    fixed = ("origin", "from_internet", "target")

    origin = FactChoice("environment", required=False, label="From")
    from_internet = forms.BooleanField(
        required=False, label="From the internet: anybody may call it"
    )
    target = FactChoice("environment", label="To")
    deployments = FactChoices(
        "deployment", required=False, label="Admits the deployments", help_text=ADMITS_HELP
    )
    enforces_allowlist = YesNoField(
        label="Does it look at where the call comes from?", help_text=GATE_HELP
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if self.fact is None and "origin" not in self.errors:
            if values.get("from_internet") and values.get("origin"):
                self.add_error("origin", "Either an environment or the internet, not both.")
            elif not values.get("from_internet") and not values.get("origin"):
                self.add_error("origin", "Choose an environment, or say that it is the internet.")
        return values

    @property
    def stated(self) -> dict[str, Any]:
        values = super().stated
        values.pop("from_internet", None)
        return values | {"deployments": values["deployments"] or None}


class GrantsForm(GraphFactForm):
    """A deployment accepts a credential or an identity."""

    fixed = ("credential", "identity", "deployment")

    deployment = FactChoice("deployment", label="Deployment")
    credential = FactChoice(
        "credential", required=False, label="Accepts the credential", help_text=EXACTLY_ONE
    )
    identity = FactChoice("identity", required=False, label="Or the identity")
    depth = EnumChoiceField(Depth, label="Down to", initial=str(Depth.INFERENCE))

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if self.fact is None and not {"credential", "identity"} & set(self.errors):
            named = [values.get(name) for name in ("credential", "identity") if values.get(name)]
            if len(named) != 1:
                self.add_error("credential", EXACTLY_ONE)
        return values


class AdministersForm(GraphFactForm):
    """Somebody may create or change access paths."""

    fixed = ("identity", "environment", "deployment")

    identity = FactChoice("identity", label="Identity")
    environment = FactChoice(
        "environment",
        required=False,
        label="May change access paths at the environment",
        help_text=EXACTLY_ONE,
    )
    deployment = FactChoice("deployment", required=False, label="Or at the deployment")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if self.fact is None and not {"environment", "deployment"} & set(self.errors):
            named = [values.get(end) for end in ("environment", "deployment") if values.get(end)]
            if len(named) != 1:
                self.add_error("environment", EXACTLY_ONE)
        return values
