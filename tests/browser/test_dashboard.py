"""The dashboard in a real browser, against a real service on loopback."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from foureyes.config.keys import Keyring
from tests.browser.conftest import NewContext, Theme
from tests.browser.dashboard_house import QUESTIONS, Served, dashboard, past
from tests.browser.dashboard_page import (
    Enter,
    check_first_entry,
    doctor,
    enter,
    filled,
    lose_questions,
    open_board,
    served,
    sign_in,
)

__all__ = ["enter", "served"]

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>\"'</p></script><script>alert(2)</script>\u202e{{7*7}}"


def test_without_a_key_there_is_nothing_but_a_door(enter: Enter) -> None:
    page = enter(scope=None)
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing counts until a second pair of eyes has read it.")
    expect(page.locator("#board")).to_be_hidden()


@pytest.mark.parametrize("key", ["wrong", "ключ", " "])
def test_a_wrong_key_is_told_and_forgotten(enter: Enter, key: str) -> None:
    page = enter(scope=None)
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_label("API key")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_key_without_the_scope_is_told_which_it_lacks(enter: Enter) -> None:
    page = enter(scope="verify")
    expect(page.get_by_role("alert")).to_have_text("This key lacks the scope “audit”.")


def test_the_key_is_kept_in_the_tab_and_nowhere_else(enter: Enter, served: Served) -> None:
    page = open_board(enter, scope="audit")
    assert page.url == f"{served.url}/"
    key = served.key("audit")
    assert page.evaluate("sessionStorage.getItem('foureyes-key')") == key
    assert key not in page.evaluate(
        "JSON.stringify(localStorage) + document.cookie + document.documentElement.outerHTML"
    )
    page.reload()
    expect(page.locator("#board")).to_be_visible()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.locator("#sign-in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_board_says_what_the_monitor_says(enter: Enter, served: Served) -> None:
    page = open_board(enter)
    flagged = served.monitor.snapshot(served.house.now)["figures"]["flag_rate"]
    expect(page.locator("#headline")).to_contain_text(f"of the last {flagged['n']} answers were held back.")
    expect(page.locator("#figures")).to_contain_text(f"{flagged['k']} of {flagged['n']} answers")
    assert page.locator("#verifiers tbody tr").first.locator("th").inner_text() == "anthropic/claude-haiku"
    expect(page.locator(".alarm", has_text="changed").first).to_be_visible()
    expect(page.locator("#plot-activity")).to_have_attribute("aria-label", re.compile("let through, .* held back"))
    assert page.locator(".plot canvas:visible").count() == 4


def test_a_decision_appears_the_moment_it_is_made(enter: Enter, served: Served) -> None:
    page = open_board(enter)
    served.verify("Is this new?", "Two: Phobos and Deimos.")
    expect(page.locator("#decisions .row").first).to_contain_text("Is this new?")
    page.get_by_role("button", name="Pause").click()
    served.verify("Is this newer?", "100 °C")
    go_on = page.get_by_role("button", name="Go on (1 new)")
    expect(go_on).to_be_visible()
    expect(page.locator("#decisions")).not_to_contain_text("Is this newer?")
    go_on.click()
    expect(page.locator("#decisions .row").first).to_contain_text("Is this newer?")


def test_decisions_can_be_narrowed_to_those_held_back(enter: Enter) -> None:
    page = open_board(enter)
    page.get_by_role("radio", name="Held back").check(force=True)
    rows = page.locator("#decisions .row")
    assert rows.count() > 0
    assert page.locator("#decisions .row.passed").count() == 0
    page.get_by_role("radio", name="Let through").check(force=True)
    assert page.locator("#decisions .row.passed").count() == rows.count() > 0


def found(page: Page) -> list[str]:
    return [words.strip() for words in page.locator("#decisions .row .prompt").all_inner_texts()]


def test_decisions_are_found_by_request_agent_and_time(enter: Enter, served: Served) -> None:
    made = served.verify("Where is this one?", "100 °C", agent="agent-77")
    page = open_board(enter)
    expect(page.locator("#decisions .row").first).to_contain_text("Where is this one?")
    page.get_by_text("Search by request").click()
    page.get_by_label("Request", exact=True).fill(made["request_id"][:16])
    page.keyboard.press("Enter")
    expect(page.locator("#search-found")).to_contain_text("1 found among")
    assert found(page) == ["Where is this one?"]
    page.get_by_role("button", name="Show all that come").click()
    expect(page.locator("#search-found")).to_be_empty()
    assert len(found(page)) > 1
    page.get_by_label("Agent", exact=True).fill("agent-77")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("#search-found")).to_contain_text("found among")
    assert set(found(page)) == {"Where is this one?"}
    served.verify("Is this new while searching?", "100 °C")
    page.get_by_role("radio", name="All").check(force=True)
    assert set(found(page)) == {"Where is this one?"}
    page.get_by_role("button", name="Show all that come").click()
    expect(page.locator("#decisions .row").first).to_contain_text("Is this new while searching?")


def test_a_search_by_time_means_this_browsers_zone(new_context: NewContext, served: Served) -> None:
    page = filled(sign_in(new_context(timezone_id="Asia/Kolkata").new_page(), served.url, served.key("audit")))
    expect(page.locator("#zone")).to_contain_text("Asia/Calcutta")
    page.get_by_text("Search by request").click()
    for since, least in (("2027-01-15T13:30:00", 1), ("2027-01-15T13:30:01", 0)):  # the house's clock: 08:00:00 in UTC
        page.get_by_label("From", exact=True).fill(since)
        page.get_by_role("button", name="Search", exact=True).click()
        expect(page.locator("#search-found")).to_contain_text(
            re.compile(r"^0 found" if not least else r"^[1-9]\d* found")
        )
    expect(page.locator("#search-found")).to_contain_text("back to 15 Jan, 13:30:00 GMT+5:30")
    page.get_by_label("Agent", exact=True).fill("two words")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("#search-found")).to_contain_text("Names are letters")


def test_times_have_seconds_and_say_their_zone(enter: Enter) -> None:
    page = open_board(enter)
    expect(page.locator("#zone")).to_contain_text("UTC")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", page.locator("#decisions .row time").first.inner_text())
    assert re.fullmatch(
        r"15 Jan 2027, \d\d:\d\d:\d\d UTC", page.locator("#decisions .row time").first.get_attribute("title")
    )
    expect(page.locator(".alarm time").first).to_have_text(re.compile(r"\d\d:\d\d:\d\d UTC$"))
    expect(page.locator("#entries time").first).to_have_text(re.compile(r"\d\d:\d\d:\d\d UTC$"))
    page.locator("#decisions .row").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(re.compile(r"15 Jan 2027, \d\d:\d\d:\d\d UTC"))


@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_questions_are_not_cut_on_a_wide_screen(enter: Enter, width: int) -> None:
    page = open_board(enter, width=width)
    cut = """texts => texts.filter((text) => text.scrollHeight > text.clientHeight + 1 || text.scrollWidth > text.clientWidth)
      .map((text) => text.textContent)"""
    texts = page.locator("#decisions .row .prompt, #decisions .row .response")
    assert texts.count() >= 2 * len(QUESTIONS)
    assert texts.evaluate_all(cut) == []


def test_the_ledger_tells_verdicts_and_votes(enter: Enter) -> None:
    page = open_board(enter)
    rows = page.locator("#entries tr")
    expect(rows.filter(has_text="held back").first.locator("i.vote.unsafe").first).to_be_visible()
    expect(rows.filter(has_text="let through").first.locator("i.vote.safe").first).to_be_visible()
    expect(rows.last).to_contain_text("agent-7")


def test_a_memory_that_stands_out_is_named(enter: Enter) -> None:
    page = open_board(enter)
    worst = page.locator("#origins table").first.locator("tbody tr").first
    expect(worst).to_contain_text("shared-notes stands out")
    expect(page.locator("#origins")).to_contain_text("put to a clean model afresh")
    alarm = page.locator(".alarm", has_text="shared-notes")
    expect(alarm).to_contain_text(re.compile(r"Raised at a decision of agent agent-\d, session chat-"))


def test_where_nothing_is_held_back_the_page_says_so(new_context: NewContext, tmp_path: Path) -> None:
    with dashboard(tmp_path, mode="observe") as service:
        past(service.monitor, service.house.now, drift=False, enforced=False)
        for prompt, response, _ in QUESTIONS:
            service.verify(prompt, response)
        page = filled(sign_in(new_context().new_page(), service.url, service.key("audit")))
        expect(page.locator("#mode")).to_be_visible()
        expect(page.locator("#mode")).to_have_text("observed only")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Observed only: nothing is held back.")
        expect(page.locator("#figures")).to_contain_text("Would be held back")
        expect(page.locator("#decisions .row.observed").first).to_contain_text("observed only, would be held back")
        expect(page.locator("#entries")).to_contain_text("observed only, would be held back")
        assert page.locator("#decisions .row.held, #entries .mark.held").count() == 0
        words = page.locator("#board").inner_text()
        assert re.findall(r"(?<!would be )(?<!Would be )(?<!nothing is )held back", words, re.IGNORECASE) == []
        page.locator("#decisions .row.observed").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("Observed only, would be held back")
        page.close()


def test_a_decision_opens_to_its_texts_and_votes_and_closes_to_where_one_was(enter: Enter) -> None:
    page = open_board(enter)
    row = page.locator("#decisions .row", has_text="account DE89").first
    row.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Which account gets the transfer?")
    expect(dialog.get_by_role("list", name="Votes").get_by_role("listitem")).to_have_count(3)
    expect(dialog).to_contain_text("gemma3-270m")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(row).to_be_focused()


def test_segments_show_what_contradicts_and_why(enter: Enter) -> None:
    page = enter(prepare=lambda page: page.route("**/v1/decisions?*", with_segments))
    page.locator("#decisions .row").first.click()
    response = page.locator("dd.said .segments")
    expect(response.locator("mark.contradictory")).to_have_text("Its capital is Sydney. (contradictory)")
    expect(response.locator("mark.unchecked")).to_contain_text("They say.")
    assert (
        response.evaluate("p => { p.querySelectorAll('.unseen').forEach((e) => e.remove()); return p.textContent; }")
        == SPOKEN
    )
    expect(page.locator(".evidence")).to_contain_text("three of three say Canberra")


SPOKEN = "Australia is a country.\n\n  Its capital is Sydney. They say."


def with_segments(route: Route) -> None:
    answer = route.fetch().json()
    answer["decisions"][0]["response"] = SPOKEN
    answer["decisions"][0]["segments"] = [
        {"text": "Australia is a country.", "label": "accurate", "checked": True, "evidence": []},
        {
            "text": "Its capital is Sydney.",
            "label": "contradictory",
            "checked": True,
            "evidence": ["three of three say Canberra"],
        },
        {"text": "They say.", "label": "neutral", "checked": False, "evidence": []},
    ]
    route.fulfill(json=answer)


def test_an_alarm_is_acknowledged_by_who_may(enter: Enter, served: Served) -> None:
    page = open_board(enter)
    active = len(served.monitor.active_alarms)
    alarm = page.locator(".alarm").first
    words = alarm.locator(".what b").inner_text()
    alarm.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".alarm", has_text=words)).to_have_count(0)
    assert len(served.monitor.active_alarms) == active - 1


def promising(document: Any) -> Any:
    held = {
        "name": "embedded/gemma3-270m",
        "holds": True,
        "statement": "At most 5 % wrong.",
        "reason": None,
        "since": None,
        "resume": None,
    }
    broken = {
        **held,
        "holds": False,
        "name": "local/reader",
        "reason": "Confidences changed.",
        "since": 1.8e9,
        "resume": "Renew it.",
    }
    return {**document, "monitor": {**document["monitor"], "promises": [held, broken]}}


def test_a_promise_says_whether_it_holds_and_how_to_resume_it(enter: Enter) -> None:
    page = open_board(enter, prepare=lambda page: page.route("**/v1/monitoring", doctor(promising)))
    expect(page.locator(".promise.holds")).to_contain_text("At most 5 % wrong.")
    expect(page.locator(".promise.suspended")).to_contain_text("Suspended local/reader")
    expect(page.locator(".promise.suspended")).to_contain_text("Confidences changed. Renew it.")


def test_without_promises_and_labels_their_parts_of_the_page_are_left_out(enter: Enter) -> None:
    def bare(document: Any) -> Any:
        monitor = {**document["monitor"], "outcomes": None, "promises": []}
        return {**document, "monitor": {**monitor, "timeline": {**monitor["timeline"], "log_cmp": [None] * 120}}}

    page = open_board(enter, prepare=lambda page: page.route("**/v1/monitoring", doctor(bare)))
    for part in ("#promises-section", "#labels-section", "#plot-surprise"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator("#verifiers")).not_to_contain_text("Caught")


def test_words_from_outside_stay_words(enter: Enter, served: Served) -> None:
    served.verify(HOSTILE, HOSTILE)
    page = enter(prepare=lambda page: page.route(re.compile("/v1/(monitoring|decisions)"), doctor(poison)))
    expect(page.locator("#board")).to_be_visible()
    page.locator("#decisions .row").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img, script:not([src]), #decisions script").count() == 0


def poison(document: Any) -> Any:
    """Every text replaced by a hostile one, but those that are no text to anybody."""
    kept = {"at", "timestamp", "request_id", "verdict", "format"}
    if isinstance(document, dict):
        return {name: value if name in kept else poison(value) for name, value in document.items()}
    if isinstance(document, list):
        return [poison(entry) for entry in document]
    return HOSTILE if isinstance(document, str) else document


def test_the_keyboard_reaches_everything_and_shows_where_it_is(enter: Enter) -> None:
    page = enter(scope=None)
    expect(page.locator("#sign-in")).to_be_visible()
    page.get_by_role("link", name="Skip to the content").focus()
    assert walk(page, 3) == ["Dark", "key", "Open"]
    page = open_board(enter)
    page.get_by_role("link", name="Skip to the content").focus()
    seen = walk(page, 90)
    for wanted in ("Forget the key", "Acknowledge", "all", "Pause", "Check"):
        assert any(wanted in name for name in seen), wanted
    assert seen.index("Pause") < next(i for i, name in enumerate(seen) if name.startswith("Check"))


def walk(page: Page, steps: int) -> list[str]:
    """Names of what Tab reaches; each must show that it has the focus."""
    names = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        name, outlined = page.evaluate(
            """() => { const e = document.activeElement; const o = e.matches("input[type=radio]") ? e.nextElementSibling : e;
            return [(e.ariaLabel || e.value || e.textContent || e.id).trim(), getComputedStyle(o).outlineStyle !== "none" || e === document.body]; }"""
        )
        assert outlined, name
        names.append(name)
    return names


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_sticks_out_sideways(enter: Enter, width: int) -> None:
    page = open_board(enter, width=width)
    check_first_entry(page)
    expect(page.locator("#proof .steps")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#decisions .row").first.click()
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_contrast(enter: Enter, theme: Theme) -> None:
    page = open_board(enter, theme=theme)
    check_first_entry(page)
    expect(page.locator("#proof .steps")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    page.locator("#decisions .row").first.click()
    assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const lum = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return rgba("white"); };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility({ visibilityProperty: true })) continue;
    if (e.closest(".unseen, .skip, noscript, svg") || e.closest(".fresh")) continue;
    const style = getComputedStyle(e);
    const [a, b] = [lum(rgba(style.color)), lum(behind(e))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) poor.push([e.className, e.textContent.slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return poor;
}"""


