"""Parquet: columns of the input pass through as they are, types, nesting, metadata and all; one column is added.

A file is read by batches and written by row groups, so memory holds a few windows and never the file. Start at
:class:`ParquetSource`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa  # the module below raises the friendly error first when it is missing
import pyarrow.parquet as pq

from foureyes.batch.arrow import json_rows, naming, result_column, result_type
from foureyes.batch.disk import Survey, survey
from foureyes.batch.jsonl import dump
from foureyes.batch.rows import Fields, exchange_of
from foureyes.batch.window import RESULT_FIELD, Result, RowWindow, WindowLimits, grouped
from foureyes.errors import InputError
from foureyes.types import Exchange, Unscored

__all__ = ["ParquetSink", "ParquetSource", "TableWindow"]

ROW_GROUP: Final = WindowLimits(rows=64 * 1024, size=32 * 1024 * 1024)
"""A row group is written once either is reached."""


@dataclass(frozen=True, slots=True)
class TableWindow:
    """A window of a Parquet file: ``rows`` holds the input's columns, ``first`` the number of the first row, from 1."""

    rows: pa.Table
    first: int
    read: tuple[Exchange | Unscored, ...]

    def exchanges(self) -> list[Exchange | Unscored]:
        """One per row; what cannot be read is an ``Unscored``."""
        return list(self.read)

    def texts(self) -> Iterator[str]:
        """The rows as JSON objects."""
        return (dump(row) for row in json_rows(self.rows))

    def table(self, schema: pa.Schema) -> pa.Table:
        """The rows themselves."""
        return self.rows.select(schema.names)


class ParquetSource:
    """Rows of a Parquet file.

    Args:
        path: the file.
        fields: where rows keep what.
        overwrite: drop a column that has the result's name.

    Raises:
        InputError: it is not a Parquet file, or has not the columns to make an exchange of, or has one called
            ``foureyes`` already.
    """

    def __init__(self, path: Path, fields: Fields, *, overwrite: bool = False) -> None:
        self._path, self._fields = path, fields
        with self._opened() as file:
            schema, self._rows = file.schema_arrow, file.metadata.num_rows
        self._schema = self._checked(schema, overwrite=overwrite)
        lists = [field.name for field in schema if pa.types.is_nested(field.type)]
        self._read_from = fields.read_from(self._schema.names, lists)
        self._survey = survey(path)

    @property
    def survey(self) -> Survey:
        """The file's identity."""
        return self._survey

    @property
    def rows(self) -> int | None:
        """Rows of the file."""
        return int(self._rows)

    def schema(self) -> pa.Schema:
        """The file's own columns."""
        return self._schema

    def windows(self, limits: WindowLimits) -> Iterator[TableWindow]:
        """All rows in order, lazily."""
        number = 1
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=limits.rows):
                table = pa.Table.from_batches([batch]).select(self._schema.names)
                exchanges = self._exchanges(table, number)
                sizes = [_size(exchange) for exchange in exchanges]
                for group in grouped(range(len(sizes)), sizes.__getitem__, limits):
                    start, end = group[0], group[-1] + 1
                    yield TableWindow(table.slice(start, end - start), number + start, tuple(exchanges[start:end]))
                number += len(sizes)

    def check_unchanged(self) -> None:
        """Makes sure that nobody wrote to the file since it was surveyed."""
        self._survey.check(self._path)

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

    def _exchanges(self, table: pa.Table, first: int) -> list[Exchange | Unscored]:
        table = table.select(list(self._read_from))
        try:
            rows = list(json_rows(table, errors="strict"))
        except UnicodeDecodeError:
            return [self._exchange(table.slice(i, 1), first + i) for i in range(table.num_rows)]
        return [exchange_of(row, self._fields, f"row {first + i}") for i, row in enumerate(rows)]

    def _exchange(self, row: pa.Table, number: int) -> Exchange | Unscored:
        where = f"row {number}"
        try:
            return exchange_of(next(json_rows(row, errors="strict")), self._fields, where)
        except UnicodeDecodeError as error:
            return Unscored("bad_row", f"{where}: not UTF-8: {error.reason} at byte {error.start}")


class ParquetSink:
    """Writes rows as Parquet, a row group at a time.

    Args:
        file: where to, left open.
        schema: of the input's columns.
        columns: names of verifiers, and names of signals, in the column ``foureyes``.
        tokens: whether results carry the arrays.

    Raises:
        InputError: Parquet cannot hold these columns.
    """

    def __init__(
        self, file: IO[bytes], schema: pa.Schema, columns: tuple[Sequence[str], Sequence[str]], *, tokens: bool
    ) -> None:
        self._input = schema
        self._schema = schema.append(pa.field(RESULT_FIELD, result_type(*columns, tokens=tokens)))
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


def _size(exchange: Exchange | Unscored) -> int:
    if isinstance(exchange, Unscored):
        return 0
    prompt: Any = exchange.prompt
    turns = [prompt] if isinstance(prompt, str) else [message.content for message in prompt]
    return sum(map(len, turns)) + len(exchange.answer)
