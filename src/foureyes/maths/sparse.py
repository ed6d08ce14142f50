"""Logistic regression on many columns that are mostly zero.

Word counts and tournaments have thousands of columns of which a row touches a few; a curvature matrix would not fit.
Newton's step is solved by conjugate gradients instead, which only multiply by the rows. For a handful of full columns
see :mod:`foureyes.calibration.logistic`.

A newcomer starts at :func:`fit_sparse`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import InputError
from foureyes.maths.columns import probabilities, real, same_length

__all__ = ["SparseRows", "fit_sparse", "logistic"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_MAX_STEPS = 100
_MAX_INNER = 1000
_FLAT = 1e-9  # per row: a slope below this is the bottom


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """An (N, D) matrix given by its E entries that are not zero; entries at one place add up.

    Attributes:
        row, column: (E,) place of every entry.
        value: (E,) finite.
        shape: (N, D).

    Raises:
        InputError: lengths differ, a place lies outside the shape, a value is not finite.
    """

    row: Ints
    column: Ints
    value: Floats
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        real("value", self.value, finite=True)
        same_length(row=self.row, column=self.column, value=self.value)
        for name, places, size in (("row", self.row, self.shape[0]), ("column", self.column, self.shape[1])):
            if len(places) and not 0 <= places.min() <= places.max() < size:
                raise InputError(f"{name}s must lie in 0..{size - 1}; got {places.min()} to {places.max()}")

    def times(self, weights: Floats) -> Floats:
        """(N,) product with one weight a column."""
        sums: Floats = np.bincount(self.row, self.value * weights[self.column], self.shape[0]).astype(np.float64)
        return sums

    def gathered(self, amounts: Floats) -> Floats:
        """(D,) product of the transpose with one amount a row."""
        sums: Floats = np.bincount(self.column, self.value * amounts[self.row], self.shape[1]).astype(np.float64)
        return sums

    def gathered_squares(self, amounts: Floats) -> Floats:
        """(D,) the same with every entry squared."""
        sums: Floats = np.bincount(self.column, self.value**2 * amounts[self.row], self.shape[1]).astype(np.float64)
        return sums


def logistic(log_odds: Floats) -> Floats:
    """1 / (1 + e^−z) without overflow."""
    small = np.exp(-np.abs(log_odds))
    share: Floats = np.where(log_odds >= 0, 1.0, small) / (1 + small)
    return share


def fit_sparse(rows: SparseRows, targets: ArrayLike, *, ridge: ArrayLike) -> Floats:
    """Minimises Σ cross-entropy(target, σ(row · β)) + ½ Σ ridge · β².

    Args:
        rows: (N, D) features. There is no intercept but a column of ones.
        targets: (N,) in [0, 1].
        ridge: one strength for all columns or (D,) one a column, ≥ 0. Columns with a ridge above 0 have a finite
            weight whatever the data; an intercept may do with 0 where targets are not all 0 or all 1.

    Returns:
        (D,) weights.

    Raises:
        InputError: lengths differ, targets outside [0, 1], a negative ridge.

    Example:
        >>> ones = SparseRows(np.arange(4), np.zeros(4, np.intp), np.ones(4), (4, 1))
        >>> fit_sparse(ones, [1, 1, 1, 0], ridge=0).round(4).tolist()    # ln 3
        [1.0986]

    Source: Lin, Weng & Keerthi 2008 (truncated Newton for logistic regression), with halved steps for a line search.
    """
    t = probabilities("targets", targets)
    strength = np.broadcast_to(np.asarray(ridge, dtype=np.float64), rows.shape[1:])
    if len(t) != rows.shape[0]:
        raise InputError(f"{rows.shape[0]} rows need as many targets; got {len(t)}")
    if not (strength >= 0).all():
        raise InputError(f"ridge must be at least 0; got {strength.min():g}")
    at = np.zeros(rows.shape[1])
    for _ in range(_MAX_STEPS):
        p = logistic(rows.times(at))
        slope = rows.gathered(p - t) + strength * at
        if np.abs(slope).max(initial=0.0) <= _FLAT * max(1, len(t)):
            break
        step = _newton_step(rows, p * (1 - p), strength, slope)
        after = _downhill(rows, t, strength, at, step)
        if after is None:  # rounding leaves nothing to gain
            break
        at = after
    return at


def _newton_step(rows: SparseRows, curvature: Floats, ridge: Floats, slope: Floats) -> Floats:
    scale = rows.gathered_squares(curvature) + ridge

    def bend(direction: Floats) -> Floats:
        product: Floats = rows.gathered(curvature * rows.times(direction)) + ridge * direction
        return product

    return _conjugate_gradients(bend, slope, np.where(scale > 0, scale, 1.0))


def _conjugate_gradients(bend: Callable[[Floats], Floats], wanted: Floats, scale: Floats) -> Floats:
    """Solves bend(x) = wanted, columns scaled by the diagonal, to a thousandth of the size of ``wanted``."""
    x, left = np.zeros_like(wanted), wanted.copy()
    scaled = left / scale
    direction, size = scaled, float(left @ scaled)
    enough = 1e-6 * size
    for _ in range(_MAX_INNER):
        bent = bend(direction)
        along = float(direction @ bent)
        if size <= enough or along <= 0:
            break
        x = x + size / along * direction
        left = left - size / along * bent
        scaled = left / scale
        size, before = float(left @ scaled), size
        direction = scaled + size / before * direction
    return x


def _downhill(rows: SparseRows, targets: Floats, ridge: Floats, at: Floats, step: Floats) -> Floats | None:
    loss = _loss(rows, targets, ridge, at)
    for halvings in range(40):
        after: Floats = at - step / 2**halvings
        if _loss(rows, targets, ridge, after) <= loss:
            return after
    return None


def _loss(rows: SparseRows, targets: Floats, ridge: Floats, at: Floats) -> float:
    z = rows.times(at)
    entropy = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - targets * z
    return float(entropy.sum() + (ridge * at**2).sum() / 2)
