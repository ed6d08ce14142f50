"""The command line of ``foureyes signals``."""

from __future__ import annotations

import argparse

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes signals``."""
    parser.add_argument("name", nargs="*", metavar="SIGNAL", help="show these only, with all that is known of each")
