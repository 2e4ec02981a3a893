"""The register: vendors, who engaged them, and the contracts that name sub-contractors."""

from django.db import models
from django.db.models import F, Q
from guardian.models import UserObjectPermissionBase

from apps.core.models import EnumField, Keyed, key_has_shape, not_before, one_of
from apps.core.search import words_index
from apps.engine.values import VendorKind, VendorStatus, YesNo


class Vendor(Keyed):
    """A third party. ``engaged_by`` is the vendor that brought it in: the contractor chain."""

    filed_under = ("pk",)

    kind = EnumField(VendorKind)
    engaged_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="engages"
    )
    status = EnumField(VendorStatus, default=str(VendorStatus.ACTIVE))

    class Meta:
        ordering = ["name", "key"]
        indexes = [words_index("vendors_vendor_words")]
        constraints = [
            key_has_shape(),
            one_of("kind", VendorKind),
            one_of("status", VendorStatus),
            models.CheckConstraint(
                name="vendors_vendor_does_not_engage_itself",
                condition=Q(engaged_by__isnull=True) | ~Q(engaged_by=F("id")),
                violation_error_message="A vendor cannot engage itself.",
            ),
        ]


class VendorUserObjectPermission(UserObjectPermissionBase):
    """A grant of one permission on one vendor: a direct foreign key, indexed both ways."""

    id = models.BigAutoField(primary_key=True)
    content_object = models.ForeignKey(Vendor, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False


class Contract(Keyed):
    """A contract with a vendor and the sub-contractors it names; no ``ends_on`` means open."""

    filed_under = ("vendor",)

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="contracts")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    subcontractors = models.ManyToManyField(
        Vendor, through="ContractSubcontractor", related_name="named_in", blank=True
    )
    right_to_audit = EnumField(YesNo, default=str(YesNo.UNKNOWN))
    breach_notice_hours = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["key"]
        constraints = [
            key_has_shape(),
            not_before("ends_on", "starts_on"),
            one_of("right_to_audit", YesNo),
        ]


class ContractSubcontractor(models.Model):
    """One sub-contractor that a contract names."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="names")
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "vendor"], name="vendors_contract_names_vendor_once"
            )
        ]

    def __str__(self) -> str:
        return f"contract {self.contract_id} names {self.vendor_id}"
