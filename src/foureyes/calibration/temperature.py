"""Temperature scaling: one number that makes class logits less, or more, sure of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers
from foureyes.calibration.classes import (
    ClassCalibrator,
    ClassLabels,
    LabelledClasses,
    Scale,
    class_logits,
    require_scale,
)
from foureyes.calibration.floors import FLOORS, best_floor, require_floor
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.softmax import best_sharpness, softmax
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.columns import real_matrix

__all__ = ["Temperature", "fit_temperature", "floored"]

Floats = NDArray[np.float64]

_BEFORE_FLOORS: Final = 1e-38
"""The floor of calibrators that were written before it was fitted."""

_ROWS_FOR_A_FLOOR: Final = 20_000


@dataclass(frozen=True, slots=True, repr=False)
class Temperature(Result, ClassCalibrator):
    """P(class) = softmax(logits / temperature).

    The predicted class never changes, and with one number there is nothing to overfit. Above 1 it cools an overconfident
    model. Multiple choice is the same thing with the options' logits as classes.

    Attributes:
        fitted_on: the rows and the source of the fit.
        temperature: above 0.
        scale: what it takes, ``"logits"`` or ``"probabilities"`` (their logarithms are taken).
        floor: what a probability below it counts as; fitted (:mod:`foureyes.calibration.floors`).

    Example:
        >>> logits = [[4, 0, 0], [3, 0, 0], [0, 5, 0], [0, 0, 3], [6, 0, 0]]
        >>> fitted = Temperature.fit(logits, [0, 0, 1, 2, 1])
        >>> fitted.temperature > 1, fitted.predict_proba([[2, 0, 0]]).round(2).tolist()
        (True, [[0.51, 0.25, 0.25]])

    Source: Guo et al. 2017.
    """

    kind: ClassVar[str] = "temperature"

    fitted_on: FittedOn
    temperature: float
    scale: Scale = "logits"
    floor: float = _BEFORE_FLOORS

    def __post_init__(self) -> None:
        require_numbers(self.kind, temperature=self.temperature)
        if self.temperature <= 0:
            raise InputError(f"a temperature must be above 0; got {self.temperature:g}")
        require_scale(self.scale)
        require_floor(self.kind, self.floor)

    @classmethod
    def fit(
        cls, x: ArrayLike, labels: ArrayLike, *, scale: Scale = "logits", source: Source | None = None
    ) -> Temperature:
        """Finds the temperature of the highest likelihood.

        Args:
            x: (N, K) one score a class, K ≥ 2. A logit may be −∞ (an impossible class), but not the label's.
            labels: (N,) index of the right class, 0 … K−1; or (N, K) how many people chose each class, or their shares.
            scale: ``"logits"`` (any numbers) or ``"probabilities"`` (rows that sum to one; what 0 counts as is fitted
                too). Never guessed; logits that all look like probabilities are refused.
            source: where the logits come from.

        Raises:
            InputError: shapes, labels or values that cannot be used; probabilities given as logits or the reverse;
                scores that do not favour the labels at all, so that no finite temperature is best.
            NotEnoughData: no label differs from the top class: any lower temperature is then better.
        """
        floor, rows = floored(x, labels, scale, source)
        return fit_temperature(rows, scale, floor)

    def _probabilities(self, logits: Floats) -> Floats:
        return softmax(logits / self.temperature)


def fit_temperature(rows: LabelledClasses, scale: Scale, floor: float) -> Temperature:
    """Fits rows that are ready; arguments as for :meth:`Temperature.fit`."""
    return Temperature(rows.fitted_on, 1 / best_sharpness(rows.logits, rows.own), scale, floor)


def floored(x: ArrayLike, labels: ArrayLike, scale: Scale, source: Source | None) -> tuple[float, LabelledClasses]:
    """Class scores as logits, with the floor under which a temperature makes the labels likeliest; and that floor."""
    logits = class_logits(x, scale, FLOORS[0])
    zeros = scale == "probabilities" and len(logits) and float(real_matrix("probabilities", x).min()) <= 0
    if not zeros:
        return FLOORS[0], LabelledClasses.of(logits, labels, source)
    given = ClassLabels.of(labels, logits)
    few = LabelledClasses.of(logits, given, source).thinned(_ROWS_FOR_A_FLOOR)

    def fit(floor: float) -> tuple[None, float]:
        higher = np.maximum(few.logits, np.log(floor))
        own = few.labels.own(higher)
        sharpness = best_sharpness(higher, own)
        return None, float(few.labels.losses(softmax(higher * sharpness)).mean())

    floor, _ = best_floor(0.0, fit)
    return floor, LabelledClasses.of(np.maximum(logits, np.log(floor)), given, source)
