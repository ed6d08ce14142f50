"""cleanlab's pruning filters: how many labels of each kind are wrong, and which rows carry them.

The *confident joint* counts rows by given label and by the label Confident Learning believes in. The filters here take
its off-diagonal counts as quotas and fill them with the rows that fit worst. They exist so that a call written for
cleanlab keeps its answer; :mod:`foureyes.maths.label_noise` is where to start.

Where rows tie at the edge of a quota, those are blamed that NumPy's default sort of the rows of that label puts first, as
it is with cleanlab: arbitrary, but the same.

Source: Northcutt, Jiang & Chuang, JAIR 2021, section 3.2; cleanlab 2.9 ``filter.py`` and ``count.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.label_noise import TOLERANCE
from foureyes.maths.row_blocks import copy_rows, row_blocks

__all__ = [
    "calibrated_joint",
    "confident_joint",
    "counted_joint",
    "largest_margins",
    "lowest",
    "lowest_given",
    "margins",
    "quotas",
    "quotas_of",
    "weighted_entropies",
]

Floats = NDArray[np.floating[Any]]
Joint = NDArray[np.int64]
Labels = NDArray[np.intp]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]
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
    counts = counted_joint(labels, believed, n_classes)
    return calibrated_joint(counts, np.bincount(labels, minlength=n_classes))


def counted_joint(labels: Labels, believed: NDArray[np.int32], n_classes: int) -> Joint:
    """(K, K) how many rows carry label i and are believed to be j, before scaling; at least one on the diagonal.

    It lies column by column, as cleanlab's does: the order in which its numbers are added decides how halves are rounded.
    """
    told = believed >= 0
    cells = believed[told] * np.intp(n_classes) + labels[told]
    counts: Joint = np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes).T
    np.fill_diagonal(counts, np.maximum(counts.diagonal(), 1))
    return counts


def calibrated_joint(joint: NDArray[Any], per_label: NDArray[np.integer[Any]]) -> Joint:
    """A joint scaled so that row i sums to the number of rows that carry label i, in whole numbers.

    Args:
        joint: (K, K) counts or shares; a row that sums to nothing stays empty.
        per_label: (K,) rows of every label.
    """
    sums = joint.sum(axis=1)
    scaled: NDArray[np.float64] = (joint.T / np.where(sums == 0, 1, sums) * per_label).T
    return _rounded_rows(scaled / scaled.sum() * per_label.sum())


def quotas(joint: NDArray[Any], *, least: int = 1, share: float = 1.0) -> Joint:
    """Rows to blame for every (given, believed) pair, leaving some rows of every label in peace.

    Args:
        joint: (K, K) from :func:`confident_joint`.
        least: rows of every label that keep it at least.
        share: of the rows otherwise blamed, those that still are.

    Returns:
        (K, K) counts; the diagonal says how many rows keep their label.
    """
    kept = np.maximum(joint.diagonal(), least)
    n_kinds = np.maximum(np.count_nonzero(joint, axis=1) - 1, 1)
    reduced = np.maximum(joint - ((kept - joint.diagonal()) / n_kinds)[:, None], 0)
    np.fill_diagonal(reduced, 0)
    shared = reduced * share
    np.fill_diagonal(shared, kept + (reduced - shared).sum(axis=1))
    counts: Joint = shared.astype(np.int64)
    return counts


def quotas_of(quota: Joint, per_label: NDArray[np.integer[Any]], wanted: NDArray[Any]) -> Joint:
    """Quotas scaled to a wanted number of rows for every class.

    Args:
        quota: (K, K) from :func:`quotas`.
        per_label: (K,) rows of every label.
        wanted: (K,) rows to blame. The diagonal keeps all other rows of a *given* label. Off it, the wanted number is
            shared among the labels that rows *believed* to be that class were given, in proportion to their quotas
            over the number of rows believed to be what these labels say: that is what cleanlab does.
    """
    believed = quota.sum(axis=0)
    off = quota / np.where(believed == 0, 1, believed)[:, None]
    np.fill_diagonal(off, 0)
    sums = off.sum(axis=0)
    off = off / np.where(sums == 0, 1, sums) * wanted
    np.fill_diagonal(off, per_label - wanted)
    return _rounded_rows(off.T).T


def lowest_given(labels: Labels, given: Floats, quota: Joint, *, least: int = 1) -> Mask:
    """``prune_by_class``: the rows of every label that give it the lowest probability, as many as are not kept.

    Labels with no more than ``least`` rows, or with one, are left in peace.
    """
    blamed = np.zeros(len(labels), np.bool_)
    for label, rows in _by_label(labels, len(quota), above=max(least, 1)):
        blamed[rows[lowest(given[rows], len(rows) - int(quota[label, label]))]] = True
    return blamed


def largest_margins(
    labels: Labels, probs: Matrix, given: Floats, quota: Joint, *, suspects: NDArray[np.intp], least: int = 1
) -> Mask:
    """``prune_by_noise_rate``: for every pair (i, j), the quota of rows labelled i with the largest p(j) - p(i).

    Args:
        labels: (N,) given labels.
        probs: (N, K) probabilities.
        given: (N,) probability of the given label.
        quota: (K, K) from :func:`quotas`.
        suspects: the rows for which some class is more probable than the given label, in order. A quota is looked for
            among them first, as they are few; other rows are looked at only where they do not fill it.
        least: labels with no more rows than this, or with one, are left in peace.

    Returns:
        (N,) true where a row is blamed; complete on the suspects, as it is with cleanlab, which lets the others go.
    """
    blamed = np.zeros(len(labels), np.bool_)
    whole = dict(_by_label(labels, len(quota), above=max(least, 1)))
    for label, places in _by_label(labels[suspects], len(quota), above=0):
        if label in whole:
            wanted = np.where(np.arange(len(quota)) == label, 0, quota[label])
            _mark_largest(blamed, probs, given, (suspects[places], whole[label]), wanted)
    return blamed


def lowest(values: Floats, n: int) -> NDArray[np.intp]:
    """Positions of the n smallest values; where equal ones stand at the edge, those that NumPy's sort puts first."""
    if n <= 0:
        return np.empty(0, np.intp)
    if n >= len(values):
        return np.arange(len(values))
    within = np.flatnonzero(values <= np.partition(values, n - 1)[n - 1])
    return within if len(within) == n else np.argsort(values)[:n]


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


