"""Environments, models, their deployments, and the dated permissions to use them.

A vendor of none means our own organisation.
"""

from django.db import models
from django.db.models import Q

from apps.core.models import EnumField, Keyed, one_of
from apps.engine.values import (
    EnvironmentKind,
    EnvironmentStatus,
    Inventory,
    Logging,
    Purpose,
    Sensitivity,
    YesNo,
)
from apps.vendors.models import Vendor

PATH_PURPOSES = [Purpose.EVALUATION, Purpose.RESEARCH, Purpose.PRODUCTION]


class Environment(Keyed):
    """A place where work happens: a lab, a fleet of laptops, a gateway. Unknown is never safe."""

    vendor = models.ForeignKey(
        Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="environments"
    )
    kind = EnumField(EnvironmentKind)
    purpose = EnumField(Purpose)
    internet_egress = EnumField(YesNo, default=str(YesNo.UNKNOWN))
    internet_exposed = EnumField(YesNo, default=str(YesNo.UNKNOWN))
    managed_endpoints = EnumField(YesNo, default=str(YesNo.UNKNOWN))
    inventory = EnumField(Inventory, default=str(Inventory.UNKNOWN))
    status = EnumField(EnvironmentStatus, default=str(EnvironmentStatus.ACTIVE))

    class Meta:
        ordering = ["name", "key"]
        constraints = [
            one_of("kind", EnvironmentKind),
            one_of("purpose", Purpose),
            one_of("internet_egress", YesNo),
            one_of("internet_exposed", YesNo),
            one_of("managed_endpoints", YesNo),
            one_of("inventory", Inventory),
            one_of("status", EnvironmentStatus),
        ]


class AIModel(Keyed):
    """A model and how sensitive it is. M3 and M4 are the ones whose routes are analysed."""

    sensitivity = EnumField(Sensitivity)
    custodian = models.ForeignKey(
        "access.Identity", null=True, blank=True, on_delete=models.PROTECT, related_name="custodies"
    )

    class Meta:
        ordering = ["name", "key"]
        constraints = [one_of("sensitivity", Sensitivity)]


class Deployment(Keyed):
    """One running instance or endpoint of a model, in the environment that hosts it."""

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="deployments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="hosts")
    purpose = EnumField(choices=[(str(p), str(p).capitalize()) for p in PATH_PURPOSES])
    logging = EnumField(Logging, default=str(Logging.UNKNOWN))
    log_names_identity = EnumField(YesNo, default=str(YesNo.UNKNOWN))

    class Meta:
        ordering = ["name", "key"]
        constraints = [
            one_of("purpose", PATH_PURPOSES),
            one_of("logging", Logging),
            one_of("log_names_identity", YesNo),
        ]


class AllowlistEntry(Keyed):
    """A dated permission. Without ``approved_at`` it is a request, not a permission.

    Who approved is a fact about the world, good or bad: that the approver was independent is a rule
    of the analysis (RT-07), not a constraint here.
    """

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="allowlist")
    vendor = models.ForeignKey(
        Vendor, null=True, blank=True, on_delete=models.PROTECT, related_name="allowlist"
    )
    purpose = EnumField(choices=[(str(p), str(p).capitalize()) for p in PATH_PURPOSES])
    environment = models.ForeignKey(
        Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="allowlist"
    )
    requested_by = models.ForeignKey(
        "access.Identity", null=True, blank=True, on_delete=models.PROTECT, related_name="requested"
    )
    approved_by = models.ForeignKey(
        "access.Identity", null=True, blank=True, on_delete=models.PROTECT, related_name="approved"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["key"]
        verbose_name_plural = "allowlist entries"
        constraints = [one_of("purpose", PATH_PURPOSES)]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="access_entry_ends",
                condition=Q(expires_at__isnull=False),
            )
        ]
