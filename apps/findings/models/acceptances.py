"""Acceptances: somebody answers for a risk until a day, and somebody else says so."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.models import EnumField, one_of
from apps.findings.lifecycle import LIVE, Standing
from apps.findings.models.findings import Finding

_LIVE = sorted(map(str, LIVE))
_DECIDED = sorted(map(str, (Standing.ACTIVE, Standing.EXPIRED, Standing.REVOKED)))


class Acceptance(models.Model):
    """A proposal to live with a finding until ``ends_on`` (the last day), and what came of it.

    Whoever proposed it neither approves nor signs it, and with ``needs_custodian`` two different
    people do. What was proposed is never changed: the database refuses it. An extension is a new
    proposal.
    """

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="acceptances")
    standing = EnumField(Standing, default=str(Standing.PROPOSED))
    reason = models.TextField()
    ends_on = models.DateField()
    needs_custodian = models.BooleanField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            one_of("standing", Standing),
            models.UniqueConstraint(
                fields=["finding"],
                name="findings_acceptance_one_at_a_time",
                condition=Q(standing__in=_LIVE),
            ),
            models.CheckConstraint(
                name="findings_acceptance_approver_did_not_propose",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="findings_acceptance_signer_did_not_propose",
                condition=Q(signed_by__isnull=True) | ~Q(signed_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="findings_acceptance_signer_did_not_approve",
                condition=Q(signed_by__isnull=True)
                | Q(approved_by__isnull=True)
                | ~Q(signed_by=F("approved_by")),
            ),
            models.CheckConstraint(
                name="findings_acceptance_in_force_is_decided",
                condition=~Q(standing__in=_DECIDED)
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False)
                    & (
                        Q(needs_custodian=False)
                        | Q(signed_by__isnull=False, signed_at__isnull=False)
                    )
                ),
            ),
            models.CheckConstraint(
                name="findings_acceptance_ended_has_date",
                condition=Q(standing__in=_LIVE, ended_at__isnull=True)
                | (~Q(standing__in=_LIVE) & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["ends_on"],
                name="findings_acceptance_ends",
                condition=Q(standing=str(Standing.ACTIVE)),
            )
        ]

    def __str__(self) -> str:
        return f"acceptance of finding {self.finding_id} until {self.ends_on.isoformat()}"

    def standing_on(self, day: date) -> Standing:
        """How it stands on a day: one that has run out is expired, swept already or not."""
        if self.standing == Standing.ACTIVE and self.ends_on < day:
            return Standing.EXPIRED
        return Standing(self.standing)

    @property
    def is_complete(self) -> bool:
        """Whether everybody who must has said yes."""
        return self.approved_by_id is not None and (
            self.signed_by_id is not None or not self.needs_custodian
        )
