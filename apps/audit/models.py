"""The log: one row for every write, each chained to the one before. The database refuses change."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class AuditEntry(models.Model):
    """What somebody did. Written by ``audit.services.record`` alone; never updated, never deleted.

    ``number`` counts from 1 without gaps. ``hash`` is SHA-256 over the canonical JSON of the other
    columns, which hold ``previous``, the hash of the entry before (64 zeros for the first).
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        null=True,
    )
    actor_name = models.CharField(max_length=300)
    action = models.CharField(max_length=80)
    target_type = models.CharField(max_length=80, blank=True)
    target_id = models.CharField(max_length=120, blank=True)
    target_name = models.CharField(max_length=1000, blank=True)
    vendor_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-number"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="audit_target"),
            models.Index(fields=["target_type", "number"], name="audit_target_type"),
            models.Index(fields=["action", "number"], name="audit_action"),
            models.Index(fields=["actor", "number"], name="audit_actor"),
            models.Index(fields=["vendor_id", "number"], name="audit_vendor"),
            models.Index(fields=["at"], name="audit_at"),
            GinIndex(SearchVector("target_name", config="simple"), name="audit_target_words"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class AuditHead(models.Model):
    """The number and hash of the last entry, in one row: so that a cut-off tail is noticed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(name="audit_head_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"head at {self.number}"


class Verification(models.Model):
    """One check of the whole chain: asked for, carried out by a worker, with what it found.

    ``entries`` are in order and ``hash`` is that of the last of them. ``fault`` says what was done
    to the first entry that is wrong, ``fault_entry`` which it is (none: the head).
    """

    class Result(models.TextChoices):
        HOLDS = "holds", "Holds together"
        BROKEN = "broken", "Was tampered with"
        FAILED = "failed", "Could not be carried out"

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=10, choices=Result, blank=True)
    entries = models.BigIntegerField(null=True)
    hash = models.CharField(max_length=64, blank=True)
    fault = models.TextField(blank=True)
    fault_entry = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="audit_verification_result_known",
                condition=Q(result__in=["", "holds", "broken", "failed"]),
            ),
            models.CheckConstraint(
                name="audit_verification_finished_has_result",
                condition=Q(finished_at__isnull=True, result="")
                | Q(finished_at__isnull=False, result__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return f"verification {self.pk}"

    @property
    def is_running(self) -> bool:
        return self.finished_at is None
