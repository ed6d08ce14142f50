"""Precision against detection along a ranked list of label issues, and where to stop.

Rows that a person has verified say how often a flag is right. The bounds on all shares of the grid hold together with
probability at least 1 - δ, so that the share may be chosen after looking at them.

A newcomer starts at :func:`precision_curve`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cleaning.issues import Issues
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import binomial_p, rate_lower
from foureyes.maths.columns import flags, fraction, same_length
from foureyes.maths.fallback import last_rejected, least_rows

__all__ = ["GRID", "StopPoint", "keep_top_for", "precision_curve"]

GRID = tuple(round(0.05 * step, 2) for step in range(1, 21))


@dataclass(frozen=True, slots=True)
class StopPoint:
    """Precision and detection when a given share of rows is heard, on verified rows.

    Attributes:
        keep_top: the share of most confident rows heard, see :func:`~foureyes.cleaning.labels.find_label_issues`.
        flagged: rows flagged at it, verified or not.
        verified: how many of them are verified.
        wrong: how many of those carry a wrong label.
        precision: ``wrong / verified``; ``None`` when none is verified.
        low: lower bound on the true precision, in [0, 1]; 0 when none is verified.
        delta: chance that this one bound is broken.
        detected: share of all verified wrong labels that are flagged; ``None`` when no verified label is wrong.
    """

    keep_top: float
    flagged: int
    verified: int
    wrong: int
    precision: float | None
    low: float
    delta: float
    detected: float | None


def precision_curve(
    issues: Issues, rows: ArrayLike, wrong: ArrayLike, *, grid: Sequence[float] = GRID, delta: float = 0.05
) -> tuple[StopPoint, ...]:
    """Precision and detection for every share of a grid.

    Detection is relative to the verified rows: it means what it says when they are a random sample of the data, and is
    an upper bound when only suspects were verified. The bounds are exact binomial ones at δ / len(grid) each.

    Args:
        issues: from ``method="calibrated"`` with ``keep_top=1``, so that every share is in it.
        rows: (V,) verified rows, each once; a random choice among those flagged, and rows no expert was fitted or
            calibrated on.
        wrong: (V,) true where the given label turned out wrong.
        grid: shares, increasing, in (0, 1].
        delta: chance that any of the bounds is broken.

    Raises:
        InputError: lengths differ, a row is out of range or named twice, a share is out of range.

    Example:
        >>> from foureyes.cleaning.labels import find_label_issues
        >>> sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.03, 0.97], [0.6, 0.4]])
        >>> issues = find_label_issues([0, 0, 0, 1], sure, method="calibrated", keep_top=1)
        >>> [(p.flagged, p.wrong, p.precision) for p in precision_curve(issues, [2, 3], [True, False], grid=(0.25, 1))]
        [(1, 1, 1.0), (3, 1, 0.5)]
    """
    if issues.method != "calibrated":
        raise InputError(f'precision against keep_top needs issues of method="calibrated"; got {issues.method!r}')
    shares = np.asarray(grid, np.float64)
    if not (len(shares) and (shares > 0).all() and (shares <= 1).all() and (np.diff(shares) > 0).all()):
        raise InputError(f"grid must be increasing shares in (0, 1]; got {tuple(grid)}")
    level, is_wrong = _verified_levels(issues, rows, wrong)
    each = fraction("delta", delta) / len(shares)
    return tuple(_point(float(share), issues, level, is_wrong, each) for share in shares)


def keep_top_for(points: Sequence[StopPoint], precision: float) -> StopPoint:
    """The stop rule: the largest share that surely has the precision wanted.

    Shares are tested in order, as thresholds of a promise are (:mod:`foureyes.maths.fallback`): from the first of which
    enough flags are verified, and what a share was tested with passes on to the next. So more is flagged than where each of the
    bounds of the curve has to reach the precision by itself.

    Args:
        points: from :func:`precision_curve`; its δ is that of the rule.
        precision: wanted, in (0, 1), and settled before looking at the points. The chosen share has it with probability at
            least 1 - δ.

    Raises:
        InputError: ``precision`` is not in (0, 1).
        NotEnoughData: no share reaches it; ``needed`` says how many verified flags would probably do.
    """
    fraction("precision", precision)
    delta = sum(point.delta for point in points)
    shares = _shares(points, precision, delta)

    def rejects(place: int, level: float) -> bool:
        return _surely(points[place], precision, level)

    found = last_rejected(shares, delta, rejects) if points else None
    if found is None:
        raise _too_few(points, precision, max(shares, default=1.0) * delta)
    return points[found]


def _verified_levels(
    issues: Issues, rows: ArrayLike, wrong: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(V,) the smallest share that flags each verified row, infinite for rows never flagged."""
    checked, is_wrong = np.asarray(rows), flags("wrong", wrong)
    if checked.ndim != 1 or (checked.size and checked.dtype.kind not in "iu"):
        raise InputError(
            f"rows must be one integer for each verified row; got {checked.dtype} of shape {checked.shape}"
        )
    same_length(rows=checked, wrong=is_wrong)
    if checked.size and not (checked.min() >= 0 and checked.max() < issues.n_rows):
        raise InputError(f"rows must lie in 0..{issues.n_rows - 1}; got {checked.min()}..{checked.max()}")
    if len(np.unique(checked)) != len(checked):
        raise InputError("rows must name every verified row once; some are named twice")
    level = np.full(issues.n_rows, np.inf)
    level[issues.row] = issues.score
    return level[checked.astype(np.intp)], is_wrong


