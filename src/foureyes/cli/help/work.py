"""Prints what ``foureyes VERB ACTION --help`` prints."""

from __future__ import annotations

import argparse

from foureyes.cli.output import CommandOutput
from foureyes.cli.verbs import help_of

__all__ = ["run"]


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Shows how a command is called; a word that is none is a usage error."""
    text = help_of(args.words)
    output.give(lambda: {"help": text}, lambda: print(text, end=""))
