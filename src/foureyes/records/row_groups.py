"""Parquet and Arrow files, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Literal

from foureyes.errors import InputError
from foureyes.records.columns import require_names  # it says what to install where pyarrow is missing
from foureyes.records.streams import opened, seekable

# isort: split
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

__all__ = ["arrow_batches", "parquet_batches", "parquet_rows", "read_table", "write_range"]

_ROWS: Final = 1024
"""Rows in hand at once, at most."""

_AT_ONCE: Final = 1 << 26
"""Bytes in hand at once, about."""

_WITH_INDEX: Final = b"ARROW1"


def parquet_batches(source: Path | IO[bytes], name: str) -> Iterator[pa.Table]:
    """A Parquet file's rows, some at a time; of a stream, its end is read first, so it is put aside.

    Raises:
        InputError: it is none, or is damaged.
    """
    with _errors(name, "Parquet"), seekable(source) as place, pq.ParquetFile(place, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
            yield pa.Table.from_batches([batch])


def parquet_rows(file: IO[bytes], name: str) -> int:
    """How many rows a Parquet file has, which its end says.

    Raises:
        InputError: it is none, or is damaged.
    """
    with _errors(name, "Parquet"):
        return int(pq.ParquetFile(file).metadata.num_rows)


def write_range(source: Path, place: Path, start: int, stop: int) -> None:
    """Copies some rows of a Parquet file into one of their own; memory holds a row group's batch.

    Args:
        source: the file.
        place: of the copy.
        start: first row, from 0.
        stop: the row behind the last.

    Raises:
        InputError: the file is none, or is damaged.
    """
    with _errors(str(source), "Parquet"), pq.ParquetFile(source, pre_buffer=False) as file:
        groups, before = [], 0
        first = None
        for i in range(file.metadata.num_row_groups):
            n = file.metadata.row_group(i).num_rows
            if before < stop and before + n > start:
                groups.append(i)
                first = before if first is None else first
            before += n
        with pq.ParquetWriter(place, file.schema_arrow, compression="zstd") as target:
            at = first or 0
            for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata), row_groups=groups):
                low, high = max(start - at, 0), min(stop - at, batch.num_rows)
                if low < high:
                    target.write_table(pa.Table.from_batches([batch.slice(low, high - low)]))
                at += batch.num_rows


def arrow_batches(source: Path | IO[bytes], name: str, *, start: bytes) -> Iterator[pa.Table]:
    """An Arrow file's rows, some at a time; a file is mapped into memory, not read.

    Args:
        source: the file, or what it holds.
        name: of the file, for messages.
        start: its first bytes: a file with an index (Feather) says so, one in the streaming form, as Hugging Face
            datasets keep it, does not.

    Raises:
        InputError: it is none, or is damaged.
    """
    with _errors(name, "Arrow"):
        if not start.startswith(_WITH_INDEX):
            read = pa.memory_map(str(source)) if isinstance(source, Path) else pa.PythonFile(source, mode="r")
            with ipc.open_stream(read) as stream:
                yield from map(_sound, stream)
            return
        with seekable(source) as place:
            mapped = pa.memory_map(str(place)) if isinstance(place, Path) else place
            with ipc.open_file(mapped) as file:
                yield from (_sound(file.get_batch(i)) for i in range(file.num_record_batches))


def read_table(path: Path, form: Literal["parquet", "arrow"]) -> pa.Table:
    """A whole Parquet or Arrow file.

    Raises:
        InputError: it is none, is damaged, or has two columns of one name.
    """
    name = str(path)
    with opened(path, name) as (file, packed), _errors(name, form.capitalize()):
        start = file.read(6)
        place: Any = pa.py_buffer(start + file.read()) if packed else str(path)
        if form == "parquet":
            table = pq.read_table(pa.BufferReader(place) if packed else place)
        else:
            mapped = place if packed else pa.memory_map(place)
            table = (ipc.open_file if start.startswith(_WITH_INDEX) else ipc.open_stream)(mapped).read_all()
            table.validate(full=True)
    require_names(table.schema, name)
    return table


def _sound(batch: pa.RecordBatch) -> pa.Table:
    """A batch of an Arrow file, of which nothing else checks that its parts stay within it: reading on might end the process."""
    batch.validate(full=True)
    return pa.Table.from_batches([batch])


def _rows_at_once(metadata: pq.FileMetaData) -> int:
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    fitting = _AT_ONCE * metadata.num_rows // max(1, size)
    return max(1, min(_ROWS, int(fitting)))


@contextmanager
def _errors(name: str, what: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {name} as {what}: {str(error).splitlines()[0]}") from error
