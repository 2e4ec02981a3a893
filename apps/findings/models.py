"""Findings: what is wrong, known by fingerprint, with everything that happened to each."""

from django.db import models
from django.db.models import Q

from apps.core.models import EnumField, one_of
from apps.engine.values import Certainty, Severity
from apps.vendors.models import Vendor


class FindingState(models.TextChoices):
    OPEN = "open"
    CLOSED = "closed"


class FindingSource(models.TextChoices):
    """What found it; each source reconciles its own findings and leaves the others alone."""

    SCAN = "scan", "A scan of the access graph"


class Finding(models.Model):
    """One thing that is wrong, found by a rule; the same thing found again is the same row.

    The subject's keys stand in columns of their own, so that lists filter on them; they are keys
    of facts in other tables. ``vendor`` decides who may see it: none is our own organisation.
    """

    fingerprint = models.CharField(max_length=32, unique=True)
    source = models.CharField(max_length=20, choices=FindingSource)
    rule = models.CharField(max_length=10)
    certainty = EnumField(Certainty)
    severity = EnumField(Severity)
    state = models.CharField(max_length=10, choices=FindingState, default=FindingState.OPEN)
    subject = models.JSONField()
    environment = models.CharField(max_length=120, blank=True, db_collation="C")
    deployment = models.CharField(max_length=120, blank=True, db_collation="C")
    credential = models.CharField(max_length=120, blank=True, db_collation="C")
    identity = models.CharField(max_length=120, blank=True, db_collation="C")
    vendor = models.ForeignKey(
        Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    missing = models.TextField()
    fix = models.TextField()
    witness = models.JSONField()
    rests_on = models.JSONField(default=list)
    first_found_at = models.DateTimeField()
    opened_at = models.DateTimeField(help_text="When it was last opened or reopened.")
    closed_at = models.DateTimeField(null=True, blank=True)
    times_opened = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["id"]
        constraints = [
            one_of("certainty", Certainty),
            one_of("severity", Severity),
            models.CheckConstraint(
                name="findings_finding_state_known",
                condition=Q(state__in=FindingState.values),
            ),
            models.CheckConstraint(
                name="findings_finding_closed_has_date",
                condition=Q(state=FindingState.OPEN, closed_at__isnull=True)
                | Q(state=FindingState.CLOSED, closed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "severity", "rule"], name="findings_state_sev_rule"),
            models.Index(fields=["environment", "deployment"], name="findings_pair"),
            models.Index(fields=["deployment"], name="findings_deployment"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.fingerprint}"


class FindingEvent(models.Model):
    """One thing that happened to a finding. ``run`` is the number of the scan that saw it."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        CLOSED = "closed"
        REOPENED = "reopened"
        REGRADED = "regraded", "Severity or certainty changed"
        REROUTED = "rerouted", "The route that proves it changed"

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    run = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "kind"], name="findings_event_run")]

    def __str__(self) -> str:
        return f"{self.kind} in run {self.run}"
