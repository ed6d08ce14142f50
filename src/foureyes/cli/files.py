"""What verbs that read tables and write pages share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.report.drawing import require_matplotlib
from foureyes.tables import Column, Table
from foureyes.tables.saving import require_place

__all__ = [
    "class_indices",
    "in_file",
    "read_text",
    "require_absent",
    "require_new_fields",
    "require_places",
    "require_same_format",
    "spread",
]


def require_places(page: Path | None, *others: Path | None) -> None:
    """Finds out before the work, not after it, whether a page can be drawn and files be put where they are wanted.

    Raises:
        InputError: a folder is missing or something is in the way.
        ConfigError: a page is wanted, and what draws it is not installed.
    """
    if page is not None:
        require_matplotlib()
    for path in (page, *others):
        if path is not None:
            require_place(path)


def require_same_format(table: Table, out: Path) -> None:
    """A copy has the format of what it is a copy of; arrays with names need a NPZ file.

    Raises:
        InputError: the suffix says otherwise.
    """
    if out.suffix.lower() not in table.suffixes:
        wanted = " or ".join(table.suffixes)
        raise InputError(f"OUT is a copy of IN in its format: wanted a file that ends in {wanted}; got {out}")


def require_absent(*outs: Path | None, force: bool) -> None:
    """No file is replaced unasked.

    Raises:
        InputError: one exists, and ``--force`` was not given.
    """
    for out in outs:
        if out is not None and out.exists() and not force:
            raise InputError(f"{out} exists; --force replaces it, or name another")


def require_new_fields(table: Table, names: Iterable[str], hint: str) -> None:
    """No field of a file is replaced unasked.

    Raises:
        InputError: one of the names is taken; ``hint`` says what to do.
    """
    taken = set(names) & set(table.names)
    if taken:
        raise InputError(f"{table.name} has a field {min(taken)!r} already; {hint}")


def class_indices(table: Table, field: str, column: Column[np.float64]) -> NDArray[np.intp]:
    """A column of numbers as whole numbers.

    Raises:
        InputError: a number that is none.
    """
    bad = column.values != np.floor(column.values)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"{table.name}: {field!r} must hold class indices; got {column.values[row]:g} in row {row}")
    return column.values.astype(np.intp)


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {path}: not UTF-8 at byte {error.start}") from error


@contextmanager
def in_file(path: Path) -> Iterator[None]:
    """Says which file cannot be used, when what stands in it is not what was wanted."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def spread(values: Sequence[Any], rows: Iterable[int], n: int) -> list[Any]:
    """A column of n rows: the values in the rows that have one, ``None`` in the others."""
    column: list[Any] = [None] * n
    for row, value in zip(rows, values, strict=True):
        column[row] = value
    return column
