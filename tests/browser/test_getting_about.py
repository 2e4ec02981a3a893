"""Getting about in a real browser: the search, the model, the log, the style guide."""

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.audit.services import verify_log
from tests.access.story import Story
from tests.browser.conftest import DESK, PHONE, Faults, OpenPage, sign_in
from tests.browser.test_pages import problems, too_wide
from tests.factories.accounts import UserFactory


@pytest.fixture
def maya(transactional_db: None) -> User:  # noqa: ARG001 - asked for so that there is a database
    """Somebody who may do all of it."""
    return UserFactory.create(
        name="Maya Okafor",
        email="maya@example.org",
        roles=[Role.ANALYST, Role.ADMINISTRATOR],
        all_vendors=True,
    )


pytestmark = pytest.mark.usefixtures("maya")


def test_a_slash_leads_to_the_search_and_arrows_to_what_it_finds(
    open_page: OpenPage, story: Story
) -> None:
    page = open_page(DESK)
    sign_in(page)
    box = page.get_by_role("combobox", name="Search everything")
    expect(box).to_be_visible()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("northgate bank")
    option = page.get_by_role("option", name="Northgate Bank northgate")
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/vendors/{story.northgate.pk}/")
    expect(box).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("meridian")
    expect(page.get_by_role("option", name="Search everything for")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=meridian")
    page.get_by_role("main").get_by_role("link", name="Meridian", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("reach Meridian without")


@pytest.mark.usefixtures("story")
def test_a_phone_without_script_searches_by_the_form(open_page: OpenPage) -> None:
    page = open_page(PHONE, java_script_enabled=False)
    sign_in(page)
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Search for").fill("brightpath")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Environments")).to_be_visible()


def test_the_chain_is_verified_on_demand(open_page: OpenPage, maya: User) -> None:
    page = open_page(DESK)
    sign_in(page)
    page.goto("/log/")
    expect(page.get_by_text("The chain was never verified here")).to_be_visible()
    page.get_by_role("button", name="Verify now").click()
    if page.get_by_text("waits for a worker").count():
        verify_log(actor=maya, number=1)
    expect(page.get_by_text("The log holds together")).to_be_visible(timeout=10_000)


def whole(page: Page, address: str, width: int) -> None:
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") == width, address
    assert problems(page) == [], address
    assert too_wide(page) == [], address


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESK, "light"), (DESK, "dark"), (PHONE, "dark")],
    ids=["desk in light", "desk in dark", "phone in dark"],
)
def test_every_page_is_whole(
    open_page: OpenPage, story: Story, faults: Faults, size: dict[str, int], scheme: str
) -> None:
    """The style guide stands for every component; the other pages for how they are put together."""
    page = open_page(size, color_scheme=scheme)
    sign_in(page)
    for address in (
        "/styleguide/",
        "/",
        "/models/",
        f"/models/{story.meridian.model.pk}/",
        "/log/",
        "/log/1/",
        "/search/?q=northgate",
    ):
        whole(page, address, size["width"])
    assert faults == []
