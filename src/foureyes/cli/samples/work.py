"""Writes the sample files that the tutorials use."""

from __future__ import annotations

import argparse

from foureyes.cli.output import CommandOutput
from foureyes.demo.samples import SAMPLES, write_samples

__all__ = ["run"]


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Writes all of them, or none.

    Raises:
        InputError: the folder cannot be made, or a file of these names is there.
    """
    paths = write_samples(args.folder, force=args.force)
    output.give(lambda: [str(path) for path in paths], lambda: _show(args.folder))


def _show(folder: object) -> None:
    for name, words in SAMPLES.items():
        print(f"{folder}/{name}: {words}")
