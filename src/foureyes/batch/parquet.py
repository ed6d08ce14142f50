"""Parquet: columns of the input pass through as they are, types, nesting, metadata and all; one column is added.

A file is read by batches and written by row groups, so memory holds a few windows and never the file. Start at
:class:`ParquetSource`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from foureyes.batch.arrow import result_column, result_type
from foureyes.batch.disk import Surveys
from foureyes.batch.job import Origin
from foureyes.batch.results import Columns
from foureyes.batch.rows import AnsweredRow, Answering, ReadAs
from foureyes.batch.source import RowCount
from foureyes.batch.window import RESULT_FIELD, Result, RowWindow, WindowLimits, grouped
from foureyes.errors import ConfigError, InputError
from foureyes.layouts import LoggedAnswer
from foureyes.layouts.reading import ANSWER_FIELD, TRUTH_FIELD
from foureyes.records.columns import column_records, naming

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise ConfigError("Parquet files need pyarrow: pip install 'foureyes[parquet]'") from error

__all__ = ["ParquetSink", "ParquetSource", "TableWindow"]

ROW_GROUP: Final = WindowLimits(rows=64 * 1024, size=32 * 1024 * 1024)
"""A row group is written once either is reached."""


_ADDED: Final = {ANSWER_FIELD: pa.string(), TRUTH_FIELD: pa.bool_()}
"""Columns that a row may add to those of the input."""

_LOOK: Final = WindowLimits(rows=64)
"""In hand while it is only looked at what rows hold."""


@dataclass(frozen=True, slots=True)
class TableWindow:
    """A window of a Parquet file: ``columns`` holds those of the input, a row for each of ``rows``."""

    columns: pa.Table
    rows: Sequence[AnsweredRow]

    def answers(self) -> list[LoggedAnswer]:
        """One per row; what cannot be read holds an ``Unscored``."""
        return [row.answer for row in self.rows]

    def places(self) -> list[str]:
        """One per row."""
        return [row.record.place for row in self.rows]

    def texts(self) -> Iterator[str]:
        """The rows as JSON objects."""
        return (row.text for row in self.rows)

    def table(self, schema: pa.Schema) -> pa.Table:
        """The rows themselves."""
        table = self.columns
        for field in schema:
            if field.name not in table.schema.names:
                added = [row.added.get(field.name) for row in self.rows]
                table = table.append_column(field, pa.array(added, field.type))
        return table.select(schema.names)


class ParquetSource:
    """Rows of a Parquet file.

    Args:
        path: the file.
        read_as: what its rows mean.
        overwrite: drop a column that has the result's name.
        origin: what places of the rows are told by, if not by their file.

    Raises:
        InputError: it is not a Parquet file, or has one called ``foureyes`` already.
    """

    def __init__(self, path: Path, read_as: ReadAs, *, overwrite: bool = False, origin: Origin | None = None) -> None:
        self._path, self._read_as, self._origin = path, read_as, origin
        self._reader = read_as.reader()
        with self._opened() as file:
            self._schema = self._checked(file.schema_arrow, overwrite=overwrite)
            self._records = int(file.metadata.num_rows)
        self._count = RowCount(self._records)
        self._surveys = Surveys([path])

    @property
    def surveys(self) -> Surveys:
        """The file's identity."""
        return self._surveys

    @property
    def rows(self) -> int | None:
        """Rows of the file, or as many as that comes to."""
        return self._count.rows

    def schema(self) -> pa.Schema:
        """The file's own columns, and those that a row adds."""
        names = {name for window in self.windows(_LOOK) for row in window.rows for name in row.added}
        schema = self._schema
        for name, kind in _ADDED.items():
            schema = schema.append(pa.field(name, kind)) if name in names else schema
        return schema

    def windows(self, limits: WindowLimits) -> Iterator[TableWindow]:
        """All rows in order, lazily."""
        self._reader, self._count, passing = self._read_as.reader(), RowCount(self._records), _Passing()
        with self._opened() as file:
            batches = file.iter_batches(batch_size=limits.rows)
            tables = (pa.Table.from_batches([batch]).select(self._schema.names) for batch in batches)
            found = column_records(passing.through(tables), str(self._path))
            answering = Answering(found if self._origin is None else self._origin.placed(found), self._reader)
            for group in grouped(answering.rows(), lambda row: row.size, limits):
                self._count.add(group[-1].index + 1, len(group))
                places = [row.index for row in group]
                yield TableWindow(passing.take(places), group)
                passing.drop(min(answering.oldest, *places))

    def said(self) -> str:
        """How the rows so far were read."""
        return self._reader.said()

    def check_unchanged(self) -> None:
        """Makes sure that nobody wrote to the file since it was surveyed."""
        self._surveys.check()

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self._path, pre_buffer=False) as file:  # or it keeps what it has read to the end
                yield file
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"cannot read {self._path} as Parquet: {str(error).splitlines()[0]}") from error

    def _checked(self, schema: pa.Schema, *, overwrite: bool) -> pa.Schema:
        twice = {name for name in schema.names if schema.names.count(name) > 1}
        if twice:
            raise InputError(f"{self._path} has more than one column called {min(twice)!r}")
        if RESULT_FIELD not in schema.names:
            return schema
        if not overwrite:
            raise InputError(f"{self._path} has a column {RESULT_FIELD!r} already; --overwrite-field replaces it")
        return schema.remove(schema.get_field_index(RESULT_FIELD))


