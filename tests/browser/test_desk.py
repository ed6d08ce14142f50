"""The cleaning desk by hand, by keyboard, on a phone, in the dark, with two pages at once and with the server gone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Theme
from tests.browser.desk_house import CLASSES, DeskOpen, desk_open
from tests.browser.view_page import Enter, enter

__all__ = ["enter"]
pytestmark = pytest.mark.browser


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskOpen]:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    with desk_open(tmp_path, judge=True) as running:
        yield running


def opened(page: Page) -> Page:
    expect(page.locator(".entry").first).to_be_visible()
    return page


def all_saved(page: Page) -> None:
    """What was said is on the disk: nothing waits any more."""
    expect(page.locator("body")).to_have_attribute("data-unsaved", "0")


def heading(page: Page, row: int) -> None:
    expect(page.locator("#title")).to_contain_text(f"Row {row}:")


def test_a_person_decides_by_keyboard_and_everything_is_saved(enter: Enter, desk: DeskOpen) -> None:
    page, rows = opened(enter(desk)), desk.listed
    heading(page, rows[0])
    page.keyboard.press("k")
    heading(page, rows[1])
    page.keyboard.press("2")
    page.keyboard.press("n")
    page.keyboard.type("a dog, and a cat")
    page.locator("#title").click()
    page.keyboard.press("r")
    heading(page, rows[2])
    page.keyboard.press("j")
    heading(page, rows[3])
    page.keyboard.press("d")
    expect(page.locator("#progress")).to_contain_text("3 of 20 flagged decided; 2 found wrong")
    all_saved(page)
    saved = desk.saved
    assert {row: saved[row].decision for row in saved} == {rows[0]: "keep", rows[1]: "relabel", rows[3]: "drop"}
    assert (saved[rows[1]].category, saved[rows[1]].note) == ("several", "a dog, and a cat")
    assert saved[rows[1]].label == CLASSES[desk.herd.true[rows[1]]]
    page.keyboard.press("p")
    page.keyboard.press("p")
    heading(page, rows[2])
    page.keyboard.press("x")
    all_saved(page)
    assert desk.saved.keys() == {rows[0], rows[1], rows[3]}


def test_a_note_that_is_being_written_stays_when_the_votes_of_the_row_come(enter: Enter, desk: DeskOpen) -> None:
    page, rows = opened(enter(desk)), desk.listed
    heading(page, rows[0])
    held: list[Route] | None = []

    def hold(route: Route) -> None:
        if held is None:
            route.continue_()
        else:
            held.append(route)

    page.route("**/api/row?*", hold)
    page.keyboard.press("j")
    heading(page, rows[1])
    page.keyboard.press("n")
    page.keyboard.type("a dog, ")
    expect(page.locator("#evidence")).not_to_contain_text("judge")
    came, held = held, None
    for route in came:
        route.continue_()
    expect(page.locator("#evidence")).to_contain_text("judge")
    page.keyboard.type("and a cat")
    page.locator("#title").click()
    all_saved(page)
    assert {row: vote.note for row, vote in desk.saved.items()} == {rows[1]: "a dog, and a cat"}


def test_quick_keys_mean_the_rows_that_are_shown(enter: Enter, desk: DeskOpen) -> None:
    """However slow the server is, no vote goes to the row before and none is skipped."""
    page, rows = opened(enter(desk)), desk.listed
    heading(page, rows[0])
    page.route("**/api/row?*", lambda route: (page.wait_for_timeout(200), route.continue_()))
    for key in "kd1kr":
        page.keyboard.press(key)
    all_saved(page)
    heading(page, rows[4])
    saved = desk.saved
    assert [saved[row].decision for row in rows[:4]] == ["keep", "drop", "keep", "relabel"]
    assert [saved[row].category for row in rows[:4]] == [None, None, "wrong", None]
    assert len(saved) == 4


def test_help_and_export_are_words(enter: Enter, desk: DeskOpen) -> None:
    page = opened(enter(desk, width=390))
    for button, words in (("#help", "surely enough to be flagged"), ("#take", "labels.csv")):
        page.locator(button).click()
        said = page.locator("dialog[open]").inner_text()
        assert words in said
        assert "[object" not in said
        page.keyboard.press("Escape")


def test_a_label_is_chosen_by_mouse_and_taken_back(enter: Enter, desk: DeskOpen) -> None:
    page, row = opened(enter(desk)), desk.listed[0]
    heading(page, row)
    page.locator("#new-label").select_option("cat")
    expect(page.locator("[data-decision=relabel]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".mark")).to_have_count(1)
    all_saved(page)
    assert desk.saved[row].label == "cat"
    page.locator("[data-decision=relabel]").click()
    expect(page.locator(".mark")).to_have_count(0)
    all_saved(page)
    assert not desk.saved


def test_pictures_stand_beside_what_everybody_says(enter: Enter, desk: DeskOpen) -> None:
    page = opened(enter(desk))
    picture = page.locator("figure img")
    expect(picture).to_have_class("small")  # once it is loaded
    assert picture.evaluate("node => node.naturalWidth") == 32
    for words in ("given", "suggested", "a network with a long name", "vgg", "judge qwen2.5-coder-1.5b"):
        expect(page.locator("#body")).to_contain_text(words)
    box, given = picture.bounding_box(), page.locator("dd.big").first.bounding_box()
    assert box is not None
    assert given is not None
    assert given["x"] >= box["x"] + box["width"]
    assert box["width"] > 200


def test_two_pages_lose_no_vote_and_see_each_other(enter: Enter, desk: DeskOpen) -> None:
    one, other = opened(enter(desk)), opened(enter(desk))
    rows = desk.listed
    heading(one, rows[0])
    heading(other, rows[0])
    one.keyboard.press("k")
    other.keyboard.press("j")
    heading(other, rows[1])
    other.keyboard.press("d")
    expect(one.locator(".mark")).to_have_count(2)
    expect(other.locator(".mark")).to_have_count(2)
    assert {row: vote.decision for row, vote in desk.saved.items()} == {rows[0]: "keep", rows[1]: "drop"}


def test_what_cannot_be_saved_waits_and_is_sent_later(enter: Enter, desk: DeskOpen) -> None:
    page, row = opened(enter(desk)), desk.listed[0]
    heading(page, row)
    refuse: Any = lambda route: route.fulfill(status=500, json={"error": "the disk is full"})  # noqa: E731
    page.route("**/api/vote", refuse)
    page.evaluate("window.addEventListener('error', () => {})")
    page.locator("[data-decision=keep]").click()
    expect(page.locator("#unsaved")).to_contain_text("1 label not saved: the disk is full.")
    expect(page.locator(".mark.waits")).to_have_count(1)
    page.unroute("**/api/vote", refuse)
    page.reload()
    expect(page.locator(".mark.keep")).to_have_count(1)
    expect(page.locator("#unsaved")).to_be_hidden()
    all_saved(page)
    assert desk.saved[row].decision == "keep"


def test_what_did_not_come_is_asked_for_again_once_the_server_answers(enter: Enter, desk: DeskOpen) -> None:
    page, rows = opened(enter(desk)), desk.listed
    heading(page, rows[0])
    page.route("**/api/row*", lambda route: route.abort())
    page.keyboard.press("j")
    expect(page.locator("#notes")).to_contain_text("foureyes clean does not answer")
    page.locator("#show").select_option("decided")
    page.unroute("**/api/row*")
    expect(page.locator("#rows")).to_contain_text("No label fits.")
    expect(page.locator("#notes")).not_to_contain_text("does not answer")
    heading(page, rows[1])
    expect(page.locator("#evidence")).to_contain_text("judge")


@pytest.mark.parametrize("first", ["**/api/desk", "**/api/rows?*"])
def test_a_page_that_opens_before_the_server_answers_comes_by_itself(enter: Enter, desk: DeskOpen, first: str) -> None:
    page = opened(enter(desk))
    page.route(first, lambda route: route.abort())
    page.reload()
    expect(page.locator("#found")).to_contain_text("foureyes clean does not answer")
    page.unroute(first)
    heading(page, desk.listed[0])
    page.keyboard.press("k")
    heading(page, desk.listed[1])


def test_a_page_of_the_list_that_did_not_come_is_not_taken_for_turned_to(enter: Enter, desk: DeskOpen) -> None:
    page, rows = opened(enter(desk)), desk.listed
    page.locator(".entry").nth(49).click()
    heading(page, rows[49])
    page.route("**/api/rows?*", lambda route: route.abort())
    page.keyboard.press("k")
    expect(page.locator("#notes")).to_contain_text("foureyes clean does not answer")
    page.unroute("**/api/rows?*")
    expect(page.locator("#notes")).not_to_contain_text("does not answer")
    expect(page.locator("#page-at")).to_have_text("1–50")
    heading(page, rows[49])
    page.keyboard.press("j")
    expect(page.locator("#page-at")).to_have_text("51–75")
    heading(page, rows[50])
    assert desk.saved.keys() == {rows[49]}


def test_a_row_that_there_is_not_is_asked_for_once(enter: Enter, desk: DeskOpen) -> None:
    asked: list[str] = []
    page = enter(desk, "row=99999")
    page.reload()  # until now the address may be followed twice: as the page opens, and as it changes
    expect(page.locator("#notes")).to_contain_text("no row 99999")
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(2):
        page.wait_for_event("response", lambda response: "/api/rows?" in response.url)
    expect(page.locator("#notes")).to_contain_text("no row 99999")
    assert [url for url in asked if "/api/row?" in url] == []


def test_the_cut_stands_in_the_list_and_the_random_choice_says_how_many(enter: Enter, desk: DeskOpen) -> None:
    page = opened(enter(desk))
    expect(page.locator(".cut")).to_have_count(1)
    before = page.locator("#rows li").evaluate_all("nodes => nodes.findIndex(node => node.classList.contains('cut'))")
    assert before == desk.desk.about()["n_flagged"]
    page.locator("#order").select_option("sample")
    expect(page.locator("#estimate")).to_contain_text("no row was checked at random")
    expect(page.locator(".cut")).to_have_count(0)
    page.locator("#show").select_option("decided")
    expect(page.locator("#rows")).to_contain_text("No label fits.")


def test_corrected_labels_are_taken_home(enter: Enter, desk: DeskOpen, tmp_path: Path) -> None:
    page = opened(enter(desk))
    heading(page, desk.listed[0])
    page.keyboard.press("r")
    expect(page.locator(".mark")).to_have_count(1)
    all_saved(page)
    page.locator("#take").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="labels.csv").click()
    download.value.save_as(tmp_path / "labels.csv")
    with (tmp_path / "labels.csv").open(newline="") as file:
        labels = {int(line["row"]): line["label"] for line in csv.DictReader(file)}
    assert labels[desk.listed[0]] == CLASSES[desk.herd.true[desk.listed[0]]]


def overlaps(page: Page, selector: str) -> list[str]:
    """Visible parts that stick out sideways, are cut, or lie over one another."""
    return page.evaluate(
        """selector => {
          const parts = [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility());
          const boxes = parts.map((node) => node.getBoundingClientRect());
          const name = (i) => parts[i].id || parts[i].className || parts[i].textContent;
          const found = [];
          for (const [i, a] of boxes.entries()) {
            if (a.left < -1 || a.right > innerWidth + 1) found.push(`${name(i)} sticks out`);
            if (parts[i].scrollWidth > parts[i].clientWidth + 1 && parts[i].tagName !== "SELECT") found.push(`${name(i)} is cut`);
            for (const [j, b] of boxes.entries()) if (i < j && !parts[i].contains(parts[j]) && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) found.push(`${name(i)} over ${name(j)}`);
          }
          return found;
        }""",
        selector,
    )


@pytest.mark.parametrize(
    ("width", "theme"), [(320, "light"), (390, "dark"), (860, "light"), (1280, "dark"), (1920, "light")]
)
def test_nothing_is_cut_or_lies_over_another(enter: Enter, desk: DeskOpen, width: int, theme: Theme) -> None:
    page = opened(enter(desk, width=width, theme=theme, touch=width < 860))
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert overlaps(page, ".top > *, .filters, .found, .tally") == []
    if width < 860:
        page.locator(".entry").first.tap()
    expect(page.locator("figure img")).to_have_class("small")  # once it is loaded
    expect(page.locator("#evidence")).to_contain_text("judge")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert overlaps(page, "#bar button, #bar select, #body") == []
    assert overlaps(page, "figure, .side dt, .side dd, .kinds button, .noted") == []


def test_a_phone_shows_the_list_or_one_row_and_goes_back(enter: Enter, desk: DeskOpen) -> None:
    page = opened(enter(desk, width=390, touch=True))
    expect(page.locator("#one")).to_be_hidden()
    page.locator(".entry").nth(2).tap()
    heading(page, desk.listed[2])
    expect(page.locator("#list")).to_be_hidden()
    for button in page.locator("#bar button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
    page.locator("[data-decision=drop]").tap()
    heading(page, desk.listed[3])
    page.locator("#back").tap()
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator(".mark.drop")).to_have_count(1)
    page.go_back()
    heading(page, desk.listed[3])


def test_without_pictures_the_words_are_shown_and_are_only_words(
    enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    with desk_open(tmp_path, pictures=False) as running:
        page = opened(enter(running, "row=0"))
        heading(page, 0)
        assert page.locator(".said").inner_text().startswith("</script><script>alert(1)")
        assert page.locator("#main img").count() == 0
        assert page.locator("script").count() == 2
