"""Models: the list, and one model with everybody who reaches it.

Who reaches a model is read from the same pairs as the list of environments, so that the figures
here and the rows behind them cannot disagree.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from apps.access.models import AIModel, AllowlistEntry, Connects, Deployment, Environment, PairReach
from apps.access.selectors.inventory import (
    allowlist_visible_to,
    deployments_visible_to,
    models_visible_to,
)
from apps.access.selectors.reach import (
    UP_TO,
    VERDICTS,
    VerdictCounts,
    counts_from,
    pairs_visible_to,
    verdict_counts,
)
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.remembered import remembered
from apps.accounts.roles import Perm
from apps.core.errors import NotFoundError
from apps.core.search import matching
from apps.engine.catalogue import BOUNDARY_RULES
from apps.engine.values import EnvironmentKind
from apps.findings.models import Finding
from apps.findings.selectors import (
    BY_BOUNDARY,
    BY_CERTAINTY,
    BY_SEVERITY,
    findings_visible_to,
    unaccepted,
)

MOST_LISTED = 8
"""Of each verdict so many environments stand on the page; the list behind it has all."""

MOST_ROUTES = 200
MOST_ENTRIES = 60
MOST_GATES = 4
"""How many connections before a host are followed outwards."""

ENDS_SOON = timedelta(days=14)
STILL_WORKS = ("RT-14", "RT-01", "RT-18")
"""Findings which say that a way outlived its permission, the plainest first."""


@dataclass(frozen=True)
class ModelFilter:
    """What the list is narrowed to; empty means any."""

    q: str = ""
    tier: str = ""


@dataclass(frozen=True)
class ModelRow:
    """A model of the list, with who reaches it."""

    model: AIModel
    deployments: int
    counts: VerdictCounts
    custodian: str

    @property
    def figures(self) -> list[tuple[str, int]]:
        """How many environments stand under each verdict that takes a network path."""
        return [(verdict, self.counts.of(verdict)) for verdict in VERDICTS[:3]]


@dataclass(frozen=True)
class Visitor:
    """An environment that reaches the model: its worst verdict, and the pair by deployment."""

    environment: Environment
    verdict: str
    pairs: Mapping[int, PairReach]
    finding: Finding | None

    def verdict_on(self, deployment: int) -> str | None:
        """The verdict on one deployment; none where it does not reach it at all."""
        pair = self.pairs.get(deployment)
        return None if pair is None else pair.verdict or VERDICTS[-1]


@dataclass(frozen=True)
class VerdictGroup:
    """The environments under one verdict: how many there are, and the first of them."""

    verdict: str
    count: int
    visitors: Sequence[Visitor]

    @property
    def rest(self) -> int:
        return self.count - len(self.visitors)


class EntryState(StrEnum):
    """Where an allowlist entry stands on a day."""

    REQUESTED = "requested"
    AHEAD = "ahead"
    RUNNING = "running"
    ENDS_SOON = "ends_soon"
    ENDED = "ended"
    STILL_WORKS = "still_works"


@dataclass(frozen=True)
class EntryRow:
    """An allowlist entry and where it stands; ``finding`` proves that an ended one still works."""

    entry: AllowlistEntry
    state: EntryState
    finding: Finding | None = None


@dataclass(frozen=True)
class Gates:
    """What stands before a model's deployments: gateways and hosts by key, and how they connect.

    ``connections`` lead from one to the other; an origin of none is the internet.
    """

    places: Mapping[str, Environment]
    connections: Sequence[Connects]


def models_listed(user: User, wanted: ModelFilter) -> QuerySet[AIModel]:
    """The models that the user may see, as far as the filter keeps them."""
    models = models_visible_to(user)
    if wanted.tier:
        models = models.filter(sensitivity=wanted.tier)
    return matching(models, wanted.q)


def rows_of(user: User, models: Iterable[AIModel]) -> list[ModelRow]:
    """The models of a page with who reaches them, in two queries."""
    listed = list(models)
    counted = {
        row["deployment__model"]: counts_from(row)
        for row in pairs_visible_to(user)
        .filter(deployment__model__in=listed)
        .values("deployment__model")
        .annotate(**UP_TO)
        .order_by()
    }
    deployed = dict(
        deployments_visible_to(user)
        .filter(model__in=listed)
        .order_by()
        .values_list("model")
        .annotate(Count("id"))
    )
    return [
        ModelRow(
            model,
            deployed.get(model.pk, 0),
            counted.get(model.pk, VerdictCounts()),
            _custodian(user, model),
        )
        for model in listed
    ]


def _custodian(user: User, model: AIModel) -> str:
    """Who looks after it, for those who may know them."""
    sees_own = policy.may(user, Perm.VIEW_FACT, vendor=None)
    return model.custodian.name if model.custodian is not None and sees_own else ""


def model_for(user: User, number: int) -> AIModel:
    """One model by its number; NotFoundError when there is none, or it is not theirs to see."""
    model = models_visible_to(user).select_related("custodian__vendor").filter(pk=number).first()
    if model is None:
        raise NotFoundError(f"There is no model {number}, or it is not yours to see.")
    return model


def pairs_of(user: User, model: AIModel) -> QuerySet[PairReach]:
    """What the environments in the user's scope reach of a model."""
    return pairs_visible_to(user).filter(deployment__model=model)


