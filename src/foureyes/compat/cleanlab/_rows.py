"""Labels and probabilities as cleanlab's callers hand them over, checked in one pass."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.maths.label_noise import TOLERANCE, most_probable
from foureyes.maths.row_blocks import row_blocks

__all__ = [
    "Floats",
    "GivenRows",
    "Mask",
    "Matrix",
    "Places",
    "probability_matrix",
    "read_labels",
    "read_rows",
    "require_probabilities",
]

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Matrix = NDArray[Any]
Places = NDArray[np.intp]

_SUM_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class GivenRows:
    """Rows with a given label and a probability for every class.

    Attributes:
        labels: (N,) class indices.
        probs: (N, K) probabilities; may be mapped from a file.
        given: (N,) probability of the given label.
        suspect: (N,) true where another class is more probable than the given label by more than 1e-6.
    """

    labels: Places
    probs: Matrix
    given: Floats
    suspect: Mask

    @property
    def n_classes(self) -> int:
        """K."""
        return int(self.probs.shape[1])

    @property
    def counts(self) -> Places:
        """(K,) rows of every label."""
        return np.bincount(self.labels, minlength=self.n_classes)


def read_rows(labels: Any, pred_probs: Any, *, one_class: bool = False) -> GivenRows:
    """Checks and reads everything once.

    Args:
        labels: (N,) class indices: a list, an array, a pandas series, or a data frame of one column.
        pred_probs: (N, K) probabilities, each in [0, 1].
        one_class: whether it is all right that all rows carry the same label.

    Raises:
        InputError: something of it cannot be used; the message says what, where, and how often.

    Warns:
        UserWarning: rows do not sum to one; they are used as they are, as by cleanlab.
    """
    probs = probability_matrix(pred_probs)
    column = read_labels(labels, probs.shape[1])
    if len(column) != len(probs):
        raise InputError(f"pred_probs must have a row for each of the {len(column)} labels; got {len(probs)}")
    if not len(column):
        raise InputError("label issues need at least one row; got none")
    if not one_class and np.all(column == column[0]):
        raise InputError(f"labels must contain at least 2 classes; got only class {column[0]} in {len(column)} rows")
    dtype = np.promote_types(probs.dtype, np.float32)
    given, suspect, n_off = np.empty(len(column), dtype), np.empty(len(column), np.bool_), 0
    for where, block in row_blocks(probs):
        require_probabilities(block, where.start)
        n_off += int(np.count_nonzero(np.abs(block @ np.ones(block.shape[1], block.dtype) - 1) > _SUM_TOLERANCE))
        label, _, given[where] = most_probable(column[where], block)
        suspect[where] = label != column[where]
    if n_off:
        warnings.warn(
            f"{n_off} of {len(column)} rows of pred_probs do not sum to 1 within {_SUM_TOLERANCE:g}: they are used as "
            "they are; apply a softmax if they are scores",
            stacklevel=3,
        )
    return GivenRows(column, probs, given, suspect)


def probability_matrix(pred_probs: Any, *, name: str = "pred_probs") -> Matrix:
    """A matrix of floating-point numbers with a row for every example; the numbers are not looked at yet.

    Raises:
        InputError: it is no matrix of real numbers.
    """
    matrix = pred_probs if isinstance(pred_probs, np.ndarray) else np.asarray(pred_probs)
    if matrix.dtype.kind not in "fiub" or matrix.ndim != 2 or not matrix.shape[1]:
        raise InputError(f"{name} must be real numbers of shape (N, K); got {matrix.dtype} of shape {matrix.shape}")
    return matrix if matrix.dtype.kind == "f" else matrix.astype(np.float64)


def require_probabilities(block: Matrix, start: int, *, name: str = "pred_probs") -> None:
    """Refuses numbers outside [0, 1].

    Raises:
        InputError: there is one, or a NaN; ``start`` is the row at which the block begins.
    """
    if block.size and block.min() >= -TOLERANCE and block.max() <= 1 + TOLERANCE:
        return
    outside = ~((block >= -TOLERANCE) & (block <= 1 + TOLERANCE))
    if outside.any():
        row, column = (int(i[0]) for i in np.nonzero(outside))
        raise InputError(
            f"{name} must be between 0 and 1; got {block[row, column]:g} at row {start + row}, column {column}"
        )


def read_labels(labels: Any, n_classes: int) -> Places:
    """A column of class indices.

    Raises:
        InputError: it is no column, or some of it are no indices 0 … K-1; the message counts them.
    """
    column = np.asarray(labels)
    if column.ndim == 2 and column.shape[1] == 1 and hasattr(labels, "iloc"):
        column = column[:, 0]
    if column.ndim != 1:
        raise InputError(f"labels must be one class index a row; got shape {column.shape}")
    if column.dtype.kind not in "iubf":
        raise InputError(
            f"labels must be integers 0 … K-1 in the order of the columns of pred_probs; got {column.dtype}: "
            "map class names and missing labels first"
        )
    whole = column == np.floor(column) if column.dtype.kind == "f" else np.ones(len(column), np.bool_)
    wrong = np.flatnonzero(~whole | ~((column >= 0) & (column < n_classes)))
    if len(wrong):
        raise InputError(
            f"labels must be integers in 0..{n_classes - 1}, one for each column of pred_probs; got {column[wrong[0]]} "
            f"at row {wrong[0]}" + (f" and {len(wrong) - 1} rows more like it" if len(wrong) > 1 else "")
        )
    return column.astype(np.intp, copy=False)
