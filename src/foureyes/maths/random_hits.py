"""What a search finds by chance: how many of some marked rows are among as many as somebody picks without looking.

Start at :func:`random_hits`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.columns import fraction

__all__ = ["RandomHits", "random_hits"]


@dataclass(frozen=True, slots=True, repr=False)
class RandomHits(Result):
    """Marked rows among rows picked at random.

    Attributes:
        mean: of all draws.
        low, high: between these lie the hits of a share ``level`` of all draws, at least; above and below at most half of the rest each.
        level: that share.
    """

    mean: float
    low: int
    high: int
    level: float


def random_hits(n: int, n_marked: int, n_picked: int, *, level: float = 0.95) -> RandomHits:
    """How many marked rows a random pick holds: a hypergeometric number, exactly.

    Args:
        n: rows.
        n_marked: of these, 0 to n.
        n_picked: of all rows, 0 to n, none twice.
        level: of the interval, in (0, 1).

    Raises:
        InputError: more marked or picked than there are, or a level outside (0, 1).

    Example:
        >>> random_hits(83, 55, 55)
        RandomHits(mean=36.45, low=33, high=40, level=0.95)
    """
    if not (0 <= n_marked <= n and 0 <= n_picked <= n):
        raise InputError(f"wanted 0 to {n} marked and picked rows; got {n_marked} and {n_picked}")
    tail = (1 - fraction("level", level)) / 2
    least, most = max(0, n_marked + n_picked - n), min(n_marked, n_picked)
    ways = [math.comb(n_marked, k) * math.comb(n - n_marked, n_picked - k) for k in range(least, most + 1)]
    total, below, low, high = math.comb(n, n_picked), 0, least, most
    for k, count in enumerate(ways, least):
        if below / total <= tail:
            low = k
        below += count
        if below / total >= 1 - tail:
            high = k
            break
    return RandomHits(n_marked * n_picked / n if n else 0.0, low, high, level)
