"""Reads of findings, as far as somebody may see them."""

from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.remembered import remembered
from apps.accounts.roles import Perm
from apps.core.errors import NotFoundError
from apps.engine.catalogue import BOUNDARY_RULES
from apps.findings.lifecycle import Standing
from apps.findings.models import Acceptance, Evidence, Finding, FindingEvent, FindingState
from apps.findings.ranks import BY_CERTAINTY as BY_CERTAINTY
from apps.findings.ranks import BY_SEVERITY as BY_SEVERITY
from apps.vendors.models import Vendor

MOST_EVENTS = 200


BY_BOUNDARY = Case(
    When(rule__in=BOUNDARY_RULES, then=Value(0)), default=Value(1), output_field=IntegerField()
)
WORST_FIRST = (BY_SEVERITY, BY_CERTAINTY, F("opened_at"), F("rule"), F("id"))


def today() -> date:
    """The day in UTC, by which dates of findings are counted."""
    return timezone.now().date()


# --- who sees what -------------------------------------------------------------------------------


def findings_visible_to(user: User | AnonymousUser) -> QuerySet[Finding]:
    """The findings of the vendors in the user's scope, each with its vendor and owner."""
    return policy.visible(
        Finding.objects.select_related("vendor", "owner"),
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


def acceptance_for(user: User, number: int) -> Acceptance:
    """One acceptance, with its finding, by its number; NotFoundError as for findings."""
    rows = Acceptance.objects.select_related("finding__vendor", "finding__owner")
    found = rows.filter(pk=number, finding__in=findings_visible_to(user)).first()
    if found is None:
        raise NotFoundError(f"There is no acceptance {number}, or it is not yours to see.")
    return found


def evidence_for(user: User, number: int) -> Evidence:
    """One filed document by its number; NotFoundError as for findings."""
    found = Evidence.objects.filter(pk=number, finding__in=findings_visible_to(user)).first()
    if found is None:
        raise NotFoundError(f"There is no document {number}, or it is not yours to see.")
    return found


# --- accepted or not -----------------------------------------------------------------------------


def _in_force() -> Exists:
    acceptances = Acceptance.objects.filter(
        finding=OuterRef("pk"), standing=Standing.ACTIVE, ends_on__gte=today()
    )
    return Exists(acceptances)


def accepted(findings: QuerySet[Finding]) -> QuerySet[Finding]:
    """The open findings whose risk somebody answers for today."""
    return findings.filter(_in_force(), state=FindingState.OPEN)


def unaccepted(findings: QuerySet[Finding]) -> QuerySet[Finding]:
    """The open findings that nobody has accepted: what lists show by themselves."""
    return findings.filter(~_in_force(), state=FindingState.OPEN)


@remembered
def unaccepted_count(user: User) -> int:
    """How many findings stand in the list by itself."""
    return counts_by_tab(user)["open"]


@remembered
def counts_by_tab(user: User) -> dict[str, int]:
    """How many of the findings that the user may see stand under each tab of the list."""
    visible = findings_visible_to(user).order_by().select_related(None)
    counts = visible.aggregate(
        all=Count("pk"), closed=Count("pk", filter=Q(state=FindingState.CLOSED))
    )
    quiet = accepted(visible).count()
    return counts | {"accepted": quiet, "open": counts["all"] - counts["closed"] - quiet}


# --- around one finding --------------------------------------------------------------------------


@remembered
def rules_found(user: User) -> list[str]:
    """The rules that the findings which the user may see are by."""
    return list(
        findings_visible_to(user).order_by("rule").values_list("rule", flat=True).distinct()
    )


def vendors_with_findings(user: User) -> QuerySet[Vendor]:
    """The vendors that the findings which the user may see are filed under."""
    visible = findings_visible_to(user).order_by().values("vendor")
    return Vendor.objects.filter(pk__in=visible).order_by("name", "key")


def owners_of_findings(user: User) -> QuerySet[User]:
    """Who sees to the findings which the user may see."""
    visible = findings_visible_to(user).order_by().values("owner")
    return User.objects.filter(pk__in=visible).order_by("name", "pk")


def possible_owners(vendor: policy.AboutVendor | policy.Unset = policy.UNSET) -> QuerySet[User]:
    """Everybody who may see findings, of the vendor if one is given."""
    people = policy.people_who_may(Perm.VIEW_FINDING, vendor=vendor)
    return people.order_by("name", "pk")


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


def of_the_same_cause(user: User, finding: Finding) -> int:
    """How many open findings that the user may see one change would mend with this one."""
    if not finding.cause:
        return 0
    same = findings_visible_to(user).filter(cause=finding.cause, state=FindingState.OPEN)
    return same.exclude(pk=finding.pk).count()


def events_of(finding: Finding) -> list[FindingEvent]:
    """What happened to a finding, the latest first."""
    return list(finding.events.select_related("actor").order_by("-id")[:MOST_EVENTS])


def acceptances_of(finding: Finding) -> list[Acceptance]:
    """The acceptances of a finding, the latest first, each with its people."""
    people = ("proposed_by", "approved_by", "signed_by", "ended_by")
    found = list(finding.acceptances.select_related(*people).order_by("-id"))
    for acceptance in found:
        acceptance.finding = finding
    return found


def evidence_of(finding: Finding) -> list[Evidence]:
    """The documents filed with a finding, the latest first."""
    return list(finding.evidence.select_related("added_by").order_by("-id"))
