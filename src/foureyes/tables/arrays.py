"""NPY and NPZ: arrays by name. An NPY file is mapped into memory; of an NPZ file, an array is read when it is asked for.

Opening an NPZ file reads the first bytes of each member and no more: a member that unpacks to more than there is memory harms
nobody who does not ask for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from zipfile import BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError  # noqa: N812 - it is a class

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.tables.saving import replacing
from foureyes.tables.table import Table

__all__ = ["ArrayTable"]

_MOST_ARRAYS: Final = 4096


class ArrayTable(Table):
    """The arrays of an NPZ file, or the one array of an NPY file, called by the file's name without its suffix.

    Args:
        path: of the file. Pickled objects are refused.

    Raises:
        InputError: it cannot be read, or its arrays have not the same number of rows.
    """

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        self.suffixes = (".npz",)
        self._arrays: dict[str, NDArray[Any]] = {}
        with _named_errors(path):
            if path.suffix == ".npy":
                self._arrays[path.stem] = npy.open_memmap(path, mode="r")
                lengths = {path.stem: _length(self._arrays[path.stem].shape)}
            else:
                lengths = _member_lengths(path)
        self.names = tuple(lengths)
        if len(set(lengths.values())) != 1:
            got = ", ".join(f"{name} {n}" for name, n in lengths.items()) or "no array"
            raise InputError(f"{path}: the arrays must have the same number of rows; got {got}"[:500])
        self._n = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._n

    def values(self, field: str) -> NDArray[Any]:
        """One array or list, see :meth:`Table.values`."""
        if field not in self.names:
            raise self._missing(field)
        if field not in self._arrays:
            with _named_errors(self._path), ZipFile(self._path) as archive:
                self._arrays[field] = _member(archive, archive.getinfo(f"{field}.npy"))
        return self._arrays[field]

    def save(self, path: Path, fields: Mapping[str, Sequence[Any]], *, rows: NDArray[np.intp] | None = None) -> None:
        """A copy, see :meth:`Table.save`; one array after the other, so that no more than one is in memory for it."""
        if path.suffix != ".npz":
            raise InputError(f"cannot write {path}: arrays with names go into a .npz file")
        added = {name: self._array(name, values) for name, values in fields.items()}
        with replacing(path) as part, ZipFile(part, "w") as archive:
            for name in dict.fromkeys((*self.names, *added)):
                array = added[name] if name in added else self.values(name)
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, array if rows is None else array[rows], allow_pickle=False)

    def _array(self, name: str, values: Sequence[Any]) -> NDArray[Any]:
        if any(value is None for value in values):
            raise InputError(
                f"{name!r} lacks values in some rows, which an array cannot say; use JSONL, CSV or Parquet"
            )
        return np.asarray(values)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Whatever goes wrong in reading arrays, as one error that names the file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except MemoryError as error:
        raise InputError(f"{path}: the array that was asked for does not go into memory") from error
    except (ValueError, EOFError, BadZipFile, ZlibError, RuntimeError, KeyError, SyntaxError, TypeError) as error:
        raise InputError(f"{path} is not a file of plain arrays: {error}"[:500]) from error


def _member_lengths(path: Path) -> dict[str, int]:
    """How many rows each array has, by its own header."""
    with ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > _MOST_ARRAYS:
            raise ValueError(f"it has {len(members):,} members; at most {_MOST_ARRAYS:,} are read")
        lengths: dict[str, int] = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in lengths or name == member.filename:
                raise ValueError(f"the member {member.filename[:80]!r} is there twice, or is no array")
            with archive.open(member) as file:
                lengths[name] = _length(_stated(file, member)[0])
    return lengths


def _length(shape: tuple[int, ...]) -> int:
    return shape[0] if shape else 0


def _stated(file: IO[bytes], member: ZipInfo) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of a member's array, which must be as large as the archive says that the member is."""
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"{member.filename!r} is in version {version} of the format; wanted 1.0 or 2.0")
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError(f"{member.filename!r} holds pickled objects")
    size = math.prod(shape) * dtype.itemsize
    if file.tell() + size != member.file_size:
        raise ValueError(f"{member.filename!r} states an array of {size:,} bytes, and has {member.file_size:,} in all")
    return shape, dtype


def _member(archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    with archive.open(member) as file:
        _stated(file, member)
    with archive.open(member) as file:
        found: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return found
