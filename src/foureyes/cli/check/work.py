"""Reads one answer with a few verifiers and shows what they saw."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from foureyes.batch.results import result_of
from foureyes.cli.check.options import verifiers_of
from foureyes.cli.exits import Exit
from foureyes.cli.options import server_keys_of, template_args_of
from foureyes.cli.output import CommandOutput
from foureyes.cli.servers import open_with_servers
from foureyes.cli.words import tell_cost, tell_step
from foureyes.errors import InputError
from foureyes.models.roles import Reader
from foureyes.models.weights.fetch_cost import fetch_cost
from foureyes.report.check import check_page
from foureyes.report.check_result import CheckResult, check_with
from foureyes.report.terminal import draw_check
from foureyes.tables.saving import require_place, write_text
from foureyes.types import Exchange, Scored, Unscored

__all__ = ["check", "record", "run"]

_WIDEST: Final = 100
"""Columns beyond which lines are tiring to read."""


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Reads the answer with every verifier of the catalog that was asked for, and shows what they saw."""
    keys = server_keys_of(args)
    check(args, output, lambda ref: _open(ref, args, keys))


def check(args: argparse.Namespace, output: CommandOutput, open_reader: Callable[[str], Reader]) -> None:
    """The verb, with the verifiers opened by ``open_reader``. It fails when no verifier could read the answer.

    Args:
        args: as :func:`foureyes.cli.check.options.configure` describes them.
        output: where it is told.
        open_reader: turns the name of a verifier into a reader; one at a time is kept.

    Raises:
        InputError: prompt or answer cannot be used, or the page cannot be written.
        ConfigError: a verifier is not known, or what it needs is not installed.
    """
    exchange = Exchange(*_texts(args))
    if args.html:
        require_place(args.html)
    outcomes = list(_ask_all(exchange, args, open_reader))
    output.give(lambda: record(exchange, outcomes), lambda: _draw(exchange, outcomes))
    if args.html:
        write_text(args.html, check_page(exchange, outcomes))
        output.say(f"page: {args.html}")
    if not any(isinstance(outcome.row, Scored) for outcome in outcomes):
        output.status = Exit.FAILED


def record(exchange: Exchange, outcomes: Iterable[CheckResult]) -> dict[str, Any]:
    """What ``--json`` prints as ``result``.

    Returns:
        ``prompt``, ``answer`` and ``verifiers``, a list with one object each: ``verifier``,
        ``fingerprint`` (``null`` when it could not be opened), and the fields ``foureyes score --tokens`` writes (see
        :func:`foureyes.batch.results.result_of`): the signals and ``tokens`` with one array per quantity, or
        ``unscored`` with ``reason`` and ``detail``. ``tokens`` has ``alternatives`` too: for each token a list of
        ``{"text", "logprob"}``, the most likely first, empty with ``--top-k 0``.
    """
    return {
        "prompt": exchange.prompt,
        "answer": exchange.answer,
        "verifiers": [
            {"verifier": outcome.verifier, "fingerprint": outcome.fingerprint, **_fields(outcome.row)}
            for outcome in outcomes
        ],
    }


def _open(ref: str, args: argparse.Namespace, keys: Mapping[str, str]) -> Reader:
    chosen = bool(args.small or args.verifier)
    tell_cost(fetch_cost([ref]), way_out="" if chosen else "or add --small")
    return open_with_servers(keys, None, ref, dtype=args.dtype, template_args=template_args_of(args), on_step=tell_step)


def _fields(row: Scored | Unscored) -> dict[str, Any]:
    fields = result_of(row, tokens=True)
    if isinstance(row, Scored):
        fields["tokens"]["alternatives"] = [
            [{"text": other.text, "logprob": other.logprob} for other in token.alternatives] for token in row.tokens
        ]
    return fields


def _ask_all(
    exchange: Exchange, args: argparse.Namespace, open_reader: Callable[[str], Reader]
) -> Iterator[CheckResult]:
    console = Console(stderr=True)
    for ref in dict.fromkeys(verifiers_of(args)):
        with console.status(Text(f"{ref} is reading …")):
            outcome = check_with(ref, exchange, open_reader=open_reader, top_k=args.top_k)
        yield outcome


def _draw(exchange: Exchange, outcomes: Sequence[CheckResult]) -> None:
    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    draw_check(console, exchange, outcomes)


def _texts(args: argparse.Namespace) -> tuple[str, str]:
    """Prompt and answer: words on the command line fill the places that no file fills."""
    files = (args.prompt_file, args.answer_file)
    words = [word for word in (args.prompt, args.answer) if word is not None]
    if len(words) != files.count(None):
        args.refuse(
            f"wanted a prompt and an answer, each as words or as a file; got {len(words)} of {files.count(None)}"
        )
    if [*words, *files].count("-") > 1:
        raise InputError("only one of prompt and answer can come from stdin")
    left = iter(words)
    prompt = _word("prompt", next(left)) if args.prompt_file is None else _file("prompt", args.prompt_file)
    answer = _word("answer", next(left)) if args.answer_file is None else _file("answer", args.answer_file)
    return prompt, answer


def _word(what: str, word: str) -> str:
    if word == "-":
        return _file(what, word)
    try:
        word.encode()
    except UnicodeEncodeError as error:
        byte = ord(word[error.start]) & 0xFF
        raise InputError(
            f"the {what} must be UTF-8; got the byte 0x{byte:02x} after {error.start} characters"
        ) from error
    return _not_empty(what, word)


def _file(what: str, file: str) -> str:
    name = "stdin" if file == "-" else file
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(f"the {what} in {name} must be UTF-8; got the byte 0x{byte:02x} at {error.start}") from error
    except OSError as error:
        raise InputError(f"cannot read the {what} from {name}: {error.strerror or error}") from error
    return _not_empty(what, text.removesuffix("\n").removesuffix("\r"))


def _not_empty(what: str, text: str) -> str:
    if not text:
        raise InputError(f"the {what} is empty; wanted at least one character")
    return text
