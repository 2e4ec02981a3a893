"""People in a real browser: invited, a second factor set up, signed in with it."""

import re
from pathlib import Path

import pytest
from allauth.mfa.totp.internal import auth
from playwright.sync_api import Page, expect

from apps.accounts.choices import Role
from apps.accounts.models import User
from tests.browser.conftest import DESK, PHONE, Faults, OpenPage
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.vendors import VendorFactory

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()


@pytest.fixture
def olga(transactional_db: None) -> User:  # noqa: ARG001 - asked for so that there is a database
    return UserFactory.create(
        name="Olga Quist",
        email="olga@example.org",
        roles=[Role.ADMINISTRATOR],
        all_vendors=True,
    )


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/sign-in/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def check(page: Page) -> None:
    """Nothing serious for those who listen or look closely, and nothing that scrolls sideways."""
    page.evaluate(AXE)
    found = page.evaluate(
        "axe.run({resultTypes: ['violations']}).then(r => r.violations"
        ".filter(v => ['serious', 'critical'].includes(v.impact))"
        ".map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))"
    )
    assert found == [], page.url
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0, page.url


def code_of(secret: str, *, later: int = 0) -> str:
    counter = list(auth.yield_hotp_counters_from_time())[1] + later
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))


@pytest.mark.usefixtures("olga")
def test_nora_is_invited_sets_up_a_second_factor_and_signs_in_with_it(
    open_page: OpenPage, faults: Faults
) -> None:
    VendorFactory.create(key="corvid", name="Corvid Analytics")
    hers = open_page(DESK)
    sign_in(hers, "olga@example.org")
    hers.get_by_role("link", name="People").click()
    check(hers)
    hers.get_by_role("link", name="Invite somebody").click()
    hers.get_by_label("E-mail address").fill("nora@example.org")
    hers.get_by_label("Name", exact=True).fill("Nora Lind")
    hers.get_by_label("Analyst").check()
    check(hers)
    hers.get_by_role("button", name="Invite").click()
    link = hers.get_by_label("Link").input_value()
    check(hers)
    hers.get_by_role("link", name="To Nora Lind").click()
    hers.get_by_role("combobox", name="Vendor").type("corv", delay=40)
    hers.get_by_role("option", name="Corvid Analytics").click()
    hers.get_by_role("button", name="Grant").click()
    expect(hers.get_by_role("status")).to_have_text("Nora Lind sees Corvid Analytics now.")
    check(hers)

    page = open_page(PHONE, color_scheme="dark")
    page.goto(link)
    assert page.url.endswith("/accounts/welcome/"), "the address holds no token"
    check(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("status")).to_contain_text("Your account is ready")
    sign_in(page, "nora@example.org")
    page.goto("/profile/")
    check(page)
    page.get_by_role("link", name="Set up").click()
    picture = page.get_by_role("img", name="The secret as a QR code")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    check(page)
    shown = page.locator("code").filter(has_text=re.compile(r"^([A-Z2-7]{4} ?){8}$"))
    secret = shown.inner_text().replace(" ", "")
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Set up").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    file = saved.value.path().read_text()
    recovery = codes.first.inner_text()
    assert recovery in file
    check(page)

    again = open_page(PHONE)
    sign_in(again, "nora@example.org")
    check(again)
    again.get_by_label("Code").fill(code_of(secret, later=1))
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("heading", level=1)).to_be_visible()
    assert again.url.rstrip("/").count("/") == 2, "she is on the overview"
    page.goto("/profile/")
    page.get_by_role("button", name="Sign out everywhere else").click()
    again.goto("/profile/")
    expect(again.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert faults == []
