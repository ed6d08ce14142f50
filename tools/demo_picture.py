#!/usr/bin/env python3
"""Takes docs/images/demo.png from the page of the demo: its headline and its pictures, in a real browser.

Run it from the repository, after ``foureyes demo``: ``python -m tools.demo_picture [PAGE]``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tools.dashboard_picture import chromium

PICTURE: Final = Path(__file__).parent.parent / "docs" / "images" / "demo.png"
PAGE: Final = Path("foureyes-demo.html")
WIDE: Final = 920
HIDDEN: Final = """
main > p, .kicker, footer, section:not([aria-labelledby=spread]):not([aria-labelledby=gaps]) { display: none !important }
"""


def main() -> None:
    """Opens the page and takes the picture."""
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    with chromium() as browser:
        context = browser.new_context(
            color_scheme="light", viewport={"width": WIDE, "height": 900}, device_scale_factor=1.5
        )
        shown = context.new_page()
        shown.goto(page.resolve().as_uri())
        shown.add_style_tag(content=HIDDEN)
        shown.screenshot(path=PICTURE, full_page=True)
        context.close()


if __name__ == "__main__":
    main()
