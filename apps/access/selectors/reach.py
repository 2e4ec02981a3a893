"""Which environments reach a restricted model, and how well they are kept apart from it.

The counts of the overview and the rows of the list come from the same two functions, so that they
cannot disagree. An environment counts once, under its worst verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)

from apps.access.models import AIModel, Environment, PairReach
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.remembered import remembered
from apps.accounts.roles import Perm
from apps.engine.values import Severity, VerdictKind
from apps.findings.models import Finding, FindingState
from apps.findings.selectors import (
    BY_BOUNDARY,
    BY_CERTAINTY,
    BY_SEVERITY,
    findings_visible_to,
)
from apps.vendors.models import Vendor

KEY_ONLY = "key_only"
VERDICTS = (
    str(VerdictKind.UNSEGREGATED),
    str(VerdictKind.UNDETERMINED),
    str(VerdictKind.SEGREGATED),
    KEY_ONLY,
)
"""Worst first; the last is an environment that holds a credential and has no path."""

OWN = "own"
"""Stands for our own organisation where a kind of vendor is asked for."""

PER_PAGE = 25


@dataclass(frozen=True)
class EnvironmentFilter:
    """What the list is narrowed to; empty means any."""

    verdict: str = str(VerdictKind.UNSEGREGATED)
    model: str = ""
    vendor: str = ""
    kind: str = ""


@dataclass(frozen=True)
class VerdictCounts:
    """How many environments stand under each verdict, each under its worst."""

    unsegregated: int = 0
    undetermined: int = 0
    segregated: int = 0
    key_only: int = 0

    @property
    def on_the_network(self) -> int:
        return self.unsegregated + self.undetermined + self.segregated

    @property
    def total(self) -> int:
        return self.on_the_network + self.key_only

    def of(self, verdict: str) -> int:
        named: dict[str, int] = {name: getattr(self, name) for name in VERDICTS}
        return named.get(verdict, self.total)


@dataclass(frozen=True)
class Reached:
    """One model that an environment reaches, under the worst of its deployments' verdicts."""

    key: str
    name: str
    tier: str
    verdict: str
    reach: str


@dataclass(frozen=True)
class EnvironmentRow:
    environment: Environment
    verdict: str
    reached: Sequence[Reached] = field(default_factory=tuple)
    finding: Finding | None = None


def pairs_visible_to(user: User | AnonymousUser) -> QuerySet[PairReach]:
    """What the environments of the vendors in the user's scope reach."""
    return policy.visible(
        PairReach.objects.all(), user=user, perm=Perm.VIEW_FACT, vendor="environment__vendor"
    )


def verdict_counts(pairs: QuerySet[PairReach]) -> VerdictCounts:
    """The environments of ``pairs`` by worst verdict, in one query."""
    return counts_from(pairs.aggregate(**UP_TO))


def _distinct(*verdicts: str) -> Count:
    return Count("environment", distinct=True, filter=Q(verdict__in=verdicts))


UP_TO = {
    "first": _distinct(*VERDICTS[:1]),
    "second": _distinct(*VERDICTS[:2]),
    "third": _distinct(*VERDICTS[:3]),
    "every": Count("environment", distinct=True),
}
"""Environments with this verdict or a worse one: each class is a difference of two of these."""


def counts_from(row: Mapping[str, Any]) -> VerdictCounts:
    return VerdictCounts(
        row["first"],
        row["second"] - row["first"],
        row["third"] - row["second"],
        row["every"] - row["third"],
    )


def narrowed(pairs: QuerySet[PairReach], wanted: EnvironmentFilter) -> QuerySet[PairReach]:
    """The pairs of one model, of one vendor, of one kind of vendor (or OWN), or all of these."""
    if wanted.model:
        pairs = pairs.filter(deployment__model__key=wanted.model)
    if wanted.vendor:
        pairs = pairs.filter(environment__vendor__key=wanted.vendor)
    if wanted.kind == OWN:
        pairs = pairs.filter(environment__vendor=None)
    elif wanted.kind:
        pairs = pairs.filter(environment__vendor__kind=wanted.kind)
    return pairs


def environment_page(user: User, wanted: EnvironmentFilter, number: str | int) -> Page:  # type: ignore[type-arg] # of Environment
    """One page of environments, worst first; ``rows_of`` makes the rows of it."""
    total = counts_for(user, wanted).of(wanted.verdict)
    page: Page[Any] = Paginator(range(total), PER_PAGE).get_page(number)
    start = (page.number - 1) * PER_PAGE
    ranks = dict(_ranked(user, wanted, start))
    found = Environment.objects.select_related("vendor").in_bulk(list(ranks))
    page.object_list = [found[key] for key in ranks if key in found]
    for environment in page.object_list:
        environment.rank = ranks[environment.pk]
    return page


