"""A real browser on a live server. Skipped where Chromium is not installed."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from apps.accounts.choices import Role
from apps.accounts.models import User
from tests.access.story import Story, tell_story
from tests.factories.accounts import PASSWORD, UserFactory

HERE = Path(__file__).parent
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESK, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and say why it is skipped where it is."""
    absent = pytest.mark.skip(reason="Chromium is not installed: apt-get install chromium")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(absent)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, and Django would refuse the database to it.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


class Faults(list[str]):
    """What went wrong in the browser: errors in the console, exceptions, policy violations."""

    def watch(self, page: Page) -> None:
        page.on("console", lambda m: self.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.append(str(error)))
        page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " e => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI))"
        )


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer, faults: Faults) -> Iterator[OpenPage]:
    """Makes a page of a new context: ``open_page(PHONE, color_scheme="dark")``."""
    contexts: list[BrowserContext] = []

    def opened(size: dict[str, int], **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        if options.get("java_script_enabled", True):
            faults.watch(page)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def story(transactional_db: None) -> Story:  # noqa: ARG001 - asked for so that there is a database
    return tell_story()


@pytest.fixture
def maya(transactional_db: None) -> User:  # noqa: ARG001 - the same
    return UserFactory.create(
        name="Maya Okafor", email="maya@example.org", roles=[Role.ANALYST], all_vendors=True
    )


def sign_in_by_form(page: Page) -> None:
    """Sign maya in as she does it herself."""
    page.goto("/")
    page.get_by_label("E-mail address").fill("maya@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page) -> None:
    """Open the overview with maya signed in already."""
    client = Client()
    client.force_login(User.objects.get(email="maya@example.org"))
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies(
        [{"name": session.key, "value": session.value, "domain": "localhost", "path": "/"}]
    )
    page.goto("/")
