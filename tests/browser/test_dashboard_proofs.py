"""The ledger in the page: proofs checked, and everything doctored refused."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.dashboard_house import Served
from tests.browser.dashboard_page import Enter, check_first_entry, doctor, enter, open_board, served

__all__ = ["enter", "served"]

pytestmark = pytest.mark.browser


def test_a_proof_is_checked_in_the_page_step_by_step(enter: Enter) -> None:
    page = open_board(enter)
    expect(page.locator("#checkpoint")).to_contain_text("signature checked")
    check_first_entry(page)
    expect(page.locator("#proof .verdict-line.good")).to_contain_text("the root computed here is the one signed")
    steps = page.locator("#proof .steps li")
    assert steps.count() >= 4
    assert steps.nth(steps.count() - 2).locator("code").last.get_attribute("title") == steps.last.locator(
        "code"
    ).get_attribute("title")


def test_a_decision_leads_to_its_proof(enter: Enter) -> None:
    page = open_board(enter)
    page.locator("#decisions .row").first.click()
    page.get_by_role("button", name="Check its proof").click()
    expect(page.get_by_role("dialog").locator(".verdict-line.good")).to_be_visible()


def flipped(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


FORGERIES = {
    "a sibling": (
        "**/proof/inclusion*",
        lambda p: {**p, "path": [flipped(p["path"][0]), *p["path"][1:]]},
        "is not the one signed",
    ),
    "a proof cut short": ("**/proof/inclusion*", lambda p: {**p, "path": p["path"][:-1]}, "ends below the root"),
    "a proof drawn out": (
        "**/proof/inclusion*",
        lambda p: {**p, "path": [*p["path"], "00" * 32, "00" * 32]},
        "longer than the tree",
    ),
    "a hash that is none": (
        "**/proof/inclusion*",
        lambda p: {**p, "path": ["zz", *p["path"][1:]]},
        "not lower-case hexadecimal",
    ),
    "an entry edited": (
        "**/ledger/entries/*",
        lambda e: {**e, "raw": e["raw"].replace('"time":"2', '"time":"3')},
        "hashes to",
    ),
    "an entry moved": (
        "**/ledger/entries/*",
        lambda e: {**e, "raw": re.sub(r'"index":\d+', '"index":0', e["raw"])},
        "says it is number 0",
    ),
    "an entry that is none": ("**/ledger/entries/*", lambda e: {**e, "raw": "not JSON"}, "not JSON"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_doctored_proof_is_refused(enter: Enter, forgery: str) -> None:
    pattern, change, words = FORGERIES[forgery]
    page = open_board(enter, prepare=lambda page: page.route(pattern, doctor(change)))
    check_first_entry(page)
    expect(page.locator("#proof .verdict-line.bad")).to_contain_text(re.compile(words))
    assert page.locator("#proof .good").count() == 0


CHECKPOINTS = {
    "another root": (
        lambda note: re.sub(r"(\n\d+\n)(.)", lambda m: m[1] + ("A" if m[2] != "A" else "B"), note, count=1),
        "not signed by a key of the log",
    ),
    "another size": (
        lambda note: re.sub(r"\n(\d+)\n", lambda m: f"\n{int(m[1]) + 1}\n", note, count=1),
        "not signed by a key of the log",
    ),
    "no signature": (lambda note: note.split("\n\n")[0] + "\n\n", "not signed by a key of the log"),
    "not a checkpoint": (lambda _: "hello", "not a checkpoint"),
}


@pytest.mark.parametrize("forgery", CHECKPOINTS)
def test_a_doctored_checkpoint_is_refused(enter: Enter, forgery: str) -> None:
    change, words = CHECKPOINTS[forgery]
    page = open_board(enter, prepare=lambda page: page.route("**/v1/ledger/checkpoint", doctor(change)))
    expect(page.locator("#checkpoint .bad")).to_contain_text(re.compile(words))
    check_first_entry(page)
    expect(page.locator("#proof .verdict-line.bad")).to_contain_text(re.compile(words))


def test_a_log_that_grew_is_recognised(enter: Enter, served: Served) -> None:
    page = open_board(enter)
    page.evaluate("import('/dashboard/ledger.js').then(({ showLedger }) => showLedger())")  # as the page does by itself
    expect(page.locator("#checkpoint")).to_contain_text("first seen by this browser")
    served.verify("One more?", "100 °C")
    page.reload()
    expect(page.locator("#checkpoint")).to_contain_text("extends what this browser saw before")


SEEN = {
    "shrank": ({"size": 1_000_000}, "now there are fewer"),
    "was rewritten": ({"size": 3, "root": "00" * 32}, "does not extend the log of 3 entries"),
    "has another key": ({"key": "00000000"}, "not the one this browser saw before"),
}


@pytest.mark.parametrize("since", SEEN)
def test_a_log_that_is_not_what_this_browser_saw_is_refused(enter: Enter, served: Served, since: str) -> None:
    change, words = SEEN[since]
    name, key, _ = str(served.house.ledger.keys[0]).split("+", 2)
    kept = json.dumps({"size": 0, "root": "", "key": key} | change)
    script = f"localStorage.setItem({json.dumps(f'foureyes-checkpoint:{name}')}, {json.dumps(kept)})"
    page = open_board(enter, prepare=lambda page: page.add_init_script(script))
    expect(page.locator("#checkpoint .bad")).to_contain_text(words)
    check_first_entry(page)
    expect(page.locator("#proof .verdict-line.bad")).to_contain_text(words)


def test_the_page_checks_proofs_as_the_ledger_does(enter: Enter) -> None:
    from hashlib import sha256

    from foureyes.maths import merkle

    page = enter(scope=None)
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(17)]

    def subtree(start: int, stop: int) -> bytes:
        if stop - start == 1:
            return leaves[start]
        middle = start + (1 << ((stop - start - 1).bit_length() - 1))
        return sha256(b"\x01" + subtree(start, middle) + subtree(middle, stop)).digest()

    sizes = range(1, 18)
    inclusion = [
        (leaves[i].hex(), i, n, [h.hex() for h in merkle.path(i, n, subtree)], subtree(0, n).hex())
        for n in sizes
        for i in range(n)
    ]
    consistency = [
        (m, subtree(0, m).hex(), n, subtree(0, n).hex(), [h.hex() for h in merkle.proof(m, n, subtree)])
        for n in sizes
        for m in range(1, n + 1)
    ]
    found = page.evaluate(
        """async ([inclusion, consistency]) => {
          const { climb, extend, fromHex } = await import("/dashboard/proof.js");
          const wrong = [];
          for (const [leaf, index, size, path, root] of inclusion) {
            const steps = await climb(fromHex(leaf), index, size, path);
            if ((steps.at(-1)?.hash ?? leaf) !== root) wrong.push(["inclusion", index, size]);
            for (const [i, n] of [[index + 1, size], [index, size + 1], [size, size]]) {
              const reached = await climb(fromHex(leaf), i, n, path).then((s) => s.at(-1)?.hash ?? leaf, () => null);
              if (reached === root && n === size) wrong.push(["accepted", index, size, i, n]);
            }
          }
          for (const [old, before, next, after, hashes] of consistency) {
            if (!(await extend(old, before, next, after, hashes))) wrong.push(["consistency", old, next]);
            const other = "00".repeat(32);
            if (await extend(old, other, next, after, hashes)) wrong.push(["other old root", old, next]);
            if (await extend(old, before, next, other, hashes)) wrong.push(["other new root", old, next]);
            if (hashes.length && (await extend(old, before, next, after, hashes.slice(1)))) wrong.push(["cut", old, next]);
            if (await extend(old, before, next, after, [...hashes, other])) wrong.push(["longer", old, next]);
          }
          return wrong;
        }""",
        [inclusion, consistency],
    )
    assert found == []
