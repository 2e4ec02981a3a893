"""The log: one row for every write, each chained to the one before. The database refuses change."""

from django.conf import settings
from django.db import models


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
            models.Index(fields=["action", "number"], name="audit_action"),
            models.Index(fields=["vendor_id", "number"], name="audit_vendor"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class AuditHead(models.Model):
    """The number and hash of the last entry, in one row: so that a cut-off tail is noticed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(name="audit_head_is_one_row", condition=models.Q(id=1))
        ]

    def __str__(self) -> str:
        return f"head at {self.number}"
