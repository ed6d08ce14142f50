"""The ROC curve behind an AUROC, with a confidence band.

The direction is fixed as in :mod:`foureyes.maths.ranking`: answers are flagged from the largest uncertainty
downwards, and the curve says which share of the wrong ones was caught for each share of the right ones flagged by
mistake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import flags, group_ids, real, same_length
from foureyes.maths.resampling import check_draws, group_weights

__all__ = ["Roc", "roc"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Roc(Result):
    """A receiver operating characteristic of "wrong" with a pointwise bootstrap band.

    Attributes:
        false_alarms: (K + 1,) share of the right answers flagged, growing from 0 to 1; K is the number of distinct
            scores.
        caught: (K + 1,) share of the wrong answers flagged at the same cut, growing from 0 to 1.
        grid: (P,) shares of false alarms at which the band is given.
        low, high: (P,) pointwise interval of ``caught`` at ``grid``.
        level: of that interval.
    """

    false_alarms: Floats
    caught: Floats
    grid: Floats
    low: Floats
    high: Floats
    level: float


def roc(
    uncertainty: ArrayLike,
    wrong: ArrayLike,
    *,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> Roc:
    """Receiver operating characteristic of "wrong".

    Answers with equal scores are flagged together, so the curve is straight across a tie and the area under it is
    the value of :func:`foureyes.maths.ranking.auroc`. The band is that of the *whole* groups resampled; every answer
    is a group by itself when ``groups`` is not given.

    Args:
        uncertainty: (N,) larger = more likely wrong; NaN is refused.
        wrong: (N,) booleans or 0/1, true where the answer is wrong.
        level: of the band, in (0, 1), pointwise.
        draws: bootstrap samples.
        seed: of the bootstrap; the same seed gives the same band.
        groups: (N,) integers; rows of one group (say, answers to one question) are resampled together.

    Returns:
        The curve and its band.

    Raises:
        InputError: lengths differ, a value is NaN or not a flag, too few draws for the level.
        NotEnoughData: only one class is present, or no draw held both.

    Example:
        >>> curve = roc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
        >>> float(np.trapezoid(curve.caught, curve.false_alarms))
        0.75

    Source: Fawcett 2006, "An introduction to ROC analysis", algorithm 1; vertical averaging, section 9.
    """
    u, is_wrong = real("uncertainty", uncertainty), flags("wrong", wrong)
    ids = group_ids("groups", np.arange(len(u)) if groups is None else groups)
    same_length(uncertainty=u, wrong=is_wrong, groups=ids)
    check_draws(draws, level)
    if is_wrong.all() or not is_wrong.any():
        raise NotEnoughData(f"a ROC needs a wrong and a right answer; got {is_wrong.sum()} wrong of {len(u)}")
    curve = _Steps(u, is_wrong)
    grid = np.linspace(0, 1, 101)
    weights = group_weights(int(ids.max()) + 1, draws, np.random.default_rng(seed))
    sampled = [curve.at(grid, w[ids]) for w in weights if curve.has_both(w[ids])]
    if not sampled:
        raise NotEnoughData("no resample of the groups held both a wrong and a right answer")
    tail = (1 - level) / 2
    low, high = np.quantile(sampled, (tail, 1 - tail), axis=0)
    false_alarms, caught = curve.shares(np.ones(len(u)))
    return Roc(false_alarms, caught, grid, low, high, level)


class _Steps:
    """The order of the scores, largest first, and the class of each."""

    def __init__(self, u: Floats, is_wrong: NDArray[np.bool_]) -> None:
        distinct, self._step = np.unique(-u, return_inverse=True)
        self._n_steps = len(distinct)
        self._is_wrong = is_wrong

    def has_both(self, weights: Floats) -> bool:
        return bool(weights[self._is_wrong].any() and weights[~self._is_wrong].any())

    def shares(self, weights: Floats) -> tuple[Floats, Floats]:
        """Shares of right and of wrong answers flagged after each step, from (0, 0) to (1, 1)."""
        return self._flagged(weights * ~self._is_wrong), self._flagged(weights * self._is_wrong)

    def at(self, grid: Floats, weights: Floats) -> Floats:
        """The share caught where the share of false alarms is at most that of the grid."""
        false_alarms, caught = self.shares(weights)
        # An infinitesimal slope keeps vertical steps in order; it ends at 0 so that the last grid point catches all.
        slope = np.linspace(-1e-9, 0, len(caught))
        return np.interp(grid, false_alarms + slope, caught)

    def _flagged(self, weights: Floats) -> Floats:
        counts = np.bincount(self._step, weights, self._n_steps)
        shares: Floats = np.insert(np.cumsum(counts), 0, 0.0) / counts.sum()
        return shares
