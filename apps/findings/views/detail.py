"""One finding: its proof, how far its treatment has come, and what may be done about it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.forms import DomainForm
from apps.findings import four_eyes, selectors
from apps.findings.forms import (
    NOBODY,
    AcceptanceForm,
    CommentForm,
    DueForm,
    EvidenceForm,
    NoteForm,
    OptionalNoteForm,
    OwnerForm,
)
from apps.findings.lifecycle import (
    ACCEPTANCE,
    BY_SCANS,
    LIVE,
    TREATMENT,
    Move,
    Stage,
    Standing,
    Step,
    after,
)
from apps.findings.models import Acceptance, Finding, FindingEvent
from apps.findings.services.acceptances import PERMS
from apps.findings.tellers import tell, teller_of

MOVE_WORDS = {
    Move.PLAN: ("Plan a fix", "What is to be done, and by whom"),
    Move.CLAIM: ("Claim a fix", "What was done; the next scans say whether it holds"),
    Move.UNPLAN: ("Drop the plan", "Why it is dropped"),
    Move.DISPUTE: ("Not fixed after all", "What is still missing"),
    Move.CLOSE: ("Close it", "What was checked"),
}
STEP_WORDS = {
    Step.TAKE_UP: ("Take up the review", "Anything to be said (not needed)"),
    Step.APPROVE: ("Approve", "Why the risk can be borne"),
    Step.SIGN: ("Sign as custodian", "What you have seen"),
    Step.DECLINE: ("Decline", "Why not"),
    Step.WITHDRAW: ("Withdraw", "Why it is withdrawn"),
    Step.REVOKE: ("Revoke", "Why it ends before its day"),
}


@dataclass(frozen=True)
class Action:
    """Something that may be done now: its name in the address, its button, its form."""

    name: str
    button: str
    form: DomainForm


@dataclass(frozen=True)
class AcceptanceTold:
    """An acceptance as it stands today."""

    acceptance: Acceptance
    standing: Standing

    @property
    def words(self) -> str:
        return str(self.standing).replace("_", " ")


@require_safe
def finding_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One finding: the sentence, the picture, the fix, the hops, what was done about it."""
    return finding_page(request, selectors.finding_for(request.user, pk))


def finding_page(
    request: SignedInRequest, finding: Finding, typed: DomainForm | None = None
) -> HttpResponse:
    """The page; with ``typed``, a form that was refused, in the place of the fresh one."""
    others = selectors.others_on_the_route(request.user, finding)
    acceptances = [
        AcceptanceTold(one, one.standing_on(selectors.today()))
        for one in selectors.acceptances_of(finding)
    ]
    events = selectors.events_of(finding)
    context = {
        "section": "findings",
        "finding": finding,
        "story": teller_of(finding.source).tell_whole(request.user, finding, others),
        "others": tell(request.user, others),
        "same_cause": selectors.of_the_same_cause(request.user, finding),
        "events": events,
        "plan": _plan(finding, events),
        "stages": [(stage, str(stage).replace("_", " ")) for stage in Stage],
        "reached": list(Stage).index(Stage(finding.stage)) + 1,
        "is_overdue": bool(
            finding.is_open and finding.due_on and finding.due_on < selectors.today()
        ),
        "acceptances": acceptances,
        "latest": acceptances[0] if acceptances else None,
        "evidence": selectors.evidence_of(finding),
        "typed": typed,
        "sees_runs": policy.may(request.user, Perm.VIEW_RUN),
        **_forms(request.user, finding, acceptances, typed),
    }
    status = typed.http_status if typed else 200
    return render(request, "findings/finding_detail.html", context, status=status)


def _plan(finding: Finding, events: list[FindingEvent]) -> FindingEvent | None:
    """What was said when the fix was planned or claimed; none of an earlier treatment."""
    if finding.stage in (Stage.OPEN, Stage.CLOSED):
        return None
    told = (FindingEvent.Kind.PLANNED, FindingEvent.Kind.CLAIMED)
    return next((event for event in events if event.kind in told), None)


def _forms(
    user: User, finding: Finding, acceptances: list[AcceptanceTold], typed: DomainForm | None
) -> dict[str, Any]:
    """The forms that this person may use on this finding now; it is in their scope already."""

    def fresh(kind: type[DomainForm], name: str, **values: Any) -> DomainForm:
        if typed is not None and typed.prefix == name:
            return typed
        return kind(actor=user, prefix=name, **values)

    forms: dict[str, Any] = {"moves": [], "steps": []}
    if policy.may(user, Perm.TREAT_FINDING):
        forms["moves"] = [_action(move, MOVE_WORDS, fresh) for move in _moves(finding)]
        if finding.is_open:
            people = selectors.possible_owners(finding.vendor)
            owner = finding.owner.pk if finding.owner else NOBODY
            forms["owner_form"] = fresh(OwnerForm, "owner", people=people, initial={"owner": owner})
            forms["due_form"] = fresh(DueForm, "due", initial={"due_on": finding.due_on})
    if policy.may(user, Perm.COMMENT_FINDING):
        forms["comment_form"] = fresh(CommentForm, "comment")
        forms["evidence_form"] = fresh(EvidenceForm, "evidence")
    live = [told.acceptance for told in acceptances if told.standing in LIVE]
    if live:
        forms["steps"] = [_action(step, STEP_WORDS, fresh) for step in _steps(user, live[0])]
    elif finding.is_open and policy.may(user, Perm.PROPOSE_ACCEPTANCE):
        forms["acceptance_form"] = fresh(AcceptanceForm, "accept")
    return forms


def _action(name: Move | Step, words: Any, fresh: Any) -> Action:
    button, label = words[name]
    kind = OptionalNoteForm if name is Step.TAKE_UP else NoteForm
    form = fresh(kind, str(name))
    form.fields["note"].label = label
    return Action(str(name), button, form)


def _moves(finding: Finding) -> list[Move]:
    stage = Stage(finding.stage)
    return [
        move
        for move in MOVE_WORDS
        if move not in BY_SCANS and after(TREATMENT, move, stage) not in (None, stage)
    ]


def _steps(user: User, acceptance: Acceptance) -> list[Step]:
    standing = Standing(acceptance.standing)
    return [
        step
        for step in STEP_WORDS
        if after(ACCEPTANCE, step, standing)
        and any(policy.may(user, perm) for perm in PERMS[step])
        and not four_eyes.refusal(step, user.pk, acceptance)
        and not four_eyes.is_out_of_turn(step, acceptance)
    ]
