"""JSON that is not a line each: a list of objects, one object, or objects one after the other, read as they come."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any, Final

from foureyes.errors import InputError
from foureyes.records.json_frames import frame_rows
from foureyes.records.json_lines import STRICT, json_lines, numbered_lines, object_of, once
from foureyes.records.record import Record
from foureyes.records.streams import BUFFER, LONGEST, non_empty_lines, replayed

__all__ = ["THE_DOCUMENT", "json_records"]

THE_DOCUMENT: Final = "the document"
"""Place of the only object of a file: a record of its own, or one that holds lists of them."""

LARGEST_DOCUMENT: Final = 1 << 29
"""Characters; what is not a list of objects is read whole, and must be smaller."""

_BREAKS: Final = re.compile(r"[ \t]*[\r\n][ \t\r\n]*")
_GAP: Final = re.compile(r"[ \t\r\n]*")
_NEAR: Final = 16
"""Characters from the end within which a word, number or escape may be cut by the end of what has been read."""

_LENIENT: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
"""Finds where a value ends that is not to be read."""

_NULLING: Final = json.JSONDecoder(object_pairs_hook=once, parse_constant=lambda _: None)


def json_records(file: IO[bytes], name: str) -> Iterator[Record]:
    """The objects of a file called .json.

    A list gives an entry each, a data frame as pandas writes it a row each. Objects on a line each are JSON lines, of which
    every damaged one is told by itself. One object is :data:`THE_DOCUMENT`; a NaN or an infinity in it is null, as it is in
    columns, since it is no reason to lose the rest.

    Args:
        file: to read.
        name: of the file, for messages.

    Raises:
        InputError: it is not JSON, or damaged from some place on.
    """
    first, seen = non_empty_lines(file, 2)
    whole = replayed(seen, file)
    if _are_lines(first):
        yield from json_lines(numbered_lines(whole))
        return
    values = _Values(whole, name)
    yield from values.entries() if values.peek() == "[" else values.objects()


def _are_lines(first: list[bytes]) -> bool:
    """Whether one of two lines is an object of its own, and none looks like the beginning of one over many lines."""
    if len(first) < 2:
        return False
    return _is_object(first[0]) or (_is_object(first[1]) and first[0].rstrip()[-1:] not in (b"{", b"[", b",", b":"))


def _is_object(line: bytes) -> bool:
    try:
        object_of(line.removeprefix(b"\xef\xbb\xbf").decode())
    except (InputError, UnicodeDecodeError):
        return False
    return True


def _document(only: Record) -> Iterator[Record]:
    fields = only.fields
    if fields is None and only.text is not None:
        try:
            fields = _NULLING.decode(only.text)
        except (ValueError, RecursionError):
            fields = None
    if not isinstance(fields, dict):
        yield only
        return
    rows = frame_rows(fields)
    if rows is None:
        yield Record(THE_DOCUMENT, fields, "", only.text if only.fields else None)
        return
    for n, row in enumerate(rows, start=1):
        is_row = isinstance(row, dict)
        problem = "" if is_row else f"wanted a JSON object; got {type(row).__name__}"
        yield Record(f"row {n}", row if is_row else None, problem)


class _Values:
    """A cursor over JSON text, of which little more is in memory than the value in hand.

    Args:
        file: to read.
        name: of the file, for messages.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text, self._at, self._ended = "", 0, False
        self._lines, self._bytes = 1, 0  # lines that begin before the text, bytes read

    def peek(self) -> str:
        """The next character that is no gap; empty at the end."""
        while True:
            gap = _GAP.match(self._text, self._at)
            self._at = gap.end() if gap else self._at
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def entries(self) -> Iterator[Record]:
        """The entries of a list, of which the first bracket comes next."""
        self._at += 1
        n = 0
        while not n or self.peek() == ",":
            if not n and self.peek() == "]":
                break
            self._at += n > 0
            n += 1
            yield self._record(f"entry {n}", LONGEST)
        if self.peek() != "]":
            goes_on = f"goes on with {self.peek()!r}" if self.peek() else "ends without closing its list; is it cut?"
            raise self._damage(f"after entry {n} it {goes_on}")
        self._at += 1
        if self.peek():
            raise self._damage(f"something follows the list: {self._text[self._at : self._at + 20]!r}")

    def objects(self) -> Iterator[Record]:
        """All values to the end; an only one is the document."""
        if not self.peek():
            raise self._damage("it is empty; wanted JSON")
        first, n = self._record(THE_DOCUMENT, LARGEST_DOCUMENT), 1
        if not self.peek():
            yield from _document(first)
            return
        yield replace(first, place="entry 1")
        while self.peek():
            n += 1
            yield self._record(f"entry {n}", LONGEST)

    def _record(self, place: str, longest: int) -> Record:
        self.peek()
        self._drop_read()
        start = self._at
        try:
            value, self._at = self._value(STRICT, place, longest)
        except InputError as error:
            _, self._at = self._value(_LENIENT, place, longest)
            return Record(place, None, str(error), self._line(start))
        if not isinstance(value, dict):
            return Record(place, None, f"wanted a JSON object; got {type(value).__name__}", self._line(start))
        return Record(place, value, "", self._line(start))

    def _value(self, decoder: json.JSONDecoder, place: str, longest: int) -> tuple[Any, int]:
        """A value and where it ends; where the end of the text cuts it, after reading twice as much.

        Raises:
            InputError: it is JSON, but not to be read; or it is none, and nothing after it can be found.
        """
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
                if end < len(self._text) or self._ended:
                    return value, end
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated string") or error.pos > len(self._text) - _NEAR
                if self._ended or not cut:
                    line = self._lines + self._text.count("\n", 0, error.pos)
                    raise self._damage(f"{place}, line {line}: not JSON: {error.msg}") from error
            except RecursionError as error:
                raise self._damage(f"{place}: not JSON that can be read: {error}") from error
            except InputError:
                raise
            except ValueError as error:  # a number of over 4300 digits
                raise InputError(f"not JSON that can be read: {error}") from error
            if len(self._text) - self._at > longest:
                raise self._damage(f"{place} has more than the {longest:,} characters that it may have")
            self._more()

    def _more(self) -> None:
        raw = self._file.read(max(BUFFER, len(self._text) - self._at))
        self._bytes += len(raw)
        try:
            self._text += self._decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            place = self._bytes - len(error.object) + error.start
            raise self._damage(f"not UTF-8: {error.reason} at byte {place}") from error
        self._ended = not raw

    def _drop_read(self) -> None:
        if self._at > max(BUFFER, len(self._text) // 2):
            self._lines += self._text.count("\n", 0, self._at)
            self._text, self._at = self._text[self._at :], 0

    def _line(self, start: int) -> str:
        """What stands there, on one line; JSON has no line ends but between its parts."""
        text = self._text[start : self._at]
        return _BREAKS.sub(" ", text) if "\n" in text or "\r" in text else text

    def _damage(self, what: str) -> InputError:
        return InputError(f"{self._name}: {what}")
