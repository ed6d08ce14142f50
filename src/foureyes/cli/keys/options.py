"""The command line of ``foureyes keys``."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["configure"]

_SCOPES: Final = ("verify", "audit", "admin")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes keys``."""
    parser.add_argument("tenant", metavar="TENANT", help="whose key: letters, digits, - and _, as in the configuration")
    parser.add_argument(
        "--scope",
        action="append",
        choices=_SCOPES,
        help="what it may do; may be given several times (default: verify)",
    )
