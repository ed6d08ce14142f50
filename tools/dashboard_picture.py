#!/usr/bin/env python3
"""Takes the pictures of the dashboard from a real service in a real browser: docs/images/dashboard.png and, with a folder, more.

Run it from the repository: ``python -m tools.dashboard_picture [FOLDER]``. The folder gets both themes, a phone, an opened
decision and a checked proof, to be looked at.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from foureyes.choices import GuardMode
from tests.browser.conftest import FLAGS, Theme
from tests.browser.dashboard_house import QUESTIONS, Served, dashboard, past

HERE: Final = Path(__file__).parent
PICTURE: Final = HERE.parent / "docs" / "images" / "dashboard.png"
WIDE: Final = 1440


def main() -> None:
    """Takes the picture for the docs, and the others where a folder is given."""
    with served() as service, chromium() as browser:
        shoot(browser, service, PICTURE, whole=False)
        if len(sys.argv) > 1:
            look(browser, service, Path(sys.argv[1]))
            with served(mode="observe") as watching:
                look(browser, watching, Path(sys.argv[1]) / "observed")


def look(browser: Browser, service: Served, folder: Path) -> None:
    """Everything there is to see, in both themes."""
    folder.mkdir(parents=True, exist_ok=True)
    themes: tuple[Theme, Theme] = ("light", "dark")
    for theme in themes:
        shoot(browser, service, folder / f"page-{theme}.png", theme=theme)
        shoot(browser, service, folder / f"phone-{theme}.png", theme=theme, width=390)
        shoot(browser, service, folder / f"decision-{theme}.png", theme=theme, opened=True, whole=False)
        shoot(browser, service, folder / f"door-{theme}.png", theme=theme, key=False, whole=False)


def shoot(
    browser: Browser,
    service: Served,
    target: Path,
    *,
    theme: Theme = "light",
    width: int = WIDE,
    key: bool = True,
    opened: bool = False,
    whole: bool = True,
) -> None:
    """One picture."""
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900}, device_scale_factor=1.5)
    page = context.new_page()
    page.goto(service.url)
    if key:
        enter(page, service)
    if opened:
        page.locator("#decisions .row:not(.passed)").first.click()
    page.wait_for_timeout(2500)  # until what is new has faded to calm
    page.screenshot(path=target, full_page=whole)
    context.close()


def enter(page: Page, service: Served) -> None:
    """Opens the board and checks a proof."""
    page.get_by_label("API key").fill(service.key("audit"))
    page.keyboard.press("Enter")
    page.locator("#entries button").first.click()
    page.locator("#proof .steps").wait_for()
    page.locator(".search summary").click()
    page.evaluate("scrollTo(0, 0)")


@contextmanager
def served(*, mode: GuardMode = "enforce") -> Iterator[Served]:
    """A service that has lived through two hours and forty decisions."""
    rng = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder, dashboard(Path(folder), mode=mode) as service:
        past(service.monitor, service.house.now, enforced=mode == "enforce")
        for _ in range(40):
            prompt, response, _ = QUESTIONS[rng.integers(len(QUESTIONS))]
            service.house.now += float(rng.random()) * 4
            service.verify(
                prompt,
                response,
                agent=f"agent-{rng.integers(1, 6)}",
                sources=["shared-notes" if "policy" in response or "noted" in response else "manual"],
            )
        yield service


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the tests."""
    found = subprocess.run([HERE / "browser", "where"], check=True, capture_output=True, text=True)  # noqa: S603 - our own script
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=FLAGS)
        yield browser
        browser.close()


if __name__ == "__main__":
    main()
