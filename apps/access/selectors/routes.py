"""The facts that the routes of findings name, looked up in a fixed number of queries.

A finding stores keys. Whoever shows one asks here for the rows behind the keys, for as many
findings at once as a page shows, and for what the person who looks may know of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from apps.access.models import (
    Administers,
    AIModel,
    AllowlistEntry,
    Connects,
    Credential,
    Deployment,
    Enters,
    Environment,
    Exposure,
    Grants,
    Holds,
    Identity,
    Jumps,
    MemberOf,
    PairReach,
    ScanRun,
)
from apps.access.models.runs import RunState
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.models import Keyed, Seen
from apps.core.search import matching
from apps.engine.values import INTERNET, Hop, Sensitivity, Witness
from apps.findings.models import Finding
from apps.findings.selectors import findings_visible_to
from apps.findings.tellers import ModelChoice
from apps.vendors.models import Vendor

K = TypeVar("K", bound=Keyed)
LEGS = ("access", "wire", "credential")


def witness_of(finding: Finding) -> Witness:
    """The stored witness as values again."""
    return Witness(
        *(
            tuple(
                Hop(hop["relation"], hop["from"], hop["to"]) for hop in finding.witness.get(leg, [])
            )
            for leg in LEGS
        )
    )


@dataclass(frozen=True)
class Scope:
    """Whose facts may be named to somebody. None stands for our own organisation."""

    everything: bool
    vendors: frozenset[int] = frozenset()

    def shows(self, vendor: int | None) -> bool:
        return self.everything or (vendor is not None and vendor in self.vendors)


@dataclass(frozen=True)
class RouteFacts:
    """Rows by key. What a route names and nobody holds any more is simply absent."""

    scope: Scope
    organisation: str = ""
    environments: Mapping[str, Environment] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    deployments: Mapping[str, Deployment] = field(default_factory=dict)
    models: Mapping[str, AIModel] = field(default_factory=dict)
    vendors: Mapping[str, Vendor] = field(default_factory=dict)
    entries: Mapping[str, AllowlistEntry] = field(default_factory=dict)
    exposures: Mapping[str, Exposure] = field(default_factory=dict)
    connections: Mapping[tuple[str, str], Connects] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], PairReach] = field(default_factory=dict)
    relations: Mapping[Hop, Seen] = field(default_factory=dict)
    permissions: Sequence[AllowlistEntry] = ()


def scope_of(user: User) -> Scope:
    """Whose facts may be named to ``user`` on a route."""
    if policy.may(user, Perm.VIEW_FINDING, vendor=None):
        return Scope(everything=True)
    vendors = policy.visible(
        Vendor.objects.all(), user=user, perm=Perm.VIEW_FINDING, vendor="pk"
    ).values_list("pk", flat=True)
    return Scope(everything=False, vendors=frozenset(vendors))


def facts_for(user: User, findings: Iterable[Finding], *, whole: bool = False) -> RouteFacts:
    """The rows behind the keys of ``findings``, which ``user`` may see.

    ``whole`` adds what only the page of one finding shows: the relations themselves with their
    source and age, and the permissions that let the route pass a gate.
    """
    keys = _Keys()
    for finding in findings:
        keys.add(finding)
    environments = _by_key(
        Environment.objects.select_related("vendor__engaged_by"), keys.of("environment")
    )
    deployments = _by_key(
        Deployment.objects.select_related("model", "environment__vendor"), keys.of("deployment")
    )
    return RouteFacts(
        scope=scope_of(user),
        organisation=settings.ORGANISATION_NAME,
        environments=environments,
        identities=_by_key(
            Identity.objects.select_related("vendor__engaged_by"), keys.of("identity")
        ),
        credentials=_by_key(
            Credential.objects.select_related("identity__vendor"), keys.of("credential")
        ),
        deployments=deployments,
        models=_by_key(AIModel.objects.all(), keys.of("model")),
        vendors=_by_key(Vendor.objects.all(), keys.of("vendor")),
        entries=_by_key(
            AllowlistEntry.objects.select_related(
                "model",
                "vendor",
                "environment",
                "requested_by__vendor",
                "approved_by__vendor",
            ),
            keys.of("entry"),
        ),
        exposures=_by_key(Exposure.objects.all(), keys.of("exposure")),
        connections=_connections(keys.hops),
        pairs=_pairs(keys.pairs),
        relations=_relations(keys.hops) if whole else {},
        permissions=_permissions(deployments.values()) if whole else (),
    )


def models_with_findings(user: User) -> list[ModelChoice]:
    """The models that findings which ``user`` may see are about, by name."""
    named = findings_visible_to(user).exclude(deployment="").order_by().values("deployment")
    rows = (
        Deployment.objects.filter(key__in=named)
        .order_by("model__name", "model__key", "key")
        .values_list("model__key", "model__name", "key")
    )
    found: dict[tuple[str, str], set[str]] = {}
    for key, name, deployment in rows:
        found.setdefault((key, name), set()).add(deployment)
    return [ModelChoice(key, name, frozenset(keys)) for (key, name), keys in found.items()]


def about_places(typed: str) -> Q:
    """Findings about an environment or deployment whose name or key holds the typed words."""
    places = matching(Environment.objects.order_by(), typed).values("key")
    deployments = matching(Deployment.objects.order_by(), typed).values("key")
    return Q(environment__in=places) | Q(deployment__in=deployments)


def is_about_sensitive_model(finding: Finding) -> bool:
    """Whether a finding names a model of M3 or M4: itself, a deployment, or a permission for it."""
    keys = _Keys()
    keys.add(finding)
    named = (
        Q(key__in=keys.of("model"))
        | Q(deployments__key__in=keys.of("deployment"))
        | Q(allowlist__key__in=keys.of("entry"))
    )
    sensitive = [str(level) for level in Sensitivity if level.is_sensitive]
    return AIModel.objects.filter(named, sensitivity__in=sensitive).exists()


class _Keys:
    """Every key that some findings name, by kind."""

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {}
        self.hops: set[Hop] = set()
        self.pairs: set[tuple[str, str]] = set()

    def add(self, finding: Finding) -> None:
        for kind, key in finding.subject.items():
            self.found.setdefault(kind, set()).add(key)
        for hop in (hop for leg in witness_of(finding) for hop in leg):
            self.hops.add(hop)
            for end in (hop.from_, hop.to):
                kind, _, key = end.partition(":")
                self.found.setdefault(kind, set()).add(key)
        if finding.environment and finding.deployment:
            self.pairs.add((finding.environment, finding.deployment))

    def of(self, kind: str) -> set[str]:
        return self.found.get(kind, set())


def _by_key(rows: QuerySet[K], keys: set[str]) -> dict[str, K]:
    return {row.key: row for row in rows.filter(key__in=keys)}


def _ends(hops: Iterable[Hop], relation: str) -> tuple[set[str], set[str]]:
    """The keys at either end of the hops of one relation."""
    chosen = [hop for hop in hops if hop.relation == relation]
    return {_key(hop.from_) for hop in chosen}, {_key(hop.to) for hop in chosen}


def _key(name: str) -> str:
    return name.partition(":")[2]


def _connections(hops: set[Hop]) -> dict[tuple[str, str], Connects]:
    origins, targets = _ends(hops, "connects")
    rows = Connects.objects.select_related("origin", "target").filter(
        Q(origin__key__in=origins) | Q(origin=None), target__key__in=targets
    )
    return {(row.origin.key if row.origin else INTERNET, row.target.key): row for row in rows}


def _pairs(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], PairReach]:
    rows = PairReach.objects.select_related("environment", "deployment").filter(
        environment__key__in={environment for environment, _ in wanted},
        deployment__key__in={deployment for _, deployment in wanted},
    )
    return {(row.environment.key, row.deployment.key): row for row in rows}


def _permissions(deployments: Iterable[Deployment]) -> list[AllowlistEntry]:
    """The permissions for these deployments' models that were live when last scanned."""
    last = ScanRun.objects.filter(state=RunState.FINISHED).values_list("now", flat=True).first()
    now = last or timezone.now()
    entries = AllowlistEntry.objects.select_related("vendor", "environment").filter(
        Q(expires_at=None) | Q(expires_at__gt=now),
        model__in={deployment.model_id for deployment in deployments},
        approved_at__lte=now,
    )
    return list(entries.order_by("key"))


