"""Environments, models, their deployments, and the dated permissions to use them.

A vendor of none means our own organisation.
"""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from apps.core.models import EnumField, Keyed, key_has_shape, one_of
from apps.core.search import words_index
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

    filed_under = ("vendor",)

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
        indexes = [words_index("access_environment_words")]
        constraints = [
            key_has_shape(),
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

    seen_through = ("allowlist__vendor", "drills__vendor", "deployments__environment__vendor")

    sensitivity = EnumField(Sensitivity)
    custodian = models.ForeignKey(
        "access.Identity", null=True, blank=True, on_delete=models.PROTECT, related_name="custodies"
    )

    class Meta:
        ordering = ["name", "key"]
        verbose_name = "model"
        indexes = [words_index("access_model_words")]
        constraints = [key_has_shape(), one_of("sensitivity", Sensitivity)]


class Deployment(Keyed):
    """One running instance or endpoint of a model, in the environment that hosts it."""

    filed_under = ("environment__vendor",)

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="deployments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="hosts")
    purpose = EnumField(choices=[(str(p), str(p).capitalize()) for p in PATH_PURPOSES])
    logging = EnumField(Logging, default=str(Logging.UNKNOWN))
    log_names_identity = EnumField(YesNo, default=str(YesNo.UNKNOWN))

    class Meta:
        ordering = ["name", "key"]
        indexes = [words_index("access_deployment_words")]
        constraints = [
            key_has_shape(),
            one_of("purpose", PATH_PURPOSES),
            one_of("logging", Logging),
            one_of("log_names_identity", YesNo),
        ]


class AllowlistEntry(Keyed):
    """A dated permission. Without ``approved_at`` it is a request, not a permission.

    Who approved is a fact about the world, good or bad: that the approver was independent is a rule
    of the analysis (RT-07), not a constraint here.
    """

    filed_under = ("vendor",)

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
        constraints = [
            key_has_shape(),
            one_of("purpose", PATH_PURPOSES),
        ]
        indexes = [
            words_index("access_entry_words"),
            models.Index(
                fields=["expires_at"],
                name="access_entry_ends",
                condition=Q(expires_at__isnull=False),
            ),
        ]

    def clean(self) -> None:
        if self.environment is not None and self.environment.vendor_id != self.vendor_id:
            raise ValidationError(
                {"environment": f"{self.environment.key} does not belong to the entry's vendor."}
            )
        # Not in the database: a document may end an entry before an approval that lies ahead, which
        # is not one yet.
        if self.approved_at and self.expires_at and self.expires_at < self.approved_at:
            raise ValidationError({"expires_at": "The end is before the start."})
