"""The import of a document and of a table in a real browser."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from apps.access.models import Environment, ImportRun
from apps.access.services.imports import take_up_imports
from apps.vendors.models import Vendor
from tests.browser.conftest import DESK, PHONE, OpenPage, sign_in

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()

pytestmark = pytest.mark.usefixtures("maya", "story")


@pytest.fixture(autouse=True)
def _kept_apart(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def document(**lists: object) -> bytes:
    return json.dumps({"format": "vendorrisk.access-graph/1", **lists}).encode()


def choose(page: Page, name: str, data: bytes) -> None:
    """Choose a file on the page of imports, and send it."""
    page.goto("/imports/")
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )
    page.get_by_role("button", name="Check it").click()


def test_a_document_is_dropped_checked_applied_and_found_in_the_history(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(DESK)
    sign_in(page)
    page.get_by_role("link", name="Imports").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imports")
    monkeypatch.setattr("apps.access.tasks.imports.take_up_imports", lambda: 0)  # busy elsewhere
    text = document(vendors=[{"key": "acme", "kind": "partner", "name": "Acme"}]).decode()
    page.evaluate(
        """(text) => {
            const files = new DataTransfer();
            files.items.add(new File([text], "facts.json"));
            const how = {dataTransfer: files, bubbles: true, cancelable: true};
            document.querySelector("form[data-drop]").dispatchEvent(new DragEvent("drop", how));
        }""",
        text,
    )
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("facts.json is being checked")
    take_up_imports()
    expect(heading).to_have_text("facts.json would change the facts: 1 new")  # without reloading
    assert not Vendor.objects.filter(key="acme").exists()
    page.get_by_role("button", name="Apply").click()
    expect(heading).to_have_text("facts.json is being applied")
    take_up_imports()
    expect(heading).to_have_text("facts.json was applied: 1 new")
    assert Vendor.objects.get(key="acme").name == "Acme"
    page.get_by_role("link", name="Imports").first.click()
    expect(page.get_by_role("row", name="facts.json")).to_contain_text("Applied")


def test_a_table_is_mapped_refused_corrected_and_applied_on_a_phone_without_script(
    open_page: OpenPage,
) -> None:
    page = open_page(PHONE, java_script_enabled=False)
    sign_in(page)
    choose(page, "labs.csv", b"Hostname;Type;Used for;Egress;Colour\nnew-lab;sandbox;tea;yes;red\n")
    expect(page.get_by_role("heading", level=1)).to_have_text("The columns of labs.csv")
    expect(page.get_by_label("Column 1, Hostname")).to_have_value("key")
    expect(page.get_by_label("Column 5, Colour")).to_have_value("")
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("refused for 1 fault")
    expect(page.get_by_text("“purpose” of line 2 is “tea”")).to_be_visible()
    choose(page, "labs.csv", b"Hostname;Type;Used for;Egress\nnew-lab;sandbox;research;yes\n")
    page.get_by_role("button", name="Check it").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("was applied: 1 new")
    lab = Environment.objects.get(key="new-lab")
    assert (lab.purpose, lab.internet_egress, lab.internet_exposed) == (
        "research",
        "yes",
        "unknown",
    )


def test_replacing_asks_for_the_count(open_page: OpenPage) -> None:
    page = open_page(DESK)
    sign_in(page)
    choose(page, "holds.json", document(mode="replace", holds=[]))
    count = ImportRun.objects.latest("pk").shown or {}
    page.get_by_label("to say that you want this").fill("999")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text(f"Type {count['ends']}")
    page.get_by_label("to say that you want this").fill(str(count["ends"]))
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("was applied")


@pytest.mark.parametrize(
    ("size", "theme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk, light", "phone, dark"]
)
def test_the_pages_are_accessible_and_fit(
    open_page: OpenPage, size: dict[str, int], theme: str
) -> None:
    page = open_page(size, color_scheme=theme)
    sign_in(page)
    choose(page, "a.json", document(vendors=[{"key": "acme", "kind": "partner"}]))
    choose(page, "b.json", document(vendors=[{"key": "acme", "kind": "x"}]))
    choose(page, "c.json", document(mode="replace", holds=[]))
    choose(page, "d.csv", b"key;name;kind\na;A;partner\n")
    numbers = list(ImportRun.objects.order_by("pk").values_list("pk", flat=True))[-4:]
    paths = [*(f"/imports/{number}/" for number in numbers), f"/imports/{numbers[3]}/columns/"]
    for path in ["/imports/", "/imports/tables/credentials/", *paths]:
        page.goto(path)
        page.evaluate(AXE)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        bad = [
            f"{fault['id']}: {node['html']}"
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
        assert not bad, path
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, path