def _point(
    share: float, issues: Issues, level: NDArray[np.float64], is_wrong: NDArray[np.bool_], delta: float
) -> StopPoint:
    heard = level <= share
    verified, wrong, n_wrong = int(heard.sum()), int((heard & is_wrong).sum()), int(is_wrong.sum())
    return StopPoint(
        keep_top=share,
        flagged=int((issues.score <= share).sum()),
        verified=verified,
        wrong=wrong,
        precision=wrong / verified if verified else None,
        low=rate_lower(wrong, verified, delta) if verified else 0.0,
        delta=delta,
        detected=wrong / n_wrong if n_wrong else None,
    )


def _shares(points: Sequence[StopPoint], precision: float, delta: float) -> list[float]:
    """Of δ: half where verified flags are enough if no label is right after all, half where there are 2.5 times as many.

    They are counted on as many as are to be expected of so many flags, so that the tests do not start where the draw of the
    verified rows would have them start.
    """
    shares = [0.0] * len(points)
    if not points:
        return shares
    last, enough = points[-1], math.log(delta / 2) / math.log(precision)
    for wanted in (enough, 2.5 * enough):
        flags_wanted = wanted * last.flagged / max(last.verified, 1)
        place = next((at for at, point in enumerate(points) if point.flagged >= flags_wanted), len(points) - 1)
        shares[place] += 0.5
    return shares


def _surely(point: StopPoint, precision: float, level: float, rows: int | None = None) -> bool:
    """Whether the precision is shown at a level, or would be if this many rows were verified and it stayed as it is."""
    n = point.verified if rows is None else rows
    right_labels = round((point.verified - point.wrong) / point.verified * n) if point.verified else 0
    return n > 0 and binomial_p(right_labels, n, 1 - precision) <= level


def _too_few(points: Sequence[StopPoint], precision: float, level: float) -> NotEnoughData:
    seen = [point for point in points if point.precision is not None and point.precision > precision]
    if not seen:
        highest = max((point.precision for point in points if point.precision is not None), default=0.0)
        return NotEnoughData(
            f"no share shows a precision above {precision:g} (the highest is {highest:.3f}); more labels of these experts will not help"
        )
    closest = max(seen, key=lambda point: point.low)
    needed = least_rows(lambda rows: _surely(closest, precision, level, rows))
    return NotEnoughData(
        f"{closest.verified} verified flags at keep_top {closest.keep_top:g} bound the precision by {closest.low:.3f}, "
        f"wanted {precision:g}; at the precision seen, about {'a million' if needed is None else needed} would do",
        needed=needed,
    )
