"""The log as a page: filters, pages by number, one entry, the chain, the file."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.audit.models import AuditEntry, Verification
from apps.audit.services import record, verify_log
from apps.reports.selectors.log import PER_PAGE
from apps.vendors import services as vendors
from apps.vendors.models import Vendor
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db

Person = Callable[..., User]
SCRIPT = "<script>alert(1)</script>"


def numbers(client: Client, **asked: object) -> list[int]:
    page = client.get(f"{reverse('reports:log-list')}?{urlencode(asked)}").context["page"]
    return [entry.number for entry in page.entries]


def many(actor: User, count: int) -> None:
    for _ in range(count):
        record(actor=actor, action="thing.done")


def test_pages_follow_one_another_and_come_back(client_for: ClientFor, otto: User) -> None:
    many(otto, 2 * PER_PAGE + 5)
    client = client_for(otto)
    first = numbers(client)
    assert first == list(range(105, 55, -1))
    second = numbers(client, before=first[-1])
    third = numbers(client, before=second[-1])
    assert second == list(range(55, 5, -1))
    assert third == [5, 4, 3, 2, 1]
    assert numbers(client, after=third[0]) == second
    page = client.get(f"{reverse('reports:log-list')}?before={second[-1]}").context["page"]
    assert (page.older, page.newer) == (None, 5)
    page = client.get(f"{reverse('reports:log-list')}?after={second[0]}").context["page"]
    assert (page.older, page.newer) == (56, None)


def test_each_filter_keeps_what_it_says(
    client_for: ClientFor, otto: User, alice: User, corvid: Vendor
) -> None:
    record(actor=otto, action="thing.done")
    record(actor=alice, action="thing.undone", target=corvid, vendor_id=corvid.pk)
    record(actor=alice, action="thing.done", target=otto)
    client = client_for(otto)
    assert numbers(client, actor=alice.pk) == [3, 2]
    assert numbers(client, action="thing.done") == [3, 1]
    assert numbers(client, kind="vendors.vendor") == [2]
    assert numbers(client, vendor="corvid") == [2]
    assert numbers(client, vendor="Corvid Analytics (corvid)") == [2]
    assert numbers(client, vendor="nobody") == []
    assert numbers(client, q="analy corv") == [2]
    assert numbers(client, q="!!") == []
    today = timezone.localdate()
    assert numbers(client, since=today - timedelta(days=1), until=today) == [3, 2, 1]
    assert numbers(client, since=today + timedelta(days=1)) == []
    assert numbers(client, until=today - timedelta(days=1)) == []
    assert numbers(client, actor=alice.pk, action="thing.done") == [3]


NONSENSE = (
    "actor=x actor=999999999999999999999 since=yesterday until=9999-12-31 since=0001-01-01 "
    "before=x before=9999999999999999999999999999999 after=-1 q=%00 kind=%00 vendor=%00"
)


@pytest.mark.parametrize("asked", NONSENSE.split())
def test_nonsense_in_the_address_is_no_error(client_for: ClientFor, otto: User, asked: str) -> None:
    record(actor=otto, action="thing.done")
    answer = client_for(otto).get(f"{reverse('reports:log-list')}?{asked}")
    assert answer.status_code == 200


def test_an_entry_shows_before_and_after_and_its_hashes(
    client_for: ClientFor, bob: User, otto: User, corvid: Vendor
) -> None:
    vendors.change_vendor(actor=bob, vendor=corvid, name="Corvid Group")
    entry = AuditEntry.objects.get(action="vendor.changed")
    page = client_for(otto).get(reverse("reports:log-entry", args=[entry.number])).content.decode()
    assert "Corvid Analytics" in page
    assert "Corvid Group" in page
    assert entry.hash in page
    assert entry.previous in page
    assert "Its content gives its hash" in page
    assert reverse("vendors:vendor-detail", args=[corvid.pk]) in page


def test_somebody_with_a_scope_reads_the_entries_of_their_vendors_alone(
    client_for: ClientFor, person: Person, otto: User, corvid: Vendor
) -> None:
    record(actor=otto, action="thing.done")
    record(actor=otto, action="thing.done", target=corvid, vendor_id=corvid.pk)
    client = client_for(person("Nora", Role.AUDITOR, vendors=[corvid]))
    assert numbers(client) == [2]
    assert client.get(reverse("reports:log-entry", args=[1])).status_code == 404
    assert client.get(reverse("reports:log-entry", args=[2])).status_code == 200
    offered = client.get(reverse("reports:log-list")).context["choices"].actors
    assert [name for _, name in offered] == ["Otto"]


def test_who_may_not_read_the_log_is_refused(client_for: ClientFor, bob: User) -> None:
    record(actor=bob, action="thing.done")
    client = client_for(bob)
    for name in ("log-list", "log-file", "log-chain"):
        assert client.get(reverse(f"reports:{name}")).status_code == 403
    assert client.get(reverse("reports:log-entry", args=[1])).status_code == 403
    assert client.post(reverse("reports:log-verify")).status_code == 403
    assert not Verification.objects.exists()
    assert "Audit log" not in client.get("/").content.decode()


def test_the_page_says_whether_the_chain_holds(client_for: ClientFor, otto: User) -> None:
    client = client_for(otto)
    assert "never verified" in client.get(reverse("reports:log-list")).content.decode()
    answer = client.post(reverse("reports:log-verify"), follow=True)
    page = answer.content.decode()
    asked = Verification.objects.get()
    assert "waits for a worker" in page
    assert "every 2s" in page
    verify_log(actor=otto, number=asked.pk)
    page = client.get(reverse("reports:log-chain")).content.decode()
    assert "The log holds together" in page
    assert "every 2s" not in page


def test_the_page_says_what_was_tampered_with(client_for: ClientFor, otto: User) -> None:
    Verification.objects.create(
        requested_by=otto,
        finished_at=timezone.now(),
        result="broken",
        entries=6,
        fault="Entry 7 was altered: its content does not give its hash.",
        fault_entry=7,
    )
    page = client_for(otto).get(reverse("reports:log-list")).content.decode()
    assert "Entry 7 was altered" in page
    assert reverse("reports:log-entry", args=[7]) in page


def test_the_file_holds_what_the_filter_keeps(client_for: ClientFor, otto: User) -> None:
    record(actor=otto, action="thing.done", data={"name": "=1+1"})
    record(actor=otto, action="thing.undone")
    answer = client_for(otto).get(f"{reverse('reports:log-file')}?action=thing.done")
    text = b"".join(answer).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(text))
    assert dict(zip(head, row, strict=True))["data"] == '{"name": "=1+1"}'
    assert row[0] == "1"
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-log-')


def test_stored_text_is_escaped(client_for: ClientFor, otto: User) -> None:
    vendor = Vendor.objects.create(key="v", name=SCRIPT, kind="partner")
    data = {"before": {SCRIPT: SCRIPT}, "after": {SCRIPT: [SCRIPT]}, SCRIPT: {"x": SCRIPT}}
    record(actor=otto, action="thing.done", target=vendor, vendor_id=vendor.pk, data=data)  # type: ignore[arg-type] # plain JSON
    client = client_for(otto)
    for page in (reverse("reports:log-list"), reverse("reports:log-entry", args=[1])):
        assert SCRIPT not in client.get(page).content.decode()
    answer = client.get(
        f"{reverse('reports:log-list')}?{urlencode({'q': SCRIPT, 'vendor': SCRIPT})}"
    )
    assert SCRIPT not in answer.content.decode()


def test_more_entries_take_no_more_queries(client_for: ClientFor, otto: User) -> None:
    client = client_for(otto)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("reports:log-list"))
        return len(caught)

    many(otto, 10)
    with_ten = queries()
    many(otto, 10)
    assert queries() == with_ten
