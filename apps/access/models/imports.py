"""What was imported, by whom, and what it changed."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class ImportRun(models.Model):
    """One import of a document that was applied: its digest and what it changed, list by list."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=255, blank=True)
    mode = models.CharField(max_length=10)
    digest = models.CharField(max_length=64)
    changes = models.JSONField()
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"import {self.pk}"
