"""Platt scaling: a straight line from the score to the log-odds of being right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers, require_span
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.direction import direction_of_rise
from foureyes.calibration.logistic import fit_one_way, sigmoid
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.scores import Scores
from foureyes.display import Result
from foureyes.signals.catalog import LargerIs

__all__ = ["Platt"]

Floats = NDArray[np.float64]

_WIDEST = 1e300  # a span whose product with a slope is still a number


@dataclass(frozen=True, slots=True, repr=False)
class Platt(Result, ScoreCalibrator):
    """P(correct) = σ(slope · score + intercept).

    Two numbers, so it is the safe choice for few rows; it can only be as good as a logistic curve. Any score will do, an
    uncertainty as well as a mean logit. A known direction is kept, however few the rows; without one the sign of the slope
    is fitted, and a sign that surprises is a finding.

    Attributes:
        fitted_on: the rows and the source of the fit.
        slope: change of the log-odds with one unit of the score; below 0 for a working uncertainty.
        intercept: log-odds at score 0.
        low, high: finite span of the scores of the fit.

    Example:
        >>> platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0])
        >>> platt.predict_proba([0.1, 3.0]).round(2).tolist()
        [0.71, 0.24]

    Source: Platt 1999, with his targets (right (n₊+1)/(n₊+2), wrong 1/(n₋+2)), so that the optimum is finite even for
    scores that separate the classes.
    """

    kind: ClassVar[str] = "platt"

    fitted_on: FittedOn
    slope: float
    intercept: float
    low: float
    high: float

    def __post_init__(self) -> None:
        require_numbers(self.kind, slope=self.slope, intercept=self.intercept)
        require_span(self.kind, self.low, self.high)
        self.require_direction()

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        correct: ArrayLike,
        *,
        larger_is: LargerIs | None = None,
        source: Source | None = None,
        accept_direction: str | None = None,
    ) -> Platt:
        """Fits the line by maximum likelihood; with the prior that a known direction gives (:data:`~foureyes.calibration.logistic.RISING`).

        Args:
            x: (N,) scores; infinities count as the most extreme finite score.
            correct: (N,) booleans or 0/1; or the share of people by whom each was right.
            larger_is: ``"better"`` or ``"worse"``: a direction that few rows must not turn round; by default that of the
                source's signal in the catalogue, else the rows decide.
            source: where the scores come from.
            accept_direction: the signal's name, to fit it although it points the other way than in the catalogue.

        Raises:
            InputError: the rows contradict the direction beyond chance; lengths differ, NaN, flags that are none.
            NotEnoughData: all answers are right, or all wrong.
        """
        scores = Scores.of(x, correct, source, accept_direction, larger_is)
        line = fit_one_way(scores.values, scores.targets, scores.larger_is)
        return cls(scores.fitted_on, line.weights[0], line.intercept, scores.low, scores.high)

    @property
    def larger_is(self) -> LargerIs | None:
        """By the slope, which holds beyond the scores of the fit too."""
        return direction_of_rise(self.slope * min(max(self.high - self.low, 1.0), _WIDEST))

    def _confidence(self, values: Floats) -> Floats:
        return sigmoid(self.slope * values + self.intercept)
