"""From JSON-like values to Arrow's columns.

What columns cannot hold (a field that is a number in one row and text in another) is refused before a model is loaded.
The way back is :mod:`foureyes.records.columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from foureyes.batch.results import FACTS, OWN, OWN_FACTS, PART_FACTS, TOKEN_ARRAYS, UNSCORED, Columns
from foureyes.batch.window import Result
from foureyes.errors import ConfigError
from foureyes.records.columns import naming

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise ConfigError("Parquet files need pyarrow: pip install 'foureyes[parquet]'") from error

__all__ = ["common_schema", "result_column", "result_type", "table_of"]

_SCALARS: Final = {float: pa.float64(), int: pa.int64(), str: pa.string(), bool: pa.bool_()}
_WRITABLE_HINT: Final = "Parquet wants one type per field; JSONL output takes anything"


def common_schema(batches: Iterable[tuple[Sequence[Mapping[str, Any]], str]]) -> pa.Schema:
    """The columns that all rows fit in: a field that is missing is null, whole numbers may become floats.

    Args:
        batches: rows, and where they stand, for the message.

    Raises:
        InputError: a field has two types that no column can hold, or one that Parquet cannot.
    """
    schema = pa.schema([])
    for rows, where in batches:
        with naming(f"{where} cannot become Parquet ({_WRITABLE_HINT})"):
            schema = pa.unify_schemas([schema, pa.schema(list(pa.array(rows).type))], promote_options="permissive")
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


def result_type(columns: Columns) -> pa.DataType:
    """Type of the column ``foureyes``: a struct of verifiers, each a struct of numbers that are null where unscored."""
    reading = [(name, pa.float64()) for name in columns.signals]
    reading += [(name, _SCALARS[kind]) for name, kind in FACTS.items()]
    reading.append(("parts", pa.list_(pa.struct([(name, _SCALARS[kind]) for name, kind in PART_FACTS.items()]))))
    ends: list[tuple[str, pa.DataType]] = []
    if columns.tokens:
        ends.append(("tokens", pa.struct([(name, pa.list_(_SCALARS[kind])) for name, kind in TOKEN_ARRAYS.items()])))
    ends.append(("unscored", pa.struct([(name, _SCALARS[kind]) for name, kind in UNSCORED.items()])))
    verifiers = [(name, pa.struct(reading + ends)) for name in columns.verifiers]
    own = [(name, _SCALARS[kind]) for name, kind in OWN_FACTS.items()]
    return pa.struct(verifiers + ([(OWN, pa.struct(own + ends))] if columns.own else []))


def result_column(results: Sequence[Result], kind: pa.DataType) -> pa.Array:
    """The column ``foureyes`` of a window."""
    return pa.array(results, type=kind)
