"""Histogram binning: the share of right answers among rows with about this score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_confidences, require_rows_of_numbers, require_span
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.direction import direction_of_rise
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.scores import Scores
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.monotone import block_sums
from foureyes.maths.ordering import cut_evenly, sort_with_outcomes
from foureyes.maths.unimodal import rising_fit
from foureyes.signals.catalog import LargerIs

__all__ = ["HistogramBinning"]

Floats = NDArray[np.float64]


_FEWEST_BINS, _MOST_BINS = 5, 15


@dataclass(frozen=True, slots=True, repr=False)
class HistogramBinning(Result, ScoreCalibrator):
    """P(correct) = share of right answers in the score's bin; bins hold about equally many rows of the fit.

    It assumes nothing about the shape, and pays with few distinct values and noise in each of them. A known direction is
    kept: bins that fall out of order are pooled. Without one not even that it is monotone is assumed.

    Attributes:
        fitted_on: the rows and the source of the fit.
        edges: (B−1,) lowest score of every bin but the first, ascending.
        confidences: (B,) of the bins.
        low, high: finite span of the scores of the fit.

    Example:
        >>> binned = HistogramBinning.fit([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 0, 1, 0, 0, 0], bins=2)
        >>> binned.edges, binned.predict_proba([2, 7]).round(3).tolist()
        ((5.0,), [0.667, 0.333])

    Source: Zadrozny & Elkan 2001.
    """

    kind: ClassVar[str] = "histogram"

    fitted_on: FittedOn
    edges: tuple[float, ...]
    confidences: tuple[float, ...]
    low: float
    high: float

    def __post_init__(self) -> None:
        require_span(self.kind, self.low, self.high)
        require_rows_of_numbers(self.kind, edges=self.edges)
        require_confidences(self.kind, self.confidences)
        if len(self.confidences) != len(self.edges) + 1 or (np.diff(self.edges) <= 0).any():
            raise InputError(
                f"histogram: B bins need B−1 ascending edges; got {len(self.confidences)} and {self.edges}"
            )
        self.require_direction()

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        correct: ArrayLike,
        *,
        bins: int | None = None,
        larger_is: LargerIs | None = None,
        source: Source | None = None,
        accept_direction: str | None = None,
    ) -> HistogramBinning:
        """Cuts the sorted rows into bins and takes each one's share of right answers.

        Args:
            x: (N,) scores; infinities count as the most extreme finite score.
            correct: (N,) booleans or 0/1; or the share of people by whom each was right.
            bins: at most this many; by default the cube root of the number of rows, from 5 to 15. Equal scores share a
                bin.
            larger_is: ``"better"`` or ``"worse"``: neighbouring bins that few rows put the other way round are pooled; by default that of the
                source's signal in the catalogue, else the rows decide.
            source: where the scores come from.
            accept_direction: the signal's name, to fit it although it points the other way than in the catalogue.

        Raises:
            InputError: the rows contradict the direction beyond chance; lengths differ, NaN, flags that are none, fewer than one bin.
            NotEnoughData: all answers are right, or all wrong.
        """
        if bins is not None and bins < 1:
            raise InputError(f"bins must be at least 1; got {bins}")
        scores = Scores.of(x, correct, source, accept_direction, larger_is)
        bins = bins or min(max(round(len(scores.values) ** (1 / 3)), _FEWEST_BINS), _MOST_BINS)
        values, right = sort_with_outcomes(scores.values, scores.right)
        cuts = cut_evenly(values, bins)
        share = _one_way(block_sums(right, cuts) / np.diff(cuts), np.diff(cuts), scores.larger_is)
        return cls(
            scores.fitted_on,
            tuple(values[cuts[1:-1]].tolist()),
            tuple(scores.confidence(share).tolist()),
            scores.low,
            scores.high,
        )

    @property
    def larger_is(self) -> LargerIs | None:
        """The trend over its bins, which hold about equally many rows; no trend, no direction."""
        places = np.arange(len(self.confidences))
        return direction_of_rise(float(((places - places.mean()) * self.confidences).sum()))

    def _confidence(self, values: Floats) -> Floats:
        return np.array(self.confidences)[np.searchsorted(self.edges, values, side="right")]


def _one_way(share: Floats, rows: NDArray[np.intp], larger_is: LargerIs | None) -> Floats:
    """The shares of the bins, those pooled that stand the other way round than is known."""
    if larger_is is None:
        return share
    order = slice(None, None, 1 if larger_is == "better" else -1)
    return rising_fit(share[order], rows[order].astype(np.float64))[order]
