"""What is imported, by whom, how far it is, and what it changed."""

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.access.models.runs import ScanRun


class ImportState(models.TextChoices):
    """A document is checked, shown, and then applied; nothing happens to the facts before."""

    DRAFT = "draft", "Columns to be chosen"
    UPLOADED = "uploaded", "Waiting"
    CHECKING = "checking"
    READY = "ready", "Ready to apply"
    REFUSED = "refused"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    DISCARDED = "discarded"


ACTIVE = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.APPLYING)
"""The states in which a worker works on it, or will."""

IMPORTS_FOLDER = "imports"


def import_files() -> Storage:
    """How uploaded documents are kept: under MEDIA_ROOT, never served, readable by us alone."""
    return FileSystemStorage(file_permissions_mode=0o600, directory_permissions_mode=0o700)


class ImportRun(models.Model):
    """One import of a document: its digest, what it would change or changed, and how far it is.

    An import by command is applied at once. One that was uploaded is kept as a ``file`` until it is
    applied or given up. ``reading`` says how a table is read (list, delimiter, columns); it is none
    of a document. ``shown`` is what a check found, for people; ``plan_digest`` what exactly.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=255, blank=True)
    mode = models.CharField(max_length=10, blank=True)
    digest = models.CharField(max_length=64)
    changes = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now(), editable=False)

    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.APPLIED)
    size = models.PositiveBigIntegerField(null=True)
    file = models.FileField(
        storage=import_files, upload_to=IMPORTS_FOLDER, max_length=100, blank=True
    )
    reading = models.JSONField(null=True)
    shown = models.JSONField(null=True)
    plan_digest = models.CharField(max_length=64, blank=True)
    faults_count = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)
    scan = models.ForeignKey(ScanRun, null=True, on_delete=models.SET_NULL, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=200, blank=True)
    percent = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="access_importrun_state_known", condition=Q(state__in=ImportState.values)
            ),
            models.CheckConstraint(
                name="access_importrun_ready_says_what",
                condition=~Q(state__in=[ImportState.READY, ImportState.APPLYING])
                | ~Q(plan_digest=""),
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether a worker works on it, or will."""
        return self.state in ACTIVE

    @property
    def kind(self) -> str:
        """The list that a table holds; nothing for a document."""
        return str(self.reading.get("list", "")) if self.reading else ""


class ImportFault(models.Model):
    """One wrong thing of a document that was checked; ``number`` counts them from 1.

    ``line`` is the line of a table, from 1; ``row`` the index in a document's list, from 0.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="faults")
    number = models.PositiveIntegerField()
    line = models.PositiveIntegerField(null=True)
    list = models.CharField(max_length=20, blank=True)
    row = models.PositiveIntegerField(null=True)
    key = models.TextField(blank=True)
    field = models.TextField(blank=True)
    reason = models.CharField(max_length=30)
    message = models.TextField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "number"], name="access_importfault_numbered_once"
            )
        ]

    def __str__(self) -> str:
        return self.message
