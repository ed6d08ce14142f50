"""The command line of ``foureyes check``."""

from __future__ import annotations

import argparse
from typing import Final

from foureyes.cli.options import add_dtype, add_page, add_server_keys, add_small, add_template_args, add_verifiers
from foureyes.models.weights.known import SMALL_PAIR, STANDARD_PAIR

__all__ = ["configure", "verifiers_of"]

_MOST_ALTERNATIVES: Final = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes check``."""
    parser.add_argument("prompt", nargs="?", metavar="PROMPT", help="what was asked; - reads it from stdin")
    parser.add_argument("answer", nargs="?", metavar="ANSWER", help="what was answered; - reads it from stdin")
    for what in ("prompt", "answer"):
        parser.add_argument(
            f"--{what}-file", metavar="FILE", help=f"read the {what} from a file (UTF-8, less one final line break)"
        )
    who = parser.add_mutually_exclusive_group()
    add_verifiers(who, [STANDARD_PAIR.reader])
    add_small(who, [SMALL_PAIR.reader])
    add_page(parser, "write a self-contained page with the heat maps too")
    parser.add_argument(
        "--top-k",
        type=_alternatives,
        default=5,
        metavar="K",
        help="how many alternatives to keep at each token (default: 5)",
    )
    add_dtype(parser)
    add_template_args(parser)
    add_server_keys(parser)


def verifiers_of(args: argparse.Namespace) -> list[str]:
    """The models that read: those that are named, or the default one."""
    return args.verifier or [SMALL_PAIR.reader if args.small else STANDARD_PAIR.reader]


def _alternatives(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_ALTERNATIVES:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 to {_MOST_ALTERNATIVES}; got {text!r}")
    return int(text)
