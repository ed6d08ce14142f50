"""The best sequence that falls, or rises to one peak and falls from there: unimodal least squares.

The error of the best rising fit to every beginning of a sequence comes out of one pass that pools neighbours, and so
does that of the best falling fit to every end; the peak stands where the two together are least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["falling_or_peaked", "rising_fit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Block:
    """Neighbours that share a fitted value; ``before`` is the error of all blocks on their left."""

    size: int
    weight: float
    total: float
    squares: float
    before: float

    @property
    def value(self) -> float:
        return self.total / self.weight

    @property
    def error(self) -> float:
        return self.before + self.squares - self.total * self.total / self.weight

    def pooled(self, right: _Block) -> _Block:
        return _Block(
            self.size + right.size,
            self.weight + right.weight,
            self.total + right.total,
            self.squares + right.squares,
            self.before,
        )


def falling_or_peaked(values: Floats, weights: Floats, *, least_gain: float) -> Floats:
    """The falling fit, or the one that rises to a peak first where that is better by enough.

    Args:
        values: (B,) finite numbers in order.
        weights: (B,) of their squared errors, above zero.
        least_gain: by how much more than this the weighted squared error must shrink for a peak inside.

    Returns:
        (B,) fitted values; neighbours that were pooled have the same one.

    Example:
        >>> values, weights = np.array([0.0, 3.0, 2.0, 1.0]), np.ones(4)
        >>> falling_or_peaked(values, weights, least_gain=1.0).tolist()
        [0.0, 3.0, 2.0, 1.0]
        >>> falling_or_peaked(values, weights, least_gain=9.0).round(2).tolist()
        [1.67, 1.67, 1.67, 1.0]

    Source: Stout, Unimodal regression via prefix isotonic regression, Computational Statistics & Data Analysis 2008.
    """
    rising = _rising_errors(values, weights)
    falling = _rising_errors(values[::-1], weights[::-1])[::-1]
    peak = int(np.argmin(rising + falling))
    if falling[0] - (rising + falling)[peak] <= least_gain:
        peak = 0
    down = rising_fit(values[peak:][::-1], weights[peak:][::-1])[::-1]
    return np.concatenate([rising_fit(values[:peak], weights[:peak]), down])


def rising_fit(values: Floats, weights: Floats) -> Floats:
    """(B,) the least-squares fit that never falls, of (B,) values with (B,) weights. Source: Ayer et al. 1955."""
    blocks: list[_Block] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        _push(blocks, value, weight)
    return np.repeat([block.value for block in blocks], [block.size for block in blocks])


def _rising_errors(values: Floats, weights: Floats) -> Floats:
    """(B + 1,) weighted squared error of the best rising fit to the first 0, 1, … B values."""
    blocks: list[_Block] = []
    errors = [0.0]
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        _push(blocks, value, weight)
        errors.append(blocks[-1].error)
    return np.array(errors)


def _push(blocks: list[_Block], value: float, weight: float) -> None:
    new = _Block(1, weight, value * weight, value * value * weight, blocks[-1].error if blocks else 0.0)
    while blocks and blocks[-1].value >= new.value:
        new = blocks.pop().pooled(new)
    blocks.append(new)
