"""Rows of JSON lines, by bytes."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, NoReturn

from foureyes.batch.disk import reading
from foureyes.records import Record
from foureyes.view.row_source import LocatedRow

__all__ = ["JsonlRows"]

_HEAD: Final = 1 << 16
_PIECE: Final = 2 << 20
_PLAIN: Final = re.compile(r"[a-z0-9 .,:;?!'()=+*_-]+")
"""Letters that JSON writes as they are, or as an escape with a u, and no other letter folds to outside of ASCII."""

_MARK: Final = b"\xef\xbb\xbf"


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


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

    def pieces(self, start: int) -> Iterator[tuple[int, int]]:
        """Runs of lines of two megabytes, little enough to be waited for."""
        size = self.size()
        with reading(self.path), self.path.open("rb") as file:
            while start < size:
                file.seek(min(start + _PIECE, size))
                file.readline()
                yield start, file.tell()
                start = file.tell()

    def scan(self, start: int, end: int | None = None) -> Iterator[LocatedRow]:
        """All lines from a byte on."""
        at = start
        with reading(self.path), self.path.open("rb") as file:
            file.seek(start)
            for raw in file:
                if end is not None and at >= end:
                    return
                after = at + len(raw)
                if raw.strip():
                    record = _record(raw, "")
                    if record.fields is None and not raw.endswith(b"\n"):
                        return
                    yield LocatedRow(record, at, after)
                at = after

    def records(self, at: Sequence[int], numbers: Sequence[int], *, tokens: bool) -> list[Record]:  # noqa: ARG002 - a line is read whole
        """The lines that begin at these bytes."""
        with reading(self.path), self.path.open("rb") as file:
            return [self._at(file, place, number) for place, number in zip(at, numbers, strict=True)]

    def holding(self, text: str, at: Sequence[int]) -> list[bool]:
        """By the bytes of a line, where neither is written in a way that hides the other."""
        folded = text.casefold()
        if not _PLAIN.fullmatch(folded):
            return [True] * len(at)
        sought = folded.encode()
        with reading(self.path), self.path.open("rb") as file:
            return [_may_hold(sought, self._line(file, place)) for place in at]

    @staticmethod
    def _line(file: IO[bytes], place: int) -> bytes:
        file.seek(place)
        return file.readline()

    @staticmethod
    def _at(file: IO[bytes], place: int, number: int) -> Record:
        file.seek(place)
        return _record(file.readline(), f"row {number + 1}")


def _record(raw: bytes, place: str) -> Record:
    try:
        fields = _DECODER.decode(raw.removeprefix(_MARK).decode())
    except (ValueError, RecursionError) as error:
        return Record(place, None, f"not JSON: {error}"[:200])
    if not isinstance(fields, dict):
        return Record(place, None, f"wanted a JSON object; got {type(fields).__name__}")
    return Record(place, fields)


def _may_hold(sought: bytes, line: bytes) -> bool:
    return sought in line.lower() or not line.isascii() or b"\\u" in line
