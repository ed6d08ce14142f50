"""Does combining signals pay? Decided on rows that were not seen.

A newcomer starts at :func:`held_out_gain`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.combiner import Combiner
from foureyes.calibration.cross_validation import Flags, deal_folds, held_out, require_both_classes
from foureyes.calibration.platt import Platt
from foureyes.calibration.scores import stateable
from foureyes.calibration.warned import mean_error, row_losses
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.maths.columns import outcomes, real, same_length
from foureyes.maths.ranking import auroc

__all__ = ["Gain", "held_out_gain"]

Floats = NDArray[np.float64]
Said: TypeAlias = Callable[[Flags], Floats]


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
    columns, right = {name: real(f"signal {name!r}", v) for name, v in signals.items()}, outcomes("correct", correct)
    same_length(**columns, correct=right)
    stateable(right)
    fold = deal_folds(folds, next(iter(columns.values())))
    require_both_classes(fold, right)

    def combine(rows: Flags) -> Said:
        fitted = Combiner.fit({name: column[rows] for name, column in columns.items()}, right[rows], ridge=ridge)
        return lambda unseen: fitted.predict_proba({name: column[unseen] for name, column in columns.items()})

    def single(column: Floats) -> Callable[[Flags], Said]:
        def fit(rows: Flags) -> Said:
            fitted = Platt.fit(column[rows], right[rows])
            return lambda unseen: fitted.predict_proba(column[unseen])

        return fit

    alone = {name: held_out(single(column), fold) for name, column in columns.items()}
    best = min(alone, key=lambda name: float(row_losses(alone[name], right).mean()))
    together = held_out(combine, fold)
    saved = row_losses(alone[best], right) - row_losses(together, right)
    gain, error = float(saved.mean()), mean_error(saved)
    is_right = right >= 0.5 if right.dtype != np.bool_ else right.astype(np.bool_, copy=False)
    return Gain(
        best_single=best,
        nll_single=float(row_losses(alone[best], right).mean()),
        nll_combined=float(row_losses(together, right).mean()),
        gain=gain,
        low=gain - 1.96 * error,
        high=gain + 1.96 * error,
        auroc_single=auroc(-alone[best], wrong=~is_right).value,
        auroc_combined=auroc(-together, wrong=~is_right).value,
    )
