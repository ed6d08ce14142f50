"""Forecasts of yes-or-no events: too sure where it was wrong, and at odds with the answer said beside it.

One quantity is asked for, P(yes), and it is taken as it stands: a forecaster that says "no" with P(yes) = 0.8 is
inconsistent and is counted so, never read as 0.2.

A newcomer starts at :func:`overconfidence_rate`, which takes confidences of any kind; :func:`forecast_scores` takes P(yes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, probabilities, same_length
from foureyes.maths.flips import FlipShare
from foureyes.maths.scoring import Brier, brier

__all__ = ["ForecastScores", "forecast_scores", "overconfidence_rate", "two_sided_overconfidence_rate"]


@dataclass(frozen=True, slots=True, repr=False)
class ForecastScores(Result):
    """How N forecasts of yes-or-no events came out.

    Attributes:
        brier: of P(yes); ``brier.skill`` is the Brier skill score against the base rate of these events.
        happened: share of events that came true, the base rate.
        said_right: share of forecasts whose answer in words came true.
        inconsistent: share of forecasts whose answer in words and P(yes) lie on opposite sides of ½.
        overconfident: :func:`two_sided_overconfidence_rate`; ``None`` where no forecast is that sure.
    """

    brier: Brier
    happened: FlipShare
    said_right: FlipShare
    inconsistent: FlipShare
    overconfident: FlipShare | None


def overconfidence_rate(
    confidence: ArrayLike, correct: ArrayLike, *, above: float = 0.9, level: float = 0.95
) -> FlipShare:
    """OCR@τ: the share that is wrong among answers with a confidence above τ. A calibrated model stays under 1 − τ.

    Args:
        confidence: (N,) P(correct), in [0, 1].
        correct: (N,) booleans or 0/1.
        above: τ, in [½, 1); an answer at exactly τ is not above it.
        level: of the interval.

    Returns:
        The share, and of how many.

    Raises:
        InputError: lengths differ, numbers outside their ranges.
        NotEnoughData: no answer is that sure: the rate is then unknown, not 0.

    Example:
        >>> rate = overconfidence_rate([0.95, 0.99, 0.9, 0.2], [1, 0, 0, 0])
        >>> rate.k, rate.n
        (1, 2)

    Source: KalshiBench (Nel 2025, arXiv 2512.16030), overconfidence rate as its text defines it.
    """
    sure, right = probabilities("confidence", confidence), flags("correct", correct)
    same_length(confidence=sure, correct=right)
    return _share_wrong(sure > _threshold(above), right, above, level)


def two_sided_overconfidence_rate(
    p_yes: ArrayLike, happened: ArrayLike, *, above: float = 0.9, level: float = 0.95
) -> FlipShare:
    """The same of forecasts, counting both ends: sure of yes with P(yes) > τ, sure of no with P(yes) < 1 − τ.

    A forecast is wrong if the event went the other way than the end it lies at. On confidences in an answer this would
    count a low confidence as a sure one: use :func:`overconfidence_rate` there.

    Args:
        p_yes: (N,) P(the event happens), in [0, 1].
        happened: (N,) booleans or 0/1.
        above: τ, in [½, 1).
        level: of the interval.

    Raises:
        InputError, NotEnoughData: as :func:`overconfidence_rate`.

    Example:
        >>> rate = two_sided_overconfidence_rate([0.95, 0.02, 0.03, 0.5], [1, 0, 1, 1])
        >>> rate.k, rate.n
        (1, 3)

    Source: KalshiBench (Nel 2025, arXiv 2512.16030), overconfidence rate as its published code counts it.
    """
    p, true = probabilities("p_yes", p_yes), flags("happened", happened)
    same_length(p_yes=p, happened=true)
    tau = _threshold(above)
    return _share_wrong((p > tau) | (1 - p > tau), (p > 0.5) == true, above, level)


def forecast_scores(
    p_yes: ArrayLike, said_yes: ArrayLike, happened: ArrayLike, *, above: float = 0.9, level: float = 0.95
) -> ForecastScores:
    """Scores forecasts that give an answer in words and P(yes).

    P(yes) = ½ is consistent with either answer.

    Args:
        p_yes: (N,) P(the event happens) as stated, in [0, 1], never turned round.
        said_yes: (N,) booleans or 0/1: the answer in words.
        happened: (N,) booleans or 0/1.
        above: τ of the overconfidence rate, in [½, 1).
        level: of the intervals.

    Raises:
        InputError: lengths differ, numbers outside their ranges.
        NotEnoughData: no forecasts.

    Example:
        >>> found = forecast_scores([0.8, 0.8, 0.1, 0.5], [1, 0, 0, 1], [1, 1, 0, 0])
        >>> found.inconsistent.k, found.said_right.k, round(found.brier.value, 4)
        (1, 2, 0.085)
    """
    p, yes, true = probabilities("p_yes", p_yes), flags("said_yes", said_yes), flags("happened", happened)
    n = same_length(p_yes=p, said_yes=yes, happened=true)
    if not n:
        raise NotEnoughData("forecasts are scored where there are some; got none")
    tau = _threshold(above)
    against = ((p > 0.5) & ~yes) | ((p < 0.5) & yes)
    sure = bool(((p > tau) | (1 - p > tau)).any())
    return ForecastScores(
        brier=brier(p, true),
        happened=FlipShare.of(int(true.sum()), n, level),
        said_right=FlipShare.of(int((yes == true).sum()), n, level),
        inconsistent=FlipShare.of(int(against.sum()), n, level),
        overconfident=two_sided_overconfidence_rate(p, true, above=above, level=level) if sure else None,
    )


def _share_wrong(sure: NDArray[np.bool_], right: NDArray[np.bool_], above: float, level: float) -> FlipShare:
    if not sure.any():
        raise NotEnoughData(f"no confidence is above {above:g}: the share that is wrong among none is unknown")
    return FlipShare.of(int((sure & ~right).sum()), int(sure.sum()), level)


def _threshold(above: float) -> float:
    if not 0.5 <= above < 1:
        raise InputError(f"above must lie in [0.5, 1); got {above:g}")
    return above