def weighted_entropies(labels: Labels, probs: Matrix, rows: Rows | None = None) -> Floats:
    """``confidence_weighted_entropy``: ln(1 + e) / e of e = normalised entropy / p(given); low = likely wrong."""
    asked = labels if rows is None else labels[rows]
    ratio = np.empty(len(asked), np.float64)
    for where, block in row_blocks(probs, rows):
        wide = block.astype(np.float64, copy=False)
        logs = np.log(wide, out=np.zeros_like(wide), where=wide > 0)
        # Terms are rounded to the precision of the probabilities before they are added, as cleanlab's are.
        entropy = -(wide * logs).astype(block.dtype, copy=False).sum(axis=1) / np.log(block.shape[1])
        ratio[where] = entropy / np.maximum(block[np.arange(len(block)), asked[where]], TOLERANCE)
    return np.log(ratio + 1) / np.maximum(ratio, TOLERANCE)


def _by_label(labels: Labels, n_classes: int, *, above: int) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """The rows of every label that has more than so many."""
    # Small integers are sorted by radix, several times as fast as 64-bit ones.
    order = np.argsort(labels.astype(np.min_scalar_type(n_classes)), kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=n_classes))
    for label, rows in enumerate(np.split(order, ends[:-1])):
        if len(rows) > above:
            yield label, rows


def _mark_largest(
    blamed: Mask, probs: Matrix, given: Floats, groups: tuple[Rows, Rows], wanted: NDArray[np.int64]
) -> None:
    """Marks, for every class, as many rows of one label as wanted in which that class leads the label by most.

    ``groups`` are the suspects of the label and all its rows.
    """
    suspects, everyone = groups
    lead = copy_rows(probs, suspects) - given[suspects, None]
    behind: Matrix | None = None
    for other in np.flatnonzero(wanted > 0):
        surely = _surely_largest(lead[:, other], int(wanted[other]))
        if surely is not None:
            blamed[suspects[surely]] = True
            continue
        if behind is None:
            behind = given[everyone, None] - copy_rows(probs, everyone)
        blamed[everyone[lowest(behind[:, other], int(wanted[other]))]] = True


def _surely_largest(lead: Floats, n: int) -> Rows | None:
    """Positions of the n largest leads of suspects, where no row that is no suspect and no tie can change them."""
    # Rows that are no suspects lead by 1e-6 at most.
    if np.count_nonzero(lead > TOLERANCE) < n:
        return None
    within = np.flatnonzero(lead >= np.partition(lead, len(lead) - n)[len(lead) - n])
    return within if len(within) == n else None


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
