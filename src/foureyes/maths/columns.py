"""Validates columns of numbers before a formula sees them.

Every measure and every calibrator takes the same few kinds of column, so the same few checks stand here and fail with
the same words. A check returns the column as an array of the type the formulas want, without a copy where it can.
NaN is refused everywhere: a score that could not be told is left out by the caller, never averaged in.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError
from foureyes.maths.arrays import as_array

__all__ = [
    "TOLERANCE",
    "Outcomes",
    "class_indices",
    "distributions",
    "flags",
    "fraction",
    "group_ids",
    "outcomes",
    "probabilities",
    "real",
    "real_matrix",
    "same_length",
    "shares_of_classes",
    "stated_and_seen",
]

Floats = NDArray[np.float64]
Outcomes: TypeAlias = NDArray[np.bool_] | NDArray[np.float64]

TOLERANCE: Final = 1e-4
"""How far a probability may lie outside [0, 1], and a distribution's sum from one, by the rounding of single precision."""

_MOST_ROUNDING: Final = 0.05
_MOST_DECIMALS: Final = 4


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
    """A (N,) column of numbers in [0, 1]; what lies outside by no more than :data:`TOLERANCE` is moved to the end."""
    column = _column(name, values)
    low, high = _ends(column)
    if low >= 0 and high <= 1:
        return column
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        bad = ~((column >= -TOLERANCE) & (column <= 1 + TOLERANCE))
        raise InputError(f"{name} must lie in [0, 1]; got {_told(column[bad][0])} {_first(bad)}{_per_cent(low, high)}")
    return np.clip(column, 0.0, 1.0)


def distributions(name: str, values: ArrayLike) -> Floats:
    """A (N, K) matrix whose rows are probabilities that sum to one.

    Within 10⁻⁴ they are taken as they are. Beyond, numbers that were rounded (to 2, 3 or 4 decimals, or to half
    precision or bfloat16) are taken and scaled to a sum of one, as far as rounding explains the sum, 0.05 at most.
    """
    matrix = real_matrix(name, values)
    low = float(matrix.min()) if matrix.size else 0.0
    if not low >= -TOLERANCE:
        raise InputError(f"{name} must not be negative; got {_told(low)} {_first((matrix < -TOLERANCE).any(axis=1))}")
    if low < 0:
        matrix = np.maximum(matrix, 0.0)
    sums = matrix.sum(axis=1)
    if not (np.abs(sums - 1) > TOLERANCE).any() and not np.isinf(sums).any():
        return matrix
    if (off := ~(np.abs(sums - 1) <= _rounding(matrix))).any():
        raise InputError(
            f"every row of {name} must sum to one; got a sum of {_told(sums[off][0])} {_first(off)} of {len(sums):,}"
        )
    return np.asarray(matrix / sums[:, None])


def _rounding(matrix: Floats) -> float:
    """How far from one rounding can have moved the sums of these rows."""
    if not np.isfinite(matrix).all():
        return TOLERANCE
    for decimals in range(2, _MOST_DECIMALS + 1):
        scaled = matrix * 10.0**decimals
        if (np.abs(scaled - np.rint(scaled)) < 1e-3).all():
            return float(min(max(matrix.shape[1] * 0.5 * 10.0**-decimals, TOLERANCE), _MOST_ROUNDING) * (1 + 1e-9))
    if not (matrix.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF)).any():
        return float(2.0**-8)  # bfloat16: eight bits, so half of 2⁻⁸ of every entry
    with np.errstate(over="ignore"):
        half = matrix.astype(np.float16).astype(np.float64)
    return float(2.0**-10) if np.array_equal(half, matrix) else TOLERANCE


def real_matrix(name: str, values: ArrayLike) -> Floats:
    """A (N, K) matrix of numbers without NaN, K ≥ 1."""
    matrix = as_array(name, values)
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise InputError(f"{name} must be two-dimensional, one row an item; got shape {matrix.shape}")
    if matrix.size and matrix.dtype.kind not in "fiub":
        raise InputError(f"{name} must be real numbers; got {matrix.dtype}")
    if matrix.size and np.isnan(matrix.min()):
        raise InputError(f"{name} must not contain NaN; got {_first(np.isnan(matrix).any(axis=1))}")
    return matrix.astype(np.float64, copy=False)


