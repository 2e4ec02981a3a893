"""Test findings. Saved past the services, so without an event and an entry in the log."""

from typing import Any

from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.engine.values import Certainty, Severity
from apps.findings.models import Finding, FindingSource
from tests.factories.vendors import VendorFactory, made_by, numbered, worked_out

FIELDS = ("environment", "deployment", "credential", "identity")


def _subject(finding: Any) -> dict[str, str]:
    return {name: key for name in FIELDS if (key := getattr(finding, name, ""))}


class FindingFactory(DjangoModelFactory[Finding]):
    """A proven finding about keys of facts, which need not exist; without a route."""

    class Meta:
        model = Finding

    fingerprint = numbered("print")
    source = FindingSource.SCAN
    rule = "RT-01"
    certainty = Certainty.PROVEN
    severity = Severity.HIGH
    environment = numbered("environment")
    deployment = numbered("deployment")
    credential = ""
    identity = ""
    subject = worked_out(_subject)
    vendor = made_by(VendorFactory)
    missing = "AR-01 Per-partner allowlist: nobody admitted it."
    fix = "End it."
    witness = worked_out(lambda _finding: {"access": [], "wire": [], "credential": []})
    first_found_at = worked_out(lambda _finding: timezone.now())
    opened_at = worked_out(lambda finding: finding.first_found_at)
