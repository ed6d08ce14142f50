"""The command line of ``foureyes serve``."""

from __future__ import annotations

import argparse
from pathlib import Path

from foureyes.cli.options import add_small
from foureyes.models.weights.known import SMALL_PAIR

__all__ = ["configure"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes serve``."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=Path, metavar="FILE", help="the configuration, TOML; read again when it changes")
    what.add_argument("--demo", action="store_true", help="no configuration: embedded verifiers and sample traffic")
    add_small(parser, [SMALL_PAIR.author, SMALL_PAIR.reader])
    parser.add_argument("--host", help="address to listen on (default: the configuration's, 127.0.0.1)")
    parser.add_argument(
        "--port", type=_port, help="port to listen on, 0 for any free one (default: the configuration's, 8321)"
    )
    parser.add_argument("--check", action="store_true", help="read the configuration, wire everything, and stop")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 to 65535; got {text!r}")
    return int(text)
