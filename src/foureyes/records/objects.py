"""Rows that are in memory already: data frames, Arrow tables, Hugging Face datasets, or any iterable of mappings.

Whose object it is, its module's name says; no library is imported that has not made one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from foureyes.errors import InputError
from foureyes.records.record import Record, text_of

__all__ = ["object_records"]


def object_records(source: object) -> Iterator[Record]:
    """A record for every row; one with a value that JSON has no form for has a problem.

    Args:
        source: a data frame of pandas or polars, a table, batch or reader of pyarrow, a data set of Hugging Face, or an
            iterable of mappings.

    Raises:
        InputError: it is none of them.
    """
    made_by = type(source).__module__.partition(".")[0]
    if made_by == "pyarrow":
        return _of_arrow(source)
    if isinstance(source, Mapping):
        keys = ", ".join(repr(key) for key in list(source)[:5])
        raise InputError(
            f"wanted rows; got one {type(source).__name__} with {keys}: choose one of them, or give a list"
        )
    rows = _FRAMES.get((made_by, type(source).__name__), _iterated)(source)
    return (_record(row, number) for number, row in enumerate(rows, start=1))


def _of_arrow(source: Any) -> Iterator[Record]:
    import pyarrow as pa  # noqa: PLC0415 - it has made the object

    from foureyes.records.columns import column_records  # noqa: PLC0415

    name = f"the {type(source).__name__}"
    if isinstance(source, pa.RecordBatch | pa.RecordBatchReader):
        batches: Iterable[Any] = [source] if isinstance(source, pa.RecordBatch) else source
    elif hasattr(source, "to_batches"):  # a table, or a data set of many files
        batches = source.to_batches()
    else:
        raise InputError(f"wanted a table of pyarrow; got {type(source).__name__}")
    return column_records((pa.Table.from_batches([batch]) for batch in batches), name)


def _pandas(frame: Any) -> Iterable[Any]:
    names = _names(frame.columns)
    return (dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None))


def _polars(frame: Any) -> Iterable[Any]:
    rows: Iterable[Any] = frame.iter_rows(named=True)
    return rows


def _lazy(frame: Any) -> Iterable[Any]:
    raise InputError(f"wanted rows; got a {type(frame).__name__}, which has none yet: call .collect() first")


def _plain_dataset(data: Any) -> Iterable[Any]:
    rows: Iterable[Any] = data.with_format(None)
    return rows


def _iterated(source: Any) -> Iterable[Any]:
    if not isinstance(source, Iterable):
        raise InputError(
            "wanted a path, an open binary file, a data frame, a table or an iterable of mappings; "
            f"got {type(source).__name__}"
        )
    return source


_FRAMES: Final[Mapping[tuple[str, str], Callable[[Any], Iterable[Any]]]] = {
    ("pandas", "DataFrame"): _pandas,
    ("polars", "DataFrame"): _polars,
    ("polars", "LazyFrame"): _lazy,
    ("datasets", "Dataset"): _plain_dataset,
    ("datasets", "IterableDataset"): _plain_dataset,
}


def _names(columns: Iterable[Any]) -> list[str]:
    names = [str(column) for column in columns]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"the data frame has more than one column called {min(twice)!r}")
    return names


def _record(row: object, number: int) -> Record:
    place = f"row {number}"
    if not isinstance(row, Mapping):
        return Record(place, None, f"wanted a mapping; got {type(row).__name__}")
    try:
        return Record(place, {str(name): _plain(value, str(name)) for name, value in row.items()})
    except InputError as error:
        return Record(place, None, str(error))


def _plain(value: Any, name: str) -> Any:
    """A value as JSON has it, by the same rules as a column's, see :mod:`foureyes.records.columns`."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, f"{name}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner, f"{name}.{i}") for i, inner in enumerate(value)]
    return _plain_leaf(value, name)


def _plain_leaf(value: Any, name: str) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value, name)
    if isinstance(value, str | int):
        return str(value) if isinstance(value, str) else int(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return text_of(bytes(value))
    kind = type(value).__name__
    if kind in ("NAType", "NaTType"):  # pandas' two ways to say that nothing is there
        return None
    if isinstance(value, datetime | date | time | timedelta | Decimal | UUID):
        return str(value)
    if hasattr(value, "tolist"):  # of numpy, torch, and everybody who has arrays
        return _plain(value.tolist(), name)
    raise InputError(f"{name!r} holds a {kind}, which JSON has no form for")
