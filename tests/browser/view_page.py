"""The page of ``foureyes view`` in a real browser, against the real server: what its tests share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Contexts, Theme, Witness
from tests.browser.view_house import ODD, N, Viewed, rows, score, viewing

Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same rows read by two verifiers with every token, by one without, and other answers to the same questions."""
    folder = tmp_path_factory.mktemp("scored")
    others = [{**row, "answer": f"{row['answer']} Surely."} if i % 2 else row for i, row in enumerate(rows())]
    return {
        "scored": score(rows(), folder / "scored.jsonl", "--verifier", "v", "--verifier", "w", "--tokens"),
        "bare": score(rows()[:3], folder / "bare.jsonl", "--verifier", "v"),
        "others": score(others, folder / "others.jsonl", "--verifier", "v", "--tokens"),
    }


@pytest.fixture
def viewed(files: dict[str, Path], tmp_path: Path) -> Iterator[Viewed]:
    """The first of the files."""
    with viewing(tmp_path, files["scored"]) as running:
        yield running


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Opens the page; afterwards nobody may have complained or asked elsewhere."""
    witness, contexts, origins = Witness(), Contexts(browser), set[str]()

    def open_(
        running: Viewed, state: str = "", *, theme: Theme = "light", width: int = 1280, touch: bool = False
    ) -> Page:
        origins.add(running.origin)
        context = contexts.open(color_scheme=theme, viewport={"width": width, "height": 900}, has_touch=touch)
        page = context.new_page()
        witness.watch(page)
        page.goto(running.address)
        if state:
            page.goto(f"{running.origin}/#{state}")
        return page

    yield open_
    contexts.close()
    assert [words for words in witness.complaints if "Failed to load resource" not in words] == []
    assert [url for url in witness.requests if not any(url.startswith(origin) for origin in origins)] == []


def entries(page: Page) -> Locator:
    return page.locator("#rows .entry")


def settled(page: Page, total: int = N) -> Page:
    """The page once its list is there."""
    expect(page.locator("#found")).to_have_text(re.compile(rf"^{total} answers?\b"))
    return page


def listed(page: Page) -> list[int]:
    """Numbers of the rows in the list."""
    return [int(row) for row in entries(page).evaluate_all("nodes => nodes.map((node) => node.dataset.row)")]


def heading(page: Page) -> Locator:
    return page.locator("#row-title")


def token(page: Page, index: int, reading: int = 0) -> Locator:
    return page.locator(".verifier .map").nth(reading).locator(".t").nth(index)


def card(page: Page) -> Locator:
    return page.locator("#card:visible")


USUAL = len(ODD)
