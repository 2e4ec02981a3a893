"""Files filed with a finding: taken in by their content, given out as attachments only."""

import hashlib

from django.http import FileResponse, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.errors import ConflictError
from apps.findings import selectors
from apps.findings.forms import EvidenceForm
from apps.findings.models import Evidence
from apps.findings.services.evidence import add_evidence
from apps.findings.views.treatment import answer


@require_POST
def evidence_add(request: SignedInRequest, pk: int) -> HttpResponse:
    """File a document with a finding."""
    finding = selectors.finding_for(request.user, pk)
    policy.require(request.user, Perm.COMMENT_FINDING)
    form = EvidenceForm(request.POST, request.FILES, actor=request.user, prefix="evidence")

    def add() -> None:
        file = form.cleaned_data["file"]
        add_evidence(actor=request.user, finding=finding, name=file.name, content=file.read())

    return answer(request, finding, form, add, "The document is filed.")


@require_safe
def evidence_file(request: SignedInRequest, pk: int) -> FileResponse:
    """One document, as it was filed: to be saved, never shown in the browser."""
    evidence = selectors.evidence_for(request.user, pk)
    _refuse_altered(evidence)
    response = FileResponse(
        evidence.file.open("rb"),
        as_attachment=True,
        filename=evidence.name,
        content_type=evidence.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _refuse_altered(evidence: Evidence) -> None:
    """Give out nothing but what was filed."""
    try:
        with evidence.file.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ConflictError("The file is gone from the store.") from error
    if found != evidence.sha256:
        raise ConflictError("The file in the store is not the one that was filed.")
