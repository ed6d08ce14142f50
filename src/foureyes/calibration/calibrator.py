"""What every calibrator is: a frozen value that turns scores into P(correct) and knows what it was fitted on.

``fit`` is the only way to make one (or :meth:`Calibrator.from_json`, to get one back), so no unfitted state exists.
The same rules hold for all:

* *Ties*: equal scores get equal confidences.
* *One class only*: nothing can be learnt, :class:`~foureyes.errors.NotEnoughData`.
* *Tiny samples*: a right answer counts as (right + 1)/(right + 2) and a wrong one as 1/(wrong + 2), Platt's targets.
  Shares of pooled rows stay within the two, every fit has a finite optimum, and the effect vanishes as rows come in.
  A confidence of 0 or 1 is never stated.
* *Constant scores*: the confidence is the base rate.
* *Infinities*: an infinite score counts as the most extreme finite one seen in fitting. NaN is refused.
* *Leaks*: reporting on the rows of the fit raises, unless it is asked for, and then the report is marked.

A newcomer starts at :class:`ScoreCalibrator`, then :mod:`foureyes.calibration.platt`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import MISSING, fields, replace
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import Artefact
from foureyes.calibration.direction import direction_note, direction_of_rise, require_direction
from foureyes.calibration.made_on import MadeOn
from foureyes.calibration.promises import promise
from foureyes.calibration.provenance import FittedOn, Source
from foureyes.calibration.report import CalibrationReport, calibration_report
from foureyes.calibration.scores import scores_and_outcomes, within_span
from foureyes.calibration.thresholds import Threshold
from foureyes.calibration.warned import worse_than_given
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.maths.columns import TOLERANCE, Outcomes, real
from foureyes.signals.catalog import LargerIs

__all__ = ["Calibrator", "ScoreCalibrator"]

Floats = NDArray[np.float64]


class Calibrator(ABC):
    """A frozen, fitted map to P(correct). Subclasses are dataclasses that add their parameters.

    Attributes:
        kind: its name in JSON.
        fitted_on: the rows and the source it was fitted on.
    """

    __slots__ = ()

    kind: ClassVar[str]
    fitted_on: FittedOn
    _kinds: ClassVar[dict[str, type[Calibrator]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "kind" in cls.__dict__:
            # A dataclass with slots is built twice under one name; the second, which stays, replaces the first.
            Calibrator._kinds[cls.kind] = cls

    @property
    def direction_note(self) -> str:
        """What has to be said beside every figure of a fit that was accepted against the catalogue; or empty."""
        return direction_note(self.fitted_on, None)

    @property
    def identity(self) -> str:
        """Which calibrator this is, for whoever must not confuse it with another: kind, scores and rows of the fit."""
        rows, source = self.fitted_on.rows, self.fitted_on.source or "scores of no stated source"
        return f"{self.kind} on {source}, fitted on {plural(rows.n, 'row')} {rows.digest[:12]}"

    @abstractmethod
    def as_given(self, x: Any) -> Floats | None:
        """(N,) P(correct) that the scores state by themselves; ``None`` where they state none.

        Args:
            x: what ``predict_proba`` takes.
        """

    @abstractmethod
    def _stated(self, x: Any, outcome: ArrayLike) -> tuple[Floats, Outcomes, list[NDArray[Any]]]:
        """Confidence and correctness of every row, and the columns that identify it."""

    def report(
        self,
        x: Any,
        correct: ArrayLike,
        *,
        source: Source | None = None,
        groups: ArrayLike | None = None,
        allow_fitted_rows: bool = False,
    ) -> CalibrationReport:
        """Judges this calibrator on rows it has not seen.

        Args:
            x: what ``predict_proba`` takes.
            correct: what ``fit`` took beside it.
            source: where the scores come from, to be checked against what was fitted on.
            groups: (N,) integers; rows of one group (say, answers to one question) are not independent of each other.
            allow_fitted_rows: report on the rows of the fit all the same; ``in_sample`` marks the result then.

        Returns:
            Calibration error, Brier score, log loss, AUROC, risk-coverage area and the reliability table; its
            ``warnings`` say where the log loss is above that of the scores as they were given.

        Raises:
            InputError: these rows, or a good part of them, were fitted on; or they cannot be used.
            ConfigError: the scores come from elsewhere.
            NotEnoughData: no rows, or fewer than two groups.
        """
        confidence, right, seen = self._judged(x, correct, source, allow_fitted_rows=allow_fitted_rows)
        warning = worse_than_given(confidence, self.as_given(x), right, groups)
        return calibration_report(
            confidence, right, groups=groups, in_sample=seen, warnings=(warning,) if warning else ()
        )

    def promise(
        self, x: Any, correct: ArrayLike, *, max_error: float, delta: float = 0.05, allow_fitted_rows: bool = False
    ) -> Threshold:
        """The lowest cut on this confidence that keeps a promise (:func:`foureyes.calibration.promises.promise`).

        Args:
            x: what ``predict_proba`` takes.
            correct: what ``fit`` took beside it.
            max_error: largest share of wrong answers among those let through, in (0, 1).
            delta: accepted chance that the labelled rows mislead, in (0, 1).
            allow_fitted_rows: use the rows of the fit all the same; the result is marked, and promises nothing.

        Raises:
            InputError: these rows, or a good part of them, were fitted on; or they cannot be used.
            NotEnoughData: no cut can be promised.
        """
        confidence, right, seen = self._judged(x, correct, None, allow_fitted_rows=allow_fitted_rows)
        found = promise(confidence, right, max_error=max_error, delta=delta)
        return replace(found, in_sample=seen, made_on=MadeOn.of(confidence, self.identity))

    def _judged(
        self, x: Any, correct: ArrayLike, source: Source | None, *, allow_fitted_rows: bool
    ) -> tuple[Floats, Outcomes, bool]:
        """Confidence, correctness, and whether the rows were fitted on, which must be allowed."""
        self.fitted_on.require(source)
        confidence, right, identity = self._stated(x, correct)
        seen = self.fitted_on.rows.shared_with(identity)
        if seen and not allow_fitted_rows:
            raise InputError(
                f"these {len(right)} rows were among the {self.fitted_on.rows.n} this calibrator was fitted on; wanted "
                "others (allow_fitted_rows=True, on the command line --allow-fitted-rows, takes them and marks the result)"
            )
        return confidence, right, seen

    def to_json(self) -> str:
        """As a JSON object that :meth:`from_json` reads back to an equal value."""
        parameters = {name: getattr(self, name) for name in _parameters_of(type(self))}
        return Artefact(self.kind, parameters, self.fitted_on).to_json()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what :meth:`to_json` wrote. On :class:`Calibrator` it takes every kind, on a subclass only its own.

        Raises:
            InputError: not such JSON, of another version or kind, or with parameters that make no calibrator.
        """
        artefact = Artefact.from_json(text)
        found = Calibrator._kinds.get(artefact.kind)
        if found is None or not issubclass(found, cls):
            known = sorted(kind for kind, kept in Calibrator._kinds.items() if issubclass(kept, cls))
            raise InputError(f"wanted a calibrator of kind {' or '.join(known)}; got {artefact.kind!r}")
        wanted, added = _parameters_of(found), _added_later(found)
        if not set(wanted) - added <= set(artefact.parameters) <= set(wanted):
            got = ", ".join(artefact.parameters) or "none"
            raise InputError(f"{artefact.kind}: wanted the parameters {', '.join(wanted)}; got {got}")
        # Every concrete calibrator is a dataclass of these fields, which its abstract base cannot say.
        return cast("Self", cast("Any", found)(fitted_on=artefact.fitted_on, **artefact.parameters))


