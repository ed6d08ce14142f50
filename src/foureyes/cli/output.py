"""Where a command tells what it found: words on stderr, its result on stdout, in words or as one JSON object.

Every command has ``--json``. Stdout then carries one line, the object that :func:`envelope` makes, whether the command
succeeded, failed or was called wrongly. docs/command-line.md describes it for users.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from foureyes import __version__
from foureyes.cli.exits import Exit, exit_of

__all__ = ["CommandOutput", "envelope", "seen"]


class CommandOutput:
    """What one call of a command says.

    Args:
        command: verb and subverb, such as ``"calibrate fit"``.
        as_json: whether stdout is for a program.
        quiet: whether words for a person are left out; errors never are.

    Attributes:
        as_json: as given.
        status: what the process exits with if no error ends the command.
    """

    def __init__(self, command: str, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.status = Exit.FINE
        self._command = command
        self._quiet = quiet
        self._result: Any = None
        self._warnings: list[str] = []
        self._told = False

    @classmethod
    def of(cls, args: argparse.Namespace) -> CommandOutput:
        """As the parsed arguments want it."""
        return cls(args.command, as_json=args.json, quiet=getattr(args, "quiet", False))

    def say(self, words: str) -> None:
        """Words for a person, on stderr."""
        if not self._quiet:
            print(words, file=sys.stderr, flush=True)

    def warn(self, words: str) -> None:
        """Something a program must know of too: said, and listed in the JSON object."""
        self._warnings.append(words)
        self.say(f"foureyes: {seen(words)}")

    def give(self, record: Callable[[], Any], show: Callable[[], object] | None = None) -> None:
        """The result.

        Args:
            record: makes what ``--json`` prints as ``result`` when the command ends.
            show: prints it for a person.
        """
        if self.as_json:
            self._result = record()
        elif show is not None:
            show()

    def give_now(self, record: Any) -> None:
        """The same for a command that goes on: the JSON object is printed at once, and once more for an error."""
        if self.as_json:
            self._print(record, None)
            self._told = True

    def end(self, error: BaseException | None = None) -> Exit:
        """Ends the command: the line of an error, and the JSON object where that is wanted.

        Returns:
            The exit status.
        """
        failure = None if error is None else _error_record(error)
        if failure is not None:
            self.status = failure["exit"]
            print(f"foureyes: {seen(failure['message'])}", file=sys.stderr)
        if self.as_json and (failure is not None or not self._told):
            self._print(self._result, failure)
        return self.status

    def _print(self, result: Any, error: Mapping[str, Any] | None) -> None:
        print(envelope(self._command, result, self._warnings, error), flush=True)


def seen(words: str) -> str:
    r"""Words with what is not seen of them spelled out: the name of a file must not take over a terminal.

    Example:
        >>> print(seen("cannot read a\x1b[2J.json:\n  no such file"))
        cannot read a\x1b[2J.json:
          no such file
    """
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in words)


def envelope(command: str, result: Any, warnings: Sequence[str], error: Mapping[str, Any] | None) -> str:
    """The JSON object of ``--json``, one line of ASCII.

    Args:
        command: verb and subverb.
        result: what the command found; ``None`` where it found nothing.
        warnings: what restricts the result.
        error: ``kind``, ``message``, ``exit`` and whatever else the exception carries; ``None`` if there was none.
    """
    told = {"foureyes": __version__, "verb": command, "result": result, "warnings": [*warnings], "error": error}
    return json.dumps(told, allow_nan=False)


def _error_record(error: BaseException) -> dict[str, Any]:
    """The error, then what was noted on its way here, in one line; and what the exception carries."""
    message = "; ".join([str(error) or "interrupted", *getattr(error, "__notes__", ())])
    carried = {name: value for name, value in vars(error).items() if isinstance(value, str | int | float | None)}
    return {"kind": type(error).__name__, "message": message, "exit": exit_of(error), **carried}