def _relations(hops: set[Hop]) -> dict[Hop, Seen]:
    """The rows of the relations that the hops are."""
    found: dict[Hop, Seen] = {}
    for relation, (model, origin, target) in _TABLES.items():
        froms, tos = _ends(hops, relation)
        rows: Iterable[Any] = model._default_manager.select_related(*origin, *target)
        condition = _any(origin, froms, internet=relation == "connects") & _any(target, tos)
        for row in rows.filter(condition) if froms and tos else ():  # type: ignore[attr-defined] # a queryset
            hop = Hop(relation, _name(row, origin), _name(row, target))
            found[hop] = row
    return found


_TABLES: dict[str, tuple[type[Model], tuple[str, ...], tuple[str, ...]]] = {
    "holds": (Holds, ("environment",), ("credential",)),
    "enters": (Enters, ("identity",), ("environment",)),
    "member_of": (MemberOf, ("identity",), ("group",)),
    "jumps": (Jumps, ("origin",), ("target",)),
    "connects": (Connects, ("origin",), ("target",)),
    "grants": (Grants, ("credential", "identity"), ("deployment",)),
    "administers": (Administers, ("identity",), ("environment", "deployment")),
}
_KINDS: dict[type[Model], str] = {
    Environment: "environment",
    Identity: "identity",
    Credential: "credential",
    Deployment: "deployment",
}


def _any(fields: Sequence[str], keys: set[str], *, internet: bool = False) -> Q:
    condition = Q()
    for name in fields:
        condition |= Q(**{f"{name}__key__in": keys})
    return condition | Q(**{fields[0]: None}) if internet else condition


def _name(row: Model, fields: Sequence[str]) -> str:
    ends = [end for name in fields if (end := getattr(row, name)) is not None]
    return f"{_KINDS[type(ends[0])]}:{ends[0].key}" if ends else INTERNET
