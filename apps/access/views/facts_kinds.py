"""The kinds of facts that have pages: one description each, from which every page is made.

A kind says what it is called, what is shown of it, how it is narrowed, which services write it, and
which other facts are listed beside it. The pages in ``facts`` know no kind by name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.access.forms import ending, environment, evidence, identities, inventory, relations
from apps.access.forms.fields import WORDS, GraphFactForm
from apps.access.models import (
    Administers,
    AIModel,
    AllowlistEntry,
    Connects,
    Credential,
    Deployment,
    Drill,
    Enters,
    Environment,
    Exposure,
    Grants,
    Holds,
    Identity,
    Jumps,
    MemberOf,
)
from apps.access.models.inventory import PATH_PURPOSES
from apps.access.selectors import evidence as evidence_rows
from apps.access.selectors import identities as identity_rows
from apps.access.selectors import inventory as inventory_rows
from apps.access.selectors import relations as relation_rows
from apps.access.services import allowlist as allowlist_services
from apps.access.services import evidence as evidence_services
from apps.access.services import identities as identity_services
from apps.access.services import inventory as inventory_services
from apps.access.services import relations as relation_services
from apps.access.views.facts_shown import (
    SLUGS,
    Show,
    choice,
    moment,
    reference,
    references,
    text,
)
from apps.accounts.models import User
from apps.core.models import Keyed, Seen, choices
from apps.engine.values import (
    CredentialKind,
    Depth,
    EnvironmentKind,
    EnvironmentStatus,
    ExposureKind,
    IdentityKind,
    IdentityStatus,
    Sensitivity,
    YesNo,
)

Rows = QuerySet[Any]
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Attribute:
    """One thing that is stated: a column of the list unless it is for the page alone."""

    name: str
    label: str
    show: Show
    order: tuple[str, ...] = ()
    listed: bool = True
    css: str = "vr-ink-2"


@dataclass(frozen=True)
class Filter:
    """One choice above a list."""

    name: str
    label: str
    options: Options
    narrow: Callable[[Rows, str], Rows]


@dataclass(frozen=True)
class Ending:
    """How a fact is ended without being deleted: the verb, what was done, what it means."""

    verb: str
    done: str
    meaning: str
    call: Callable[..., Any]
    form: type[ending.EndForm] = ending.DatedEndForm
    is_over: Callable[[Any], bool] = lambda _fact: False


@dataclass(frozen=True)
class Beside:
    """Other facts listed on the page of one: those whose field ``end`` names it."""

    heading: str
    slug: str
    end: str
    add: bool = True


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Everything that the pages of one kind of fact are made of."""

    model: type[Seen]
    noun: str
    plural: str
    title: str
    about: str
    rows: Callable[[User], Rows]
    form: type[GraphFactForm]
    create: Callable[..., Any]
    delete: Callable[..., None]
    argument: str
    attributes: tuple[Attribute, ...]
    change: Callable[..., Any] | None = None
    ending: Ending | None = None
    filters: tuple[Filter, ...] = ()
    unknowns: tuple[str, ...] = ()
    narrowed_by: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    has_vendor: bool = True

    @property
    def slug(self) -> str:
        return SLUGS[self.model]

    @property
    def is_keyed(self) -> bool:
        return issubclass(self.model, Keyed)

    @property
    def columns(self) -> list[Attribute]:
        return [attribute for attribute in self.attributes if attribute.listed]


# --- what several kinds share --------------------------------------------------------------------


def _equal(name: str, label: str, enum: Sequence[StrEnum] | type[StrEnum]) -> Filter:
    """Narrows by the value of a field."""
    options = [(value, WORDS.get(value, words)) for value, words in choices(enum)]
    if enum is YesNo:
        options = [("yes", "Yes"), ("no", "No"), ("unknown", "Not known")]
    return Filter(name, label, options, lambda rows, value: rows.filter(**{name: value}))


