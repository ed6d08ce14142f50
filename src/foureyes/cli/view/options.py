"""The command line of ``foureyes view``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from foureyes.cli.options import add_meaning

__all__ = ["configure"]

_EPILOG: Final = (
    "The page is served on 127.0.0.1 to whoever has the address that is printed. A file of millions of rows is indexed once, "
    "in the background; what is written to it later is added. Labels are saved at once, into a file beside the first one; "
    "foureyes calibrate fit --labels reads it."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes view``."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="what foureyes score wrote; a second one is shown beside it"
    )
    parser.add_argument(
        "--labels", type=Path, metavar="SIDECAR", help="where labels are kept (default: FILE's name, .labels.jsonl)"
    )
    parser.add_argument("--sort", metavar="SIGNAL", help="what rows are sorted by at first, the worst on top")
    add_meaning(parser)
    parser.add_argument("--index", type=Path, metavar="FOLDER", help="where indexes are kept (default: in the cache)")
    serving = parser.add_argument_group("serving")
    serving.add_argument("--port", type=_port, default=0, help="port to listen on (default: any free one)")
    serving.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    export = parser.add_argument_group("a page without a server")
    export.add_argument("--export", type=Path, metavar="PAGE.html", help="write one file with the worst rows, and stop")
    export.add_argument(
        "--limit", type=int, default=200, metavar="ROWS", help="with --export: how many rows (default: %(default)s)"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 to 65535; got {text!r}")
    return int(text)
