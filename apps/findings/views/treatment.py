"""What people do about one finding: each a form of its page."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.policy import UNSET
from apps.accounts.roles import Perm
from apps.core.errors import NotFoundError
from apps.core.forms import DomainForm
from apps.findings import selectors
from apps.findings.forms import (
    AcceptanceForm,
    CommentForm,
    DueForm,
    NoteForm,
    OptionalNoteForm,
    OwnerForm,
)
from apps.findings.lifecycle import BY_SCANS, Move, Step
from apps.findings.models import Finding
from apps.findings.services import acceptances, treatment
from apps.findings.views.detail import MOVE_WORDS, STEP_WORDS, finding_page

SAID = {
    Step.TAKE_UP: "The review has begun.",
    Step.APPROVE: "Approved.",
    Step.SIGN: "Signed.",
    Step.DECLINE: "Declined.",
    Step.WITHDRAW: "Withdrawn.",
    Step.REVOKE: "Revoked: the finding is on the list again.",
}


def answer(
    request: SignedInRequest,
    finding: Finding,
    form: DomainForm,
    call: Callable[[], object],
    said: str,
) -> HttpResponse:
    """Do it and go back to the page; what was refused is shown on it, as it was typed."""
    if form.is_valid() and form.saves(call):
        messages.success(request, said)
        return redirect("findings:finding-detail", pk=finding.pk)
    return finding_page(request, selectors.finding_for(request.user, finding.pk), form)


@require_POST
def finding_treat(request: SignedInRequest, pk: int, move: str) -> HttpResponse:
    """Plan, claim, close: one move of the treatment."""
    finding = selectors.finding_for(request.user, pk)
    policy.require(request.user, Perm.TREAT_FINDING)
    if move not in set(Move) - BY_SCANS:
        raise NotFoundError("There is no such move.")
    form = NoteForm(request.POST, actor=request.user, prefix=move)
    form.fields["note"].label = MOVE_WORDS[Move(move)][1]

    def treat() -> None:
        note = form.cleaned_data["note"]
        treatment.treat_finding(actor=request.user, finding=finding, move=Move(move), note=note)

    return answer(request, finding, form, treat, "Noted.")


@require_POST
def finding_assign(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say who sees to it."""
    finding = selectors.finding_for(request.user, pk)
    policy.require(request.user, Perm.TREAT_FINDING)
    people = selectors.possible_owners(finding.vendor)
    form = OwnerForm(request.POST, actor=request.user, people=people, prefix="owner")

    def assign() -> None:
        owner = form.cleaned_data["owner"]
        if owner is not UNSET:
            treatment.assign_finding(actor=request.user, finding=finding, owner=owner)

    return answer(request, finding, form, assign, "The owner is set.")


@require_POST
def finding_due(request: SignedInRequest, pk: int) -> HttpResponse:
    """Set another due date."""
    finding = selectors.finding_for(request.user, pk)
    policy.require(request.user, Perm.TREAT_FINDING)
    form = DueForm(request.POST, actor=request.user, prefix="due")
    return answer(
        request,
        finding,
        form,
        lambda: treatment.change_due(actor=request.user, finding=finding, **form.cleaned_data),
        "The due date is set.",
    )


@require_POST
def finding_comment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Add a remark."""
    finding = selectors.finding_for(request.user, pk)
    policy.require(request.user, Perm.COMMENT_FINDING)
    form = CommentForm(request.POST, actor=request.user, prefix="comment")
    return answer(
        request,
        finding,
        form,
        lambda: treatment.comment_finding(actor=request.user, finding=finding, **form.cleaned_data),
        "Your comment is in the history.",
    )


@require_POST
def acceptance_propose(request: SignedInRequest, pk: int) -> HttpResponse:
    """Propose to live with it until a day."""
    finding = selectors.finding_for(request.user, pk)
    policy.require(request.user, Perm.PROPOSE_ACCEPTANCE)
    form = AcceptanceForm(request.POST, actor=request.user, prefix="accept")

    def propose() -> None:
        acceptances.propose_acceptance(actor=request.user, finding=finding, **form.cleaned_data)

    return answer(request, finding, form, propose, "Proposed: somebody else decides.")


@require_POST
def acceptance_decide(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Take up, approve, sign, decline, withdraw or revoke an acceptance."""
    acceptance = selectors.acceptance_for(request.user, pk)
    if step not in STEP_WORDS:
        raise NotFoundError("There is no such step.")
    chosen = Step(step)
    acceptances.require_step(actor=request.user, acceptance=acceptance, step=chosen)
    kind = OptionalNoteForm if chosen is Step.TAKE_UP else NoteForm
    form = kind(request.POST, actor=request.user, prefix=step)
    form.fields["note"].label = STEP_WORDS[chosen][1]

    def decide() -> None:
        note = form.cleaned_data["note"]
        acceptances.decide_acceptance(
            actor=request.user, acceptance=acceptance, step=chosen, note=note
        )

    return answer(request, acceptance.finding, form, decide, SAID[chosen])
