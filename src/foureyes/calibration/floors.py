"""What a stated probability of exactly 0 or 1 means, before its logarithm is taken.

A model that prints 1.000 means "more than 0.9995", one in single precision "more than 1 − 10⁻⁷": no one number is right
for both. Too small a floor lets a few wrong answers that were given probability 0 decide the whole fit, and turns a
useful model into a worse one. So the floor is fitted: of five, the one under which the rows of the fit are likeliest.

Which floors are tried was chosen on published data: ``python -m studies.defaults --data FOLDER --only calibration``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError

__all__ = ["FLOORS", "best_floor", "log_odds", "require_floor"]

Floats = NDArray[np.float64]
Fitted = TypeVar("Fitted")

FLOORS: Final = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
"""What a probability of 0 may count as; the smallest is about the last digit of a 1 in single precision."""


def best_floor(least: float, fit: Callable[[float], tuple[Fitted, float]]) -> tuple[float, Fitted]:
    """The floor of the lowest loss, and what was fitted with it; the smallest where nothing is exactly 0 or 1.

    Args:
        least: smallest probability to be floored, 1 − p included where both ends are.
        fit: floor → what is fitted with it, and its mean loss on the rows of the fit.
    """
    tried = [(floor, *fit(floor)) for floor in (FLOORS if least <= 0 else FLOORS[:1])]
    floor, fitted, _ = min(tried, key=lambda one: one[2])
    return floor, fitted


def log_odds(p: Floats, floor: float) -> Floats:
    """Ln p − ln(1 − p), with p kept so far from 0 and 1."""
    inside = np.clip(p, floor, 1 - floor)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def require_floor(kind: str, floor: object) -> None:
    """Refuses what is no floor: it lies in (0, 0.5)."""
    if isinstance(floor, bool) or not isinstance(floor, int | float) or not 0 < floor < 0.5:
        raise InputError(f"{kind}: floor must lie in (0, 0.5); got {floor!r:.60}")
