"""Files that prove something about a finding."""

import hashlib
from pathlib import PurePath

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit.canonical import JSON
from apps.core.errors import ConflictError, InvalidError
from apps.findings.files import KINDS, kind_of
from apps.findings.models import Evidence, Finding, FindingEvent
from apps.findings.services.steps import locked, record


def add_evidence(*, actor: User, finding: Finding, name: str, content: bytes) -> Evidence:
    """File a document with a finding, once; what it is must be what its name says.

    Raises InvalidError for a file that is too large, empty or of another kind, ConflictError for
    one that is filed with this finding already.
    """
    policy.require(actor, Perm.COMMENT_FINDING, vendor=finding.vendor)
    title = _named(name)
    kind = _checked(title, content)
    evidence = Evidence(
        finding=finding,
        name=title,
        content_type=KINDS[kind],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        added_by=actor,
        added_at=timezone.now(),
    )
    try:
        return _store(actor, evidence, content)
    except BaseException:
        if evidence.file:  # the database has taken nothing: neither do we keep the file
            evidence.file.delete(save=False)
        raise


@transaction.atomic
def _store(actor: User, evidence: Evidence, content: bytes) -> Evidence:
    fresh = locked(evidence.finding)
    if fresh.evidence.filter(sha256=evidence.sha256).exists():
        raise ConflictError("This file is filed with this finding already.")
    evidence.file.save(evidence.name, ContentFile(content), save=False)
    evidence.save()
    data: dict[str, JSON] = {
        "evidence": evidence.pk,
        "name": evidence.name,
        "sha256": evidence.sha256,
        "size": evidence.size,
    }
    record(actor, fresh, FindingEvent.Kind.EVIDENCE, action="finding.evidence_added", data=data)
    return evidence


def _named(name: str) -> str:
    """The last part of the name, without what cannot be shown; its ending stays."""
    plain = "".join(
        letter for letter in PurePath(name.replace("\\", "/")).name if letter.isprintable()
    )
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:180]}{dot}{ending[:19]}"


def _checked(name: str, content: bytes) -> str:
    most = settings.EVIDENCE_MAX_BYTES
    if len(content) > most:
        fault = f"The file has more than {most // 1024**2} MB."
        raise InvalidError(fault, {"file": [fault]})
    try:
        return kind_of(name, content)
    except ValueError as error:
        raise InvalidError(str(error), {"file": [str(error)]}) from error
