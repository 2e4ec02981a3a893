"""Acceptances: every step as a table, two people, an end by the calendar, no change of verdict."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.access.models import AIModel, PairReach
from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import (
    ConflictError,
    DomainError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from apps.engine.values import Certainty, Severity
from apps.findings import selectors, tasks
from apps.findings.lifecycle import Standing, Step
from apps.findings.models import Acceptance, Finding, FindingEvent, FindingState
from apps.findings.services.acceptances import (
    decide_acceptance,
    expire_acceptance,
    expire_acceptances,
    propose_acceptance,
)
from apps.vendors.models import Vendor
from tests.access.story import Story
from tests.conftest import Person
from tests.factories.findings import AcceptanceFactory, FindingFactory
from tests.findings.test_reconciling import DETOUR, ROUTE, found, scan, the_one

pytestmark = pytest.mark.django_db

SOON = timedelta(days=30)


def today() -> date:
    return timezone.now().date()


def proposed(actor: User, finding: Finding | None = None) -> Acceptance:
    return propose_acceptance(
        actor=actor,
        finding=finding or FindingFactory.create(),
        reason="The pilot ends soon.",
        ends_on=today() + SOON,
    )


def in_force(**fields: Any) -> Acceptance:
    approver = fields.pop("approved_by", None) or policy.system_actor()
    return AcceptanceFactory.create(
        standing="active", approved_by=approver, approved_at=timezone.now(), **fields
    )


def at_standing(standing: Standing, **fields: Any) -> Acceptance:
    """An acceptance that stands so, past the services; needs no custodian unless it is said."""
    match standing:
        case Standing.ACTIVE:
            return in_force(**fields)
        case Standing.PROPOSED | Standing.UNDER_REVIEW:
            return AcceptanceFactory.create(standing=str(standing), **fields)
    if standing in (Standing.EXPIRED, Standing.REVOKED):
        fields |= {"approved_by": policy.system_actor(), "approved_at": timezone.now()}
    return AcceptanceFactory.create(standing=str(standing), ended_at=timezone.now(), **fields)


# Every step that there is from each standing, of an acceptance that needs no custodian.
ALLOWED = {
    (Standing.PROPOSED, Step.TAKE_UP): Standing.UNDER_REVIEW,
    (Standing.PROPOSED, Step.WITHDRAW): Standing.WITHDRAWN,
    (Standing.UNDER_REVIEW, Step.APPROVE): Standing.ACTIVE,
    (Standing.UNDER_REVIEW, Step.DECLINE): Standing.DECLINED,
    (Standing.UNDER_REVIEW, Step.WITHDRAW): Standing.WITHDRAWN,
    (Standing.ACTIVE, Step.REVOKE): Standing.REVOKED,
}


@pytest.mark.parametrize(("standing", "step"), list(product(Standing, Step)))
def test_each_step_leads_where_the_table_says_or_is_refused(
    mona: User, cora: User, bob: User, standing: Standing, step: Step
) -> None:
    acceptance = at_standing(standing, proposed_by=bob)
    actors = {Step.WITHDRAW: bob, Step.SIGN: cora, Step.EXPIRE: policy.system_actor()}
    actor = actors.get(step, mona)
    expected = ALLOWED.get((standing, step))
    if expected is None:
        with pytest.raises(ConflictError):
            decide_acceptance(actor=actor, acceptance=acceptance, step=step, note="Because.")
        assert not AuditEntry.objects.exists()
    else:
        decide_acceptance(actor=actor, acceptance=acceptance, step=step, note="Because.")
        entry, event = AuditEntry.objects.get(), FindingEvent.objects.get()
        assert entry.action == f"acceptance.{event.kind}"
        assert (event.note, event.data["standing"]) == ("Because.", expected)
    acceptance.refresh_from_db()
    assert acceptance.standing == (expected or standing)


# --- proposing ------------------------------------------------------------------------------------


def test_a_proposal_quietens_nothing_and_says_who_and_why(bob: User) -> None:
    finding = FindingFactory.create()
    acceptance = proposed(bob, finding)
    assert (acceptance.standing, acceptance.proposed_by) == ("proposed", bob)
    assert not acceptance.needs_custodian
    assert selectors.counts_by_tab(bob) == {"all": 1, "open": 1, "closed": 0, "accepted": 0}
    assert finding.events.get().note == "The pilot ends soon."
    assert AuditEntry.objects.get().action == "acceptance.proposed"


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_the_last_day_is_to_come_and_within_a_year(bob: User, days: int) -> None:
    finding = FindingFactory.create()
    with pytest.raises(InvalidError) as caught:
        propose_acceptance(
            actor=bob, finding=finding, reason="So.", ends_on=today() + timedelta(days=days)
        )
    assert list(caught.value.fields) == ["ends_on"]


@pytest.mark.parametrize("days", [1, 365])
def test_the_first_and_the_last_possible_day_are_taken(bob: User, days: int) -> None:
    finding, last = FindingFactory.create(), today() + timedelta(days=days)
    acceptance = propose_acceptance(actor=bob, finding=finding, reason="So.", ends_on=last)
    assert acceptance.ends_on == last


def test_there_is_one_acceptance_at_a_time_and_none_of_what_is_closed(bob: User) -> None:
    finding = FindingFactory.create()
    proposed(bob, finding)
    with pytest.raises(ConflictError, match="already"):
        proposed(bob, finding)
    with pytest.raises(IntegrityError), transaction.atomic():
        AcceptanceFactory.create(finding=finding)
    closed = FindingFactory.create(state=FindingState.CLOSED, closed_at=timezone.now())
    with pytest.raises(ConflictError, match="closed"):
        proposed(bob, closed)


def test_who_may_propose(
    bob: User, rosa: User, rita: User, mona: User, anna: User, otto: User, cora: User, alice: User
) -> None:
    for person in (bob, rosa, rita, mona):
        assert proposed(person).proposed_by == person
    for person in (otto, cora, alice):
        with pytest.raises(NotAllowedError):
            proposed(person)
    with pytest.raises(NotFoundError):
        proposed(anna)


# --- four eyes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [Step.TAKE_UP, Step.APPROVE, Step.DECLINE])
def test_nobody_decides_about_their_own_proposal(mona: User, step: Step) -> None:
    acceptance = proposed(mona)
    Acceptance.objects.filter(pk=acceptance.pk).update(
        standing="proposed" if step is Step.TAKE_UP else "under_review"
    )
    with pytest.raises(NotAllowedError, match="somebody else"):
        decide_acceptance(actor=mona, acceptance=acceptance, step=step, note="I say so.")


def test_somebody_with_both_roles_does_not_sign_for_both(person: Person) -> None:
    both = person("Bea", Role.MANAGER, Role.CUSTODIAN, all_vendors=True)
    for first, second in ((Step.APPROVE, Step.SIGN), (Step.SIGN, Step.APPROVE)):
        acceptance = AcceptanceFactory.create(standing="under_review", needs_custodian=True)
        decide_acceptance(actor=both, acceptance=acceptance, step=first, note="Yes.")
        with pytest.raises(NotAllowedError, match="another person"):
            decide_acceptance(actor=both, acceptance=acceptance, step=second, note="Yes.")
        acceptance.refresh_from_db()
        assert acceptance.standing == "under_review"


@pytest.mark.parametrize("order", [(Step.APPROVE, Step.SIGN), (Step.SIGN, Step.APPROVE)])
def test_with_a_custodian_two_say_yes_in_either_order(
    mona: User, cora: User, order: tuple[Step, Step]
) -> None:
    acceptance = AcceptanceFactory.create(standing="under_review", needs_custodian=True)
    who = {Step.APPROVE: mona, Step.SIGN: cora}
    seen = []
    for step in order:
        decide_acceptance(actor=who[step], acceptance=acceptance, step=step, note="Yes.")
        acceptance.refresh_from_db()
        seen.append(acceptance.standing)
    assert seen == ["under_review", "active"]
    with pytest.raises(ConflictError):
        decide_acceptance(actor=mona, acceptance=acceptance, step=Step.APPROVE, note="Yes.")
    assert acceptance.approved_by == mona
    assert acceptance.signed_by == cora


def test_a_custodian_may_decline_and_one_no_ends_it(mona: User, cora: User) -> None:
    acceptance = AcceptanceFactory.create(standing="under_review", needs_custodian=True)
    decide_acceptance(actor=mona, acceptance=acceptance, step=Step.APPROVE, note="Yes.")
    decide_acceptance(actor=cora, acceptance=acceptance, step=Step.DECLINE, note="No.")
    acceptance.refresh_from_db()
    assert (acceptance.standing, acceptance.ended_by) == ("declined", cora)


@pytest.mark.parametrize("step", [Step.TAKE_UP, Step.APPROVE, Step.SIGN, Step.REVOKE])
def test_who_does_not_decide_is_refused(
    step: Step, bob: User, rita: User, rosa: User, otto: User, alice: User
) -> None:
    acceptance = AcceptanceFactory.create(standing="under_review", needs_custodian=True)
    for person in (bob, rita, rosa, otto, alice):
        with pytest.raises(NotAllowedError):
            decide_acceptance(actor=person, acceptance=acceptance, step=step, note="Yes.")


def test_a_manager_of_other_vendors_finds_no_acceptance(person: Person, corvid: Vendor) -> None:
    scoped = person("Nora", Role.MANAGER, vendors=[corvid])
    with pytest.raises(NotFoundError):
        decide_acceptance(
            actor=scoped, acceptance=AcceptanceFactory.create(), step=Step.TAKE_UP, note=""
        )


def test_only_whoever_proposed_it_withdraws_it(bob: User, rita: User) -> None:
    acceptance = proposed(bob)
    with pytest.raises(NotAllowedError):
        decide_acceptance(actor=rita, acceptance=acceptance, step=Step.WITHDRAW, note="No.")
    decide_acceptance(actor=bob, acceptance=acceptance, step=Step.WITHDRAW, note="No need.")


@pytest.mark.parametrize("step", [Step.APPROVE, Step.DECLINE])
def test_a_decision_needs_a_reason(mona: User, step: Step) -> None:
    acceptance = AcceptanceFactory.create(standing="under_review")
    with pytest.raises(InvalidError):
        decide_acceptance(actor=mona, acceptance=acceptance, step=step, note=" ")


def test_what_has_closed_or_run_out_meanwhile_is_not_approved(mona: User) -> None:
    closed = AcceptanceFactory.create(standing="under_review")
    Finding.objects.update(state="closed", stage="closed", closed_at=timezone.now())
    past = AcceptanceFactory.create(standing="under_review", ends_on=today() - timedelta(days=1))
    for acceptance in (closed, past):
        with pytest.raises(ConflictError):
            decide_acceptance(actor=mona, acceptance=acceptance, step=Step.APPROVE, note="Yes.")


# --- what the database refuses --------------------------------------------------------------------


def test_the_database_refuses_one_pair_of_eyes(mona: User, cora: User) -> None:
    now = timezone.now()
    for fields in (
        {"proposed_by": mona, "approved_by": mona, "approved_at": now},
        {"proposed_by": cora, "signed_by": cora, "signed_at": now},
        {"approved_by": cora, "approved_at": now, "signed_by": cora, "signed_at": now},
        {"standing": "active"},
        {"standing": "active", "needs_custodian": True, "approved_by": mona, "approved_at": now},
        {"standing": "declined"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AcceptanceFactory.create(**fields)


def test_the_database_refuses_to_rewrite_an_acceptance(mona: User, cora: User) -> None:
    running = in_force(approved_by=mona)
    ended = at_standing(Standing.DECLINED)
    for acceptance, change in (
        (running, {"ends_on": today() + timedelta(days=99)}),
        (running, {"reason": "Another."}),
        (running, {"proposed_by": cora}),
        (running, {"approved_by": cora}),
        (ended, {"standing": "active"}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Acceptance.objects.filter(pk=acceptance.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        running.delete()


# --- quiet, and the end of it ---------------------------------------------------------------------


def test_only_what_is_in_force_quietens_until_its_last_day(bob: User) -> None:
    for standing in Standing:
        at_standing(standing)
    quiet = in_force(ends_on=today())
    in_force(ends_on=today() - timedelta(days=1))
    counts = selectors.counts_by_tab(bob)
    assert counts == {"all": 9, "open": 7, "closed": 0, "accepted": 2}
    visible = selectors.findings_visible_to(bob)
    assert quiet.finding in selectors.accepted(visible)
    assert quiet.finding not in selectors.unaccepted(visible)


def test_the_sweep_ends_what_has_run_out_and_logs_it_once() -> None:
    over, running = in_force(ends_on=today() - timedelta(days=1)), in_force(ends_on=today())
    assert over.standing_on(today()) is Standing.EXPIRED, "derived, before any sweep"
    tasks.expire_acceptances()
    tasks.expire_acceptances()
    over.refresh_from_db()
    running.refresh_from_db()
    assert (over.standing, running.standing) == ("expired", "active")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("acceptance.expired", policy.system_actor())
    assert over.finding.events.get().kind == "expired"


def test_nobody_but_the_job_expires_and_not_before_the_day(mona: User) -> None:
    with pytest.raises(NotAllowedError):
        expire_acceptances(actor=mona)
    for acceptance in (in_force(ends_on=today()), AcceptanceFactory.create()):
        with pytest.raises(ConflictError):
            expire_acceptance(actor=policy.system_actor(), acceptance=acceptance)


def test_an_extension_is_a_new_proposal(bob: User) -> None:
    over = in_force(ends_on=today() - timedelta(days=1))
    again = proposed(bob, over.finding)
    over.refresh_from_db()
    assert over.standing == "expired", "though no sweep has come by"
    assert (again.standing, again.pk) == ("proposed", over.pk + 1)


def test_a_revoked_one_is_loud_again(bob: User, mona: User) -> None:
    acceptance = in_force()
    decide_acceptance(actor=mona, acceptance=acceptance, step=Step.REVOKE, note="Not any more.")
    assert selectors.counts_by_tab(bob)["accepted"] == 0


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        ({}, {}, True),
        ({}, {"severity": Severity.LOW}, True),
        ({}, {"severity": Severity.CRITICAL}, False),
        ({"certainty": Certainty.POSSIBLE}, {"certainty": Certainty.PROVEN}, False),
        ({"certainty": Certainty.PROVEN}, {"certainty": Certainty.POSSIBLE}, True),
    ],
)
@pytest.mark.parametrize("gone_between", [False, True])
def test_what_becomes_graver_is_not_what_was_accepted(
    before: dict[str, Any], after: dict[str, Any], *, stays: bool, gone_between: bool
) -> None:
    scan(found(**before), run=1)
    acceptance = in_force(finding=the_one())
    if gone_between:
        scan(run=2)
    scan(found(**after), run=3)
    acceptance.refresh_from_db()
    assert acceptance.standing == ("active" if stays else "revoked")
    told = FindingEvent.objects.filter(kind="revoked")
    graver = {"graver": True, "rerouted": False}
    assert [event.data for event in told] == ([] if stays else [graver])
    assert Acceptance.objects.count() == 1, "nobody has proposed to live with the graver risk"


@pytest.mark.parametrize("gone_between", [False, True])
def test_what_is_proven_another_way_goes_back_to_review(
    bob: User, mona: User, *, gone_between: bool
) -> None:
    scan(found(witness=ROUTE), run=1)
    acceptance = in_force(finding=the_one())
    if gone_between:
        scan(run=2)
    scan(found(witness=DETOUR), run=3)
    acceptance.refresh_from_db()
    assert (acceptance.standing, acceptance.ended_by) == ("revoked", None)
    again = Acceptance.objects.get(standing="under_review")
    assert (again.reason, again.ends_on) == (acceptance.reason, acceptance.ends_on)
    assert (again.proposed_by, again.proposed_at) == (
        acceptance.proposed_by,
        acceptance.proposed_at,
    )
    assert (again.approved_by, again.signed_by) == (None, None)
    assert selectors.counts_by_tab(bob) == {"all": 1, "open": 1, "closed": 0, "accepted": 0}
    told = FindingEvent.objects.get(kind="revoked")
    assert told.data == {"graver": False, "rerouted": True}
    scan(found(witness=DETOUR), run=4)
    assert Acceptance.objects.count() == 2
    decide_acceptance(actor=mona, acceptance=again, step=Step.APPROVE, note="This way too.")
    assert selectors.counts_by_tab(bob)["accepted"] == 1


def test_a_signature_on_the_old_route_does_not_count_for_the_new_one(mona: User) -> None:
    scan(found(witness=ROUTE), run=1)
    half = AcceptanceFactory.create(
        finding=the_one(),
        standing="under_review",
        needs_custodian=True,
        approved_by=mona,
        approved_at=timezone.now(),
    )
    untouched = AcceptanceFactory.create(standing="under_review")
    scan(found(witness=DETOUR), run=2)
    half.refresh_from_db()
    untouched.refresh_from_db()
    assert (half.standing, untouched.standing) == ("withdrawn", "under_review")
    assert half.finding.acceptances.get(standing="under_review").approved_by is None


def test_accepting_changes_no_verdict_no_severity_and_no_digest(
    story: Story, bob: User, mona: User, cora: User
) -> None:
    finding = story.finding("RT-01", story.harness)
    pairs = list(PairReach.objects.order_by("pk").values("reach", "proven", "verdict"))
    at = timezone.now()
    before, _ = scan_now(actor=policy.system_actor(), now=at)
    acceptance = proposed(bob, finding)
    assert acceptance.needs_custodian, "Meridian is M3, and there is a custodian"
    for actor, step in ((mona, Step.TAKE_UP), (mona, Step.APPROVE), (cora, Step.SIGN)):
        decide_acceptance(actor=actor, acceptance=acceptance, step=step, note="Yes.")
    after, _ = scan_now(actor=policy.system_actor(), now=at)
    assert (before.result_digest, before.counts) == (after.result_digest, after.counts)
    assert pairs == list(PairReach.objects.order_by("pk").values("reach", "proven", "verdict"))
    severity = finding.severity
    finding.refresh_from_db()
    assert (finding.state, finding.severity, finding.stage) == ("open", severity, "open")
    acceptance.refresh_from_db()
    assert acceptance.standing == "active"


def test_a_custodian_signs_for_sensitive_models_only(story: Story, bob: User, cora: User) -> None:
    finding = story.finding("RT-01", story.harness)
    AIModel.objects.filter(key="meridian").update(sensitivity="M2")
    assert not proposed(bob, finding).needs_custodian
    acceptance = finding.acceptances.get()
    Acceptance.objects.filter(pk=acceptance.pk).update(standing="under_review")
    with pytest.raises(ConflictError, match="no custodian"):
        decide_acceptance(actor=cora, acceptance=acceptance, step=Step.SIGN, note="Yes.")


def test_without_a_custodian_nobody_waits_for_one(story: Story, bob: User) -> None:
    assert not proposed(bob, story.finding("RT-01", story.harness)).needs_custodian


def test_every_refusal_is_a_sentence(mona: User) -> None:
    with pytest.raises(DomainError) as caught:
        decide_acceptance(actor=mona, acceptance=in_force(), step=Step.APPROVE, note="Yes.")
    assert str(caught.value).endswith(".")
