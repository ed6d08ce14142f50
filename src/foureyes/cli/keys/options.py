"""The command line of ``foureyes keys``."""

from __future__ import annotations

import argparse
from typing import get_args

from foureyes.choices import KeyScope

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes keys``."""
    parser.add_argument("tenant", metavar="TENANT", help="whose key: letters, digits, - and _, as in the configuration")
    parser.add_argument(
        "--scope",
        action="append",
        choices=get_args(KeyScope),
        help="what it may do; may be given several times (default: verify)",
    )
