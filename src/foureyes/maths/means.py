"""A mean with its bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import real
from foureyes.maths.resampling import check_draws, multinomial, percentiles

__all__ = ["MeanInterval", "mean_interval"]


@dataclass(frozen=True, slots=True, repr=False)
class MeanInterval(Result):
    """A mean over n rows.

    Attributes:
        value: the mean, in the unit of the rows.
        low, high: bootstrap interval.
        level: its level, say 0.95.
        n: rows.
    """

    value: float
    low: float
    high: float
    level: float
    n: int


def mean_interval(
    name: str, values: ArrayLike, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> MeanInterval:
    """The mean of rows that do not hang together; of those that do, give one mean a group.

    Args:
        name: of the column, for an error.
        values: (N,) finite.
        level: of the interval, in (0, 1).
        draws: bootstrap samples.
        seed: of the bootstrap.

    Raises:
        InputError: an infinity or NaN, too few draws for the level.
        NotEnoughData: no rows.

    Example:
        >>> mean_interval("gap", [1.0, 2.0, 3.0]).value
        2.0
    """
    column = real(name, values, finite=True)
    check_draws(draws, level)
    if not len(column):
        raise NotEnoughData(f"a mean of {name} needs rows; got none")
    distinct, counts = np.unique(column, return_counts=True)
    drawn = multinomial(counts, draws, np.random.default_rng(seed)) @ distinct / len(column)
    low, high = percentiles(drawn, level)
    return MeanInterval(float(column.mean()), low, high, level, len(column))
