"""A small and a large model on the same questions: how well a cascade of the two does. Pure.

Calibrators and routers are fitted on one half of the rows and everything is measured on the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.maths.routing import Tally, apgr, over_random, tally
from studies.know_when.intervals import Floats, Rows

__all__ = ["ORDERS", "Cascade", "CascadePair", "cascade", "same_size"]

Flags: TypeAlias = NDArray[np.bool_]

ORDERS = ("uncalibrated", "calibrated", "accuracy", "threshold")


@dataclass(frozen=True, slots=True, eq=False)
class CascadePair:
    """Two models on the same N rows.

    Attributes:
        raw: (small, large) uncalibrated confidences, (N,) each.
        stated: the same after calibration.
        right: (small, large) whether each answer is right, (N,) each.
    """

    raw: tuple[Floats, Floats]
    stated: tuple[Floats, Floats]
    right: tuple[Flags, Flags]

    def take(self, rows: Rows) -> CascadePair:
        """The same for some rows."""

        def two(columns: tuple[NDArray[Any], NDArray[Any]]) -> Any:
            return columns[0][rows], columns[1][rows]

        return CascadePair(two(self.raw), two(self.stated), two(self.right))

    @property
    def gap(self) -> float:
        """Accuracy of the large model less that of the small one."""
        return float(self.right[1].mean() - self.right[0].mean())


@dataclass(frozen=True, slots=True, eq=False)
class Cascade:
    """One cascade on the rows it was not fitted on.

    Attributes:
        right: (small, large) flags of those rows.
        priority: of every row, by ordering; ``oracle`` knows who is right.
        reversed_bins: pairs of bins that the calibrated advantage escalates the other way round than a threshold.
    """

    right: tuple[Flags, Flags]
    priority: Mapping[str, Floats]
    reversed_bins: int

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.right[0])

    def area(self, order: str, rows: Rows | None = None) -> float:
        """APGR of an ordering, on all rows or on some of them, in which the large model must be the better one."""
        return float(apgr(self._tally(order, rows)))

    def gained(self, order: str, rows: Rows | None = None) -> float:
        """Mean accuracy above a random router's over the whole range of costs; defined without a gap too."""
        return float(over_random(self._tally(order, rows)))

    def ahead(self, order: str, other: str) -> Callable[[Rows], float]:
        """How much more one ordering gains than another, on any rows."""
        return lambda rows: self.gained(order, rows) - self.gained(other, rows)

    def _tally(self, order: str, rows: Rows | None) -> Tally:
        of = slice(None) if rows is None else rows
        return tally(self.priority[order][of], self.right[0][of], self.right[1][of])


def cascade(fit: CascadePair, test: CascadePair, bins: int) -> Cascade:
    """Fits every ordering on some rows and applies it to others."""
    routers = {
        "uncalibrated": fe.AdvantageRouter.fit(*fit.raw, bins=bins, order="confidence"),
        "calibrated": fe.AdvantageRouter.fit(*fit.stated, bins=bins, order="confidence"),
        "accuracy": fe.AdvantageRouter.fit(*fit.stated, bins=bins, order="accuracy", correct=fit.right),
        "threshold": fe.AdvantageRouter.fit(*fit.stated, bins=bins, order="threshold"),
    }
    read = {name: test.raw[0] if name == "uncalibrated" else test.stated[0] for name in routers}
    priority = {name: router.priority(read[name]) for name, router in routers.items()}
    known = test.right[1].astype(np.float64) - test.right[0]
    return Cascade(test.right, {**priority, "oracle": known}, len(routers["calibrated"].unlike_threshold))


def same_size(fit: CascadePair, test: CascadePair, bins: int) -> Floats:
    """(N,) what the cascade of two about equal models gains over the better of them, row by row: 1, 0 or -1.

    Bins whose calibrated advantage is above zero go to the other model; no label of the rows judged is used but to say
    which model is the better one.
    """
    router = fe.AdvantageRouter.fit(*fit.stated, bins=bins, order="confidence")
    other = np.array(router.advantage)[np.searchsorted(router.cuts, test.stated[0], side="right")] > 0
    small, large = test.right
    better = large if large.mean() > small.mean() else small
    gained: Floats = np.where(other, large, small).astype(np.float64) - better
    return gained
