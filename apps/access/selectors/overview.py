"""The first page in one value: who reaches a restricted model, what is worst, what changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from apps.access.models import ScanRun
from apps.access.selectors.inventory import environments_visible_to, models_visible_to
from apps.access.selectors.reach import (
    OWN,
    RANK,
    UP_TO,
    VERDICTS,
    VerdictCounts,
    counts_from,
    pairs_visible_to,
)
from apps.access.selectors.relations import connects_visible_to
from apps.access.selectors.runs import (
    Changes,
    changes_of,
    finished_before,
    latest_active,
    latest_finished,
    sees_figures,
    trend,
)
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.remembered import remembered
from apps.accounts.roles import Perm
from apps.audit import selectors as audit
from apps.audit.models import AuditEntry
from apps.core.models import choices
from apps.engine.values import VendorKind
from apps.findings.models import Finding
from apps.findings.selectors import (
    BY_BOUNDARY,
    BY_CERTAINTY,
    BY_SEVERITY,
    findings_visible_to,
    today,
    unaccepted,
    unaccepted_count,
)
from apps.vendors.selectors import vendors_visible_to

MOST_CELLS = 24
"""Up to so many environments a model's bar has one cell for each; above, lengths."""

MOST_ROUTES = 5
MOST_VENDORS = 8
MOST_CHANGES = 6
LOOKED_AT = 200
ROUTES_FIRST = (BY_SEVERITY, BY_CERTAINTY, BY_BOUNDARY, "rule", "opened_at", "id")
STALE_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Cell:
    """One environment of a model's verdict bar."""

    key: str
    name: str
    verdict: str


@dataclass(frozen=True)
class ModelBar:
    """A restricted model and everybody who reaches it; cells only while they are few.

    ``pk`` is none where the person may see who reaches it, but not its page.
    """

    key: str
    name: str
    tier: str
    counts: VerdictCounts
    cells: Sequence[Cell]
    pk: int | None = None


@dataclass(frozen=True)
class VendorRow:
    """A vendor with environments that reach a model without segregation, or perhaps without."""

    key: str
    name: str
    counts: VerdictCounts


@dataclass(frozen=True)
class HeatCell:
    """How many environments stand here; ``level`` is its shade, 0 (nobody) to 4."""

    verdict: str
    count: int
    level: int


@dataclass(frozen=True)
class HeatRow:
    """One kind of vendor, or our own organisation, across the verdicts."""

    kind: str
    label: str
    cells: Sequence[HeatCell]


@dataclass(frozen=True)
class Register:
    """What there is before the first scan: the steps that are done already."""

    vendors: int
    environments: int
    connections: int


@dataclass(frozen=True)
class WorstRoute:
    """The gravest finding of an environment, and the rules of the others there."""

    finding: Finding
    also: Sequence[str]


@dataclass(frozen=True)
class Frame:
    """What stands beside every page: the age of the facts, and how much there is to see."""

    last: ScanRun | None
    active: ScanRun | None
    is_stale: bool
    unsegregated: int
    findings: int
    sees_reach: bool
    sees_findings: bool
    sees_runs: bool
    sees_vendors: bool
    sees_people: bool
    sees_imports: bool
    sees_log: bool

    @property
    def sees_anything(self) -> bool:
        """Whether there is something to search for."""
        return self.sees_reach or self.sees_findings or self.sees_vendors


@dataclass(frozen=True)
class Overview:
    counts: VerdictCounts
    models: Sequence[ModelBar]
    vendors: Sequence[VendorRow]
    heat: Sequence[HeatRow]
    lately: Sequence[AuditEntry]
    overdue: int
    unowned: int
    worst: Sequence[WorstRoute]
    open_findings: int
    last: ScanRun | None
    active: ScanRun | None
    before: ScanRun | None
    changes: Changes | None
    trend: Sequence[ScanRun]
    sees_reach: bool
    sees_figures: bool
    sees_all: bool


