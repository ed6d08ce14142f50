"""How good a set of confidences is, in one value: calibration, sharpness and order together.

No single measure can be read alone: a constant confidence has an ECE of 0 and tells nothing, a perfect order can be
badly calibrated. So they are always given together, with their intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.maths.columns import stated_and_seen
from foureyes.maths.ranking import Auroc, auroc
from foureyes.maths.reliability import ECE_BINS, Ece, Reliability, ece, reliability
from foureyes.maths.risk_coverage import Aurc, aurc
from foureyes.maths.scoring import Brier, brier, nll

__all__ = ["CalibrationReport", "calibration_report"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CalibrationReport(Result):
    """Measures of confidences against outcomes.

    Attributes:
        n: rows.
        accuracy: share of right answers.
        mean_confidence: what the confidences claim it is.
        ece: expected calibration error, equal counts, with interval and chance level.
        mce: the largest gap of any of its bins.
        brier: Brier score and its parts.
        nll: log loss, nats; infinite where a certain answer was wrong.
        auroc: how well 1 − confidence ranks wrong before right; ``None`` where only one class is present.
        aurc: what is gained by answering only where the confidence is high, with its rejection ratio.
        reliability: the table behind the diagram.
        in_sample: the rows were fitted on: the figures flatter the calibrator and say nothing about new rows.
        warnings: what has to be said beside the figures, as that the scores as given had a lower log loss.
    """

    n: int
    accuracy: float
    mean_confidence: float
    ece: Ece
    mce: float
    brier: Brier
    nll: float
    auroc: Auroc | None
    aurc: Aurc
    reliability: Reliability
    in_sample: bool
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object. An infinite log loss becomes ``None``, as JSON has no infinity."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "mean_confidence": self.mean_confidence,
            "ece": asdict(self.ece),
            "mce": self.mce,
            "brier": asdict(self.brier) | {"skill": self.brier.skill},
            "nll": self.nll if math.isfinite(self.nll) else None,
            "auroc": None if self.auroc is None else asdict(self.auroc),
            "aurc": asdict(self.aurc) | {"auarc": self.aurc.auarc, "excess": self.aurc.excess, "prr": self.aurc.prr},
            "reliability": {"binning": self.reliability.binning, "bins": self.reliability.rows()},
            "in_sample": self.in_sample,
            "warnings": list(self.warnings),
        }


def calibration_report(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = ECE_BINS,
    groups: ArrayLike | None = None,
    in_sample: bool = False,
    warnings: Sequence[str] = (),
) -> CalibrationReport:
    """Takes every measure of confidences, from a calibrator or from anywhere else.

    Args:
        confidence: (N,) P(correct), in [0, 1].
        correct: (N,) booleans or 0/1; or the share of people by whom each was right. AUROC and risk-coverage area
            take what at least half of them say.
        bins: of the calibration error and the table, equal counts.
        groups: (N,) integers; rows of one group (say, answers to one question) are not independent of each other, and
            the intervals take them together.
        in_sample: mark the report as made on rows that were fitted on.
        warnings: what has to be said beside the figures.

    Raises:
        InputError: lengths differ, a confidence outside [0, 1] or NaN.
        NotEnoughData: no rows, or fewer than two groups.
    """
    c, seen = stated_and_seen(confidence, correct)
    right = seen >= 0.5 if seen.dtype != np.bool_ else seen.astype(np.bool_, copy=False)
    table = reliability(c, seen, bins=bins)
    return CalibrationReport(
        n=len(c),
        accuracy=float(seen.mean()),
        mean_confidence=float(c.mean()),
        ece=ece(c, seen, bins=bins, groups=groups),
        mce=float(np.abs(table.gap).max()),
        brier=brier(c, seen),
        nll=nll(c, seen),
        auroc=auroc(-c, wrong=~right, groups=groups) if right.any() and not right.all() else None,
        aurc=aurc(-c, wrong=~right, groups=groups),
        reliability=table,
        in_sample=in_sample,
        warnings=tuple(warnings),
    )
