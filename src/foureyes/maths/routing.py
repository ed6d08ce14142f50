"""Cost-accuracy curves of a cascade of a small and a large model, and their areas (APGR).

A router puts the rows in an order of *priority*: the higher, the sooner the small model's answer is replaced by the
large one's. Rows of equal priority form a *tier*, and within a tier the router can only toss a coin, so the expected
accuracy is a straight line from the tier's beginning to its end. A curve is therefore exact on the whole range from
"small alone" to "large alone" once its tiers are counted: nothing is gridded and nothing is extrapolated.

Everything here depends on the rows through a :class:`Tally` only, a table of four counts a tier, which is also all that
a bootstrap needs to draw.

A newcomer starts at :func:`tally`, then :func:`apgr`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.errors import NotEnoughData
from foureyes.maths.columns import flags, real, same_length
from foureyes.maths.ordering import cut_evenly
from foureyes.maths.resampling import check_draws, multinomial

__all__ = ["Bands", "Tally", "apgr", "bands", "cost_performance", "equal_count_cuts", "over_random", "tally"]

Floats = NDArray[np.float64]
Counts = NDArray[Any]

_MAX_TIERS_DRAWN = 512


@dataclass(frozen=True, eq=False)
class Tally:
    """Outcomes tier by tier, the tier that is escalated first at the front. Leading axes, if any, are bootstrap draws.

    Attributes:
        counts: (…, G, 4) rows of each tier in which neither model is right, the large one only, the small one only,
            both.
        priority: (G,) of each tier, falling; the lowest one of a tier that was pooled.
    """

    counts: Counts
    priority: Floats

    @cached_property
    def size(self) -> Counts:
        """(…, G) rows of each tier."""
        neither, large_only, small_only, both = np.moveaxis(self.counts, -1, 0)
        rows: Counts = neither + large_only + small_only + both
        return rows

    @cached_property
    def n(self) -> Counts:
        """(…) rows."""
        rows: Counts = self.size.sum(axis=-1)
        return rows

    @cached_property
    def rise(self) -> Counts:
        """(…, G) right answers won less right answers lost when a tier is escalated."""
        won: Counts = self.counts[..., 1] - self.counts[..., 2]
        return won

    @cached_property
    def escalated(self) -> Floats:
        """(…, G + 1) share of rows sent to the large model after 0, 1, … G tiers; from 0 to 1."""
        share: Floats = _from_zero(self.size) / self.n[..., None]
        return share

    @cached_property
    def accuracy(self) -> Floats:
        """(…, G + 1) accuracy of the cascade after 0, 1, … G tiers; from the small model's to the large one's."""
        small_right = (self.counts[..., 2] + self.counts[..., 3]).sum(axis=-1)
        accuracy: Floats = (small_right[..., None] + _from_zero(self.rise)) / self.n[..., None]
        return accuracy

    @cached_property
    def gap(self) -> Floats:
        """(…) accuracy of the large model less that of the small one."""
        gap: Floats = self.rise.sum(axis=-1) / self.n
        return gap

    def pooled(self, n_tiers: int) -> Tally:
        """The same rows in at most ``n_tiers`` tiers of about equal size, made of neighbours."""
        if len(self.size) <= n_tiers:
            return self
        pool = (np.cumsum(self.size) - 1) * n_tiers // self.n
        starts = np.flatnonzero(np.diff(pool, prepend=-1))
        last = np.append(starts[1:], len(pool)) - 1
        return Tally(np.add.reduceat(self.counts, starts, axis=0), self.priority[last])

    def drawn(self, draws: int, rng: np.random.Generator) -> Tally:
        """Bootstrap samples of as many rows, (D, G, 4)."""
        counts = multinomial(self.counts.ravel(), draws, rng)
        return Tally(counts.reshape(draws, *self.counts.shape), self.priority)


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Bootstrap draws of what a curve says.

    Attributes:
        apgr_low, apgr_high: (D,) areas; where a draw's large model is not the better one, APGR is not defined and
            counts as -inf for the lower end of an interval and as +inf for the upper.
        over_random: (D,) see :func:`over_random`.
        accuracy: (D, P) accuracy at the shares asked for.
    """

    apgr_low: Floats
    apgr_high: Floats
    over_random: Floats
    accuracy: Floats


def equal_count_cuts(values: Floats, bins: int) -> Floats:
    """Cut points that part values into bins of about equal count; equal values always share a bin.

    ``np.searchsorted(cuts, value, side="right")`` is the bin of a value, 0 for the lowest. Where ties do not allow
    ``bins`` bins there are fewer.

    Args:
        values: (N,) finite numbers.
        bins: how many are wanted, at least one and at most N.

    Returns:
        (B - 1,) increasing cut points, B ≤ ``bins``.

    Raises:
        NotEnoughData: there are fewer values than bins.

    Example:
        >>> equal_count_cuts(np.array([0.1, 0.2, 0.2, 0.2, 0.5, 0.9]), 3)
        array([0.2, 0.5])
    """
    if len(values) < bins:
        raise NotEnoughData(f"{bins} bins need at least {bins} rows; got {len(values)}")
    ordered = np.sort(values)
    cuts: Floats = ordered[cut_evenly(ordered, bins)[1:-1]]
    return cuts


