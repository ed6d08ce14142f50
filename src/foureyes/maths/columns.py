"""What a column of numbers must be before a formula sees it.

Every measure and every calibrator takes the same few kinds of column, so the same few checks stand here and fail with
the same words. A check returns the column as an array of the type the formulas want, without a copy where it can.
NaN is refused everywhere: a score that could not be told is left out by the caller, never averaged in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError

__all__ = ["flags", "fraction", "group_ids", "probabilities", "real", "same_length"]

Floats = NDArray[np.float64]


def real(name: str, values: ArrayLike, *, finite: bool = False) -> Floats:
    """A (N,) column of numbers without NaN; infinities are values like others unless ``finite``."""
    column = np.asarray(values)
    if column.ndim != 1:
        raise InputError(f"{name} must be one-dimensional, one number a row; got shape {column.shape}")
    if column.size and column.dtype.kind not in "fiub":
        raise InputError(f"{name} must be real numbers; got {column.dtype}")
    column = column.astype(np.float64, copy=False)
    lowest_and_highest = (column.min(), column.max()) if column.size else ()
    if any(np.isnan(end) for end in lowest_and_highest):
        raise InputError(f"{name} must not contain NaN; got {_first(np.isnan(column))}: leave rows out that have none")
    if finite and any(np.isinf(end) for end in lowest_and_highest):
        raise InputError(f"{name} must be finite; got an infinity {_first(np.isinf(column))}")
    return column


def probabilities(name: str, values: ArrayLike) -> Floats:
    """A (N,) column of numbers in [0, 1]."""
    column = real(name, values)
    if column.size and (column.min() < 0 or column.max() > 1):
        bad = (column < 0) | (column > 1)
        raise InputError(f"{name} must lie in [0, 1]; got {column[bad][0]:g} {_first(bad)}")
    return column


def flags(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    """A (N,) column of truth values, given as booleans or as 0 and 1."""
    column = np.asarray(values)
    if column.ndim != 1:
        raise InputError(f"{name} must be one-dimensional, one flag a row; got shape {column.shape}")
    if column.dtype == np.bool_ or not column.size:
        return column.astype(np.bool_, copy=False)
    if column.dtype.kind not in "fiu":
        raise InputError(f"{name} must be booleans or 0 and 1; got {column.dtype}")
    as_flags = column.astype(np.bool_)
    if not np.array_equal(as_flags, column):
        bad = as_flags != column
        raise InputError(f"{name} must be booleans or 0 and 1; got {column[bad][0]} {_first(bad)}")
    return as_flags


def group_ids(name: str, values: ArrayLike) -> NDArray[np.intp]:
    """A (N,) column of group labels, renumbered 0 … G-1."""
    column = np.asarray(values)
    if column.ndim != 1 or column.dtype.kind not in "iu":
        raise InputError(f"{name} must be a column of integers; got {column.dtype} of shape {column.shape}")
    return np.unique(column, return_inverse=True)[1]


def same_length(**columns: NDArray[np.generic]) -> int:
    """The number of rows that all the columns have."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        raise InputError("columns must have the same length; got " + ", ".join(f"{k} {n}" for k, n in lengths.items()))
    return next(iter(lengths.values()))


def fraction(name: str, value: float) -> float:
    """A number strictly between 0 and 1."""
    if not 0 < value < 1:
        raise InputError(f"{name} must lie strictly between 0 and 1; got {value:g}")
    return float(value)


def _first(bad: NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(bad)
    return f"at row {rows[0]}" + (f" and in {len(rows) - 1} more" if len(rows) > 1 else "")
