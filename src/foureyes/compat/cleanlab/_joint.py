"""Thresholds and joint counts of one label a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.compat.cleanlab._rows import Floats, GivenRows, Mask
from foureyes.errors import InputError
from foureyes.maths.label_noise import TOLERANCE, confident_labels

__all__ = ["off_diagonal", "read_thresholds", "square_joint", "thresholds_of"]

_NEVER_REACHED = 2.0


def thresholds_of(rows: GivenRows) -> Floats:
    """(K,) mean probability that the rows of a class give to it, at least 2e-6; 2 for a class without a row.

    The means are taken in the precision of the probabilities, class by class, so that they are cleanlab's to the last
    bit.
    """
    counts = rows.counts
    # Small integers are sorted by radix, several times as fast as 64-bit ones.
    order = np.argsort(rows.labels.astype(np.min_scalar_type(rows.n_classes)), kind="stable")
    groups = np.split(rows.given[order].astype(rows.probs.dtype, copy=False), np.cumsum(counts)[:-1])
    means = np.array([group.mean() if len(group) else _NEVER_REACHED for group in groups])
    thresholds: Floats = np.clip(means.astype(rows.probs.dtype) if counts.all() else means, 2 * TOLERANCE, None)
    return thresholds


def read_thresholds(thresholds: Any, n_classes: int) -> Floats:
    """Thresholds of a caller, of shape (K,) or (K, 1).

    Raises:
        InputError: there is not one number for every class.
    """
    column = np.asarray(thresholds, np.float64)
    if column.shape not in {(n_classes,), (n_classes, 1)}:
        raise InputError(f"thresholds must be one for each of the {n_classes} classes; got shape {column.shape}")
    return column.reshape(n_classes)


def square_joint(joint: Any, n_classes: int) -> NDArray[Any]:
    """A caller's confident joint.

    Raises:
        InputError: it is not (K, K) finite numbers, or counts nothing.
    """
    matrix = np.asarray(joint)
    if matrix.shape != (n_classes, n_classes) or matrix.dtype.kind not in "iuf" or not np.isfinite(matrix).all():
        raise InputError(
            f"confident_joint must be finite numbers of shape {(n_classes, n_classes)}; got {matrix.dtype} of shape "
            f"{matrix.shape}"
        )
    if not matrix.any():
        raise InputError("confident_joint must count something; got only zeros")
    return matrix


def off_diagonal(rows: GivenRows) -> Mask:
    """(N,) true for the suspects that Confident Learning counts off the diagonal of its joint."""
    mask = np.zeros(len(rows.labels), np.bool_)
    suspects = np.flatnonzero(rows.suspect)
    believed = confident_labels(rows.probs, thresholds_of(rows), suspects)
    mask[suspects[(believed >= 0) & (believed != rows.labels[suspects])]] = True
    return mask
