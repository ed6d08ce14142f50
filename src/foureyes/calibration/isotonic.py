"""Isotonic regression: the best confidence that only ever falls as the uncertainty rises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_confidences, require_rows_of_numbers, require_span
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.direction import direction_of, direction_of_rise
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.scores import Scores
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.monotone import block_sums, pool_increasing
from foureyes.maths.ordering import sort_with_outcomes
from foureyes.signals.catalog import LargerIs

__all__ = ["Isotonic"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Isotonic(Result, ScoreCalibrator):
    """P(correct) as a monotone curve through pooled shares of right answers, straight between them.

    It keeps the order of the scores (it may make ties of neighbours) and assumes nothing else. It needs more rows than
    a line: some hundreds.

    Attributes:
        fitted_on: the rows and the source of the fit.
        scores: (P,) first and last score of every pooled block, ascending.
        confidences: (P,) theirs, monotone. Beyond the ends the curve is flat.
        low, high: finite span of the scores of the fit.

    Example:
        >>> curve = Isotonic.fit([1, 2, 3, 4, 5, 6], [1, 1, 0, 1, 0, 0])
        >>> curve.predict_proba([0, 3.5, 9]).round(2).tolist()
        [0.8, 0.5, 0.2]

    Source: Zadrozny & Elkan 2002; Ayer et al. 1955.
    """

    kind: ClassVar[str] = "isotonic"

    fitted_on: FittedOn
    scores: tuple[float, ...]
    confidences: tuple[float, ...]
    low: float
    high: float

    def __post_init__(self) -> None:
        require_span(self.kind, self.low, self.high)
        require_rows_of_numbers(self.kind, scores=self.scores)
        require_confidences(self.kind, self.confidences)
        steps = np.diff(self.confidences)
        if not self.scores or len(self.scores) != len(self.confidences) or (np.diff(self.scores) <= 0).any():
            raise InputError(f"isotonic: wanted as many ascending scores as confidences; got {len(self.scores)}")
        if (steps > 0).any() and (steps < 0).any():
            raise InputError("isotonic: confidences must be monotone")
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
    ) -> Isotonic:
        """Fits the curve by least squares.

        Args:
            x: (N,) scores; infinities count as the most extreme finite score.
            correct: (N,) booleans or 0/1; or the share of people by whom each was right.
            larger_is: ``"worse"`` for an uncertainty, ``"better"`` for a confidence or a logit; by default that of the
                source's signal in the catalogue, else ``"worse"``. It is never found by fitting both and keeping the
                better one, which would hide a broken signal.
            source: where the scores come from.
            accept_direction: the signal's name, to fit it although it points the other way than in the catalogue.

        Raises:
            InputError: the fit contradicts the catalogue of signals; lengths differ, NaN, flags that are none, an unknown direction.
            NotEnoughData: all answers are right, or all wrong.
        """
        direction = direction_of(source, larger_is, accept_direction)
        scores = Scores.of(x, correct, source, accept_direction, direction, may_contradict=True)
        sign = -1.0 if direction == "worse" else 1.0
        goodness, right = sort_with_outcomes(sign * scores.values, scores.right)
        cuts = pool_increasing(right)
        share = np.maximum.accumulate(block_sums(right, cuts) / np.diff(cuts))
        ends = np.stack([goodness[cuts[:-1]], goodness[cuts[1:] - 1]], axis=1).ravel()
        kept = np.insert(np.diff(ends) > 0, 0, True)  # a block of one distinct score needs one point, not two
        at, confidence = sign * ends[kept], np.repeat(scores.confidence(share), 2)[kept]
        order = slice(None, None, int(sign))
        return cls(
            scores.fitted_on,
            tuple((at[order] + 0.0).tolist()),
            tuple(confidence[order].tolist()),
            scores.low,
            scores.high,
        )

    @property
    def larger_is(self) -> LargerIs | None:
        """From one end of the curve to the other."""
        return direction_of_rise(self.confidences[-1] - self.confidences[0])

    def _confidence(self, values: Floats) -> Floats:
        return np.interp(values, self.scores, self.confidences)
