"""Living with a risk until a day: proposed by one, decided by another, ended by the calendar."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit.canonical import JSON
from apps.core.errors import ConflictError, InvalidError, NotAllowedError
from apps.findings import four_eyes, tellers
from apps.findings.lifecycle import ACCEPTANCE, LIVE, Standing, Step, after
from apps.findings.models import Acceptance, Finding, FindingEvent
from apps.findings.selectors import today
from apps.findings.services.steps import locked, record, said

PERMS = {
    Step.TAKE_UP: (Perm.DECIDE_ACCEPTANCE,),
    Step.APPROVE: (Perm.DECIDE_ACCEPTANCE,),
    Step.SIGN: (Perm.SIGN_ACCEPTANCE,),
    Step.DECLINE: (Perm.DECIDE_ACCEPTANCE, Perm.SIGN_ACCEPTANCE),
    Step.WITHDRAW: (Perm.PROPOSE_ACCEPTANCE,),
    Step.REVOKE: (Perm.DECIDE_ACCEPTANCE,),
    Step.EXPIRE: (Perm.EXPIRE_ACCEPTANCE,),
}
"""Any one of these lets somebody take the step."""

KINDS = {
    Step.TAKE_UP: FindingEvent.Kind.TAKEN_UP,
    Step.APPROVE: FindingEvent.Kind.APPROVED,
    Step.SIGN: FindingEvent.Kind.SIGNED,
    Step.DECLINE: FindingEvent.Kind.DECLINED,
    Step.WITHDRAW: FindingEvent.Kind.WITHDRAWN,
    Step.REVOKE: FindingEvent.Kind.REVOKED,
    Step.EXPIRE: FindingEvent.Kind.EXPIRED,
}
_NEED_NO_NOTE = frozenset({Step.TAKE_UP, Step.EXPIRE})


@transaction.atomic
def propose_acceptance(*, actor: User, finding: Finding, reason: str, ends_on: date) -> Acceptance:
    """Propose to live with an open finding until a day, which it includes.

    Raises InvalidError without a reason and for a day that is past or too far, ConflictError when
    the finding is closed or an acceptance of it is pending or in force.
    """
    policy.require(actor, Perm.PROPOSE_ACCEPTANCE, vendor=finding.vendor)
    words = said(reason, "reason")
    _check_end(ends_on)
    fresh = locked(finding)
    if not fresh.is_open:
        raise ConflictError(f"Finding {fresh.pk} is closed: there is no risk to accept.")
    live = fresh.acceptances.filter(standing__in=LIVE).first()
    if live is not None and live.standing_on(today()) is Standing.EXPIRED:
        expire_acceptance(actor=policy.system_actor(), acceptance=live)
    elif live is not None:
        raise ConflictError(
            "An acceptance of this finding is proposed, under review or in force already."
        )
    acceptance = Acceptance.objects.create(
        finding=fresh,
        reason=words,
        ends_on=ends_on,
        needs_custodian=_needs_custodian(fresh),
        proposed_by=actor,
        proposed_at=timezone.now(),
    )
    _record(actor, acceptance, FindingEvent.Kind.PROPOSED, words)
    return acceptance


@transaction.atomic
def decide_acceptance(
    *, actor: User, acceptance: Acceptance, step: Step, note: str = ""
) -> Acceptance:
    """Take one step with an acceptance; with the last signature it is in force.

    Raises NotAllowedError where two people are needed and this would be one, ConflictError for a
    step that there is not from how it stands, InvalidError without a note where one is due.
    """
    require_step(actor=actor, acceptance=acceptance, step=step)
    words = "" if step in _NEED_NO_NOTE and not note.strip() else said(note, "note")
    locked(acceptance.finding)
    fresh = Acceptance.objects.select_for_update(of=("self",)).select_related("finding__vendor")
    stored = fresh.get(pk=acceptance.pk)
    if sentence := four_eyes.refusal(step, actor.pk, stored):
        raise NotAllowedError(sentence)
    _advance(actor, stored, step)
    _record(actor, stored, KINDS[step], words)
    return stored


@transaction.atomic
def expire_acceptance(*, actor: User, acceptance: Acceptance) -> Acceptance:
    """Write down that an acceptance in force has run out; ConflictError when it has not."""
    policy.require(actor, Perm.EXPIRE_ACCEPTANCE, vendor=acceptance.finding.vendor)
    return decide_acceptance(actor=actor, acceptance=acceptance, step=Step.EXPIRE)


def expire_acceptances(*, actor: User) -> int:
    """Expire every acceptance that has run out, each as a write of its own; returns how many."""
    policy.require(actor, Perm.EXPIRE_ACCEPTANCE)
    past = Acceptance.objects.filter(standing=Standing.ACTIVE, ends_on__lt=today())
    done = 0
    for acceptance in past.select_related("finding__vendor"):
        try:
            expire_acceptance(actor=actor, acceptance=acceptance)
        except ConflictError:  # ended by somebody else meanwhile
            continue
        done += 1
    return done


def require_step(*, actor: User, acceptance: Acceptance, step: Step) -> None:
    """Let pass whose roles allow the step; the four eyes are asked when it is taken."""
    vendor = acceptance.finding.vendor
    perms = PERMS.get(step)
    if perms is None:
        raise ConflictError("An acceptance comes into force by its signatures alone.")
    if not any(policy.may(actor, perm, vendor=vendor) for perm in perms):
        policy.require(actor, perms[0], vendor=vendor)


def _advance(actor: User, acceptance: Acceptance, step: Step) -> None:
    """Change how it stands, or raise ConflictError."""
    standing = after(ACCEPTANCE, step, Standing(acceptance.standing))
    fault = four_eyes.is_out_of_turn(step, acceptance)
    if standing is None:
        words = acceptance.get_standing_display().lower()
        fault = f"The acceptance is {words}: this step is not open any more, or not yet."
    if step is Step.EXPIRE and acceptance.ends_on >= today():
        fault = f"It runs until {acceptance.ends_on.isoformat()}."
    if fault or standing is None:
        raise ConflictError(fault)
    now = timezone.now()
    match step:
        case Step.APPROVE:
            acceptance.approved_by, acceptance.approved_at = actor, now
        case Step.SIGN:
            acceptance.signed_by, acceptance.signed_at = actor, now
    if step in (Step.APPROVE, Step.SIGN):
        _refuse_pointless(acceptance)
        if acceptance.is_complete:
            standing = ACCEPTANCE[Step.ACTIVATE][1]
    if standing not in LIVE:
        acceptance.ended_by, acceptance.ended_at = actor, now
    acceptance.standing = str(standing)
    acceptance.save()


def _refuse_pointless(acceptance: Acceptance) -> None:
    if not acceptance.finding.is_open:
        raise ConflictError("The finding is closed: there is no risk to accept any more.")
    if acceptance.ends_on < today():
        raise ConflictError("Its last day is past: a new proposal is needed.")


def _record(actor: User, acceptance: Acceptance, kind: FindingEvent.Kind, note: str) -> None:
    data: dict[str, JSON] = {
        "acceptance": acceptance.pk,
        "standing": str(acceptance.standing),
        "ends_on": acceptance.ends_on.isoformat(),
    }
    finding = acceptance.finding
    action = f"acceptance.{kind}"
    record(actor, finding, kind, action=action, note=note, data=data, target=acceptance)


def _needs_custodian(finding: Finding) -> bool:
    """Whether a sensitive model is concerned, and there is a custodian to ask."""
    if not tellers.teller_of(finding.source).is_sensitive(finding):
        return False
    return policy.people_who_may(Perm.SIGN_ACCEPTANCE, vendor=finding.vendor).exists()


def _check_end(ends_on: date) -> None:
    latest = today() + timedelta(days=settings.ACCEPTANCE_MAX_DAYS)
    fault = ""
    if ends_on <= today():
        fault = "Choose a day that is still to come."
    elif ends_on > latest:
        fault = (
            f"At most {settings.ACCEPTANCE_MAX_DAYS} days: choose a day up to {latest.isoformat()}."
        )
    if fault:
        raise InvalidError(fault, {"ends_on": [fault]})
