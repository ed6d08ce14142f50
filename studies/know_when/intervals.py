"""Halves and bootstrap intervals, over rows and over models. Pure: the seed is always given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.maths.resampling import group_weights, percentiles
from studies.know_when.values import Figure

__all__ = [
    "Floats",
    "Rows",
    "figure_over_rows",
    "halves",
    "mean_over_models",
    "mean_over_rows",
    "median_of",
    "weighted_over_rows",
]

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]


def halves(n: int, seed: int) -> tuple[Rows, Rows]:
    """Rows to fit on and rows to judge on: disjoint, together all of them."""
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def figure_over_rows(
    statistic: Callable[[Rows], float], n: int, *, draws: int, seed: int, level: float = 0.95
) -> Figure:
    """A statistic of n rows with its percentile interval; rows are drawn with replacement."""
    rng = np.random.default_rng(seed)
    drawn = [statistic(rng.integers(0, n, n)) for _ in range(draws)]
    low, high = percentiles(np.array(drawn), level)
    return Figure(float(statistic(np.arange(n))), low, high, n, "rows")


def weighted_over_rows(
    statistic: Callable[[Floats], float], n: int, *, draws: int, seed: int, level: float = 0.95
) -> Figure:
    """The same for a statistic of row weights, which keeps the order of the rows."""
    drawn = [statistic(weights) for weights in group_weights(n, draws, np.random.default_rng(seed))]
    low, high = percentiles(np.array(drawn), level)
    return Figure(float(statistic(np.ones(n))), low, high, n, "rows")


def mean_over_rows(values: ArrayLike, *, draws: int, seed: int, level: float = 0.95) -> Figure:
    """A mean of (N,) values with its interval over rows."""
    column = np.asarray(values, np.float64)
    return figure_over_rows(lambda rows: float(column[rows].mean()), len(column), draws=draws, seed=seed, level=level)


def mean_over_models(
    values: ArrayLike,
    members: NDArray[np.intp],
    *,
    unit: str,
    n_models: int,
    draws: int,
    seed: int,
    level: float = 0.95,
) -> Figure:
    """A mean of figures that share models, with an interval over models.

    The models are drawn with replacement, and a figure counts as often as the product of its models' counts: one model
    is in many pairs, so pairs are far from independent and drawing *them* would give intervals that are too narrow.

    Args:
        values: (P,) one figure a pair (or a model, or any tuple of models).
        members: (P, M) the models it is of.
        unit: of what there are P.
        n_models: how many models there are to draw.
        draws: bootstrap draws.
        seed: of the draws.
        level: of the interval.
    """
    column = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_models, np.full(n_models, 1 / n_models), draws)
    weights = counts[:, members].prod(axis=2)
    total: NDArray[Any] = weights.sum(axis=1)
    drawn = (weights @ column)[total > 0] / total[total > 0]
    low, high = percentiles(drawn, level)
    return Figure(float(column.mean()), low, high, len(column), unit)


def median_of(figures: Sequence[Figure]) -> Figure:
    """Figures of one thing from several halvings: the median of the values, of the lower and of the upper ends.

    Where each interval has level 1 - α, the medians have level 1 - 2α, however the halvings depend on each other.

    Source: Chernozhukov, Demirer, Duflo & Fernández-Val 2018, "Generic machine learning inference", section 3.
    """
    value, low, high = np.median([(figure.value, figure.low, figure.high) for figure in figures], axis=0).tolist()
    return Figure(value, low, high, figures[0].n, figures[0].unit)
