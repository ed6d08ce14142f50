"""What going on to the next model adds, bin by bin of this one's confidence: falling, or with one clear peak.

A bin's mean says little where bins are many or rows few, and an order by such means is mostly noise. Two shapes are
believed: the surer a model, the less its successor adds; and the same above a peak, where the least sure questions are
beyond the successor too. The second needs evidence.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.maths.unimodal import falling_or_peaked

__all__ = ["CLEAR_PEAK", "ROWS_FOR_A_PEAK", "shaped_advantage"]

Floats = NDArray[np.float64]

CLEAR_PEAK: Final = 16.0
"""How many residual variances a peak must save: chosen on published data by ``python -m studies.defaults --only cascade``."""

ROWS_FOR_A_PEAK: Final = 300
"""Rows from which on a peak is believed; with fewer the order is that of a plain threshold.

By the same study: with 50 to 200 rows most peaks that look clear are chance and cost up to .33 of APGR, with 300 and more all of them gain.
"""


def shaped_advantage(gain: Floats, place: NDArray[np.intp], counts: NDArray[np.intp]) -> Floats:
    """The advantage of every bin, fitted.

    Args:
        gain: (N,) what going on adds on each row.
        place: (N,) the bin of each row, the least confident first.
        counts: (B,) rows of every bin, none empty.

    Returns:
        (B,) fitted means; neighbours that were pooled share one.

    Example:
        >>> place, counts = np.repeat([0, 1, 2], 100), np.array([100, 100, 100])
        >>> shaped_advantage(np.repeat([0.0, 0.5, 0.25], 100), place, counts).tolist()
        [0.0, 0.5, 0.25]
        >>> shaped_advantage(np.tile([1.0, -1.0], 150), place, counts).tolist()
        [0.0, 0.0, 0.0]
    """
    means = np.bincount(place, weights=gain, minlength=len(counts)) / counts
    left = float(gain @ gain) - float(counts @ means**2)
    spare = len(gain) - len(counts)
    few = len(gain) < ROWS_FOR_A_PEAK or not spare  # one row a bin is no evidence of a peak
    least_gain = np.inf if few else CLEAR_PEAK * max(left, 0.0) / spare
    return falling_or_peaked(means, counts.astype(np.float64), least_gain=least_gain)
