"""The analyst's story: a contractor's sandbox is recorded, connected, and its finding is seen."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.access.models import Environment
from apps.engine.values import VendorKind
from apps.findings.models import Finding
from tests.access.story import Story
from tests.browser.conftest import DESK, PHONE, Faults, OpenPage, sign_in
from tests.browser.test_pages import problems
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.usefixtures("maya")


@pytest.fixture
def contractor(story: Story) -> Story:
    VendorFactory.create(key="sandpiper", name="Sandpiper", kind=VendorKind.CONTRACTOR)
    return story


def choose(page: Page, label: str, typed: str, name: str) -> None:
    """Choose from what is offered while one types."""
    field = page.get_by_role("combobox", name=label).last
    field.fill("")
    field.press_sequentially(typed)
    page.get_by_role("option", name=name).click()


def answer(page: Page, question: str, choice: str) -> None:
    group = page.get_by_role("group", name=question).last
    group.get_by_text(choice, exact=True).click()


@pytest.mark.usefixtures("contractor")
def test_an_analyst_records_a_sandbox_connects_it_and_sees_the_finding_it_opens(
    open_page: OpenPage, faults: Faults
) -> None:
    page = open_page(DESK)
    sign_in(page)
    page.get_by_role("link", name="Access facts").click()
    page.get_by_role("link", name="New environment").click()
    page.get_by_label("Name").fill("Sandpiper sandbox")
    page.get_by_label("Key", exact=True).fill("sp-sandbox")
    choose(page, "Vendor", "sandp", "Sandpiper")
    page.get_by_label("Kind").select_option("sandbox")
    page.get_by_label("Purpose").select_option("evaluation")
    answer(page, "Can it call out to the internet?", "No")
    page.get_by_role("button", name="Add a connection").click()
    choose(page, "To", "evaluation g", "Evaluation gateway")
    answer(page, "Does it look at where the call comes from?", "No")
    page.get_by_role("button", name="Add a credential").click()
    choose(page, "Credential", "evalw", "Evalworks key")
    expect(page.get_by_label("Name")).to_have_value("Sandpiper sandbox")
    page.get_by_role("button", name="Save").last.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sandpiper sandbox")
    expect(page.get_by_role("heading", name="What this changed")).to_be_visible()
    sandbox = Environment.objects.get(key="sp-sandbox")
    finding = Finding.objects.get(rule="RT-01", environment=sandbox.key)
    effect = page.locator(".vr-effect")
    expect(effect.get_by_text("gained reach of")).to_be_visible()
    expect(page.locator("#after-scan").get_by_text("Unsegregated")).to_be_visible()
    assert not problems(page)
    address = reverse("findings:finding-detail", args=[finding.pk])
    effect.locator(f'a[href="{address}"]').click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sandpiper sandbox can use")
    assert not faults


@pytest.mark.usefixtures("contractor")
def test_on_a_phone_without_script_a_row_is_added_by_a_second_submit(open_page: OpenPage) -> None:
    page = open_page(PHONE, java_script_enabled=False)
    sign_in(page)
    page.goto(reverse("access:fact-create", kwargs={"kind": "environments"}))
    page.get_by_label("Name").fill("Sandpiper sandbox")
    page.get_by_label("Key", exact=True).fill("sp-sandbox")
    page.get_by_label("Vendor").fill("Sandpiper")
    page.get_by_label("Kind").select_option("sandbox")
    page.get_by_label("Purpose").select_option("evaluation")
    page.get_by_role("button", name="Add a credential").click()
    page.get_by_label("Credential").fill("ew-key")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sandpiper sandbox")
    page.get_by_role("link", name="See what it changed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What the change did to reach")
    assert Environment.objects.get(key="sp-sandbox").holds.count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody_and_nothing_scrolls_sideways_on_a_phone(
    open_page: OpenPage, contractor: Story, theme: str
) -> None:
    page = open_page(PHONE, color_scheme=theme)
    sign_in(page)
    fact = {"kind": "environments", "pk": contractor.laptops.pk}
    for address in (
        reverse("access:fact-list", kwargs={"kind": "environments"}),
        reverse("access:fact-list", kwargs={"kind": "connects"}),
        reverse("access:fact-detail", kwargs=fact),
        reverse("access:fact-edit", kwargs=fact),
        reverse("access:fact-delete", kwargs=fact),
        reverse("access:fact-create", kwargs={"kind": "connects"}),
    ):
        page.goto(address)
        assert not problems(page), address
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), address
