"""The command line: ``foureyes VERB …``, one thin module a verb.

A verb's module has ``configure(parser)`` and ``run(args) -> exit status``; it imports nothing heavy before ``run``.
What a program reads goes to stdout, words for a person to stderr. Exit status: 0 fine, 1 our error (one line, no
traceback), 2 usage, 3 tampered, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from foureyes import __version__
from foureyes.errors import FoureyesError, LedgerTampered

__all__ = ["VERBS", "main"]

VERBS = {
    "check": "read one answer with a second model and show where it is surprised",
    "score": "read every answer of a JSONL or Parquet file",
    "calibrate": "turn scores into P(correct), and judge how far it can be believed",
    "cascade": "ask a small model first: learn when to ask the large one, and what that buys",
    "clean": "find the labels that every expert contradicts, and write a cleaned copy",
    "bench": "measure signals on real questions: run a study, tell what came out, choose a verifier",
    "serve": "run the guard as a service: verify responses before anyone acts on them",
    "keys": "make an API key for the service",
    "ledger": "verify, prove, export and watch the log of what the guard decided",
    "models": "list, fetch and locate the verifiers foureyes knows by name",
    "demo": "read 120 questions with right and wrong answers and show what the signals catch",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments after the program's name; ``sys.argv[1:]`` when ``None``.

    Returns:
        The exit status.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    args = _parser(arguments).parse_args(arguments)
    try:
        status: int = import_module(f"foureyes.cli.{args.verb}").run(args)
    except LedgerTampered as error:
        return _fail(error, 3)
    except FoureyesError as error:
        return _fail(error, 1)
    except KeyboardInterrupt as error:
        return _fail(error, 130)
    except BrokenPipeError:
        # The reader of our stdout went away: nothing is wrong with us, and Python must not try to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foureyes", description="A second model reads every answer of the first.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"foureyes {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, summary in VERBS.items():
        sub = verbs.add_parser(verb, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if verb in arguments:  # only the verb that is called pays for its options
            import_module(f"foureyes.cli.{verb}").configure(sub)
    return parser


def _fail(error: BaseException, status: int) -> int:
    """One line: the error, then what was noted on its way here."""
    words = [str(error) or "interrupted", *getattr(error, "__notes__", ())]
    print(f"foureyes: {'; '.join(words)}", file=sys.stderr)
    return status
