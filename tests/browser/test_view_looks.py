"""The page of ``foureyes view`` by hand, by keyboard, on a phone, in the dark, with texts of every kind, and as one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from foureyes.cli import main
from tests.browser.conftest import OpenPage, Theme
from tests.browser.test_check_page import contrast, rgb
from tests.browser.view_house import HOSTILE, LARGE, LONG_WORD, N, Viewed, ranked, records, viewing
from tests.browser.view_page import Enter, card, enter, entries, files, heading, listed, settled, token, viewed

__all__ = ["enter", "files", "viewed"]
pytestmark = pytest.mark.browser

THEMES: list[Theme] = ["light", "dark"]


def test_hostile_text_is_only_text(enter: Enter, viewed: Viewed) -> None:
    """The witness of ``enter`` would see an alert, a request, or the policy refusing a script."""
    page = settled(enter(viewed, "row=0&order=file"))
    expect(heading(page)).to_have_text("Row 1")
    for index in range(page.locator(".map .t").count()):
        token(page, index).hover()
    assert page.locator("script").count() == 2
    assert page.locator("#main img, #main svg").count() == 0
    seen = page.locator(".map").inner_text()
    assert seen.startswith(HOSTILE[:40])
    assert "U+202E" in seen
    assert "␛]0;x␇" in seen
    assert "⟨U+202E⟩" in entries(page).first.inner_text()


@pytest.mark.parametrize("width", [320, 390, 900, 1600])
def test_nothing_sticks_out_sideways(enter: Enter, viewed: Viewed, width: int) -> None:
    page = settled(enter(viewed, width=width))
    for row in (0, 1, 2, 3, 4, 7):
        page.goto(f"{viewed.origin}/#row={row}&with=0:1")
        expect(heading(page)).to_have_text(f"Row {row + 1}")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, row
        wider = "node => node.scrollWidth > node.clientWidth"
        assert not page.locator("#answer").evaluate(wider), row
        for label in page.locator("#bar button:visible").all():
            box = label.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_scripts_of_the_world_are_shown_as_they_are(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=1"))
    expect(page.locator(".map")).to_contain_text("日本の首都は 東京です。 👩‍👩‍👧‍👦 🏯")
    page = settled(enter(viewed, "row=2"))
    expect(heading(page)).to_have_text("Row 3")
    assert page.locator(".map").evaluate("node => getComputedStyle(node).direction") == "rtl"
    page = settled(enter(viewed, "row=3", width=390))
    expect(page.locator(".map")).to_have_text(LONG_WORD)
    page = settled(enter(viewed, "row=7"))
    expect(heading(page)).to_have_text("Row 8")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.map'))")
    assert page.evaluate("getSelection().toString()") == "def add(a, b):\n\treturn a + b\n\nprint(add(2, 2))"


def test_an_answer_of_100_kb_is_shown_whole(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    page = settled(enter(viewed, "row=5"))
    n = len(records(files["scored"])[5]["foureyes"]["v"]["tokens"]["nll"])
    expect(page.locator(".map .t")).to_have_count(4000)
    assert not page.locator("#answer").evaluate("node => node.scrollWidth > node.clientWidth")
    page.keyboard.press("t")
    page.keyboard.press("End")
    expect(token(page, 3999)).to_be_in_viewport()
    expect(card(page)).to_be_visible()
    page.get_by_role("button", name=f"Show all {n:,} tokens".replace(",", "\u202f")).click()
    assert page.locator(".map").evaluate("node => node.textContent") == LARGE


def test_two_verifiers_side_by_side_and_their_difference(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    page = settled(enter(viewed, "row=23"))
    page.get_by_label("beside").select_option("0:1")
    said = records(files["scored"])[23]["foureyes"]
    ours, theirs = said["v"]["tokens"]["nll"], said["w"]["tokens"]["nll"]
    expect(page.locator(".verifier")).to_have_count(3)
    expect(page.locator(".verifier").nth(1)).to_contain_text(f"{said['w']['log_cmp']:.2f} nats a token")
    expect(page.locator(".map").nth(2).locator(".t")).to_have_count(len(ours))
    token(page, 2, reading=2).hover()
    expect(card(page)).to_contain_text(f"{ours[2]:.2f} nats")
    expect(card(page)).to_contain_text(f"{theirs[2]:.2f} nats")
    expect(card(page)).to_contain_text(f"{ours[2] - theirs[2]:.2f} nats".replace("-", "−"))
    blue = page.locator(".map").nth(2).locator(".less")
    expect(blue).to_have_count(sum(a < b for a, b in zip(ours, theirs, strict=True)))
    expect(entries(page).first).to_contain_text("·")


def test_rows_are_sorted_by_how_far_two_verifiers_are_apart(
    enter: Enter, viewed: Viewed, files: dict[str, Path]
) -> None:
    page = settled(enter(viewed, "with=0:1&row=23"))
    page.locator("#order").select_option("difference worst")
    said = [record["foureyes"] for record in records(files["scored"])]
    apart = {i: one["v"]["log_cmp"] - one["w"]["log_cmp"] for i, one in enumerate(said) if "log_cmp" in one["v"]}
    first = max(apart, key=lambda i: apart[i])
    expect(entries(page).first).to_have_attribute("data-row", str(first))


def test_two_files_side_by_side(enter: Enter, files: dict[str, Path], tmp_path: Path) -> None:
    with viewing(tmp_path, files["scored"], files["others"]) as running:
        page = settled(enter(running, "row=22"))
        page.get_by_label("beside").select_option(label="v in others.jsonl")
        expect(page.locator(".verifier h2").nth(1)).to_contain_text("v in others.jsonl")
        expect(page.locator(".verifier")).to_have_count(3)  # the same answer: a difference can be drawn
        page.locator("#file").select_option("1")
        first = ranked(files["others"], "v", "log_cmp")[0]
        expect(entries(page).first).to_have_attribute("data-row", str(first))
        expect(page.locator(".verifier")).to_have_count(1)
        expect(page.locator("#with")).to_have_value("")


@pytest.mark.parametrize("theme", THEMES)
def test_every_word_can_be_read_on_its_colour(enter: Enter, viewed: Viewed, theme: Theme) -> None:
    page = settled(enter(viewed, "row=23&with=0:1", theme=theme))
    expect(page.locator(".less").first).to_be_visible()
    letters, grounds = rgb(page, ".t", "color"), rgb(page, ".t", "backgroundColor")
    assert len(set(grounds)) >= 9
    assert min(contrast(a, b) for a, b in zip(letters, grounds, strict=True)) >= 4.5
    [paper], sheets = rgb(page, "html", "backgroundColor"), rgb(page, ".verifier", "backgroundColor")
    for selector in (
        ".hint",
        ".why",
        ".finding",
        "dt",
        ".entry-prompt",
        ".meaning",
        ".among",
        ".unit, .beside",
        ".to-go",
    ):
        colours = rgb(page, selector, "color")
        assert colours, selector
        assert min(contrast(colour, ground) for colour in colours for ground in (paper, *sheets)) >= 4.5, selector


def test_a_chosen_theme_stays(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed))
    day = rgb(page, "html", "backgroundColor")
    page.get_by_role("button", name="Dark").click()
    assert rgb(page, "html", "backgroundColor") != day
    page.reload()
    settled(page)
    assert rgb(page, "html", "backgroundColor") != day


def test_nothing_moves_for_those_who_want_no_motion(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed))
    moving = "[...document.querySelectorAll('*')].filter((n) => { const s = getComputedStyle(n);"
    moving += " return s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0; }).length"
    assert page.evaluate(moving) == 0


def test_a_phone_shows_the_list_then_one_answer_and_back(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, width=390, touch=True))
    expect(page.locator("#answer")).to_be_hidden()
    entries(page).nth(2).tap()
    expect(page.locator("#list")).to_be_hidden()
    expect(heading(page)).to_be_visible()
    token(page, 0).tap()
    expect(card(page)).to_be_visible()
    box, bar = card(page).bounding_box(), page.locator("#bar").bounding_box()
    assert box is not None
    assert bar is not None
    assert box["y"] + box["height"] <= bar["y"]
    assert bar["y"] + bar["height"] <= 900
    row = listed(page)[2]
    page.locator("[data-label=wrong]").tap()
    expect(page.locator("[data-label=wrong]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#rows .given.waits")).to_have_count(0)
    assert viewed.decisions() == [(row, "wrong")]
    page.go_back()
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator("#answer")).to_be_hidden()


def focus_named(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


def test_all_can_be_done_by_keyboard(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    order = ranked(files["scored"], "v", "log_cmp")
    page = settled(enter(viewed))
    expect(heading(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    page.locator("#skip").focus()
    stops = []
    while "entry" not in stops[-1:]:
        page.keyboard.press("Tab")
        stops.append(focus_named(page))
        assert len(stops) < 20, stops
    assert stops == ["verifier", "with", "theme", "help", "sort", "order", "text", "more", "page-after", "entry"]
    page.keyboard.press("ArrowDown")
    expect(heading(page)).to_have_text(f"Row {order[1] + 1}")
    expect(entries(page).nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    assert focus_named(page) == ""
    expect(page.locator("[data-label=right]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-label=right]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#rows .given.right.waits")).to_have_count(0)
    assert viewed.decisions() == [(order[1], "right")]


def test_the_list_and_the_buttons_have_names(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    first = records(files["scored"])[ranked(files["scored"], "v", "log_cmp")[0]]
    page = settled(enter(viewed))
    expect(page.get_by_role("region", name="Answers")).to_be_visible()
    expect(page.get_by_role("search", name="Which answers are shown")).to_be_visible()
    expect(page.get_by_role("article", name="One answer")).to_be_visible()
    expect(page.get_by_role("group", name="This answer is")).to_be_visible()
    expect(page.get_by_role("group", name="The answer as read by v")).to_be_visible()
    said = "right" if first["correct"] else "wrong"
    name = f"1 {first['foureyes']['v']['log_cmp']:.2f} nats/token {said} {first['prompt']} {first['answer']}"
    expect(entries(page).first).to_have_accessible_name(name)
    page.keyboard.press("u")
    expect(page.locator("#said")).to_contain_text("unsure")


def test_single_keys_can_be_turned_off(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    order = ranked(files["scored"], "v", "log_cmp")
    page = settled(enter(viewed))
    expect(heading(page)).to_have_text(f"Row {order[0] + 1}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text(str(viewed.sidecar))
    page.get_by_label("Single keys do this").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.get_by_role("button", name="Next answer").click()
    expect(heading(page)).to_have_text(f"Row {order[1] + 1}")
    assert viewed.decisions() == []


@pytest.fixture
def copy(files: dict[str, Path], tmp_path: Path) -> str:
    """The page in one file, as the command writes it."""
    page, options = tmp_path / "page.html", ["--sort", "log_cmp", "--limit", str(N), "--index", str(tmp_path / "index")]
    assert main(["view", str(files["scored"]), "--export", str(page), *options]) == 0
    return page.read_text(encoding="utf-8")


def test_an_exported_page_needs_no_server(open_page: OpenPage, copy: str, files: dict[str, Path]) -> None:
    """``open_page`` sees to it that nothing but the file is asked for, and that nobody complains."""
    order = ranked(files["scored"], "v", "log_cmp")
    page = settled(open_page(copy))
    assert listed(page) == order[:50]
    expect(heading(page)).to_have_text(f"Row {order[0] + 1}")
    page.keyboard.press("j")
    expect(heading(page)).to_have_text(f"Row {order[1] + 1}")
    said = records(files["scored"])[order[1]]["foureyes"]["v"]["tokens"]
    token(page, 0).hover()
    expect(card(page)).to_contain_text(f"{said['nll'][0]:.2f} nats")
    page.locator("#sort").select_option("min_logprob")
    lowest = ranked(files["scored"], "v", "min_logprob")[::-1]
    expect(entries(page).first).to_have_attribute("data-row", str(lowest[0]))
    page.locator("#order").select_option("value best")
    expect(entries(page).first).to_have_attribute("data-row", str(lowest[-1]))
    page.get_by_label("beside").select_option("0:1")
    expect(page.locator(".verifier")).to_have_count(3)
    page.get_by_role("button", name="Filter").click()
    page.locator("#label").select_option("wrong")
    settled(page, len([i for i, record in enumerate(records(files["scored"])) if record.get("correct") is False]))
    page.get_by_label("Search in question and answer").fill("QUESTION 1")
    settled(page, 3)
    expect(page.locator("#tally")).to_contain_text(f"This page is a copy of {N} of {N} rows of ")


def test_an_exported_page_says_how_many_rows_it_holds(
    open_page: OpenPage, files: dict[str, Path], tmp_path: Path
) -> None:
    where = tmp_path / "page.html"
    options = ["--sort", "log_cmp", "--limit", "3", "--index", str(tmp_path / "index")]
    assert main(["view", str(files["scored"]), "--export", str(where), *options]) == 0
    page = settled(open_page(where.read_text(encoding="utf-8")), 3)
    assert listed(page) == ranked(files["scored"], "v", "log_cmp")[:3]
    expect(page.locator("#tally")).to_contain_text(f"This page is a copy of 3 of {N} rows of ")


def test_an_exported_page_holds_hostile_text_as_text(open_page: OpenPage, copy: str) -> None:
    page = settled(open_page(copy))
    page.locator("#order").select_option("value file")
    expect(heading(page)).to_have_text("Row 1")
    assert page.locator("script").count() == 2
    assert page.locator("#main img, #main svg").count() == 0
    assert page.locator(".map").inner_text().startswith(HOSTILE[:40])
