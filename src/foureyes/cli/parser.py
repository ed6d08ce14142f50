"""A parser of command lines that answers a typo with what was probably meant.

Mistyped options are told before anything else: argparse by itself says that ``--verifier`` is missing when ``--verifer``
was given.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from foureyes.cli.exits import Exit
from foureyes.cli.output import envelope, seen

__all__ = ["CommandParser", "Commands", "command_of", "leaves"]

_NUMBER = re.compile(r"-\.?\d.*")


class CommandParser(argparse.ArgumentParser):
    """The standard library's, without abbreviations of options and with suggestions.

    Args:
        options: as of :class:`argparse.ArgumentParser`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        self._given: list[str] | None = None

    # argparse declares two overloads that differ in the namespace only.
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuses unknown options first, so that no other mistake hides them."""
        self._given = list(sys.argv[1:] if args is None else args)
        for option in self._options_in(self._given):
            if not self._is_known(option):
                self.error(f"no option {option}{did_you_mean(option, self._option_string_actions)}")
        parsed, left = super().parse_known_args(args, namespace)
        if left:  # told here, with the usage of the command and not of the program
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return parsed, left

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, as JSON too where that was asked for, and leaves."""
        for action in _subparsers(self) if self._given == [] else ():  # argparse says that VERB is required
            message = f"say which {str(action.metavar).lower()}: {', '.join(action.choices)}"
        self.print_usage(sys.stderr)
        self._print_message(
            f"{self.prog}: error: {seen(message)}\n", sys.stderr
        )  # first: whoever reads stdout may be gone
        if "--json" in (self._given or ()):
            told = {"kind": "UsageError", "message": message, "exit": Exit.USAGE}
            print(envelope(command_of(self), None, (), told), flush=True)
        self.exit(Exit.USAGE)

    def below(self, name: str) -> CommandParser:
        """The parser of one of its commands; a name that is none is a usage error."""
        actions = _subparsers(self)
        if not actions:
            self.error(f"it has no actions; got {name!r}")
        self._check_value(actions[0], name)
        found: CommandParser = actions[0].choices[name]
        return found

    def _options_in(self, words: Sequence[str]) -> Iterator[str]:
        """The names of options that are this parser's to know: not those of the command that follows its own."""
        for word in words:
            if word == "--" or (self._subparsers and not word.startswith("-")):
                return
            if word.startswith("-") and word != "-" and " " not in word and not _NUMBER.match(word):
                yield word.partition("=")[0]

    def _is_known(self, option: str) -> bool:
        known = self._option_string_actions
        if option.startswith("--"):
            return option in known
        return option[:2] in known and f"-{option}" not in known  # -ofile is -o file, but -out is a slip for --out

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """Called by argparse to turn a word into a value."""
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            if action.type not in (int, float):
                raise
            number = "a whole number" if action.type is int else "a number"
            raise argparse.ArgumentError(action, f"wanted {number}; got {arg_string!r}") from None

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Called by argparse for every value that has choices."""
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        wanted, meant = f"; wanted one of {', '.join(names)}", did_you_mean(str(value), names)
        if action in _subparsers(self):
            self.error(f"no {str(action.metavar).lower()} {value!r}{meant or wanted}")
        raise argparse.ArgumentError(action, f"got {value!r}{wanted}{meant}")


class Commands:
    """The commands below a parser, one of which has to be given.

    Args:
        parser: what they are commands of.
        metavar: what they are called, in capitals; the namespace has it in small letters.
    """

    def __init__(self, parser: argparse.ArgumentParser, metavar: str) -> None:
        self._parsers = parser.add_subparsers(
            dest=metavar.lower(), metavar=metavar, required=True, parser_class=CommandParser
        )

    def add(self, name: str, summary: str) -> CommandParser:
        """A command with a line that says what it is for."""
        return self._parsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parsers that have no commands below them, at any depth."""
    if not _subparsers(parser):
        yield parser
    for action in _subparsers(parser):
        for sub in action.choices.values():
            yield from leaves(sub)


def _subparsers(parser: argparse.ArgumentParser) -> list[argparse._SubParsersAction[Any]]:
    """Where the commands below a parser are kept; argparse has no public way to it."""
    return [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001


def command_of(parser: argparse.ArgumentParser) -> str:
    """Verb and subverb, without the program's name."""
    return parser.prog.partition(" ")[2]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question with the nearest known words, empty if none is near.

    Example:
        >>> did_you_mean("--verifer", ["--verifier", "--json"])
        '; did you mean --verifier?'
    """
    names = list(known)
    longer = [name for name in names if name.startswith(word)] or [name for name in names if name == f"-{word}"]
    near = longer or get_close_matches(word, names, n=1, cutoff=0.7)
    return f"; did you mean {' or '.join(near[:3])}?" if near else ""
