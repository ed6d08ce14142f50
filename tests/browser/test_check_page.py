"""The page of a check as people meet it: pointing, typing, reading, in both themes, wide and narrow."""

from __future__ import annotations

import math

import pytest
from playwright.sync_api import Locator, Page, expect

from foureyes.report.check import check_page
from foureyes.types import Exchange
from tests.browser.conftest import OpenPage, Theme
from tests.report.readings import outcome, reading

pytestmark = pytest.mark.browser

THEMES: list[Theme] = ["light", "dark"]
WIDTHS = [1200, 400]

CHOICES = [[(" Canberra", 0.66), (" Sydney", 0.25), (" Melbourne", 0.04)]]
READ = reading(
    "The capital is Tokyo",
    [0.2, 0.5, 1.0, 14.6],
    rank=[1, 1, 1, 943],
    entropy=[0.8, 0.7, 0.6, 1.25],
    alternatives=[[("The", 0.8)], [(" capital", 0.6)], [(" is", 0.36)], *CHOICES],
    model="smollm2-135m",
)
OTHER = reading("The capital is Tokyo", [2.0, 0.5, 1.0, 8.5], model="gemma3-270m")
PAGE = check_page(Exchange("What is the capital of Australia?", READ.answer), [outcome(READ), outcome(OTHER)])

LONG = " ".join(f"word{i}" for i in range(300))
LONG_PAGE = check_page(Exchange("Count.", LONG), [outcome(reading(LONG, [i % 9 for i in range(300)]))])


def token(page: Page, index: int) -> Locator:
    return page.locator(".map > .t").nth(index)


def card(page: Page) -> Locator:
    """The card that is open: there is never a second one."""
    return page.locator(".card:visible")


def rgb(page: Page, selector: str, style: str) -> list[tuple[int, int, int]]:
    """Computed colours of all elements, whatever notation the browser keeps them in, painted on one pixel."""
    script = """([selector, style]) => [...document.querySelectorAll(selector)].map((element) => {
        const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        paint.fillStyle = getComputedStyle(element)[style];
        paint.fillRect(0, 0, 1, 1);
        return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
    })"""
    return [(r, g, b) for r, g, b in page.evaluate(script, [selector, style])]


