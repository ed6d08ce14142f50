"""Parquet and Arrow: rows of columns as JSON-like values.

What JSON cannot hold is written the one way that loses nothing: decimals, dates and times as text, durations as whole
numbers of their unit, UUIDs as text, bytes as the text that they are or else in base64, maps as lists of pairs; a NaN or an infinity becomes null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from foureyes.errors import ConfigError, InputError
from foureyes.records.record import Record, require_once, text_of

try:
    import pyarrow as pa
    import pyarrow.types as kinds
except ImportError as error:
    raise ConfigError("Parquet and Arrow files need pyarrow: pip install 'foureyes[parquet]'") from error

__all__ = [
    "FOREIGN",
    "column_records",
    "json_rows",
    "json_values",
    "naming",
    "require_names",
]

FOREIGN: Final = (pa.ArrowException, OverflowError, UnicodeError)
"""What pyarrow raises when values and types do not fit (its I/O errors are plain ``OSError``)."""

_ROWS: Final = 1024
"""Rows in hand at once."""

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
        require_names(table.schema, name)
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
    stored = _stored(kind)
    if kinds.is_struct(stored):
        return _struct_converter({field.name: _converter(field.type) for field in stored})
    if kinds.is_map(stored):
        key, item = _converter(stored.key_type) or _same, _converter(stored.item_type) or _same
        return lambda value: None if value is None else [[key(k), item(v)] for k, v in value]
    if _is_list(stored):
        inner = _converter(stored.value_type)
        return None if inner is None else lambda value: None if value is None else list(map(inner, value))
    return _leaf_converter(kind, stored)


def _leaf_converter(kind: pa.DataType, stored: pa.DataType) -> _Convert | None:
    if kinds.is_floating(stored):
        return _finite
    if _is_text(stored):
        return lambda value: value.decode(errors="replace") if isinstance(value, bytes) else value
    if getattr(kind, "extension_name", "") == "arrow.uuid":
        return lambda value: None if value is None else str(UUID(bytes=value))
    if _is_bytes(stored):
        return lambda value: None if value is None else text_of(value)
    return None


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


def require_names(schema: pa.Schema, name: str) -> None:
    """Makes sure that every column has a name of its own.

    Raises:
        InputError: two have one name, or one has a name that is not UTF-8.
    """
    try:
        list(_all_names(schema))
    except UnicodeDecodeError as error:
        raise InputError(f"{name} has a column whose name is not UTF-8") from error
    require_once(schema.names, name)


def _all_names(fields: Iterable[pa.Field]) -> Iterator[str]:
    for field in fields:
        yield field.name
        yield from _all_names(field.type.field(i) for i in range(field.type.num_fields))