def _state(label: str, states: dict[str, tuple[str, Callable[[], Q]]]) -> Filter:
    """Narrows by a state that depends on the time."""
    options = [(value, words) for value, (words, _condition) in states.items()]

    def narrow(rows: Rows, value: str) -> Rows:
        return rows.filter(states[value][1]()) if value in states else rows.none()

    return Filter("state", label, options, narrow)


def _past(name: str) -> Callable[[], Q]:
    return lambda: Q(**{f"{name}__lte": timezone.now()})


def _is_past(name: str) -> Callable[[Any], bool]:
    def is_past(fact: Any) -> bool:
        at = getattr(fact, name)
        return at is not None and at <= timezone.now()

    return is_past


def _end(name: str, label: str) -> Attribute:
    return Attribute(name, label, reference(name, ""), css="vr-end")


def _either(one: str, other: str, label: str) -> Attribute:
    """One of two ends."""

    def show(fact: Any, scope: Any) -> Any:
        name = one if getattr(fact, f"{one}_id") is not None else other
        return reference(name, "")(fact, scope)

    return Attribute(one, label, show, css="vr-end")


VENDOR = Attribute("vendor", "Vendor", reference("vendor", "our own"), ("vendor__name",))
STATUS = Attribute("status", "Status", choice("status"), ("status",))
SEEN = Attribute("seen", "Stated", moment("first_seen", ""), ("pk",), css="vr-right vr-num")


# --- the inventory -------------------------------------------------------------------------------

