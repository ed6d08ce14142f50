"""Arithmetic of a shared and noisy machine: ratios within a round, summed up by median and range."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Spread", "furthest", "marginal", "per_round"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and range of one ratio over the rounds of a run."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.median:.2f}"
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def per_round(above: Sequence[float], below: Sequence[float]) -> Spread | None:
    """The ratio above/below of every round that has both, summed up; ``None`` when no round has.

    Example:
        >>> print(per_round([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]))
        2.00 [1.00, 3.00]
    """
    ratios = [a / b for a, b in zip(above, below, strict=False)]
    return Spread(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def furthest(a: Sequence[float], b: Sequence[float]) -> float:
    """The largest absolute difference between two columns of equal length."""
    return max(math.fabs(x - y) for x, y in zip(a, b, strict=True))


def marginal(n: Sequence[int], cost: Sequence[float]) -> list[float]:
    """What one row more costs from each size to the next: what a run costs to start cancels out.

    Example:
        >>> marginal([1, 10, 100], [5.0, 14.0, 104.0])
        [1.0, 1.0]
    """
    steps = zip(n, n[1:], cost, cost[1:], strict=False)
    return [(cost_after - cost_before) / (after - before) for before, after, cost_before, cost_after in steps]
