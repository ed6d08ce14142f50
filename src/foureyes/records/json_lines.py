"""JSON lines: one object a line, UTF-8, whatever the line ends with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final, NoReturn

from foureyes.errors import InputError
from foureyes.records.record import Record
from foureyes.records.streams import LONGEST

__all__ = ["STRICT", "json_lines", "numbered_lines", "object_of", "once"]

_KEPT_OF_LONGEST: Final = 4096
_GAP: Final = " \t\r\n"


def json_lines(lines: Iterable[tuple[int, bytes]]) -> Iterator[Record]:
    """A record for every line that is not empty.

    Args:
        lines: with their numbers, see :func:`numbered_lines`.
    """
    for number, raw in lines:
        if len(raw) > LONGEST:
            yield Record(f"line {number}", None, f"more than the {LONGEST} bytes a line may have", _start(raw))
        elif raw.strip(b" \t\r\n"):
            yield _record(f"line {number}", raw)


def numbered_lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Every line with its number, from 1; of one that is too long only so much that this can be seen."""
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        while len(line) > LONGEST and not line.endswith(b"\n") and (line := file.readline(1 << 20)):
            pass


def object_of(text: str) -> dict[str, Any]:
    """The JSON object that a text is.

    Raises:
        InputError: it is none, repeats a key, holds NaN or an infinity, or cannot be read.
    """
    try:
        found = STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg} at character {error.pos}") from error
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # a number of over 4300 digits, a thousand nested lists
        raise InputError(f"not JSON that can be read: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"wanted a JSON object; got {type(found).__name__}")
    return found


def _record(place: str, raw: bytes) -> Record:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return Record(place, None, f"not UTF-8: {error.reason} at byte {error.start}", _start(raw, len(raw)))
    try:
        return Record(place, object_of(text), "", text.strip(_GAP))
    except InputError as error:
        return Record(place, None, str(error), text.rstrip("\r\n"))


def _start(raw: bytes, n: int = _KEPT_OF_LONGEST) -> str:
    return raw[:n].decode(errors="replace").rstrip("\r\n")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its pairs, of which no two have one key."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)
        raise InputError(f"not JSON that can be read in one way only: the key {twice!r:.40} stands there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise InputError(f"not JSON: {name} is not a JSON value")


STRICT: Final = json.JSONDecoder(object_pairs_hook=once, parse_constant=_no_constant)
"""Reads JSON and nothing that only Python takes for it."""
