"""A real Chromium, and pages in it that may neither complain nor ask for anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PATIENCE_MS = 90_000.0
"""How long anything in a page may take: busy machines are slow, and elsewhere what is waited for comes at once."""

NOWHERE = "https://nowhere.invalid/**"
"""An address that no page asks for."""

Theme = Literal["light", "dark"]
OpenPage = Callable[..., Page]
NewContext = Callable[..., BrowserContext]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium from ``FOUREYES_CHROMIUM`` or the path; none is downloaded."""
    executable = os.environ.get("FOUREYES_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.fail("no Chromium: run tools/browser install, or make test, or point FOUREYES_CHROMIUM at one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Contexts:
    """The contexts of one test, whose pages have patience and hold their requests against routes from the first one on.

    Chromium says that requests are routed before a busy page has heard of it: what the page asks for then goes past the first
    route. So there is one before there is a page.
    """

    browser: Browser
    opened: list[BrowserContext] = field(default_factory=list)

    def open(self, **options: Any) -> BrowserContext:
        """One more, with the options of ``Browser.new_context``."""
        context = self.browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        context.route(NOWHERE, lambda route: route.abort())
        self.opened.append(context)
        return context

    def close(self) -> None:
        """Closes all. Pages ask by themselves: a question that a test holds up is on its way then, and no fault."""
        for context in self.opened:
            for page in context.pages:
                page.unroute_all(behavior="ignoreErrors")
            context.close()
        self.opened.clear()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Opens contexts that are closed after the test."""
    contexts = Contexts(browser)
    yield contexts.open
    contexts.close()


@dataclass
class Witness:
    """What pages asked for, and what they complained of."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listens from now on."""
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Opens HTML from a file; afterwards nothing but that file may have been asked for, and nobody complained."""
    witness, contexts, files = Witness(), Contexts(browser), list[str]()

    def open_(html: str, *, theme: Theme = "light", width: int = 1200, scripts: bool = True) -> Page:
        file = tmp_path / f"page{len(files)}.html"
        file.write_text(html, encoding="utf-8", newline="")
        files.append(file.as_uri())
        context = contexts.open(
            color_scheme=theme, viewport={"width": width, "height": 900}, java_script_enabled=scripts, offline=True
        )
        page = context.new_page()
        witness.watch(page)
        page.goto(files[-1])
        return page

    yield open_
    contexts.close()
    assert witness.complaints == []
    assert witness.requests == files