def deployments_of(user: User, model: AIModel) -> list[Deployment]:
    """The model's deployments that the user may see, with the environments that host them."""
    return list(deployments_visible_to(user).filter(model=model).order_by("name", "key"))


def deployments_reached(user: User, model: AIModel) -> list[Deployment]:
    """The model's deployments that somebody in the user's scope reaches, by name."""
    return list(
        Deployment.objects.filter(pk__in=pairs_of(user, model).values("deployment"))
        .select_related("environment__vendor")
        .order_by("name", "key")
    )


@remembered
def groups_of(user: User, model: AIModel) -> tuple[VerdictCounts, list[VerdictGroup]]:
    """Who reaches the model, by verdict: how many, and the first of each by name."""
    pairs = pairs_of(user, model)
    counts = verdict_counts(pairs)
    found = {
        verdict: list(_environments(pairs, verdict)) for verdict in VERDICTS if counts.of(verdict)
    }
    listed = [environment for environments in found.values() for environment in environments]
    reached: dict[int, dict[int, PairReach]] = {}
    for pair in pairs.filter(environment__in=listed):
        reached.setdefault(pair.environment_id, {})[pair.deployment_id] = pair
    worst = _worst(user, model, [environment.key for environment in listed])
    return counts, [
        VerdictGroup(
            verdict,
            counts.of(verdict),
            [
                Visitor(place, verdict, reached.get(place.pk, {}), worst.get(place.key))
                for place in environments
            ],
        )
        for verdict, environments in found.items()
    ]


def _environments(pairs: QuerySet[PairReach], verdict: str) -> QuerySet[Environment]:
    """The first environments whose worst verdict is this one."""
    at = VERDICTS.index(verdict)
    is_key_only = verdict == VERDICTS[-1]
    own = Q(verdict__isnull=True) if is_key_only else Q(verdict=verdict)
    worse = pairs.filter(verdict__in=VERDICTS[:at]).values("environment")
    return (
        Environment.objects.filter(pk__in=pairs.filter(own).values("environment"))
        .exclude(pk__in=worse)
        .select_related("vendor__engaged_by")
        .order_by("name", "key")[:MOST_LISTED]
    )


def _findings_on(user: User, model: AIModel) -> QuerySet[Finding]:
    """The open findings about the model's deployments that the user may see and nobody accepted."""
    keys = Deployment.objects.filter(model=model).values("key")
    return unaccepted(findings_visible_to(user)).filter(deployment__in=keys)


def _worst(user: User, model: AIModel, environments: Collection[str]) -> dict[str, Finding]:
    rows = (
        _findings_on(user, model)
        .filter(environment__in=environments)
        .order_by("environment", BY_CERTAINTY, BY_BOUNDARY, BY_SEVERITY, "rule", "id")
        .distinct("environment")
    )
    return {finding.environment: finding for finding in rows}


def findings_on(user: User, model: AIModel) -> int:
    """How many open findings name one of the model's deployments."""
    return _findings_on(user, model).count()


@remembered
def routes_of(user: User, model: AIModel) -> list[Finding]:
    """The finding that says the worst of each route: of each environment and deployment, one."""
    rows = (
        _findings_on(user, model)
        .filter(rule__in=BOUNDARY_RULES)
        .exclude(environment="")
        .order_by("environment", "deployment", BY_CERTAINTY, BY_SEVERITY, "rule", "id")
        .distinct("environment", "deployment")
    )
    return list(rows[:MOST_ROUTES])


