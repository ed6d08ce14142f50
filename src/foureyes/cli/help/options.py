"""The command line of ``foureyes help``."""

from __future__ import annotations

import argparse

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the words that name a command."""
    parser.add_argument("words", nargs="*", metavar="VERB", help="a verb, and one of its actions if it has any")
