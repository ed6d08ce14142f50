"""Two rankings of suspect labels, compared where both have found as many of the wrong ones. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from foureyes.cleaning import Issues
from studies.know_when.intervals import Floats, Rows

__all__ = ["Flags", "places", "precision_at", "precisions", "reachable"]

Flags: TypeAlias = NDArray[np.bool_]


def places(issues: Issues, rows: Rows) -> Floats:
    """(V,) place of each verified row in the list, from 0; infinite for rows that are not in it."""
    place = np.full(issues.n_rows, np.inf)
    place[issues.row] = np.arange(len(issues))
    return place[rows]


def reachable(place: Floats, wrong: Flags, weights: Floats) -> float:
    """Wrong labels that the whole list finds."""
    return float(weights[wrong & np.isfinite(place)].sum())


def precision_at(place: Floats, wrong: Flags, weights: Floats, wanted: float) -> float:
    """Share of wrong labels among the verified rows of the shortest list that finds ``wanted`` of them.

    Args:
        place: (V,) distinct places, infinite for rows never flagged.
        wrong: (V,) whether the label is wrong.
        weights: (V,) how often each row counts.
        wanted: above zero and at most :func:`reachable`.
    """
    order = np.argsort(place, kind="stable")[: int(np.isfinite(place).sum())]
    flagged, found = np.cumsum(weights[order]), np.cumsum(weights[order] * wrong[order])
    last = np.searchsorted(found, wanted - 1e-9)
    return float(found[last] / flagged[last])


def precisions(ours: Floats, theirs: Floats, wrong: Flags) -> Callable[[Floats], tuple[float, float]]:
    """Precision of two rankings at equal detection, for any row weights: the most that both of them reach."""

    def both(weights: Floats) -> tuple[float, float]:
        wanted = min(reachable(place, wrong, weights) for place in (ours, theirs))
        if not wanted:
            return 0.0, 0.0
        return precision_at(ours, wrong, weights, wanted), precision_at(theirs, wrong, weights, wanted)

    return both
