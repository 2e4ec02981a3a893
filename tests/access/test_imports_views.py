"""The import pages: who may, forms that refuse, what is shown, queries."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from apps.access.models import ImportFault, ImportRun, ImportState
from apps.access.services.imports import take_up_imports
from apps.accounts.models import User
from apps.vendors.models import Vendor
from tests.access.interchange import imported
from tests.conftest import ClientFor
from tests.engine.documents import small
from tests.factories.access import ImportRunFactory

pytestmark = pytest.mark.django_db

LIST = "/imports/"
NASTY = "<script>alert(1);"


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """What wakes after a commit is not the matter here, and files are kept apart."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def browser(client_for: ClientFor, bob: User) -> Client:
    return client_for(bob)


def document(**lists: Any) -> bytes:
    return json.dumps({"format": "vendorrisk.access-graph/1", **lists}).encode()


def drop(client: Client, data: bytes, name: str = "graph.json") -> ImportRun:
    """Upload a file, and have a worker look at it."""
    answer = client.post("/imports/new/", {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 302
    take_up_imports()
    return ImportRun.objects.latest("pk")


def page_of(run: ImportRun) -> str:
    return f"/imports/{run.pk}/"


def body(answer: HttpResponseBase) -> str:
    parts = answer if answer.streaming else [answer.content]  # type: ignore[attr-defined] # either kind
    return b"".join(parts).decode()


def test_a_document_goes_from_the_form_to_what_it_changed(browser: Client) -> None:
    run = drop(browser, document(vendors=[{"key": "acme", "kind": "partner", "name": "Acme"}]))
    page = body(browser.get(page_of(run)))
    assert "graph.json would change the facts: 1 new" in page
    assert '<code class="vr-file">acme</code>' in page
    answer = browser.post(f"{page_of(run)}apply/", {"plan": run.plan_digest})
    assert answer.status_code == 302
    assert "is being applied" in body(browser.get(page_of(run)))
    take_up_imports()
    run.refresh_from_db()
    page = body(browser.get(page_of(run)))
    assert "graph.json was applied: 1 new" in page
    assert run.scan is not None
    assert reverse("access:run-detail", args=[run.scan.pk]) in page
    assert "1 new" in body(browser.get(LIST))


def test_the_progress_asks_for_itself_until_the_import_is_at_rest(browser: Client) -> None:
    browser.post("/imports/new/", {"file": SimpleUploadedFile("g.json", document())})
    run = ImportRun.objects.get()
    answer = browser.get(page_of(run), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 1s"' in body(answer)
    assert "<html" not in body(answer)
    assert "HX-Request" in answer["Vary"]
    take_up_imports()
    answer = browser.get(page_of(run), headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert "hx-trigger" not in body(answer)


def test_a_file_that_cannot_be_used_is_said_beside_the_field(browser: Client) -> None:
    for data, sentence in ((b"PK\x03\x04", "ZIP archive"), (b"", "empty"), (b"[1]", "JSON list")):
        answer = browser.post("/imports/new/", {"file": SimpleUploadedFile("x.csv", data)})
        assert answer.status_code == 422
        assert sentence in body(answer)
    answer = browser.post("/imports/new/", {})
    assert answer.status_code == 422
    assert "Choose a file first." in body(answer)


def test_what_a_file_says_is_escaped_everywhere(browser: Client) -> None:
    row = {"key": "a", "kind": NASTY, "name": NASTY, NASTY: NASTY}
    run = drop(browser, document(vendors=[row]), name=f"{NASTY}.json")
    pages = [LIST, page_of(run)]
    good = drop(browser, document(vendors=[{"key": "a", "kind": "partner", "name": NASTY}]))
    pages.append(page_of(good))
    browser.post(
        "/imports/new/",
        {"file": SimpleUploadedFile("t.csv", f"key,{NASTY}\na,{NASTY}\n".encode())},
    )
    pages.append(f"{page_of(ImportRun.objects.latest('pk'))}columns/")
    for page in pages:
        text = body(browser.get(page))
        assert "<script>alert" not in text, page
        assert "&lt;script&gt;" in text, page


def test_faults_are_paged_and_come_as_a_file(browser: Client) -> None:
    rows = [{"key": f"v{n}", "kind": "=1+1"} for n in range(120)]
    run = drop(browser, document(vendors=rows))
    first, last = (body(browser.get(f"{page_of(run)}?page={n}")) for n in (1, 3))
    assert "1 to 50 of 120 faults" in first
    assert "vendors[119]" in last
    assert "vendors[0]" not in last
    answer = browser.get(f"{page_of(run)}faults.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = body(answer).splitlines()
    assert len(lines) == 121
    assert lines[1].startswith(",vendors,0,v0,kind,bad_value,")


def test_replacing_asks_for_the_count_and_keeps_what_is_wrong_in_sight(
    browser: Client, bob: User
) -> None:
    imported(bob, small(holds=[{"from": "lab", "to": "token"}]))
    run = drop(browser, document(mode="replace", holds=[]))
    page = body(browser.get(page_of(run)))
    assert "1 fact ends" in page
    answer = browser.post(f"{page_of(run)}apply/", {"plan": run.plan_digest, "ends": "7"})
    assert answer.status_code == 422
    assert "Type 1 to say" in body(answer)
    answer = browser.post(f"{page_of(run)}apply/", {"plan": run.plan_digest, "ends": "1"})
    assert answer.status_code == 302


def test_what_is_not_shown_any_more_is_not_applied(browser: Client) -> None:
    run = drop(browser, document(vendors=[{"key": "acme", "kind": "partner"}]))
    answer = browser.post(f"{page_of(run)}apply/", {"plan": "0" * 64})
    assert answer.status_code == 409
    assert "checked again since you opened the page" in body(answer)


def test_columns_are_chosen_on_a_page_of_their_own(browser: Client) -> None:
    data = b"Supplier ID;Company;Type;Remarks\nacme;Acme;partner;hello\n"
    answer = browser.post("/imports/new/", {"file": SimpleUploadedFile("v.csv", data)})
    run = ImportRun.objects.get()
    assert answer["Location"] == f"{page_of(run)}columns/"
    page = body(browser.get(answer["Location"]))
    assert '<option value="key" selected>' in page
    assert "hello" in page
    wrong = {"column_0": "key", "column_1": "key", "column_2": "kind", "column_3": ""}
    answer = browser.post(f"{page_of(run)}columns/?list=vendors", wrong)
    assert answer.status_code == 422
    assert "Two columns are “key”" in body(answer)
    right = wrong | {"column_1": "name"}
    answer = browser.post(f"{page_of(run)}columns/?list=vendors", right)
    assert answer["Location"] == page_of(run)
    take_up_imports()
    run.refresh_from_db()
    assert run.state == ImportState.READY
    assert run.changes == {"vendors": {"added": 1, "changed": 0, "removed": 0}}


def test_a_table_can_be_taken_for_another_kind(browser: Client) -> None:
    data = b"id,name,type\nann,Ann,human\n"
    browser.post("/imports/new/", {"file": SimpleUploadedFile("v.csv", data)})
    run = ImportRun.objects.get()
    page = body(browser.get(f"{page_of(run)}columns/?list=identities"))
    assert 'value="mfa"' in page
    answer = browser.post(
        f"{page_of(run)}columns/?list=identities",
        {"column_0": "key", "column_1": "name", "column_2": "kind"},
    )
    assert answer.status_code == 302
    run.refresh_from_db()
    assert run.kind == "identities"


@pytest.mark.parametrize("kind", ["vendors", "environments", "identities", "credentials"])
def test_a_template_can_be_uploaded_as_it_is(browser: Client, kind: str) -> None:
    guide = body(browser.get(f"/imports/tables/{kind}/"))
    template = b"".join(browser.get(f"/imports/tables/{kind}.csv"))
    assert template.startswith(b"\xef\xbb\xbfkey,")
    for head in template.decode("utf-8-sig").splitlines()[0].split(","):
        assert f"<code>{head}</code>" in guide
    browser.post("/imports/new/", {"file": SimpleUploadedFile("t.csv", template)})
    run = ImportRun.objects.get()
    assert run.kind == kind
    assert run.reading is not None
    assert all(run.reading["columns"])


def test_a_kind_of_table_that_is_not_known_is_not_found(browser: Client) -> None:
    assert browser.get("/imports/tables/models/").status_code == 404
    assert browser.get("/imports/tables/models.csv").status_code == 404


def test_an_import_is_discarded(browser: Client) -> None:
    run = drop(browser, document())
    answer = browser.post(f"{page_of(run)}discard/", follow=True)
    assert "graph.json was discarded" in body(answer)
    assert browser.get(page_of(run)).status_code == 200
    assert browser.post(f"{page_of(run)}check/").status_code == 409


def test_what_failed_says_why_and_offers_to_check_again(browser: Client) -> None:
    run = drop(browser, document(vendors=[{"key": "acme", "kind": "partner", "name": "New"}]))
    Vendor.objects.create(key="acme", name="Old", kind="partner")
    browser.post(f"{page_of(run)}apply/", {"plan": run.plan_digest})
    take_up_imports()
    page = body(browser.get(page_of(run)))
    assert "the facts have changed since" in page
    assert "Check again" in page
    assert browser.post(f"{page_of(run)}check/").status_code == 302


def test_whoever_may_not_import_finds_no_way_in(
    client_for: ClientFor, anna: User, rita: User, bob: User
) -> None:
    run = drop(client_for(bob), document())
    for person in (anna, rita):
        client = client_for(person)
        assert client.get(LIST).status_code == 403
        assert client.get(page_of(run)).status_code == 404
        assert client.post(f"{page_of(run)}apply/").status_code == 404
        file = SimpleUploadedFile("g.json", document())
        assert client.post("/imports/new/", {"file": file}).status_code == 403
        assert 'href="/imports/"' not in body(client.get("/"))
    assert ImportRun.objects.count() == 1


@pytest.mark.parametrize("rows", [1, 20])
def test_the_queries_of_a_page_do_not_grow(
    browser: Client,
    rows: int,
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(rows):
        ImportRunFactory.create()
    run = drop(browser, document(vendors=[{"key": f"v{n}", "kind": "x"} for n in range(rows)]))
    ImportFault.objects.count()
    for page in (LIST, page_of(run)):
        browser.get(page)
        with django_assert_max_num_queries(14):
            browser.get(page)
