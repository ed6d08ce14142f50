"""Several signals, one confidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_numbers, require_rows_of_numbers, require_span
from foureyes.calibration.calibrator import Calibrator
from foureyes.calibration.direction import require_directions
from foureyes.calibration.logistic import fit_line, sigmoid
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.scores import finite_span, stateable, within_span
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.columns import Outcomes, outcomes, real, same_length

__all__ = ["Combiner"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Combiner(Result, Calibrator):
    """P(correct) = σ(intercept + Σ weight · signal): a logistic regression on named signals.

    Every signal is standardised for the fit, so that the ridge means the same for each. Whether it beats its best
    single signal on rows it has not seen is a question, not a fact: ask
    :func:`foureyes.calibration.choose.held_out_gain`.

    Attributes:
        fitted_on: the rows and the source of the fit.
        signals: (S,) their names, in the order of the weights.
        weights: (S,) change of the log-odds with one unit of each signal.
        intercept: log-odds where all signals are 0.
        ridge: strength of the regularisation it was fitted with.
        lows, highs: (S,) finite spans of the signals of the fit.

    Example:
        >>> signals = {"log_cmp": [0.2, 0.9, 1.4, 0.5, 3.1, 2.2], "cme": [1, 2, 1, 2, 1, 2]}
        >>> combined = Combiner.fit(signals, [1, 1, 1, 0, 0, 0])
        >>> bool(np.diff(combined.predict_proba({"log_cmp": [0.1, 3], "cme": [1, 1]}))[0] < 0)
        True
    """

    kind: ClassVar[str] = "combiner"

    fitted_on: FittedOn
    signals: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float
    ridge: float
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    def __post_init__(self) -> None:
        require_numbers(self.kind, intercept=self.intercept, ridge=self.ridge)
        require_rows_of_numbers(self.kind, weights=self.weights, lows=self.lows, highs=self.highs)
        lengths = {len(self.signals), len(self.weights), len(self.lows), len(self.highs)}
        for low, high in zip(self.lows, self.highs, strict=False):
            require_span(self.kind, low, high)
        if len(lengths) != 1 or 0 in lengths or not all(isinstance(name, str) for name in self.signals):
            raise InputError(f"combiner: every signal needs a name, a weight and a span; got {self.signals!r}")

    @classmethod
    def fit(
        cls,
        signals: Mapping[str, ArrayLike],
        correct: ArrayLike,
        *,
        ridge: float = 1.0,
        source: Source | None = None,
        accept_direction: str | None = None,
    ) -> Combiner:
        """Fits the weights by penalised maximum likelihood.

        Minimises Σ cross-entropy + ridge/2 · Σ (weight · standard deviation of its signal)², with Platt's targets. A
        ridge of 1 is scikit-learn's default, C = 1, on standardised columns: strong for 20 rows, nothing for 20 000.

        Args:
            signals: name → (N,) scores of any direction; infinities count as the signal's most extreme finite score.
            correct: (N,) booleans or 0/1.
            ridge: ≥ 0; 0 for none.
            source: where the signals come from.
            accept_direction: a signal's name (several joined by " + "), to fit it although on these rows it points the
                other way than in the catalogue.

        Raises:
            InputError: a signal contradicts the catalogue; no signals, lengths differ, NaN (leave such rows out), a negative ridge.
            NotEnoughData: all answers are right, or all wrong.
        """
        if not signals:
            raise InputError("a combiner needs at least one signal; got none")
        if not ridge >= 0:
            raise InputError(f"ridge must be at least 0; got {ridge:g}")
        columns, right = _columns(signals), outcomes("correct", correct)
        same_length(**columns, correct=right)
        floor, ceiling = stateable(right)
        spans = [finite_span(column) for column in columns.values()]
        finite = [within_span(column, *span) for column, span in zip(columns.values(), spans, strict=True)]
        line = fit_line(finite, floor + (ceiling - floor) * right.astype(np.float64), ridge=ridge)
        lows, highs = zip(*spans, strict=True)
        fitted_on = FittedOn.of([*columns.values(), right], source, accept_direction)
        require_directions(fitted_on, dict(zip(columns, finite, strict=True)), right)
        return cls(fitted_on, tuple(columns), line.weights, line.intercept, float(ridge), lows, highs)

    def predict_proba(self, signals: Mapping[str, ArrayLike], *, source: Source | None = None) -> Floats:
        """Confidence of every row.

        Args:
            signals: name → (N,) scores, exactly the signals that were fitted on, in any order.
            source: where they come from, to be checked against what was fitted on.

        Returns:
            (N,) P(correct), in (0, 1).

        Raises:
            InputError: signals missing or too many, lengths differ, NaN.
            ConfigError: the signals come from elsewhere.
        """
        self.fitted_on.require(source)
        return self._confidence(self._own(signals))

    def as_given(self, x: Any) -> None:
        """Several signals state no probability."""

    def _own(self, signals: Mapping[str, ArrayLike]) -> dict[str, Floats]:
        if set(signals) != set(self.signals):
            raise InputError(f"fitted on the signals {', '.join(self.signals)}; got {', '.join(signals) or 'none'}")
        columns = _columns({name: signals[name] for name in self.signals})
        same_length(**columns)
        return columns

    def _confidence(self, columns: Mapping[str, Floats]) -> Floats:
        log_odds = np.full(
            len(columns[self.signals[0]]), float(self.intercept)
        )  # which a file may hold as a whole number
        for name, weight, low, high in zip(self.signals, self.weights, self.lows, self.highs, strict=True):
            log_odds += weight * within_span(columns[name], low, high)
        return sigmoid(log_odds)

    def _stated(self, x: Any, outcome: ArrayLike) -> tuple[Floats, Outcomes, list[NDArray[Any]]]:
        columns, right = self._own(x), outcomes("correct", outcome)
        same_length(**columns, correct=right)
        return self._confidence(columns), right, [*columns.values(), right]


def _columns(signals: Mapping[str, ArrayLike]) -> dict[str, Floats]:
    return {name: real(f"signal {name!r}", values) for name, values in signals.items()}
