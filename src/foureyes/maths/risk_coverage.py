"""Risk-coverage curves: what is gained by answering only when the uncertainty is low.

Answers are accepted in order of rising uncertainty. *Coverage* is the share accepted, *risk* the share of wrong
answers among them. Where uncertainties are equal their order is unknown, so each of them counts as wrong with the
tie's own rate: the value is the average over all orders, and the order of the rows cannot matter.

A newcomer starts at :func:`aurc`; :func:`risk_coverage` gives the curve to draw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result, TableResult
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import flags, group_ids, real, same_length
from foureyes.maths.ordering import cut_evenly, sort_with_flags, tie_starts
from foureyes.maths.resampling import check_draws, group_weights, multinomial, percentiles

__all__ = ["Aurc", "RiskCoverage", "area_of_counts", "aurc", "risk_coverage"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MAX_BLOCKS = 512


@dataclass(frozen=True, slots=True, repr=False)
class Aurc(Result):
    """An area under the risk-coverage curve, with what the best and a blind order would give.

    Attributes:
        value: mean risk over the coverages 1/N, 2/N, …, 1, in [0, 1]; lower is better.
        low, high: bootstrap interval.
        level: of the interval.
        best: the value of a perfect order of the same rows, all right answers first.
        blind: the value of an uninformed order, the error rate.
        n: rows.
    """

    value: float
    low: float
    high: float
    level: float
    best: float
    blind: float
    n: int

    @property
    def auarc(self) -> float:
        """Area under the accuracy-rejection curve, 1 − AURC: mean accuracy of the accepted; higher is better."""
        return 1 - self.value

    @property
    def excess(self) -> float:
        """Excess area (E-AURC): what a perfect order would save, ≥ 0."""
        return self.value - self.best

    @property
    def prr(self) -> float | None:
        """Prediction rejection ratio: 1 = perfect order, 0 = uninformed, below 0 = worse than that.

        ``None`` where all answers are right or all wrong, as no order can matter then.

        Source: Malinin & Gales 2021, over the full range of rejection.
        """
        return (self.blind - self.value) / (self.blind - self.best) if self.blind > self.best else None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RiskCoverage(TableResult):
    """The risk-coverage curve: one point for every distinct uncertainty, lowest coverage first.

    Attributes:
        cut: (P,) accept answers of at most this uncertainty.
        coverage: (P,) share accepted, in (0, 1].
        risk: (P,) share of wrong answers among the accepted.
    """

    cut: Floats
    coverage: Floats
    risk: Floats

    def columns(self) -> dict[str, Any]:
        """One row a point of the curve."""
        return {"cut": self.cut, "coverage": self.coverage, "risk": self.risk}


def aurc(
    uncertainty: ArrayLike,
    *,
    wrong: ArrayLike,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> Aurc:
    """Area under the risk-coverage curve, with a bootstrap interval.

    AURC = 1/N Σ_k (wrong answers among the k least uncertain)/k, ties by expectation.

    Args:
        uncertainty: (N,) larger = more likely wrong; infinities are allowed, NaN is not.
        wrong: (N,) booleans or 0/1, true where the answer is wrong; by its name only, so that confidences and correct
            answers are not taken for uncertainties and wrong ones.
        level: of the interval, in (0, 1).
        draws: bootstrap samples. Beyond 512 distinct uncertainties, neighbours are resampled as blocks.
        seed: of the bootstrap.
        groups: (N,) integers; rows of one group (say, answers to one question) are resampled together.

    Returns:
        The area; its fields and properties hold AUARC, excess area and rejection ratio too.

    Raises:
        InputError: lengths differ, NaN, flags that are none, too few draws for the level.
        NotEnoughData: no rows, or fewer than two groups.

    Example:
        >>> area = aurc([0.1, 0.2, 0.3, 0.4], wrong=[False, False, True, True])
        >>> round(area.value, 4), area.blind, area.prr
        (0.2083, 0.5, 1.0)

    Source: Geifman & El-Yaniv 2017; Geifman et al. 2019 (excess); Nadeem et al. 2009 (accuracy-rejection).
    """
    check_draws(draws, level)
    u, is_wrong = _sorted_rows(uncertainty, wrong)
    starts = tie_starts(u)
    value = area_of_counts(_counts(is_wrong, starts))
    blocks = starts if len(starts) <= _MAX_BLOCKS else cut_evenly(u, _MAX_BLOCKS)[:-1]
    counts, rng = _counts(is_wrong, blocks), np.random.default_rng(seed)
    drawn: Iterable[NDArray[np.generic]]
    if groups is None:
        drawn = multinomial(counts.ravel(), draws, rng).reshape(draws, *counts.shape)
    else:
        drawn = _grouped_counts(u[blocks], uncertainty, wrong, groups=groups, draws=draws, rng=rng)
    # Blocks hide the order within them; the areas of the draws are shifted by what that changes in the sample itself.
    low, high = percentiles(np.array([area_of_counts(c) for c in drawn]) + value - area_of_counts(counts), level)
    n, n_wrong = len(u), int(is_wrong.sum())
    perfect = np.array([[n - n_wrong, 0], [0, n_wrong]])
    return Aurc(value, max(0.0, low), min(1.0, high), level, area_of_counts(perfect), n_wrong / n, n)


def risk_coverage(uncertainty: ArrayLike, *, wrong: ArrayLike) -> RiskCoverage:
    """The risk and the coverage of every possible cut.

    Args:
        uncertainty: (N,) larger = more likely wrong.
        wrong: (N,) booleans or 0/1.

    Raises:
        InputError: lengths differ, NaN, flags that are none.
        NotEnoughData: no rows.

    Example:
        >>> curve = risk_coverage([0.1, 0.2, 0.2, 0.4], wrong=[0, 0, 1, 1])
        >>> curve.coverage.tolist(), curve.risk.round(3).tolist()
        ([0.25, 0.75, 1.0], [0.0, 0.333, 0.5])
    """
    u, is_wrong = _sorted_rows(uncertainty, wrong)
    starts = tie_starts(u)
    n = np.append(starts[1:], len(u))
    return RiskCoverage(u[starts], n / len(u), np.cumsum(_counts(is_wrong, starts)[:, 1]) / n)


def _sorted_rows(uncertainty: ArrayLike, wrong: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    u, is_wrong = real("uncertainty", uncertainty), flags("wrong", wrong)
    if not same_length(uncertainty=u, wrong=is_wrong):
        raise NotEnoughData("a risk-coverage curve needs rows; got none")
    return sort_with_flags(u, is_wrong)


def _counts(is_wrong: NDArray[np.bool_], starts: NDArray[np.intp]) -> Ints:
    """(G, 2) right and wrong answers of every group of neighbours."""
    n = np.diff(starts, append=len(is_wrong))
    n_wrong = np.add.reduceat(is_wrong, starts, dtype=np.int64)
    return np.stack([n - n_wrong, n_wrong], axis=1)


def _grouped_counts(
    edges: Floats,
    uncertainty: ArrayLike,
    wrong: ArrayLike,
    *,
    groups: ArrayLike,
    draws: int,
    rng: np.random.Generator,
) -> Iterable[NDArray[Any]]:
    """Draws of (G, 2) counts of the blocks that begin at ``edges``, groups of rows resampled whole."""
    u, is_wrong, ids = real("uncertainty", uncertainty), flags("wrong", wrong), group_ids("groups", groups)
    same_length(uncertainty=u, groups=ids)
    n_groups = int(ids.max()) + 1
    if n_groups < 2:
        raise NotEnoughData("groups are resampled whole, so an interval needs at least two; got 1")
    cell = 2 * (np.searchsorted(edges, u, side="right") - 1) + is_wrong
    weights = group_weights(n_groups, draws, rng)
    return (np.bincount(cell, weights=w[ids], minlength=2 * len(edges)).reshape(-1, 2) for w in weights)


def area_of_counts(counts: NDArray[np.generic]) -> float:
    """AURC of (G, 2) counts of right and wrong, groups in order, the order within each unknown.

    After a rows with e wrong, the j-th of a group of m with w wrong has expected risk (e + j·w/m)/(a + j). Summed over
    j that is w + (e − a·w/m)·(H(a+m) − H(a)), with H the harmonic numbers.
    """
    m, w = counts.sum(axis=1, dtype=np.float64), counts[:, 1].astype(np.float64)
    m, w = m[m > 0], w[m > 0]
    after = np.cumsum(m)
    harmonic = np.diff(_harmonic(after), prepend=0.0)
    before, wrong_before = after - m, np.cumsum(w) - w
    return float((w + (wrong_before - before * w / m) * harmonic).sum() / after[-1])


def _harmonic(n: Floats) -> Floats:
    """1 + 1/2 + … + 1/n, from n = 64 on by its asymptotic series."""
    large = np.maximum(n, 64.0)
    series = np.log(large) + np.euler_gamma + 1 / (2 * large) - 1 / (12 * large**2) + 1 / (120 * large**4)
    return np.where(n < 64, _SMALL[np.minimum(n, 64).astype(np.intp)], series)


_SMALL = np.append(0.0, np.cumsum(1 / np.arange(1, 65)))
