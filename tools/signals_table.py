#!/usr/bin/env python3
"""Writes the table of signals in docs/signals.md from the catalogue.

python tools/signals_table.py            # writes it
python tools/signals_table.py --check    # exits 1 if the page does not say what the catalogue says
"""

from __future__ import annotations

import sys
from pathlib import Path

from foureyes.signals.catalog import Signal, signals

PAGE = Path(__file__).parents[1] / "docs" / "signals.md"
BEGIN = "<!-- signals: made by python tools/signals_table.py -->\n"
END = "<!-- /signals -->\n"


def table() -> str:
    """The table as Markdown."""
    head = "| name | what it is | larger is | range | needs | costs a row | taken by | source |"
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *map(_line, signals())]) + "\n"


def page(text: str) -> str:
    """The page with its table replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def main() -> int:
    """Writes or compares the table."""
    text = PAGE.read_text(encoding="utf-8")
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(text), encoding="utf-8")
        return 0
    if text != page(text):
        print("docs/signals.md is not current: python tools/signals_table.py", file=sys.stderr)  # noqa: T201
    return int(text != page(text))


def _line(row: Signal) -> str:
    what = f"{row.caption}; a control" if row.control else row.caption
    cells = (
        f"`{row.name}`",
        what,
        row.larger_is,
        row.span,
        ", ".join(row.needs),
        row.cost,
        f"`{row.call}`",
        row.source,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
