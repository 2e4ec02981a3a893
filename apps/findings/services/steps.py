"""What the services of findings share: the locked row, what somebody wrote, the two records."""

from collections.abc import Mapping

from django.utils import timezone

from apps.accounts.models import User
from apps.audit import services as audit
from apps.audit.canonical import JSON
from apps.core.errors import InvalidError, NotFoundError
from apps.findings.models import Acceptance, Finding, FindingEvent

MOST_LETTERS = 4000


def locked(finding: Finding) -> Finding:
    """The finding as it is now, which nobody else changes until we are done."""
    rows = Finding.objects.select_for_update(of=("self",)).select_related("vendor", "owner")
    fresh = rows.filter(pk=finding.pk).first()
    if fresh is None:
        raise NotFoundError(f"There is no finding {finding.pk}.")
    return fresh


def said(text: str, field: str) -> str:
    """What somebody wrote, without the space around it; InvalidError for nothing, or too much."""
    text = text.strip()
    fault = ""
    if not text:
        fault = "Write a sentence: it stays in the history."
    elif len(text) > MOST_LETTERS:
        fault = f"Keep it to {MOST_LETTERS:,} characters, and file the rest as evidence."
    elif "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        fault = "It holds a character that cannot be stored."
    if fault:
        raise InvalidError(fault, {field: [fault]})
    return text


def record(
    actor: User,
    finding: Finding,
    kind: FindingEvent.Kind,
    *,
    action: str,
    note: str = "",
    data: Mapping[str, JSON] | None = None,
    target: Finding | Acceptance | None = None,
) -> None:
    """Write it into the finding's history and, last of all, into the log."""
    FindingEvent.objects.create(
        finding=finding,
        kind=kind,
        at=timezone.now(),
        actor=actor,
        note=note,
        data=dict(data or {}),
    )
    audit.record(
        actor=actor,
        action=action,
        target=target or finding,
        vendor_id=finding.vendor_id,
        data={"finding": finding.pk, **(data or {}), **({"note": note} if note else {})},
    )
