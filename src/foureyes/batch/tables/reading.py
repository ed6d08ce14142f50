"""What is asked of one shard: functions that run where the shard is, and return no more than was asked for.

Start at :func:`column_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.tables import Column, Table, open_table

__all__ = ["ColumnKind", "ShardCopy", "ShardLook", "column_of", "copy_of", "look_at", "values_of"]

ColumnKind: TypeAlias = Literal["numbers", "flags", "matrix"]


@dataclass(frozen=True, slots=True)
class ShardLook:
    """What a shard is.

    Attributes:
        rows: how many.
        names: of its fields.
        suffixes: what the name of a copy may end in.
    """

    rows: int
    names: tuple[str, ...]
    suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ShardCopy:
    """What a copy of a shard is to have.

    Attributes:
        fields: name → a value a row of the shard.
        kinds: name → Arrow's type of the whole column, where copies have types.
        rows: of the shard that are kept, in order; ``None`` for all.
    """

    fields: Mapping[str, Sequence[Any]]
    kinds: Mapping[str, Any]
    rows: NDArray[np.intp] | None


def look_at(place: Path, _asked: None, _out: Path | None) -> ShardLook:
    """What a shard is."""
    table = open_table(place)
    return ShardLook(len(table), table.names, table.suffixes)


def values_of(place: Path, field: str, _out: Path | None) -> Sequence[Any] | NDArray[Any] | None:
    """A field as :meth:`~foureyes.tables.table.Table.values` gives it; ``None`` where no row of the shard has it."""
    table = open_table(place)
    return table.values(field) if _has(table, field) else None


def column_of(place: Path, asked: tuple[ColumnKind, str], _out: Path | None) -> Column[Any] | None:
    """A column as the table's method of that name gives it; ``None`` where no row of the shard has the field."""
    kind, field = asked
    table = open_table(place)
    parts = field.split(",") if kind == "matrix" and field not in table.names else [field]
    if not all(_has(table, part.strip()) for part in parts):
        return None
    found: Column[Any] = getattr(table, kind)(field)
    return found


def copy_of(place: Path, asked: ShardCopy, out: Path | None) -> int:
    """Writes a copy of a shard, and says how many bytes it has."""
    if out is None:
        raise InputError("a copy wants a place")
    fields: Mapping[str, Any] = asked.fields
    if asked.kinds:
        import pyarrow as pa  # noqa: PLC0415 - an extra

        fields = {name: pa.array(values, asked.kinds[name]) for name, values in fields.items()}
    open_table(place).save(out, fields, rows=asked.rows)
    return out.stat().st_size


def _has(table: Table, field: str) -> bool:
    try:
        table.values(field)
    except InputError:
        return False
    return True