ENVIRONMENTS = Kind(
    model=Environment,
    noun="environment",
    plural="environments",
    title="Environments",
    about="Places where work happens: sandboxes, fleets of devices, pipelines, gateways, hosts.",
    rows=inventory_rows.environments_visible_to,
    form=environment.EnvironmentForm,
    create=inventory_services.create_environment,
    change=inventory_services.change_environment,
    delete=inventory_services.delete_environment,
    argument="environment",
    attributes=(
        VENDOR,
        Attribute("kind", "Kind", choice("kind"), ("kind",)),
        Attribute("purpose", "Purpose", choice("purpose"), ("purpose",)),
        Attribute("internet_egress", "Calls out", choice("internet_egress"), ("internet_egress",)),
        Attribute("internet_exposed", "Exposed", choice("internet_exposed"), ("internet_exposed",)),
        Attribute(
            "managed_endpoints", "Devices managed", choice("managed_endpoints"), listed=False
        ),
        Attribute("inventory", "Inventory", choice("inventory"), ("inventory",)),
        STATUS,
    ),
    filters=(
        _equal("kind", "Kind", EnvironmentKind),
        _equal("status", "Status", EnvironmentStatus),
    ),
    unknowns=("internet_egress", "internet_exposed", "managed_endpoints", "inventory"),
    ending=Ending(
        "Retire",
        "was retired",
        "It stays with its relations and its history, and counts in the analysis no longer.",
        inventory_services.retire_environment,
        ending.EndForm,
        lambda fact: str(fact.status) == EnvironmentStatus.RETIRED,
    ),
    beside=(
        Beside("Connects to", "connects", "origin"),
        Beside("Connected from", "connects", "target"),
        Beside("Holds", "holds", "environment"),
        Beside("Who enters", "enters", "environment"),
        Beside("Sessions lead on to", "jumps", "origin"),
        Beside("Sessions come from", "jumps", "target"),
        Beside("Who may change access paths", "administers", "environment"),
        Beside("Deployments that run here", "deployments", "environment"),
        Beside("Permissions for it alone", "allowlist", "environment"),
        Beside("Named by leaks", "exposures", "targets__environment", add=False),
    ),
)
MODELS = Kind(
    model=AIModel,
    noun="model",
    plural="models",
    title="Models",
    about="Models of our own and how sensitive each is. Routes to M3 and M4 are analysed.",
    rows=inventory_rows.models_visible_to,
    form=inventory.ModelForm,
    create=inventory_services.create_model,
    change=inventory_services.change_model,
    delete=inventory_services.delete_model,
    argument="model",
    has_vendor=False,
    attributes=(
        Attribute("sensitivity", "Sensitivity", choice("sensitivity"), ("sensitivity",)),
        Attribute("custodian", "Custodian", reference("custodian", "nobody", names_all=False)),
    ),
    filters=(_equal("sensitivity", "Sensitivity", Sensitivity),),
    narrowed_by=("custodian",),
    beside=(
        Beside("Deployments", "deployments", "model"),
        Beside("Permissions", "allowlist", "model"),
        Beside("Revocation drills", "drills", "model"),
    ),
)
DEPLOYMENTS = Kind(
    model=Deployment,
    noun="deployment",
    plural="deployments",
    title="Deployments",
    about="Running instances and endpoints of models, each in the environment that hosts it.",
    rows=inventory_rows.deployments_visible_to,
    form=inventory.DeploymentForm,
    create=inventory_services.create_deployment,
    change=inventory_services.change_deployment,
    delete=inventory_services.delete_deployment,
    argument="deployment",
    attributes=(
        Attribute("model", "Model", reference("model", ""), ("model__name",)),
        Attribute("environment", "Runs in", reference("environment", ""), ("environment__name",)),
        Attribute("purpose", "Purpose", choice("purpose"), ("purpose",)),
        Attribute("logging", "Log of use", choice("logging"), ("logging",)),
        Attribute("log_names_identity", "Log names who called", choice("log_names_identity")),
    ),
    filters=(_equal("purpose", "Purpose", PATH_PURPOSES),),
    unknowns=("logging", "log_names_identity"),
    narrowed_by=("model", "environment"),
    beside=(
        Beside("Accepts", "grants", "deployment"),
        Beside("Connections that admit it by name", "connects", "deployments", add=False),
        Beside("Who may change access paths", "administers", "deployment"),
        Beside("Named by leaks", "exposures", "targets__deployment", add=False),
    ),
)
ALLOWLIST = Kind(
    model=AllowlistEntry,
    noun="allowlist entry",
    plural="allowlist entries",
    title="Allowlist",
    about="Dated permissions to use a model. Without an approval an entry is a request.",
    rows=inventory_rows.allowlist_visible_to,
    form=inventory.EntryForm,
    create=allowlist_services.create_entry,
    change=allowlist_services.change_entry,
    delete=allowlist_services.delete_entry,
    argument="entry",
    attributes=(
        Attribute("model", "Model", reference("model", ""), ("model__name",)),
        VENDOR,
        Attribute("environment", "Environment", reference("environment", "every one")),
        Attribute("purpose", "Purpose", choice("purpose"), ("purpose",)),
        Attribute(
            "requested_by",
            "Requested by",
            reference("requested_by", "not stated", names_all=False),
            listed=False,
        ),
        Attribute(
            "approved_by",
            "Approved by",
            reference("approved_by", "not stated", names_all=False),
            listed=False,
        ),
        Attribute(
            "approved_at", "Approved", moment("approved_at", "a request so far"), ("approved_at",)
        ),
        Attribute("expires_at", "Ends", moment("expires_at", "no end stated"), ("expires_at",)),
    ),
    filters=(
        _equal("purpose", "Purpose", PATH_PURPOSES),
        _state(
            "State",
            {
                "running": (
                    "Running",
                    lambda: _past("approved_at")() & ~_past("expires_at")(),
                ),
                "request": ("A request", lambda: ~_past("approved_at")()),
                "ended": ("Ended", _past("expires_at")),
            },
        ),
    ),
    ending=Ending(
        "End",
        "was ended",
        "The permission holds no longer. It stays with its history.",
        allowlist_services.end_entry,
        is_over=_is_past("expires_at"),
    ),
    narrowed_by=("model", "environment", "requested_by", "approved_by"),
)

# --- who acts, and with what ---------------------------------------------------------------------

