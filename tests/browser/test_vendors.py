"""Vendors in a real browser: found, kept as a view, picked, written with checks while typing."""

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.vendors.models import Vendor
from tests.access.story import Story
from tests.browser.conftest import DESK, PHONE, Faults, OpenPage, sign_in
from tests.browser.test_pages import problems

pytestmark = pytest.mark.usefixtures("maya")


def test_an_analyst_narrows_the_list_keeps_the_view_and_offboards_what_is_picked(
    open_page: OpenPage, story: Story, faults: Faults
) -> None:
    page = open_page(DESK)
    sign_in(page)
    page.get_by_role("link", name="Vendors").click()
    page.get_by_label("Reaches").select_option("unsegregated")
    page.wait_for_url("**reaches=unsegregated**")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_text("Save view").first.click()
    page.get_by_label("Name of the view").fill("Open to Meridian")
    page.get_by_role("button", name="Save view").click()
    view = page.get_by_role("link", name="Open to Meridian")
    expect(view).to_have_attribute("aria-current", "page")
    offboard = page.get_by_role("button", name="Offboard")
    expect(offboard).to_be_hidden()
    page.get_by_label(f"Pick {story.brightpath.name}").check()
    offboard.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Offboard 1 vendor?")
    expect(page.get_by_text(story.brightpath.name)).to_be_visible()
    page.get_by_role("button", name="Offboard").click()
    expect(page.get_by_text("1 vendor is offboarded.")).to_be_visible()
    assert Vendor.objects.get(pk=story.brightpath.pk).status == "offboarded"
    assert faults == []


@pytest.mark.usefixtures("story")
def test_a_field_says_what_is_wrong_as_soon_as_it_is_left(
    open_page: OpenPage, faults: Faults
) -> None:
    page = open_page(DESK)
    sign_in(page)
    page.goto("/vendors/new/")
    page.get_by_label("Name", exact=True).fill("Sandpiper")
    page.get_by_label("Key", exact=True).fill("no key")
    page.get_by_label("Kind").focus()
    expect(page.get_by_text("A key starts with a letter or digit")).to_be_visible()
    expect(page.get_by_label("Kind")).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Sandpiper")
    page.get_by_label("Key", exact=True).fill("sandpiper")
    page.get_by_label("Key", exact=True).press("Tab")
    page.get_by_label("Kind").select_option("partner")
    expect(page.get_by_text("A key starts with a letter or digit")).to_be_hidden()
    engager = page.get_by_role("combobox", name="Engaged by")
    engager.press_sequentially("evalw")
    page.get_by_role("option", name="Evalworks").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sandpiper")
    expect(page.get_by_text("Engaged by Evalworks")).to_be_visible()
    assert faults == []


def pages_of(story: Story) -> list[str]:
    """Every page about vendors, of one that reaches a model and one that does not."""
    addresses = [
        "/vendors/",
        "/vendors/?reaches=unsegregated",
        "/vendors/?q=nothing",
        "/vendors/new/",
    ]
    for vendor in (story.brightpath, story.northgate):
        own = f"/vendors/{vendor.pk}/"
        tabs = ("", "environments", "identities", "routes", "findings", "contracts", "reviews")
        forms = ("history", "edit", "offboard", "delete", "contracts/new")
        addresses += [f"{own}{page}/" if page else own for page in (*tabs, *forms)]
    return [*addresses, f"/vendors/offboard/?pick={story.brightpath.pk}"]


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESK, "dark"), (PHONE, "light")],
    ids=["desk in dark", "phone in light"],
)
def test_every_page_of_vendors_is_whole(
    open_page: OpenPage,
    story: Story,
    maya: User,
    faults: Faults,
    size: dict[str, int],
    scheme: str,
) -> None:
    """No error, no breach of the policy, nothing sideways, nobody kept out."""
    maya.roles = [str(Role.ANALYST), str(Role.AUDITOR)]
    maya.save()
    page = open_page(size, color_scheme=scheme)
    sign_in(page)
    for address in pages_of(story):
        page.goto(address)
        look_at(page, address, size["width"])
    page.goto("/vendors/new/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look_at(page, "a form that was refused", size["width"])
    page.goto("/vendors/")
    page.locator("tbody input[type=checkbox]").first.check()
    look_at(page, "with a vendor picked", size["width"])
    assert [fault for fault in faults if "422" not in fault] == []


def look_at(page: Page, address: str, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == width, address
    assert problems(page) == [], address
