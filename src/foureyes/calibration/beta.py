"""Beta calibration: for confidences that already lie in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers, require_span
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.direction import direction_of_rise, known_direction, require_stated
from foureyes.calibration.floors import require_floor
from foureyes.calibration.logistic import Line, fit_floored, fit_line, fit_one_way, sigmoid
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.scores import Scores
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.columns import probabilities
from foureyes.signals.catalog import LargerIs

__all__ = ["Beta"]

Floats = NDArray[np.float64]

_BEFORE_FLOORS = 1e-7  # of calibrators that were written before the floor was fitted


@dataclass(frozen=True, slots=True, repr=False)
class Beta(Result, ScoreCalibrator):
    """P(correct) = σ(a·ln p − b·ln(1 − p) + c), with a, b ≥ 0, for a stated confidence p.

    It bends either end of the scale on its own, and contains the identity (a = b = 1, c = 0), which a Platt line on p
    does not.

    Attributes:
        fitted_on: the rows and the source of the fit.
        a: weight of ln p, ≥ 0.
        b: weight of −ln(1 − p), ≥ 0.
        c: intercept.
        low, high: span of the confidences of the fit.
        floor: p is kept so far from 0 and 1; fitted (:mod:`foureyes.calibration.floors`).

    Example:
        >>> beta = Beta.fit([0.99, 0.95, 0.9, 0.9, 0.8, 0.7], [1, 0, 1, 1, 0, 0])
        >>> bool(beta.predict_proba([0.99])[0] > beta.predict_proba([0.7])[0])
        True

    Source: Kull, Silva Filho & Flach 2017; Platt's targets keep the optimum finite.
    """

    kind: ClassVar[str] = "beta"

    fitted_on: FittedOn
    a: float
    b: float
    c: float
    low: float
    high: float
    floor: float = _BEFORE_FLOORS

    def __post_init__(self) -> None:
        require_numbers(self.kind, a=self.a, b=self.b, c=self.c)
        require_span(self.kind, self.low, self.high)
        require_floor(self.kind, self.floor)
        if self.a < 0 or self.b < 0:
            raise InputError(f"beta: a and b must be at least 0; got {self.a:g} and {self.b:g}")
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
    ) -> Beta:
        """Fits the three numbers by maximum likelihood.

        Args:
            x: (N,) confidences in [0, 1].
            correct: (N,) booleans or 0/1; or the share of people by whom each was right.
            larger_is: ``"better"``, which is all that this curve can say; anything else is refused.
            source: where the confidences come from.
            accept_direction: the signal's name, to fit it although it points the other way than in the catalogue.

        Raises:
            InputError: larger is worse, or the rows contradict that it is better beyond chance; lengths differ, a confidence outside [0, 1] or NaN, flags that are none.
            NotEnoughData: all answers are right, or all wrong.
        """
        require_stated(larger_is, "better")
        known = known_direction(source, larger_is, accept_direction)
        scores = Scores.of(
            probabilities("confidences", x),
            correct,
            source,
            accept_direction,
            known or "better",
            may_contradict=not known,
        )
        floor, line = fit_floored(scores.values, scores.targets, _log_odds_parts, _rising_line)
        a, b = line.weights
        return cls(scores.fitted_on, a, b, line.intercept, scores.low, scores.high, floor)

    @property
    def larger_is(self) -> LargerIs | None:
        """From a confidence of 0 to one of 1, wherever those of the fit lay."""
        least, most = self._confidence(np.array([0.0, 1.0])).tolist()
        return direction_of_rise(most - least)

    def _confidence(self, values: Floats) -> Floats:
        left, right = _log_odds_parts(probabilities("confidences", values), self.floor)
        return sigmoid(self.a * left + self.b * right + self.c)


def _rising_line(columns: Sequence[Floats], targets: Floats) -> Line:
    """The likeliest line without a negative weight, which would make the map fall somewhere: it is 0 at best then.

    Where both would be 0, all confidences would be one: then both are that of a straight line which is held to rise.
    """
    free = [0, 1]
    line = fit_line(columns, targets)
    while free and min(line.weights) < 0:
        free.pop(int(np.argmin(line.weights)))
        if not free:
            line = fit_one_way(columns[0] + columns[1], targets, "better")
            return Line(line.intercept, line.weights * 2)
        line = fit_line([columns[i] for i in free], targets)
    weights = dict(zip(free, line.weights, strict=True))
    return Line(line.intercept, (weights.get(0, 0.0), weights.get(1, 0.0)))


def _log_odds_parts(p: Floats, floor: float) -> list[Floats]:
    inside = np.clip(p, floor, 1 - floor)
    return [np.log(inside), -np.log1p(-inside)]
