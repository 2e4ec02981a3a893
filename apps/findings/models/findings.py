"""Findings: what is wrong, known by fingerprint, with everything that happened to each."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import EnumField, one_of
from apps.engine.values import Certainty, Severity
from apps.findings.lifecycle import GIVEN, GONE, Stage
from apps.findings.ranks import BY_CERTAINTY, BY_SEVERITY
from apps.vendors.models import Vendor


class FindingState(models.TextChoices):
    OPEN = "open"
    CLOSED = "closed"


class FindingSource(models.TextChoices):
    """What found it; each source reconciles its own findings and leaves the others alone."""

    SCAN = "scan", "A scan of the access graph"


class Finding(models.Model):
    """One thing that is wrong, found by a rule; the same thing found again is the same row.

    ``state`` is what the source says of the facts, and its alone to change. ``stage``, ``owner``
    and ``due_on`` are the treatment: what people do about it. The subject's keys stand in columns
    of their own, so that lists filter on them; they are keys of facts in other tables. ``vendor``
    decides who may see it: none is our own organisation. ``cause`` is what it shares with others.
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
    cause = models.CharField(max_length=600, blank=True, default="", db_collation="C")
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
    stage = EnumField(Stage, default=str(Stage.OPEN))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="findings",
    )
    due_on = models.DateField(null=True, blank=True)
    due_is_chosen = models.BooleanField(
        default=False, help_text="Somebody chose the date: another severity does not move it."
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            one_of("certainty", Certainty),
            one_of("severity", Severity),
            one_of("stage", Stage),
            models.CheckConstraint(
                name="findings_finding_state_known",
                condition=Q(state__in=FindingState.values),
            ),
            models.CheckConstraint(
                name="findings_finding_closed_has_date",
                condition=Q(state=FindingState.OPEN, closed_at__isnull=True)
                | Q(state=FindingState.CLOSED, closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="findings_finding_stage_fits_state",
                condition=Q(state=FindingState.OPEN, stage__in=sorted(map(str, GIVEN)))
                | Q(state=FindingState.CLOSED, stage__in=sorted(map(str, GONE))),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "severity", "rule"], name="findings_state_sev_rule"),
            models.Index(
                "state",
                BY_SEVERITY,
                BY_CERTAINTY,
                "opened_at",
                "rule",
                "id",
                name="findings_worst_first",
            ),
            models.Index(fields=["environment", "deployment"], name="findings_pair"),
            models.Index(fields=["deployment"], name="findings_deployment"),
            models.Index(fields=["cause"], name="findings_cause"),
            models.Index(
                fields=["due_on"], name="findings_due", condition=Q(state=FindingState.OPEN)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.fingerprint}"

    @property
    def is_open(self) -> bool:
        """Whether the facts still give it."""
        return self.state == FindingState.OPEN


class FindingEvent(models.Model):
    """One thing that happened to a finding; the database refuses to change or delete it.

    By a scan (``run`` is its number), or by somebody (``actor``), with what they wrote (``note``).
    """

    class Kind(models.TextChoices):
        OPENED = "opened"
        CLOSED = "closed"
        REOPENED = "reopened"
        REGRADED = "regraded", "Severity or certainty changed"
        REROUTED = "rerouted", "The route that proves it changed"
        ASSIGNED = "assigned"
        DUE = "due", "Due date changed"
        PLANNED = "planned"
        UNPLANNED = "unplanned"
        CLAIMED = "claimed"
        DISPUTED = "disputed"
        SIGNED_OFF = "signed_off"
        COMMENTED = "commented"
        EVIDENCE = "evidence"
        PROPOSED = "proposed"
        TAKEN_UP = "taken_up"
        APPROVED = "approved"
        SIGNED = "signed"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"
        REVOKED = "revoked"
        EXPIRED = "expired"

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind)
    run = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(blank=True, default="", db_default="")
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "kind"], name="findings_event_run")]

    def __str__(self) -> str:
        return f"{self.kind} in run {self.run}" if self.run else self.kind

    @property
    def day(self) -> date | None:
        """The day it is about: until when something is due or accepted."""
        stated = self.data.get("after") if self.kind == self.Kind.DUE else self.data.get("ends_on")
        return date.fromisoformat(stated) if stated else None

    @property
    def day_before(self) -> date | None:
        """Until when it was due before."""
        stated = self.data.get("before") if self.kind == self.Kind.DUE else None
        return date.fromisoformat(stated) if stated else None
