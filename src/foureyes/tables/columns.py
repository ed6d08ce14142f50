"""Parquet and Arrow, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import feather
from pyarrow import parquet as pq

from foureyes.records.columns import json_values, naming
from foureyes.records.forms import suffixes_of
from foureyes.tables.saving import replacing
from foureyes.tables.table import Table

__all__ = ["ColumnForm", "ColumnTable"]

ColumnForm: TypeAlias = Literal["parquet", "arrow"]


class ColumnTable(Table):
    """The columns of a Parquet or Arrow file.

    Args:
        name: of the file, for messages.
        form: in which copies are written.
        table: what it holds; no two columns have one name.
    """

    def __init__(self, name: str, form: ColumnForm, table: pa.Table) -> None:
        self.name, self._form, self._table = name, form, table
        self.suffixes, self.names = suffixes_of(form), tuple(table.schema.names)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def values(self, field: str) -> Sequence[Any] | NDArray[Any]:
        """One array or list, see :meth:`Table.values`."""
        steps = _steps(self._table.schema, field)
        if steps is None:
            raise self._missing(field)
        column = self._table.column(steps[0])
        column = pc.struct_field(column, steps[1:]) if len(steps) > 1 else column
        numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if numeric and not column.null_count:
            values: NDArray[Any] = column.to_numpy()
            return values
        matrix = _matrix(column)
        if matrix is not None:
            return matrix
        with naming(f"{self.name}: column {field!r} cannot be read"):
            return json_values(column, field)

    def save(self, path: Path, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None) -> None:
        """A copy, see :meth:`Table.save`."""
        table = self._table
        with naming(f"{path} cannot be written"):
            for name, values in fields.items():
                table = _with_column(table, name, pa.array(values))
            table = table if rows is None else table.take(pa.array(rows))
            with replacing(path) as part:
                if self._form == "parquet":
                    pq.write_table(table, part, compression="zstd")
                else:
                    feather.write_feather(table, str(part), compression="zstd")


def _steps(fields: Any, path: str) -> list[str] | None:
    """The names that lead to a field, by the types of the columns."""
    names = [field.name for field in fields]
    if path in names:
        return [path]
    for dot in (i for i, char in enumerate(path) if char == "."):
        head = path[:dot]
        if head in names and pa.types.is_struct(kind := fields.field(head).type):
            rest = _steps(kind, path[dot + 1 :])
            if rest:
                return [head, *rest]
    return None


def _matrix(column: Any) -> NDArray[Any] | None:
    """Lists of equally many numbers as (N, K), without a Python object for each of them; ``None`` for anything else."""
    kind = column.type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not lists or column.null_count or not len(column) or not pa.types.is_floating(kind.value_type):
        return None
    widths, flat = pc.unique(pc.list_value_length(column)), pc.list_flatten(column)
    if len(widths) != 1 or flat.null_count:
        return None
    values: NDArray[Any] = flat.to_numpy().reshape(len(column), -1)
    return values


def _with_column(table: Any, name: str, column: Any) -> Any:
    place = table.schema.get_field_index(name)
    return table.append_column(name, column) if place < 0 else table.set_column(place, name, column)
