"""How many labels until a combination of signals beats the best single one?

With few labels a combiner learns noise, and picking the best single signal is a gamble too. Both are given the same n
labels here, again and again: the combiner is fitted on them, the best single signal is picked on them, and both are
measured on all rows that were not drawn.

A newcomer starts at :func:`label_curve`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.combiner import Combiner
from foureyes.calibration.platt import Platt
from foureyes.display import TableResult, columns_of
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, group_ids, real, same_length
from foureyes.maths.ranking import auroc

__all__ = ["LabelCurve", "LabelPoint", "label_curve"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEAST_DRAWS = 40


@dataclass(frozen=True, slots=True)
class LabelPoint:
    """What n labels buy. Areas are means over draws of the labels, on rows not drawn.

    Attributes:
        n: rows labelled, on average over the draws; groups are drawn whole.
        combined: AUROC of the combination fitted on them.
        single: AUROC of the single signal that looked best on them.
        gain: combined − single.
        low, high: the middle 90 % of the gain over draws of the labels: what one user with n labels may meet.
        wins: share of draws in which the combination is the better one, a tie counting half.
        n_draws: draws that held both classes and left both.
    """

    n: float
    combined: float
    single: float
    gain: float
    low: float
    high: float
    wins: float
    n_draws: int


@dataclass(frozen=True, slots=True, repr=False)
class LabelCurve(TableResult):
    """Points in order of the number of labels.

    Attributes:
        points: one a size, but for sizes at which too few draws held both classes.
        n_rows: rows in all.
        n_skipped: sizes left out for that reason.
    """

    points: tuple[LabelPoint, ...]
    n_rows: int
    n_skipped: int

    def columns(self) -> dict[str, list[Any]]:
        """One row a size."""
        return columns_of(self.points)

    def enough(self, *, wins: float = 0.9) -> float | None:
        """The least number of labels from which on combining wins in at least this share of draws, at every size.

        ``None`` where it does not at the largest size.
        """
        found = None
        for point in reversed(self.points):
            if point.wins < wins:
                break
            found = point.n
        return found


def label_curve(
    signals: Mapping[str, ArrayLike],
    correct: ArrayLike,
    *,
    sizes: Sequence[int],
    groups: ArrayLike | None = None,
    draws: int = 100,
    seed: int = 0,
) -> LabelCurve:
    """Measures combination and best single signal at several numbers of labels.

    Args:
        signals: name → (N,) scores of any direction, at least two.
        correct: (N,) booleans or 0/1.
        sizes: numbers of labelled rows to try, each from 4 to N − 4.
        groups: (N,) integers; rows of one group (say, answers to one question) are labelled together.
        draws: of the labels, at each size, ≥ 40.
        seed: of the draws.

    Raises:
        InputError: fewer than two signals, columns that cannot be used, sizes out of range, too few draws.
        NotEnoughData: at no size did enough draws hold both classes.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.normal(size=(2, 300))
        >>> right = rng.random(300) < 1 / (1 + np.exp(2 * (a + b)))
        >>> curve = label_curve({"a": a, "b": b}, right, sizes=[100], draws=40)
        >>> curve.points[0].gain > 0
        True
    """
    if len(signals) < 2:
        raise InputError(f"a combination needs at least two signals; got {', '.join(signals) or 'none'}")
    columns = {name: real(f"signal {name!r}", values) for name, values in signals.items()}
    right = flags("correct", correct)
    ids = group_ids("groups", np.arange(len(right)) if groups is None else groups)
    n = same_length(**columns, correct=right, groups=ids)
    if bad := [size for size in sizes if not 4 <= size <= n - 4]:
        raise InputError(f"sizes must lie in 4..{n - 4}; got {bad[0]}")
    if draws < _LEAST_DRAWS:
        raise InputError(f"a share of draws needs at least {_LEAST_DRAWS} of them; got {draws}")
    rng = np.random.default_rng(seed)
    tried = [_point(columns, right, [_drawn(ids, size, rng) for _ in range(draws)]) for size in sorted(set(sizes))]
    points = tuple(point for point in tried if point is not None)
    if not points:
        raise NotEnoughData(f"too few draws of {', '.join(map(str, sizes))} labels hold right and wrong answers")
    return LabelCurve(points, n, len(tried) - len(points))


def _drawn(ids: NDArray[np.intp], size: int, rng: np.random.Generator) -> Flags:
    """(N,) which rows are labelled: whole groups in random order, as many as come closest to the size."""
    counts = np.bincount(ids)
    order = rng.permutation(len(counts))
    taken = order[: int(np.abs(np.cumsum(counts[order]) - size).argmin()) + 1]
    return np.isin(ids, taken)


def _point(columns: Mapping[str, Floats], right: Flags, draws: Sequence[Flags]) -> LabelPoint | None:
    usable = [drawn for drawn in draws if _both(right[drawn]) and _both(right[~drawn])]
    if len(usable) < _LEAST_DRAWS // 2:
        return None
    areas = np.array([_areas(columns, right, drawn) for drawn in usable])
    gain = areas[:, 0] - areas[:, 1]
    low, high = np.quantile(gain, (0.05, 0.95))
    return LabelPoint(
        n=float(np.mean([drawn.sum() for drawn in usable])),
        combined=float(areas[:, 0].mean()),
        single=float(areas[:, 1].mean()),
        gain=float(gain.mean()),
        low=float(low),
        high=float(high),
        wins=float(((gain > 0) + (gain == 0) / 2).mean()),
        n_draws=len(usable),
    )


def _areas(columns: Mapping[str, Floats], right: Flags, drawn: Flags) -> tuple[float, float]:
    """AUROC on the rest of the combination and of the best single signal, both from the rows drawn."""
    labelled = {name: column[drawn] for name, column in columns.items()}
    rest = {name: column[~drawn] for name, column in columns.items()}
    combined = Combiner.fit(labelled, right[drawn]).predict_proba(rest)
    # A line gives each signal its direction; an uncertainty that works backwards is found out as a user would.
    lines = {name: Platt.fit(column, right[drawn]) for name, column in labelled.items()}
    best = max(lines, key=lambda name: _area(lines[name].predict_proba(labelled[name]), right[drawn]))
    return _area(combined, right[~drawn]), _area(lines[best].predict_proba(rest[best]), right[~drawn])


def _area(confidence: Floats, right: Flags) -> float:
    return auroc(-confidence, wrong=~right, draws=_LEAST_DRAWS).value


def _both(right: Flags) -> bool:
    return bool(right.any() and not right.all())
