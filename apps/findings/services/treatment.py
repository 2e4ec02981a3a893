"""What people do about a finding: who sees to it, until when, how far it has come."""

from datetime import date

from django.db import transaction

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.errors import ConflictError, InvalidError
from apps.findings.lifecycle import BY_SCANS, TREATMENT, Move, Stage, after
from apps.findings.models import Finding, FindingEvent
from apps.findings.selectors import today
from apps.findings.services.steps import locked, record, said

KINDS = {
    Move.PLAN: FindingEvent.Kind.PLANNED,
    Move.UNPLAN: FindingEvent.Kind.UNPLANNED,
    Move.CLAIM: FindingEvent.Kind.CLAIMED,
    Move.DISPUTE: FindingEvent.Kind.DISPUTED,
    Move.CLOSE: FindingEvent.Kind.SIGNED_OFF,
}
_WORDS = {
    Move.PLAN: "planned",
    Move.UNPLAN: "set back to open",
    Move.CLAIM: "claimed to be fixed",
    Move.DISPUTE: "set back to planned",
    Move.CLOSE: "closed",
}


@transaction.atomic
def treat_finding(*, actor: User, finding: Finding, move: Move, note: str) -> Finding:
    """Make one move of the treatment, with what is to be said about it.

    Raises ConflictError for a move that there is not from where the treatment stands: nobody closes
    what the facts still give. Raises InvalidError without a note.
    """
    policy.require(actor, Perm.TREAT_FINDING, vendor=finding.vendor)
    if move in BY_SCANS:
        raise ConflictError("Only a scan can say that: it looks at the facts.")
    words = said(note, "note")
    fresh = locked(finding)
    stage = after(TREATMENT, move, Stage(fresh.stage))
    if stage is None:
        raise ConflictError(_refusal(fresh, move))
    before, fresh.stage = fresh.stage, str(stage)
    fresh.save(update_fields=["stage"])
    kind = KINDS[move]
    data = {"before": before, "after": fresh.stage}
    record(actor, fresh, kind, action=f"finding.{kind}", note=words, data=data)
    return fresh


def _refusal(finding: Finding, move: Move) -> str:
    stage = finding.get_stage_display().lower()
    if move is Move.CLOSE and finding.is_open:
        return (
            f"Finding {finding.pk} is not closed: the facts still give it. "
            "Change the facts; the next scan closes it."
        )
    return f"Finding {finding.pk} is {stage} and cannot be {_WORDS[move]} from there."


@transaction.atomic
def assign_finding(*, actor: User, finding: Finding, owner: User | None) -> Finding:
    """Say who sees to it, or that nobody does; the same owner again changes nothing.

    Raises InvalidError for somebody who cannot see it, ConflictError when it is closed.
    """
    policy.require(actor, Perm.TREAT_FINDING, vendor=finding.vendor)
    fresh = locked(finding)
    _refuse_closed(fresh)
    if owner is not None and not policy.may(owner, Perm.VIEW_FINDING, vendor=fresh.vendor):
        fault = f"{owner.name} cannot see this finding: choose somebody who can."
        raise InvalidError(fault, {"owner": [fault]})
    if fresh.owner == owner:
        return fresh
    data = {
        "before": fresh.owner.name if fresh.owner else None,
        "after": owner.name if owner else None,
        "owner": owner.pk if owner else None,
    }
    fresh.owner = owner
    fresh.save(update_fields=["owner"])
    record(actor, fresh, FindingEvent.Kind.ASSIGNED, action="finding.assigned", data=data)
    return fresh


@transaction.atomic
def change_due(*, actor: User, finding: Finding, due_on: date, reason: str) -> Finding:
    """Set another day until which it is to be settled; the same day again changes nothing.

    Raises InvalidError for a day that is past and without a reason, ConflictError when it is
    closed.
    """
    policy.require(actor, Perm.TREAT_FINDING, vendor=finding.vendor)
    words = said(reason, "reason")
    fresh = locked(finding)
    _refuse_closed(fresh)
    if due_on < today():
        fault = "This day is past: choose one that is still to come."
        raise InvalidError(fault, {"due_on": [fault]})
    if fresh.due_on == due_on:
        return fresh
    data = {
        "before": fresh.due_on.isoformat() if fresh.due_on else None,
        "after": due_on.isoformat(),
    }
    fresh.due_on, fresh.due_is_chosen = due_on, True
    fresh.save(update_fields=["due_on", "due_is_chosen"])
    kind = FindingEvent.Kind.DUE
    record(actor, fresh, kind, action="finding.due_changed", note=words, data=data)
    return fresh


@transaction.atomic
def comment_finding(*, actor: User, finding: Finding, text: str) -> Finding:
    """Add a remark to its history. Raises InvalidError for an empty one."""
    policy.require(actor, Perm.COMMENT_FINDING, vendor=finding.vendor)
    words = said(text, "text")
    fresh = locked(finding)
    kind = FindingEvent.Kind.COMMENTED
    record(actor, fresh, kind, action="finding.commented", note=words)
    return fresh


def _refuse_closed(finding: Finding) -> None:
    if not finding.is_open:
        raise ConflictError(f"Finding {finding.pk} is closed: the facts no longer give it.")
