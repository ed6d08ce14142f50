"""Between JSON-like values and Arrow's columns, both ways.

What JSON cannot hold is written the one way that loses nothing: decimals, dates and times as text, durations as whole
numbers of their unit, bytes in base64, maps as lists of pairs; a NaN or an infinity becomes null. What columns cannot
hold (a field that is a number in one row and text in another) is refused before a model is loaded.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from foureyes.batch.results import FACTS, PART_FACTS, TOKEN_ARRAYS, UNSCORED
from foureyes.batch.window import Result
from foureyes.errors import ConfigError, InputError

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyarrow.types as kinds
except ImportError as error:
    raise ConfigError("Parquet files need pyarrow: pip install 'foureyes[parquet]'") from error

__all__ = ["FOREIGN", "common_schema", "json_rows", "naming", "plain_type", "result_column", "result_type", "table_of"]

FOREIGN: Final = (pa.ArrowException, OverflowError, UnicodeError)
"""What pyarrow raises when values and types do not fit (its I/O errors are plain ``OSError``)."""

_SCALARS: Final = {float: pa.float64(), int: pa.int64(), str: pa.string(), bool: pa.bool_()}
_WRITABLE_HINT: Final = "Parquet wants one type per field; JSONL output takes anything"


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turns pyarrow's complaints into ours."""
    try:
        yield
    except FOREIGN as error:
        raise InputError(f"{what}: {str(error).splitlines()[0]}") from error


def common_schema(batches: Iterable[tuple[Sequence[Mapping[str, Any]], int]]) -> pa.Schema:
    """The columns that all rows fit in: a field that is missing is null, whole numbers may become floats.

    Args:
        batches: rows, and the number of the line that the last of them stood on.

    Raises:
        InputError: a field has two types that no column can hold, or one that Parquet cannot.
    """
    schema = pa.schema([])
    seen = 0
    for rows, last in batches:
        with naming(f"lines {seen + 1} to {last} cannot become Parquet ({_WRITABLE_HINT})"):
            schema = pa.unify_schemas([schema, pa.schema(list(pa.array(rows).type))], promote_options="permissive")
        seen = last
    with naming(f"the rows cannot become Parquet ({_WRITABLE_HINT})"), pa.BufferOutputStream() as nowhere:
        pq.ParquetWriter(nowhere, schema).close()
    return schema


def table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema, where: str) -> pa.Table:
    """JSON rows as columns.

    Args:
        rows: any number of them.
        schema: of all columns.
        where: the rows' place, for the message.
    """
    with naming(f"{where} cannot become Parquet ({_WRITABLE_HINT})"):
        columns = [pa.array([row.get(field.name) for row in rows], type=field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def result_type(verifiers: Iterable[str], signals: Iterable[str], *, tokens: bool) -> pa.DataType:
    """Type of the column ``foureyes``: a struct of verifiers, each a struct of numbers that are null where unscored."""
    fields = [(name, pa.float64()) for name in signals]
    fields += [(name, _SCALARS[kind]) for name, kind in FACTS.items()]
    fields.append(("parts", pa.list_(pa.struct([(name, _SCALARS[kind]) for name, kind in PART_FACTS.items()]))))
    if tokens:
        fields.append(("tokens", pa.struct([(name, pa.list_(_SCALARS[kind])) for name, kind in TOKEN_ARRAYS.items()])))
    fields.append(("unscored", pa.struct([(name, _SCALARS[kind]) for name, kind in UNSCORED.items()])))
    return pa.struct([(name, pa.struct(fields)) for name in verifiers])


def result_column(results: Sequence[Result], kind: pa.DataType) -> pa.Array:
    """The column ``foureyes`` of a window."""
    return pa.array(results, type=kind)


def json_rows(table: pa.Table, *, errors: str = "replace") -> Iterator[dict[str, Any]]:
    """A table's rows as JSON-like values.

    Args:
        table: any columns.
        errors: what to do about text that is not UTF-8, as for :meth:`bytes.decode`.

    Raises:
        InputError: a column has a type that JSON has no form for.
    """
    plain = []
    for field, column in zip(table.schema, table.columns, strict=True):
        with naming(f"column {field.name!r} of type {field.type} has no form in JSON"):
            plain.append(column.cast(plain_type(field.type)))
    for i in range(table.num_rows):
        yield {
            field.name: _json_value(column[i].as_py(), field.type, errors)
            for field, column in zip(table.schema, plain, strict=True)
        }


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type to cast to so that Python gets every value whole, without pandas and whatever the text's encoding."""
    kind = _stored(kind)
    if kinds.is_struct(kind):
        return pa.struct([field.with_type(plain_type(field.type)) for field in kind])
    if kinds.is_map(kind):
        return pa.map_(plain_type(kind.key_type), plain_type(kind.item_type))
    if _is_list(kind):
        return pa.large_list(plain_type(kind.value_type))
    return _plain_leaf(kind)


def _plain_leaf(kind: pa.DataType) -> pa.DataType:
    if kinds.is_duration(kind):
        return pa.int64()
    if kinds.is_temporal(kind) or kinds.is_decimal(kind):
        return pa.string()
    return pa.large_binary() if _is_text(kind) else kind


def _json_value(value: Any, kind: pa.DataType, errors: str) -> Any:
    kind = _stored(kind)
    if value is None or isinstance(value, bytes | float):
        return _json_leaf(value, kind, errors)
    if kinds.is_struct(kind):
        return {field.name: _json_value(value[field.name], field.type, errors) for field in kind}
    if kinds.is_map(kind):
        return [[_json_value(k, kind.key_type, errors), _json_value(v, kind.item_type, errors)] for k, v in value]
    if _is_list(kind):
        return [_json_value(item, kind.value_type, errors) for item in value]
    return value


def _json_leaf(value: bytes | float | None, kind: pa.DataType, errors: str) -> str | float | None:
    if isinstance(value, bytes):
        return value.decode(errors=errors) if _is_text(kind) else base64.b64encode(value).decode()
    return value if value is None or math.isfinite(value) else None


def _stored(kind: pa.DataType) -> pa.DataType:
    """The type under extensions and dictionaries."""
    if isinstance(kind, pa.BaseExtensionType):
        return _stored(kind.storage_type)
    return _stored(kind.value_type) if kinds.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind))
