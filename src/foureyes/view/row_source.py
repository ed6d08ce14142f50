"""Where rows come from: all of them once for the index, then some by their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from foureyes.records import Record

__all__ = ["LocatedRow", "ScoredRows"]


@dataclass(frozen=True, slots=True)
class LocatedRow:
    """A record that a pass over the file came to.

    Attributes:
        record: the record.
        at: where it can be found again; bytes in a file of lines, number of the row in a table.
        end: where the pass goes on after it.
    """

    record: Record
    at: int
    end: int


class ScoredRows(Protocol):
    """A file of scored rows."""

    path: Path

    def size(self) -> int:
        """How far a pass can come now, in the unit of :attr:`LocatedRow.end`."""
        ...

    def identity(self) -> str:
        """Kept by a file that grows, lost by one that is replaced."""
        ...

    def scan(self, start: int, end: int | None = None) -> Iterator[LocatedRow]:
        """All records that begin from a place on and before another one, as far as they are whole."""
        ...

    def pieces(self, start: int) -> Iterator[tuple[int, int]]:
        """Where passes over a part each begin and end, so that together they are one from a place to the end."""
        ...

    def records(self, at: Sequence[int], numbers: Sequence[int], *, tokens: bool) -> list[Record]:
        """Some records, in the order asked for.

        Args:
            at: where they were found.
            numbers: which rows they are, from 0.
            tokens: whether the arrays of tokens are wanted. A pass over the file goes without them; where a row has some,
                ``tokens`` then holds less, and nothing may be read of it but that it is there.
        """
        ...

    def holding(self, text: str, at: Sequence[int]) -> list[bool]:
        """Which of some records may hold a text, whatever its capitals: false only where one surely does not."""
        ...