def class_indices(name: str, values: ArrayLike, *, n_classes: int) -> NDArray[np.intp]:
    """A (N,) column of whole numbers from 0 to ``n_classes`` − 1."""
    column = as_array(name, values)
    if column.ndim != 1 or (column.size and column.dtype.kind not in "iu"):
        raise InputError(f"{name} must be a column of integers; got {column.dtype} of shape {column.shape}")
    if column.size and not (column.min() >= 0 and column.max() < n_classes):
        bad = (column < 0) | (column >= n_classes)
        raise InputError(f"{name} must lie in 0..{n_classes - 1}; got {column[bad][0]} {_first(bad)}")
    return column.astype(np.intp, copy=False)


def flags(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    """A (N,) column of truth values, given as booleans or as 0 and 1."""
    column = as_array(name, values)
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


def outcomes(name: str, values: ArrayLike) -> Outcomes:
    """A (N,) column of flags, or of shares in [0, 1] where several people judged each row."""
    column = as_array(name, values)
    if column.dtype.kind != "f" or column.ndim != 1 or ((column == 0) | (column == 1)).all():
        return flags(name, column)
    if not ((column >= 0) & (column <= 1)).all():
        bad = ~((column >= 0) & (column <= 1))
        raise InputError(
            f"{name} must be booleans, 0 and 1, or shares in between; got {_told(column[bad][0])} {_first(bad)}"
        )
    return column.astype(np.float64, copy=False)


def stated_and_seen(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Outcomes]:
    """Confidences beside what came of them, equally long; refuses the two the wrong way round."""
    c, right = probabilities("confidence", confidence), outcomes("correct", correct)
    same_length(confidence=c, correct=right)
    if right.dtype != np.bool_ and ((c == 0) | (c == 1)).all():
        raise InputError("confidence holds only 0 and 1 and correct holds shares: got the two the wrong way round?")
    return c, right


def shares_of_classes(name: str, values: ArrayLike, *, n_classes: int) -> Floats | None:
    """A (N, K) matrix of how many people chose each class, or their shares, as shares; ``None`` of a column of indices."""
    matrix = as_array(name, values)
    if matrix.ndim != 2:
        return None
    if matrix.shape[1] != n_classes:
        raise InputError(f"{name} must have a column for each of the {n_classes} classes; got {matrix.shape[1]}")
    if matrix.dtype.kind not in "iu" and not np.array_equal(matrix, np.rint(matrix)):
        return distributions(name, matrix)
    if matrix.size and ((none := matrix.sum(axis=1) <= 0).any() or matrix.min() < 0):
        bad = none | (matrix < 0).any(axis=1)
        raise InputError(f"every row of {name} must hold votes, none below 0; got none or less {_first(bad)}")
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True), np.float64)


def group_ids(name: str, values: ArrayLike) -> NDArray[np.intp]:
    """A (N,) column of group labels, renumbered 0 … G-1."""
    column = as_array(name, values)
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
    column = as_array(name, values)
    if column.ndim != 1:
        raise InputError(f"{name} must be one-dimensional, one number a row; got shape {column.shape}")
    if column.size and column.dtype.kind not in "fiub":
        raise InputError(f"{name} must be real numbers; got {column.dtype}")
    return column.astype(np.float64, copy=False)


def _ends(column: Floats) -> tuple[float, float]:
    """Smallest and largest; both NaN if any entry is."""
    return (float(column.min()), float(column.max())) if column.size else (0.0, 0.0)


def _per_cent(low: float, high: float) -> str:
    return ": these look like per cent, divide by 100" if low >= 0 and 1.5 < high <= 100 else ""


def _told(number: float) -> str:
    """With as many digits as tell a number just outside of a range from its end."""
    return f"{float(number):.7g}"


def _first(bad: NDArray[np.bool_] | np.bool) -> str:
    rows = np.flatnonzero(bad)
    return f"at row {rows[0]}" + (f" and in {len(rows) - 1} more" if len(rows) > 1 else "")
