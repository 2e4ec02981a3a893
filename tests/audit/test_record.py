"""Writing the log: one entry, in the caller's transaction, in one chain."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import shared_task
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test import TestCase
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts import policy
from apps.accounts.models import User
from apps.audit import selectors, subscriptions
from apps.audit.canonical import canonical, parsed
from apps.audit.chain import GENESIS, Head, link, verify
from apps.audit.models import AuditEntry, AuditHead
from apps.audit.services import NOBODY, record
from apps.core.errors import ConflictError, InvalidError
from apps.vendors.models import Vendor
from tests.examples import examples

pytestmark = pytest.mark.django_db


def is_intact() -> bool:
    return verify(selectors.StoredRows(), selectors.head()).broken is None


def test_an_entry_says_who_did_what_to_whom(alice: User, corvid: Vendor) -> None:
    entry = record(
        actor=alice,
        action="vendor.created",
        target=corvid,
        vendor_id=corvid.pk,
        data={"kind": "contractor"},
    )
    stored = AuditEntry.objects.get(number=entry.number)
    assert (stored.actor, stored.actor_name, stored.action) == (alice, "Alice", "vendor.created")
    assert (stored.target_type, stored.target_id) == ("vendors.vendor", str(corvid.pk))
    assert (stored.target_name, stored.vendor_id) == ("Corvid Analytics", corvid.pk)
    assert stored.data == {"kind": "contractor"}


def test_entries_are_numbered_from_one_and_chained_to_the_head(alice: User) -> None:
    first = record(actor=alice, action="thing.done")
    second = record(actor=alice, action="thing.done")
    assert (first.number, first.previous) == (1, GENESIS)
    assert (second.number, second.previous) == (2, first.hash)
    assert selectors.head() == Head(2, second.hash)
    assert is_intact()


def test_the_hash_is_that_of_the_row_as_the_database_gives_it_back(alice: User) -> None:
    entry = record(actor=alice, action="thing.done", data={"at": "12:00", "share": 0.1})
    (row,) = selectors.StoredRows()
    assert link(row) == row.hash == entry.hash


@pytest.mark.parametrize("actor", [None, AnonymousUser()])
def test_a_stranger_is_recorded_as_nobody(actor: AnonymousUser | None) -> None:
    entry = record(actor=actor, action="sign_in.failed")
    assert (entry.actor_id, entry.actor_name) == (None, NOBODY)
    assert is_intact()


@pytest.mark.django_db(transaction=True)
def test_the_log_is_not_written_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        record(actor=None, action="thing.done")


@pytest.mark.parametrize("action", ["", "created", "Vendor.created", "vendor created", "a.b\n"])
def test_an_action_without_the_usual_form_is_refused(action: str) -> None:
    with pytest.raises(ValueError, match=r"noun\.past_tense"):
        record(actor=None, action=action)


def test_a_target_that_was_never_saved_is_refused() -> None:
    with pytest.raises(ValueError, match="has no key"):
        record(actor=None, action="vendor.created", target=Vendor(key="x", name="X"))


def test_without_its_head_nothing_is_written() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_audithead DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM audit_audithead")
    with pytest.raises(ConflictError, match="head of the audit log is missing"):
        record(actor=None, action="thing.done")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": "a\0b"}, "data.name holds the character NUL"),
        ({"a\0": 1}, "NUL"),
        ({"list": ["ok", "\ud83d"]}, r"data.list\[1\] holds half of a surrogate pair"),
        ({"n": float("nan")}, "data.n is nan"),
        ({"n": float("-inf")}, "data.n is -inf"),
        ({"n": 10**500}, "more than 400 digits"),
        ({1: "x"}, "keys must be text"),
        ({"when": object()}, "data.when is a object"),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused_with_a_sentence(
    data: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InvalidError, match=sentence):
        record(actor=None, action="thing.done", data=data)
    assert not AuditEntry.objects.exists()


def test_nesting_without_end_is_refused() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidError, match="nested deeper than"):
        record(actor=None, action="thing.done", data={"deep": deep})  # type: ignore[dict-item]


def test_a_name_with_a_nul_is_refused_before_it_reaches_the_database(corvid: Vendor) -> None:
    corvid.name = "Cor\0vid"
    with pytest.raises(InvalidError, match=r"entry\.target_name holds the character NUL"):
        record(actor=None, action="vendor.changed", target=corvid)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**52, max_value=10**390)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@examples(50)
@given(value=json_values)
def test_the_canonical_text_survives_the_database(value: object) -> None:
    text = canonical(value)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text, %s::jsonb::text", [json.dumps(value), text])
        (from_python, from_text) = cursor.fetchone()
    assert canonical(parsed(from_python)) == text
    assert canonical(parsed(from_text)) == text


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_write_leaves_no_entry_and_no_gap() -> None:
    with transaction.atomic():
        record(actor=None, action="first.done")

    def fail() -> None:
        with transaction.atomic():
            record(actor=None, action="lost.done")
            raise ConflictError("The write fails after its entry.")

    with pytest.raises(ConflictError):
        fail()
    with transaction.atomic():
        second = record(actor=None, action="second.done")
    assert second.number == 2
    assert list(AuditEntry.objects.values_list("action", flat=True)) == [
        "second.done",
        "first.done",
    ]
    assert is_intact()


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_keep_one_chain() -> None:
    writers, each = 8, 15

    def write(writer: int) -> None:
        try:
            for turn in range(each):
                with transaction.atomic():
                    record(actor=None, action="thing.done", data={"by": writer, "turn": turn})
                    if turn % 5 == 4:
                        transaction.set_rollback(True)
        finally:
            connection.close()

    with ThreadPoolExecutor(writers) as pool:
        for done in [pool.submit(write, writer) for writer in range(writers)]:
            done.result()
    kept = writers * each * 4 // 5
    assert list(AuditEntry.objects.order_by("number").values_list("number", flat=True)) == list(
        range(1, kept + 1)
    )
    assert is_intact()


woken: list[int] = []


@shared_task(name="tests.audit.wake")
def wake(entry_number: int) -> None:
    woken.append(entry_number)


@pytest.fixture
def _woken_by_thing_done(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(subscriptions, "_TASKS", {})
    subscriptions.subscribe("thing.done", task="tests.audit.wake")
    woken.clear()
    yield
    woken.clear()


@pytest.mark.usefixtures("_woken_by_thing_done")
def test_a_subscribed_task_is_woken_after_the_commit_with_the_number_of_the_entry() -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        entry = record(actor=None, action="thing.done")
        record(actor=None, action="other.done")
        assert woken == []
    assert woken == [entry.number]


@pytest.mark.usefixtures("_woken_by_thing_done")
def test_subscribing_twice_wakes_once() -> None:
    subscriptions.subscribe("thing.done", task="tests.audit.wake")
    assert subscriptions.subscribers("thing.done") == ("tests.audit.wake",)
    assert subscriptions.all_subscriptions() == [("thing.done", "tests.audit.wake")]


def test_the_number_of_queries_of_an_entry_is_four(
    alice: User,
    django_assert_num_queries: object,
) -> None:
    with django_assert_num_queries(4):  # type: ignore[operator] # the lock, the head, the entry, the head again
        record(actor=alice, action="thing.done", target=alice)


def test_the_head_is_one_row() -> None:
    assert AuditHead.objects.get().pk == 1


def test_the_system_actor_is_logged_by_name() -> None:
    entry = record(actor=policy.system_actor(), action="thing.done")
    assert entry.actor_name == "system"
