"""Scoring rules for stated probabilities: Brier score, log loss, and a score that rewards honest doubt.

Brier and log loss are *proper*: stating what one believes minimises both. Lower is better for them; the distributional
correctness score is a utility, higher is better.

A newcomer starts at :func:`brier`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import Outcomes, class_indices, distributions, same_length, stated_and_seen
from foureyes.maths.monotone import block_sums, pool_increasing
from foureyes.maths.ordering import sort_with_outcomes

__all__ = ["Brier", "brier", "dcs", "nll"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Brier(Result):
    """A Brier score taken apart: value = miscalibration − discrimination + uncertainty, exactly.

    Attributes:
        value: mean (confidence − correct)², in [0, 1]; 0.25 is what "always 0.5" gets.
        miscalibration: what the best monotone recalibration of these rows would save, ≥ 0.
        discrimination: what recalibrated confidences gain over the base rate, ≥ 0; higher is better.
        uncertainty: the score of the base rate itself, accuracy · (1 − accuracy).
        n: rows.
    """

    value: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    n: int

    @property
    def skill(self) -> float | None:
        """Brier skill score, 1 − value / uncertainty: 1 = perfect, 0 = no better than the base rate, below 0 = worse.

        ``None`` where all answers are right or all wrong: the base rate is then perfect and nothing can beat it.
        """
        return 1 - self.value / self.uncertainty if self.uncertainty else None


def brier(confidence: ArrayLike, correct: ArrayLike) -> Brier:
    """Brier score with its decomposition.

    The parts come from the isotonic recalibration of the rows themselves, not from bins, so they add up exactly and
    depend on no choice.

    Args:
        confidence: (N,) P(correct), in [0, 1].
        correct: (N,) booleans or 0/1; or the share of people by whom each was right, for the mean over people.

    Raises:
        InputError: lengths differ, a confidence outside [0, 1] or NaN.
        NotEnoughData: no rows.

    Example:
        >>> score = brier([0.9, 0.9, 0.1, 0.1], [1, 1, 0, 0])
        >>> [round(part, 2) for part in (score.value, score.miscalibration, score.discrimination, score.uncertainty)]
        [0.01, 0.01, 0.25, 0.25]

    Source: Brier 1950; Dimitriadis, Gneiting & Jordan 2021 (the decomposition, CORP).
    """
    c, right = _stated(confidence, correct)
    n, accuracy = len(c), float(right.mean())
    value = float(np.square(c - right).mean())
    if right.dtype != np.bool_:
        value += float((right * (1 - right)).mean())  # (c − v)² of somebody's vote v, averaged over people
    _, right_in_order = sort_with_outcomes(c, right)
    cuts = pool_increasing(right_in_order)
    rate = block_sums(right_in_order, cuts) / np.diff(cuts)
    recalibrated = float((np.diff(cuts) * rate * (1 - rate)).sum() / n)
    uncertainty = accuracy * (1 - accuracy)
    return Brier(value, max(0.0, value - recalibrated), max(0.0, uncertainty - recalibrated), uncertainty, n)


def nll(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Log loss, the mean of −ln P(what happened), nats, ≥ 0.

    Infinite where a single answer given confidence 1 is wrong, or one given 0 is right. That is the honest value;
    confidences of a fitted calibrator never reach either end.

    Args:
        confidence: (N,) P(correct), in [0, 1].
        correct: (N,) booleans or 0/1; or the share of people by whom each was right, for the mean over people.

    Raises:
        InputError: lengths differ, a confidence outside [0, 1] or NaN.
        NotEnoughData: no rows.

    Example:
        >>> round(nll([0.5, 0.5], [True, False]), 4)
        0.6931
    """
    c, right = _stated(confidence, correct)
    with np.errstate(divide="ignore"):
        if right.dtype != np.bool_:
            share = right.astype(np.float64, copy=False)
            return float(-(_times_log(share, c) + _times_log(1 - share, 1 - c)).mean())
        happened = np.log(c, where=right.astype(np.bool_, copy=False), out=np.log1p(-c))
    return float(-happened.mean())


def dcs(
    probabilities: ArrayLike,
    answer: ArrayLike,
    *,
    abstain: int | None = None,
    reward: float = 1.0,
    penalty: float = 1.0,
) -> float:
    """Distributional correctness score: doubt put on "I don't know" costs nothing, on wrong answers it costs.

    Mean of (reward · p_right − penalty · p_wrong) · (1 − p_abstain), where p_wrong is all mass on wrong options.
    From −penalty (all mass on wrong answers) over 0 (abstained) to +reward.

    Args:
        probabilities: (N, K) distribution over the options of each question, rows summing to one.
        answer: (N,) index of the right option.
        abstain: index of the "I don't know" option; ``None`` if there is none.
        reward: loading of the right answer.
        penalty: loading of the wrong ones, reward ≥ penalty ≥ 0.

    Raises:
        InputError: not distributions, an index out of range, an answer that is the abstention, bad loadings.
        NotEnoughData: no rows.

    Example:
        >>> round(dcs([[0.7, 0.1, 0.2], [0.1, 0.1, 0.8]], [0, 0], abstain=2), 2)
        0.24

    Source: Burns, Measuring Language Model Hallucinations Through Distributional Correctness, arXiv 2510.04302.
    """
    p = distributions("probabilities", probabilities)
    right = class_indices("answer", answer, n_classes=p.shape[1])
    if not same_length(probabilities=p, answer=right):
        raise NotEnoughData("a distributional correctness score needs rows; got none")
    if not reward >= penalty >= 0:
        raise InputError(f"loadings must satisfy reward ≥ penalty ≥ 0; got reward {reward:g} and penalty {penalty:g}")
    if abstain is not None and (not 0 <= abstain < p.shape[1] or (right == abstain).any()):
        raise InputError(f"abstain must be an option, 0 to {p.shape[1] - 1}, and never the right answer; got {abstain}")
    p_right = p[np.arange(len(p)), right]
    p_abstain = np.zeros(len(p)) if abstain is None else p[:, abstain]
    p_wrong = p.sum(axis=1) - p_right - p_abstain
    return float(((reward * p_right - penalty * p_wrong) * (1 - p_abstain)).mean())


def _times_log(share: Floats, p: Floats) -> Floats:
    """Share times ln p, 0 where the share is."""
    return np.asarray(share * np.log(np.where(share == 0, 1.0, p)))


def _stated(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Outcomes]:
    c, right = stated_and_seen(confidence, correct)
    if not len(c):
        raise NotEnoughData("a score of confidences needs rows; got none")
    return c, right
