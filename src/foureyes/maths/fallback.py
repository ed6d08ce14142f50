"""Many hypotheses tested in a fixed order, with one chance of any false rejection.

The order and the share of δ that each hypothesis owns are fixed before any row is seen. Each is tested at its own share
and whatever was passed on to it; where it is rejected, it passes all of that on to the next.

Source: Wiens & Dmitrienko 2005 (fallback procedure); Angelopoulos et al., Learn then Test, 2021, Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from foureyes.maths.columns import fraction

__all__ = ["last_rejected", "least_rows"]

_MOST_ROWS: Final = 10**6


def last_rejected(shares: Sequence[float], delta: float, rejects: Callable[[int, float], bool]) -> int | None:
    """The last hypothesis that is rejected, or ``None``.

    Args:
        shares: of δ, one a hypothesis, in the order of testing; at least 0, at most 1 in all.
        delta: chance of any false rejection, in (0, 1).
        rejects: whether the test of a hypothesis, by its place, rejects it at a level > 0.

    Example:
        >>> p_values = [0.01, 0.03, 0.2, 0.001]
        >>> last_rejected([1, 0, 0, 0], 0.05, lambda place, level: p_values[place] <= level)
        1
        >>> last_rejected([0.9, 0, 0, 0.1], 0.05, lambda place, level: p_values[place] <= level)
        3
    """
    fraction("delta", delta)
    found, carried = None, 0.0
    for place, share in enumerate(shares):
        level = carried + share * delta
        rejected = level > 0 and rejects(place, level)
        found, carried = (place, level) if rejected else (found, 0.0)
    return found


def least_rows(enough: Callable[[int], bool]) -> int | None:
    """The least number of rows that is enough, if more are never too many; ``None`` beyond a million.

    Example:
        >>> least_rows(lambda rows: rows >= 70)
        70
    """
    low, high = 0, 1
    while not enough(high):
        low, high = high, 2 * high
        if high > _MOST_ROWS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