class ScoreCalibrator(Calibrator):
    """A calibrator of one score a row.

    Attributes:
        low: smallest finite score of the fit; minus infinity counts as this.
        high: largest finite score of the fit.
    """

    __slots__ = ()

    low: float
    high: float

    @property
    def larger_is(self) -> LargerIs | None:
        """What a larger score says by this fit; ``None`` where it says nothing either way."""
        least, most = self._confidence(np.array([self.low, self.high])).tolist()
        return direction_of_rise(most - least)

    @property
    def direction_note(self) -> str:
        """See :attr:`Calibrator.direction_note`."""
        return direction_note(self.fitted_on, self.larger_is)

    def require_direction(self, signal: str | None = None) -> None:
        """Refuses to turn a known signal round, unless that was accepted when it was fitted.

        Args:
            signal: what the scores are, where the fit was not told.

        Raises:
            InputError: it contradicts the catalogue of signals.
        """
        require_direction(self.fitted_on, self.larger_is, signal)

    @abstractmethod
    def _confidence(self, values: Floats) -> Floats:
        """P(correct) of finite scores."""

    def predict_proba(self, x: ArrayLike, *, source: Source | None = None) -> Floats:
        """Confidence of every row.

        Args:
            x: (N,) scores of the kind that was fitted on; infinities are allowed, NaN is not.
            source: where they come from, to be checked against what was fitted on.

        Returns:
            (N,) P(correct), in (0, 1).

        Raises:
            InputError: not a column of numbers, or NaN.
            ConfigError: the scores come from elsewhere.
        """
        self.fitted_on.require(source)
        return self._confidence(within_span(real("scores", x), self.low, self.high))

    def as_given(self, x: Any) -> Floats | None:
        """See :meth:`Calibrator.as_given`: scores in [0, 1] of which larger is better by this fit."""
        values = real("scores", x)
        if not len(values) or values.min() < -TOLERANCE or values.max() > 1 + TOLERANCE or self.larger_is != "better":
            return None
        return np.clip(values, 0.0, 1.0)

    def _stated(self, x: ArrayLike, outcome: ArrayLike) -> tuple[Floats, Outcomes, list[NDArray[Any]]]:
        values, right = scores_and_outcomes(x, outcome)
        return self._confidence(within_span(values, self.low, self.high)), right, [values, right]


def _parameters_of(kind: type[Calibrator]) -> list[str]:
    return [field.name for field in fields(cast("Any", kind)) if field.name != "fitted_on"]


def _added_later(kind: type[Calibrator]) -> set[str]:
    """Parameters that a calibrator of an earlier release lacks: their default is what held for it."""
    return {field.name for field in fields(cast("Any", kind)) if field.default is not MISSING}
