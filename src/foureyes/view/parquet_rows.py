"""Rows of a Parquet file, by row groups."""

from __future__ import annotations

import bisect
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, Final

from foureyes.errors import ConfigError, InputError
from foureyes.layouts.reading import RESULT_FIELD
from foureyes.records import Record
from foureyes.view.row_source import LocatedRow

try:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from foureyes.records.columns import json_rows
except ImportError as error:
    raise ConfigError("Parquet files need pyarrow: pip install 'foureyes[parquet]'") from error

__all__ = ["ParquetRows"]

_BATCH: Final = 1024
_PIECE: Final = 8192


class ParquetRows:
    """The rows of a Parquet file; a pass over it counts rows.

    Args:
        path: of the file.

    Raises:
        InputError: it is not Parquet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._opened() as file:
            self._light = _without_tokens(file.schema_arrow)
            groups = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        self._starts = [0, *accumulate(groups)]

    def size(self) -> int:
        """Rows of the file."""
        return int(self._starts[-1])

    def identity(self) -> str:
        """Of the file as it was last written: Parquet does not grow."""
        status = self.path.stat()
        told = f"{status.st_dev}.{status.st_ino}.{status.st_size}.{status.st_mtime_ns}"
        return hashlib.sha256(told.encode()).hexdigest()

    def pieces(self, start: int) -> Iterator[tuple[int, int]]:
        """Runs of some thousand rows of one row group, little enough to be waited for."""
        for end in self._starts[1:]:
            while start < end:
                yield start, min(start + _PIECE, end)
                start = min(start + _PIECE, end)

    def scan(self, start: int, end: int | None = None) -> Iterator[LocatedRow]:
        """All rows from one on."""
        first = bisect.bisect_right(self._starts, start) - 1
        end = self.size() if end is None else end
        if start >= end:
            return
        number = self._starts[first]
        with self._opened() as file:
            groups = list(range(first, bisect.bisect_left(self._starts, end)))
            for batch in file.iter_batches(batch_size=_BATCH, row_groups=groups, columns=self._light):
                first, last = max(start, number), min(end, number + batch.num_rows)
                number += batch.num_rows
                if first < last:
                    table = pa.Table.from_batches([batch.slice(first + batch.num_rows - number, last - first)])
                    for i, fields in enumerate(json_rows(table), start=first):
                        yield LocatedRow(_record(fields, i), i, i + 1)

    def records(self, at: Sequence[int], numbers: Sequence[int], *, tokens: bool) -> list[Record]:  # noqa: ARG002 - rows stand where they are counted
        """The rows of these numbers."""
        runs = [list(rows) for _, rows in groupby(sorted(set(at)), self._group)]
        found = {row: record for rows in runs for row, record in self._of_group(rows, tokens=tokens)}
        return [found[row] for row in at]

    def holding(self, text: str, at: Sequence[int]) -> list[bool]:  # noqa: ARG002 - only their values say it
        """All of them."""
        return [True] * len(at)

    def _group(self, row: int) -> int:
        return bisect.bisect_right(self._starts, row) - 1

    def _of_group(self, rows: list[int], *, tokens: bool) -> Iterator[tuple[int, Record]]:
        """Rows of one row group, in order; no more of it is in memory than a batch."""
        group = self._group(rows[0])
        number, left = self._starts[group], deque(rows)
        columns = None if tokens else self._light
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=_BATCH, row_groups=[group], columns=columns):
                end = number + batch.num_rows
                here = [left.popleft() for _ in range(sum(row < end for row in left))]
                if here:
                    taken = pa.Table.from_batches([batch]).take(pa.array([row - number for row in here]))
                    yield from ((row, _record(one, row)) for one, row in zip(json_rows(taken), here, strict=True))
                if not left:
                    return
                number = end

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with pq.ParquetFile(self.path, pre_buffer=False) as file:  # or it keeps what it has read to the end
                yield file
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"cannot read {self.path} as Parquet: {str(error).splitlines()[0]}") from error


def _record(fields: dict[str, Any], number: int) -> Record:
    return Record(f"row {number + 1}", {name: _without_none(value) for name, value in fields.items()})


def _without_none(value: Any) -> Any:
    """Structs have all fields of all rows: what is null in one is not there."""
    if not isinstance(value, dict):
        return value
    return {name: _without_none(one) for name, one in value.items() if one is not None}


def _without_tokens(schema: Any) -> list[str]:
    """Paths of all columns but the arrays of tokens, of which the one that takes least says that they are there."""
    paths: list[str] = []
    for field in schema:
        if field.name != RESULT_FIELD or not pa.types.is_struct(field.type):
            paths.append(field.name)
            continue
        for verifier in field.type:
            inner = [part.name for part in verifier.type] if pa.types.is_struct(verifier.type) else []
            names = [f"{part}.selected" if part == "tokens" else part for part in inner]
            paths += [f"{field.name}.{verifier.name}.{name}" for name in names] or [f"{field.name}.{verifier.name}"]
    return paths
