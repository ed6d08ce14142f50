"""Which calibrator? Decided on rows that the candidate has not seen, with the reason written down.

Candidates are compared by cross-validated log loss, which is proper and punishes false certainty. More flexible ones
must earn their place: the simplest is taken whose loss is within one standard error of the best one's.

A newcomer starts at :func:`fit_best`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.beta import Beta
from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.combiner import Combiner
from foureyes.calibration.direction import direction_of, require_stated
from foureyes.calibration.histogram import HistogramBinning
from foureyes.calibration.isotonic import Isotonic
from foureyes.calibration.platt import Platt
from foureyes.calibration.provenance import Source
from foureyes.calibration.scores import stateable
from foureyes.choices import CalibratorKind
from foureyes.display import Result, TableResult, columns_of
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, group_ids, real, same_length
from foureyes.maths.ranking import auroc
from foureyes.maths.reliability import ece
from foureyes.signals.catalog import LargerIs

__all__ = ["CONFIDENCE_KINDS", "SCORE_KINDS", "Choice", "Gain", "Trial", "fit_best", "fit_kind", "held_out_gain"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Folds = NDArray[np.intp]
Fit = Callable[[Flags], Callable[[Flags], Floats]]

CONFIDENCE_KINDS: Final[tuple[CalibratorKind, ...]] = get_args(CalibratorKind)
"""What suits confidences in [0, 1], from the simplest to the most flexible; that order decides among equals."""

SCORE_KINDS: Final[tuple[CalibratorKind, ...]] = tuple(kind for kind in CONFIDENCE_KINDS if kind != "beta")
"""What suits any score."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one candidate did on rows it had not seen.

    Attributes:
        kind: the candidate.
        nll: mean log loss, nats.
        excess: how much more than the best candidate's.
        excess_error: standard error of that difference, row by row; 0 for the best itself.
        brier: mean Brier score.
        ece: expected calibration error, :data:`~foureyes.maths.reliability.ECE_BINS` equal-count bins.
    """

    kind: CalibratorKind
    nll: float
    excess: float
    excess_error: float
    brier: float
    ece: float


@dataclass(frozen=True, slots=True, repr=False)
class Choice(TableResult):
    """The calibrator that :func:`fit_best` chose, the reason, and how every candidate did.

    Attributes:
        calibrator: fitted on all rows.
        reason: in words.
        trials: every candidate, simplest first.
        folds: number of folds of the cross-validation.
    """

    calibrator: ScoreCalibrator
    reason: str
    trials: tuple[Trial, ...]
    folds: int

    def columns(self) -> dict[str, list[Any]]:
        """One row a candidate."""
        return columns_of(self.trials)


@dataclass(frozen=True, slots=True, repr=False)
class Gain(Result):
    """What combining signals gains over the best of them, on rows not seen.

    Attributes:
        best_single: the signal whose own Platt line has the lowest log loss.
        nll_single: its mean log loss, nats.
        nll_combined: the combiner's.
        gain: what combining saves, nats a row; below 0 it costs.
        low, high: 95 % interval of the gain, from the differences row by row. The best single was picked with
            hindsight on the same rows, which counts against the combiner.
        auroc_single: area under the ROC curve of the best single signal.
        auroc_combined: of the combiner.
    """

    best_single: str
    nll_single: float
    nll_combined: float
    gain: float
    low: float
    high: float
    auroc_single: float
    auroc_combined: float


def fit_best(
    x: ArrayLike,
    correct: ArrayLike,
    *,
    candidates: Sequence[CalibratorKind] = SCORE_KINDS,
    larger_is: LargerIs | None = None,
    folds: int | ArrayLike = 5,
    source: Source | None = None,
    accept_direction: str | None = None,
) -> Choice:
    """Chooses a calibrator by cross-validation and fits it on all rows.

    Args:
        x: (N,) scores.
        correct: (N,) booleans or 0/1.
        candidates: kinds to try; ``"beta"`` only for confidences in [0, 1].
        larger_is: the direction, which a fit must not contradict; by default that of the source's signal in the
            catalogue. Where neither says, isotonic regression takes ``"worse"`` and the others what they find.
        folds: how many; rows are dealt out in order of their score, so no seed is involved, and their order matters
            among ties only. Or (N,) integers that say each row's fold, to keep rows of one question together.
        source: where the scores come from.
        accept_direction: the signal's name, to fit it although it points the other way than in the catalogue.

    Returns:
        The calibrator, the reason and every candidate's figures.

    Raises:
        InputError: the fit contradicts the direction; an unknown candidate or direction, columns that cannot be used.
        NotEnoughData: one class only, or a fold would leave one only.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> u = rng.normal(size=400)
        >>> choice = fit_best(u, rng.random(400) < 1 / (1 + np.exp(2 * u)))
        >>> choice.calibrator.kind
        'platt'

    Source: Hastie, Tibshirani & Friedman 2009, §7.10 (one standard error).
    """
    unknown = [kind for kind in candidates if kind not in CONFIDENCE_KINDS]
    if unknown or not candidates:
        raise InputError(f"candidates must be among {', '.join(CONFIDENCE_KINDS)}; got {', '.join(unknown) or 'none'}")
    values, right = real("scores", x), flags("correct", correct)
    same_length(scores=values, correct=right)
    stateable(right)  # one class only is said as such, not as a matter of folds
    fold = _folds(folds, values, right)
    direction = direction_of(source, larger_is, accept_direction)
    tried = [kind for kind in CONFIDENCE_KINDS if kind in candidates]

    def fits(kind: CalibratorKind) -> Fit:
        def fit(rows: Flags) -> Callable[[Flags], Floats]:
            fitted = fit_kind(kind, values[rows], right[rows], larger_is=direction)
            return lambda unseen: fitted.predict_proba(values[unseen])

        return fit

    held_out = {kind: _held_out(fits(kind), fold) for kind in tried}
    trials = _trials(held_out, right)
    chosen = next(trial for trial in trials if trial.excess <= trial.excess_error)
    calibrator = fit_kind(
        chosen.kind, values, right, larger_is=direction, source=source, accept_direction=accept_direction
    )
    require_stated(larger_is, calibrator.larger_is)
    return Choice(calibrator, _reason(chosen, trials), trials, int(fold.max()) + 1)


def held_out_gain(
    signals: Mapping[str, ArrayLike], correct: ArrayLike, *, ridge: float = 1.0, folds: int | ArrayLike = 5
) -> Gain:
    """Whether a :class:`~foureyes.calibration.combiner.Combiner` beats its best single signal, by cross-validation.

    Args:
        signals: name → (N,) scores, at least two.
        correct: (N,) booleans or 0/1.
        ridge: of the combiner.
        folds: as for :func:`fit_best`.

    Raises:
        InputError: fewer than two signals, columns that cannot be used.
        NotEnoughData: a fold would leave one class only.
    """
    if len(signals) < 2:
        raise InputError(f"a gain needs at least two signals; got {', '.join(signals) or 'none'}")
    columns, right = {name: real(f"signal {name!r}", v) for name, v in signals.items()}, flags("correct", correct)
    same_length(**columns, correct=right)
    fold = _folds(folds, next(iter(columns.values())), right)

    def combine(rows: Flags) -> Callable[[Flags], Floats]:
        fitted = Combiner.fit({name: column[rows] for name, column in columns.items()}, right[rows], ridge=ridge)
        return lambda unseen: fitted.predict_proba({name: column[unseen] for name, column in columns.items()})

    def single(column: Floats) -> Fit:
        def fit(rows: Flags) -> Callable[[Flags], Floats]:
            fitted = Platt.fit(column[rows], right[rows])
            return lambda unseen: fitted.predict_proba(column[unseen])

        return fit

    alone = {name: _held_out(single(column), fold) for name, column in columns.items()}
    best = min(alone, key=lambda name: float(_losses(alone[name], right).mean()))
    together = _held_out(combine, fold)
    saved = _losses(alone[best], right) - _losses(together, right)
    gain, error = float(saved.mean()), _standard_error(saved)
    return Gain(
        best_single=best,
        nll_single=float(_losses(alone[best], right).mean()),
        nll_combined=float(_losses(together, right).mean()),
        gain=gain,
        low=gain - 1.96 * error,
        high=gain + 1.96 * error,
        auroc_single=auroc(-alone[best], wrong=~right).value,
        auroc_combined=auroc(-together, wrong=~right).value,
    )


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
    simple: dict[CalibratorKind, type[Platt | Beta | HistogramBinning]] = {
        "platt": Platt,
        "beta": Beta,
        "histogram": HistogramBinning,
    }
    return simple[kind].fit(x, correct, source=source, accept_direction=accept_direction)


def _folds(asked: int | ArrayLike, values: Floats, right: Flags) -> Folds:
    """(N,) fold of every row, such that the rows outside each fold hold both classes."""
    if isinstance(asked, int):
        if asked < 2:
            raise InputError(f"folds must be at least 2; got {asked}")
        # By score only: dealing out each class evenly would make every fold repeat the noise of the others, and
        # flexible candidates would be rewarded for learning it.
        fold = np.empty(len(values), dtype=np.intp)
        fold[np.argsort(values, kind="stable")] = np.arange(len(values)) % asked
    else:
        fold = group_ids("folds", asked)
        same_length(folds=fold, scores=values)
    for k in range(int(fold.max(initial=-1)) + 1):
        n_right, n_left = int(right[fold != k].sum()), int((fold != k).sum())
        if n_right in (0, n_left):
            raise NotEnoughData(
                f"cross-validation needs both classes outside every fold; got {n_right} right of {n_left}"
            )
    if not len(fold) or not fold.any():
        raise NotEnoughData(f"cross-validation needs rows in at least two folds; got {len(fold)} in one")
    return fold


def _held_out(fit: Fit, fold: Folds) -> Floats:
    """(N,) confidence of every row from a fit on the other folds."""
    confidence = np.empty(len(fold))
    for k in np.unique(fold):
        confidence[fold == k] = fit(fold != k)(fold == k)
    return confidence


def _losses(confidence: Floats, right: Flags) -> Floats:
    losses: Floats = -np.log(np.where(right, confidence, 1 - confidence))
    return losses


def _standard_error(differences: Floats) -> float:
    return float(differences.std(ddof=1) / math.sqrt(len(differences)))


def _trials(held_out: Mapping[CalibratorKind, Floats], right: Flags) -> tuple[Trial, ...]:
    losses = {kind: _losses(confidence, right) for kind, confidence in held_out.items()}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    return tuple(
        Trial(
            kind,
            nll=float(losses[kind].mean()),
            excess=float((losses[kind] - best).mean()),
            excess_error=_standard_error(losses[kind] - best),
            brier=float(np.square(confidence - right).mean()),
            ece=ece(confidence, right).value,
        )
        for kind, confidence in held_out.items()
    )


def _reason(chosen: Trial, trials: Sequence[Trial]) -> str:
    best = min(trials, key=lambda trial: trial.nll)
    if len(trials) == 1:
        return f"{chosen.kind}: the only candidate, held-out log loss {chosen.nll:.4f}"
    if chosen is best:
        return f"{chosen.kind}: lowest held-out log loss, {chosen.nll:.4f}, and none simpler comes within one standard error"
    return (
        f"{chosen.kind}: held-out log loss {chosen.nll:.4f}, within one standard error ({chosen.excess_error:.4f}) of the "
        f"lowest ({best.kind}, {best.nll:.4f}), and simpler"
    )
