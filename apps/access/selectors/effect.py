"""What a change of the facts does to reach: the scans that looked at it, and what they changed.

A scan that was running when the change was stored may have read the facts before it. The scan that
was asked for meanwhile then counts as well: at most two scans are told together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from apps.access.models import ScanRun
from apps.access.models.runs import RunState
from apps.access.selectors.runs import ACTIVE, Change, changes_of, runs_visible_to
from apps.accounts.models import User
from apps.findings.models import Finding, FindingEvent
from apps.findings.selectors import WORST_FIRST, findings_visible_to

MOST_SHOWN = 8
_OPENED = (FindingEvent.Kind.OPENED, FindingEvent.Kind.REOPENED)


@dataclass(frozen=True)
class Effect:
    """What the scans since an instant changed, within somebody's scope.

    ``active`` is the scan that still looks at it, ``failed`` one that could not.
    """

    runs: Sequence[ScanRun]
    active: ScanRun | None
    failed: ScanRun | None
    opened: Sequence[Finding]
    closed: Sequence[Finding]
    changes: Sequence[Change]
    opened_count: int = 0
    closed_count: int = 0
    gained_count: int = 0
    lost_count: int = 0

    @property
    def is_pending(self) -> bool:
        return self.active is not None

    @property
    def nothing(self) -> bool:
        counts = (self.opened_count, self.closed_count, self.gained_count, self.lost_count)
        return not any(counts) and not self.changes


def effect_since(user: User, since: datetime) -> Effect:
    """What the facts that were stored at ``since`` did to reach, as far as scans have run."""
    runs = runs_visible_to(user)
    finished = runs.filter(state=RunState.FINISHED, now__gte=since).order_by("id")
    first = finished.first()
    waiting = runs.filter(state__in=ACTIVE)
    if first is None:
        failed = runs.filter(state=RunState.FAILED, started_at__gte=since).first()
        return Effect([], _looking(waiting), failed, [], [], [])
    meanwhile = {"requested_at__lte": first.finished_at}
    told = list(finished.filter(**meanwhile)[:2])
    opened, closed = _findings(user, told)
    parts = [changes_of(user, run, most=MOST_SHOWN) for run in told]
    return Effect(
        runs=told,
        active=_looking(waiting.filter(**meanwhile)),
        failed=None,
        opened=opened,
        closed=closed,
        changes=[change for part in parts for change in part.shown][:MOST_SHOWN],
        opened_count=sum(part.opened + part.reopened for part in parts),
        closed_count=sum(part.closed for part in parts),
        gained_count=sum(part.gained for part in parts),
        lost_count=sum(part.lost for part in parts),
    )


def _looking(waiting: QuerySet[ScanRun]) -> ScanRun | None:
    """The run that runs now, else the one that waits."""
    return waiting.order_by("-state", "-id").first()


def _findings(user: User, runs: Sequence[ScanRun]) -> tuple[list[Finding], list[Finding]]:
    """The gravest of the findings that the runs opened, and of those that they closed."""
    seen = findings_visible_to(user)
    numbers = [run.pk for run in runs]

    def of(*kinds: str) -> list[Finding]:
        events = FindingEvent.objects.filter(run__in=numbers, kind__in=kinds).order_by()
        return list(
            seen.filter(pk__in=events.values("finding")).order_by(*WORST_FIRST)[:MOST_SHOWN]
        )

    return of(*_OPENED), of(FindingEvent.Kind.CLOSED)
