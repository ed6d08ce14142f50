"""Rows in order: sorting a score together with a flag, cutting the order without splitting ties.

Ranking, binning, isotonic fits and thresholds all need the same three things: the scores sorted, each row's flag in
the same order, and where runs of equal scores begin. NumPy sorts bare numbers about ten times faster than it finds the
permutation that sorts them, so no permutation is ever computed here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.columns import Outcomes

__all__ = ["cut_evenly", "sort_with_flags", "sort_with_outcomes", "tie_starts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

_ONE = np.uint64(1)
_CHUNK = 1 << 14


def sort_with_flags(values: Floats, flags: Flags) -> tuple[Floats, Flags]:
    """Both columns in ascending order of the values; among equal values, raised flags come first.

    Args:
        values: (N,) without NaN; infinities allowed.
        flags: (N,).

    Returns:
        The sorted values and each row's flag beside its value. Memory: about 9 bytes a row for values in [0, 1],
        25 otherwise.
    """
    if not len(values):
        return values.copy(), flags.copy()
    if values.min() >= 0 and values.max() <= 1:
        return _sort_packed(values, flags)
    return _sort_apart(values, flags)


def sort_with_outcomes(values: Floats, outcomes: Outcomes) -> tuple[Floats, Outcomes]:
    """The same for flags or for shares in [0, 1]; among equal values, larger shares come first."""
    if outcomes.dtype == np.bool_:
        return sort_with_flags(values, outcomes.astype(np.bool_, copy=False))
    order = np.lexsort((-outcomes.astype(np.float64), values))
    return values[order], outcomes[order]


def tie_starts(sorted_values: Floats) -> Ints:
    """(G,) positions at which a run of equal values begins; the first is 0."""
    if not len(sorted_values):
        return np.zeros(0, dtype=np.intp)
    return np.insert(np.flatnonzero(sorted_values[1:] != sorted_values[:-1]) + 1, 0, 0)


def cut_evenly(sorted_values: Floats, parts: int) -> Ints:
    """Where to cut sorted rows into about equal parts without splitting ties.

    Part k would begin at row ⌊k·N/parts⌋; a cut that falls among equal values moves down to the first of them, and
    parts left empty by that are dropped.

    Returns:
        (B+1,) positions from 0 to N, strictly increasing, B ≤ ``parts``.
    """
    n = len(sorted_values)
    nominal = np.arange(parts) * n // parts
    starts = np.searchsorted(sorted_values, sorted_values[nominal])
    return np.append(np.unique(starts), n)


def _sort_packed(values: Floats, flags: Flags) -> tuple[Floats, Flags]:
    # The bits of a float in [0, 1], read as an integer, sort as the float does and leave the two top bits free:
    # shifted left by one they make room for the flag, lowered as 1, and one plain sort carries both.
    keys = np.empty(len(values), dtype=np.uint64)
    in_order, flag_in_order = keys.view(np.float64), np.empty(len(values), dtype=np.bool_)
    for rows in _chunks(len(values)):
        np.add(values[rows], 0.0, out=in_order[rows])  # -0.0, whose sign bit is set, becomes 0.0
        np.left_shift(keys[rows], _ONE, out=keys[rows])
        np.bitwise_or(keys[rows], ~flags[rows], out=keys[rows])
    keys.sort()
    for rows in _chunks(len(values)):
        np.equal(keys[rows] & _ONE, 0, out=flag_in_order[rows])
        np.right_shift(keys[rows], _ONE, out=keys[rows])
    return in_order, flag_in_order


def _chunks(n: int) -> Iterator[slice]:
    # Small enough that a chunk is still in the processor's cache when the next step needs it.
    return (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK))


def _sort_apart(values: Floats, flags: Flags) -> tuple[Floats, Flags]:
    # Flagged rows are sorted once more by themselves and then found again among all: the first of a run of equals,
    # plus how many equals of theirs came before.
    in_order, raised = np.sort(values), np.sort(values[flags])
    starts = tie_starts(raised)
    nth_of_its_run = np.arange(len(raised)) - np.repeat(starts, np.diff(starts, append=len(raised)))
    out = np.zeros(len(values), dtype=np.bool_)
    out[np.searchsorted(in_order, raised) + nth_of_its_run] = True
    return in_order, out
