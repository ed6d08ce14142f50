"""cleanlab's pruning filters: how many labels of each kind are wrong, and which rows carry them.

The *confident joint* counts rows by given label and by the label Confident Learning believes in. The filters here take
its off-diagonal counts as quotas and fill them with the rows that fit worst. They exist so that a call written for
cleanlab keeps its answer; :mod:`foureyes.maths.label_noise` is where to start.

Where rows tie at the edge of a quota, which of them is blamed is arbitrary, here as there.

Source: Northcutt, Jiang & Chuang, JAIR 2021, section 3.2; cleanlab 2.9 ``filter.py`` and ``count.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.label_noise import TOLERANCE
from foureyes.maths.row_blocks import copy_rows, row_blocks

__all__ = ["confident_joint", "largest_margins", "lowest_given", "margins", "quotas", "weighted_entropies"]

Floats = NDArray[np.floating[Any]]
Joint = NDArray[np.int64]
Labels = NDArray[np.intp]
Mask = NDArray[np.bool_]
Matrix = NDArray[Any]


def confident_joint(labels: Labels, believed: NDArray[np.int32], n_classes: int) -> Joint:
    """How many rows carry label i and are believed to be j, scaled so that every row sums to the count of label i.

    Args:
        labels: (N,) given labels.
        believed: (N,) from :func:`foureyes.maths.label_noise.confident_labels`; -1 rows are left out before scaling.
        n_classes: K.

    Returns:
        (K, K) counts; the diagonal held at least one before scaling.

    Example:
        >>> confident_joint(np.array([0, 0, 0, 1]), np.array([0, 0, 1, -1], np.int32), 2)
        array([[2, 1],
               [0, 1]])
    """
    told = believed >= 0
    cells = labels[told] * n_classes + believed[told]
    counts = np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)
    np.fill_diagonal(counts, np.maximum(counts.diagonal(), 1))
    per_label = np.bincount(labels, minlength=n_classes)
    scaled: NDArray[np.float64] = (counts.T / counts.sum(axis=1) * per_label).T
    return _rounded_rows(scaled / scaled.sum() * per_label.sum())


def quotas(joint: Joint) -> Joint:
    """Rows to blame for every (given, believed) pair, leaving at least one row of every label in peace.

    Args:
        joint: (K, K) from :func:`confident_joint`.

    Returns:
        (K, K) counts; the diagonal says how many rows keep their label.
    """
    kept = np.maximum(joint.diagonal(), 1)
    n_kinds = np.maximum(np.count_nonzero(joint, axis=1) - 1, 1)
    reduced = np.maximum(joint - ((kept - joint.diagonal()) / n_kinds)[:, None], 0)
    np.fill_diagonal(reduced, kept)
    counts: Joint = reduced.astype(np.int64)
    return counts


def lowest_given(labels: Labels, given: Floats, quota: Joint) -> Mask:
    """``prune_by_class``: the rows of every label that give it the lowest probability, as many as are not kept."""
    blamed = np.zeros(len(labels), np.bool_)
    for label, rows in _by_label(labels, len(quota)):
        n = len(rows) - int(quota[label, label])
        if n > 0:
            blamed[rows[_first(given[rows], n)]] = True
    return blamed


def largest_margins(labels: Labels, probs: Matrix, given: Floats, quota: Joint, *, suspects: NDArray[np.intp]) -> Mask:
    """``prune_by_noise_rate``: for every pair (i, j), the quota of rows labelled i with the largest p(j) - p(i).

    Args:
        labels: (N,) given labels.
        probs: (N, K) probabilities.
        given: (N,) probability of the given label.
        quota: (K, K) from :func:`quotas`.
        suspects: the rows for which some class is more probable than the given label, in order. A quota is looked for
            among them first, as they are few; other rows are looked at only where they do not fill it.

    Returns:
        (N,) true where a row is blamed; complete on the suspects, as it is with cleanlab, which lets the others go.
    """
    blamed = np.zeros(len(labels), np.bool_)
    whole = dict(_by_label(labels, len(quota)))
    for label, places in _by_label(labels[suspects], len(quota), least=1):
        if label not in whole:
            continue
        wanted = np.where(np.arange(len(quota)) == label, 0, quota[label])
        rows = suspects[places]
        lead = copy_rows(probs, rows) - given[rows, None]
        # Rows that are no suspects lead by 1e-6 at most, so that a quota filled above that needs none of them.
        filled = np.count_nonzero(lead > TOLERANCE, axis=0) >= wanted
        _mark_rows(blamed, rows, lead, wanted * filled)
        if not filled.all():
            rows = whole[label]
            _mark_rows(blamed, rows, copy_rows(probs, rows) - given[rows, None], wanted * ~filled)
    return blamed


def margins(labels: Labels, probs: Matrix, rows: NDArray[np.intp] | None = None) -> Floats:
    """``normalized_margin``: (p(given) - max p(other) + 1) / 2, in [0, 1]; low = the label is likely wrong."""
    asked = labels if rows is None else labels[rows]
    quality = np.empty(len(asked), np.promote_types(probs.dtype, np.float32))
    for where, block in row_blocks(probs, rows):
        own = (np.arange(len(block)), asked[where])
        given, others = block[own], block.copy()
        others[own] = -np.inf
        quality[where] = (given - others.max(axis=1) + 1) / 2
    return quality


def weighted_entropies(labels: Labels, probs: Matrix, rows: NDArray[np.intp]) -> Floats:
    """``confidence_weighted_entropy``: ln(1 + e) / e of e = normalised entropy / p(given); low = likely wrong."""
    ratio = np.empty(len(rows), np.float64)
    for where, block in row_blocks(probs, rows):
        logs = np.log(block, out=np.zeros_like(block), where=block > 0)
        entropy = -(block * logs).sum(axis=1) / np.log(block.shape[1])
        ratio[where] = entropy / np.maximum(block[np.arange(len(block)), labels[rows[where]]], TOLERANCE)
    return np.log(ratio + 1) / np.maximum(ratio, TOLERANCE)


def _by_label(labels: Labels, n_classes: int, *, least: int = 2) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """The rows of every label that has at least so many."""
    # Small integers are sorted by radix, several times as fast as 64-bit ones.
    order = np.argsort(labels.astype(np.min_scalar_type(n_classes)), kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=n_classes))
    for label, rows in enumerate(np.split(order, ends[:-1])):
        if len(rows) >= least:
            yield label, rows


def _mark_rows(blamed: Mask, rows: NDArray[np.intp], lead: Matrix, wanted: NDArray[np.int64]) -> None:
    """Marks, for every class, as many rows as wanted in which that class leads the given label by most."""
    for other in np.flatnonzero(wanted):
        blamed[rows[_first(-lead[:, other], int(wanted[other]))]] = True


def _first(values: Floats, n: int) -> NDArray[np.intp]:
    """Positions of the n smallest values."""
    return np.argpartition(values, n - 1)[:n] if n < len(values) else np.arange(len(values))


def _rounded_rows(matrix: NDArray[np.float64]) -> Joint:
    return np.array([_rounded(row) for row in matrix])


def _rounded(row: NDArray[np.float64]) -> Joint:
    """Integers near the numbers of a row with the same (rounded) sum: those rounded furthest are moved first."""
    whole = row.round()
    total = row.sum().round()
    while (missing := int(total - whole.sum())) != 0:
        sign = 1 if missing > 0 else -1
        furthest = np.argsort(row - whole)[::-sign][: min(abs(missing), len(row))]
        whole[furthest] += sign
    return whole.astype(np.int64)
