"""The dashboard, opened in a real browser against a real service: what its tests share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Contexts, Theme, Witness
from tests.browser.dashboard_house import QUESTIONS, Served, dashboard, past

Enter = Callable[..., Page]
REFUSED = re.compile("Failed to load resource: the server responded with a status of 40[13]")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that has decided on every question, and has a past."""
    with dashboard(tmp_path_factory.mktemp("dashboard")) as service:
        past(service.monitor, service.house.now)
        for prompt, response, _ in QUESTIONS:
            service.verify(prompt, response, agent="agent-7")
        yield service


@pytest.fixture
def enter(browser: Browser, served: Served) -> Iterator[Enter]:
    """Opens the page, with a key unless told otherwise; afterwards nobody may have complained or asked elsewhere."""
    witness, contexts = Witness(), Contexts(browser)

    def open_(
        *,
        scope: str | None = "admin",
        theme: Theme = "light",
        width: int = 1280,
        prepare: Callable[[Page], Any] | None = None,
    ) -> Page:
        page = contexts.open(color_scheme=theme, viewport={"width": width, "height": 900}).new_page()
        witness.watch(page)
        if prepare:
            prepare(page)
        page.goto(served.url)
        if scope:
            page.get_by_label("API key").fill(served.key(scope))
            page.get_by_role("button", name="Open").click()
        return page

    yield open_
    contexts.close()
    assert [words for words in witness.complaints if not REFUSED.match(words)] == []
    assert [url for url in witness.requests if not url.startswith(served.url)] == []
    assert not any("key" in url for url in witness.requests)


def open_board(enter: Enter, **options: Any) -> Page:
    return filled(enter(**options))


def sign_in(page: Page, url: str, key: str) -> Page:
    """Goes to a dashboard and opens it with a key."""
    page.goto(url)
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    return page


def filled(page: Page) -> Page:
    """The page once its board has all that it asks for while it opens, and follows what happens."""
    expect(page.locator("#board")).to_be_visible()
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#line")).to_have_text("live")
    return page


def doctor(change: Callable[[Any], Any]) -> Callable[[Route], None]:
    """A server in between that changes what the real one says."""

    def handle(route: Route) -> None:
        response = route.fetch()
        if "json" in response.headers["content-type"]:
            route.fulfill(response=response, json=change(response.json()))
        else:
            route.fulfill(response=response, body=change(response.text()))

    return handle


def lose_questions(page: Page) -> None:
    """From now on what the page asks by itself is lost on the line; what is clicked (a POST) arrives."""
    page.route("**/v1/**", lambda route: route.continue_() if route.request.method == "POST" else route.abort())


def check_first_entry(page: Page) -> None:
    page.locator("#entries").get_by_role("button").first.click()
