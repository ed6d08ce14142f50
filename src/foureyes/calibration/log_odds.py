"""Platt scaling of a stated probability: a straight line from its log-odds to those of being right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers, require_span
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.direction import direction_of_rise
from foureyes.calibration.floors import log_odds, require_floor
from foureyes.calibration.logistic import Line, fit_floored, fit_one_way, sigmoid
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.scores import Scores
from foureyes.display import Result
from foureyes.maths.columns import probabilities
from foureyes.signals.catalog import LargerIs

__all__ = ["LogOddsPlatt"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class LogOddsPlatt(Result, ScoreCalibrator):
    """P(correct) = σ(slope · ln(p / (1 − p)) + intercept), for a stated probability p.

    Two numbers, as of :class:`~foureyes.calibration.platt.Platt`, but on the scale on which probabilities add up: it
    contains the identity (slope 1, intercept 0) and a temperature. A known direction is kept, however few the rows; without
    one the sign of the slope is fitted, so a stated probability of being wrong will do as well.

    Attributes:
        fitted_on: the rows and the source of the fit.
        slope: change of the log-odds with one unit of the stated ones; below 1 cools an overconfident model.
        intercept: log-odds at a stated probability of one half.
        floor: p is kept so far from 0 and 1; fitted (:mod:`foureyes.calibration.floors`).
        low, high: span of the probabilities of the fit.

    Example:
        >>> fitted = LogOddsPlatt.fit([0.99, 0.95, 0.9, 0.9, 0.8, 0.7], [1, 0, 1, 1, 0, 0])
        >>> bool(fitted.predict_proba([0.99])[0] > fitted.predict_proba([0.7])[0])
        True

    Source: Platt 1999 on the log-odds; Kull, Silva Filho & Flach 2017, §3 (beta calibration with a = b).
    """

    kind: ClassVar[str] = "log-odds-platt"

    fitted_on: FittedOn
    slope: float
    intercept: float
    floor: float
    low: float
    high: float

    def __post_init__(self) -> None:
        require_numbers(self.kind, slope=self.slope, intercept=self.intercept)
        require_floor(self.kind, self.floor)
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
    ) -> LogOddsPlatt:
        """Fits the line by maximum likelihood; with the prior that a known direction gives (:data:`~foureyes.calibration.logistic.RISING`).

        Args:
            x: (N,) probabilities in [0, 1].
            correct: (N,) booleans or 0/1; or the share of people by whom each was right.
            larger_is: ``"better"`` or ``"worse"``: a direction that few rows must not turn round; by default that of the
                source's signal in the catalogue, else the rows decide.
            source: where the probabilities come from.
            accept_direction: the signal's name, to fit it although it points the other way than in the catalogue.

        Raises:
            InputError: the rows contradict the direction beyond chance; lengths differ, a probability outside [0, 1] or NaN, flags that are none.
            NotEnoughData: all answers are right, or all wrong.
        """
        scores = Scores.of(probabilities("probabilities", x), correct, source, accept_direction, larger_is)

        def fit(columns: Sequence[Floats], targets: Floats) -> Line:
            return fit_one_way(columns[0], targets, scores.larger_is)

        floor, line = fit_floored(scores.values, scores.targets, lambda p, floor: [log_odds(p, floor)], fit)
        return cls(scores.fitted_on, line.weights[0], line.intercept, floor, scores.low, scores.high)

    @property
    def larger_is(self) -> LargerIs | None:
        """By the slope."""
        return direction_of_rise(self.slope)

    def _confidence(self, values: Floats) -> Floats:
        return sigmoid(self.slope * log_odds(probabilities("probabilities", values), self.floor) + self.intercept)
