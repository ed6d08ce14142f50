"""The demo's page as a reader meets it: light, dark, on a phone, without anything but the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.demo.verifiers import arbitrary_study

from foureyes.demo.page import demo_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Debian's browser where there is one, Playwright's own otherwise.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "page.html"
    path.write_text(demo_page(arbitrary_study()), encoding="utf-8")
    return path


def opened(browser: Browser, file: Path, *, scheme: str = "light", width: int = 1000) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(file.as_uri())
    return page


def colour_of(page: Page, selector: str, property_: str) -> str:
    return str(page.eval_on_selector(selector, f"e => getComputedStyle(e).{property_}"))


def test_it_asks_for_nothing_and_complains_of_nothing(browser: Browser, file: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []


def test_all_questions_and_pictures_are_there(browser: Browser, file: Path) -> None:
    page = opened(browser, file)
    assert page.locator(".questions tbody tr").count() == 120
    assert page.locator("figure svg").count() == 7
    assert page.locator(".measures tbody").count() == 3


@pytest.mark.parametrize("width", [1280, 768, 360])
def test_nothing_sticks_out_sideways(browser: Browser, file: Path, width: int) -> None:
    page = opened(browser, file, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pictures_take_the_colours_of_the_theme(browser: Browser, file: Path) -> None:
    inks = []
    for scheme in ("light", "dark"):
        page = opened(browser, file, scheme=scheme)
        ink = colour_of(page, "body", "color")
        assert colour_of(page, "figure svg text", "fill") == ink
        inks.append(ink)
    assert inks[0] != inks[1]


def test_the_dots_of_a_question_stand_where_its_numbers_say(browser: Browser, file: Path) -> None:
    page = opened(browser, file)
    rows = page.locator(".questions tbody tr")
    for i in (0, 60, 119):
        row = rows.nth(i)
        right, wrong = (float(row.locator(f".answer.{side} b").inner_text()) for side in ("right", "wrong"))
        dots = [row.locator(f".dumbbell .{side}").bounding_box() for side in ("r", "w")]
        assert dots[0] is not None
        assert dots[1] is not None
        if abs(right - wrong) > 0.02:
            assert (right < wrong) == (dots[0]["x"] < dots[1]["x"])


def test_right_and_wrong_are_told_apart_without_colour_too(browser: Browser, file: Path) -> None:
    page = opened(browser, file)
    first = page.locator(".questions tbody tr").first
    assert first.get_by_role("img", name="right").inner_text() == "✓"
    assert first.get_by_role("img", name="wrong").inner_text() == "✗"