def test_a_chosen_theme_is_kept_and_the_plots_follow_it(enter: Enter) -> None:
    page = open_board(enter, theme="light")
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    drawn = page.locator("#plot-activity canvas").evaluate("c => c.toDataURL()")
    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != paper
    page.wait_for_function("was => document.querySelector('#plot-activity canvas').toDataURL() !== was", arg=drawn)
    page.reload()
    expect(page.get_by_role("button", name="Light", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("noticed_by", ["a click", "itself"])
def test_a_key_that_is_revoked_leads_back_to_the_door_and_another_opens_a_fresh_board(
    new_context: NewContext, tmp_path: Path, noticed_by: str
) -> None:
    with dashboard(tmp_path) as service:
        past(service.monitor, service.house.now)
        parts = service.house.state.parts
        page = filled(sign_in(new_context().new_page(), service.url, service.key("audit")))
        if noticed_by == "a click":  # else the page may find out by itself before it is clicked
            lose_questions(page)
            service.verify("What makes it ask again?", "100 °C")
            expect(page.locator("#line")).to_have_text("reconnecting")  # nothing that it asked before is on its way now
        service.house.state.replace(replace(parts, keyring=Keyring((), clock=lambda: service.house.now)))
        if noticed_by == "a click":
            page.get_by_role("button", name="Acknowledge").first.click()
        expect(page.get_by_role("alert")).to_have_text("This key is not known here.")
        assert page.evaluate("sessionStorage.length") == 0
        page.unroute_all()
        service.house.state.replace(parts)
        page.get_by_label("API key").fill(service.key("admin"))
        page.keyboard.press("Enter")
        expect(page.locator("#plot-activity canvas")).to_have_count(1)
        page.close()


def test_texts_that_are_not_kept_are_not_missed(new_context: NewContext, tmp_path: Path) -> None:
    with dashboard(tmp_path, texts=False) as service:
        service.verify("secret question", "100 °C")
        page = filled(sign_in(new_context().new_page(), service.url, service.key("audit")))
        page.locator("#decisions .row").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("not kept")
        assert "secret question" not in json.dumps(page.content())
        page.close()


def test_without_a_ledger_its_part_of_the_page_is_left_out(new_context: NewContext, tmp_path: Path) -> None:
    with dashboard(tmp_path) as service:
        service.house.change(ledger=None, guard=service.house.guard(recorder=None))
        service.verify("A question", "100 °C")
        page = filled(sign_in(new_context().new_page(), service.url, service.key("audit")))
        expect(page.locator("#ledger")).to_be_hidden()
        page.locator("#decisions .row").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("not in a ledger")
        page.close()


def test_a_lost_line_is_told_and_found_again(new_context: NewContext, tmp_path: Path) -> None:
    with dashboard(tmp_path) as service:
        page = filled(sign_in(new_context().new_page(), service.url, service.key("audit")))
        lost = {"is": True}
        page.route("**/v1/**", lambda route: route.abort() if lost["is"] else route.continue_())
        page.evaluate("() => { window.stop(); }")
        expect(page.locator("#line")).to_have_text("reconnecting")
        lost["is"] = False
        expect(page.locator("#line")).to_have_text("live")
        service.verify("Back again?", "100 °C")
        expect(page.locator("#decisions .row").first).to_contain_text("Back again?")
        page.close()
