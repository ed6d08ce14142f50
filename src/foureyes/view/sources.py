"""Where rows come from: all of them once for the index, then some by their numbers. JSON lines; Parquet in its own module."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from foureyes.batch.disk import reading
from foureyes.errors import InputError
from foureyes.records import Record

__all__ = ["Found", "JsonlRows", "RowSource", "column_of", "open_source"]

_HEAD: Final = 1 << 16
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Found:
    """A record that a pass over the file came to.

    Attributes:
        record: the record.
        at: where it can be found again; bytes in a file of lines, number of the row in a table.
        end: where the pass goes on after it.
    """

    record: Record
    at: int
    end: int


class RowSource(Protocol):
    """A file of scored rows."""

    path: Path

    def size(self) -> int:
        """How far a pass can come now, in the unit of :attr:`Found.end`."""
        ...

    def identity(self) -> str:
        """Kept by a file that grows, lost by one that is replaced."""
        ...

    def scan(self, start: int) -> Iterator[Found]:
        """All records from a place on, as far as they are whole."""
        ...

    def records(self, at: Sequence[int], numbers: Sequence[int], *, results: bool) -> list[Record]:
        """Some records, in the order asked for.

        Args:
            at: where they were found.
            numbers: which rows they are, from 0.
            results: whether what the verifiers said is wanted too; it may come all the same.
        """
        ...


class JsonlRows:
    """JSON objects, one a line; empty lines are no rows. A last line without an end that is no JSON is still being written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """Bytes of the file."""
        with reading(self.path):
            return self.path.stat().st_size

    def identity(self) -> str:
        """Of the file and its first line."""
        with reading(self.path), self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            return hashlib.sha256(f"{status.st_dev}.{status.st_ino}.".encode() + file.readline(_HEAD)).hexdigest()

    def scan(self, start: int) -> Iterator[Found]:
        """All lines from a byte on."""
        at = start
        with reading(self.path), self.path.open("rb") as file:
            file.seek(start)
            for raw in file:
                end = at + len(raw)
                if raw.strip():
                    record = _record(raw, "")
                    if record.fields is None and not raw.endswith(b"\n"):
                        return
                    yield Found(record, at, end)
                at = end

    def records(self, at: Sequence[int], numbers: Sequence[int], *, results: bool) -> list[Record]:  # noqa: ARG002
        """The lines that begin at these bytes."""
        with reading(self.path), self.path.open("rb") as file:
            return [self._at(file, place, number) for place, number in zip(at, numbers, strict=True)]

    @staticmethod
    def _at(file: Any, place: int, number: int) -> Record:
        file.seek(place)
        return _record(file.readline(), f"row {number + 1}")


def open_source(path: Path) -> RowSource:
    """Rows of a file.

    Raises:
        InputError: it cannot be read, or is neither JSON lines nor Parquet.
        ConfigError: Parquet, and pyarrow is not installed.
    """
    with reading(path), path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        from foureyes.view.parquet_rows import ParquetRows  # noqa: PLC0415 - pyarrow is an extra

        return ParquetRows(path)
    if start.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK")):
        raise InputError(f"{path} is compressed; view reads JSON lines and Parquet as foureyes score writes them")
    return JsonlRows(path)


def _record(raw: bytes, place: str) -> Record:
    try:
        fields = json.loads(raw.removeprefix(_MARK), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Record(place, None, f"not JSON: {error}"[:200])
    if not isinstance(fields, dict):
        return Record(place, None, f"wanted a JSON object; got {type(fields).__name__}")
    return Record(place, fields)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def column_of(rows: Sequence[dict[str, float]], name: str) -> NDArray[np.float64]:
    """(n,) one number of every row, NaN where it has none."""
    return np.array([row.get(name, np.nan) for row in rows], np.float64)
