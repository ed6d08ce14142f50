#!/usr/bin/env python3
"""Draws docs/images/check.svg, the picture of a terminal in the README, from a real check.

Run it from the repository: ``python tools/check_picture.py [FILE]``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from foureyes.models.catalog import open_reader
from foureyes.models.weights.known import STANDARD_PAIR
from foureyes.report.check_result import check_with
from foureyes.report.terminal import draw_check
from foureyes.types import Exchange

PICTURE: Final = Path(__file__).parent.parent / "docs" / "images" / "check.svg"
EXCHANGE: Final = Exchange(
    "Who was the first person on the Moon?",
    "The first person on the Moon was Neil Armstrong, who landed on July 20, 1959 with Apollo 11.",
)
COLUMNS: Final = 96

BLACK, WHITE = (24, 22, 20), (236, 232, 226)
THEME: Final = TerminalTheme(BLACK, WHITE, [BLACK] * 8, [WHITE] * 8)

# Like rich's own format, without the window's frame and without fonts from elsewhere.
FORMAT: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>foureyes check, run in a terminal</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
  font-variant-east-asian: full-width;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" rx="10" fill="#181614"/>
<g transform="translate({terminal_x}, 24)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def picture() -> str:
    """Runs the check and draws what a terminal of :data:`COLUMNS` columns shows."""
    console = Console(
        record=True, file=io.StringIO(), width=COLUMNS, force_terminal=True, color_system="truecolor", highlight=False
    )
    outcomes = [check_with(STANDARD_PAIR.reader, EXCHANGE, open_reader=open_reader, top_k=1)]
    console.print(Text.assemble(("$ ", "dim"), f'foureyes check "{EXCHANGE.prompt}" \\\n"{EXCHANGE.answer}"\n'))
    draw_check(console, EXCHANGE, outcomes)
    return console.export_svg(title="", theme=THEME, code_format=FORMAT, unique_id="check")


def main() -> None:
    """Writes the picture to the file given, or where the README looks for it."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
