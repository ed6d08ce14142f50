"""Parquet and Arrow: rows of columns as JSON-like values.

What JSON cannot hold is written the one way that loses nothing: decimals, dates and times as text, durations as whole
numbers of their unit, bytes in base64, maps as lists of pairs; a NaN or an infinity becomes null.
"""

from __future__ import annotations

import base64
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

from foureyes.errors import ConfigError, InputError
from foureyes.records.record import Record
from foureyes.records.streams import BUFFER, opened

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyarrow.types as kinds
    from pyarrow import ipc
except ImportError as error:
    raise ConfigError("Parquet and Arrow files need pyarrow: pip install 'foureyes[parquet]'") from error

__all__ = [
    "FOREIGN",
    "arrow_batches",
    "column_records",
    "json_rows",
    "json_values",
    "naming",
    "parquet_batches",
    "read_table",
]

FOREIGN: Final = (pa.ArrowException, OverflowError, UnicodeError)
"""What pyarrow raises when values and types do not fit (its I/O errors are plain ``OSError``)."""

_ROWS: Final = 1024
"""Rows in hand at once."""

_IN_MEMORY: Final = 1 << 26
"""Bytes of a stream that are kept in memory, and not in a file, where its end must be read first."""

_WITH_INDEX: Final = b"ARROW1"

_TEXT: Final = pa.large_string()

_Convert: TypeAlias = Callable[[Any], Any]
_Errors: TypeAlias = Literal["strict", "replace"]


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turns pyarrow's complaints into ours."""
    try:
        yield
    except FOREIGN as error:
        raise InputError(f"{what}: {str(error).splitlines()[0]}") from error


