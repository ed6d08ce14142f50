"""Where rows come from: files of any format, or a stream, record by record.

Where records are JSON their text is never rewritten: results are spliced in before the closing brace, so numbers keep
their digits and strings their escapes. What is not a record comes out as text under ``foureyes_raw``, with the reason
beside it. Start at :class:`RecordSource`; Parquet whose columns pass through is :mod:`foureyes.batch.parquet`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from foureyes.batch.disk import Surveys
from foureyes.batch.job import Origin
from foureyes.batch.rows import TAKEN, AnsweredRow, Answering, ReadAs, checked
from foureyes.batch.window import WindowLimits, grouped
from foureyes.errors import InputError
from foureyes.layouts import LoggedAnswer
from foureyes.records import Form, Record, records
from foureyes.records.forms import form_of_name
from foureyes.records.json_values import THE_DOCUMENT

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RecordSource", "RecordWindow", "RowCount"]


@dataclass(frozen=True, slots=True)
class RecordWindow:
    """A window of rows that are written as JSON objects, or as columns that are found for them."""

    rows: Sequence[AnsweredRow]

    def answers(self) -> list[LoggedAnswer]:
        """One per row; what cannot be read holds an ``Unscored``."""
        return [row.answer for row in self.rows]

    def places(self) -> list[str]:
        """One per row."""
        return [row.record.place for row in self.rows]

    def texts(self) -> Iterator[str]:
        """The records themselves."""
        return (row.text for row in self.rows)

    def table(self, schema: pa.Schema) -> pa.Table:
        """The rows as columns."""
        from foureyes.batch.arrow import table_of  # noqa: PLC0415 - pyarrow is an extra

        return table_of([row.fields for row in self.rows], schema, self.where)

    @property
    def where(self) -> str:
        """The places of all rows, in words."""
        first, last = self.rows[0].record.place, self.rows[-1].record.place
        return first if first == last else f"{first} to {last}"


class RowCount:
    """How many rows there are to be: records that are left may hold as many answers each as those before.

    Args:
        records: how many there are, at most; ``None`` if only reading tells.
    """

    def __init__(self, records: int | None) -> None:
        self._records, self._seen, self._rows = records, 0, 0

    def add(self, seen: int, rows: int) -> None:
        """Notes that so many records were seen so far, and so many rows more."""
        self._seen = max(seen, self._seen)
        self._rows += rows

    @property
    def rows(self) -> int | None:
        """As far as it is known."""
        if self._records is None:
            return None
        each = self._rows / self._seen if self._seen else 1.0
        return self._rows + round((self._records - self._seen) * each)


class RecordSource:
    """Rows of files or of standard input.

    Args:
        place: files, or an open stream; a stream, or a file that is not a regular one (a named pipe), is read once.
        read_as: what the records mean.
        form: of the files, where their names and contents are not to say.
        overwrite: drop a field that has the result's name, instead of treating the record as one that has no room.
        origin: what places of the rows are told by, if not by their file.

    Raises:
        InputError: a file is something else altogether or damaged as a whole, or its first record has a field ``foureyes``
            already.
    """

    def __init__(
        self,
        place: Sequence[Path] | IO[bytes],
        read_as: ReadAs,
        *,
        form: Form | None = None,
        overwrite: bool = False,
        origin: Origin | None = None,
    ) -> None:
        self._place, self._read_as, self._form, self._overwrite = place, read_as, form, overwrite
        self._origin = origin
        self._reader = read_as.reader()
        self._surveys: Surveys | None = None
        if isinstance(place, Sequence) and all(path.is_file() for path in place):
            self._look_at_start()
            self._surveys = Surveys(place)
        self._n_records = self._counted()
        self._count = RowCount(self._n_records)

    @property
    def surveys(self) -> Surveys | None:
        """The files' identity; ``None`` for what can be read only once."""
        return self._surveys

    @property
    def rows(self) -> int | None:
        """As many as the files' records come to; ``None`` for one document, which may hold any number."""
        return self._count.rows

    def windows(self, limits: WindowLimits) -> Iterator[RecordWindow]:
        """All rows in order, lazily."""
        self._reader, self._count = self._read_as.reader(), RowCount(self._n_records)
        for group in grouped(Answering(self._records(), self._reader).rows(), lambda row: row.size, limits):
            self._count.add(group[-1].index + 1, len(group))
            yield RecordWindow(group)

    def said(self) -> str:
        """How the records so far were read."""
        return self._reader.said()

    def check_unchanged(self) -> None:
        """Makes sure that nobody wrote to a file since it was surveyed."""
        if self._surveys:
            self._surveys.check()

    def schema(self) -> pa.Schema:
        """The columns all rows fit in, found by reading all of them."""
        from foureyes.batch.arrow import common_schema  # noqa: PLC0415 - pyarrow is an extra

        if self._surveys is None:
            raise InputError(
                "Parquet needs to know every row's fields before the first is written: give a file, not a pipe"
            )
        windows = self.windows(WindowLimits())
        return common_schema(([row.fields for row in window.rows], window.where) for window in windows)

    def _look_at_start(self) -> None:
        with closing(self._records()) as found:
            first = next(found, None)
        if first is not None and first.problem == TAKEN:
            raise InputError(f"{self._named()}, {first.place}: {TAKEN}")

    def _named(self) -> str:
        return str(self._place[0]) if isinstance(self._place, Sequence) else "standard input"

    def _counted(self) -> int | None:
        """How many records there are, at most: lines where there is one on each, else found by reading all of them.

        Reading all also finds, before any model is loaded, a quote that never closes, a list or a packed file that is cut.
        """
        if self._surveys is None or not isinstance(self._place, Sequence):
            return None
        forms = {self._form or form_of_name(path) for path in self._place}
        if forms == {"jsonl"} and not self._surveys.packed:
            return self._surveys.lines
        n, place = 0, ""
        for record in self._records():
            n, place = n + 1, record.place
        return None if place.endswith(THE_DOCUMENT) else n

    def _records(self) -> Generator[Record, None, None]:
        found = records(list(self._place) if isinstance(self._place, Sequence) else self._place, form=self._form)
        if self._origin is not None:
            found = self._origin.placed(found)
        return (checked(record, overwrite=self._overwrite) for record in found)
