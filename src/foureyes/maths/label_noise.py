"""Label noise: which given labels do experts contradict?

An *expert* is anything that gives every row a probability for every class: a network, a cross-validated classifier, a
language model choosing a letter. One pass over its probabilities leaves an :class:`ExpertOpinion` of three numbers a row, and
the rest is arithmetic on those; only Confident Learning looks a second time, and only at rows where the expert
disagrees. Matrices may be memory-mapped: they are read in blocks.

The rule that holds throughout: *the given label wins ties*. A class counts as more probable than the given label only
by more than 1e-6, so that an expert without an opinion never accuses anybody.

A newcomer starts at :func:`expert_opinion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.maths.row_blocks import row_blocks

__all__ = [
    "TOLERANCE",
    "ExpertOpinion",
    "chosen",
    "class_matrix",
    "class_thresholds",
    "confident_labels",
    "expert_opinion",
    "levels",
    "most_probable",
]

TOLERANCE = 1e-6

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.intp]
Matrix = NDArray[Any]

_SUM_TOLERANCE = 1e-3
_HALF_SUM_TOLERANCE = 2e-2
_BRAIN_SUM_TOLERANCE = 2.0**-8
_ROUNDING = 5.1e-4


@dataclass(frozen=True, slots=True, eq=False)
class ExpertOpinion:
    """One expert's most probable label and confidence for every row.

    Attributes:
        label: (N,) int32, the class it holds most probable; the given one where that is as probable.
        confidence: (N,) probability of ``label``.
        given: (N,) probability of the given label, ≤ confidence + 1e-6.
    """

    label: NDArray[np.int32]
    confidence: Floats
    given: Floats


def class_matrix(name: str, probs: Any) -> Matrix:
    """A matrix with a row for every item and a column for every class; its numbers are not looked at yet.

    Raises:
        InputError: not a matrix of real numbers with at least two columns.
    """
    matrix = probs if isinstance(probs, np.ndarray) else np.asarray(probs)
    if matrix.dtype.kind not in "fiub":
        raise InputError(f"{name} must hold real numbers; got {matrix.dtype}")
    if matrix.ndim != 2 or matrix.shape[1] < 2:
        raise InputError(f"{name} must have shape (N, K) with K ≥ 2 classes; got {matrix.shape}")
    return matrix


def expert_opinion(labels: Labels, probs: Matrix, *, name: str = "pred_probs") -> ExpertOpinion:
    """What an expert says of every row, in one pass that also checks that the rows are distributions.

    Args:
        labels: (N,) given labels, integers 0 … K-1.
        probs: (N, K) probabilities; each row sums to one within 1e-3, or as far off as K numbers rounded to three decimals can
            be, 0.0005 · K, at most 2e-2 (2e-2 in half precision, 4e-3 in bfloat16).
        name: what to call the matrix in an error.

    Raises:
        InputError: lengths differ, or a row is not a distribution (NaN, logits, unnormalised scores).

    Example:
        >>> expert_opinion(np.array([0, 0]), np.array([[0.2, 0.8], [0.5, 0.5]])).label
        array([1, 0], dtype=int32)
    """
    n = len(labels)
    if len(probs) != n:
        raise InputError(f"{name} must have a row for each of the {n} labels; got {len(probs)}")
    dtype = np.promote_types(probs.dtype, np.float32)
    best = ExpertOpinion(np.empty(n, np.int32), np.empty(n, dtype), np.empty(n, dtype))
    tolerance = _sum_tolerance(probs)
    for where, block in row_blocks(probs):
        _require_distributions(name, block, where.start, tolerance)
        best.label[where], best.confidence[where], best.given[where] = most_probable(labels[where], block)
    return best


def most_probable(labels: Labels, block: Matrix) -> tuple[Labels, Floats, Floats]:
    """Label, confidence and probability of the given label of a few rows, as :class:`ExpertOpinion` holds them."""
    rows = np.arange(len(block))
    top = block.argmax(axis=1)
    highest, given = block[rows, top], block[rows, labels]
    bar = given + TOLERANCE
    stays = (highest < bar) | ((highest == bar) & (labels <= top))
    return np.where(stays, labels, top), np.where(stays, given, highest), given


def _sum_tolerance(probs: Matrix) -> float:
    """How far from one a row may sum, by how its numbers may have been rounded; told by the first rows."""
    if probs.dtype == np.float16:
        return _HALF_SUM_TOLERANCE
    rounded: float = min(max(_SUM_TOLERANCE, _ROUNDING * probs.shape[1]), _HALF_SUM_TOLERANCE)
    if probs.dtype != np.float32:
        return rounded
    first = np.ascontiguousarray(probs[:1000])
    brain = not (
        first.view(np.uint32) & np.uint32(0xFFFF)
    ).any()  # bfloat16 has the first half of single precision's bits
    return max(rounded, _BRAIN_SUM_TOLERANCE) if brain else rounded


def _require_distributions(name: str, block: Matrix, start: int, tolerance: float) -> None:
    sums = block @ np.ones(block.shape[1], block.dtype)
    if (np.abs(sums - 1) <= tolerance).all() and block.min() >= -TOLERANCE:
        return
    outside = ~((block >= -TOLERANCE) & (block <= 1 + TOLERANCE))
    if outside.any():
        row, column = (int(i[0]) for i in np.nonzero(outside))
        value = block[row, column]
        raise InputError(
            f"{name} must hold probabilities; got {value:g} at row {start + row}, column {column}"
            + _and_more(outside.any(axis=1), row)
            + ("" if np.isnan(value) else f": {_unlike_probabilities(block[row], sums[row])}")
        )
    off = ~(np.abs(sums - 1) <= tolerance)
    row = int(np.flatnonzero(off)[0])
    raise InputError(
        f"every row of {name} must sum to 1 within {tolerance:g}; row {start + row} sums to {sums[row]:.6g}"
        f"{_and_more(off, row)}: normalise the rows, or say scale='logits' if they are logits"
    )


def _and_more(bad: Any, first: int) -> str:
    more = int(bad[first + 1 :].sum())
    return f" and others in {more} of the next {len(bad) - first - 1} rows" if more else ""


def _unlike_probabilities(row: Floats, total: float) -> str:
    """What numbers that are no probabilities may be, and what to do with them."""
    if abs(total - 100) < 1:
        return "the row sums to 100, so these look like per cent: divide by 100"
    if (row >= 0).all() and (row == np.floor(row)).all():
        return "these look like counts: divide every row by its sum"
    return "these look like logits or scores: say scale='logits' (--scale logits) if they are logits"


def chosen(probs: Matrix, rows: NDArray[np.intp], classes: NDArray[Any]) -> Floats:
    """(M,) the probability of one class in each of M rows, read in blocks."""
    found = np.empty(len(rows), np.promote_types(probs.dtype, np.float32))
    for where, block in row_blocks(probs, rows):
        found[where] = block[np.arange(len(block)), classes[where]]
    return found


def levels(confidence: Floats, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """How far down the expert's order of confidence a row stands.

    level = (1 + number of rows with a higher confidence) / N: the smallest share ``keep_top`` of most confident rows
    that still holds the row. Ties share the best level, as equal-count bins never split them.

    Args:
        confidence: (N,) of all rows.
        rows: (M,) the rows asked about.

    Returns:
        (M,) in (0, 1]; small = among the most confident.

    Example:
        >>> levels(np.array([0.9, 0.5, 0.9, 0.7]), np.array([0, 1, 3]))
        array([0.25, 1.  , 0.75])
    """
    n = len(confidence)
    not_higher = np.searchsorted(np.sort(confidence), confidence[rows], side="right")
    return (1 + n - not_higher) / n


def class_thresholds(labels: Labels, given: Floats, n_classes: int) -> NDArray[np.float64]:
    """Confident Learning's threshold of every class: the mean probability that rows of a class give to it.

    t_j = mean of p(j | x) over rows labelled j, at least 2e-6; infinite for a class without a row, which is then
    never a candidate.

    Args:
        labels: (N,) given labels.
        given: (N,) probability of the given label.
        n_classes: K.

    Returns:
        (K,) thresholds.

    Source: Northcutt, Jiang & Chuang, JAIR 2021, equation 2.
    """
    counts = np.bincount(labels, minlength=n_classes)
    sums = np.bincount(labels, weights=given, minlength=n_classes)
    means = np.divide(sums, counts, out=np.full(n_classes, np.inf), where=counts > 0)
    thresholds: NDArray[np.float64] = np.maximum(means, 2 * TOLERANCE)
    return thresholds


def confident_labels(probs: Matrix, thresholds: Floats, rows: NDArray[np.intp] | None = None) -> NDArray[np.int32]:
    """The label Confident Learning believes in, row by row.

    Candidates are the classes with p(j | x) ≥ t_j - 1e-6. One candidate is the answer; among several it is the most
    probable class of the row, as in cleanlab (the paper's formula takes the most probable *candidate*).

    Args:
        probs: (N, K) probabilities.
        thresholds: (K,) from :func:`class_thresholds`.
        rows: (M,) the rows asked about; all by default.

    Returns:
        (M,) classes; -1 where no class is a candidate.

    Source: Northcutt, Jiang & Chuang, JAIR 2021, section 3.1; cleanlab 2.9 ``compute_confident_joint``.
    """
    believed = np.empty(len(probs) if rows is None else len(rows), np.int32)
    for where, block in row_blocks(probs, rows):
        candidate = block >= (thresholds - TOLERANCE).astype(block.dtype)
        n_candidates = np.count_nonzero(candidate, axis=1)
        one = np.where(n_candidates == 1, candidate.argmax(axis=1), -1)
        believed[where] = np.where(n_candidates > 1, block.argmax(axis=1), one)
    return believed
