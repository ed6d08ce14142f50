"""CSV and its kin: a header, then rows of a line or of several, whatever stands between the values."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import IO, Final

from foureyes.errors import InputError
from foureyes.records.forms import DELIMITERS
from foureyes.records.record import Record, require_once
from foureyes.records.streams import LONGEST, replayed

__all__ = ["csv_records", "delimiter_between"]

_LOOKED_AT: Final = 64 * 1024
"""Bytes of the beginning that tell which delimiter it is."""

_ROWS_LOOKED_AT: Final = 50
_NAMES: Final = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_EXCEL_HINT: Final = re.compile(rb"(?:\xef\xbb\xbf)?sep=(.)\r?\n")


def csv_records(file: IO[bytes], name: str) -> Iterator[Record]:
    """A record for every row after the header, by the header's names; an empty value is ``None``.

    Args:
        file: to read.
        name: of the file, for messages.

    Raises:
        InputError: there is no header, it names a column twice, or a quote opens and never closes; says where.
    """
    head = _head(file)
    rows = _Rows(replayed(head, file), name, _delimiter_of(head, name))
    if _EXCEL_HINT.fullmatch(head[0] if head else b""):
        next(rows.lines)
    header = _header(rows)
    width = len(header)
    for cells in rows:
        if isinstance(cells, str):
            yield Record(rows.place, None, cells, rows.text)
        elif len(cells) != width:
            problem = f"wanted {width} values, one a column; got {len(cells)}"
            yield Record(rows.place, None, problem, rows.text)
        else:
            yield Record(rows.place, {name: cell or None for name, cell in zip(header, cells, strict=True)})


def delimiter_between(file: IO[bytes], name: str) -> str:
    """What stands between two values of a file: what its first line says, or what divides its beginning most evenly.

    Args:
        file: to read from its beginning; that is lost.
        name: of the file, for messages.

    Raises:
        InputError: two delimiters do so equally well.
    """
    return _delimiter_of(_head(file), name)


def _delimiter_of(head: Sequence[bytes], name: str) -> str:
    hint = _EXCEL_HINT.fullmatch(head[0]) if head else None
    return hint[1].decode() if hint else _delimiter(head, name)


class _Rows(Iterator["list[str] | str"]):
    """Rows as lists of texts; a text instead says why there is none. Empty lines are no rows.

    Args:
        file: to read.
        name: of the file, for messages.
        delimiter: between two values.

    Attributes:
        name: see above.
        lines: what is read from.
        place: of the row in hand.
    """

    def __init__(self, file: IO[bytes], name: str, delimiter: str) -> None:
        self._file, self.name, self._delimiter = file, name, delimiter
        self._row: list[str] = []  # its lines, as they stand in the file
        self._problem, self._number, self._ended = "", 0, False
        self.place = "line 1"
        self.lines = self._decoded()
        csv.field_size_limit(max(csv.field_size_limit(), 2 * LONGEST))  # the process's; our own is in _decoded
        self._cells = csv.reader(self.lines, delimiter=delimiter, strict=True)

    @property
    def text(self) -> str:
        """The row as it stands in the file."""
        return "".join(self._row).rstrip("\r\n")

    def __next__(self) -> list[str] | str:
        while True:
            self._row.clear()
            self._problem = ""
            first = self._number + 1
            try:
                cells = next(self._cells)
            except csv.Error as error:
                if self._ended:
                    raise self._never_closes() from error
                self.place = f"line {first}"
                why = "a line ends in CR alone" if "new-line character" in str(error) else error
                return self._problem or f"not {self._named}: {why}"
            if cells:
                self.place = f"line {first}"
                return self._problem or cells

    @property
    def _named(self) -> str:
        return f"values with {_NAMES.get(self._delimiter, repr(self._delimiter))} between them"

    def _decoded(self) -> Iterator[str]:
        size = 0
        while raw := self._file.readline(LONGEST + 1):
            self._number += 1
            size = size + len(raw) if self._row else len(raw)
            try:
                line = raw.decode("utf-8-sig" if self._number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                self._problem = f"line {self._number} is not UTF-8: {error.reason} at byte {error.start}"
                line = raw.decode(errors="replace")
            self._row.append(line)
            if size > LONGEST:
                raise self._never_closes()
            yield line
        self._ended = True

    def _never_closes(self) -> InputError:
        """What is wrong where a row has no end: the line on which its last value opens."""
        last = next(csv.reader(self._row, delimiter=self._delimiter))[-1]
        line = self._number - len(self._row) + 1 + sum(text.count("\n") for text in self._row) - last.count("\n")
        if self._ended or last.count("\n"):
            return InputError(f"{self.name}, line {line}: a quote opens here and never closes")
        return InputError(f"{self.name}, line {line}: it has more than the {LONGEST} bytes that a row may have")


def _head(file: IO[bytes]) -> list[bytes]:
    lines: list[bytes] = []
    size = 0
    while size < _LOOKED_AT and (line := file.readline(LONGEST + 1)):
        lines.append(line)
        size += len(line)
    return lines


def _header(rows: _Rows) -> Sequence[str]:
    found = next(rows, [])
    if not found:
        raise InputError(f"{rows.name} is empty; wanted a line with the names of the columns")
    if isinstance(found, str):
        raise InputError(f"{rows.name}, {rows.place}: {found}")
    require_once(found, rows.name)
    return found


def _delimiter(head: Sequence[bytes], name: str) -> str:
    """The one that makes as many values of the first rows as of the header, and most of them.

    Raises:
        InputError: two do so equally well.
    """
    lines = [line.decode("utf-8-sig" if i == 0 else "utf-8", errors="replace") for i, line in enumerate(head)]
    fits = {delimiter: fit for delimiter in DELIMITERS if (fit := _fit(lines, delimiter)) is not None}
    if not fits:
        return ","  # one column
    best = max(fits.values())
    found = [delimiter for delimiter, fit in fits.items() if fit == best]
    if len(found) > 1:
        between = " and by ".join(_NAMES[delimiter] for delimiter in found)
        raise InputError(f"{name} can be divided by {between} equally well; put its column names into quotes")
    return found[0]


def _fit(lines: Sequence[str], delimiter: str) -> tuple[int, int] | None:
    """Rows that have as many values as the header, and how many these are; ``None`` if it is one."""
    rows: list[list[str]] = []
    with suppress(csv.Error):  # a row that goes on beyond what is looked at, or is none with this delimiter
        rows.extend(islice(csv.reader(lines, delimiter=delimiter, strict=True), _ROWS_LOOKED_AT))
    width = len(rows[0]) if rows else 1
    return None if width < 2 else (sum(len(row) == width for row in rows[1:]), width)