def tally(priority: ArrayLike, small_correct: ArrayLike, large_correct: ArrayLike) -> Tally:
    """Counts the outcomes of every tier.

    Args:
        priority: (N,) larger = escalated sooner; equal values share a tier.
        small_correct: (N,) booleans or 0/1, whether the small model's answer is right.
        large_correct: (N,) booleans or 0/1, whether the large model's answer is right.

    Raises:
        InputError: lengths differ, a value is NaN or not a flag.
        NotEnoughData: there is no row.

    Example:
        >>> table = tally([3, 1, 1, 2], small_correct=[0, 1, 1, 0], large_correct=[1, 1, 0, 0])
        >>> table.escalated, table.accuracy
        (array([0.  , 0.25, 0.5 , 1.  ]), array([0.5 , 0.75, 0.75, 0.5 ]))
    """
    order = real("priority", priority)
    small, large = flags("small_correct", small_correct), flags("large_correct", large_correct)
    n = same_length(priority=order, small_correct=small, large_correct=large)
    if not n:
        raise NotEnoughData("a cascade curve needs at least one row; got none")
    falling, tier = np.unique(-order, return_inverse=True)
    cells = np.bincount(4 * tier + 2 * small + large, minlength=4 * len(falling))
    return Tally(cells.reshape(-1, 4), -falling)


def apgr(table: Tally) -> Floats:
    """Average performance gap recovered, over the whole range of escalation.

    PGR(c) = (accuracy(c) - weak) / (strong - weak) at escalated share c, and APGR = ∫₀¹ PGR(c) dc. With tier g
    occupying the shares [a_g, b_g] and raising the number of right answers by r_g,

        APGR = Σ_g r_g · (1 - (a_g + b_g)/2) / Σ_g r_g.

    A random router has 0.5. The best possible router, which knows the answers, has
    (u(1 - u/2) - d²/2) / (u - d), where u is the share of rows only the large model gets right and d the share only
    the small one does; this is above 1 when d > (u² + d²)/2, as escalating less then beats the large model alone.

    Args:
        table: counts; leading axes are kept.

    Returns:
        (…) areas, for tables whose ``gap`` is positive; without a gap look at :func:`over_random`.

    Source: Ong et al., RouteLLM, ICLR 2025, section 3 (whose code integrates over the observed shares only).
    """
    return over_random(table) / table.gap + 0.5


def over_random(table: Tally) -> Floats:
    """Mean accuracy over the whole range less that of a router which tosses a coin, in [-0.5, 0.5].

    Defined for any pair, equally accurate models included: what routing adds, in points of accuracy. It equals
    (APGR - 0.5) · (strong - weak) where that is defined.
    """
    middle = (table.escalated[..., :-1] + table.escalated[..., 1:]) / 2
    gained: Floats = (table.rise * (0.5 - middle)).sum(axis=-1) / table.n
    return gained


def cost_performance(table: Tally, recovered: float) -> float:
    """The call-performance threshold CPT: the smallest escalated share that recovers a share of the gap.

    Args:
        table: counts of one curve whose large model is the better one.
        recovered: share of the gap wanted, say 0.5 for CPT(50%), at most 1.

    Returns:
        A share of rows in [0, 1], on the straight line between tiers where need be.

    Source: Ong et al., RouteLLM, ICLR 2025, section 3.
    """
    wanted = table.accuracy[0] + recovered * table.gap
    reached = int(np.argmax(table.accuracy >= wanted - 1e-12))
    if reached == 0:
        return 0.0
    pair = slice(reached - 1, reached + 1)
    return float(np.interp(wanted, table.accuracy[pair], table.escalated[pair]))


def bands(table: Tally, shares: Floats, *, draws: int, level: float, seed: int) -> Bands:
    """Bootstrap draws of a curve, with the router held fixed.

    A draw of N rows with replacement is a multinomial draw of the table, so the cost does not depend on N. Beyond 512
    tiers neighbours are pooled: the drawn curves are then exact at 512 shares and straight lines between them.

    Args:
        table: counts of one curve.
        shares: (P,) escalated shares at which accuracies are wanted.
        draws: number of bootstrap samples.
        level: of the interval that will be taken, to refuse too few draws.
        seed: of the draws.

    Raises:
        InputError: too few draws for the level.
    """
    check_draws(draws, level)
    drawn = table.pooled(_MAX_TIERS_DRAWN).drawn(draws, np.random.default_rng(seed))
    accuracy = np.array([np.interp(shares, *curve) for curve in zip(drawn.escalated, drawn.accuracy, strict=True)])
    better = drawn.gap > 0
    gained = over_random(drawn)
    area = np.divide(gained, drawn.gap, out=np.zeros(draws), where=better) + 0.5
    return Bands(np.where(better, area, -np.inf), np.where(better, area, np.inf), gained, accuracy)


def _from_zero(steps: Counts) -> Counts:
    """Running sums along the last axis, from 0."""
    sums = np.zeros((*steps.shape[:-1], steps.shape[-1] + 1), np.result_type(steps, np.int64))
    np.cumsum(steps, axis=-1, out=sums[..., 1:])
    return sums
