"""AUROC of an uncertainty: does it put wrong answers before right ones?

Measures of order only: a strictly increasing map of the uncertainty changes none of them. The direction is fixed,
*larger = more likely wrong*, so an AUROC below one half is a finding and is reported as such. Ties count by
expectation: the value is what a random order among equals would give on average.

A newcomer starts at :func:`auroc`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import flags, group_ids, real, same_length
from foureyes.maths.resampling import FEW, check_draws, group_weights, held_by, multinomial, percentiles

__all__ = ["Auroc", "auroc"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MAX_BLOCKS = 1024


@dataclass(frozen=True, slots=True, repr=False)
class Auroc(Result):
    """An area under the ROC curve with its interval.

    Attributes:
        value: P(a wrong answer has the larger uncertainty) + ½ P(a tie), in [0, 1]; 0.5 = no information.
        low, high: bootstrap interval.
        level: its level, say 0.95.
        n_wrong, n_right: rows of each class.
        n_rarer: groups, or else rows, that hold the class that fewer hold.
    """

    value: float
    low: float
    high: float
    level: float
    n_wrong: int
    n_right: int
    n_rarer: int

    @property
    def few(self) -> bool:
        """Whether the rarer class is too small for the interval to be believed."""
        return self.n_rarer < FEW


def auroc(
    uncertainty: ArrayLike,
    *,
    wrong: ArrayLike,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> Auroc:
    """Area under the ROC curve of "wrong", with a bootstrap interval.

    AUROC = P(u_wrong > u_right) + ½ P(u_wrong = u_right) over pairs of a wrong and a right answer. The direction is
    never flipped to make the number larger.

    The bootstrap is stratified: wrong and right answers are resampled separately, as the measure conditions on both
    counts. With ``groups``, whole groups are resampled instead, and draws that hold one class only are left out.
    Beyond 1024 distinct scores neighbours are pooled into blocks, and the order *within* a block is held at its
    observed value; that changes the variance of the draws by about one part in a million. Where all pairs agree the
    bootstrap has nothing to vary; there the open end is the exact binomial bound (α/2)^(1/k) for k disjoint pairs.

    Args:
        uncertainty: (N,) larger = more likely wrong; infinities are allowed, NaN is not.
        wrong: (N,) booleans or 0/1, true where the answer is wrong; by its name only, so that confidences and correct
            answers are not taken for uncertainties and wrong ones.
        level: of the interval, in (0, 1).
        draws: bootstrap samples.
        seed: of the bootstrap; the same seed gives the same interval.
        groups: (N,) integers; rows of one group (say, answers to one question) are resampled together.

    Returns:
        The area, its interval and the counts.

    Raises:
        InputError: lengths differ, a value is NaN or not a flag, too few draws for the level.
        NotEnoughData: only one class is present, or fewer than two groups.

    Example:
        >>> auroc([0.1, 0.4, 0.35, 0.8], wrong=[False, False, True, True]).value
        0.75

    Source: Hanley & McNeil 1982; Carpenter & Bithell 2000 (percentile bootstrap).
    """
    u, is_wrong = real("uncertainty", uncertainty), flags("wrong", wrong)
    same_length(uncertainty=u, wrong=is_wrong)
    check_draws(draws, level)
    n_wrong = int(is_wrong.sum())
    n_right = len(u) - n_wrong
    if not n_wrong or not n_right:
        raise NotEnoughData(f"an AUROC needs a wrong and a right answer; got {n_wrong} wrong and {n_right} right")
    blocks, rng = _Blocks.of(u, is_wrong), np.random.default_rng(seed)
    if groups is None:
        n_rarer = n_pairs = min(n_wrong, n_right)
        sampled = blocks.area(multinomial(blocks.n_wrong, draws, rng), multinomial(blocks.n_right, draws, rng))
    else:
        ids = group_ids("groups", groups)
        same_length(uncertainty=u, groups=ids)
        n_rarer = held_by(ids, is_wrong)
        n_pairs = _disjoint_pairs(ids, n_rarer)
        sampled = blocks.grouped_areas(u, is_wrong, ids, group_weights(int(ids.max()) + 1, draws, rng))
    value = float(blocks.area(blocks.n_wrong, blocks.n_right))
    low, high = percentiles(sampled, level)
    if value in (0.0, 1.0):
        exact = ((1 - level) / 2) ** (1 / n_pairs)
        low, high = (exact, 1.0) if value == 1.0 else (0.0, 1 - exact)
    return Auroc(value, low, high, level, n_wrong, n_right, n_rarer)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Neighbouring scores pooled, lowest first: all that a bootstrap of the area needs to know."""

    edges: Floats  # (K,) lowest score of every block
    n_wrong: Ints  # (K,)
    n_right: Ints  # (K,)
    within: Floats  # (K,) share of the block's own (wrong, right) pairs in the right order, a tie counting half

    @classmethod
    def of(cls, u: Floats, is_wrong: NDArray[np.bool_]) -> _Blocks:
        wrong, right = np.sort(u[is_wrong]), np.sort(u[~is_wrong])
        edges = _block_edges(np.sort(u))
        wrong_ends = np.append(np.searchsorted(wrong, edges), len(wrong))
        right_ends = np.append(np.searchsorted(right, edges), len(right))
        n_wrong, n_right = np.diff(wrong_ends), np.diff(right_ends)
        twice_below = np.searchsorted(right, wrong) + np.searchsorted(right, wrong, side="right")
        in_order = np.diff(np.insert(np.cumsum(twice_below), 0, 0)[wrong_ends]) / 2 - n_wrong * right_ends[:-1]
        within = np.divide(in_order, n_wrong * n_right, out=np.zeros(len(edges)), where=in_order > 0)
        return cls(edges, n_wrong, n_right, within)

    def area(self, n_wrong: NDArray[Any], n_right: NDArray[Any]) -> Floats:
        """The area for (…, K) counts of the same blocks."""
        below = np.cumsum(n_right, axis=-1) - n_right
        in_order = (n_wrong * (below + n_right * self.within)).sum(axis=-1)
        area: Floats = in_order / (n_wrong.sum(axis=-1) * n_right.sum(axis=-1))
        return area

    def grouped_areas(
        self, u: Floats, is_wrong: NDArray[np.bool_], ids: NDArray[np.intp], weights: Iterable[Floats]
    ) -> Floats:
        """One area for every line of group weights that leaves both classes present."""
        block = np.searchsorted(self.edges, u, side="right") - 1
        (block_w, ids_w), (block_r, ids_r) = ((block[side], ids[side]) for side in (is_wrong, ~is_wrong))
        k = len(self.edges)
        counts = ((np.bincount(block_w, w[ids_w], k), np.bincount(block_r, w[ids_r], k)) for w in weights)
        areas = [self.area(n_w, n_r) for n_w, n_r in counts if n_w.any() and n_r.any()]
        if not areas:
            raise NotEnoughData("no resample of the groups holds both a wrong and a right answer; got too few groups")
        return np.array(areas)


def _block_edges(sorted_scores: Floats) -> Floats:
    """The lowest score of each of at most 1024 blocks of about equal size; ties are never split."""
    distinct: Floats = sorted_scores[np.insert(sorted_scores[1:] != sorted_scores[:-1], 0, True)]
    if len(distinct) <= _MAX_BLOCKS:
        return distinct
    starts: Floats = sorted_scores[np.linspace(0, len(sorted_scores) - 1, _MAX_BLOCKS).astype(np.intp)]
    return np.unique(starts)


def _disjoint_pairs(ids: NDArray[np.intp], n_rarer: int) -> int:
    """Most pairs of a wrong and a right answer that share no group: no two of them, and not within one."""
    n_pairs = min(n_rarer, (int(ids.max()) + 1) // 2)
    if not n_pairs:
        raise NotEnoughData("groups are resampled whole, so an interval needs at least two; got 1")
    return n_pairs
