"""``foureyes demo``: 240 answers read, a table on stdout and a page in a file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from foureyes.demo.measures import DemoResults
    from foureyes.models.roles import Reader

__all__ = ["configure", "run", "show"]

_PAGE: Final = Path("foureyes-demo.html")
_VERIFIERS: Final = ("smollm2-135m", "gemma3-270m")

_WIDEST: Final = 100
"""Columns beyond which lines are tiring to read."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes demo``."""
    parser.add_argument(
        "--verifier",
        action="append",
        metavar="REF",
        help=f"a model that reads the answers; may be given several times (default: {' and '.join(_VERIFIERS)})",
    )
    page = parser.add_mutually_exclusive_group()
    page.add_argument(
        "--html", type=Path, default=_PAGE, metavar="FILE", help=f"where the page goes (default: {_PAGE})"
    )
    page.add_argument("--no-html", dest="html", action="store_const", const=None, help="write no page")
    parser.add_argument("--json", action="store_true", help="all numbers as one JSON object instead of the table")


def run(args: argparse.Namespace) -> int:
    """Opens the verifiers one after another, so that one at a time is in memory, and shows what they saw."""
    return show(_opened(args.verifier or _VERIFIERS), page=args.html, as_json=args.json)


def show(readers: Iterable[Reader], *, page: Path | None, as_json: bool) -> int:
    """Reads with every verifier, measures, prints, and writes the page.

    Args:
        readers: the verifiers; each is let go of before the next is taken.
        page: where the page goes, ``None`` for nowhere.
        as_json: one JSON object on stdout instead of the table.

    Returns:
        The exit status.

    Raises:
        InputError: the page cannot be written there, or two verifiers have the same name.
        ConfigError: the page needs a library that is not installed.
    """
    # What the verb needs is loaded here, so that `foureyes demo --help` does not wait for it.
    from foureyes.demo.measures import study  # noqa: PLC0415
    from foureyes.demo.questions import load  # noqa: PLC0415
    from foureyes.demo.run import read  # noqa: PLC0415

    if page is not None:
        _require_page(page)
    questions, reads = load(), []
    for reader in readers:
        _say(f"{reader.name}: reading {2 * len(questions)} answers to {len(questions)} questions …")
        reads.append(read(questions, reader, clock=perf_counter))
        _say(f"{reader.name}: {reads[-1].pace}")
    found = study(questions, reads)
    _print(found, as_json=as_json)
    if page is not None:
        _write_page(found, page)
    return 0


def _opened(refs: Iterable[str]) -> Iterator[Reader]:
    from foureyes.models.catalog import open_reader  # noqa: PLC0415 - torch

    for ref in refs:
        _say(f"{ref}: loading …")
        yield open_reader(ref)


def _print(found: DemoResults, *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 - as above

    from foureyes.demo.record import record  # noqa: PLC0415
    from foureyes.demo.terminal import draw  # noqa: PLC0415

    if as_json:
        print(json.dumps(record(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        console = Console(highlight=False)
        console.width = min(console.width, _WIDEST)
        draw(console, found)


def _require_page(path: Path) -> None:
    """Finds out before the minute of reading, not after it."""
    from foureyes.demo.figures import require_matplotlib  # noqa: PLC0415 - as above
    from foureyes.report.page import require_place_for  # noqa: PLC0415

    require_matplotlib()
    require_place_for(path)


def _write_page(found: DemoResults, path: Path) -> None:
    from foureyes.demo.page import demo_page  # noqa: PLC0415 - matplotlib
    from foureyes.report.page import write  # noqa: PLC0415

    write(path, demo_page(found))
    _say(f"page: {path}")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
