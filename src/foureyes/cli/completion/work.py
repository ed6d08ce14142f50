"""Writes a shell's completion script from the parsers themselves, so that it cannot say anything else than they do."""

from __future__ import annotations

import argparse

import shtab

from foureyes.cli.output import CommandOutput
from foureyes.cli.parser import leaves
from foureyes.cli.verbs import VERBS, parser_of

__all__ = ["run"]

_FILES = {"IN", "OUT", "FILE", "CSV", "LOG", "PROOF", "STUDY", "FITTED", "POLICY", "CALIBRATOR"}
"""What stands for a file in a command's help."""


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Prints the script."""
    parser = parser_of(VERBS)
    for leaf in leaves(parser):
        for action in leaf._actions:  # noqa: SLF001 - argparse does not show the arguments that a parser has
            if action.metavar in _FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar == "DIR":
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    script = shtab.complete(parser, args.shell)
    output.give(lambda: {"script": script}, lambda: print(script))
