"""What has to be said of a fit that made its scores worse: never in silence."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.maths.columns import Outcomes, group_ids

__all__ = ["mean_error", "rise_of_losses", "row_losses", "worse_than_given"]

Floats = NDArray[np.float64]


def row_losses(confidence: Floats, right: Outcomes) -> Floats:
    """(N,) −ln P(what happened); with shares, averaged over people. Infinite where a certain confidence was wrong."""
    share = right.astype(np.float64, copy=False)
    with np.errstate(divide="ignore"):
        losses = -share * np.log(np.where(share == 0, 1.0, confidence))
        losses -= (1 - share) * np.log(np.where(share == 1, 1.0, 1 - confidence))
    return np.asarray(losses)


def mean_error(differences: Floats, groups: ArrayLike | None = None) -> float:
    """Standard error of the mean of differences; of whole groups, where rows hang together. 0 of a single row."""
    n = len(differences)
    if groups is None:
        return float(differences.std(ddof=1) / math.sqrt(n)) if n > 1 else 0.0
    ids = group_ids("groups", groups)
    sums = np.bincount(ids, differences - differences.mean())
    many = len(sums)
    return float(math.sqrt((sums @ sums) * many / (many - 1)) / n) if many > 1 else 0.0


def worse_than_given(
    confidence: Floats, given: Floats | None, right: Outcomes, groups: ArrayLike | None = None, *, what: str = "the fit"
) -> str:
    """A sentence where the log loss is above that of the scores as they were given; empty elsewhere.

    Args:
        confidence: (N,) after the fit.
        given: (N,) before; ``None`` where the scores state no probability.
        right: (N,) what came of each row.
        groups: (N,) integers; rows that hang together.
        what: was fitted.
    """
    if given is None or not len(given):
        return ""
    return rise_of_losses(row_losses(given, right), row_losses(confidence, right), groups, what=what)


def rise_of_losses(before: Floats, after: Floats, groups: ArrayLike | None = None, *, what: str) -> str:
    """The same sentence from (N,) losses, whatever they are of."""
    if not after.mean() > before.mean():
        return ""
    rise, error = float((after - before).mean()), mean_error(after - before, groups)
    sure = "more than chance explains" if rise > 1.96 * error else "which chance may explain"
    return (
        f"{what} made these scores worse: log loss {float(before.mean()):.4f} as given, {float(after.mean()):.4f} after, "
        f"{rise:+.4f} ± {1.96 * error:.4f}, {sure}; use the scores as they are, or fit on more rows or on rows like these"
    )