def luminance(colour: tuple[int, int, int]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_pointing_at_a_word_opens_its_card(open_page: OpenPage, theme: Theme, width: int) -> None:
    page = open_page(PAGE, theme=theme, width=width)
    expect(card(page)).to_have_count(0)
    token(page, 3).hover()
    expect(card(page)).to_have_count(1)
    facts = " ".join(card(page).inner_text().split())
    assert facts == (
        "␣Tokyo Probability 1 in 2.2 million Surprise 14.60 nats, 21.06 bits Rank 943 Entropy 1.25 nats "
        "Would have said ␣Canberra 66% ␣Sydney 25% ␣Melbourne 4.0%"
    )
    expect(token(page, 3)).to_have_accessible_description(facts)
    page.mouse.move(1, 1)
    expect(card(page)).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_keys_reach_every_word(open_page: OpenPage, scripts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    page = open_page(PAGE, scripts=scripts)
    page.keyboard.press("Tab")
    for index in range(4):
        expect(token(page, index)).to_be_focused()
        expect(card(page)).to_have_count(1)
        expect(card(page)).to_have_id(f"v0c{index}")
        page.keyboard.press("ArrowRight" if scripts and index < 3 else "Tab")
    expect(token(page, 4)).to_be_focused()
    expect(card(page)).to_have_id("v1c0")


def test_one_stop_for_each_heat_map_and_arrows_within(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    for keys, index in [
        ("Tab End", 3),
        ("ArrowLeft", 2),
        ("Home ArrowUp", 0),
        ("ArrowDown", 1),
        ("Tab", 4),
        ("Shift+Tab", 1),
    ]:
        for key in keys.split():
            page.keyboard.press(key)
        expect(token(page, index)).to_be_focused()


def test_escape_closes_the_card_and_the_next_word_opens_one(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    token(page, 1).focus()
    page.keyboard.press("Escape")
    expect(card(page)).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(card(page)).to_have_id("v0c2")


def test_pointing_and_focus_open_one_card_between_them(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    token(page, 0).focus()
    token(page, 6).hover()
    expect(card(page)).to_have_id("v1c2")
    page.mouse.move(1, 1)
    expect(card(page)).to_have_count(0)


def test_the_pointer_can_enter_the_card(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    token(page, 3).hover()
    card(page).locator(".choices").hover()
    expect(card(page)).to_have_id("v0c3")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", WIDTHS)
def test_cards_stay_in_the_window(open_page: OpenPage, scripts: bool, width: int) -> None:  # noqa: FBT001
    page = open_page(LONG_PAGE, width=width, scripts=scripts)
    for index in (0, 5, 150, 299):
        token(page, index).focus()
        box = card(page).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900


def test_on_a_wide_window_the_card_touches_its_word(open_page: OpenPage) -> None:
    page = open_page(LONG_PAGE)
    for index in (0, 150, 299):
        token(page, index).focus()
        word, box = token(page, index).bounding_box(), card(page).bounding_box()
        assert word is not None
        assert box is not None
        below, above = box["y"] - (word["y"] + word["height"]), word["y"] - (box["y"] + box["height"])
        assert min(abs(below), abs(above)) < 1


@pytest.mark.parametrize("theme", THEMES)
def test_every_word_can_be_read_on_its_colour(open_page: OpenPage, theme: Theme) -> None:
    page = open_page(LONG_PAGE, theme=theme)
    letters, grounds = rgb(page, ".t", "color"), rgb(page, ".t", "backgroundColor")
    assert len(set(grounds)) == 9
    assert min(contrast(a, b) for a, b in zip(letters, grounds, strict=True)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_more_surprise_is_darker_by_day_and_lighter_by_night(open_page: OpenPage, theme: Theme) -> None:
    page = open_page(LONG_PAGE, theme=theme)
    light = [luminance(colour) for colour in rgb(page, ".map > .t", "backgroundColor")[:9]]
    assert light == sorted(set(light), reverse=theme == "light")


@pytest.mark.parametrize("theme", THEMES)
def test_words_around_the_answer_can_be_read(open_page: OpenPage, theme: Theme) -> None:
    page = open_page(PAGE, theme=theme)
    [paper], sheets = rgb(page, "html", "backgroundColor"), rgb(page, ".verifier", "backgroundColor")
    for selector in ("h1", ".caveat", ".kicker", "dt", ".hint", ".finding", "thead th", ".meaning", "footer p"):
        colours = rgb(page, selector, "color")
        assert colours, selector
        assert min(contrast(colour, ground) for colour in colours for ground in (paper, *sheets)) >= 4.5, selector


def test_themes_differ(open_page: OpenPage) -> None:
    day, night = (rgb(open_page(PAGE, theme=theme), "html", "backgroundColor")[0] for theme in THEMES)
    assert luminance(day) > 0.8
    assert luminance(night) < 0.05


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("html", [PAGE, LONG_PAGE], ids=["short", "long"])
def test_nothing_sticks_out_sideways(open_page: OpenPage, width: int, html: str) -> None:
    page = open_page(html, width=width)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def test_line_ends_tabs_and_spaces_are_seen_and_copied_as_they_are(open_page: OpenPage) -> None:
    answer = "def f():\n\treturn  1\n\nf()"
    read = reading(answer, [1.0, 3.0, 2.0, 4.0], spans=[(0, 8), (8, 17), (17, 21), (21, 24)])
    page = open_page(check_page(Exchange("Code?", answer), [outcome(read)]))
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.map'))")
    assert page.evaluate("getSelection().toString()") == answer
    lines = page.locator(".map").evaluate(
        "map => map.getBoundingClientRect().height / parseFloat(getComputedStyle(map).lineHeight)"
    )
    assert round(lines) == 4
    assert page.locator(".map > .t > .mark").all_inner_texts() == ["↵", "⇥", "↵", "↵"]


def test_a_split_emoji_is_shown_once(open_page: OpenPage) -> None:
    read = reading("go 😀!", [1.0, 2.0, 3.0, 4.0, 1.0], spans=[(0, 2), (2, 7), (3, 7), (3, 7), (7, 8)])
    page = open_page(check_page(Exchange("?", read.answer), [outcome(read)]))
    assert page.locator(".map").inner_text() == "go 😀!"
    token(page, 1).hover()
    expect(card(page)).to_contain_text("3 tokens share this text")
    expect(card(page)).to_contain_text("9.00 nats")


def test_hostile_text_is_only_text(open_page: OpenPage) -> None:
    """The witness of ``open_page`` would see an alert, a request, or the policy refusing a script."""
    attack = (
        "</script><script>alert(1)</script><img src='https://example.org/x' onerror=alert(2)>"
        '" onfocus="alert(3)" \' onmouseover=\'alert(4)\u202e<svg onload=alert(5)>\x00\x1b]0;x\x07'
    )
    read = reading(attack, [9.0], spans=[(0, len(attack.encode()))], alternatives=[[(attack, 0.5)]], model=attack)
    page = open_page(check_page(Exchange(attack, attack), [outcome(read)]))
    token(page, 0).hover()
    token(page, 0).focus()
    assert page.locator("script").count() == 1
    assert page.locator("img, svg").count() == 0
    seen = page.locator(".map").inner_text()
    assert seen.startswith("</script><script>alert(1)</script><img src='https://example.org/x'")
    assert "U+202E" in seen
    assert "␀␛]0;x␇" in seen


def test_the_end_of_a_long_answer_is_one_key_away(open_page: OpenPage) -> None:
    page = open_page(LONG_PAGE)
    token(page, 0).focus()
    page.keyboard.press("End")
    expect(token(page, 299)).to_be_focused()
    expect(token(page, 299)).to_be_in_viewport()
    expect(card(page)).to_contain_text(f"{299 % 9:.2f} nats, {299 % 9 / math.log(2):.2f} bits")
