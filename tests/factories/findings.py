"""Test findings. Saved past the services, so without an event and an entry in the log."""

import hashlib
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.engine.values import Certainty, Severity
from apps.findings.lifecycle import Stage
from apps.findings.models import Acceptance, Evidence, Finding, FindingSource, FindingState
from tests.factories.accounts import UserFactory
from tests.factories.vendors import VendorFactory, made_by, numbered, worked_out

FIELDS = ("environment", "deployment", "credential", "identity")


def _subject(finding: Any) -> dict[str, str]:
    return {name: key for name in FIELDS if (key := getattr(finding, name, ""))}


def _stage(finding: Any) -> Stage:
    closed = getattr(finding, "state", FindingState.OPEN) == FindingState.CLOSED
    return Stage.CLOSED if closed else Stage.OPEN


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
    cause = worked_out(lambda finding: f"environment:{finding.environment}")
    vendor = made_by(VendorFactory)
    missing = "AR-01 Per-partner allowlist: nobody admitted it."
    fix = "End it."
    witness = worked_out(lambda _finding: {"access": [], "wire": [], "credential": []})
    first_found_at = worked_out(lambda _finding: timezone.now())
    opened_at = worked_out(lambda finding: finding.first_found_at)
    stage = worked_out(_stage)
    due_on = worked_out(lambda finding: finding.opened_at.date() + timedelta(days=30))


class AcceptanceFactory(DjangoModelFactory[Acceptance]):
    """A proposal of somebody who has no other part in the story, for thirty days."""

    class Meta:
        model = Acceptance

    finding = made_by(FindingFactory)
    reason = "The work ends next month."
    ends_on = worked_out(lambda _acceptance: timezone.now().date() + timedelta(days=30))
    needs_custodian = False
    proposed_by = made_by(UserFactory)
    proposed_at = worked_out(lambda _acceptance: timezone.now())


class EvidenceFactory(DjangoModelFactory[Evidence]):
    """A text file, filed by somebody who has no other part in the story."""

    class Meta:
        model = Evidence
        exclude = ("content",)

    content = b"It is so."
    finding = made_by(FindingFactory)
    name = "note.txt"
    content_type = "text/plain; charset=utf-8"
    size = worked_out(lambda evidence: len(evidence.content))
    sha256 = worked_out(lambda evidence: hashlib.sha256(evidence.content).hexdigest())
    file = worked_out(lambda evidence: ContentFile(evidence.content, name="note"))
    added_by = made_by(UserFactory)
    added_at = worked_out(lambda _evidence: timezone.now())
