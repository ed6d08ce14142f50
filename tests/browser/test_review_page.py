"""A person clicks through the issues, saves, and the decisions come back as decided."""

from pathlib import Path

import pytest

from foureyes.cleaning.review import ReviewDecision, read_review
from foureyes.report.review import review_page
from tests.browser.conftest import OpenPage
from tests.report.test_cleaning import findings

pytestmark = pytest.mark.browser

CLASSES = ("<b>cat", "dog")


def test_decisions_by_mouse_and_by_key_are_saved_as_the_review_file(open_page: OpenPage, tmp_path: Path) -> None:
    found = findings()
    page = open_page(review_page(found))
    rows = [issue.row for issue in found.issues]
    first, second, third = (page.locator(".issue").nth(i) for i in range(3))
    assert page.locator("#count").inner_text() == "0"
    second.get_by_label("drop").check()
    first.focus()
    page.keyboard.press("k")  # keeps the first and goes on to the second
    page.keyboard.press("j")  # skips the second
    assert third.evaluate("e => e === document.activeElement")
    given = found.issues[2].given
    third.get_by_label("new label").select_option(CLASSES[given])  # choosing a label decides to relabel
    assert page.locator("#count").inner_text() == "3"
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    saved = tmp_path / "review.csv"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "review.csv"
    assert read_review(saved, classes=CLASSES) == {
        rows[0]: ReviewDecision("keep"),
        rows[1]: ReviewDecision("drop"),
        rows[2]: ReviewDecision("relabel", given),
    }


def test_a_decision_can_be_taken_back(open_page: OpenPage) -> None:
    page = open_page(review_page(findings()))
    page.keyboard.press("d")
    page.locator(".issue").first.focus()
    page.keyboard.press("u")
    assert page.locator("#count").inner_text() == "0"
    assert page.locator(".issue.decided").count() == 0


def test_it_fits_a_phone_in_the_dark_and_shows_outside_text_as_text(open_page: OpenPage) -> None:
    page = open_page(review_page(findings()), theme="dark", width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".item").first.inner_text().startswith("<img src=x>")
    assert page.locator("img").count() == 0
