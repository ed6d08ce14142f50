"""The page of ``foureyes view`` as people meet it: reading, sorting, filtering, labelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.view_house import N, Viewed, ranked, records, score, viewing
from tests.browser.view_page import USUAL, Enter, card, enter, entries, files, heading, listed, settled, token, viewed

__all__ = ["enter", "files", "viewed"]
pytestmark = pytest.mark.browser


def test_the_worst_answer_is_open_at_once(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    page = settled(enter(viewed))
    worst = ranked(files["scored"], "v", "log_cmp")
    assert listed(page) == worst[:50]
    expect(heading(page)).to_have_text(f"Row {worst[0] + 1}")
    expect(page.locator("#answer")).to_contain_text(f"1st of {N}, worst first by log_cmp")
    expect(entries(page).first).to_have_attribute("aria-current", "true")


def test_any_signal_sorts_either_way_and_the_address_keeps_it(
    enter: Enter, viewed: Viewed, files: dict[str, Path]
) -> None:
    page = settled(enter(viewed))
    page.locator("#sort").select_option("min_logprob")
    lowest = ranked(files["scored"], "v", "min_logprob")[::-1]
    expect(entries(page).first).to_have_attribute("data-row", str(lowest[0]))
    page.locator("#order").select_option("value best")
    expect(entries(page).first).to_have_attribute("data-row", str(lowest[-1]))
    page.locator("#order").select_option("value file")
    expect(entries(page).first).to_have_attribute("data-row", "0")
    assert "sort=min_logprob" in page.url
    page.reload()
    expect(page.locator("#sort")).to_have_value("min_logprob")
    expect(page.locator("#order")).to_have_value("value file")
    expect(entries(page).first).to_have_attribute("data-row", "0")


def test_filters_hold_together_and_go_together(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    page = settled(enter(viewed))
    said = [record["foureyes"]["v"] for record in records(files["scored"])]
    page.get_by_role("button", name="Filter").click()
    page.locator("#label").select_option("wrong")
    wrong = [i for i in range(USUAL, N) if not i % 3]
    settled(page, len(wrong))
    page.get_by_label("Tokens from").fill("5")
    long = [i for i in wrong if said[i]["n_tokens"] >= 5]
    settled(page, len(long))
    middle = sorted(said[i]["log_cmp"] for i in long)[len(long) // 2]
    page.get_by_label("Signal from").fill(str(middle))
    settled(page, len([i for i in long if said[i]["log_cmp"] >= middle]))
    expect(page.locator("#more")).to_have_text("Filter (3)")
    page.get_by_label("Search in question and answer").fill("no such words")
    expect(page.locator("#found")).to_have_text("No answer fits.")
    page.get_by_role("button", name="Show all").click()
    settled(page, N)


def test_a_text_is_searched_in_question_and_answer(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed))
    page.keyboard.press("/")
    page.keyboard.type("QUESTION 1")  # j and r are letters here
    settled(page, 10)
    assert set(listed(page)) == set(range(10, 20))
    assert viewed.decisions() == []


def test_keys_go_on_and_back_over_the_end_of_a_page(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    order = ranked(files["scored"], "v", "log_cmp")
    page = settled(enter(viewed, f"row={order[48]}"))
    expect(heading(page)).to_have_text(f"Row {order[48] + 1}")
    page.keyboard.press("j")
    expect(heading(page)).to_have_text(f"Row {order[49] + 1}")
    page.keyboard.press("ArrowRight")
    expect(heading(page)).to_have_text(f"Row {order[50] + 1}")
    expect(page.locator("#page-at")).to_have_text(f"51–{N}")
    page.keyboard.press("k")
    expect(heading(page)).to_have_text(f"Row {order[49] + 1}")
    expect(page.locator("#page-at")).to_have_text("1–50")


def test_a_link_to_a_row_shows_that_row(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=12&sort=cme&order=best"))
    expect(heading(page)).to_have_text("Row 13")
    expect(page.locator("#sort")).to_have_value("cme")


def test_a_label_is_on_the_disk_and_in_the_counts(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=20"))
    expect(heading(page)).to_have_text("Row 21")
    for key, label in [("r", "right"), ("w", "wrong"), ("u", "unsure")]:
        page.keyboard.press(key)
        expect(page.locator(f"[data-label={label}]")).to_have_attribute("aria-pressed", "true")
        expect(page.locator(f"[data-row='20'] .given.{label}:not(.waits)")).to_have_count(1)
    assert viewed.decisions() == [(20, "right"), (20, "wrong"), (20, "unsure")]
    expect(page.locator("#tally")).to_contain_text("1 unsure")
    other = settled(enter(viewed, "row=20"))
    expect(other.locator("[data-label=unsure]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("x")
    expect(page.locator("#tally")).to_contain_text("0 unsure")
    assert viewed.decisions()[-1] == (20, None)


def test_a_second_press_takes_a_label_back(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=20"))
    right = page.locator("[data-label=right]")
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    right.click()
    expect(right).to_have_attribute("aria-pressed", "false")
    expect(page.locator("[data-row='20'] .given.waits")).to_have_count(0)
    assert viewed.decisions() == [(20, "right"), (20, None)]


def test_a_label_leads_on_where_that_is_wanted(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    order = ranked(files["scored"], "v", "log_cmp")
    page = settled(enter(viewed))
    page.get_by_label("then the next").check()
    page.locator("#answer").focus()
    for i in range(3):
        expect(heading(page)).to_have_text(f"Row {order[i] + 1}")
        page.keyboard.press("w")
    expect(heading(page)).to_have_text(f"Row {order[3] + 1}")
    expect(page.locator("#rows .given.waits")).to_have_count(0)
    assert viewed.decisions() == [(row, "wrong") for row in order[:3]]


def test_what_could_not_be_saved_is_shown_kept_and_saved_again(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=20"))
    page.route("**/api/label", lambda route: route.abort())
    page.keyboard.press("w")
    expect(page.get_by_role("alert")).to_contain_text("1 label not saved: foureyes view does not answer")
    expect(page.locator("[data-row='20'] .given.waits")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.get_by_role("alert")).to_contain_text("2 labels not saved")
    assert viewed.decisions() == []
    page.unroute("**/api/label")
    page.reload()
    settled(page)
    for row, label in [(20, "wrong"), (listed(page)[listed(page).index(20) + 1], "right")]:
        expect(page.locator(f"[data-row='{row}'] .given.{label}:not(.waits)")).to_have_count(1)
    expect(page.locator("#unsaved")).to_be_hidden()
    assert [label for _, label in viewed.decisions()] == ["wrong", "right"]


def test_a_refusal_says_why_and_can_be_tried_again(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=20"))
    page.route("**/api/label", lambda route: route.fulfill(status=400, json={"error": "the disk is full"}))
    page.keyboard.press("w")
    expect(page.get_by_role("alert")).to_contain_text("1 label not saved: the disk is full.")
    page.unroute("**/api/label")
    page.get_by_role("button", name="Save again").click()
    expect(page.locator("#unsaved")).to_be_hidden()
    assert viewed.decisions() == [(20, "wrong")]


def test_labels_of_two_pages_meet_in_one_file(enter: Enter, viewed: Viewed) -> None:
    first, second = settled(enter(viewed, "row=21")), settled(enter(viewed, "row=22"))
    first.keyboard.press("r")
    expect(first.locator("[data-row='21'] .given.right:not(.waits)")).to_have_count(1)
    second.keyboard.press("w")
    expect(second.locator("[data-row='22'] .given.wrong:not(.waits)")).to_have_count(1)
    assert viewed.decisions() == [(21, "right"), (22, "wrong")]
    counts = httpx.get(f"{viewed.origin}/api/file", cookies=cookies(second)).json()["files"][0]["labels"]
    assert sum(counts.values()) == N
    expect(second.locator("#tally")).to_contain_text(f"{counts['right']} right")  # a count may be on its way yet


def cookies(page: Page) -> dict[str, str]:
    return {str(cookie["name"]): str(cookie["value"]) for cookie in page.context.cookies()}


def test_the_card_says_what_was_seen_at_a_token(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    page = settled(enter(viewed, "row=20"))
    seen = records(files["scored"])[20]["foureyes"]["v"]["tokens"]
    expect(page.locator(".map .t")).to_have_count(len(seen["nll"]))
    token(page, 1).hover()
    expect(card(page)).to_contain_text(f"{seen['nll'][1]:.2f} nats")
    expect(card(page)).to_contain_text(str(seen["rank"][1]))
    page.mouse.move(1, 1)
    expect(card(page)).to_have_count(0)
    page.keyboard.press("t")
    expect(token(page, 0)).to_be_focused()
    expect(card(page)).to_contain_text(f"{seen['nll'][0]:.2f} nats")
    page.keyboard.press("End")
    expect(card(page)).to_contain_text(f"{seen['nll'][-1]:.2f} nats")
    expect(token(page, len(seen["nll"]) - 1)).to_have_attribute("aria-describedby", "card")
    page.keyboard.press("Escape")
    expect(card(page)).to_have_count(0)


def test_why_and_where_it_stands_are_said(enter: Enter, viewed: Viewed, files: dict[str, Path]) -> None:
    order = ranked(files["scored"], "v", "log_cmp")
    page = settled(enter(viewed))
    said = records(files["scored"])[order[0]]["foureyes"]["v"]
    expect(page.locator(".verifier .why")).to_contain_text(f"{said['log_cmp']:.2f} nats a token where it expected")
    line = page.locator("table.signals tr", has_text="mean surprise")
    expect(line).to_contain_text(f"{said['log_cmp']:.2f}")
    expect(line).to_contain_text(f"worse than {round(100 * (len(order) - 1) / len(order))} %")


def test_a_row_that_could_not_be_read_says_why(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=4"))
    expect(page.locator(".verifier")).to_contain_text("could not tell")
    expect(page.locator(".verifier")).to_contain_text("empty_answer")


def test_without_tokens_the_command_is_said(enter: Enter, files: dict[str, Path], tmp_path: Path) -> None:
    with viewing(tmp_path, files["bare"]) as running:
        page = settled(enter(running, "row=1"), 3)
        expect(page.locator(".verifier")).to_contain_text(re.compile("foureyes score .*--tokens"))
        expect(page.locator(".verifier")).to_contain_text("東京です")
        expect(page.locator(".map")).to_have_count(0)


def test_a_conversation_shows_its_last_turns_and_keeps_the_others(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "row=6"))
    expect(page.locator("dd > .said", has_text="And another?")).to_be_visible()
    expect(page.locator("dd > .said", has_text="Be brief.")).to_be_hidden()
    page.get_by_text("2 earlier turns").click()
    expect(page.locator("dd > .said", has_text="Be brief.")).to_be_visible()


def test_of_several_answers_in_a_row_each_says_which_it_is(enter: Enter, tmp_path: Path) -> None:
    pairs = [{"prompt": "What is 2 + 2?", "chosen": "It is 4.", "rejected": "It is 5, I am sure."}]
    with viewing(tmp_path, score(pairs, tmp_path / "pairs.jsonl", "--verifier", "v", "--tokens")) as running:
        page = settled(enter(running), 2)
        page.locator("#order").select_option("value file")
        expect(page.locator("#rows .which")).to_have_text(["chosen", "rejected"])
        expect(heading(page)).to_have_text("Row 1 · chosen")
        page.keyboard.press("j")
        page.keyboard.press("w")
        expect(heading(page)).to_have_text("Row 2 · rejected")
        expect(page.locator("[data-row='1'] .given.wrong:not(.waits)")).to_have_count(1)
        assert records(running.sidecar)[0]["which"] == "rejected"


def test_damage_is_noted_beside_the_counts(enter: Enter, files: dict[str, Path], tmp_path: Path) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(files["bare"].read_bytes() + b'{"prompt": "cut in the\n')
    (tmp_path / "answers.labels.jsonl").write_text("no decision\n")
    with viewing(tmp_path, torn) as running:
        page = settled(enter(running), 4)
        page.get_by_text("2 notes").click()
        expect(page.locator("#tally")).to_contain_text("1 row: not JSON")
        expect(page.locator("#tally")).to_contain_text("1 lines of the sidecar")
        page.locator("[data-row='3']").click()
        expect(page.locator("#row")).to_contain_text("not JSON")


def test_while_a_file_is_indexed_the_page_says_how_far(enter: Enter, files: dict[str, Path], tmp_path: Path) -> None:
    with viewing(tmp_path, files["scored"], indexed=False) as running:
        page = enter(running)
        expect(page.locator("#indexed")).to_have_text("indexed 0 %")
        running.viewer.start()
        settled(page)
        expect(page.locator("#indexed")).to_be_hidden()
        expect(entries(page).first).to_have_attribute("aria-current", "true")


def test_a_link_is_followed_once_what_it_names_is_indexed(enter: Enter, files: dict[str, Path], tmp_path: Path) -> None:
    link = "row=20&verifier=1&sort=cme&with=0:0&by=difference"
    with viewing(tmp_path, files["scored"], indexed=False) as running:
        page = enter(running, link)
        expect(page.locator("#row")).to_contain_text("Row 21 cannot be shown")
        running.viewer.start()
        expect(heading(page)).to_have_text("Row 21")
        expect(page.locator("#verifier")).to_have_value("1")
        expect(page.locator("#sort")).to_have_value("cme")
        expect(page.locator("#with")).to_have_value("0:0")
        expect(page.locator("#order")).to_have_value("difference worst")
        settled(page)
        page.keyboard.press("w")
        expect(page.locator("[data-row='20'] .given.wrong:not(.waits)")).to_have_count(1)
        assert running.decisions() == [(20, "wrong")]


def test_an_order_that_is_not_known_yet_opens_no_answer(enter: Enter, files: dict[str, Path], tmp_path: Path) -> None:
    worst = ranked(files["scored"], "v", "log_cmp")
    with viewing(tmp_path, files["scored"], indexed=False) as running:
        with held_before_its_end(running):
            page = settled(enter(running))
            assert listed(page) == list(range(50))
            expect(page.locator("#row")).to_have_text("Choose an answer.")
            chosen = next(row for row in worst[1:] if row < 50)
            entries(page).nth(chosen).click()
            expect(page.locator("#answer")).to_contain_text(f"of {N}, as in the file")
            other = settled(enter(running))
        expect(heading(other)).to_have_text(f"Row {worst[0] + 1}")
        expect(page.locator("#answer")).to_contain_text(f"of {N}, worst first by log_cmp")
        expect(heading(page)).to_have_text(f"Row {chosen + 1}")


@contextmanager
def held_before_its_end(running: Viewed) -> Iterator[None]:
    """All rows are indexed, and the end of the file is not reached until this is left, as while a slow disk writes."""
    [file] = running.viewer._files
    save, reached, go_on = file.index._save, Event(), Event()

    def slow() -> None:
        reached.set()
        assert go_on.wait(3 * PATIENCE_MS / 1000)
        save()

    file.index._save = slow  # type: ignore[method-assign]
    running.viewer.start()
    try:
        assert reached.wait(PATIENCE_MS / 1000)
        yield
    finally:
        go_on.set()


def test_a_list_that_comes_while_no_answer_is_open_is_not_said_to_be_empty(
    enter: Enter, files: dict[str, Path], tmp_path: Path
) -> None:
    with viewing(tmp_path, files["scored"], indexed=False) as running, held_before_its_end(running):
        page = settled(enter(running))
        page.route("**/api/rows?*", lambda route: route.abort())
        page.reload()
        expect(page.locator("#row")).to_have_text("The list has not come yet.")
        page.unroute("**/api/rows?*")
        settled(page)
        expect(page.locator("#row")).to_have_text("Choose an answer.")
        page.get_by_label("Search in question and answer").fill("no such words")
        expect(page.locator("#row")).to_have_text("No answer fits.")


def test_a_difference_in_the_order_of_the_file_is_told_as_that(
    enter: Enter, files: dict[str, Path], tmp_path: Path
) -> None:
    with viewing(tmp_path, files["scored"], indexed=False) as running:
        with held_before_its_end(running):
            page = settled(enter(running, "row=20&with=0:1&by=difference"))
            expect(page.locator(".row-head")).to_contain_text(f"of {N}, as in the file")
        expect(page.locator(".row-head")).to_contain_text(f"of {N}, worse than beside first by log_cmp")
        page.goto(f"{running.origin}/#row=20&with=0:1&by=difference&order=file")
        expect(page.locator(".row-head")).to_contain_text(f"of {N}, as in the file")
        expect(page.locator("#order")).to_have_value("value file")


def test_a_file_that_ended_in_an_error_is_in_order_and_opens_its_worst_answer(
    enter: Enter, files: dict[str, Path], tmp_path: Path
) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    worst = ranked(files["scored"], "v", "log_cmp")
    with viewing(tmp_path, files["scored"], indexed=False) as running:
        [file] = running.viewer._files
        file.index._save = fail  # type: ignore[method-assign]
        running.viewer.start()
        page = settled(enter(running, "verifier=7"))
        expect(page.locator(".row-head")).to_contain_text(f"1st of {N}, worst first by log_cmp")
        expect(heading(page)).to_have_text(f"Row {worst[0] + 1}")
        expect(page.locator("#indexed")).to_be_hidden()
        assert "verifier" not in page.url
        page.get_by_text("1 note").click()
        expect(page.locator("#tally")).to_contain_text("the disk is full")
        page.get_by_label("Search in question and answer").fill("question 1")
        expect(page.locator("#found")).to_have_text("10 answers")


def test_a_label_is_for_the_answer_that_is_shown_whatever_file_has_a_row_of_that_number(
    enter: Enter, files: dict[str, Path], tmp_path: Path
) -> None:
    row = ranked(files["scored"], "v", "log_cmp")[0]
    twin = tmp_path / "twin.jsonl"
    lines = [record | {"prompt": f"The twin's question {i}?"} for i, record in enumerate(records(files["scored"]))]
    twin.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with viewing(tmp_path, files["scored"], twin) as running:
        page = settled(enter(running))
        expect(heading(page)).to_have_text(f"Row {row + 1}")
        page.set_viewport_size({"width": 1280, "height": 300})
        assert page.locator("#answer").evaluate("node => { node.scrollTop = 50; return node.scrollTop; }") == 50
        page.locator("#file").select_option("1")
        expect(page.locator("#row")).to_contain_text(f"The twin's question {row}?")
        assert page.locator("#answer").evaluate("node => node.scrollTop") == 0
        page.keyboard.press("w")
        expect(page.locator(f"[data-row='{row}'] .given.wrong:not(.waits)")).to_have_count(1)
        assert [(said["file"], said["row"]) for said in records(running.sidecar)] == [("twin.jsonl", row)]


def test_where_an_answer_stands_is_told_anew_with_every_list(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed, "order=file"))
    expect(heading(page)).to_have_text("Row 1")
    expect(page.locator(".row-head")).to_contain_text(f"1st of {N}, as in the file")
    page.get_by_label("Search in question and answer").fill("alert")
    expect(page.locator(".row-head")).to_contain_text("1st of 1, as in the file")


def test_a_look_at_the_files_that_failed_leaves_the_list_where_it_is(
    enter: Enter, files: dict[str, Path], tmp_path: Path
) -> None:
    with viewing(tmp_path, files["scored"], indexed=False) as running, held_before_its_end(running):
        page = settled(enter(running))
        rows = page.locator("#rows")
        assert rows.evaluate("node => { node.scrollTop = 500; return node.scrollTop; }") == 500
        page.route("**/api/file", lambda route: route.abort())
        expect(page.locator("#found")).to_contain_text("foureyes view does not answer")
        page.unroute("**/api/file")
        settled(page)
        with page.expect_response("**/api/file"):
            pass  # whatever follows from the one before it is done
        assert rows.evaluate("node => node.scrollTop") == 500


def test_a_page_that_opens_before_the_server_answers_comes_by_itself(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed))
    page.route("**/api/file", lambda route: route.abort())
    page.reload()
    expect(page.locator("#row")).to_contain_text("foureyes view does not answer")
    page.unroute("**/api/file")
    settled(page)
    expect(heading(page)).to_be_visible()


def test_a_list_that_failed_comes_by_itself_once_the_server_answers(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed))
    page.route("**/api/rows?*", lambda route: route.abort())
    page.locator("#sort").select_option("min_logprob")
    expect(page.locator("#found")).to_contain_text("foureyes view does not answer")
    page.unroute("**/api/rows?*")
    settled(page)
    expect(page.locator("#row-title")).to_be_visible()


def test_rows_that_come_later_wait_until_they_are_wanted(enter: Enter, files: dict[str, Path], tmp_path: Path) -> None:
    growing = tmp_path / "growing.jsonl"
    lines = files["scored"].read_bytes().splitlines(keepends=True)
    growing.write_bytes(b"".join(lines[8:60]))
    with viewing(tmp_path, growing) as running:
        page = settled(enter(running), 52)
        with growing.open("ab") as file:
            file.write(b"".join(lines[60:63]))
        page.get_by_role("button", name="Show 3 new rows").click()
        settled(page, 55)
        expect(page.locator("#new")).to_be_hidden()


def test_a_server_that_is_gone_is_said_and_nothing_is_labelled_unseen(enter: Enter, viewed: Viewed) -> None:
    page = settled(enter(viewed))
    page.route("**/api/row?*", lambda route: route.abort())
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.locator("#row")).to_contain_text("cannot be shown: foureyes view does not answer")
    page.unroute("**/api/row?*")
    page.keyboard.press("j")
    expect(heading(page)).to_be_visible()
    assert viewed.decisions() == []
