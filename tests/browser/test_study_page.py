"""The page of a study in a real browser: light, dark, on a phone; wide tables scroll inside themselves."""

from __future__ import annotations

import pytest

from foureyes.report.study import study_page
from tests.browser.conftest import OpenPage, Theme
from tests.report.test_study import HOSTILE, report

pytestmark = pytest.mark.browser

THEMES: tuple[tuple[Theme, int], ...] = (("light", 1200), ("dark", 360))


def test_pictures_take_the_theme_and_nothing_sticks_out(open_page: OpenPage) -> None:
    for theme, width in THEMES:
        page = open_page(
            study_page(report("a rather long name of a signal of a model that nobody would choose")),
            theme=theme,
            width=width,
        )
        assert page.locator("figure svg").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ink = page.eval_on_selector("body", "e => getComputedStyle(e).color")
        assert page.eval_on_selector("figure svg text", "e => getComputedStyle(e).fill") == ink


def test_nothing_from_outside_runs(open_page: OpenPage) -> None:
    page = open_page(study_page(report(HOSTILE)))
    assert page.locator("td script, th script").count() == 0
    assert page.locator("td").filter(has_text="alert(1)").count() > 0