def frame_for(user: User) -> Frame:
    """What the layout shows on every page; four queries."""
    last = latest_finished(user)
    return Frame(
        last=last,
        is_stale=bool(last and last.now and timezone.now() - last.now > STALE_AFTER),
        active=latest_active(user),
        unsegregated=_unsegregated(user),
        findings=unaccepted_count(user),
        sees_reach=policy.may(user, Perm.VIEW_FACT),
        sees_findings=policy.may(user, Perm.VIEW_FINDING),
        sees_runs=policy.may(user, Perm.VIEW_RUN),
        sees_vendors=policy.may(user, Perm.VIEW_VENDOR),
        sees_people=policy.may(user, Perm.MANAGE_USERS),
        sees_imports=policy.may(user, Perm.IMPORT_GRAPH, vendor=None),
        sees_log=policy.may(user, Perm.VIEW_AUDIT_LOG),
    )


def overview_for(user: User) -> Overview:
    """Everything on the first page, within the user's scope."""
    last = latest_finished(user)
    by_kind = _counts_by_kind(user)
    figures = _finding_figures(user)
    return Overview(
        counts=_sum(by_kind.values()),
        models=model_bars(user),
        vendors=worst_vendors(user),
        heat=_heat(by_kind),
        lately=lately(user),
        worst=worst_routes(user),
        open_findings=figures["count"],
        overdue=figures["overdue"],
        unowned=figures["unowned"],
        last=last,
        active=latest_active(user),
        before=finished_before(user, last) if last else None,
        changes=changes_of(user, last, most=4) if last else None,
        trend=trend(user),
        sees_reach=policy.may(user, Perm.VIEW_FACT),
        sees_figures=sees_figures(user),
        sees_all=policy.may(user, Perm.VIEW_FACT, vendor=None),
    )


@remembered
def _finding_figures(user: User) -> dict[str, int]:
    figures: dict[str, int] = unaccepted(findings_visible_to(user)).aggregate(
        count=Count("id"),
        overdue=Count("id", filter=Q(due_on__lt=today())),
        unowned=Count("id", filter=Q(owner=None)),
    )
    return figures


@remembered
def _unsegregated(user: User) -> int:
    worst = pairs_visible_to(user).filter(verdict=VERDICTS[0])
    return worst.values("environment").distinct().count()


@remembered
def _counts_by_kind(user: User) -> dict[str, VerdictCounts]:
    """Who reaches a model, by kind of vendor. Each environment has one, so they add up to all."""
    rows = (
        pairs_visible_to(user)
        .values("environment__vendor__kind")
        .annotate(**UP_TO)
        .order_by("environment__vendor__kind")
    )
    return {row["environment__vendor__kind"] or OWN: counts_from(row) for row in rows}


def _sum(parts: Iterable[VerdictCounts]) -> VerdictCounts:
    listed = list(parts)
    return VerdictCounts(**{name: sum(part.of(name) for part in listed) for name in VERDICTS})


HEAT = {VERDICTS[0]: (2, 4), VERDICTS[1]: (1, 3), VERDICTS[2]: (1, 1)}
"""The shades of each verdict: from the one of the fewest to the one of the most."""


def _heat(by_kind: Mapping[str, VerdictCounts]) -> list[HeatRow]:
    labels = {**dict(choices(VendorKind)), OWN: "Our own"}
    kinds = [kind for kind in labels if kind in by_kind and by_kind[kind].on_the_network]
    most = {verdict: max(by_kind[kind].of(verdict) for kind in kinds) for verdict in HEAT if kinds}
    return [
        HeatRow(
            kind,
            labels[kind],
            [
                HeatCell(verdict, count, _level(verdict, count, most[verdict]))
                for verdict in HEAT
                for count in [by_kind[kind].of(verdict)]
            ],
        )
        for kind in kinds
    ]


def _level(verdict: str, count: int, most: int) -> int:
    low, high = HEAT[verdict]
    return low + round((high - low) * (count / most)) if count else 0


