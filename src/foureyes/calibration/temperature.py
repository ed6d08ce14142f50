"""Temperature scaling: one number that makes class logits less, or more, sure of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers
from foureyes.calibration.calibrator import Calibrator
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.rows import Rows
from foureyes.calibration.softmax import best_sharpness, row_maxima, softmax
from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import class_indices, distributions, real_matrix, same_length

__all__ = ["Scale", "Temperature"]

Floats = NDArray[np.float64]

Scale = Literal["logits", "probabilities"]

_LEAST = 1e-38


@dataclass(frozen=True, slots=True, repr=False)
class Temperature(Result, Calibrator):
    """P(class) = softmax(logits / temperature).

    The predicted class never changes, and with one number there is nothing to overfit. Above 1 it cools an overconfident
    model. Multiple choice is the same thing with the options' logits as classes.

    Attributes:
        fitted_on: the rows and the source of the fit.
        temperature: above 0.
        scale: what it takes, ``"logits"`` or ``"probabilities"`` (their logarithms are taken).

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

    def __post_init__(self) -> None:
        require_numbers(self.kind, temperature=self.temperature)
        if self.temperature <= 0:
            raise InputError(f"a temperature must be above 0; got {self.temperature:g}")
        _require_scale(self.scale)

    @classmethod
    def fit(
        cls, x: ArrayLike, labels: ArrayLike, *, scale: Scale = "logits", source: Source | None = None
    ) -> Temperature:
        """Finds the temperature of the highest likelihood.

        Args:
            x: (N, K) one score a class, K ≥ 2. A logit may be −∞ (an impossible class), but not the label's.
            labels: (N,) index of the right class, 0 … K−1.
            scale: ``"logits"`` (any numbers) or ``"probabilities"`` (rows that sum to one; 0 counts as 10⁻³⁸, the
                least that single precision holds). Never guessed; logits that all look like probabilities are refused.
            source: where the logits come from.

        Raises:
            InputError: shapes, labels or values that cannot be used; probabilities given as logits or the reverse;
                scores that do not favour the labels at all, so that no finite temperature is best.
            NotEnoughData: no label differs from the top class: any lower temperature is then better.
        """
        _require_scale(scale)
        logits = _logits(x, scale)
        answers = class_indices("labels", labels, n_classes=logits.shape[1])
        same_length(logits=logits, labels=answers)
        own = logits[np.arange(len(logits)), answers]
        if np.isinf(own).any():
            raise InputError(f"the label's own score must be finite; got {own.min():g} at row {int(own.argmin())}")
        top = row_maxima(logits)
        if not (own < top).any():
            raise NotEnoughData(
                f"a temperature learns from answers some of which are wrong; got {len(own)}, none wrong"
            )
        fitted_on = FittedOn(Rows.of(_identity(logits, top, own, answers)), source)
        return cls(fitted_on, 1 / best_sharpness(logits, own), scale)

    def predict_proba(self, x: ArrayLike, *, source: Source | None = None) -> Floats:
        """Probabilities of every class.

        Args:
            x: (N, K) scores of the scale that was fitted on.
            source: where they come from, to be checked against what was fitted on.

        Returns:
            (N, K), rows summing to one.

        Raises:
            InputError: scores that cannot be used, or of the other scale.
            ConfigError: they come from elsewhere.
        """
        self.fitted_on.require(source)
        return softmax(_logits(x, self.scale) / self.temperature)

    def confidence(self, x: ArrayLike, *, source: Source | None = None) -> Floats:
        """(N,) probability of the predicted class, P(correct)."""
        return row_maxima(self.predict_proba(x, source=source))

    def _stated(self, x: Any, outcome: ArrayLike) -> tuple[Floats, NDArray[np.bool_], list[NDArray[Any]]]:
        logits = _logits(x, self.scale)
        labels = class_indices("labels", outcome, n_classes=logits.shape[1])
        same_length(logits=logits, labels=labels)
        own = logits[np.arange(len(logits)), labels]
        identity = _identity(logits, row_maxima(logits), own, labels)
        return row_maxima(softmax(logits / self.temperature)), logits.argmax(axis=1) == labels, identity


def _identity(logits: Floats, top: Floats, own: Floats, labels: NDArray[np.intp]) -> list[NDArray[Any]]:
    """What tells rows apart: the top class alone is the same number wherever a model is quite sure."""
    return [top, own, labels, logits[:, 0], logits[:, -1]]


def _require_scale(scale: str) -> None:
    if scale not in get_args(Scale):
        raise InputError(f"scale must be one of {', '.join(get_args(Scale))}; got {scale!r}")


def _logits(x: ArrayLike, scale: Scale) -> Floats:
    """Scores as logits, each row with a finite one."""
    if scale == "probabilities":
        return np.log(np.maximum(distributions("probabilities", x), _LEAST))
    logits = real_matrix("logits", x)
    if logits.shape[1] < 2:
        raise InputError("logits must hold at least two classes; got one")
    if len(logits) and not np.isfinite(highest := row_maxima(logits)).all():
        bad = ~np.isfinite(highest)
        raise InputError(f"every row of logits must have a finite maximum; got {highest[bad][0]} at row {bad.argmax()}")
    if len(logits) and logits.min() >= 0 and (np.abs(logits.sum(axis=1) - 1) <= 1e-4).all():
        raise InputError(
            "every row of logits sums to one: these are probabilities; say so (scale='probabilities', --probs)"
        )
    return logits
