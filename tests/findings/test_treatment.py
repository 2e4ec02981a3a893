"""What people do about a finding, as a table of every move; and what scans make of it."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.policy import UNSET
from apps.audit.models import AuditEntry
from apps.core.errors import (
    ConflictError,
    DomainError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from apps.engine.values import Severity
from apps.findings.lifecycle import BY_SCANS, GIVEN, Move, Stage
from apps.findings.models import Finding, FindingEvent, FindingState
from apps.findings.services.bulk import MOST, treat_findings
from apps.findings.services.treatment import (
    assign_finding,
    change_due,
    comment_finding,
    treat_finding,
)
from apps.vendors.models import Vendor
from tests.conftest import Person
from tests.factories.findings import FindingFactory
from tests.findings.test_reconciling import found, history, scan, the_one

pytestmark = pytest.mark.django_db

# Every move that somebody can make, and where it leads; what is not here is refused.
ALLOWED = {
    (Stage.OPEN, Move.PLAN): Stage.PLANNED,
    (Stage.OPEN, Move.CLAIM): Stage.FIX_CLAIMED,
    (Stage.PLANNED, Move.PLAN): Stage.PLANNED,
    (Stage.PLANNED, Move.CLAIM): Stage.FIX_CLAIMED,
    (Stage.PLANNED, Move.UNPLAN): Stage.OPEN,
    (Stage.FIX_CLAIMED, Move.DISPUTE): Stage.PLANNED,
    (Stage.VERIFIED, Move.CLOSE): Stage.CLOSED,
}


def finding_at(stage: Stage, **fields: object) -> Finding:
    if stage not in GIVEN:
        fields |= {"state": FindingState.CLOSED, "closed_at": timezone.now()}
    return FindingFactory.create(stage=str(stage), **fields)


@pytest.mark.parametrize(("stage", "move"), list(product(Stage, Move)))
def test_each_move_leads_where_the_table_says_or_is_refused(
    bob: User, stage: Stage, move: Move
) -> None:
    finding = finding_at(stage)
    expected = ALLOWED.get((stage, move))
    if expected is None:
        with pytest.raises(ConflictError):
            treat_finding(actor=bob, finding=finding, move=move, note="Because.")
        assert not FindingEvent.objects.exists()
        assert not AuditEntry.objects.exists()
    else:
        treat_finding(actor=bob, finding=finding, move=move, note=" Because. ")
        event, entry = FindingEvent.objects.get(), AuditEntry.objects.get()
        assert (event.actor, event.note) == (bob, "Because.")
        assert event.data == {"before": stage, "after": expected}
        assert entry.action == f"finding.{event.kind}"
        assert (entry.vendor_id, entry.data["note"]) == (finding.vendor_id, "Because.")
    finding.refresh_from_db()
    assert finding.stage == (expected or stage)
    assert finding.is_open == (stage in GIVEN), "only a scan says what the facts give"


def test_nobody_closes_what_the_facts_still_give(bob: User) -> None:
    for stage in GIVEN:
        with pytest.raises(ConflictError, match="the facts still give it"):
            treat_finding(actor=bob, finding=finding_at(stage), move=Move.CLOSE, note="Done.")


@pytest.mark.parametrize("move", sorted(BY_SCANS))
def test_nobody_says_in_the_place_of_a_scan_what_it_found(bob: User, move: Move) -> None:
    with pytest.raises(ConflictError, match="Only a scan"):
        treat_finding(actor=bob, finding=finding_at(Stage.FIX_CLAIMED), move=move, note="It is.")


@pytest.mark.parametrize("note", ["", "  \n", "x" * 4001, "a\0b", "a\ud800b"])
def test_a_move_needs_a_note_that_can_be_kept(bob: User, note: str) -> None:
    finding = FindingFactory.create()
    with pytest.raises(InvalidError) as caught:
        treat_finding(actor=bob, finding=finding, move=Move.PLAN, note=note)
    assert list(caught.value.fields) == ["note"]


def test_who_may_not_treat_is_refused_and_who_may_not_see_finds_nothing(
    person: Person, corvid: Vendor, anna: User, mona: User, rita: User, otto: User
) -> None:
    own, foreign = FindingFactory.create(vendor=corvid), FindingFactory.create()
    owner = person("Olga", Role.REVIEWER, all_vendors=True)

    def writes(actor: User, finding: Finding) -> list[type[DomainError]]:
        due = timezone.now().date() + timedelta(days=3)
        calls: list[Callable[[], Finding]] = [
            lambda: treat_finding(actor=actor, finding=finding, move=Move.PLAN, note="So."),
            lambda: assign_finding(actor=actor, finding=finding, owner=owner),
            lambda: change_due(actor=actor, finding=finding, due_on=due, reason="So."),
        ]
        raised = []
        for call in calls:
            with pytest.raises(DomainError) as caught:
                call()
            raised.append(caught.type)
        return raised

    for reader in (mona, rita, otto):
        assert writes(reader, own) == [NotAllowedError] * 3
    assert writes(anna, foreign) == [NotFoundError] * 3
    with pytest.raises(NotFoundError):
        comment_finding(actor=anna, finding=foreign, text="Hm.")
    with pytest.raises(NotAllowedError):
        comment_finding(actor=otto, finding=own, text="Hm.")
    assert not FindingEvent.objects.exists()
    treat_finding(actor=anna, finding=own, move=Move.PLAN, note="So.")


# --- owner, due date, comments --------------------------------------------------------------------


def test_an_owner_is_somebody_who_sees_it(
    bob: User, anna: User, vera: User, charlie: User, corvid: Vendor
) -> None:
    finding = FindingFactory.create()
    for blind in (anna, vera, charlie):
        with pytest.raises(InvalidError) as caught:
            assign_finding(actor=bob, finding=finding, owner=blind)
        assert list(caught.value.fields) == ["owner"]
    theirs = FindingFactory.create(vendor=corvid)
    assert assign_finding(actor=bob, finding=theirs, owner=anna).owner == anna
    assert anna in policy.people_who_may("findings.view_finding", vendor=corvid)  # type: ignore[arg-type] # a Perm is its text
    assert vera not in policy.people_who_may("findings.view_finding", vendor=corvid)  # type: ignore[arg-type] # the same


def test_the_same_owner_again_writes_nothing_and_nobody_is_possible(bob: User) -> None:
    finding = FindingFactory.create()
    assign_finding(actor=bob, finding=finding, owner=bob)
    assign_finding(actor=bob, finding=finding, owner=bob)
    assert FindingEvent.objects.count() == AuditEntry.objects.count() == 1
    assert assign_finding(actor=bob, finding=finding, owner=None).owner is None
    assert [event.data["after"] for event in finding.events.all()] == ["Bob", None]


def test_a_due_date_is_changed_with_a_reason_and_not_into_the_past(bob: User) -> None:
    finding = FindingFactory.create()
    today = timezone.now().date()
    with pytest.raises(InvalidError) as caught:
        change_due(actor=bob, finding=finding, due_on=today - timedelta(days=1), reason="So.")
    assert list(caught.value.fields) == ["due_on"]
    with pytest.raises(InvalidError):
        change_due(actor=bob, finding=finding, due_on=today, reason="")
    changed = change_due(actor=bob, finding=finding, due_on=today, reason="Sooner.")
    assert (changed.due_on, changed.due_is_chosen) == (today, True)
    event = finding.events.get()
    assert (event.kind, event.note, event.data["after"]) == ("due", "Sooner.", today.isoformat())


def test_what_is_closed_has_no_new_owner_or_date(bob: User) -> None:
    finding = finding_at(Stage.CLOSED)
    with pytest.raises(ConflictError):
        assign_finding(actor=bob, finding=finding, owner=bob)
    with pytest.raises(ConflictError):
        change_due(actor=bob, finding=finding, due_on=timezone.now().date(), reason="So.")


# --- what scans make of it ------------------------------------------------------------------------


def at_stage(stage: Stage) -> Finding:
    """The one finding, found by run 1 and treated up to here."""
    scan(found(), run=1)
    Finding.objects.update(stage=str(stage))
    return the_one()


def test_a_claimed_fix_is_verified_by_the_scan_that_finds_it_no_more(bob: User) -> None:
    at_stage(Stage.FIX_CLAIMED)
    scan(run=2)
    finding = the_one()
    assert (finding.state, finding.stage) == ("closed", "verified")
    assert finding.events.get(kind="closed").data == {"seen": True, "verified": True}
    treat_finding(actor=bob, finding=finding, move=Move.CLOSE, note="Looked at it.")
    assert the_one().stage == "closed"


def test_a_claimed_fix_whose_subject_was_not_looked_at_is_not_verified() -> None:
    at_stage(Stage.FIX_CLAIMED)
    scan(run=2, is_seen=lambda _subject: False)
    assert (the_one().state, the_one().stage) == ("closed", "closed")


@pytest.mark.parametrize("stage", [Stage.OPEN, Stage.PLANNED])
def test_what_goes_without_a_claim_is_closed(stage: Stage) -> None:
    at_stage(stage)
    scan(run=2)
    assert the_one().stage == "closed"


def test_a_scan_that_still_finds_it_leaves_the_treatment_alone(bob: User) -> None:
    finding = at_stage(Stage.FIX_CLAIMED)
    assign_finding(actor=bob, finding=finding, owner=bob)
    scan(found(), run=2)
    assert (the_one().stage, the_one().owner) == ("fix_claimed", bob)


@pytest.mark.parametrize("stage", [Stage.PLANNED, Stage.FIX_CLAIMED])
def test_what_returns_is_treated_from_the_beginning_by_the_same_owner(
    bob: User, stage: Stage
) -> None:
    finding = at_stage(stage)
    assign_finding(actor=bob, finding=finding, owner=bob)
    due = timezone.now().date() + timedelta(days=90)
    change_due(actor=bob, finding=finding, due_on=due, reason="Later.")
    scan(run=2)
    scan(found(severity=Severity.CRITICAL), run=3)
    back = the_one()
    assert (back.state, back.stage, back.owner) == ("open", "open", bob)
    assert (back.due_on, back.due_is_chosen) == (date(2026, 6, 11), False)
    assert ("reopened", 3) in history(back)


@pytest.mark.parametrize(
    ("severity", "due_on"),
    [
        (Severity.CRITICAL, date(2026, 6, 9)),
        (Severity.HIGH, date(2026, 7, 2)),
        (Severity.MEDIUM, date(2026, 8, 31)),
        (Severity.LOW, date(2026, 11, 29)),
    ],
)
def test_the_due_date_follows_from_the_severity(severity: Severity, due_on: date) -> None:
    scan(found(severity=severity), run=1)
    assert the_one().due_on == due_on


def test_another_severity_moves_the_due_date_unless_somebody_chose_it(bob: User) -> None:
    scan(found(), run=1)
    scan(found(severity=Severity.CRITICAL), run=2)
    assert the_one().due_on == date(2026, 6, 9)
    chosen = timezone.now().date() + timedelta(days=5)
    change_due(actor=bob, finding=the_one(), due_on=chosen, reason="So.")
    scan(found(severity=Severity.LOW), run=3)
    assert the_one().due_on == chosen


# --- many at once ---------------------------------------------------------------------------------


def test_many_are_treated_at_once_each_by_its_own_rules(bob: User) -> None:
    good, planned = FindingFactory.create(), finding_at(Stage.FIX_CLAIMED)
    gone = finding_at(Stage.CLOSED)
    due = timezone.now().date() + timedelta(days=9)
    outcome = treat_findings(
        actor=bob,
        numbers=[good.pk, planned.pk, gone.pk, 10**9],
        owner=bob,
        due_on=due,
        plan=True,
        note="All of them.",
    )
    assert outcome.done == 1
    assert [number for number, _reason in outcome.refused] == [10**9, planned.pk, gone.pk]
    good.refresh_from_db()
    planned.refresh_from_db()
    assert (good.owner, good.due_on, good.stage) == (bob, due, "planned")
    assert (planned.owner, planned.stage) == (None, "fix_claimed"), "whole or not at all"
    assert AuditEntry.objects.count() == FindingEvent.objects.count() == 3


def test_many_at_once_touch_only_what_the_actor_sees(anna: User, corvid: Vendor) -> None:
    own, foreign = FindingFactory.create(vendor=corvid), FindingFactory.create()
    outcome = treat_findings(actor=anna, numbers=[own.pk, foreign.pk], owner=anna)
    assert outcome.done == 1
    assert outcome.refused == [(foreign.pk, "There is no such finding.")]
    foreign.refresh_from_db()
    assert foreign.owner is None


def test_many_at_once_need_something_to_do_and_an_end(bob: User, mona: User) -> None:
    for numbers, owner in (([1], UNSET), ([], bob), (range(MOST + 1), bob)):
        with pytest.raises(InvalidError):
            treat_findings(actor=bob, numbers=list(numbers), owner=owner)
    with pytest.raises(NotAllowedError):
        treat_findings(actor=mona, numbers=[1], owner=mona)


# --- what the database refuses --------------------------------------------------------------------


def test_the_database_keeps_stage_and_state_together() -> None:
    finding = FindingFactory.create()
    for stage in (Stage.VERIFIED, Stage.CLOSED):
        with pytest.raises(IntegrityError), transaction.atomic():
            Finding.objects.filter(pk=finding.pk).update(stage=str(stage))


def test_the_database_refuses_to_change_what_happened(bob: User) -> None:
    finding = FindingFactory.create()
    comment_finding(actor=bob, finding=finding, text="As it was.")
    for change in (
        lambda: FindingEvent.objects.update(note="As it never was."),
        lambda: FindingEvent.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert FindingEvent.objects.get().note == "As it was."


def test_the_log_still_proves_itself(bob: User) -> None:
    comment_finding(actor=bob, finding=FindingFactory.create(), text="“ü” 東京")
    call_command("verify_audit_log")
