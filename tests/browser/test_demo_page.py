"""The demo's page as a reader meets it: light, dark, on a phone, without anything but the file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page

from foureyes.demo.page import demo_page
from tests.browser.conftest import OpenPage, Theme
from tests.demo.verifiers import arbitrary_study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def html() -> str:
    return demo_page(arbitrary_study())


def style_of(page: Page, selector: str, property_: str) -> str:
    return str(page.eval_on_selector(selector, f"e => getComputedStyle(e).{property_}"))


def left_of(dot: Locator) -> float:
    box = dot.bounding_box()
    assert box is not None
    return box["x"]


def test_all_questions_and_pictures_are_there(open_page: OpenPage, html: str) -> None:
    page = open_page(html)
    assert page.locator(".questions tbody tr").count() == 120
    assert page.locator("figure svg").count() == 7
    assert page.locator(".measures tbody").count() == 3


@pytest.mark.parametrize("width", [1280, 768, 360])
def test_nothing_sticks_out_sideways(open_page: OpenPage, html: str, width: int) -> None:
    page = open_page(html, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pictures_take_the_colours_of_the_theme(open_page: OpenPage, html: str) -> None:
    inks = []
    themes: tuple[Theme, Theme] = ("light", "dark")
    for theme in themes:
        page = open_page(html, theme=theme)
        inks.append(style_of(page, "body", "color"))
        assert style_of(page, "figure svg text", "fill") == inks[-1]
    assert inks[0] != inks[1]


@pytest.mark.parametrize("row", [0, 20, 119])
def test_the_dots_of_a_question_stand_in_the_order_of_its_numbers(open_page: OpenPage, html: str, row: int) -> None:
    question = open_page(html).locator(".questions tbody tr").nth(row)
    right, wrong = (float(question.locator(f".answer.{side} b").inner_text()) for side in ("right", "wrong"))
    dot_of_right, dot_of_wrong = (left_of(question.locator(f".dumbbell .{side}")) for side in "rw")
    assert (right <= wrong) == (dot_of_right <= dot_of_wrong)


def test_right_and_wrong_are_told_apart_without_colour_too(open_page: OpenPage, html: str) -> None:
    question = open_page(html).locator(".questions tbody tr").first
    assert question.get_by_role("img", name="right").inner_text() == "✓"
    assert question.get_by_role("img", name="wrong").inner_text() == "✗"
