"""Shows what was recorded for the demo, reads the same answers with a model on this machine, and writes the page."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

from rich.console import Console

from foureyes.cli.output import CommandOutput
from foureyes.cli.words import tell_cost, tell_step
from foureyes.demo.figures import require_matplotlib
from foureyes.demo.live import LiveRead, read_live
from foureyes.demo.measures import DemoResults, measure
from foureyes.demo.page import demo_page
from foureyes.demo.record import record
from foureyes.demo.recorded import AUTHOR, recorded
from foureyes.demo.terminal import draw
from foureyes.errors import InputError
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.models.weights.fetch_cost import fetch_cost
from foureyes.models.weights.known import SMALL_PAIR, STANDARD_PAIR
from foureyes.tables.saving import require_place, write_text

__all__ = ["run", "show", "wanted"]

_WIDEST: Final = 100
"""Columns beyond which lines are tiring to read."""


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Opens the models one after another, so that one at a time is in memory, and shows what they saw."""
    show(_open_all(args, output), output, page=args.html)


def show(readers: Iterable[Reader], output: CommandOutput, *, page: Path | None) -> None:
    """Reads with every model, measures, prints, and writes the page.

    Args:
        readers: the models that read now; each is let go of before the next is taken.
        output: where it is told.
        page: where the page goes, ``None`` for nowhere.

    Raises:
        InputError: the page cannot be written there, or two models have the same name.
        ConfigError: the page needs a library that is not installed.
    """
    if page is not None:  # found out before any reading, not after it
        require_matplotlib()
        require_place(page)
    known = recorded()
    reads: list[LiveRead] = []
    for reader in readers:
        if any(reader.name == read.model for read in reads):
            raise InputError(f"the models must have different names; got {reader.name} twice")
        words = f"{len(known.answers)} answers of {AUTHOR} and {2 * len(known.bugs)} programs"
        output.say(f"{reader.name}: reading {words} …")
        reads.append(read_live(known, reader, clock=perf_counter))
        output.say(f"{reader.name}: {reads[-1].pace}")
        del reader  # before the next one takes its memory
    found = measure(known, reads)
    output.give(lambda: record(found), lambda: _draw(found))
    if page is not None:
        write_text(page, demo_page(found))
        output.say(f"page: {page}")


def wanted(args: argparse.Namespace) -> list[str]:
    """The references of the models that read now."""
    return args.verifier or [SMALL_PAIR.author if args.small else STANDARD_PAIR.author]


def _open_all(args: argparse.Namespace, output: CommandOutput) -> Iterator[Reader]:
    models = wanted(args)
    tell_cost(fetch_cost(models), way_out="" if args.small or args.verifier else "or add --small")
    for ref in models:
        output.say(f"{ref}: loading …")
        yield open_reader(ref, on_step=tell_step)


def _draw(found: DemoResults) -> None:
    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    draw(console, found)
