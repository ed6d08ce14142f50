"""The command line of ``foureyes demo``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from foureyes.cli.options import add_page, add_verifiers

__all__ = ["VERIFIERS", "configure"]

VERIFIERS: Final = ("smollm2-135m", "gemma3-270m")
"""Who reads where nobody is named."""

_PAGE: Final = Path("foureyes-demo.html")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes demo``."""
    add_verifiers(parser, VERIFIERS)
    page = parser.add_mutually_exclusive_group()
    add_page(page, f"where the page goes (default: {_PAGE})", default=_PAGE)
    page.add_argument("--no-html", dest="html", action="store_const", const=None, help="write no page")