IDENTITIES = Kind(
    model=Identity,
    noun="identity",
    plural="identities",
    title="Identities",
    about="People, service accounts and groups of either.",
    rows=identity_rows.identities_visible_to,
    form=identities.IdentityForm,
    create=identity_services.create_identity,
    change=identity_services.change_identity,
    delete=identity_services.delete_identity,
    argument="identity",
    attributes=(
        VENDOR,
        Attribute("kind", "Kind", choice("kind"), ("kind",)),
        Attribute("mfa", "Second factor", choice("mfa"), ("mfa",)),
        STATUS,
    ),
    filters=(_equal("kind", "Kind", IdentityKind), _equal("status", "Status", IdentityStatus)),
    unknowns=("mfa",),
    ending=Ending(
        "Disable",
        "was disabled",
        "It acts nowhere any more, and what authenticates it opens nothing.",
        identity_services.disable_identity,
        ending.EndForm,
        lambda fact: str(fact.status) == IdentityStatus.DISABLED,
    ),
    beside=(
        Beside("Enters", "enters", "identity"),
        Beside("Belongs to", "member-of", "identity"),
        Beside("Members", "member-of", "group"),
        Beside("Is authenticated by", "credentials", "identity"),
        Beside("Is accepted by", "grants", "identity"),
        Beside("May change access paths at", "administers", "identity"),
        Beside("Is custodian of", "models", "custodian", add=False),
        Beside("Requested", "allowlist", "requested_by", add=False),
        Beside("Approved", "allowlist", "approved_by", add=False),
    ),
)
CREDENTIALS = Kind(
    model=Credential,
    noun="credential",
    plural="credentials",
    title="Credentials",
    about="Facts about secrets, never the secrets.",
    rows=identity_rows.credentials_visible_to,
    form=identities.CredentialForm,
    create=identity_services.create_credential,
    change=identity_services.change_credential,
    delete=identity_services.delete_credential,
    argument="credential",
    attributes=(
        Attribute("identity", "Authenticates", reference("identity", ""), ("identity__name",)),
        Attribute("kind", "Kind", choice("kind"), ("kind",)),
        Attribute("issued_at", "Issued", moment("issued_at", "not stated"), ("issued_at",)),
        Attribute("expires_at", "Expires", moment("expires_at", "no end stated"), ("expires_at",)),
        Attribute("revoked_at", "Revoked", moment("revoked_at", "no"), ("revoked_at",)),
        Attribute(
            "engagements",
            "Issued for",
            text(lambda fact: ", ".join(fact.engagements), "no test or campaign named"),
            listed=False,
        ),
        Attribute(
            "production_grade",
            "Opens production",
            text(lambda fact: "Yes" if fact.production_grade else "No", ""),
            listed=False,
        ),
    ),
    filters=(
        _equal("kind", "Kind", CredentialKind),
        _state(
            "State",
            {
                "live": (
                    "Not ended",
                    lambda: ~_past("expires_at")() & ~_past("revoked_at")(),
                ),
                "expired": ("Expired", _past("expires_at")),
                "revoked": ("Revoked", _past("revoked_at")),
                "endless": ("Without an end", lambda: Q(expires_at=None, revoked_at=None)),
            },
        ),
    ),
    ending=Ending(
        "Revoke",
        "was revoked",
        "It opens nothing any more. It stays with its history.",
        identity_services.revoke_credential,
        is_over=_is_past("revoked_at"),
    ),
    narrowed_by=("identity",),
    beside=(
        Beside("Stored in", "holds", "credential"),
        Beside("Is accepted by", "grants", "credential"),
        Beside("Named by leaks", "exposures", "targets__credential", add=False),
    ),
)

# --- relations -----------------------------------------------------------------------------------

