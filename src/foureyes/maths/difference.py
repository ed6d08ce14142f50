"""Paired differences: is one signal better than another on the same rows, or was it luck?

Both are measured on the same resamples, so that what they share (hard questions, odd draws) cancels out of their
difference. Two separate intervals that overlap say much less.

A newcomer starts at :func:`paired_difference`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, group_ids, real, same_length
from foureyes.maths.resampling import FEW, check_draws, group_weights, held_by, percentiles
from foureyes.maths.risk_coverage import area_of_counts

__all__ = ["Difference", "Measure", "paired_difference"]

Floats = NDArray[np.float64]

Measure: TypeAlias = Literal["auroc", "aurc"]


@dataclass(frozen=True, slots=True, repr=False)
class Difference(Result):
    """A measure of one signal minus that of another.

    Attributes:
        value: one − other. Of ``"auroc"`` above 0 favours the first, of ``"aurc"`` below 0 does.
        low, high: bootstrap interval of the difference.
        level: its level.
        p_value: two-sided, of "there is no difference", in (0, 1].
        one, other: the two measures themselves.
        n, n_groups: rows, and groups they were resampled in.
        n_rarer: groups that hold the class, wrong or right, that fewer hold.
    """

    value: float
    low: float
    high: float
    level: float
    p_value: float
    one: float
    other: float
    n: int
    n_groups: int
    n_rarer: int

    @property
    def few(self) -> bool:
        """Whether the rarer class is too small for the interval and the p-value to be believed."""
        return self.n_rarer < FEW


def paired_difference(
    one: ArrayLike,
    other: ArrayLike,
    wrong: ArrayLike,
    *,
    measure: Measure = "auroc",
    groups: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> Difference:
    """Difference of two signals' AUROC or AURC, with a paired bootstrap.

    Rows, or whole groups, are resampled; draws that hold one class only are left out of an AUROC. The p-value is
    twice the smaller share of draws on either side of 0, each with one draw added, so it is never 0. Look at
    :attr:`Difference.few` before believing either: where a class is rare both are too sure.

    Args:
        one: (N,) uncertainty, larger = more likely wrong.
        other: (N,) another uncertainty of the same rows.
        wrong: (N,) booleans or 0/1.
        measure: ``"auroc"`` (larger = better) or ``"aurc"`` (smaller = better).
        groups: (N,) integers; rows of one group (say, answers to one question) are resampled together.
        level: of the interval, in (0, 1).
        draws: bootstrap samples.
        seed: of the bootstrap.

    Raises:
        InputError: lengths differ, NaN, an unknown measure, too few draws for the level.
        NotEnoughData: no rows; or, for an AUROC, only one class.

    Example:
        >>> found = paired_difference([1, 2, 3, 4], [4, 3, 2, 1], [0, 0, 1, 1])
        >>> found.value, found.one, found.other
        (1.0, 1.0, 0.0)

    Source: Efron & Tibshirani 1993, §8 (the rows are the unit) and §15.4 (the p-value).
    """
    u, v, is_wrong = real("one", one), real("other", other), flags("wrong", wrong)
    ids = group_ids("groups", np.arange(len(u)) if groups is None else groups)
    n = same_length(one=u, other=v, wrong=is_wrong, groups=ids)
    check_draws(draws, level)
    if measure not in get_args(Measure):
        raise InputError(f"measure must be {' or '.join(get_args(Measure))}; got {measure!r}")
    _require_rows(measure, is_wrong)
    first, second = _Ties.of(u, is_wrong), _Ties.of(v, is_wrong)
    n_groups = int(ids.max()) + 1
    weights = (w[ids] for w in group_weights(n_groups, draws, np.random.default_rng(seed)))
    usable = (w for w in weights if measure == "aurc" or (w[is_wrong].any() and w[~is_wrong].any()))
    sampled = np.array([first.measured(measure, w) - second.measured(measure, w) for w in usable])
    low, high = percentiles(sampled, level)
    values = first.measured(measure, np.ones(n)), second.measured(measure, np.ones(n))
    return Difference(
        values[0] - values[1], low, high, level, _p_value(sampled), *values, n, n_groups, held_by(ids, is_wrong)
    )


def _require_rows(measure: Measure, is_wrong: NDArray[np.bool_]) -> None:
    n_wrong, n = int(is_wrong.sum()), len(is_wrong)
    if not n or (measure == "auroc" and n_wrong in (0, n)):
        raise NotEnoughData(f"a difference of {measure} needs more; got {n_wrong} wrong and {n - n_wrong} right")


def _p_value(sampled: Floats) -> float:
    below, above = int((sampled <= 0).sum()), int((sampled >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(sampled) + 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Ties:
    """Rows of equal uncertainty, least uncertain first, and which of them are wrong."""

    tie: NDArray[np.intp]  # (N,)
    n_ties: int
    is_wrong: NDArray[np.bool_]

    @classmethod
    def of(cls, u: Floats, is_wrong: NDArray[np.bool_]) -> _Ties:
        distinct, tie = np.unique(u, return_inverse=True)
        return cls(tie, len(distinct), is_wrong)

    def measured(self, measure: Measure, weights: Floats) -> float:
        n_wrong = np.bincount(self.tie, weights * self.is_wrong, self.n_ties)
        n_right = np.bincount(self.tie, weights * ~self.is_wrong, self.n_ties)
        if measure == "aurc":
            return area_of_counts(np.stack([n_right, n_wrong], axis=1))
        in_order = n_wrong @ (np.cumsum(n_right) - n_right / 2)
        return float(in_order / (n_wrong.sum() * n_right.sum()))
