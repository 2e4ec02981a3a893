"""The list of vendors: what it shows of each, how it is narrowed, sorted, kept and written out."""

import csv
import io

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import SavedView, User
from apps.audit.models import AuditEntry
from apps.engine.values import Severity, VerdictKind
from apps.vendors.models import Vendor
from apps.vendors.views import lists
from tests.conftest import ClientFor
from tests.factories.access import DeploymentFactory, EnvironmentFactory, PairReachFactory
from tests.factories.findings import FindingFactory
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

LIST = reverse("vendors:vendor-list")
MANY = reverse("vendors:vendor-offboard-many")


def body(answer: HttpResponseBase) -> str:
    return bytes(b"".join(answer)).decode("utf-8-sig")


def shown(client_for: ClientFor, user: User, **asked: str) -> list[str]:
    """The keys of the vendors that the list shows, in its order."""
    rows = client_for(user).get(LIST, asked).context["rows"]
    return [row.vendor.key for row in rows]


@pytest.fixture
def three() -> tuple[Vendor, Vendor, Vendor]:
    """Ash reaches Meridian openly, birch has a key alone and two findings, cedar nothing."""
    ash, birch, cedar = (VendorFactory.create(key=key) for key in ("ash", "birch", "cedar"))
    meridian = DeploymentFactory.create(model__name="Meridian")
    lab = EnvironmentFactory.create(vendor=ash)
    EnvironmentFactory.create(vendor=ash)
    PairReachFactory.create(environment=lab, deployment=meridian)
    held = EnvironmentFactory.create(vendor=birch)
    PairReachFactory.create(
        environment=held,
        deployment=meridian,
        verdict=None,
        reach="credential_only",
        proven="credential_only",
    )
    FindingFactory.create(vendor=ash, severity=Severity.CRITICAL)
    FindingFactory.create(vendor=birch, severity=Severity.HIGH)
    FindingFactory.create(vendor=birch, severity=Severity.HIGH)
    return ash, birch, cedar


@pytest.mark.usefixtures("three")
def test_each_row_says_what_the_vendor_reaches_and_what_is_open(
    client_for: ClientFor, bob: User
) -> None:
    ash, birch, cedar = client_for(bob).get(LIST).context["rows"]
    told = [{column.name: cell.plain for column, cell in row.cells} for row in (ash, birch, cedar)]
    assert told == [
        {"reaches": "unsegregated: Meridian", "environments": "2", "findings": "critical 1"},
        {"reaches": "key only: Meridian", "environments": "1", "findings": "high 2"},
        {"reaches": "", "environments": "0", "findings": "none"},
    ]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({"reaches": "unsegregated"}, ["ash"]),
        ({"reaches": "undetermined"}, []),
        ({"reaches": "key_only"}, ["birch"]),
        ({"reaches": "nothing"}, ["cedar"]),
        ({"reaches": "nonsense"}, ["ash", "birch", "cedar"]),
        ({"findings": "any"}, ["ash", "birch"]),
        ({"findings": "high"}, ["birch"]),
        ({"findings": "none"}, ["cedar"]),
        ({"q": "bir"}, ["birch"]),
        ({"sort": "reaches"}, ["ash", "birch", "cedar"]),
        ({"sort": "-reaches"}, ["cedar", "birch", "ash"]),
        ({"sort": "environments"}, ["cedar", "birch", "ash"]),
        ({"sort": "findings"}, ["ash", "birch", "cedar"]),
        ({"sort": "-findings", "findings": "any"}, ["birch", "ash"]),
        ({"sort": "-seen"}, ["ash", "birch", "cedar"]),
    ],
    ids=str,
)
def test_what_other_apps_know_narrows_and_sorts(
    client_for: ClientFor, bob: User, asked: dict[str, str], keys: list[str]
) -> None:
    found = shown(client_for, bob, **asked)
    assert (sorted(found) if asked.get("sort") == "-seen" else found) == keys


def test_a_vendor_with_a_worse_verdict_does_not_stand_under_a_better_one(
    client_for: ClientFor, bob: User, three: tuple[Vendor, Vendor, Vendor]
) -> None:
    PairReachFactory.create(environment__vendor=three[0], verdict=VerdictKind.SEGREGATED)
    assert shown(client_for, bob, reaches="segregated") == []
    assert shown(client_for, bob, reaches="unsegregated") == ["ash"]


@pytest.mark.usefixtures("three")
def test_somebody_who_may_not_read_the_facts_sees_the_findings_alone(
    client_for: ClientFor, rosa: User
) -> None:
    answer = client_for(rosa).get(LIST, {"reaches": "unsegregated", "sort": "reaches"})
    assert [head.column.name for head in answer.context["heads"]][1] == "findings"
    assert len(answer.context["rows"]) == 3
    assert "Meridian" not in answer.content.decode()


