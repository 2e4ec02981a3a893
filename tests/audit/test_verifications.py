"""Checks of the whole chain: asked for once, carried out by a job, stored with what they found."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit import selectors, services, tasks
from apps.audit.models import AuditEntry, Verification
from apps.audit.services import record

pytestmark = pytest.mark.django_db

Sent = list[tuple[str, dict[str, object]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The tasks that were asked for; none is carried out."""
    found: Sent = []
    monkeypatch.setattr(services, "enqueue", lambda task, **kwargs: found.append((task, kwargs)))
    return found


def tamper(sql: str) -> None:
    """Change the stored log as somebody with the database's password could."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
        cursor.execute(sql)
        cursor.execute("ALTER TABLE audit_auditentry ENABLE TRIGGER USER")


def test_a_check_is_a_row_first_and_then_a_job(otto: User, sent: Sent) -> None:
    asked = services.request_verification(actor=otto)
    assert asked.is_running
    assert sent == [("apps.audit.tasks.verify_log", {"number": asked.pk})]
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.actor) == ("audit_log.verification_requested", otto)


def test_a_check_that_waits_is_not_asked_for_twice(otto: User, alice: User, sent: Sent) -> None:
    first = services.request_verification(actor=otto)
    assert services.request_verification(actor=alice) == first
    assert Verification.objects.count() == 1
    assert len(sent) == 2, "its message may have been lost"


def test_a_check_whose_worker_died_is_given_up_for_a_new_one(otto: User, sent: Sent) -> None:
    first = services.request_verification(actor=otto)
    long_ago = timezone.now() - timedelta(hours=3)
    Verification.objects.update(requested_at=long_ago, started_at=long_ago)
    second = services.request_verification(actor=otto)
    first.refresh_from_db()
    assert first.result == Verification.Result.FAILED
    assert second.pk != first.pk
    assert sent[-1][1] == {"number": second.pk}


@pytest.mark.usefixtures("sent")
def test_a_chain_that_holds_is_said_to_hold(otto: User) -> None:
    record(actor=otto, action="thing.done")
    asked = services.request_verification(actor=otto)
    tasks.verify_log(number=asked.pk)
    asked.refresh_from_db()
    assert (asked.result, asked.entries, asked.fault) == ("holds", 2, "")
    assert asked.hash == AuditEntry.objects.get(number=2).hash
    assert AuditEntry.objects.latest("number").action == "audit_log.verified"


@pytest.mark.usefixtures("sent")
def test_what_was_done_to_a_broken_chain_is_stored(otto: User) -> None:
    for _ in range(3):
        record(actor=otto, action="thing.done")
    tamper("UPDATE audit_auditentry SET actor_name = 'Somebody else' WHERE number = 2")
    asked = services.request_verification(actor=otto)
    tasks.verify_log(number=asked.pk)
    asked.refresh_from_db()
    assert (asked.result, asked.entries, asked.fault_entry) == ("broken", 1, 2)
    assert asked.fault.startswith("Entry 2 was altered")


@pytest.mark.usefixtures("sent")
def test_a_second_message_changes_nothing(otto: User) -> None:
    asked = services.request_verification(actor=otto)
    assert services.verify_log(actor=otto, number=asked.pk) is not None
    before = AuditEntry.objects.count()
    assert services.verify_log(actor=otto, number=asked.pk) is None
    assert AuditEntry.objects.count() == before


def test_one_entry_is_told_from_one_that_was_tampered_with(otto: User) -> None:
    for _ in range(3):
        record(actor=otto, action="thing.done")
    assert all(selectors.stands(number) for number in (1, 2, 3))
    assert not selectors.stands(4)
    tamper("UPDATE audit_auditentry SET action = 'thing.undone' WHERE number = 2")
    assert [selectors.stands(number) for number in (1, 2, 3)] == [True, False, True]


def test_a_finished_check_has_a_result(otto: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Verification.objects.create(requested_by=otto, finished_at=timezone.now())
