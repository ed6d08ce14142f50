"""The demo's page as a reader meets it: light, dark, on a phone, without anything but the file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from foureyes.demo.page import demo_page
from tests.browser.conftest import OpenPage, Theme
from tests.demo.verifiers import shown

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def html() -> str:
    return demo_page(shown())


def style_of(page: Page, selector: str, property_: str) -> str:
    return str(page.eval_on_selector(selector, f"e => getComputedStyle(e).{property_}"))


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_the_page_opens_with_the_picture_and_nothing_sticks_out_sideways(
    open_page: OpenPage, html: str, width: int
) -> None:
    page = open_page(html, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("#picture svg").bounding_box()
    assert box is not None
    assert box["y"] < 400
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_contents_lead_to_every_section(open_page: OpenPage, html: str) -> None:
    page = open_page(html)
    links = page.locator("nav.contents a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert links == [f"#{name}" for name in page.locator("h2").evaluate_all("all => all.map(h => h.id)")]


def test_all_answers_and_programs_are_behind_one_click(open_page: OpenPage, html: str) -> None:
    page = open_page(html)
    assert not page.locator(".answers").is_visible()
    page.locator("#all ~ details summary").click()
    assert page.locator(".answers").is_visible()
    assert page.locator(".answers tbody tr").count() == len(shown().main.answers)
    page.locator("#programs ~ details summary").click()
    assert page.locator(".programs tbody tr").count() == len(shown().recorded.bugs)


def test_the_picture_takes_the_colours_of_the_theme(open_page: OpenPage, html: str) -> None:
    inks = []
    themes: tuple[Theme, Theme] = ("light", "dark")
    for theme in themes:
        page = open_page(html, theme=theme)
        inks.append(style_of(page, "body", "color"))
        assert style_of(page, "figure svg text", "fill") == inks[-1]
    assert inks[0] != inks[1]


def test_right_and_wrong_are_told_apart_without_colour_too(open_page: OpenPage, html: str) -> None:
    page = open_page(html)
    assert page.locator(".ranked").get_by_role("img", name="wrong").first.inner_text() == "✗"
    page.locator("#all ~ details summary").click()
    assert page.locator(".answers").get_by_role("img", name="right").first.inner_text() == "✓"
