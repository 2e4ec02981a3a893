"""The list of findings: what it is narrowed to, in which order, grouped by what they share."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, Min, Q, QuerySet, When
from django.utils import timezone

from apps.accounts.models import User
from apps.core.lists import Column
from apps.engine.values import Certainty, Severity
from apps.findings import tellers
from apps.findings.models import Finding, FindingState
from apps.findings.ranks import BY_CERTAINTY, BY_SEVERITY
from apps.findings.selectors import (
    accepted,
    findings_visible_to,
    today,
    unaccepted,
)
from apps.findings.tellers import Cause

TABS = ("open", "accepted", "closed", "all")
MINE, NOBODY, OWN = "me", "nobody", "own"
AGES = {"7": 7, "30": 30, "90": 90}
"""What ``age`` can ask for: opened at least so many days ago."""

DUE = ("overdue", "week")
COLUMNS = (
    Column("severity", "Severity", ("by_severity", "by_certainty", "opened_at", "rule")),
    Column("finding", "Finding"),
    Column("rule", "Rule", ("rule", "by_severity")),
    Column("vendor", "Vendor", ("vendor__name",)),
    Column("certainty", "Certainty", ("by_certainty", "by_severity")),
    Column("owner", "Owner", ("owner__name",)),
    Column("due", "Due", ("due_on",), css="vr-right"),
    Column("since", "Since", ("opened_at",), css="vr-right"),
)


@dataclass(frozen=True)
class FindingFilter:
    """What a list of findings is narrowed to; empty means any.

    ``vendor`` is a key, or OWN; ``owner`` a person's number, MINE or NOBODY. ``like`` is the number
    of a finding whose cause the others share.
    """

    tab: str = TABS[0]
    q: str = ""
    rule: str = ""
    severity: str = ""
    certainty: str = ""
    stage: str = ""
    vendor: str = ""
    owner: str = ""
    age: str = ""
    due: str = ""
    like: str = ""
    deployments: Collection[str] | None = None


@dataclass(frozen=True)
class CauseGroup:
    """Findings that one change would mend: one of them, and what they share."""

    finding: Finding
    cause: Cause
    severity: str
    count: int
    proven: int
    overdue: int
    unowned: int


def filtered(user: User, wanted: FindingFilter) -> QuerySet[Finding]:
    """The findings that the user may see and the filter keeps, ready to be sorted."""
    kept = _under_tab(findings_visible_to(user), wanted.tab)
    exact = {
        "rule": wanted.rule,
        "severity": wanted.severity,
        "certainty": wanted.certainty,
        "stage": wanted.stage,
    }
    kept = kept.filter(**{name: value for name, value in exact.items() if value})
    kept = kept.filter(*_conditions(user, wanted))
    return kept.annotate(by_severity=BY_SEVERITY, by_certainty=BY_CERTAINTY)


def _under_tab(findings: QuerySet[Finding], tab: str) -> QuerySet[Finding]:
    match tab:
        case "open":
            return unaccepted(findings)
        case "accepted":
            return accepted(findings)
        case "closed":
            return findings.filter(state=FindingState.CLOSED)
        case "all":
            return findings
    return findings.none()


def _conditions(user: User, wanted: FindingFilter) -> list[Q]:
    """Everything that is more than one value in one column."""
    found = [_owned(user, wanted.owner), _filed(wanted.vendor), _due(wanted.due)]
    if wanted.deployments is not None:
        found.append(Q(deployment__in=wanted.deployments))
    if wanted.age:
        days = AGES.get(wanted.age)
        long_ago = timezone.now() - timedelta(days=days or 0)
        found.append(Q(opened_at__lte=long_ago) if days else Q(pk__in=[]))
    if wanted.q.strip():
        found.append(_matching(user, wanted.q))
    if wanted.like:
        found.append(_like(user, wanted.like))
    return found


def _owned(user: User, owner: str) -> Q:
    match owner:
        case "":
            return Q()
        case "me":
            return Q(owner=user)
        case "nobody":
            return Q(owner=None)
    return Q(owner=int(owner)) if _is_number(owner) else Q(pk__in=[])


def _filed(vendor: str) -> Q:
    match vendor:
        case "":
            return Q()
        case "own":
            return Q(vendor=None)
    return Q(vendor__key=vendor)


def _due(due: str) -> Q:
    match due:
        case "":
            return Q()
        case "overdue":
            return Q(state=FindingState.OPEN, due_on__lt=today())
        case "week":
            soon = today() + timedelta(days=7)
            return Q(state=FindingState.OPEN, due_on__range=(today(), soon))
    return Q(pk__in=[])


def _matching(user: User, typed: str) -> Q:
    """By number, or by the words of what a finding is about."""
    typed = typed.strip()
    found = Q(pk=int(typed)) if _is_number(typed) else Q()
    for teller in tellers.tellers():
        found |= teller.matching(user, typed)
    return found


def like(user: User, number: str) -> Finding | None:
    """The finding of this number, as far as the user may see it."""
    if not _is_number(number):
        return None
    return findings_visible_to(user).filter(pk=number).first()


def _like(user: User, number: str) -> Q:
    """Of one cause with the finding of this number, as far as the user may see that one."""
    one = like(user, number)
    if one is None:
        return Q(pk__in=[])
    return Q(cause=one.cause) if one.cause else Q(pk=one.pk)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


# --- grouped by cause ----------------------------------------------------------------------------


def groups_of(findings: QuerySet[Finding]) -> Any:
    """One row for each cause, the gravest and most shared first; what has none stands alone."""
    of_one_cause = Case(
        When(cause="", then=F("fingerprint")), default=F("cause"), output_field=CharField()
    )
    rows = findings.select_related(None).order_by().annotate(shared=of_one_cause).values("shared")
    return rows.annotate(
        count=Count("pk"),
        number=Min("pk"),
        worst=Min("by_severity"),
        proven=Count("pk", filter=Q(certainty=Certainty.PROVEN)),
        overdue=Count("pk", filter=_due("overdue")),
        unowned=Count("pk", filter=Q(owner=None)),
    ).order_by("worst", "-count", "number")


def told_groups(user: User, rows: Sequence[dict[str, Any]]) -> list[CauseGroup]:
    """The groups of one page, in their order, with what their findings share in words."""
    found = findings_visible_to(user).in_bulk([row["number"] for row in rows])
    causes = tellers.tell_causes(user, found.values())
    ladder = [str(severity) for severity in reversed(Severity)]
    return [
        CauseGroup(
            finding=found[row["number"]],
            cause=causes[row["number"]],
            severity=ladder[row["worst"]],
            count=row["count"],
            proven=row["proven"],
            overdue=row["overdue"],
            unowned=row["unowned"],
        )
        for row in rows
    ]
