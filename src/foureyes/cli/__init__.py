"""The command line: ``foureyes VERB …``, one package a verb. Start at :mod:`foureyes.cli.verbs`.

What a program reads goes to stdout, words for a person to stderr (:mod:`foureyes.cli.output`); what the process exits
with stands in :mod:`foureyes.cli.exits`.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from foureyes.cli.exits import Exit
from foureyes.cli.libraries import hush
from foureyes.cli.output import CommandOutput
from foureyes.cli.verbs import parser_of, work
from foureyes.errors import FoureyesError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments after the program's name; ``sys.argv[1:]`` when ``None``.

    Returns:
        The exit status.
    """
    if "_ARGCOMPLETE" in os.environ:
        import_module("foureyes.cli.completion.answer").answer()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without our arrows still gets the words
    hush()
    arguments = list(sys.argv[1:] if argv is None else argv)
    verb = next((word for word in arguments if not word.startswith("-")), "")
    try:
        args = parser_of([verb]).parse_args(arguments)
        status = _run(args, CommandOutput.of(args))
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our stdout went away: nothing is wrong with us, and Python must not try to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FINE
    return status


def _run(args: argparse.Namespace, output: CommandOutput) -> Exit:
    try:
        work(args, output)
    except (FoureyesError, KeyboardInterrupt) as error:
        return output.end(error)
    return output.end()