def entries_of(user: User, model: AIModel) -> list[EntryRow]:
    """The allowlist of the model: what still works though it ended, what ends next, the ended."""
    now = timezone.now()
    entries = list(
        allowlist_visible_to(user)
        .filter(model=model)
        .select_related(
            "vendor", "environment", "requested_by__vendor", "approved_by__vendor", "model"
        )
        .order_by("-expires_at", "key")[:MOST_ENTRIES]
    )
    outlived = _outlived(user, model, [entry for entry in entries if _has_ended(entry, now)])
    rows = [_entry_row(entry, now, outlived.get(entry.pk)) for entry in entries]
    order = list(_ORDER)
    return sorted(rows, key=lambda row: (order.index(row.state), *_end(row.entry)))


_ORDER = (
    EntryState.STILL_WORKS,
    EntryState.ENDS_SOON,
    EntryState.RUNNING,
    EntryState.AHEAD,
    EntryState.REQUESTED,
    EntryState.ENDED,
)


def _end(entry: AllowlistEntry) -> tuple[float, str]:
    """Sorts by the end, those without one last."""
    return (entry.expires_at.timestamp() if entry.expires_at else float("inf"), entry.key)


def _has_ended(entry: AllowlistEntry, now: datetime) -> bool:
    return (
        entry.approved_at is not None and entry.expires_at is not None and entry.expires_at <= now
    )


def _entry_row(entry: AllowlistEntry, now: datetime, outlived: Finding | None) -> EntryRow:
    if entry.approved_at is None:
        return EntryRow(entry, EntryState.REQUESTED)
    if _has_ended(entry, now):
        state = EntryState.STILL_WORKS if outlived else EntryState.ENDED
        return EntryRow(entry, state, outlived)
    if entry.approved_at > now:
        return EntryRow(entry, EntryState.AHEAD)
    if entry.expires_at and entry.expires_at - now <= ENDS_SOON:
        return EntryRow(entry, EntryState.ENDS_SOON)
    return EntryRow(entry, EntryState.RUNNING)


def _outlived(user: User, model: AIModel, ended: Sequence[AllowlistEntry]) -> dict[int, Finding]:
    """For each ended entry the finding that its way still works, where there is one."""
    if not ended:
        return {}
    rows = (
        _findings_on(user, model)
        .filter(rule__in=STILL_WORKS, vendor__in={entry.vendor_id for entry in ended})
        .order_by("id")
    )
    purposes = dict(Deployment.objects.filter(model=model).values_list("key", "purpose"))
    found: dict[int, Finding] = {}
    for finding in sorted(rows, key=lambda row: STILL_WORKS.index(row.rule)):
        for entry in ended:
            if _is_about(finding, entry, purposes):
                found.setdefault(entry.pk, finding)
    return found


def _is_about(finding: Finding, entry: AllowlistEntry, purposes: Mapping[str, str]) -> bool:
    return (
        finding.vendor_id == entry.vendor_id
        and purposes.get(finding.deployment) == entry.purpose
        and (entry.environment is None or entry.environment.key == finding.environment)
    )


def gates_before(deployments: Collection[Deployment]) -> Gates:
    """The gateways through which calls come to these deployments, at most MOST_GATES in a row."""
    hosts = {deployment.environment_id for deployment in deployments}
    keys = {deployment.pk for deployment in deployments}
    places = {deployment.environment.key: deployment.environment for deployment in deployments}
    connections: dict[int, Connects] = {}
    targets = set(hosts)
    for _ in range(MOST_GATES):
        rows = (
            Connects.objects.filter(target__in=targets)
            .filter(Q(origin=None) | Q(origin__kind=EnvironmentKind.GATEWAY))
            .filter(Q(deployments=None) | Q(deployments__in=keys))
            .select_related("origin__vendor", "target__vendor")
            .distinct()
        )
        fresh = [row for row in rows if row.pk not in connections]
        connections |= {row.pk: row for row in fresh}
        origins = {row.origin.key: row.origin for row in fresh if row.origin is not None}
        targets = {place.pk for key, place in origins.items() if key not in places}
        places |= origins
    return Gates(places, sorted(connections.values(), key=lambda row: row.pk))


def ways_in(
    environments: Collection[Environment], gates: Collection[Environment]
) -> dict[str, Connects]:
    """For each environment, by key, its own connection to one of the gates."""
    rows = (
        Connects.objects.filter(origin__in=environments, target__in=gates)
        .select_related("origin", "target")
        .order_by("-pk")
    )
    return {row.origin.key: row for row in rows if row.origin is not None}
