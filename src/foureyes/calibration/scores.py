"""The rules that every fit applies to its scores before it looks at them; see :mod:`foureyes.calibration.calibrator`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.direction import held_direction, known_direction
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import Outcomes, outcomes, real, same_length
from foureyes.signals.catalog import LargerIs

__all__ = ["Scores", "finite_span", "scores_and_outcomes", "stateable", "within_span"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores made ready for a fit.

    Attributes:
        values: (N,) finite.
        right: (N,) whether each answer is correct, or the share of people who said so.
        low: smallest finite score seen; minus infinity counts as this.
        high: largest finite score seen.
        floor: the lowest confidence that the counts allow to state.
        ceiling: the highest.
        larger_is: the direction that the fit is held to; ``None`` where nothing is known of it.
        fitted_on: what the fitted value is to remember.
    """

    values: Floats
    right: Outcomes
    low: float
    high: float
    floor: float
    ceiling: float
    larger_is: LargerIs | None
    fitted_on: FittedOn

    @classmethod
    def of(
        cls,
        x: ArrayLike,
        correct: ArrayLike,
        source: Source | None,
        accept_direction: str | None = None,
        larger_is: LargerIs | None = None,
        *,
        may_contradict: bool = False,
    ) -> Scores:
        """Checks them and applies the rules of this module.

        Args:
            x: as every ``fit`` takes it.
            correct: likewise.
            source: likewise.
            accept_direction: likewise.
            larger_is: likewise.
            may_contradict: take rows that contradict a known direction beyond chance, too.

        Raises:
            InputError: shapes or values that cannot be used; rows that contradict a known direction.
            NotEnoughData: one class only, or no finite score.
        """
        values, right = scores_and_outcomes(x, correct)
        floor, ceiling = stateable(right)
        known = known_direction(source, larger_is, accept_direction)
        low, high = finite_span(values)
        finite = within_span(values, low, high)
        held = known and held_direction(finite, right, known, source, may_contradict=may_contradict)
        fitted_on = FittedOn.of([values, right], source, accept_direction, held)
        return cls(finite, right, low, high, floor, ceiling, known, fitted_on)

    @property
    def targets(self) -> Floats:
        """(N,) Platt's targets: what each answer counts as, strictly between 0 and 1."""
        return self.confidence(self.right.astype(np.float64))

    def confidence(self, share: Floats) -> Floats:
        """Shares of right answers, in [0, 1], as confidences that the counts allow to state."""
        return self.floor + (self.ceiling - self.floor) * share


def scores_and_outcomes(x: ArrayLike, correct: ArrayLike) -> tuple[Floats, Outcomes]:
    """Scores beside what came of them, equally long; refuses the two the wrong way round."""
    values, right = real("scores", x), outcomes("correct", correct)
    same_length(scores=values, correct=right)
    if right.dtype != np.bool_ and ((values == 0) | (values == 1)).all():
        raise InputError("the scores are all 0 or 1 and correct holds shares: got the two the wrong way round?")
    return values, right


def stateable(right: Outcomes) -> tuple[float, float]:
    """The lowest and the highest confidence that the counts allow to state (Platt's targets).

    Raises:
        NotEnoughData: all answers are right, or all wrong.
    """
    n_right = float(right.sum())
    n_wrong = len(right) - n_right
    if not n_right > 0 or not n_wrong > 0:
        raise NotEnoughData(
            f"a calibrator learns from right and wrong answers; got {n_right:g} right, {n_wrong:g} wrong"
        )
    return 1 / (n_wrong + 2), (n_right + 1) / (n_right + 2)


def finite_span(values: Floats) -> tuple[float, float]:
    """Smallest and largest finite value."""
    finite = values if _all_finite(values) else values[np.isfinite(values)]
    if not len(finite):
        raise NotEnoughData(f"a calibrator needs finite scores; got {len(values)} infinities")
    return float(finite.min()), float(finite.max())


def within_span(values: Floats, low: float, high: float) -> Floats:
    """The values, an infinite one replaced by the end of the span on its side."""
    if _all_finite(values):
        return values
    return np.where(np.isinf(values), np.where(values > 0, high, low), values)


def _all_finite(values: Floats) -> bool:
    return not len(values) or bool(np.isfinite(values.min()) and np.isfinite(values.max()))
