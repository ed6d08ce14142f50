"""The verbs of ``foureyes``, and the parser of a command line.

A verb is a package with two modules. ``options`` describes its command line and imports nothing heavy; ``work`` does
what was asked, and is imported only then, with all it needs at its top.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

from foureyes import __version__
from foureyes.cli.parser import CommandParser, Commands, command_of, leaves
from foureyes.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from foureyes.cli.output import CommandOutput

__all__ = ["VERBS", "help_of", "parser_of", "work"]

VERBS: Final = {
    "check": "read one answer with a second model and show where it is surprised",
    "score": "read every answer of a JSONL or Parquet file",
    "signals": "list what can be measured of an answer, with direction, needs and cost",
    "view": "look at scored answers on a local page, worst first, and label them",
    "calibrate": "turn scores into P(correct), and judge how far it can be believed",
    "cascade": "ask a small model first: learn when to ask the large one, and what that buys",
    "clean": "find the labels that every expert contradicts, and write a cleaned copy",
    "bench": "measure signals on real questions: run a study, tell what came out, choose a verifier",
    "monitor": "watch a file of scored answers: alarms, and who or which memory stands out",
    "serve": "run the guard as a service: verify responses before anyone acts on them",
    "route": "learn a route from its log: calibrators, a policy that keeps a promise, and what it saves",
    "keys": "make an API key for the service",
    "ledger": "verify, show, prove, export and watch the log of what the guard decided",
    "models": "list, pull, locate and verify the models foureyes knows by name",
    "demo": "show which wrong answers of a small model a second reader finds, and read them here too",
    "samples": "write the sample files that the tutorials use",
    "completion": "print what makes a shell complete verbs and options",
    "help": "show how a verb is called, or one of its actions",
}
_EXTRAS: Final = {"serve": "service"}
"""What to install for verbs whose modules need more than foureyes always brings along."""


def parser_of(verbs: Collection[str]) -> CommandParser:
    """The parser of command lines.

    Args:
        verbs: those whose options it has to know; the others are listed only, and cost nothing.
    """
    parser = CommandParser(prog="foureyes", description="A second model reads every answer of the first.")
    parser.add_argument("--version", action="version", version=f"foureyes {__version__}")
    commands = Commands(parser, "VERB")
    for verb, summary in VERBS.items():
        command = commands.add(verb, summary)
        if verb in verbs:
            import_module(f"foureyes.cli.{verb}.options").configure(command)
            _add_common(command)
    return parser


def help_of(words: Sequence[str]) -> str:
    """How a command is called.

    Args:
        words: the command's, such as ``["calibrate", "fit"]``; none for the program.
    """
    parser = parser_of(words[:1])
    for word in words:
        parser = parser.below(word)
    return parser.format_help()


def work(args: argparse.Namespace, output: CommandOutput) -> None:
    """Does what the arguments ask for.

    Raises:
        ConfigError: what the verb needs is not installed.
    """
    try:
        module = import_module(f"foureyes.cli.{args.verb}.work")
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(args.verb)
        if extra is None or str(error.name).startswith("foureyes"):
            raise
        raise ConfigError(
            f"foureyes {args.verb} needs an extra ({error.name}): pip install 'foureyes[{extra}]'"
        ) from error
    module.run(args, output)


def _add_common(command: CommandParser) -> None:
    """What every command has."""
    for leaf in leaves(command):
        leaf.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
        leaf.set_defaults(command=command_of(leaf), refuse=leaf.error)
