"""Evidence: a file that somebody filed with a finding."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models

from apps.findings.models.findings import Finding


def place_of(_evidence: Any, _name: str) -> str:
    """Where a file is kept, under MEDIA_ROOT: nothing of the name that it came with."""
    return f"evidence/{uuid4().hex}"


class Evidence(models.Model):
    """One file: the name that it came with, what its content was found to be, its SHA-256."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="evidence")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=place_of)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "sha256"], name="findings_evidence_filed_once"
            )
        ]

    def __str__(self) -> str:
        return self.name