def test_engaged_by_narrows_and_names_nobody_out_of_scope(
    client_for: ClientFor, anna: User, bob: User, corvid: Vendor
) -> None:
    quill = VendorFactory.create(key="quill", name="Quill")
    Vendor.objects.filter(pk=corvid.pk).update(engaged_by=quill)
    assert shown(client_for, bob, engaged_by="Quill (quill)") == ["corvid"]
    assert shown(client_for, anna, engaged_by="quill") == []
    page = client_for(anna).get(LIST).content.decode()
    assert "another vendor" in page
    assert "Quill" not in page
    file = body(client_for(anna).get(LIST, {"format": "csv"}))
    assert "another vendor" in file
    assert "Quill" not in file


def test_the_file_has_every_page_of_what_is_shown_and_no_formula(
    client_for: ClientFor, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 7)
    for number in range(60):
        VendorFactory.create(key=f"v{number:02}", name=f"=cmd{number:02}")
    VendorFactory.create(key="other", kind="supplier")
    answer = client_for(bob).get(LIST, {"format": "csv", "kind": "partner", "sort": "-name"})
    assert answer.streaming
    rows = list(csv.DictReader(io.StringIO(body(answer))))
    assert [row["name"] for row in rows] == [f"'=cmd{number:02}" for number in range(59, -1, -1)]
    assert {row["findings"] for row in rows} == {"none"}


def test_the_list_asks_no_more_for_twenty_vendors_with_everything_than_for_ten(
    client_for: ClientFor, bob: User
) -> None:
    client = client_for(bob)
    counts = []
    for start in (0, 10):
        for number in range(start, start + 10):
            engager = VendorFactory.create(key=f"e{number}")
            vendor = VendorFactory.create(key=f"v{number}", engaged_by=engager)
            PairReachFactory.create(environment__vendor=vendor)
            FindingFactory.create(vendor=vendor)
        for asked in ({}, {"sort": "findings"}, {"sort": "reaches", "findings": "any"}):
            with CaptureQueriesContext(connection) as captured:
                client.get(LIST, asked)
            counts.append(len(captured))
    assert counts[:3] == counts[3:]


def test_names_are_escaped_wherever_the_list_shows_them(client_for: ClientFor, bob: User) -> None:
    evil = "<script>alert(1)</script>"
    engager = VendorFactory.create(key="engager", name=evil)
    vendor = VendorFactory.create(key="evil", name=evil, engaged_by=engager)
    PairReachFactory.create(environment__vendor=vendor, deployment__model__name=evil)
    SavedView.objects.create(user=bob, page="vendors:vendor-list", name=evil, query="q=x")
    page = client_for(bob).get(LIST, {"q": evil, "engaged_by": evil}).content.decode()
    assert evil not in page
    page = client_for(bob).get(LIST).content.decode()
    assert evil not in page
    assert page.count("&lt;script&gt;") >= 4
    assert evil not in client_for(bob).get(MANY, {"pick": [vendor.pk]}).content.decode()


# --- several at once ------------------------------------------------------------------------------


def test_the_picked_vendors_are_named_then_offboarded_each_with_an_entry(
    client_for: ClientFor, bob: User
) -> None:
    ash, birch = VendorFactory.create(key="ash"), VendorFactory.create(key="birch")
    ended = VendorFactory.create(key="ended", status="offboarded")
    picked = {"pick": [str(ash.pk), str(birch.pk), str(ended.pk), "nonsense"]}
    asked = client_for(bob).get(MANY, picked)
    assert "Offboard 2 vendors?" in asked.content.decode()
    assert "Offboarded already: Ended." in asked.content.decode()
    assert not AuditEntry.objects.exists()
    answer = client_for(bob).post(MANY, picked)
    assert answer["Location"] == LIST
    assert set(Vendor.objects.values_list("status", flat=True)) == {"offboarded"}
    entries = AuditEntry.objects.filter(action="vendor.offboarded")
    assert set(entries.values_list("vendor_id", flat=True)) == {ash.pk, birch.pk}


def test_vendors_out_of_scope_are_neither_named_nor_offboarded(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    quill = VendorFactory.create(key="quill", name="Quill")
    picked = {"pick": [corvid.pk, quill.pk]}
    assert "Quill" not in client_for(anna).get(MANY, picked).content.decode()
    client_for(anna).post(MANY, picked)
    quill.refresh_from_db()
    corvid.refresh_from_db()
    assert (quill.status, corvid.status) == ("active", "offboarded")


def test_who_may_not_change_vendors_is_not_offered_to_pick_them(
    client_for: ClientFor, rita: User, corvid: Vendor
) -> None:
    assert 'name="pick"' not in client_for(rita).get(LIST).content.decode()
    assert client_for(rita).post(MANY, {"pick": [corvid.pk]}).status_code == 403


# --- saved views ----------------------------------------------------------------------------------


def test_a_saved_view_stands_above_the_list_and_is_marked_where_it_is_shown(
    client_for: ClientFor, bob: User
) -> None:
    client = client_for(bob)
    page = client.get(LIST, {"status": "active", "page": "1"}).content.decode()
    assert "Save view" in page
    client.post(
        reverse("accounts:view-create"),
        {"page": "vendors:vendor-list", "name": "In force", "query": "status=active"},
    )
    page = client.get(LIST, {"status": "active"}).content.decode()
    assert '<a href="/vendors/?status=active" aria-current="page">In force</a>' in page
    assert "Delete this view" in page
    assert "Save view" not in client.get(LIST).content.decode()
