"""JSON lines: one object a line, UTF-8, whatever the line ends with.

A row's own text is never rewritten: results are spliced in before its closing brace, so numbers keep their digits,
strings their escapes and repeated keys their repetition. A line that is not a JSON object comes out as text under
``foureyes_raw`` with the reason beside it. Empty lines are not rows. Start at :class:`JsonlSource`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from foureyes.batch.disk import Survey, reading, survey
from foureyes.batch.rows import Fields, exchange_of
from foureyes.batch.window import RAW_FIELD, RESULT_FIELD, Result, RowWindow, WindowLimits, grouped
from foureyes.errors import InputError
from foureyes.types import Exchange, Unscored

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JsonLine", "JsonlSink", "JsonlSource", "LineWindow", "dump", "parse_line", "splice", "without"]

LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes; a longer line is a bad row of which only the beginning is kept."""

_KEPT_OF_LONGEST: Final = 4096
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_NOT_JSONL: Final = {
    b"PAR1": "a Parquet file; say --format parquet",
    b"\x1f\x8b": "gzip-compressed; unpack it first",
    b"\x28\xb5\x2f\xfd": "zstd-compressed; unpack it first",
    b"\xff\xfe": "UTF-16; convert it to UTF-8 first",
    b"\xfe\xff": "UTF-16; convert it to UTF-8 first",
}
_TAKEN: Final = f"it has a field {RESULT_FIELD!r} already; --overwrite-field replaces it"
_GAP: Final = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One row.

    Attributes:
        number: of the line in the file, from 1.
        text: a JSON object.
        row: the object, ``None`` when the input's line was not one and ``text`` was made to hold it.
        problem: why it was not.
    """

    number: int
    text: str
    row: dict[str, Any] | None
    problem: str = ""

    def exchange(self, fields: Fields) -> Exchange | Unscored:
        """What there is to read in it."""
        where = f"line {self.number}"
        return (
            Unscored("bad_row", f"{where}: {self.problem}")
            if self.row is None
            else exchange_of(self.row, fields, where)
        )


def parse_line(raw: bytes, number: int, *, overwrite: bool = False) -> JsonLine:
    r"""Makes a row of a line, whatever is in it.

    Args:
        raw: the line's bytes.
        number: its number, from 1.
        overwrite: drop a field that has the result's name, instead of treating the line as one that has no room.

    Example:
        >>> parse_line(b'{"prompt": "a"}\r\n', 1).row
        {'prompt': 'a'}
        >>> parse_line(b'{"prompt": ', 2)
        JsonLine(number=2, text='{"foureyes_raw": "{\\"prompt\\": "}', row=None, problem='not JSON: Expecting value at character 11')
    """
    try:
        text, row = _object(raw)
    except InputError as error:
        return _kept_raw(raw, number, str(error))
    if RESULT_FIELD not in row:
        return JsonLine(number, text, row)
    if not overwrite:
        return _kept_raw(raw, number, _TAKEN)
    return JsonLine(number, without(text, RESULT_FIELD), {name: v for name, v in row.items() if name != RESULT_FIELD})


def splice(text: str, result: str) -> str:
    """Adds the result, a JSON text, to a row, a JSON object's text, as its last field.

    Example:
        >>> splice('{"prompt":"a", "n": 1.50}', '{"v": {}}')
        '{"prompt":"a", "n": 1.50, "foureyes": {"v": {}}}'
    """
    body = text[:-1].rstrip()
    comma = "" if body == "{" else ", "
    return f'{body}{comma}"{RESULT_FIELD}": {result}}}'


def without(text: str, name: str) -> str:
    """A JSON object's text without its fields of this name; the text of the others is untouched."""
    decoder, kept, at = json.JSONDecoder(), [], _after_gap(text, 1)
    while text[at] != "}":
        key, end = decoder.raw_decode(text, at)
        _, end = decoder.raw_decode(text, _after_gap(text, _after_gap(text, end) + 1))
        if key != name:
            kept.append(text[at:end])
        at = _after_gap(text, end)
        if text[at] == ",":
            at = _after_gap(text, at + 1)
    return "{" + ", ".join(kept) + "}"


