"""What findings add to the pages of vendors: how many are open, the worst routes, two tabs."""

from collections.abc import Sequence

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    OuterRef,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.urls import reverse

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.lists import Column
from apps.engine.catalogue import BOUNDARY_RULES
from apps.engine.values import Severity
from apps.findings.models import Finding, FindingState
from apps.findings.selectors import BY_CERTAINTY, BY_SEVERITY, WORST_FIRST, findings_visible_to
from apps.findings.tellers import tell
from apps.vendors.figures import Cell, Filter, Part, Tab
from apps.vendors.models import Vendor

GRAVEST_FIRST = [str(severity) for severity in reversed(Severity)]
NONE, ANY = "none", "any"
MOST_ROUTES = 3  # on the summary; the tab has them all
# One of a severity outweighs any number of the next.
_WEIGHTS = {severity: -(10 ** (4 * power)) for power, severity in enumerate(GRAVEST_FIRST[::-1])}


class FindingFigures:
    """The open findings of vendors."""

    place = 2
    columns: Sequence[Column] = (
        Column("findings", "Open findings", ("finding_rank",), "vr-apart"),
    )
    filters: Sequence[Filter] = (
        Filter(
            "findings",
            "Open findings",
            ((ANY, "some"), *((severity, severity) for severity in GRAVEST_FIRST), (NONE, "none")),
        ),
    )

    def shows_to(self, user: User) -> bool:
        return policy.may(user, Perm.VIEW_FINDING)

    def ranked(self, user: User, vendors: QuerySet[Vendor], column: str) -> QuerySet[Vendor]:  # noqa: ARG002 - there is one column
        whens = [
            When(findings__state=FindingState.OPEN, findings__severity=severity, then=Value(weight))
            for severity, weight in _WEIGHTS.items()
        ]
        # Whoever sees a vendor sees its findings, so that the join need not ask again.
        weight = Sum(Case(*whens, default=Value(0), output_field=BigIntegerField()))
        return vendors.annotate(finding_rank=weight)

    def narrowed(
        self,
        user: User,
        vendors: QuerySet[Vendor],
        name: str,  # noqa: ARG002 - there is one filter
        value: str,
    ) -> QuerySet[Vendor]:
        found = open_findings(user).filter(vendor=OuterRef("pk"))
        if value == NONE:
            return vendors.filter(~Exists(found))
        if value in GRAVEST_FIRST:
            return vendors.filter(Exists(found.filter(severity=value)))
        return vendors.filter(Exists(found)) if value == ANY else vendors

    def cells(self, user: User, vendors: Sequence[Vendor]) -> dict[int, dict[str, Cell]]:
        rows = (
            open_findings(user)
            .filter(vendor__in=vendors)
            .values("vendor", "severity")
            .annotate(count=Count("pk"))
            .values_list("vendor", "severity", "count")
        )
        counted: dict[int, dict[str, int]] = {}
        for vendor, severity, count in rows:
            counted.setdefault(vendor, {})[severity] = count
        return {vendor.pk: {"findings": _cell(counted.get(vendor.pk, {}))} for vendor in vendors}

    def tabs(self, user: User, vendor: Vendor) -> list[Tab]:
        own = open_findings(user).filter(vendor=vendor)
        return [
            Tab(
                "routes",
                "Routes",
                reverse("findings:vendor-routes", args=[vendor.pk]),
                30,
                routes_of(user, vendor).count(),
            ),
            Tab(
                "findings",
                "Findings",
                reverse("findings:vendor-findings", args=[vendor.pk]),
                40,
                own.count(),
            ),
        ]

    def parts(self, user: User, vendor: Vendor) -> list[Part]:
        worst = list(routes_of(user, vendor)[:MOST_ROUTES])
        shown = {"told": tell(user, worst), "vendor": vendor}
        return [Part("findings/vendors/worst_routes.html", shown, 20)] if worst else []


def open_findings(user: User) -> QuerySet[Finding]:
    """The open findings that the user may see, in no order."""
    rows = findings_visible_to(user).filter(state=FindingState.OPEN)
    return rows.order_by().select_related(None)


def routes_of(user: User, vendor: Vendor) -> QuerySet[Finding]:
    """The finding that says the worst of each open route: of each environment and deployment, one.

    The gravest stand first.
    """
    worst = (
        open_findings(user)
        .filter(vendor=vendor, rule__in=BOUNDARY_RULES)
        .exclude(environment="")
        .order_by("environment", "deployment", BY_CERTAINTY, BY_SEVERITY, "rule", "id")
        .distinct("environment", "deployment")
    )
    rows = findings_visible_to(user).filter(pk__in=worst.values("pk"))
    return rows.order_by(*WORST_FIRST)


def _cell(counts: dict[str, int]) -> Cell:
    listed = [(severity, counts[severity]) for severity in GRAVEST_FIRST if severity in counts]
    plain = "; ".join(f"{severity} {count}" for severity, count in listed)
    return Cell("findings/vendors/cell_findings.html", listed, plain or "none")
