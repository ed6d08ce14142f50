#!/usr/bin/env python3
"""Takes docs/images/view.png from ``foureyes view`` on answers that two small models read, in a real browser.

Run it from the repository: ``python -m tools.view_picture [FOLDER]``. The folder gets both themes, a phone and two verifiers
side by side, to be looked at.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from foureyes.cli import main as command
from tests.browser.conftest import Theme
from tests.browser.view_house import Viewed, viewing
from tools.dashboard_picture import chromium

PICTURE: Final = Path(__file__).parent.parent / "docs" / "images" / "view.png"
READERS: Final = ("smollm2-135m", "gemma3-270m")
ANSWERS: Final = (
    (
        "Who was the first person on the Moon?",
        "The first person on the Moon was Neil Armstrong, who landed on July 20, 1969 with Apollo 11.",
        True,
    ),
    (
        "Who was the first person on the Moon?",
        "The first person on the Moon was Yuri Gagarin, who landed on April 12, 1961 with Vostok 1.",
        False,
    ),
    ("What is the capital of Australia?", "The capital of Australia is Canberra.", True),
    ("What is the capital of Australia?", "The capital of Australia is Sydney, its largest city.", False),
    ("Who wrote The Trial?", "Franz Kafka wrote The Trial in 1914 and 1915; it was published in 1925.", True),
    ("At what temperature does water boil?", "At sea level water boils at 100 degrees Celsius.", True),
    ("At what temperature does water boil?", "Water boils at 74 degrees Celsius, wherever you are.", False),
    ("How many moons does Mars have?", "Mars has two moons, Phobos and Deimos.", None),
    ("May I return an opened parcel?", "Yes, any opened parcel may be returned within 900 days.", None),
)


def main() -> None:
    """Takes the picture for the docs, and the others where a folder is given."""
    with tempfile.TemporaryDirectory() as made:
        scored = score(Path(made))
        with viewing(Path(made), scored, sort=None) as running, chromium() as browser:
            shoot(browser, running, PICTURE)
            if len(sys.argv) > 1:
                look(browser, running, Path(sys.argv[1]))


def score(folder: Path) -> Path:
    """The answers, as the command scores them."""
    source, scored = folder / "answers.jsonl", folder / "scored.jsonl"
    rows = [{"prompt": prompt, "answer": answer, "correct": correct} for prompt, answer, correct in ANSWERS]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    readers = [part for reader in READERS for part in ("--verifier", reader)]
    status = command(["score", str(source), "-o", str(scored), "--tokens", *readers])
    if status:
        raise SystemExit(status)
    return scored


def look(browser: Browser, running: Viewed, folder: Path) -> None:
    """Everything there is to see, in both themes."""
    folder.mkdir(parents=True, exist_ok=True)
    themes: tuple[Theme, Theme] = ("light", "dark")
    for theme in themes:
        shoot(browser, running, folder / f"wide-{theme}.png", theme=theme, width=1600)
        shoot(browser, running, folder / f"list-{theme}.png", theme=theme, width=390)
        shoot(browser, running, folder / f"phone-{theme}.png", theme=theme, width=390, state="row=1")
        shoot(browser, running, folder / f"beside-{theme}.png", theme=theme, state="with=0:1")


def shoot(
    browser: Browser, running: Viewed, target: Path, *, theme: Theme = "light", width: int = 1280, state: str = ""
) -> None:
    """One picture, the card of a token open where there is room."""
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800}, device_scale_factor=1.5)
    page = context.new_page()
    page.goto(running.address)
    page.goto(f"{running.origin}/#{state}")
    page.locator(".entry").first.wait_for(state="attached")
    if width > 900:
        page.locator(".map .t").first.wait_for()
        strengths = (
            page.locator(".map")
            .first.locator(".t")
            .evaluate_all("nodes => nodes.map((node) => Number(node.style.getPropertyValue('--s')))")
        )
        page.locator(".map").first.locator(".t").nth(strengths.index(max(strengths))).hover()
    page.wait_for_timeout(500)
    page.screenshot(path=target)
    context.close()


if __name__ == "__main__":
    main()