def parquet_batches(source: Path | IO[bytes], name: str) -> Iterator[pa.Table]:
    """A Parquet file's rows, some at a time; of a stream, its end is read first, so it is put aside.

    Raises:
        InputError: it is none, or is damaged.
    """
    with _errors(name, "Parquet"), _seekable(source) as place, pq.ParquetFile(place, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
            yield _table(batch)


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
            place = pa.memory_map(str(source)) if isinstance(source, Path) else pa.PythonFile(source, mode="r")
            with ipc.open_stream(place) as stream:
                yield from map(_table, stream)
            return
        with _seekable(source) as seekable:
            mapped = pa.memory_map(str(seekable)) if isinstance(seekable, Path) else seekable
            with ipc.open_file(mapped) as file:
                yield from (_table(file.get_batch(i)) for i in range(file.num_record_batches))


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
    _require_names(table.schema, name)
    return table


def column_records(tables: Iterable[pa.Table], name: str) -> Iterator[Record]:
    """A record for every row; one with text that is not UTF-8 has a problem.

    Args:
        tables: of the same columns.
        name: of what they are from, for messages.

    Raises:
        InputError: two columns have one name, or one has a type that JSON has no form for.
    """
    number = 0
    for table in tables:
        _require_names(table.schema, name)
        for start in range(0, table.num_rows, _ROWS):
            yield from _records(table.slice(start, _ROWS), number + start + 1)
        number += table.num_rows


def json_rows(table: pa.Table, *, errors: _Errors = "replace") -> Iterator[dict[str, Any]]:
    """A table's rows as JSON-like values.

    Args:
        table: any columns.
        errors: what to do about text that is not UTF-8, as for :meth:`bytes.decode`.

    Raises:
        InputError: a column has a type that JSON has no form for.
        UnicodeDecodeError: text is not UTF-8, and ``errors`` is ``"strict"``.
    """
    names = table.schema.names
    try:
        columns = [json_values(column, name) for name, column in zip(names, table.columns, strict=True)]
    except UnicodeDecodeError:
        if errors == "strict":
            raise
        binary = pa.large_binary()
        columns = [json_values(column, name, binary) for name, column in zip(names, table.columns, strict=True)]
    if not names:
        return iter([{}] * table.num_rows)
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def json_values(column: pa.ChunkedArray, name: str, text: pa.DataType = _TEXT) -> list[Any]:
    """A column as JSON-like values.

    Args:
        column: of any type.
        name: of the column, for messages.
        text: what text is read as: strings, or bytes, of which those that are no UTF-8 are replaced.

    Raises:
        InputError: its type has no form in JSON.
        UnicodeDecodeError: text is not UTF-8, and to be read as strings.
    """
    with naming(f"column {name!r} of type {column.type} has no form in JSON"):
        plain = column.cast(_plain_type(column.type, text))
    try:
        values: list[Any] = plain.to_pylist()
    except UnicodeDecodeError:
        raise
    except ValueError as error:  # an object in it names a field twice
        raise InputError(f"column {name!r} has no form in JSON: {error}") from error
    convert = _converter(column.type)
    return values if convert is None else list(map(convert, values))


def _records(table: pa.Table, first: int) -> Iterator[Record]:
    try:
        rows = list(json_rows(table, errors="strict"))
    except UnicodeDecodeError as error:
        if table.num_rows > 1:
            for i in range(table.num_rows):
                yield from _records(table.slice(i, 1), first + i)
            return
        problem = f"not UTF-8: {error.reason} at byte {error.start}"
        yield Record(f"row {first}", None, problem, json.dumps(next(json_rows(table)), ensure_ascii=False))
        return
    for i, row in enumerate(rows):
        yield Record(f"row {first + i}", row)


def _plain_type(kind: pa.DataType, text: pa.DataType) -> pa.DataType:
    """The type to cast to so that Python gets every value whole, without pandas."""
    kind = _stored(kind)
    if kinds.is_struct(kind):
        return pa.struct([field.with_type(_plain_type(field.type, text)) for field in kind])
    if kinds.is_map(kind):
        return pa.map_(_plain_type(kind.key_type, text), _plain_type(kind.item_type, text))
    if _is_list(kind):
        return pa.large_list(_plain_type(kind.value_type, text))
    return text if _is_text(kind) else _plain_leaf(kind)


def _plain_leaf(kind: pa.DataType) -> pa.DataType:
    if kinds.is_duration(kind):
        return pa.int64()
    if kinds.is_temporal(kind) or kinds.is_decimal(kind):
        return pa.string()
    return pa.float32() if kinds.is_float16(kind) else kind


def _converter(kind: pa.DataType) -> _Convert | None:
    """What makes a value of this type JSON's; ``None`` where it is already."""
    kind = _stored(kind)
    if kinds.is_floating(kind):
        return _finite
    if _is_text(kind):
        return lambda value: value.decode(errors="replace") if isinstance(value, bytes) else value
    if _is_bytes(kind):
        return lambda value: None if value is None else base64.b64encode(value).decode()
    if kinds.is_struct(kind):
        return _struct_converter({field.name: _converter(field.type) for field in kind})
    if kinds.is_map(kind):
        key, item = _converter(kind.key_type) or _same, _converter(kind.item_type) or _same
        return lambda value: None if value is None else [[key(k), item(v)] for k, v in value]
    inner = _converter(kind.value_type) if _is_list(kind) else None
    return None if inner is None else lambda value: None if value is None else list(map(inner, value))


def _struct_converter(fields: dict[str, _Convert | None]) -> _Convert | None:
    changed = {name: convert for name, convert in fields.items() if convert is not None}
    if not changed:
        return None

    def convert(value: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if value is None else value | {name: change(value[name]) for name, change in changed.items()}

    return convert


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _same(value: Any) -> Any:
    return value


def _stored(kind: pa.DataType) -> pa.DataType:
    """The type under extensions and dictionaries."""
    if isinstance(kind, pa.BaseExtensionType):
        return _stored(kind.storage_type)
    return _stored(kind.value_type) if kinds.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        kinds.is_binary(kind)
        or kinds.is_large_binary(kind)
        or kinds.is_fixed_size_binary(kind)
        or kinds.is_binary_view(kind)
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind))


def _table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])


def _require_names(schema: pa.Schema, name: str) -> None:
    twice = {column for column in schema.names if schema.names.count(column) > 1}
    if twice:
        raise InputError(f"{name} has more than one column called {min(twice)!r}")


def _rows_at_once(metadata: pq.FileMetaData) -> int:
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    fitting = _IN_MEMORY * metadata.num_rows // max(1, size)
    return max(1, min(_ROWS, int(fitting)))


@contextmanager
def _errors(name: str, what: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"cannot read {name} as {what}: {str(error).splitlines()[0]}") from error


@contextmanager
def _seekable(source: Path | IO[bytes]) -> Iterator[Path | IO[bytes]]:
    if isinstance(source, Path):
        yield source
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as aside:
        shutil.copyfileobj(source, aside, BUFFER)
        aside.seek(0)
        yield aside
