"""Which calibrator? Decided on rows that the candidate has not seen, with the reason written down.

What is tried and which of them is taken was chosen on published data:
``python -m studies.defaults --data FOLDER --only calibration``. A newcomer starts at :func:`fit_best`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.beta import Beta
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.cross_validation import (
    Flags,
    HeldOut,
    Trial,
    deal_folds,
    held_out,
    reason,
    require_both_classes,
    simplest,
    trials,
)
from foureyes.calibration.direction import direction_of, require_stated
from foureyes.calibration.histogram import HistogramBinning
from foureyes.calibration.isotonic import Isotonic
from foureyes.calibration.log_odds import LogOddsPlatt
from foureyes.calibration.platt import Platt
from foureyes.calibration.provenance import Source
from foureyes.calibration.scores import scores_and_outcomes, stateable
from foureyes.calibration.warned import row_losses, worse_than_given
from foureyes.choices import CalibratorKind
from foureyes.display import TableResult, columns_of
from foureyes.errors import InputError
from foureyes.maths.columns import TOLERANCE, Outcomes
from foureyes.signals.catalog import LargerIs

__all__ = ["CONFIDENCE_KINDS", "SCORE_KINDS", "Choice", "fit_best", "fit_kind", "suited"]

Floats = NDArray[np.float64]

CONFIDENCE_KINDS: Final[tuple[CalibratorKind, ...]] = get_args(CalibratorKind)
"""What suits confidences in [0, 1], the simplest first."""

SCORE_KINDS: Final[tuple[CalibratorKind, ...]] = ("platt", "histogram", "isotonic")
"""What suits any score."""

_SIMPLICITY: Final[dict[str, int]] = {kind: place for place, kind in enumerate(CONFIDENCE_KINDS)}
"""Of the two lines the one on log-odds goes first: on 50 rows, which of them has the lower loss is mostly chance."""

_ERRORS: Final = 2
"""Standard errors within which a simpler kind is taken: of published confidences, two have the lower loss on rows not seen."""


@dataclass(frozen=True, slots=True, repr=False)
class Choice(TableResult):
    """The calibrator that :func:`fit_best` chose, the reason, and how every candidate did.

    Attributes:
        calibrator: fitted on all rows.
        reason: in words.
        trials: every candidate, simplest first.
        folds: number of folds of the cross-validation.
        warnings: what has to be said beside it, as that the scores as given had a lower held-out log loss.
    """

    calibrator: ScoreCalibrator
    reason: str
    trials: tuple[Trial, ...]
    folds: int
    warnings: tuple[str, ...] = ()

    def columns(self) -> dict[str, list[Any]]:
        """One row a candidate."""
        return columns_of(self.trials)


def fit_best(
    x: ArrayLike,
    correct: ArrayLike,
    *,
    candidates: Sequence[CalibratorKind] | None = None,
    larger_is: LargerIs | None = None,
    folds: int | ArrayLike = 5,
    source: Source | None = None,
    accept_direction: str | None = None,
) -> Choice:
    """Chooses a calibrator by cross-validation and fits it on all rows.

    Args:
        x: (N,) scores.
        correct: (N,) booleans or 0/1; or the share of people by whom each was right.
        candidates: kinds to try; by default every one that the scale allows (:func:`suited`).
        larger_is: the direction, which a fit must not contradict; by default that of the source's signal in the
            catalogue. Where neither says, that of a straight line through all rows.
        folds: how many; rows are dealt out in order of their score, so no seed is involved, and their order matters
            among ties only. Or (N,) integers that say each row's fold, to keep rows of one question together.
        source: where the scores come from.
        accept_direction: the signal's name, to fit it although it points the other way than in the catalogue.

    Returns:
        The calibrator, the reason, every candidate's figures, and what has to be said beside them.

    Raises:
        InputError: the fit contradicts the direction; an unknown candidate or direction, columns that cannot be used.
        NotEnoughData: one class only, or a fold holds all the answers that are wrong, or all that are right.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> u = rng.normal(size=400)
        >>> choice = fit_best(u, rng.random(400) < 1 / (1 + np.exp(2 * u)))
        >>> choice.calibrator.kind
        'platt'

    Source: Hastie, Tibshirani & Friedman 2009, §7.10, with one standard error.
    """
    values, right = scores_and_outcomes(x, correct)
    stateable(right)  # one class only is said as such, not as a matter of folds
    fold = deal_folds(folds, values)
    require_both_classes(fold, right)
    whence: dict[str, Any] = {"source": source, "accept_direction": accept_direction}
    direction = _direction(values, right, larger_is, source, accept_direction)
    tried = _tried(candidates, values, direction)

    def confidence_of(kind: CalibratorKind) -> Floats:
        def fit(rows: Flags) -> Callable[[Flags], Floats]:
            held = direction if kind == "isotonic" else larger_is
            fitted = fit_kind(kind, values[rows], right[rows], larger_is=held, **whence)
            return lambda unseen: fitted.predict_proba(values[unseen])

        return held_out(fit, fold)

    said = {kind: confidence_of(kind) for kind in tried}
    found = trials({kind: HeldOut(row_losses(c, right), c, right) for kind, c in said.items()})
    chosen = simplest(found, _SIMPLICITY, errors=_ERRORS)
    kind = tried[found.index(chosen)]
    held = direction if kind == "isotonic" else larger_is
    calibrator = fit_kind(kind, values, right, larger_is=held, **whence)
    require_stated(larger_is, calibrator.larger_is)
    worse = worse_than_given(said[kind], calibrator.as_given(values), right, what=kind)
    warnings = tuple(filter(None, (calibrator.direction_note, worse)))
    return Choice(calibrator, reason(chosen, found, errors=_ERRORS), found, int(fold.max()) + 1, warnings)


def suited(values: Floats, direction: LargerIs) -> tuple[CalibratorKind, ...]:
    """What can be fitted to scores of this scale: all kinds to confidences in [0, 1], to others those that suit any."""
    confidences = len(values) and values.min() >= -TOLERANCE and values.max() <= 1 + TOLERANCE
    return CONFIDENCE_KINDS if confidences and direction == "better" else SCORE_KINDS


def fit_kind(
    kind: CalibratorKind,
    x: ArrayLike,
    correct: ArrayLike,
    *,
    larger_is: LargerIs | None = None,
    source: Source | None = None,
    accept_direction: str | None = None,
) -> ScoreCalibrator:
    """Fits one kind of calibrator of a single score; arguments as for :func:`fit_best`."""
    if kind == "isotonic":
        return Isotonic.fit(x, correct, larger_is=larger_is, source=source, accept_direction=accept_direction)
    simple: dict[CalibratorKind, type[LogOddsPlatt | Platt | Beta | HistogramBinning]] = {
        "log-odds-platt": LogOddsPlatt,
        "platt": Platt,
        "beta": Beta,
        "histogram": HistogramBinning,
    }
    return simple[kind].fit(x, correct, larger_is=larger_is, source=source, accept_direction=accept_direction)


def _tried(asked: Sequence[CalibratorKind] | None, values: Floats, direction: LargerIs) -> tuple[CalibratorKind, ...]:
    if asked is None:
        return suited(values, direction)
    unknown = [kind for kind in asked if kind not in CONFIDENCE_KINDS]
    if unknown or not asked:
        raise InputError(f"candidates must be among {', '.join(CONFIDENCE_KINDS)}; got {', '.join(unknown) or 'none'}")
    return tuple(kind for kind in CONFIDENCE_KINDS if kind in asked)


def _direction(
    values: Floats, right: Outcomes, stated: LargerIs | None, source: Source | None, accepted: str | None
) -> LargerIs:
    """As stated or known; else that of Platt's line through all rows."""
    if stated is None and (source is None or source.larger_is is None):
        return Platt.fit(values, right).larger_is or "worse"
    return direction_of(source, stated, accepted)
