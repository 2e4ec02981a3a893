"""The first page in one value: who reaches a restricted model, what is worst, what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Min
from django.utils import timezone

from apps.access.models import ScanRun
from apps.access.selectors.reach import (
    RANK,
    UP_TO,
    VERDICTS,
    VerdictCounts,
    counts_from,
    pairs_visible_to,
    verdict_counts,
)
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
from apps.accounts.roles import Perm
from apps.findings.models import Finding, FindingState
from apps.findings.selectors import (
    BY_BOUNDARY,
    BY_CERTAINTY,
    BY_SEVERITY,
    findings_visible_to,
)

MOST_CELLS = 24
"""Up to so many environments a model's bar has one cell for each; above, lengths."""

MOST_ROUTES = 5
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
    """A restricted model and everybody who reaches it; cells only while they are few."""

    key: str
    name: str
    tier: str
    counts: VerdictCounts
    cells: Sequence[Cell]


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
    findings = findings_visible_to(user).filter(state=FindingState.OPEN)
    last = latest_finished(user)
    return Frame(
        last=last,
        is_stale=bool(last and last.now and timezone.now() - last.now > STALE_AFTER),
        active=latest_active(user),
        unsegregated=verdict_counts(pairs_visible_to(user)).unsegregated,
        findings=findings.count(),
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
    findings = findings_visible_to(user).filter(state=FindingState.OPEN)
    return Overview(
        counts=verdict_counts(pairs_visible_to(user)),
        models=model_bars(user),
        worst=worst_routes(user),
        open_findings=findings.count(),
        last=last,
        active=latest_active(user),
        before=finished_before(user, last) if last else None,
        changes=changes_of(user, last, most=4) if last else None,
        trend=trend(user),
        sees_reach=policy.may(user, Perm.VIEW_FACT),
        sees_figures=sees_figures(user),
        sees_all=policy.may(user, Perm.VIEW_FACT, vendor=None),
    )


def model_bars(user: User) -> list[ModelBar]:
    """The restricted models that somebody reaches, the worst first; two queries."""
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
    bars = [
        ModelBar(
            key=row["deployment__model__key"],
            name=row["deployment__model__name"],
            tier=row["deployment__model__sensitivity"],
            counts=counted[row["deployment__model__key"]],
            cells=cells.get(row["deployment__model__key"], []),
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


def worst_routes(user: User) -> list[WorstRoute]:
    """The gravest open findings, one for each environment, those that open a route first."""
    rows = findings_visible_to(user).filter(state=FindingState.OPEN).order_by(*ROUTES_FIRST)
    chosen: dict[str, list[Finding]] = {}
    for finding in rows[:LOOKED_AT]:
        place = finding.environment or finding.deployment or finding.rule
        chosen.setdefault(place, []).append(finding)
    return [
        WorstRoute(found[0], sorted({other.rule for other in found[1:]} - {found[0].rule}))
        for found in list(chosen.values())[:MOST_ROUTES]
    ]
