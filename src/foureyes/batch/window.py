"""What the parts of a batch run hand to each other: windows of rows.

A *window* is a run of neighbouring rows that is in hand and written as one; verifiers read it in *pieces*
(:mod:`foureyes.batch.pieces`). The bounds of both depend on the rows and on nothing else, so that a resumed run cuts the
same ones, and a verifier sees the same neighbours, as an undisturbed one. Start at :class:`RowSource`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from foureyes.batch.disk import Surveys
from foureyes.errors import InputError
from foureyes.layouts import LoggedAnswer
from foureyes.layouts.reading import RESULT_FIELD

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RAW_FIELD", "RESULT_FIELD", "Result", "RowSink", "RowSource", "RowWindow", "WindowLimits", "grouped"]

RAW_FIELD: Final = "foureyes_raw"
"""Holds, as text, what stands in the input in place of a record; such a row has no other field of its own."""

Result: TypeAlias = dict[str, dict[str, Any]]
"""What is added to one row: the fields of :func:`foureyes.batch.results.result_of`, by verifier, and those of
:func:`foureyes.batch.results.own_result_of` under :data:`~foureyes.batch.results.OWN`."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """How much is in hand at once: a window ends before it exceeds either, but has at least one row.

    Args:
        rows: most rows, ≥ 1.
        size: most characters of text.
        reading: most characters that a verifier reads in one call, which is what a kill can lose; behind servers those of all calls.
    """

    rows: int = 512
    size: int = 256 * 1024
    reading: int = 8 * 1024

    def __post_init__(self) -> None:
        if min(self.rows, self.size, self.reading) < 1:
            raise InputError(f"a window wants at least one row and one character; got {self.rows} and {self.size}")


class RowWindow(Protocol):
    """Neighbouring rows of the input."""

    def answers(self) -> list[LoggedAnswer]:
        """One per row, in order; what cannot be read holds an ``Unscored``."""
        ...

    def places(self) -> list[str]:
        """One per row: where it stands in the input."""
        ...

    def texts(self) -> Iterator[str]:
        """One JSON object per row, the input's fields only."""
        ...

    def table(self, schema: pa.Schema) -> pa.Table:
        """The same rows as columns, the input's fields only.

        Raises:
            InputError: they do not fit the schema.
        """
        ...


class RowSource(Protocol):
    """Input files, or standard input."""

    @property
    def surveys(self) -> Surveys | None:
        """The files' identity; ``None`` for what can be read only once."""
        ...

    @property
    def rows(self) -> int | None:
        """How many rows there are, as far as it is known; ``None`` when only reading tells."""
        ...

    def windows(self, limits: WindowLimits) -> Iterator[RowWindow]:
        """All rows in order, lazily."""
        ...

    def said(self) -> str:
        """How the rows so far were read, in one line."""
        ...

    def schema(self) -> pa.Schema:
        """The columns that hold the input's fields, and which answer of a record each row is about where one has several.

        Raises:
            InputError: the rows have no common schema, or cannot be read twice.
        """
        ...

    def check_unchanged(self) -> None:
        """Makes sure that what was read is what was surveyed.

        Raises:
            InputError: somebody wrote to the file meanwhile.
        """
        ...


class RowSink(Protocol):
    """Where finished rows go."""

    def write(self, window: RowWindow, results: Sequence[Result]) -> None:
        """Writes a window's rows with their results."""
        ...

    def close(self) -> None:
        """Writes what is still held back."""
        ...

    def abandon(self) -> None:
        """Lets go of everything, writing nothing."""
        ...


def grouped(items: Iterable[T], size_of: Callable[[T], int], limits: WindowLimits) -> Iterator[list[T]]:
    """Cuts a stream into runs within the limits.

    Example:
        >>> list(grouped("a bb cccccc d e f".split(), len, WindowLimits(rows=2, size=4)))
        [['a', 'bb'], ['cccccc'], ['d', 'e'], ['f']]
    """
    group: list[T] = []
    size = 0
    for item in items:
        if group and (len(group) == limits.rows or size + size_of(item) > limits.size):
            yield group
            group, size = [], 0
        group.append(item)
        size += size_of(item)
    if group:
        yield group
