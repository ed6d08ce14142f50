#!/usr/bin/env python3
"""Writes the first screen of ``foureyes demo``, as a terminal of 80 columns shows it, into docs/demo.md.

Run it from the repository: ``python -m tools.demo_screen``. The model that reads now is the one that the command takes by default.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

TEXT: Final = Path(__file__).parent.parent / "docs" / "demo.md"
BEGIN: Final = "<!-- screen: made by python -m tools.demo_screen -->\n"
END: Final = "<!-- /screen -->\n"


def main() -> None:
    """Runs the command and puts what it prints between the marks."""
    command = [sys.executable, "-m", "foureyes", "demo", "--no-html"]
    said = subprocess.run(  # noqa: S603 - our own command
        command, env={**os.environ, "COLUMNS": "80", "LINES": "24"}, stdout=subprocess.PIPE, text=True, check=True
    )
    text = TEXT.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{TEXT}: wanted the lines {BEGIN.strip()} and {END.strip()}; got neither, or one of them")
    TEXT.write_text(f"{before}{BEGIN}{screen(said.stdout)}{END}{after}", encoding="utf-8")


def screen(said: str) -> str:
    """What a terminal shows, as a block of Markdown."""
    lines = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
    return f"```text\n{lines}```\n"


if __name__ == "__main__":
    main()
