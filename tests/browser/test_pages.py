"""The pages in a real browser: on a desk and a phone, light and dark, with and without script."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.access.models import ScanRun
from apps.access.models.runs import RunState
from apps.access.pictures import metrics
from apps.findings.models import Finding
from tests.access.story import Story
from tests.browser.conftest import DESK, PHONE, Faults, OpenPage, sign_in, sign_in_by_form
from tests.factories.access import ScanRunFactory

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
STYLES = {style.css: style for style in vars(metrics).values() if isinstance(style, metrics.Style)}

pytestmark = pytest.mark.usefixtures("maya")


def finding_of(story: Story) -> Finding:
    return story.finding("RT-01", story.laptops)


def pages_of(story: Story) -> list[str]:
    """Every page, with findings of each kind: a route, a possible one, an entry."""
    possible = Finding.objects.get(rule="RT-01", environment="cv-cluster")
    entry = Finding.objects.get(rule="RT-07", subject__entry="al-ng")
    numbers = [finding.pk for finding in (finding_of(story), possible, entry)]
    return [
        "/",
        "/reach/?verdict=all",
        "/findings/",
        *(f"/findings/{number}/" for number in numbers),
        "/scans/",
        f"/scans/{story.run.pk}/",
        "/scans/999/",
    ]


def test_somebody_signs_in_opens_the_worst_route_follows_it_and_signs_out(
    open_page: OpenPage, story: Story
) -> None:
    page = open_page(DESK)
    sign_in_by_form(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "2 environments reach a restricted model without segregation"
    )
    page.get_by_role("link", name="Brightpath laptops can use Meridian").first.click()
    assert page.url.endswith(f"/findings/{finding_of(story).pk}/")
    expect(page.locator("svg.is-wide")).to_be_visible()
    expect(page.locator("svg.is-tall")).to_be_hidden()
    expect(page.get_by_role("row", name="bp-contractor enters ng-lab")).to_be_visible()
    page.locator("svg.is-wide").get_by_role("link", name="Northgate red-team lab, hop 2").click()
    assert page.url.endswith("#hop-2")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_wrong_password_is_refused_in_a_sentence(open_page: OpenPage) -> None:
    page = open_page(DESK)
    page.goto("/")
    page.get_by_label("E-mail address").fill("maya@example.org")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Please enter a correct")


def test_a_phone_without_script_has_the_menu_and_the_tall_picture(
    open_page: OpenPage, story: Story
) -> None:
    page = open_page(PHONE, java_script_enabled=False)
    sign_in(page)
    page.locator("summary").click()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Findings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Findings")
    page.goto(f"/findings/{finding_of(story).pk}/")
    expect(page.locator("svg.is-tall")).to_be_visible()
    expect(page.locator("svg.is-wide")).to_be_hidden()


@pytest.mark.usefixtures("story")
def test_filters_apply_themselves_with_script_and_by_a_button_without(open_page: OpenPage) -> None:
    page = open_page(DESK, java_script_enabled=False)
    sign_in(page)
    page.goto("/findings/")
    page.get_by_label("Rule").select_option("RT-07")
    page.get_by_role("form", name="Filters").get_by_role("button", name="Apply").click()
    assert "rule=RT-07" in page.url
    expect(page.locator("tbody tr")).to_have_count(3)
    page = open_page(DESK)
    sign_in(page)
    page.goto("/reach/?verdict=all")
    page.get_by_role("combobox", name="Vendor").press_sequentially("hel")
    page.get_by_role("option", name="Helix Cloud").click()
    page.wait_for_url("**vendor=Helix**")
    expect(page.get_by_role("heading", name="Helix tester")).to_be_visible()


def test_the_progress_of_a_scan_refreshes_itself_until_it_is_done(open_page: OpenPage) -> None:
    run = ScanRunFactory.create(state=RunState.RUNNING, percent=20, step="Reading the facts")
    page = open_page(DESK)
    sign_in(page)
    page.goto(f"/scans/{run.pk}/")
    expect(page.get_by_text("Reading the facts")).to_be_visible()
    ScanRun.objects.filter(pk=run.pk).update(percent=60, step="Following every route")
    expect(page.get_by_text("Following every route")).to_be_visible(timeout=10_000)
    ScanRun.objects.filter(pk=run.pk).update(state=RunState.FAILED, error="It was stopped.")
    expect(page.get_by_text("failed and changed nothing")).to_be_visible(timeout=10_000)


def background(page: Page) -> str:
    found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return found


LIGHT, DARK = "rgb(251, 251, 249)", "rgb(17, 18, 19)"


def test_the_theme_follows_the_system_with_and_without_script(open_page: OpenPage) -> None:
    for script in (True, False):
        page = open_page(DESK, color_scheme="dark", java_script_enabled=script)
        page.goto("/accounts/sign-in/")
        shown = page.locator("body").evaluate("b => getComputedStyle(b).backgroundColor")
        assert shown == DARK


def test_a_chosen_theme_is_remembered_and_set_before_anything_is_drawn(
    open_page: OpenPage,
) -> None:
    page = open_page(DESK, color_scheme="light")
    page.goto("/accounts/sign-in/")
    toggle = page.get_by_role("button", name="theme")
    for colour in (LIGHT, DARK):
        toggle.click()
        assert background(page) == colour
        toggle = page.get_by_role("button", name="Theme:")
    page.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => {"
        " window.themeAtFirst = document.documentElement.dataset.bsTheme })"
    )
    page.reload()
    assert page.evaluate("window.themeAtFirst") == "dark"
    assert background(page) == DARK
    page.get_by_role("button", name="theme").click()
    assert background(page) == LIGHT  # as the system again


def problems(page: Page) -> list[str]:
    """What axe-core finds to be serious or critical."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{issue['id']}: {node['html'][:120]}"
        for issue in found["violations"]
        if issue["impact"] in {"serious", "critical"}
        for node in issue["nodes"]
    ]


MEASURE = """() => [...document.querySelectorAll("svg.vr-picture text, svg.vr-strip text")]
    .map(t => [t.getAttribute("class").split(" ")[0], t.textContent, t.getComputedTextLength()])
    .filter(([css, text, width]) => width)"""


def too_wide(page: Page) -> list[str]:
    """The texts of pictures that the browser sets wider than the layout reckoned."""
    page.evaluate("document.fonts.ready")
    return [
        text for css, text, width in page.evaluate(MEASURE) if width > STYLES[css].width(text) + 0.5
    ]


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESK, "light"), (PHONE, "dark")],
    ids=["desk in light", "phone in dark"],
)
def test_every_page_is_whole(
    open_page: OpenPage, story: Story, faults: Faults, size: dict[str, int], scheme: str
) -> None:
    """No error, no breach of the policy, nothing sideways, nobody kept out, no text too wide."""
    page = open_page(size, color_scheme=scheme)
    page.goto("/accounts/sign-in/")
    assert problems(page) == []
    sign_in(page)
    for address in pages_of(story):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"], address
        assert problems(page) == [], address
        assert too_wide(page) == [], address
    # The last page does not exist, and the browser says so.
    assert [fault for fault in faults if "404" not in fault] == []