@remembered
def worst_vendors(user: User) -> list[VendorRow]:
    """The vendors that most of what is not segregated belongs to, in one query."""
    rows = (
        pairs_visible_to(user)
        .filter(verdict__in=VERDICTS[:2])
        .exclude(environment__vendor=None)
        .values("environment__vendor__key", "environment__vendor__name")
        .annotate(
            first=UP_TO["first"],
            second=UP_TO["second"],
            third=UP_TO["third"],
            every=UP_TO["every"],
        )
        .order_by("-first", "-second", "environment__vendor__name", "environment__vendor__key")
    )
    return [
        VendorRow(
            row["environment__vendor__key"], row["environment__vendor__name"], counts_from(row)
        )
        for row in rows[:MOST_VENDORS]
    ]


def lately(user: User) -> list[AuditEntry]:
    """The last changes of vendors, facts and findings in the user's scope, and what scans did."""
    changes = audit.entries().filter(
        Q(target_type__startswith="vendors.")
        | Q(target_type__startswith="access.")
        | Q(target_type__startswith="findings.")
    )
    shown = policy.visible(changes, user=user, perm=Perm.VIEW_FACT, vendor="vendor_id")
    return list(shown.exclude(action="scan.requested")[:MOST_CHANGES])


def register_for(user: User) -> Register:
    """How far the register is filled, as the user sees it."""
    return Register(
        vendors=vendors_visible_to(user).count(),
        environments=environments_visible_to(user).count(),
        connections=connects_visible_to(user).count(),
    )


@remembered
def model_bars(user: User) -> list[ModelBar]:
    """The restricted models that somebody reaches, the worst first; three queries."""
    rows = list(
        pairs_visible_to(user)
        .values(
            "deployment__model__key", "deployment__model__name", "deployment__model__sensitivity"
        )
        .annotate(**UP_TO)
        .order_by("deployment__model__name", "deployment__model__key")
    )
    counted = {row["deployment__model__key"]: counts_from(row) for row in rows}
    few = [key for key, counts in counted.items() if 0 < counts.on_the_network <= MOST_CELLS]
    cells = _cells(user, few)
    pages = dict(models_visible_to(user).filter(key__in=counted).values_list("key", "pk"))
    bars = [
        ModelBar(
            key=row["deployment__model__key"],
            name=row["deployment__model__name"],
            tier=row["deployment__model__sensitivity"],
            counts=counted[row["deployment__model__key"]],
            cells=cells.get(row["deployment__model__key"], []),
            pk=pages.get(row["deployment__model__key"]),
        )
        for row in rows
    ]
    return sorted(
        bars, key=lambda bar: (-bar.counts.unsegregated, -bar.counts.undetermined, bar.name)
    )


def _cells(user: User, models: Sequence[str]) -> dict[str, list[Cell]]:
    rows = (
        pairs_visible_to(user)
        .filter(deployment__model__key__in=models, verdict__isnull=False)
        .values_list("deployment__model__key", "environment__key", "environment__name")
        .annotate(rank=Min(RANK))
        .order_by("rank", "environment__name", "environment__key")
    )
    found: dict[str, list[Cell]] = {}
    for model, key, name, rank in rows:
        found.setdefault(model, []).append(Cell(key, name, VERDICTS[rank]))
    return found


@remembered
def worst_routes(user: User) -> list[WorstRoute]:
    """The gravest open findings, one for each environment, those that open a route first."""
    rows = unaccepted(findings_visible_to(user)).order_by(*ROUTES_FIRST)
    chosen: dict[str, list[Finding]] = {}
    for finding in rows[:LOOKED_AT]:
        place = finding.environment or finding.deployment or finding.rule
        chosen.setdefault(place, []).append(finding)
    return [
        WorstRoute(found[0], sorted({other.rule for other in found[1:]} - {found[0].rule}))
        for found in list(chosen.values())[:MOST_ROUTES]
    ]
