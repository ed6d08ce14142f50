"""NPY and NPZ: arrays by name, mapped into memory where the file allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.tables.saving import replacing
from foureyes.tables.table import Table

__all__ = ["ArrayTable"]


class ArrayTable(Table):
    """The arrays of an NPZ file, or the one array of an NPY file, called by the file's name without its suffix.

    Args:
        path: of the file. Pickled objects are refused.

    Raises:
        InputError: it cannot be read, or its arrays have not the same number of rows.
    """

    def __init__(self, path: Path) -> None:
        self.name, self._single = str(path), path.suffix == ".npy"
        try:
            found = np.load(path, mmap_mode="r" if self._single else None, allow_pickle=False)
            self._arrays = {path.stem: found} if self._single else {name: found[name] for name in found.files}
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, EOFError, BadZipFile, AttributeError) as error:
            raise InputError(f"{path} is not a file of plain arrays: {error}") from error
        self.names = tuple(self._arrays)
        lengths = {name: array.shape[0] if array.ndim else 0 for name, array in self._arrays.items()}
        if len(set(lengths.values())) != 1:
            got = ", ".join(f"{name} {n}" for name, n in lengths.items()) or "no array"
            raise InputError(f"{path}: the arrays must have the same number of rows; got {got}")
        self._n = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._n

    def values(self, field: str) -> NDArray[Any]:
        """One array or list, see :meth:`Table.values`."""
        if field not in self._arrays:
            raise self._missing(field)
        found: NDArray[Any] = self._arrays[field]
        return found

    def save(self, path: Path, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None) -> None:
        """A copy, see :meth:`Table.save`."""
        if path.suffix != ".npz":
            raise InputError(f"cannot write {path}: arrays with names go into a .npz file")
        arrays = {**self._arrays, **{name: self._array(name, values) for name, values in fields.items()}}
        kept = arrays if rows is None else {name: array[rows] for name, array in arrays.items()}
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **kept)

    def _array(self, name: str, values: Sequence[Any]) -> NDArray[Any]:
        if any(value is None for value in values):
            raise InputError(
                f"{name!r} lacks values in some rows, which an array cannot say; use JSONL, CSV or Parquet"
            )
        return np.asarray(values)
