"""The bootstrap, drawn as counts instead of rows.

Every measure here that has an interval depends on its rows only through counts in a few cells, so that a draw is one
multinomial vector and never a copy of the data: the cost is draws × cells however many rows there are. Draws come
from a seed that the caller gives; the same seed gives the same interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foureyes.errors import InputError
from foureyes.maths.columns import fraction

__all__ = ["FEW", "check_draws", "group_weights", "held_by", "multinomial", "open_percentiles", "percentiles"]

Floats = NDArray[np.float64]

FEW: Final = 10
"""A class held by fewer groups has an interval that is too narrow: a bootstrap cannot draw what was never seen. Of two signals
that know nothing, the 95 % interval of the difference leaves 0 out in 85 % of samples with one right answer among 200, in
13 % with five, in 9 % with ten; 5 % would be right (300 samples each, measured by ``tests/maths/test_difference.py``)."""


def check_draws(draws: int, level: float) -> None:
    """Refuses an interval with fewer draws than its tails need.

    Raises:
        InputError: ``level`` is not in (0, 1), or fewer than 2 / (1 - level) draws were asked for.
    """
    least = int(np.ceil(2 / (1 - fraction("level", level)) - 1e-9))
    if draws < least:
        raise InputError(f"an interval of level {level:g} needs at least {least} draws; got {draws}")


def multinomial(counts: NDArray[np.int64], draws: int, rng: np.random.Generator) -> Floats:
    """Resampled cell counts.

    Args:
        counts: (K,) rows in every cell, with at least one in all.
        draws: number of bootstrap samples.
        rng: where the randomness comes from.

    Returns:
        (draws, K): every line sums to ``counts.sum()``.
    """
    total = int(counts.sum())
    return rng.multinomial(total, counts / total, size=draws).astype(np.float64)


def group_weights(n_groups: int, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each group is drawn, one (G,) line a draw: groups are resampled whole."""
    equal = np.full(n_groups, 1 / n_groups)
    for _ in range(draws):
        yield rng.multinomial(n_groups, equal).astype(np.float64)


def held_by(groups: NDArray[np.intp], is_wrong: NDArray[np.bool_]) -> int:
    """How many groups hold the class, wrong or right, that fewer of them hold."""
    return min(len(np.unique(groups[which])) for which in (is_wrong, ~is_wrong))


def percentiles(values: Floats, level: float) -> tuple[float, float]:
    """The percentile interval of bootstrap values: (low, high) that leave (1 - level)/2 outside at each end."""
    tail = (1 - level) / 2
    low, high = np.quantile(values, (tail, 1 - tail))
    return float(low), float(high)


def open_percentiles(low: Floats, high: Floats, level: float) -> tuple[float | None, float | None]:
    """The percentile interval of draws some of which are undefined.

    Args:
        low: (D,) the draws, -inf where undefined.
        high: (D,) the same draws, +inf where undefined.
        level: of the interval.

    Returns:
        (low, high); an end is ``None`` where undefined draws reach it, as nothing bounds it then.
    """
    tail = (1 - level) / 2
    ends = np.quantile(low, tail, method="lower"), np.quantile(high, 1 - tail, method="higher")
    least, most = (float(end) if np.isfinite(end) else None for end in ends)
    return least, most
