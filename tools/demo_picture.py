#!/usr/bin/env python3
"""Takes docs/images/demo.png from the page of the demo, in a real browser, and writes what came out into docs/demo.md.

Run it from the repository, after ``foureyes demo``: ``python -m tools.demo_picture [PAGE]``. The text is made from the record alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from foureyes.demo import words
from foureyes.demo.measures import DemoResults, measure
from foureyes.demo.recorded import recorded
from foureyes.report.study import TextTable, markdown_table
from tools.dashboard_picture import chromium

DOCS: Final = Path(__file__).parent.parent / "docs"
PICTURE: Final = DOCS / "images" / "demo.png"
TEXT: Final = DOCS / "demo.md"
BEGIN: Final = "<!-- results: made by python -m tools.demo_picture -->\n"
END: Final = "<!-- /results -->\n"
PAGE: Final = Path("foureyes-demo.html")
WIDE: Final = 760
HIDDEN: Final = """
main > *:not(header):not(figure), .kicker, footer { display: none !important }
body { padding-block: 1.5rem 1rem }
"""


def main() -> None:
    """Writes the text, opens the page and takes the picture."""
    text = TEXT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    TEXT.write_text(before + BEGIN + results(measure(recorded(), [])) + END + rest.partition(END)[2], encoding="utf-8")
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    with chromium() as browser:
        context = browser.new_context(
            color_scheme="light", viewport={"width": WIDE, "height": 400}, device_scale_factor=1.5
        )
        shown = context.new_page()
        shown.goto(page.resolve().as_uri())
        shown.add_style_tag(content=HIDDEN)
        shown.screenshot(path=PICTURE, full_page=True)
        context.close()


def results(found: DemoResults) -> str:
    """What came out, as Markdown."""
    main = found.main
    columns = ("sign of a wrong answer", f"AUROC, all {main.everywhere.n}", f"AUROC, sure {main.among_sure.n}")
    rows = [(f"{sign.model} {sign.words}", words.area(sign.everywhere), words.area(sign.sure)) for sign in main.signs]
    differences = words.decided(main.everywhere), words.decided(main.among_sure)
    rows.append(("second reader − own entropy", *differences))
    sentences = (
        *words.headline(main),
        words.beside_chance(main.among_sure),
        words.overall(main),
        words.beside_chance(main.everywhere),
    )
    return f"{' '.join(sentences)}\n\n{markdown_table(TextTable(columns, tuple(rows)))}\n"


if __name__ == "__main__":
    main()
