"""What happened: leaks that name parts of a route, and rehearsed revocations."""

from django.db import models

from apps.access.models.identities import Credential
from apps.access.models.inventory import AIModel, Deployment, Environment
from apps.access.models.relations import exactly_one, once
from apps.core.models import EnumField, Filed, Keyed, key_has_shape, not_before, one_of
from apps.engine.values import ExposureKind
from apps.vendors.models import Vendor


class Exposure(Keyed):
    """A leak: what it names can be guessed or used by strangers until it is closed."""

    filed_under = ("targets",)

    kind = EnumField(ExposureKind)
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(null=True, blank=True)  # noqa: DJ001 - none and empty are kept apart, as in the document

    class Meta:
        ordering = ["key"]
        constraints = [
            key_has_shape(),
            one_of("kind", ExposureKind),
            not_before("closed_at", "seen_at"),
        ]


class ExposureTarget(Filed):
    """One thing that an exposure names."""

    filed_under = (
        "environment__vendor",
        "deployment__environment__vendor",
        "credential__identity__vendor",
    )

    exposure = models.ForeignKey(Exposure, on_delete=models.CASCADE, related_name="targets")
    environment = models.ForeignKey(
        Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="exposures"
    )
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.PROTECT, related_name="exposures"
    )
    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="exposures"
    )

    class Meta:
        constraints = [
            once("exposure", "environment", "deployment", "credential"),
            exactly_one("environment", "deployment", "credential"),
        ]

    def __str__(self) -> str:
        return f"target {self.pk} of exposure {self.exposure_id}"


class Drill(Keyed):
    """A revocation drill: from the order (``started_at``) to the proof that the path is dead."""

    filed_under = ("vendor",)

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="drills")
    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="drills")
    started_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    evidence = models.TextField(null=True, blank=True)  # noqa: DJ001 - none and empty are kept apart, as in the document

    class Meta:
        ordering = ["key"]
        constraints = [key_has_shape(), not_before("confirmed_at", "started_at")]