def dump(value: object) -> str:
    """JSON on one line, its text readable, its numbers finite and at full precision."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class LineWindow:
    """A window of JSON lines."""

    lines: Sequence[JsonLine]
    fields: Fields

    def exchanges(self) -> list[Exchange | Unscored]:
        """One per line; what cannot be read is an ``Unscored``."""
        return [line.exchange(self.fields) for line in self.lines]

    def texts(self) -> Iterator[str]:
        """The lines themselves."""
        return (line.text for line in self.lines)

    def objects(self) -> list[dict[str, Any]]:
        """One object per line."""
        return [json.loads(line.text) if line.row is None else line.row for line in self.lines]

    def table(self, schema: pa.Schema) -> pa.Table:
        """The lines as columns."""
        from foureyes.batch.arrow import table_of  # noqa: PLC0415 - pyarrow is an extra

        return table_of(self.objects(), schema, f"lines {self.lines[0].number} to {self.lines[-1].number}")


class JsonlSource:
    """Rows of a file or of standard input.

    Args:
        place: a file, or an open stream; a stream, or a file that is not a regular one (a named pipe), is read once.
        fields: where rows keep what.
        overwrite: see :func:`parse_line`.

    Raises:
        InputError: the file is something else altogether, or its first row has a field ``foureyes`` already.
    """

    def __init__(self, place: Path | IO[bytes], fields: Fields, *, overwrite: bool = False) -> None:
        self._place, self._fields, self._overwrite = place, fields, overwrite
        self._survey: Survey | None = None
        if isinstance(place, Path) and place.is_file():
            self._look_at_start(place)
            self._survey = survey(place)

    @property
    def survey(self) -> Survey | None:
        """The file's identity; ``None`` for what can be read only once."""
        return self._survey

    @property
    def rows(self) -> int | None:
        """Lines of the file."""
        return self._survey.lines if self._survey else None

    def windows(self, limits: WindowLimits) -> Iterator[LineWindow]:
        """All rows in order, lazily."""
        for group in grouped(self._lines(), lambda line: len(line.text), limits):
            yield LineWindow(group, self._fields)

    def check_unchanged(self) -> None:
        """Makes sure that nobody wrote to the file since it was surveyed."""
        if self._survey and isinstance(self._place, Path):
            self._survey.check(self._place)

    def schema(self) -> pa.Schema:
        """The columns all rows fit in, found by reading all of them."""
        from foureyes.batch.arrow import common_schema  # noqa: PLC0415 - pyarrow is an extra

        if self._survey is None:
            raise InputError(
                "Parquet needs to know every row's fields before the first is written: give a file, not a pipe"
            )
        return common_schema((window.objects(), window.lines[-1].number) for window in self.windows(WindowLimits()))

    def _look_at_start(self, path: Path) -> None:
        with reading(path), path.open("rb") as file:
            start = file.read(4)
        for magic, what in _NOT_JSONL.items():
            if start.startswith(magic):
                raise InputError(f"{path} is {what}")
        first = next(self._lines(), None)
        if first is not None and first.problem == _TAKEN:
            raise InputError(f"{path}, line {first.number}: {first.problem}")

    def _lines(self) -> Iterator[JsonLine]:
        if not isinstance(self._place, Path):
            yield from self._parsed(self._place)
            return
        with reading(self._place), self._place.open("rb") as file:
            yield from self._parsed(file)

    def _parsed(self, file: IO[bytes]) -> Iterator[JsonLine]:
        for number, (raw, size) in enumerate(_raw_lines(file), start=1):
            line = raw.removeprefix(_UTF8_MARK) if number == 1 else raw
            if size > LONGEST_LINE:
                yield _kept_raw(
                    line, number, f"{size} bytes, more than the {LONGEST_LINE} a line may have; its start is kept"
                )
            elif line.strip(b" \t\r\n"):
                yield parse_line(line, number, overwrite=self._overwrite)


class JsonlSink:
    """Writes rows as JSON lines.

    Args:
        write: takes all the bytes it is given, or raises.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def write(self, window: RowWindow, results: Sequence[Result]) -> None:
        """Writes a window's rows with their results."""
        rows = zip(window.texts(), results, strict=True)
        self._write("".join(f"{splice(text, dump(result))}\n" for text, result in rows).encode())

    def close(self) -> None:
        """Nothing is held back."""

    def abandon(self) -> None:
        """Nothing is held back."""


def _object(raw: bytes) -> tuple[str, dict[str, Any]]:
    try:
        text = raw.decode()
        row = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg} at character {error.pos}") from error
    except (ValueError, RecursionError) as error:  # a number of over 4300 digits, a thousand nested lists
        raise InputError(f"not JSON that can be read: {error}") from error
    if not isinstance(row, dict):
        raise InputError(f"wanted a JSON object; got {type(row).__name__}")
    return text.strip(" \t\r\n"), row


def _raw_lines(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Every line with its length; of one that is too long only the beginning."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line, len(line)
            continue
        size, rest = len(line), line
        while not rest.endswith(b"\n") and (rest := file.readline(1 << 20)):
            size += len(rest)
        yield line[:_KEPT_OF_LONGEST], size


def _kept_raw(raw: bytes, number: int, problem: str) -> JsonLine:
    text = raw.rstrip(b"\r\n").decode(errors="replace")
    return JsonLine(number, dump({RAW_FIELD: text}), None, problem)


def _refuse_constant(name: str) -> NoReturn:
    raise InputError(f"not JSON: {name} is not a JSON value")


def _after_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at