HOLDS = Kind(
    model=Holds,
    noun="“holds” relation",
    plural="“holds” relations",
    title="Holds",
    about="A secret is stored or cached in an environment.",
    rows=relation_rows.holds_visible_to,
    form=relations.HoldsForm,
    create=relation_services.create_holds,
    delete=relation_services.delete_holds,
    argument="holds",
    attributes=(_end("environment", "Environment"), _end("credential", "Credential"), SEEN),
    narrowed_by=("environment", "credential"),
)
ENTERS = Kind(
    model=Enters,
    noun="“enters” relation",
    plural="“enters” relations",
    title="Enters",
    about="Somebody may log in to an environment.",
    rows=relation_rows.enters_visible_to,
    form=relations.EntersForm,
    create=relation_services.create_enters,
    change=relation_services.change_enters,
    delete=relation_services.delete_enters,
    argument="enters",
    attributes=(
        _end("identity", "Identity"),
        _end("environment", "Environment"),
        Attribute("requires_approval", "Needs approval", choice("requires_approval")),
        SEEN,
    ),
    filters=(_equal("requires_approval", "Needs approval", YesNo),),
    unknowns=("requires_approval",),
    narrowed_by=("identity", "environment"),
)
MEMBER_OF = Kind(
    model=MemberOf,
    noun="“member of” relation",
    plural="“member of” relations",
    title="Member of",
    about="An identity belongs to a group, and through it to the groups that hold the group.",
    rows=relation_rows.member_of_visible_to,
    form=relations.MemberOfForm,
    create=relation_services.create_member_of,
    delete=relation_services.delete_member_of,
    argument="member_of",
    attributes=(_end("identity", "Identity"), _end("group", "Group"), SEEN),
    narrowed_by=("identity", "group"),
)
JUMPS = Kind(
    model=Jumps,
    noun="“jumps” relation",
    plural="“jumps” relations",
    title="Jumps",
    about="A session in one environment gives a session in another: bastions, runners, desktops.",
    rows=relation_rows.jumps_visible_to,
    form=relations.JumpsForm,
    create=relation_services.create_jumps,
    delete=relation_services.delete_jumps,
    argument="jumps",
    attributes=(_end("origin", "From"), _end("target", "To"), SEEN),
    narrowed_by=("origin", "target"),
)
CONNECTS = Kind(
    model=Connects,
    noun="connection",
    plural="connections",
    title="Connects",
    about="Network paths. One that names no deployments admits every one of them.",
    rows=relation_rows.connects_visible_to,
    form=relations.ConnectsForm,
    create=relation_services.create_connects,
    change=relation_services.change_connects,
    delete=relation_services.delete_connects,
    argument="connects",
    attributes=(
        Attribute("origin", "From", reference("origin", "the internet"), css="vr-end"),
        _end("target", "To"),
        Attribute(
            "deployments",
            "Admits",
            references(lambda fact: fact.deployments.all(), "every deployment"),
        ),
        Attribute("enforces_allowlist", "Enforces the allowlist", choice("enforces_allowlist")),
        SEEN,
    ),
    filters=(_equal("enforces_allowlist", "Enforces", YesNo),),
    unknowns=("enforces_allowlist",),
    narrowed_by=("origin", "target", "deployments"),
)
GRANTS = Kind(
    model=Grants,
    noun="“grants” relation",
    plural="“grants” relations",
    title="Grants",
    about="A deployment accepts a credential or an identity, down to a depth.",
    rows=relation_rows.grants_visible_to,
    form=relations.GrantsForm,
    create=relation_services.create_grants,
    change=relation_services.change_grants,
    delete=relation_services.delete_grants,
    argument="grants",
    attributes=(
        _either("credential", "identity", "Accepted"),
        _end("deployment", "By the deployment"),
        Attribute("depth", "Down to", choice("depth")),
        SEEN,
    ),
    filters=(_equal("depth", "Down to", Depth),),
    narrowed_by=("credential", "identity", "deployment"),
)
ADMINISTERS = Kind(
    model=Administers,
    noun="“administers” relation",
    plural="“administers” relations",
    title="Administers",
    about="Somebody may create or change access paths: allowlists, gateway rules, keys.",
    rows=relation_rows.administers_visible_to,
    form=relations.AdministersForm,
    create=relation_services.create_administers,
    delete=relation_services.delete_administers,
    argument="administers",
    attributes=(
        _end("identity", "Identity"),
        _either("environment", "deployment", "At"),
        SEEN,
    ),
    narrowed_by=("identity", "environment", "deployment"),
)