class _Passing:
    """Tables on their way, of which those stay in hand whose rows are still wanted."""

    def __init__(self) -> None:
        self._held: deque[tuple[int, pa.Table]] = deque()
        self._passed = 0

    def through(self, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """The same tables."""
        for table in tables:
            self._held.append((self._passed, table))
            self._passed += table.num_rows
            yield table

    def take(self, rows: Sequence[int]) -> pa.Table:
        """The rows at these places."""
        low, high = min(rows), max(rows)
        held = [(start, table) for start, table in self._held if start <= high and low < start + table.num_rows]
        table, first = pa.concat_tables([table for _, table in held]), held[0][0]
        if list(rows) == list(range(low, high + 1)):
            return table.slice(low - first, len(rows))
        return table.take(pa.array([row - first for row in rows]))

    def drop(self, before: int) -> None:
        """Lets go of rows before a place."""
        while self._held and self._held[0][0] + self._held[0][1].num_rows <= before:
            self._held.popleft()


class ParquetSink:
    """Writes rows as Parquet, a row group at a time.

    Args:
        file: where to, left open.
        schema: of the input's columns.
        columns: in the column ``foureyes``.

    Raises:
        InputError: Parquet cannot hold these columns.
    """

    def __init__(self, file: IO[bytes], schema: pa.Schema, columns: Columns) -> None:
        self._input = schema
        self._schema = schema.append(pa.field(RESULT_FIELD, result_type(columns)))
        self._held: list[pa.Table] = []
        self._held_rows = self._held_size = 0
        with naming("these columns cannot become Parquet"):
            self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, window: RowWindow, results: Sequence[Result]) -> None:
        """Takes a window's rows with their results."""
        rows = window.table(self._input)
        column = result_column(results, self._schema.field(RESULT_FIELD).type)
        table = pa.Table.from_arrays([*rows.columns, column], schema=self._schema)
        self._held.append(table)
        self._held_rows += table.num_rows
        self._held_size += table.nbytes
        if self._held_rows >= ROW_GROUP.rows or self._held_size >= ROW_GROUP.size:
            self._flush()

    def close(self) -> None:
        """Writes the last row group and the footer."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Leaves the file as it is, without a footer."""
        self._writer.is_open = False  # or its destructor would write the footer to a file that is closed by then

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held), row_group_size=self._held_rows)
        self._held = []
        self._held_rows = self._held_size = 0
