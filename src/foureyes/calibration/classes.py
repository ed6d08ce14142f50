"""What calibrators of class scores share: what they take, how labels are given, and what is stated without them.

A newcomer starts at :class:`ClassCalibrator`, then :mod:`foureyes.calibration.temperature`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.calibrator import Calibrator
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.rows import Rows
from foureyes.calibration.softmax import row_maxima, softmax
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import Outcomes, class_indices, distributions, real_matrix, same_length, shares_of_classes

__all__ = ["ClassCalibrator", "ClassLabels", "LabelledClasses", "Scale", "class_logits", "require_scale"]

Floats = NDArray[np.float64]

Scale: TypeAlias = Literal["logits", "probabilities"]

_SUM_OF_PROBABILITIES = 0.01


class ClassCalibrator(Calibrator):
    """A calibrator of one score a class: it gives a distribution over the classes.

    Attributes:
        scale: what it takes, ``"logits"`` or ``"probabilities"`` (their logarithms are taken).
        floor: what a probability below it counts as.
    """

    __slots__ = ()

    scale: Scale
    floor: float

    @abstractmethod
    def _probabilities(self, logits: Floats) -> Floats:
        """(N, K), rows summing to one."""

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
        return self._probabilities(class_logits(x, self.scale, self.floor))

    def confidence(self, x: ArrayLike, *, source: Source | None = None) -> Floats:
        """(N,) probability of the predicted class, P(correct)."""
        return row_maxima(self.predict_proba(x, source=source))

    def as_given(self, x: Any) -> Floats:
        """(N,) probability of the top class by the scores themselves."""
        if self.scale == "probabilities":
            return np.minimum(row_maxima(distributions("probabilities", x)), 1.0)
        return row_maxima(softmax(class_logits(x, self.scale, self.floor)))

    def correct(self, x: Any, labels: ArrayLike) -> Outcomes:
        """(N,) whether the predicted class is the label; with votes for labels, the share that it got."""
        logits = class_logits(x, self.scale, self.floor)
        return ClassLabels.of(labels, logits).agreeing(self._probabilities(logits).argmax(axis=1))

    def correct_as_given(self, x: Any, labels: ArrayLike) -> Outcomes:
        """The same of the top class by the scores themselves."""
        logits = class_logits(x, self.scale, self.floor)
        return ClassLabels.of(labels, logits).agreeing(logits.argmax(axis=1))

    def _stated(self, x: Any, outcome: ArrayLike) -> tuple[Floats, Outcomes, list[NDArray[Any]]]:
        logits = class_logits(x, self.scale, self.floor)
        labels = ClassLabels.of(outcome, logits)
        p = self._probabilities(logits)
        return row_maxima(p), labels.agreeing(p.argmax(axis=1)), labels.identity(logits)


@dataclass(frozen=True, slots=True, eq=False)
class ClassLabels:
    """The right class of every row, or how people voted on it.

    Attributes:
        answers: (N,) index of the right class; of the one with most votes, where there are votes.
        shares: (N, K) of the votes; ``None`` where one class is known to be right.
    """

    answers: NDArray[np.intp]
    shares: Floats | None

    @classmethod
    def of(cls, labels: ArrayLike, logits: Floats) -> ClassLabels:
        """Labels of the rows of these logits."""
        shares = shares_of_classes("labels", labels, n_classes=logits.shape[1])
        if shares is None:
            answers = class_indices("labels", labels, n_classes=logits.shape[1])
            same_length(logits=logits, labels=answers)
            return cls(answers, None)
        same_length(logits=logits, labels=shares)
        return cls(shares.argmax(axis=1), shares)

    def own(self, logits: Floats) -> Floats:
        """(N,) the label's logit; its mean over the votes."""
        if self.shares is None:
            return np.asarray(logits[np.arange(len(logits)), self.answers])
        return np.asarray((self.shares * np.where(self.shares == 0, 0.0, logits)).sum(axis=1))

    def losses(self, p: Floats) -> Floats:
        """(N,) −ln p(label), averaged over the votes."""
        with np.errstate(divide="ignore"):
            return -self.own(np.log(p))

    def agreeing(self, predicted: NDArray[np.intp]) -> Outcomes:
        """(N,) whether the predicted class is the label; with votes, the share that it got."""
        if self.shares is None:
            return np.asarray(predicted == self.answers, np.bool_)
        return np.asarray(self.shares[np.arange(len(predicted)), predicted])

    def rows(self, where: NDArray[np.bool_] | slice) -> ClassLabels:
        """Those of some of the rows."""
        return ClassLabels(self.answers[where], None if self.shares is None else self.shares[where])

    def identity(self, logits: Floats) -> list[NDArray[Any]]:
        """What tells rows apart: the top class alone is the same number wherever a model is quite sure."""
        return [row_maxima(logits), self.own(logits), self.answers, logits[:, 0], logits[:, -1]]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledClasses:
    """Class scores and labels made ready for a fit.

    Attributes:
        logits: (N, K).
        own: (N,) the label's logit, finite.
        labels: of the rows.
        source: where the scores come from.
    """

    logits: Floats
    own: Floats
    labels: ClassLabels
    source: Source | None

    @classmethod
    def of(cls, logits: Floats, labels: ArrayLike | ClassLabels, source: Source | None) -> LabelledClasses:
        """Checks that something can be learnt.

        Raises:
            InputError: labels that cannot be used, or a label whose own score is not finite.
            NotEnoughData: no label differs from the top class.
        """
        given = labels if isinstance(labels, ClassLabels) else ClassLabels.of(labels, logits)
        own = given.own(logits)
        if np.isinf(own).any():
            raise InputError(f"the label's own score must be finite; got {own.min():g} at row {int(own.argmin())}")
        if not (own < row_maxima(logits)).any():
            raise NotEnoughData(
                f"a calibrator of classes learns from answers some of which are wrong; got {len(own)}, none wrong"
            )
        return cls(logits, own, given, source)

    @property
    def fitted_on(self) -> FittedOn:
        """What the fitted value is to remember."""
        return FittedOn(Rows.of(self.labels.identity(self.logits)), self.source)

    def thinned(self, most: int) -> LabelledClasses:
        """Every k-th row, so that about so many are left."""
        every = slice(None, None, max(1, len(self.own) // most))
        logits = np.ascontiguousarray(self.logits[every])
        return LabelledClasses(logits, self.own[every].copy(), self.labels.rows(every), self.source)


def require_scale(scale: str) -> None:
    """Refuses what is no scale."""
    if scale not in get_args(Scale):
        raise InputError(f"scale must be one of {', '.join(get_args(Scale))}; got {scale!r}")


def class_logits(x: ArrayLike, scale: Scale, floor: float) -> Floats:
    """Scores as logits, each row with a finite one.

    Args:
        x: (N, K) scores.
        scale: what they are.
        floor: least probability.

    Raises:
        InputError: scores that cannot be used, or of the other scale.
    """
    require_scale(scale)
    if scale == "probabilities":
        return np.log(np.maximum(distributions("probabilities", x), floor))
    logits = real_matrix("logits", x)
    if logits.shape[1] < 2:
        raise InputError("logits must hold at least two classes; got one")
    if len(logits) and not np.isfinite(highest := row_maxima(logits)).all():
        bad = ~np.isfinite(highest)
        raise InputError(f"every row of logits must have a finite maximum; got {highest[bad][0]} at row {bad.argmax()}")
    if len(logits) and logits.min() >= 0 and (np.abs(logits.sum(axis=1) - 1) <= _SUM_OF_PROBABILITIES).all():
        raise InputError(
            "every row of logits sums to one: these are probabilities; say so (scale='probabilities', --probs)"
        )
    return logits
