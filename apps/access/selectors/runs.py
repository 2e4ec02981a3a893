"""Scans, and what each changed, as far as somebody may see it.

A run's figures are about everybody's environments. Who does not see everything is shown that it
ran and how long it took, and of what it changed only what is in their scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet

from apps.access.models import Deployment, Environment, ReachChange, ScanRun
from apps.access.models.runs import RunState
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.remembered import remembered
from apps.accounts.roles import Perm
from apps.core.errors import NotFoundError
from apps.engine.values import ReachKind
from apps.findings.models import FindingEvent
from apps.findings.selectors import findings_visible_to

LADDER = (ReachKind.NONE, ReachKind.CREDENTIAL_ONLY, ReachKind.NETWORK_ONLY, ReachKind.USABLE)
ACTIVE = (RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True)
class Change:
    """A pair whose reach or verdict a run found changed, by name."""

    environment: str
    deployment: str
    row: ReachChange

    @property
    def direction(self) -> str:
        """gained, lost, not_seen, or verdict when only that differs."""
        if not self.row.seen:
            return "not_seen"
        steps = LADDER.index(ReachKind(self.row.after)) - LADDER.index(ReachKind(self.row.before))
        return "gained" if steps > 0 else "lost" if steps < 0 else "verdict"


@dataclass(frozen=True)
class Changes:
    """What a run changed within somebody's scope."""

    opened: int
    reopened: int
    closed: int
    gained: int
    lost: int
    not_seen: int
    shown: Sequence[Change]

    @property
    def nothing(self) -> bool:
        figures = (self.opened, self.reopened, self.closed, self.gained, self.lost, self.not_seen)
        return not any(figures) and not self.shown


def runs_visible_to(user: User | AnonymousUser) -> QuerySet[ScanRun]:
    """Every run, the latest first, for those who may read runs."""
    runs = ScanRun.objects.select_related("requested_by")
    return policy.visible(runs, user=user, perm=Perm.VIEW_RUN, vendor=None).order_by("-id")


def run_for(user: User, number: int) -> ScanRun:
    """One run by its number; NotFoundError when there is none, or it is not theirs to see."""
    run = runs_visible_to(user).filter(pk=number).first()
    if run is None:
        raise NotFoundError(f"There is no scan {number}, or it is not yours to see.")
    return run


def sees_figures(user: User) -> bool:
    """Whether the figures of whole runs are for ``user``: they count everybody's environments."""
    return policy.may(user, Perm.VIEW_RUN, vendor=None)


def latest_finished(user: User | AnonymousUser) -> ScanRun | None:
    return runs_visible_to(user).filter(state=RunState.FINISHED).first()


def latest_active(user: User | AnonymousUser) -> ScanRun | None:
    """The run that runs now, else the one that waits."""
    return runs_visible_to(user).filter(state__in=ACTIVE).order_by("-state", "-id").first()


def finished_before(user: User, run: ScanRun) -> ScanRun | None:
    """The run that ``run`` was compared with."""
    against = (run.drift or {}).get("against")
    return runs_visible_to(user).filter(pk=against).first() if against else None


def trend(user: User, most: int = 13) -> list[ScanRun]:
    """The last finished runs, the oldest first; nothing for those who may not see figures."""
    if not sees_figures(user):
        return []
    return list(runs_visible_to(user).filter(state=RunState.FINISHED)[:most])[::-1]


@remembered
def changes_of(user: User, run: ScanRun, most: int = 50) -> Changes:
    """What a run changed, within the user's scope."""
    environments = policy.visible(
        Environment.objects.all(), user=user, perm=Perm.VIEW_FACT, vendor="vendor"
    )
    rows = run.reach_changes.filter(environment__in=environments.values("key"))
    figures = rows.aggregate(
        **{name: Count("id", filter=condition) for name, condition in _DIRECTIONS.items()}
    )
    events = dict(
        FindingEvent.objects.filter(run=run.pk, finding__in=findings_visible_to(user))
        .order_by()
        .values_list("kind")
        .annotate(Count("id"))
    )
    kinds = FindingEvent.Kind
    return Changes(
        opened=events.get(kinds.OPENED, 0),
        reopened=events.get(kinds.REOPENED, 0),
        closed=events.get(kinds.CLOSED, 0),
        shown=_named(rows.order_by("id")[:most]),
        **figures,
    )


def _named(rows: QuerySet[ReachChange]) -> list[Change]:
    listed = list(rows)
    environments = _names(Environment.objects.all(), {row.environment for row in listed})
    deployments = _names(Deployment.objects.all(), {row.deployment for row in listed})
    return [
        Change(
            environments.get(row.environment, row.environment),
            deployments.get(row.deployment, row.deployment),
            row,
        )
        for row in listed
    ]


def _names(rows: QuerySet[Environment] | QuerySet[Deployment], keys: set[str]) -> dict[str, str]:
    return dict(rows.filter(key__in=keys).values_list("key", "name"))


def _direction(*, up: bool) -> Q:
    condition = Q()
    for index, before in enumerate(LADDER):
        others = LADDER[index + 1 :] if up else LADDER[:index]
        condition |= Q(before=before, after__in=others)
    return condition & Q(seen=True)


_DIRECTIONS = {
    "gained": _direction(up=True),
    "lost": _direction(up=False),
    "not_seen": Q(seen=False),
}
