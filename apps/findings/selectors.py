"""Reads of findings, as far as somebody may see them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Count, F, IntegerField, QuerySet, Value, When

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.errors import NotFoundError
from apps.engine.catalogue import BOUNDARY_RULES
from apps.engine.values import Certainty, Severity
from apps.findings.models import Finding, FindingEvent, FindingState
from apps.vendors.models import Vendor


def _ranked(field: str, order: Iterable[str]) -> Case:
    whens = [When(**{field: value}, then=Value(rank)) for rank, value in enumerate(order)]
    return Case(*whens, default=Value(99), output_field=IntegerField())


BY_SEVERITY = _ranked("severity", [str(severity) for severity in reversed(Severity)])
BY_CERTAINTY = _ranked("certainty", [str(certainty) for certainty in Certainty])
BY_BOUNDARY = Case(
    When(rule__in=BOUNDARY_RULES, then=Value(0)), default=Value(1), output_field=IntegerField()
)
WORST_FIRST = (BY_SEVERITY, BY_CERTAINTY, F("opened_at"), F("rule"), F("id"))


@dataclass(frozen=True)
class FindingFilter:
    """What a list of findings is narrowed to; empty means any."""

    rule: str = ""
    severity: str = ""
    certainty: str = ""
    vendor: str = ""
    state: str = str(FindingState.OPEN)
    deployments: Collection[str] | None = None


def findings_visible_to(user: User | AnonymousUser) -> QuerySet[Finding]:
    """The findings of the vendors in the user's scope, each with its vendor."""
    return policy.visible(
        Finding.objects.select_related("vendor"),
        user=user,
        perm=Perm.VIEW_FINDING,
        vendor="vendor",
    )


def finding_for(user: User, number: int) -> Finding:
    """One finding by its number; NotFoundError when there is none, or it is not theirs to see."""
    finding = findings_visible_to(user).filter(pk=number).first()
    if finding is None:
        raise NotFoundError(f"There is no finding {number}, or it is not yours to see.")
    return finding


def filtered(findings: QuerySet[Finding], wanted: FindingFilter) -> QuerySet[Finding]:
    """The findings that a filter keeps, worst first."""
    exact = {
        "rule": wanted.rule,
        "severity": wanted.severity,
        "certainty": wanted.certainty,
        "vendor__key": wanted.vendor,
        "state": wanted.state,
    }
    kept = findings.filter(**{name: value for name, value in exact.items() if value})
    if wanted.deployments is not None:
        kept = kept.filter(deployment__in=wanted.deployments)
    return kept.order_by(*WORST_FIRST)


def counts_by_state(user: User) -> dict[str, int]:
    """How many of the findings that the user may see are open, and how many closed."""
    rows = findings_visible_to(user).order_by().values_list("state").annotate(Count("id"))
    return {str(state): 0 for state in FindingState.values} | dict(rows)


def rules_found(user: User) -> list[str]:
    """The rules that the findings which the user may see are by."""
    return list(
        findings_visible_to(user).order_by("rule").values_list("rule", flat=True).distinct()
    )


def vendors_with_findings(user: User) -> QuerySet[Vendor]:
    """The vendors that the findings which the user may see are filed under."""
    visible = findings_visible_to(user).order_by().values("vendor")
    return Vendor.objects.filter(pk__in=visible).order_by("name", "key")


def others_on_the_route(user: User, finding: Finding) -> list[Finding]:
    """The other open findings of the same environment and deployment, worst first."""
    if not finding.environment:
        return []
    same = findings_visible_to(user).filter(
        environment=finding.environment, state=FindingState.OPEN
    )
    if finding.deployment:
        same = same.filter(deployment__in=[finding.deployment, ""])
    return list(same.exclude(pk=finding.pk).order_by(*WORST_FIRST)[:12])


def events_of(finding: Finding) -> list[FindingEvent]:
    """What happened to a finding, the latest first."""
    return list(finding.events.order_by("-id")[:30])
