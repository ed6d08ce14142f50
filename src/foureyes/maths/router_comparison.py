"""Two ways to route the same rows, compared in the same bootstrap samples.

Two curves on the same rows rise and fall together, so the interval of their difference is far narrower than their own
intervals suggest. Rows are counted by the tier they have in *both* orders, and every draw of that table gives both
curves. As in :mod:`foureyes.maths.routing`, a draw's cost does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.maths.columns import flags, real, same_length
from foureyes.maths.resampling import check_draws, multinomial
from foureyes.maths.routing import Tally, over_random, tally

__all__ = ["RouterComparison", "compare_orders"]

Floats = NDArray[np.float64]

_MAX_TIERS = 64
_DRAWN_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class RouterComparison:
    """The gain of one routing order over another, with bootstrap draws.

    Attributes:
        gained: mean accuracy over all shares of escalation under the first order less that under the second.
        gap: accuracy of the large model less that of the small one, on which no order has an influence.
        drawn_gained, drawn_gap: (D,) the same in bootstrap samples.
        n: rows.
    """

    gained: float
    gap: float
    drawn_gained: Floats
    drawn_gap: Floats
    n: int


def compare_orders(
    priorities: tuple[ArrayLike, ArrayLike],
    small_correct: ArrayLike,
    large_correct: ArrayLike,
    *,
    interval: tuple[float, int, int] = (0.95, 1000, 0),
) -> RouterComparison:
    """Compares two orders of the same rows.

    The values are exact. The draws pool either order into at most 64 tiers of about equal size, and are shifted by
    what that changes in the sample itself.

    Args:
        priorities: two columns (N,), larger = escalated sooner.
        small_correct: (N,) booleans or 0/1, whether the small model's answer is right.
        large_correct: (N,) booleans or 0/1, whether the large model's answer is right.
        interval: (level, bootstrap draws, seed) of the interval that will be taken.

    Raises:
        InputError: lengths differ, a value is NaN or not a flag, too few draws for the level.
        NotEnoughData: there is no row.

    Example:
        >>> found = compare_orders(([3, 2, 1, 0], [0, 1, 2, 3]), [0, 0, 1, 1], [1, 1, 1, 1])
        >>> found.gained, found.gap
        (0.25, 0.5)
    """
    level, draws, seed = interval
    check_draws(draws, level)
    small, large = flags("small_correct", small_correct), flags("large_correct", large_correct)
    orders = [real("priority", priority) for priority in priorities]
    same_length(first=orders[0], second=orders[1], small_correct=small)
    exact = [tally(order, small, large) for order in orders]
    pooled = [table.pooled(_MAX_TIERS) for table in exact]
    first, second = (np.searchsorted(-t.priority, -order) for t, order in zip(pooled, orders, strict=True))
    shape = (len(pooled[0].priority), len(pooled[1].priority), 4)
    cells = (first * shape[1] + second) * 4 + 2 * small + large
    both = np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
    drawn = [(_ahead(*pair), pair[0].gap) for pair in _drawn(both, pooled, draws, np.random.default_rng(seed))]
    value = float(_ahead(*exact))
    shift = value - float(_ahead(*pooled))
    return RouterComparison(
        gained=value,
        gap=float(exact[0].gap),
        drawn_gained=np.concatenate([gained for gained, _ in drawn]) + shift,
        drawn_gap=np.concatenate([gap for _, gap in drawn]),
        n=int(exact[0].n),
    )


def _ahead(first: Tally, second: Tally) -> Floats:
    return over_random(first) - over_random(second)


def _drawn(
    both: NDArray[np.int64], pooled: list[Tally], draws: int, rng: np.random.Generator
) -> Iterator[tuple[Tally, Tally]]:
    """Both orders' tables in the same samples, some draws at a time; cells without a row are never drawn."""
    used = np.flatnonzero(both)
    for start in range(0, draws, _DRAWN_AT_ONCE):
        flat = np.zeros((min(_DRAWN_AT_ONCE, draws - start), both.size))
        flat[:, used] = multinomial(both.ravel()[used], len(flat), rng)
        counts = flat.reshape(-1, *both.shape)
        yield Tally(counts.sum(axis=2), pooled[0].priority), Tally(counts.sum(axis=1), pooled[1].priority)
