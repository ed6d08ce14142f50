"""The command line of ``foureyes samples``."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes samples``."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where they go; made where it is not there")
    parser.add_argument("--force", action="store_true", help="replace files of these names")
