"""Which calibrator of class scores? One temperature, or a weight and a bias for every class; decided on rows not seen.

A newcomer starts at :func:`fit_best_classes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.classes import ClassCalibrator, ClassLabels, LabelledClasses, Scale, class_logits
from foureyes.calibration.cross_validation import Flags, HeldOut, Trial, deal_folds, held_out, reason, simplest, trials
from foureyes.calibration.floors import FLOORS
from foureyes.calibration.provenance import Source
from foureyes.calibration.softmax import row_maxima, softmax
from foureyes.calibration.temperature import Temperature, fit_temperature, floored
from foureyes.calibration.vector import VectorScaling, fit_vector
from foureyes.calibration.warned import rise_of_losses
from foureyes.choices import ClassCalibratorKind
from foureyes.display import TableResult, columns_of
from foureyes.errors import InputError, NotEnoughData

__all__ = ["CLASS_KINDS", "KINDS_OF_CLASSES", "ClassChoice", "fit_best_classes"]

Floats = NDArray[np.float64]

CLASS_KINDS: Final[tuple[ClassCalibratorKind, ...]] = get_args(ClassCalibratorKind)

KINDS_OF_CLASSES: Final[dict[ClassCalibratorKind, type[Temperature | VectorScaling]]] = {
    "temperature": Temperature,
    "vector": VectorScaling,
}
_FIT: Final[dict[ClassCalibratorKind, Callable[[LabelledClasses, Scale, float], ClassCalibrator]]] = {
    "temperature": fit_temperature,
    "vector": fit_vector,
}
_SIMPLICITY: Final[dict[str, int]] = {kind: place for place, kind in enumerate(CLASS_KINDS)}


@dataclass(frozen=True, slots=True, repr=False)
class ClassChoice(TableResult):
    """The calibrator of classes that :func:`fit_best_classes` chose, the reason, and how every candidate did.

    Attributes:
        calibrator: fitted on all rows.
        reason: in words.
        trials: every candidate, simplest first.
        folds: number of folds of the cross-validation.
        warnings: what has to be said beside it: that the scores as given had a lower held-out log loss, or that a class
            has no row.
    """

    calibrator: ClassCalibrator
    reason: str
    trials: tuple[Trial, ...]
    folds: int
    warnings: tuple[str, ...] = ()

    def columns(self) -> dict[str, list[Any]]:
        """One row a candidate."""
        return columns_of(self.trials)


def fit_best_classes(
    x: ArrayLike,
    labels: ArrayLike,
    *,
    scale: Scale = "logits",
    candidates: Sequence[ClassCalibratorKind] = CLASS_KINDS,
    folds: int | ArrayLike = 5,
    source: Source | None = None,
) -> ClassChoice:
    """Chooses between one temperature and vector scaling by cross-validation, and fits the choice on all rows.

    Args:
        x: (N, K) one score a class, K ≥ 2.
        labels: (N,) index of the right class; or (N, K) how many people chose each class, or their shares.
        scale: ``"logits"`` or ``"probabilities"``.
        candidates: kinds to try.
        folds: how many; rows are dealt out in order of their label's probability. Or (N,) integers that say each row's
            fold, to keep rows of one question together.
        source: where the scores come from.

    Raises:
        InputError: an unknown candidate; scores or labels that cannot be used.
        NotEnoughData: no label differs from the top class, on all rows or outside a fold.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> logits = rng.normal(size=(400, 3)) * 3
        >>> labels = (logits / 2 + rng.gumbel(size=(400, 3))).argmax(axis=1)
        >>> fit_best_classes(logits, labels).calibrator.kind
        'temperature'

    Source: Guo et al. 2017.
    """
    tried = [kind for kind in CLASS_KINDS if kind in candidates]
    if len(tried) < len(candidates) or not tried:
        raise InputError(f"candidates must be among {', '.join(CLASS_KINDS)}; got {', '.join(candidates) or 'none'}")
    floor, rows = floored(x, labels, scale, source)
    fold = deal_folds(folds, rows.own - row_maxima(rows.logits))
    _require_wrong_outside(fold, rows)

    def probabilities_of(kind: ClassCalibratorKind) -> Floats:
        def fit(where: Flags) -> Callable[[Flags], Floats]:
            some = LabelledClasses.of(rows.logits[where], rows.labels.rows(where), None)
            fitted = _FIT[kind](some, "logits", floor)
            return lambda unseen: fitted.predict_proba(rows.logits[unseen])

        return held_out(fit, fold)

    said = {kind: probabilities_of(kind) for kind in tried}
    found = trials({kind: _judged(p, rows.labels) for kind, p in said.items()})
    chosen = simplest(found, _SIMPLICITY)
    kind = tried[found.index(chosen)]
    calibrator = _FIT[kind](rows, scale, floor)
    given = rows.labels.losses(softmax(class_logits(x, scale, FLOORS[0])))
    warnings = (
        rise_of_losses(given, rows.labels.losses(said[kind]), what=f"{kind}, on rows not seen,"),
        _absent(rows.labels, rows.logits.shape[1]),
    )
    return ClassChoice(calibrator, reason(chosen, found), found, int(fold.max()) + 1, tuple(filter(None, warnings)))


def _judged(p: Floats, labels: ClassLabels) -> HeldOut:
    return HeldOut(labels.losses(p), row_maxima(p), labels.agreeing(p.argmax(axis=1)))


def _require_wrong_outside(fold: NDArray[np.intp], rows: LabelledClasses) -> None:
    wrong = rows.own < row_maxima(rows.logits)
    counts = np.bincount(fold, wrong)
    if (counts == wrong.sum()).any():
        raise NotEnoughData(
            f"comparing candidates needs answers that are wrong outside every fold; got {wrong.sum()} wrong of "
            f"{len(wrong):,}, all in fold {int(counts.argmax())}: label more, or fit one kind without comparing "
            "(Temperature.fit, --kind temperature), and read it as a guess"
        )


def _absent(labels: ClassLabels, n_classes: int) -> str:
    """A sentence where nobody has some of the classes."""
    there = np.bincount(labels.answers, minlength=n_classes) if labels.shares is None else labels.shares.sum(axis=0)
    absent = np.flatnonzero(there == 0)
    if not len(absent):
        return ""
    named = ", ".join(map(str, absent[:5].tolist())) + (", …" if len(absent) > 5 else "")
    return f"{len(absent)} of {n_classes} classes have no row here ({named}): what is said of them is a guess"