@remembered
def _ranked(user: User, wanted: EnvironmentFilter, start: int) -> list[tuple[int, int]]:
    """The numbers of the environments of one page, worst first, each with its rank."""
    pairs = narrowed(pairs_visible_to(user), wanted)
    findings = findings_visible_to(user).filter(state=FindingState.OPEN)
    environments = (
        Environment.objects.filter(pk__in=pairs.values("environment"))
        .annotate(rank=_worst_verdict(pairs), gravest=_worst_severity(findings))
        .order_by("rank", "gravest", "first_seen", "key")
    )
    if wanted.verdict in VERDICTS:
        environments = environments.filter(rank=VERDICTS.index(wanted.verdict))
    return list(environments.values_list("pk", "rank")[start : start + PER_PAGE])


# Both ask "is it one of those", which the database hashes once, and not a question for each row.


def _worst_verdict(pairs: QuerySet[PairReach]) -> Case:
    """The place in VERDICTS of an environment's worst verdict among ``pairs``."""
    whens = [
        When(pk__in=pairs.filter(verdict=verdict).values("environment"), then=Value(rank))
        for rank, verdict in enumerate(VERDICTS)
        if verdict != KEY_ONLY
    ]
    key_only = Value(VERDICTS.index(KEY_ONLY))
    return Case(*whens, default=key_only, output_field=IntegerField())


def _worst_severity(findings: QuerySet[Finding]) -> Case:
    """How grave the worst of an environment's findings is, 0 being critical."""
    whens = [
        When(
            key__in=findings.filter(severity=severity).order_by().values("environment"),
            then=Value(rank),
        )
        for rank, severity in enumerate(reversed(Severity))
    ]
    return Case(*whens, default=Value(99), output_field=IntegerField())


RANK = Case(
    *(
        When(verdict=verdict, then=Value(rank))
        for rank, verdict in enumerate(VERDICTS)
        if verdict != KEY_ONLY
    ),
    default=Value(VERDICTS.index(KEY_ONLY)),
    output_field=IntegerField(),
)


def rows_of(user: User, environments: Iterable[Environment]) -> list[EnvironmentRow]:
    """The environments of a page with what they reach and the finding that proves it best."""
    listed = list(environments)
    reached = _reached(user, listed)
    findings = worst_findings(user, [environment.key for environment in listed])
    return [
        EnvironmentRow(
            environment,
            VERDICTS[getattr(environment, "rank", 0)],
            reached.get(environment.pk, []),
            findings.get(environment.key),
        )
        for environment in listed
    ]


def _reached(user: User, environments: Sequence[Environment]) -> dict[int, list[Reached]]:
    """For each environment, the models that it reaches, worst first."""
    rows = (
        pairs_visible_to(user)
        .filter(environment__in=environments)
        .annotate(rank=RANK)
        .select_related("deployment__model")
        .order_by("rank", "deployment__model__name", "deployment__key")
    )
    found: dict[int, dict[str, Reached]] = {}
    for pair in rows:
        model = pair.deployment.model
        verdict = pair.verdict or KEY_ONLY
        found.setdefault(pair.environment_id, {}).setdefault(
            model.key,
            Reached(model.key, model.name, str(model.sensitivity), verdict, str(pair.reach)),
        )
    return {environment: list(models.values()) for environment, models in found.items()}


def worst_findings(user: User, keys: Sequence[str]) -> dict[str, Finding]:
    """For each environment key, the open finding that says the worst of its route."""
    rows = (
        findings_visible_to(user)
        .filter(environment__in=keys, state=FindingState.OPEN)
        .order_by("environment", BY_CERTAINTY, BY_BOUNDARY, BY_SEVERITY, F("rule"), F("id"))
        .distinct("environment")
    )
    return {finding.environment: finding for finding in rows}


def models_under(pairs: QuerySet[PairReach], verdict: str) -> list[str]:
    """The names of the models that ``pairs`` reach under this verdict."""
    rows = pairs.filter(verdict=verdict).order_by("deployment__model__name")
    return list(rows.values_list("deployment__model__name", flat=True).distinct())


@remembered
def counts_for(user: User, wanted: EnvironmentFilter) -> VerdictCounts:
    """The environments that the list shows by worst verdict, whichever verdict is asked for."""
    return verdict_counts(narrowed(pairs_visible_to(user), wanted))


@remembered
def models_offered(user: User) -> list[tuple[str, str]]:
    """Key and name of the models that are reached, for the list's filter."""
    return list(models_reached(user).values_list("key", "name"))


def models_reached(user: User) -> QuerySet[AIModel]:
    """The models that somebody in the user's scope reaches, for the list's filter."""
    return AIModel.objects.filter(
        pk__in=pairs_visible_to(user).values("deployment__model")
    ).order_by("name", "key")


def vendors_that_reach(user: User) -> QuerySet[Vendor]:
    """The vendors with an environment that reaches a model, for the list's filter."""
    return Vendor.objects.filter(
        pk__in=pairs_visible_to(user).values("environment__vendor")
    ).order_by("name", "key")
