"""The best increasing sequence: isotonic least squares for flags, or for shares.

The isotonic fit is the slope of the greatest convex minorant of the cumulative diagram, whose i-th point is (i, raised
flags among the first i rows). All comparisons of slopes are made on whole numbers where all are flags, so that equal slopes are equal
and no tolerance is needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["block_sums", "pool_increasing"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def pool_increasing(flags: NDArray[np.bool_] | Floats) -> Ints:
    """Pools neighbouring rows into blocks whose shares of raised flags increase strictly.

    Args:
        flags: (N,) flags, or shares in [0, 1], in order of the score. Rows of equal score must stand with the largest
            first, as :func:`foureyes.maths.ordering.sort_with_outcomes` puts them: they are then pooled, whatever their
            order was.

    Returns:
        (B+1,) positions from 0 to N. Giving every row its block's share of raised flags is the least-squares
        increasing fit.

    Example:
        >>> pool_increasing(np.array([False, True, False, True])).tolist()
        [0, 1, 3, 4]

    Source: Ayer et al. 1955 (the fit); Barlow et al. 1972 (the minorant).
    """
    # Only where a lowered flag meets a raised one can the diagram bend upwards.
    x = np.concatenate([[0], np.flatnonzero(flags[:-1] < flags[1:]) + 1, [len(flags)]])
    y = np.append(0, np.cumsum(flags, dtype=_sum_type(flags)))[x]
    while len(x) > 2:
        kept = _without_dents(x, y)
        # A point on or above the line between any two points of the diagram is not on its minorant, so all such
        # points can go at once. Once few go, one pass with a stack is cheaper than many over the whole array.
        few = 8 * np.count_nonzero(~kept) < len(kept)
        x, y = x[kept], y[kept]
        if few:
            return x[_lower_hull(x.tolist(), y.tolist())]
    return x


def block_sums(flags: NDArray[np.bool_] | Floats, cuts: Ints) -> Ints | Floats:
    """(B,) raised flags, or the sum of the shares, of every block."""
    return np.add.reduceat(flags, cuts[:-1], dtype=_sum_type(flags))


def _sum_type(flags: NDArray[np.bool_] | Floats) -> type:
    return np.int64 if flags.dtype == np.bool_ else np.float64


def _without_dents(x: Ints, y: Ints | Floats) -> NDArray[np.bool_]:
    """Which points lie below the line between their two neighbours; both ends do."""
    dx, dy = np.diff(x), np.diff(y)
    kept = np.ones(len(x), dtype=np.bool_)
    kept[1:-1] = dy[:-1] * dx[1:] < dy[1:] * dx[:-1]
    return kept


def _lower_hull(x: list[int], y: list[float]) -> list[int]:
    """Positions of the corners of the greatest convex minorant (Andrew's monotone chain)."""
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (y[b] - y[a]) * (x[i] - x[b]) < (y[i] - y[b]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(i)
    return hull
