"""Vector scaling: a weight and a bias for every class, where one temperature for all is too few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers, require_rows_of_numbers
from foureyes.calibration.classes import ClassCalibrator, LabelledClasses, Scale, require_scale
from foureyes.calibration.descent import minimise
from foureyes.calibration.floors import require_floor
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.softmax import best_sharpness, row_chunks, row_maxima, softmax
from foureyes.calibration.temperature import floored
from foureyes.display import Result
from foureyes.errors import InputError

__all__ = ["RIDGE", "VectorScaling", "fit_vector"]

Floats = NDArray[np.float64]

RIDGE: Final = 10.0
"""How strongly weights and biases are held to the one temperature, unless asked otherwise."""

_IMPOSSIBLE: Final = -1e30


@dataclass(frozen=True, slots=True, repr=False)
class VectorScaling(Result, ClassCalibrator):
    """P(class) = softmax(weights · ln p + biases): every class with a sharpness and a prior of its own.

    p is the softmax of the scores, so that a constant added to a row's logits changes nothing. Unlike a temperature it
    can change the predicted class. Weights and biases are drawn to the best temperature by a ridge, so that few rows, or
    a class that nobody has, do no harm; whether it beats the temperature on rows not seen is asked by
    :func:`foureyes.calibration.choose_classes.fit_best_classes`.

    Attributes:
        fitted_on: the rows and the source of the fit.
        weights: (K,) above 0.
        biases: (K,).
        scale: what it takes, ``"logits"`` or ``"probabilities"``.
        floor: what a probability below it counts as.

    Example:
        >>> logits = [[4, 0, 0], [3, 0, 0], [0, 5, 0], [0, 0, 3], [6, 0, 0]]
        >>> len(VectorScaling.fit(logits, [0, 0, 1, 2, 1]).biases)
        3

    Source: Guo et al. 2017, §4.2.
    """

    kind: ClassVar[str] = "vector"

    fitted_on: FittedOn
    weights: tuple[float, ...]
    biases: tuple[float, ...]
    scale: Scale
    floor: float

    def __post_init__(self) -> None:
        require_rows_of_numbers(self.kind, weights=self.weights, biases=self.biases)
        require_scale(self.scale)
        require_floor(self.kind, self.floor)
        if len(self.weights) != len(self.biases) or len(self.weights) < 2 or min(self.weights) <= 0:
            raise InputError(
                f"vector: every class needs a weight above 0 and a bias; got {len(self.weights)} and {len(self.biases)}"
            )

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        labels: ArrayLike,
        *,
        scale: Scale = "logits",
        ridge: float = RIDGE,
        source: Source | None = None,
    ) -> VectorScaling:
        """Fits the weights and biases by penalised maximum likelihood.

        Minimises Σ −ln p(label) + ridge/2 · Σ ((weight · temperature − 1)² + bias²).

        Args:
            x: (N, K) one score a class, as for :meth:`Temperature.fit <foureyes.calibration.temperature.Temperature.fit>`.
            labels: likewise; votes too.
            scale: ``"logits"`` or ``"probabilities"``.
            ridge: above 0.
            source: where the scores come from.

        Raises:
            InputError: as for a temperature; or a ridge that is not above 0.
            NotEnoughData: no label differs from the top class.
        """
        require_numbers(cls.kind, ridge=ridge)
        if ridge <= 0:
            raise InputError(f"ridge must be above 0; got {ridge:g}")
        floor, rows = floored(x, labels, scale, source)
        return fit_vector(rows, scale, floor, ridge=ridge)

    def _probabilities(self, logits: Floats) -> Floats:
        if logits.shape[1] != len(self.weights):
            raise InputError(f"fitted on {len(self.weights)} classes; got {logits.shape[1]}")
        return softmax(_log_softmax(logits) * np.array(self.weights) + np.array(self.biases))


def fit_vector(rows: LabelledClasses, scale: Scale, floor: float, *, ridge: float = RIDGE) -> VectorScaling:
    """Fits rows that are ready; arguments as for :meth:`VectorScaling.fit`."""
    sharpness = best_sharpness(rows.logits, rows.own)
    problem = _Problem(rows, _log_softmax(rows.logits), sharpness, ridge)
    tilt, biases = np.split(minimise(problem, np.zeros(2 * rows.logits.shape[1])), 2)
    weights = sharpness * (1 + tilt)
    return VectorScaling(rows.fitted_on, tuple(weights.tolist()), tuple(biases.tolist()), scale, floor)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """The penalised loss of 2K numbers: how far each weight departs from the one sharpness, and the biases."""

    rows: LabelledClasses
    logs: Floats
    sharpness: float
    ridge: float

    def __call__(self, at: Floats) -> tuple[float, Floats]:
        tilt, biases = np.split(at, 2)
        if tilt.min() <= -1:
            return np.inf, np.zeros_like(at)
        loss, slope = self.ridge / 2 * float(at @ at), self.ridge * at
        labels = self.rows.labels
        for where, chunk in row_chunks(self.logs):
            z = np.maximum(chunk, _IMPOSSIBLE)
            scaled = self.sharpness * (1 + tilt)[:, None] * z + biases[:, None]
            top = scaled.max(axis=0)
            p = np.exp(scaled - top)
            total = p.sum(axis=0)
            p /= total
            loss += float((top + np.log(total)).sum())
            if labels.shares is None:
                places = (labels.answers[where], np.arange(p.shape[1]))
                loss -= float(scaled[places].sum())
                p[places] -= 1
            else:
                share = labels.shares[where].T
                loss -= float((share * scaled).sum())
                p -= share
            slope[: len(tilt)] += self.sharpness * np.einsum("km,km->k", p, z)
            slope[len(tilt) :] += p.sum(axis=1)
        n = len(self.logs)
        return loss / n, slope / n


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - row_maxima(logits)[:, None]
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
