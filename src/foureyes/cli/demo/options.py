"""The command line of ``foureyes demo``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from foureyes.cli.options import add_page, add_small, add_verifiers
from foureyes.models.weights.known import SMALL_PAIR, STANDARD_PAIR

__all__ = ["configure"]

_PAGE: Final = Path("foureyes-demo.html")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes demo``."""
    who = parser.add_mutually_exclusive_group()
    add_verifiers(who, [STANDARD_PAIR.author])
    add_small(who, [SMALL_PAIR.author])
    page = parser.add_mutually_exclusive_group()
    add_page(page, f"where the page goes (default: {_PAGE})", default=_PAGE)
    page.add_argument("--no-html", dest="html", action="store_const", const=None, help="write no page")
