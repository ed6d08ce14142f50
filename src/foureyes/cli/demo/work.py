"""Reads the demo's answers, prints what the signals catch, and writes the page."""

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
from foureyes.demo.measures import DemoResults, study
from foureyes.demo.page import demo_page
from foureyes.demo.questions import load
from foureyes.demo.record import record
from foureyes.demo.run import ReadBy, read
from foureyes.demo.terminal import draw
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


def show(readers: Iterable[tuple[Reader, ReadBy]], output: CommandOutput, *, page: Path | None) -> None:
    """Reads with every model, measures, prints, and writes the page.

    Args:
        readers: the models, each with whose place it takes; each is let go of before the next is taken.
        output: where it is told.
        page: where the page goes, ``None`` for nowhere.

    Raises:
        InputError: the page cannot be written there, or two models have the same name.
        ConfigError: the page needs a library that is not installed.
    """
    if page is not None:  # found out before the minute of reading, not after it
        require_matplotlib()
        require_place(page)
    questions, reads = load(), []
    for reader, by in readers:
        output.say(f"{reader.name}: reading {2 * len(questions)} answers to {len(questions)} questions …")
        reads.append(read(questions, reader, clock=perf_counter, by=by))
        output.say(f"{reader.name}: {reads[-1].pace}")
        del reader  # before the next one takes its memory
    found = study(questions, reads)
    output.give(lambda: record(found), lambda: _draw(found))
    if page is not None:
        write_text(page, demo_page(found))
        output.say(f"page: {page}")


def wanted(args: argparse.Namespace) -> list[tuple[str, ReadBy]]:
    """The references of the models that read, each with whose place it takes."""
    if args.verifier:
        return [(ref, "verifier") for ref in args.verifier]
    pair = SMALL_PAIR if args.small else STANDARD_PAIR
    return [(pair.author, "author"), (pair.reader, "verifier")]


def _open_all(args: argparse.Namespace, output: CommandOutput) -> Iterator[tuple[Reader, ReadBy]]:
    models = wanted(args)
    tell_cost(fetch_cost(ref for ref, _ in models), way_out="" if args.small or args.verifier else "or add --small")
    for ref, by in models:
        output.say(f"{ref}: loading …")
        yield open_reader(ref, on_step=tell_step), by


def _draw(found: DemoResults) -> None:
    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    draw(console, found)
