"""``foureyes check``: one prompt and one answer, read by a few verifiers, shown to a person.

What a person reads goes to stdout here, since showing it is what the verb is for; with ``--json`` stdout carries one
JSON object instead (:func:`record` names its keys). Exit status 0 when at least one verifier could read the answer.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from foureyes import __version__
from foureyes.errors import InputError

if TYPE_CHECKING:
    from foureyes.models.roles import Reader
    from foureyes.report.outcome import CheckResult
    from foureyes.types import Exchange, Scored, Unscored

__all__ = ["check", "configure", "record", "run"]

_VERIFIERS: Final = ("smollm2-135m", "gemma3-270m")
_MOST_ALTERNATIVES: Final = 100
_WIDEST: Final = 100
"""Columns beyond which lines are tiring to read."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes check``."""
    parser.set_defaults(refuse=parser.error)
    parser.add_argument("prompt", nargs="?", metavar="PROMPT", help="what was asked; - reads it from stdin")
    parser.add_argument("answer", nargs="?", metavar="ANSWER", help="what was answered; - reads it from stdin")
    for what in ("prompt", "answer"):
        parser.add_argument(
            f"--{what}-file", metavar="FILE", help=f"read the {what} from a file (UTF-8, less one final line break)"
        )
    parser.add_argument(
        "--verifier",
        action="append",
        metavar="REF",
        help=f"a model that reads the answer; may be given several times (default: {' and '.join(_VERIFIERS)})",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a self-contained page with the heat maps too")
    parser.add_argument("--json", action="store_true", help="all numbers as one JSON object instead of words")
    parser.add_argument(
        "--top-k",
        type=_alternatives,
        default=5,
        metavar="K",
        help="how many alternatives to keep at each token (default: 5)",
    )
    parser.add_argument("--dtype", help="arithmetic of local verifiers (default: the fastest of this machine)")


def run(args: argparse.Namespace) -> int:
    """Reads the answer with every verifier of the catalog that was asked for, and shows what they saw."""
    from foureyes.cli.models import tell  # noqa: PLC0415 - reads the list of weights
    from foureyes.models.catalog import open_reader  # noqa: PLC0415 - as above

    return check(args, partial(open_reader, dtype=args.dtype, on_step=tell))


def check(args: argparse.Namespace, open_reader: Callable[[str], Reader]) -> int:
    """The verb, with the verifiers opened by ``open_reader``.

    Args:
        args: as :func:`configure` describes them.
        open_reader: turns the name of a verifier into a reader; one at a time is kept.

    Returns:
        The exit status: 0 when at least one verifier could read the answer, 1 otherwise.

    Raises:
        InputError: prompt or answer cannot be used, or the page cannot be written.
        ConfigError: a verifier is not known, or what it needs is not installed.
    """
    # What reads and draws is loaded here, so that `foureyes check --help` does not wait for it.
    from foureyes.report.page import require_place_for  # noqa: PLC0415
    from foureyes.types import Exchange, Scored  # noqa: PLC0415

    exchange = Exchange(*_texts(args))
    if args.html:
        require_place_for(args.html)
    outcomes = list(_asked(exchange, args, open_reader))
    if args.json:
        print(json.dumps(record(exchange, outcomes), allow_nan=False))
    else:
        _draw(exchange, outcomes)
    if args.html:
        _write_page(args.html, exchange, outcomes)
    return 0 if any(isinstance(outcome.row, Scored) for outcome in outcomes) else 1


def record(exchange: Exchange, outcomes: Iterable[CheckResult]) -> dict[str, Any]:
    """What ``--json`` prints.

    Returns:
        ``foureyes`` (the version), ``prompt``, ``answer`` and ``verifiers``, a list with one object each: ``verifier``,
        ``fingerprint`` (``null`` when it could not be opened), and the fields ``foureyes score --tokens`` writes (see
        :func:`foureyes.batch.results.result_of`): the signals and ``tokens`` with one array per quantity, or
        ``unscored`` with ``reason`` and ``detail``. ``tokens`` has ``alternatives`` too: for each token a list of
        ``{"text", "logprob"}``, the most likely first, empty with ``--top-k 0``.
    """
    return {
        "foureyes": __version__,
        "prompt": exchange.prompt,
        "answer": exchange.answer,
        "verifiers": [
            {"verifier": outcome.verifier, "fingerprint": outcome.fingerprint, **_fields(outcome.row)}
            for outcome in outcomes
        ],
    }


def _fields(row: Scored | Unscored) -> dict[str, Any]:
    from foureyes.batch.results import result_of  # noqa: PLC0415 - as above
    from foureyes.types import Scored  # noqa: PLC0415

    fields = result_of(row, tokens=True)
    if isinstance(row, Scored):
        fields["tokens"]["alternatives"] = [
            [{"text": other.text, "logprob": other.logprob} for other in token.alternatives] for token in row.tokens
        ]
    return fields


def _asked(exchange: Exchange, args: argparse.Namespace, open_reader: Callable[[str], Reader]) -> Iterator[CheckResult]:
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415

    from foureyes.report.outcome import ask  # noqa: PLC0415

    console = Console(stderr=True)
    for ref in dict.fromkeys(args.verifier or _VERIFIERS):
        with console.status(Text(f"{ref} is reading …")):
            outcome = ask(ref, exchange, open_reader=open_reader, top_k=args.top_k)
        yield outcome


def _draw(exchange: Exchange, outcomes: Sequence[CheckResult]) -> None:
    from rich.console import Console  # noqa: PLC0415 - as above

    from foureyes.report.terminal import draw  # noqa: PLC0415

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without our arrows still gets the words
    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    draw(console, exchange, outcomes)


def _write_page(path: Path, exchange: Exchange, outcomes: Sequence[CheckResult]) -> None:
    from foureyes.report.check import check_page  # noqa: PLC0415 - as above
    from foureyes.report.page import write  # noqa: PLC0415

    write(path, check_page(exchange, outcomes))
    print(f"page: {path}", file=sys.stderr)


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


def _alternatives(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_ALTERNATIVES:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 to {_MOST_ALTERNATIVES}; got {text!r}")
    return int(text)
