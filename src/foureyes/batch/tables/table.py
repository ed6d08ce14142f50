"""A table in shards. Start at :class:`ShardedTable`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import count, pairwise, repeat
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from foureyes.batch.disk import writing
from foureyes.batch.shards.plan import Shard
from foureyes.batch.shards.room import shard_name
from foureyes.batch.tables.crew import Crew, ShardTask
from foureyes.batch.tables.reading import ColumnKind, ShardCopy, column_of, copy_of, look_at, values_of
from foureyes.errors import InputError
from foureyes.tables import Column, Table

__all__ = ["Copies", "ShardedTable"]

X = TypeVar("X")
R = TypeVar("R")

_SHARED: Final = 64
"""Characters up to which texts that are the same are kept once: classes, letters."""

_TYPED: Final = (".parquet", ".arrow", ".feather")

_HASHED: Final = 1 << 16
"""Values at a time."""


class Copies(Protocol):
    """Where copies of shards go."""

    def begin(self, names: Collection[str], identity: Mapping[str, Any]) -> set[str]:
        """Makes room for them; nothing was changed before.

        Args:
            names: of all copies.
            identity: what they are made of, besides the shards: a run is gone on with by the same.

        Returns:
            Which are to be made.

        Raises:
            InputError: the run that is to be gone on with made others.
        """
        ...

    def put(self, made: Path) -> None:
        """Takes a copy that is whole, which is gone from where it was made."""
        ...

    def end(self) -> None:
        """Says that all of them are in their places."""
        ...


class ShardedTable(Table):
    """The rows of all shards, in their order.

    Args:
        name: of the input, for messages.
        shards: of it, at least one.
        crew: works on them.
        work: folder of this machine for matrices.
        copies: takes copies of the shards; ``None`` where they have no place.

    Raises:
        InputError: a shard cannot be read, or their formats differ.
    """

    def __init__(
        self,
        name: str,
        shards: Sequence[Shard],
        crew: Crew,
        work: Path,
        copies: Copies | None = None,
    ) -> None:
        self.name, self._shards, self._crew, self._work, self._copies = name, shards, crew, work, copies
        looks = list(self._asked(look_at, None))
        self.suffixes = looks[0].suffixes
        other = next((look for look in looks if look.suffixes != self.suffixes), None)
        if other is not None:
            raise InputError(
                f"{name} wants files of one format, since copies have it; got {self.suffixes[0]} and {other.suffixes[0]}"
            )
        self.names = tuple(dict.fromkeys(field for look in looks for field in look.names))
        self._edges = np.cumsum([0, *(look.rows for look in looks)]).tolist()
        self._matrices = count()

    def __len__(self) -> int:
        return int(self._edges[-1])

    def values(self, field: str) -> Sequence[Any] | NDArray[Any]:
        """One array or list, see :meth:`Table.values`."""
        parts = list(self._shared(self._asked(values_of, field)))
        if all(part is None for part in parts) and len(self):
            raise self._missing(field)
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        if len(arrays) == len(parts) and len({(part.dtype, part.shape[1:]) for part in arrays}) == 1:
            return np.concatenate(arrays)
        return [one for part, rows in zip(parts, self._sizes, strict=True) for one in _listed(part, rows)]

    def numbers(self, field: str) -> Column[np.float64]:
        """(N,) numbers, see :meth:`Table.numbers`."""
        return self._column("numbers", field, np.float64)

    def flags(self, field: str) -> Column[np.bool_]:
        """(N,) truth values, see :meth:`Table.flags`."""
        return self._column("flags", field, np.bool_)

    def matrix(self, field: str) -> Column[np.float64]:
        """(N, K) numbers in a mapped file, see :meth:`Table.matrix`."""
        values: NDArray[np.float64] | None = None
        present, is_there = np.zeros(len(self), np.bool_), False
        for (start, stop), column in zip(pairwise(self._edges), self._asked(column_of, ("matrix", field)), strict=True):
            is_there |= column is not None
            if column is None or not column.present.any():
                continue
            width = column.values.shape[1]
            values = self._mapped(width) if values is None else values
            if values.shape[1] != width:
                raise InputError(
                    f"{self.name}: every {field!r} must be equally long; got {values.shape[1]} and {width}"
                )
            values[start:stop], present[start:stop] = column.values, column.present
        if not is_there and len(self):
            raise self._missing(field)
        return Column(np.zeros((len(self), 0)) if values is None else values, present)

    def save(
        self, path: Path | str, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None
    ) -> None:
        """A copy of each shard, see :meth:`Table.save`; the rows that are kept must be in their order."""
        if self._copies is None:
            raise InputError(f"{path} was not opened for copies")
        kinds = _kinds(fields) if self.suffixes[0] in _TYPED else {}
        names = [shard_name(shard.index, self.suffixes[0].removeprefix(".")) for shard in self._shards]
        missing = self._copies.begin(names, _identity(fields, rows))
        todo = [
            (shard, self._work / name, edges)
            for shard, name, edges in zip(self._shards, names, pairwise(self._edges), strict=True)
            if name in missing
        ]
        copies = (
            ShardCopy({name: values[start:stop] for name, values in fields.items()}, kinds, _within(rows, start, stop))
            for _, _, (start, stop) in todo
        )
        tasks = [ShardTask(shard, out) for shard, out, _ in todo]
        for (_, out, _), _ in zip(todo, self._crew.work(copy_of, tasks, copies), strict=True):
            self._copies.put(out)
        self._copies.end()

    def _shared(self, parts: Iterator[Any]) -> Iterator[Any]:
        """The same, with short texts that are the same kept once."""
        known: dict[str, str] = {}
        for part in parts:
            if isinstance(part, np.ndarray) or part is None:
                yield part
            else:
                yield [
                    known.setdefault(one, one) if isinstance(one, str) and len(one) <= _SHARED else one for one in part
                ]

    @property
    def _sizes(self) -> list[int]:
        return [stop - start for start, stop in pairwise(self._edges)]

    def _asked(self, what: Callable[[Path, X, Path | None], R], asked: X) -> Iterator[R]:
        tasks = [ShardTask(shard) for shard in self._shards]
        return self._crew.work(what, tasks, repeat(asked, len(tasks)))

    def _column(self, kind: ColumnKind, field: str, dtype: type[Any]) -> Column[Any]:
        values, present = np.zeros(len(self), dtype), np.zeros(len(self), np.bool_)
        is_there = False
        for (start, stop), column in zip(pairwise(self._edges), self._asked(column_of, (kind, field)), strict=True):
            if column is not None:
                is_there = True
                values[start:stop], present[start:stop] = column.values, column.present
        if not is_there and len(self):
            raise self._missing(field)
        return Column(values, present)

    def _mapped(self, width: int) -> NDArray[np.float64]:
        """A matrix of zeros in a file, which takes room on the disk and none in memory."""
        path = self._work / f"matrix-{next(self._matrices)}"
        with writing(path):
            return np.memmap(path, np.float64, "w+", shape=(len(self), width))


def _listed(values: Sequence[Any] | NDArray[Any] | None, rows: int) -> Sequence[Any]:
    if values is None:
        return [None] * rows
    found: Sequence[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    return found


def _identity(fields: Mapping[str, Sequence[Any]], rows: NDArray[np.intp] | None) -> dict[str, Any]:
    """What copies are made of besides the shards, whoever decided it and by which options."""
    added = {name: _digest(values) for name, values in fields.items()}
    return {"added": added, "rows_kept": None if rows is None else _digest(rows)}


def _digest(values: Sequence[Any] | NDArray[Any]) -> str:
    """Of a column; numbers count to their last digit."""
    digest = hashlib.sha256()
    for start in range(0, len(values), _HASHED):
        digest.update(repr(list(values[start : start + _HASHED])).encode())
    return f"sha256:{digest.hexdigest()}"


def _within(rows: NDArray[np.intp] | None, start: int, stop: int) -> NDArray[np.intp] | None:
    """Of the rows that are kept those of a shard, counted from its first."""
    if rows is None:
        return None
    first, last = np.searchsorted(rows, [start, stop])
    found: NDArray[np.intp] = rows[first:last] - start
    return found


def _kinds(fields: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Arrow's types of whole columns: a shard may hold nothing but absent values, and must fit the others all the same."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    return {name: pa.array(values).type for name, values in fields.items()}
