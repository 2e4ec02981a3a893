"""Scans: a run is a row first. What the last finished run found reachable, and how that changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.access.models.inventory import Deployment, Environment
from apps.core.models import EnumField, one_of
from apps.engine.values import ReachKind, VerdictKind


class RunState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class RunReason(models.TextChoices):
    """Why a scan was asked for."""

    REQUESTED = "requested", "Asked for"
    SCHEDULE = "schedule", "On schedule"
    FACTS_CHANGED = "facts_changed", "The facts changed"


class ScanRun(models.Model):
    """One analysis of the facts: asked for, taken up by a worker, finished whole or not at all."""

    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    reason = models.CharField(max_length=20, choices=RunReason)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=200, blank=True)
    percent = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    now = models.DateTimeField(null=True, help_text="The instant the analysis was made for.")
    ruleset = models.CharField(max_length=20, blank=True)
    inputs_digest = models.CharField(max_length=64, blank=True)
    result_digest = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(null=True)
    drift = models.JSONField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="access_scanrun_state_known", condition=Q(state__in=RunState.values)
            ),
            models.UniqueConstraint(
                fields=["state"],
                name="access_scanrun_one_queued",
                condition=Q(state=RunState.QUEUED),
            ),
            models.UniqueConstraint(
                fields=["state"],
                name="access_scanrun_one_running",
                condition=Q(state=RunState.RUNNING),
            ),
            models.CheckConstraint(
                name="access_scanrun_finished_is_whole",
                condition=~Q(state=RunState.FINISHED)
                | Q(
                    finished_at__isnull=False,
                    now__isnull=False,
                    counts__isnull=False,
                    drift__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"scan {self.pk}"


class PairReach(models.Model):
    """What an environment reaches of a deployment, as the last finished run found it.

    Pairs without any reach have no row; ``verdict`` is none where no network path exists.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="pairs")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="pairs")
    reach = EnumField(ReachKind)
    proven = EnumField(ReachKind)
    verdict = EnumField(VerdictKind, null=True)
    since = models.ForeignKey(ScanRun, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "deployment"], name="access_pairreach_once"
            ),
            one_of("reach", [kind for kind in ReachKind if kind is not ReachKind.NONE]),
            one_of("proven", ReachKind),
            models.CheckConstraint(
                name="access_pairreach_verdict_known",
                condition=Q(verdict__isnull=True) | Q(verdict__in=[str(v) for v in VerdictKind]),
            ),
        ]
        indexes = [models.Index(fields=["verdict", "environment"], name="access_pair_verdict")]

    def __str__(self) -> str:
        return f"{self.environment_id} to {self.deployment_id}: {self.reach}"


class ReachChange(models.Model):
    """A pair whose reach or verdict differs between a run and the one before it: the drift.

    ``after`` none with ``seen`` false means that the environment or the deployment was not seen
    any more, which is not the same as a path removed.
    """

    run = models.ForeignKey(ScanRun, on_delete=models.CASCADE, related_name="reach_changes")
    environment = models.CharField(max_length=120, db_collation="C")
    deployment = models.CharField(max_length=120, db_collation="C")
    before = EnumField(ReachKind)
    after = EnumField(ReachKind)
    verdict_before = EnumField(VerdictKind, null=True)
    verdict_after = EnumField(VerdictKind, null=True)
    seen = models.BooleanField(default=True)

    class Meta:
        ordering = ["run", "environment", "deployment"]

    def __str__(self) -> str:
        return f"{self.environment} to {self.deployment}: {self.before} to {self.after}"
