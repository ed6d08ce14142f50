"""Pairwise accuracy: right and wrong answers to the *same* question, compared with each other.

An area under the ROC curve over many questions mixes two things: telling hard questions from easy ones, and telling a
wrong answer from a right one. Within a pair the question is the same, so only the second is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import real, same_length
from foureyes.maths.resampling import check_draws, multinomial, percentiles

__all__ = ["PairwiseAccuracy", "pairwise_accuracy"]


@dataclass(frozen=True, slots=True, repr=False)
class PairwiseAccuracy(Result):
    """How often the right one of two answers is the less surprising one.

    Attributes:
        value: share of the pairs in which it is, a tie counting half, in [0, 1]; 0.5 = no information.
        low, high: bootstrap interval.
        level: its level, say 0.95.
        n: pairs.
        n_ties: pairs with equal uncertainties.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    n_ties: int


def pairwise_accuracy(
    right: ArrayLike, wrong: ArrayLike, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> PairwiseAccuracy:
    """Share of the pairs in which the right answer has the smaller uncertainty.

    (1/N) Σ [u_right < u_wrong] + ½ [u_right = u_wrong]: the mean over questions of the AUROC within a question, as
    each has one wrong and one right answer. Where all pairs agree the bootstrap has nothing to vary; there the open
    end is the exact binomial bound (α/2)^(1/N).

    Args:
        right: (N,) uncertainty of the right answers.
        wrong: (N,) uncertainty of the wrong answers to the same questions.
        level: of the interval, in (0, 1).
        draws: bootstrap samples.
        seed: of the bootstrap; the same seed gives the same interval.

    Returns:
        The share, its interval and the counts.

    Raises:
        InputError: lengths differ, a value is NaN, too few draws for the level.
        NotEnoughData: there are no pairs.

    Example:
        >>> pairwise_accuracy([1.0, 2.0, 3.0], [1.5, 2.0, 4.0], seed=1).value
        0.8333333333333334
    """
    u_right, u_wrong = real("right", right), real("wrong", wrong)
    n = same_length(right=u_right, wrong=u_wrong)
    check_draws(draws, level)
    if not n:
        raise NotEnoughData("a preference needs at least one pair; got none")
    credit = np.array([0.0, 0.5, 1.0])
    lost, tied, won = ((u_wrong < u_right).sum(), (u_wrong == u_right).sum(), (u_wrong > u_right).sum())
    counts = np.array([lost, tied, won], dtype=np.int64)
    value = float(counts @ credit) / n
    low, high = percentiles(multinomial(counts, draws, np.random.default_rng(seed)) @ credit / n, level)
    exact = ((1 - level) / 2) ** (1 / n)
    if value == 1:
        low, high = exact, 1.0
    elif value == 0:
        low, high = 0.0, 1 - exact
    return PairwiseAccuracy(value, low, high, level, n, int(tied))
