"""The accuracy of recent answers: estimated without labels, measured with them, and the two compared.

If a calibrated confidence means what it says, the mean confidence of the answers in a window is the expected share of
right ones among them. NannyML calls this Confidence-Based Performance Estimation (CBPE). It rests wholly on that "if":
drift breaks it silently, which is why the estimate stands beside a drift detector and, where labels come in, beside
what they say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foureyes.errors import NotEnoughData
from foureyes.maths.bounds import binomial_cdf, clopper_pearson
from foureyes.maths.columns import flags, fraction, probabilities, same_length

__all__ = ["ASSUMES", "EstimatedAccuracy", "RealisedAccuracy", "estimated_accuracy", "realised_accuracy"]

ASSUMES = (
    "Calibration holds for these answers: of those given confidence c, a share c is right. The interval says how far "
    "the share of right answers in this window may lie from its expectation by chance; it knows nothing of an error of "
    "the calibration itself."
)


@dataclass(frozen=True, slots=True)
class EstimatedAccuracy:
    """The share of right answers, estimated from calibrated confidences without labels.

    Attributes:
        value: mean confidence, the expected share of right answers, in [0, 1].
        low, high: the share really right in the window lies between them with probability ``level`` or more, *if*
            :data:`ASSUMES` holds.
        level: of the interval.
        n: answers with a confidence.
        assumes: what all of this rests on.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    assumes: str = ASSUMES


@dataclass(frozen=True, slots=True)
class RealisedAccuracy:
    """Accuracy measured by labels, beside what the confidences of the same answers foretold.

    Attributes:
        value: share of right answers among the labelled.
        low, high: exact interval of the share in the population they were drawn from.
        level: of the interval.
        n: labelled answers.
        expected: mean confidence of those among them that have one; ``None`` where none has.
        gap: their share of right answers − ``expected``; below 0 = overconfident; ``None`` where ``expected`` is.
        p_value: chance of a gap this wide or wider, if calibration holds; ``None`` where ``expected`` is. An upper bound.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    expected: float | None
    gap: float | None
    p_value: float | None


def estimated_accuracy(confidence: ArrayLike, *, level: float = 0.95) -> EstimatedAccuracy:
    """Estimates the share of right answers from their calibrated confidences.

    If calibration holds and answers are independent, the number of right ones is a sum of N unequal coins. Its tails
    are no heavier than those of N equal coins with the same mean (Hoeffding 1956), so the binomial's interval holds.

    Args:
        confidence: (N,) P(the answer is right), in [0, 1].
        level: of the interval, in (0, 1).

    Returns:
        Mean, interval, and what they assume.

    Raises:
        NotEnoughData: there is no confidence.
        InputError: a value is not in [0, 1].

    Example:
        >>> e = estimated_accuracy([0.9] * 100)
        >>> round(e.value, 2), e.low, e.high
        (0.9, 0.84, 0.95)

    Source: NannyML's CBPE; W. Hoeffding, On the distribution of the number of successes in independent trials, 1956,
        Theorem 4.
    """
    c = probabilities("confidence", confidence)
    fraction("level", level)
    n = len(c)
    if not n:
        raise NotEnoughData("an accuracy is estimated from confidences; got none", needed=1)
    mean = float(c.mean())
    low, high = _central(n, mean, (1 - level) / 2)
    return EstimatedAccuracy(mean, low / n, high / n, level, n)


def realised_accuracy(
    correct: ArrayLike, confidence: Sequence[float | None], *, level: float = 0.95
) -> RealisedAccuracy:
    """Measures the share of right answers, and tests whether their confidences foretold it.

    Args:
        correct: (N,) whether each labelled answer was right.
        confidence: (N,) what was said of each beforehand, ``None`` where nothing was.
        level: of the interval, in (0, 1).

    Raises:
        NotEnoughData: nothing is labelled.
        InputError: lengths differ, or values are out of range.

    Example:
        >>> r = realised_accuracy([True] * 60 + [False] * 40, [0.9] * 100)
        >>> r.value, round(r.gap, 2), r.p_value < 1e-9
        (0.6, -0.3, True)
    """
    right = flags("correct", correct)
    n = same_length(correct=right, confidence=np.empty(len(confidence)))
    if not n:
        raise NotEnoughData("an accuracy is measured on labelled answers; got none", needed=1)
    k = int(right.sum())
    low, high = clopper_pearson(k, n, level)
    stated = np.array([c is not None for c in confidence])
    if not stated.any():
        return RealisedAccuracy(k / n, low, high, level, n, None, None, None)
    c = probabilities("confidence", [value for value in confidence if value is not None])
    expected, share = float(c.mean()), float(right[stated].mean())
    p = _two_sided(int(right[stated].sum()), len(c), expected)
    return RealisedAccuracy(k / n, low, high, level, n, expected, share - expected, p)


def _central(n: int, mean: float, tail: float) -> tuple[int, int]:
    """Counts with at most ``tail`` below the first and at most ``tail`` above the second, never inside mean ± 1."""
    expected = n * mean
    low = _first(lambda k: binomial_cdf(k, n, mean) > tail, n)
    high = _first(lambda k: 1 - binomial_cdf(k, n, mean) <= tail, n)
    # Hoeffding's comparison of tails holds from one success beside the mean on.
    return max(0, min(low, math.floor(expected + 1e-9))), min(n, max(high, math.ceil(expected - 1e-9)))


def _first(holds: Callable[[int], bool], n: int) -> int:
    """The least k in 0..n for which a property that stays true holds."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _two_sided(k: int, n: int, mean: float) -> float:
    """P(a count at least as far out as k) by doubling the binomial tail; 1 within one success of the mean."""
    if abs(k - n * mean) <= 1:
        return 1.0
    tail = binomial_cdf(k, n, mean) if k < n * mean else 1 - binomial_cdf(k - 1, n, mean)
    return min(1.0, 2 * tail)
