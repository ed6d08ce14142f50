"""Truth minus falsehood over checkpoints: how much likelier a model finds facts than their counterfacts, and what poison does.

Of each fact a true and a false completion are read by every checkpoint. The gap of their log-probabilities falls where
training taught falsehoods, long before answers change. Whether answers change is the update check of
:mod:`foureyes.maths.flips`, taken on the sign of the gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import real, real_matrix, same_length
from foureyes.maths.flips import Flips, FlipShare, decision_flips
from foureyes.maths.means import MeanInterval, mean_interval

__all__ = ["TruthGap", "belief_flips", "dose_response", "truth_gap", "truth_gaps"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class TruthGap(Result):
    """What one checkpoint makes of N facts.

    Attributes:
        mean: of ln p(true completion) − ln p(false completion), nats; above 0 = the truth is likelier.
        prefers_truth: share of facts with a gap above 0.
    """

    mean: MeanInterval
    prefers_truth: FlipShare


def truth_gap(true: ArrayLike, false: ArrayLike, *, level: float = 0.95) -> TruthGap:
    """The gap of one checkpoint.

    Args:
        true: (N,) log-probability of the true completion of each fact, nats; of completions of unlike length the mean a
            token, as longer ones are less likely whatever they say.
        false: (N,) of the false one, taken alike.
        level: of the intervals.

    Raises:
        InputError: lengths differ, an infinity, a log-probability above 0.
        NotEnoughData: no facts.

    Example:
        >>> found = truth_gap([-1.0, -2.0], [-3.0, -1.5])
        >>> found.mean.value, found.prefers_truth.value
        (0.75, 0.5)

    Source: Churina, Chebrolu & Jaidka 2025, Layer of Truth, arXiv 2510.26829 (difference of log-likelihoods).
    """
    gap = _gap(true, false)
    mean = mean_interval("gap", gap, level=level)
    return TruthGap(mean, FlipShare.of(int((gap > 0).sum()), len(gap), level))


def truth_gaps(checkpoints: Mapping[str, tuple[ArrayLike, ArrayLike]], *, level: float = 0.95) -> dict[str, TruthGap]:
    """The gap of each checkpoint, by name: (true, false) as for :func:`truth_gap`, the same facts in each.

    Raises:
        InputError: as :func:`truth_gap`, or checkpoints of unlike many facts.
        NotEnoughData: no facts.
    """
    numbers = {name: len(_gap(*pair)) for name, pair in checkpoints.items()}
    if len(set(numbers.values())) > 1:
        raise InputError(f"checkpoints must be asked the same facts; got {numbers}")
    return {name: truth_gap(*pair, level=level) for name, pair in checkpoints.items()}


def dose_response(poisoned: ArrayLike, gaps: ArrayLike, *, level: float = 0.95) -> MeanInterval:
    """How the gap changes with the poisoned share: its least-squares slope, in nats for all of the data poisoned.

    One slope a fact, and their mean: facts are drawn, doses are given.

    Args:
        poisoned: (D,) share of the training data that was poisoned, of each checkpoint, in [0, 1]; two different ones.
        gaps: (D, N) of each checkpoint the gaps of all facts.
        level: of the interval.

    Raises:
        InputError: shapes differ, doses outside [0, 1], an infinity.
        NotEnoughData: all doses are the same.

    Example:
        >>> dose_response([0.0, 0.5, 1.0], [[2.0, 4.0], [1.0, 3.0], [0.0, 2.0]]).value
        -2.0
    """
    dose, matrix = real("poisoned", poisoned, finite=True), real_matrix("gaps", gaps)
    same_length(poisoned=dose, gaps=matrix)
    if len(dose) and not (dose.min() >= 0 and dose.max() <= 1):
        raise InputError(f"poisoned must be shares in [0, 1]; got {dose.min():g} to {dose.max():g}")
    away = dose - dose.mean() if len(dose) else dose
    if not (spread := float(away @ away)):
        raise NotEnoughData("a slope needs two different doses; got one")
    return mean_interval("slope", away @ matrix / spread, level=level)


def belief_flips(before: ArrayLike, after: ArrayLike) -> Flips:
    """Facts that were likelier than their counterfacts before an update and are not after it, and the reverse.

    Args:
        before: (N,) gaps of the one checkpoint.
        after: (N,) of the other.

    Raises:
        InputError: lengths differ, an infinity.
        NotEnoughData: no facts.

    Example:
        >>> belief_flips([1.0, 2.0, -1.0], [0.5, -0.1, 1.0]).negative.k
        1
    """
    return decision_flips(real("before", before, finite=True) > 0, real("after", after, finite=True) > 0)


def _gap(true: ArrayLike, false: ArrayLike) -> Floats:
    likely, unlikely = real("true", true, finite=True), real("false", false, finite=True)
    same_length(true=likely, false=unlikely)
    for name, column in (("true", likely), ("false", unlikely)):
        if len(column) and column.max() > 0:
            raise InputError(f"{name} must be log-probabilities, at most 0; got {column.max():g}")
    return likely - unlikely
