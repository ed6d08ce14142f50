"""Which calibrator ``foureyes calibrate fit`` fits, and the reason in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, cast

import numpy as np
from numpy.typing import ArrayLike

from foureyes.calibration import Calibrator, Combiner, Gain, fit_best, fit_best_classes, held_out_gain
from foureyes.calibration.choose import fit_kind
from foureyes.calibration.choose_classes import CLASS_KINDS, KINDS_OF_CLASSES
from foureyes.calibration.classes import Scale
from foureyes.calibration.direction import require_stated
from foureyes.choices import CalibratorKind, ClassCalibratorKind
from foureyes.cli.calibrate.table import ScoreTable
from foureyes.errors import InputError
from foureyes.signals.catalog import LargerIs

__all__ = ["fit_calibrator", "split_rows"]

_FOLDS: Final = 5


def split_rows(scores: ScoreTable, share: float, seed: int) -> tuple[ScoreTable, ScoreTable]:
    """Rows to fit on and rows to judge on; groups are kept whole.

    Args:
        scores: the rows.
        share: to be judged on, in [0, 1); of the rows, or of the groups where there are any.
        seed: which ones.
    """
    unit = np.arange(scores.n) if scores.groups is None else scores.groups
    order = np.random.default_rng(seed).permutation(int(unit.max(initial=-1)) + 1)
    kept = np.isin(unit, order[: round(len(order) * share)])
    return scores.rows(np.flatnonzero(~kept)), scores.rows(np.flatnonzero(kept))


def fit_calibrator(
    scores: ScoreTable, kind: str | None, larger_is: LargerIs | None, accepted: str | None = None
) -> tuple[Calibrator, dict[str, Any]]:
    """Fits a calibrator.

    Args:
        scores: the rows.
        kind: as on the command line; ``None`` for what suits the scores.
        larger_is: as on the command line.
        accepted: signals whose direction is accepted although it contradicts the catalogue, joined by " + ".

    Returns:
        The calibrator, and a JSON object with the ``reason`` for it, the figures behind the reason, and ``warnings``.

    Raises:
        InputError: the kind does not suit the scores; the direction is not known, or the fit contradicts it.
        NotEnoughData: too few rows, or of one class only.
    """
    usual = "best of the classes" if scores.scale else "combiner" if isinstance(scores.x, dict) else "best"
    asked = kind or ("best" if scores.scale else usual)
    of_classes = asked in CLASS_KINDS or (asked == "best" and bool(scores.scale))
    if of_classes != bool(scores.scale) or (isinstance(scores.x, dict) and asked != "combiner"):
        raise InputError(f"--kind {asked} does not suit these scores; wanted {usual}")
    if scores.scale:
        return _fit_classes(scores, asked)
    if asked == "combiner":
        return _fit_combiner(scores, accepted)
    return _fit_single(scores, asked, larger_is, accepted)


def _fit_classes(scores: ScoreTable, asked: str) -> tuple[Calibrator, dict[str, Any]]:
    scale = cast("Scale", scores.scale)
    if asked != "best":
        found = KINDS_OF_CLASSES[cast("ClassCalibratorKind", asked)].fit(
            scores.x, scores.outcome, scale=scale, source=scores.source
        )
        return found, {"reason": f"{asked}, as asked for", "warnings": []}
    choice = fit_best_classes(scores.x, scores.outcome, scale=scale, folds=_folds(scores), source=scores.source)
    trials = [asdict(trial) for trial in choice.trials]
    return choice.calibrator, {"reason": choice.reason, "trials": trials, "warnings": list(choice.warnings)}


def _fit_combiner(scores: ScoreTable, accepted: str | None) -> tuple[Calibrator, dict[str, Any]]:
    signals = scores.x if isinstance(scores.x, dict) else {scores.words: scores.x}
    if len(signals) < 2:
        raise InputError("a combiner needs at least two scores: repeat --score")
    gain = held_out_gain(signals, scores.outcome, folds=_folds(scores))
    reason = (
        f"combining {len(signals)} scores saves {gain.gain:.4f} nats a row [{gain.low:.4f}, {gain.high:.4f}] held out "
        f"over {gain.best_single} alone"
    )
    found = Combiner.fit(signals, scores.outcome, source=scores.source, accept_direction=accepted)
    return found, {"reason": reason, "gain": asdict(gain), "warnings": _no_gain(gain)}


def _fit_single(
    scores: ScoreTable, asked: str, larger_is: LargerIs | None, accepted: str | None
) -> tuple[Calibrator, dict[str, Any]]:
    whence: dict[str, Any] = {"source": scores.source, "accept_direction": accepted}
    if asked in ("best", "isotonic"):
        _require_known(scores, asked, larger_is)
    if asked != "best":
        found = fit_kind(cast("CalibratorKind", asked), scores.x, scores.outcome, larger_is=larger_is, **whence)
        require_stated(larger_is, found.larger_is)
        return found, {"reason": f"{asked}, as asked for", "warnings": []}
    choice = fit_best(
        scores.x,
        scores.outcome,
        larger_is=larger_is,
        folds=_folds(scores),
        **whence,
    )
    trials = [asdict(trial) for trial in choice.trials]
    return choice.calibrator, {"reason": choice.reason, "trials": trials, "warnings": list(choice.warnings)}


def _no_gain(gain: Gain) -> list[str]:
    """A sentence where combining costs."""
    if gain.gain >= 0:
        return []
    return [f"combining these scores costs {-gain.gain:.4f} nats a row held out: calibrate {gain.best_single} alone"]


def _folds(scores: ScoreTable) -> int | ArrayLike:
    """How rows are dealt out in cross-validation: whole groups, where there are any."""
    return _FOLDS if scores.groups is None else scores.groups % _FOLDS


def _require_known(scores: ScoreTable, asked: str, larger_is: LargerIs | None) -> None:
    if larger_is is None and (scores.source is None or scores.source.larger_is is None):
        raise InputError(
            f"--kind {asked} needs the direction of {scores.words}: --larger-is worse (an uncertainty) or better (a confidence)"
        )
