"""The pages of calibrate, clean and cascade in a real browser: light, dark, on a phone, without anything but the file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from foureyes.report.calibration import calibration_page
from foureyes.report.cascade import cascade_page
from foureyes.report.chain import chain_page
from foureyes.report.cleaning import cleaning_page
from tests.browser.conftest import OpenPage, Theme
from tests.report.test_calibration import judgement
from tests.report.test_cascade import comparison
from tests.report.test_chain import findings as chain_findings
from tests.report.test_cleaning import findings

pytestmark = pytest.mark.browser

PAGES: list[tuple[Callable[[], str], int]] = [
    (lambda: calibration_page(judgement()), 2),
    (lambda: cleaning_page(findings(measured=True)), 1),
    (lambda: cascade_page(comparison()), 1),
    (lambda: chain_page(chain_findings(abstain=0.85)), 2),
]


@pytest.mark.parametrize(("html", "n_pictures"), PAGES, ids=["calibration", "cleaning", "cascade", "chain"])
def test_pictures_take_the_theme_and_nothing_sticks_out(
    open_page: OpenPage, html: Callable[[], str], n_pictures: int
) -> None:
    inks = []
    themes: tuple[tuple[Theme, int], ...] = (("light", 1200), ("dark", 360))
    for theme, width in themes:
        page = open_page(html(), theme=theme, width=width)
        assert page.locator("figure svg").count() == n_pictures
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inks.append(page.eval_on_selector("body", "e => getComputedStyle(e).color"))
        assert page.eval_on_selector("figure svg text", "e => getComputedStyle(e).fill") == inks[-1]
    assert inks[0] != inks[1]