# --- what happened -------------------------------------------------------------------------------


def _targets(exposure: Exposure) -> list[Keyed]:
    rows = exposure.targets.all()
    ends = [row.environment or row.deployment or row.credential for row in rows]
    return [end for end in ends if end is not None]


EXPOSURES = Kind(
    model=Exposure,
    noun="exposure",
    plural="exposures",
    title="Exposures",
    about="Leaks: what each names can be guessed or used by strangers until it is closed.",
    rows=evidence_rows.exposures_visible_to,
    form=evidence.ExposureForm,
    create=evidence_services.create_exposure,
    change=evidence_services.change_exposure,
    delete=evidence_services.delete_exposure,
    argument="exposure",
    attributes=(
        Attribute("kind", "What leaked", choice("kind"), ("kind",)),
        Attribute("targets", "Names", references(_targets, "")),
        Attribute("seen_at", "Seen", moment("seen_at", ""), ("seen_at",)),
        Attribute("closed_at", "Closed", moment("closed_at", "still open"), ("closed_at",)),
        Attribute("note", "Note", text(lambda fact: fact.note, "none"), listed=False),
    ),
    filters=(
        _equal("kind", "What leaked", ExposureKind),
        _state(
            "State",
            {
                "open": ("Open", lambda: ~_past("closed_at")()),
                "closed": ("Closed", _past("closed_at")),
            },
        ),
    ),
    ending=Ending(
        "Close",
        "was closed",
        "What leaked is of no use any more: the address moved, the key was replaced.",
        evidence_services.close_exposure,
        is_over=_is_past("closed_at"),
    ),
    narrowed_by=("targets__environment", "targets__deployment", "targets__credential"),
)
DRILLS = Kind(
    model=Drill,
    noun="drill",
    plural="drills",
    title="Drills",
    about="Rehearsed revocations, from the order to the proof that the path is dead.",
    rows=evidence_rows.drills_visible_to,
    form=evidence.DrillForm,
    create=evidence_services.create_drill,
    change=evidence_services.change_drill,
    delete=evidence_services.delete_drill,
    argument="drill",
    attributes=(
        VENDOR,
        Attribute("model", "Model", reference("model", ""), ("model__name",)),
        Attribute("started_at", "Ordered", moment("started_at", ""), ("started_at",)),
        Attribute(
            "confirmed_at", "Confirmed", moment("confirmed_at", "not yet"), ("confirmed_at",)
        ),
        Attribute("evidence", "Evidence", text(lambda fact: fact.evidence, "none"), listed=False),
    ),
    filters=(
        _state(
            "State",
            {
                "open": ("Not confirmed", lambda: Q(confirmed_at=None)),
                "confirmed": ("Confirmed", lambda: Q(confirmed_at__isnull=False)),
            },
        ),
    ),
    ending=Ending(
        "Confirm",
        "was confirmed",
        "The path was proven dead.",
        evidence_services.confirm_drill,
        ending.ConfirmForm,
        lambda fact: fact.confirmed_at is not None,
    ),
    narrowed_by=("model",),
)

RELATIONS = (HOLDS, ENTERS, MEMBER_OF, JUMPS, CONNECTS, GRANTS, ADMINISTERS)
TABS = (
    *(ENVIRONMENTS, IDENTITIES, CREDENTIALS, MODELS, DEPLOYMENTS, ALLOWLIST),
    CONNECTS,  # stands for all relations
    *(EXPOSURES, DRILLS),
)
KINDS: dict[str, Kind] = {kind.slug: kind for kind in (*TABS, *RELATIONS)}
