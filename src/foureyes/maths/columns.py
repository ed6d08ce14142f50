"""Validates columns of numbers before a formula sees them.

Every measure and every calibrator takes the same few kinds of column, so the same few checks stand here and fail with
the same words. A check returns the column as an array of the type the formulas want, without a copy where it can.
NaN is refused everywhere: a score that could not be told is left out by the caller, never averaged in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError

__all__ = [
    "class_indices",
    "distributions",
    "flags",
    "fraction",
    "group_ids",
    "probabilities",
    "real",
    "real_matrix",
    "same_length",
]

Floats = NDArray[np.float64]


def real(name: str, values: ArrayLike, *, finite: bool = False) -> Floats:
    """A (N,) column of numbers without NaN; infinities are values like others unless ``finite``."""
    column = _column(name, values)
    low, high = _ends(column)
    if np.isnan(low):
        raise InputError(f"{name} must not contain NaN; got {_first(np.isnan(column))}: leave rows out that have none")
    if finite and (np.isinf(low) or np.isinf(high)):
        raise InputError(f"{name} must be finite; got an infinity {_first(np.isinf(column))}")
    return column


def probabilities(name: str, values: ArrayLike) -> Floats:
    """A (N,) column of numbers in [0, 1]."""
    column = _column(name, values)
    low, high = _ends(column)
    if not (low >= 0 and high <= 1):
        bad = ~((column >= 0) & (column <= 1))
        raise InputError(f"{name} must lie in [0, 1]; got {column[bad][0]:g} {_first(bad)}")
    return column


def distributions(name: str, values: ArrayLike) -> Floats:
    """A (N, K) matrix whose rows are probabilities that sum to one, within 10⁻⁴ (single precision is enough)."""
    matrix = real_matrix(name, values)
    low = float(matrix.min()) if matrix.size else 0.0
    if not low >= 0:
        raise InputError(f"{name} must not be negative; got {low:g} {_first((matrix < 0).any(axis=1))}")
    sums = matrix.sum(axis=1)
    if (off := ~(np.abs(sums - 1) <= 1e-4)).any():
        raise InputError(f"every row of {name} must sum to one; got a sum of {sums[off][0]:g} {_first(off)}")
    return matrix


def real_matrix(name: str, values: ArrayLike) -> Floats:
    """A (N, K) matrix of numbers without NaN, K ≥ 1."""
    matrix = np.asarray(values)
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise InputError(f"{name} must be two-dimensional, one row an item; got shape {matrix.shape}")
    if matrix.size and matrix.dtype.kind not in "fiub":
        raise InputError(f"{name} must be real numbers; got {matrix.dtype}")
    if matrix.size and np.isnan(matrix.min()):
        raise InputError(f"{name} must not contain NaN; got {_first(np.isnan(matrix).any(axis=1))}")
    return matrix.astype(np.float64, copy=False)


def class_indices(name: str, values: ArrayLike, *, n_classes: int) -> NDArray[np.intp]:
    """A (N,) column of whole numbers from 0 to ``n_classes`` − 1."""
    column = np.asarray(values)
    if column.ndim != 1 or (column.size and column.dtype.kind not in "iu"):
        raise InputError(f"{name} must be a column of integers; got {column.dtype} of shape {column.shape}")
    if column.size and not (column.min() >= 0 and column.max() < n_classes):
        bad = (column < 0) | (column >= n_classes)
        raise InputError(f"{name} must lie in 0..{n_classes - 1}; got {column[bad][0]} {_first(bad)}")
    return column.astype(np.intp, copy=False)


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


def _column(name: str, values: ArrayLike) -> Floats:
    column = np.asarray(values)
    if column.ndim != 1:
        raise InputError(f"{name} must be one-dimensional, one number a row; got shape {column.shape}")
    if column.size and column.dtype.kind not in "fiub":
        raise InputError(f"{name} must be real numbers; got {column.dtype}")
    return column.astype(np.float64, copy=False)


def _ends(column: Floats) -> tuple[float, float]:
    """Smallest and largest; both NaN if any entry is."""
    return (float(column.min()), float(column.max())) if column.size else (0.0, 0.0)


def _first(bad: NDArray[np.bool_] | np.bool) -> str:
    rows = np.flatnonzero(bad)
    return f"at row {rows[0]}" + (f" and in {len(rows) - 1} more" if len(rows) > 1 else "")
