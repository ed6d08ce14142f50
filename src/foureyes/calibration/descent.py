"""The lowest point of a smooth convex loss of many numbers, from its values and slopes alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["minimise"]

Floats = NDArray[np.float64]

_MEMORY: Final = 10
_MAX_STEPS: Final = 500
_FLAT: Final = 1e-7
_ARMIJO: Final = 1e-4
_SHORTEST: Final = 1e-12


def minimise(loss: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """Where the loss is lowest, by L-BFGS with steps that are halved until the loss falls.

    Args:
        loss: point → value and slope; infinite where the point is not allowed.
        start: an allowed point.

    Returns:
        A point where no slope exceeds 10⁻⁷, or where no step lowers the loss any more.

    Source: Nocedal & Wright 2006, algorithm 7.5.
    """
    at, pairs = start, deque[tuple[Floats, Floats]](maxlen=_MEMORY)
    value, slope = loss(at)
    for _ in range(_MAX_STEPS):
        if np.abs(slope).max() <= _FLAT:
            break
        direction = -_towards(slope, pairs)
        length, fall = 1.0 if pairs else min(1.0, 1 / float(np.abs(slope).sum())), float(direction @ slope)
        after, slope_after = loss(at + length * direction)
        while not after <= value + _ARMIJO * length * fall:
            length /= 2
            if length < _SHORTEST:
                return at
            after, slope_after = loss(at + length * direction)
        step, bend = length * direction, slope_after - slope
        if float(step @ bend) > 0:
            pairs.append((step, bend))
        at, value, slope = at + step, after, slope_after
    return at


def _towards(slope: Floats, pairs: deque[tuple[Floats, Floats]]) -> Floats:
    """The slope times the inverse curvature that the last steps have shown."""
    towards, weights = slope.copy(), []
    for step, bend in reversed(pairs):
        weights.append(float(step @ towards) / float(step @ bend))
        towards -= weights[-1] * bend
    if pairs:
        step, bend = pairs[-1]
        towards *= float(step @ bend) / float(bend @ bend)
    for (step, bend), weight in zip(pairs, reversed(weights), strict=True):
        towards += (weight - float(bend @ towards) / float(step @ bend)) * step
    return towards
