"""Which calibrator ``foureyes calibrate fit`` fits, and the reason in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import ArrayLike

from foureyes.calibration import (
    Beta,
    Calibrator,
    Combiner,
    HistogramBinning,
    Platt,
    Temperature,
    fit_best,
    held_out_gain,
)
from foureyes.calibration.choose import Candidate
from foureyes.calibration.isotonic import Isotonic
from foureyes.cli.calibrate.table import ScoreTable
from foureyes.errors import InputError

__all__ = ["fitted", "held_out"]

_SCORES: Final[tuple[Candidate, ...]] = ("platt", "histogram", "isotonic")
_CONFIDENCES: Final[tuple[Candidate, ...]] = ("platt", "beta", "histogram", "isotonic")
_LARGER_IS: Final = {
    "log_cmp": "worse",
    "cmp": "worse",
    "cme": "worse",
    "nats_per_byte": "worse",
    "mean_rank": "worse",
    "min_logprob": "better",
    "mean_top1_prob": "better",
    "mean_token_prob": "better",
}
"""Direction of the signals that ``foureyes score`` writes."""


_FOLDS: Final = 5


def held_out(scores: ScoreTable, share: float, seed: int) -> tuple[ScoreTable, ScoreTable]:
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


def fitted(scores: ScoreTable, kind: str | None, larger_is: str | None) -> tuple[Calibrator, dict[str, Any]]:
    """Fits a calibrator.

    Args:
        scores: the rows.
        kind: as on the command line; ``None`` for what suits the scores.
        larger_is: as on the command line.

    Returns:
        The calibrator, and a JSON object with the ``reason`` for it and the figures behind the reason.

    Raises:
        InputError: the kind does not suit the scores, or the direction is not known.
        NotEnoughData: too few rows, or of one class only.
    """
    usual = "temperature" if scores.scale else "combiner" if isinstance(scores.x, dict) else "best"
    asked = kind or usual
    if (asked == "temperature") != bool(scores.scale) or (isinstance(scores.x, dict) and asked != "combiner"):
        raise InputError(f"--kind {asked} does not suit these scores; wanted {usual}")
    if asked == "temperature":
        scale = cast("Literal['logits', 'probabilities']", scores.scale)
        found = Temperature.fit(scores.x, scores.outcome, scale=scale, source=scores.source)
        return found, {"reason": f"temperature {found.temperature:.4g}"}
    if asked == "combiner":
        return _combined(scores)
    return _single(scores, asked, larger_is)


def _combined(scores: ScoreTable) -> tuple[Calibrator, dict[str, Any]]:
    signals = scores.x if isinstance(scores.x, dict) else {scores.words: scores.x}
    if len(signals) < 2:
        raise InputError("a combiner needs at least two scores: repeat --score")
    gain = held_out_gain(signals, scores.outcome, folds=_folds(scores))
    reason = (
        f"combining {len(signals)} scores saves {gain.gain:.4f} nats a row [{gain.low:.4f}, {gain.high:.4f}] held out "
        f"over {gain.best_single} alone"
    )
    return Combiner.fit(signals, scores.outcome, source=scores.source), {"reason": reason, "gain": asdict(gain)}


def _single(scores: ScoreTable, asked: str, larger_is: str | None) -> tuple[Calibrator, dict[str, Any]]:
    simple: dict[str, type[Platt | Beta | HistogramBinning]] = {
        "platt": Platt,
        "beta": Beta,
        "histogram": HistogramBinning,
    }
    if asked in simple:
        return simple[asked].fit(scores.x, scores.outcome, source=scores.source), {"reason": f"{asked}, as asked for"}
    direction = _direction(scores, asked, larger_is)
    if asked == "isotonic":
        found = Isotonic.fit(scores.x, scores.outcome, larger_is=direction, source=scores.source)
        return found, {"reason": "isotonic, as asked for"}
    confidences = direction == "better" and scores.x.min(initial=0) >= 0 and scores.x.max(initial=1) <= 1
    candidates = _CONFIDENCES if confidences else _SCORES
    choice = fit_best(
        scores.x,
        scores.outcome,
        candidates=candidates,
        larger_is=direction,
        folds=_folds(scores),
        source=scores.source,
    )
    return choice.calibrator, {"reason": choice.reason, "trials": [asdict(trial) for trial in choice.trials]}


def _folds(scores: ScoreTable) -> int | ArrayLike:
    """How rows are dealt out in cross-validation: whole groups, where there are any."""
    return _FOLDS if scores.groups is None else scores.groups % _FOLDS


def _direction(scores: ScoreTable, asked: str, larger_is: str | None) -> Literal["worse", "better"]:
    known = larger_is or (_LARGER_IS.get(scores.source.signal) if scores.source else None)
    if known is None:
        raise InputError(
            f"--kind {asked} needs the direction of {scores.words}: --larger-is worse (an uncertainty) or better (a confidence)"
        )
    return cast("Literal['worse', 'better']", known)
