"""The difference between the curves of two routers, with an interval of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from foureyes.cascade.routers import Router, held_out_priority
from foureyes.display import Result
from foureyes.maths.resampling import open_percentiles, percentiles
from foureyes.maths.router_comparison import compare_orders

__all__ = ["Reads", "RouterLead", "router_lead"]

Reads: TypeAlias = tuple[Router, Any]
"""A router and what it reads of the rows."""


@dataclass(frozen=True, slots=True, repr=False)
class RouterLead(Result):
    """The lead of one router over another, on the same rows.

    Attributes:
        apgr: difference of the two APGRs; ``None`` where the large model is not the more accurate one.
        low, high: paired bootstrap interval of it; ``None`` where the resampled gap reaches zero too often to bound it.
        over_random: difference of mean accuracy over all shares of escalation, defined for equally good models too.
        over_random_low, over_random_high: paired bootstrap interval of it. Above zero throughout, the first router is
            the better one on rows like these.
        level: of both intervals.
        n: rows.
    """

    apgr: float | None
    low: float | None
    high: float | None
    over_random: float
    over_random_low: float
    over_random_high: float
    level: float
    n: int


def router_lead(
    one: Reads,
    other: Reads,
    small_correct: ArrayLike,
    large_correct: ArrayLike,
    *,
    interval: tuple[float, int, int] = (0.95, 1000, 0),
) -> RouterLead:
    """How far one router is ahead of another, both drawn in the same bootstrap samples.

    Two curves' own bands overlap long before the routers are equally good, since both rise and fall with the rows;
    only the difference within each draw tells them apart.

    Args:
        one: (router, what it reads of N rows).
        other: (router, what it reads of the same rows).
        small_correct: (N,) flags, whether the small model's answer is right.
        large_correct: (N,) flags, whether the large model's answer is right.
        interval: (level, bootstrap draws, seed). The routers are held fixed in the draws.

    Raises:
        InputError: lengths differ, a value is not a flag, too few draws for the level; or a router was fitted on these
            rows (:class:`~foureyes.cascade.routers.InSample` allows that).
        NotEnoughData: no rows.

    Example:
        >>> from foureyes.cascade.routers import ThresholdRouter
        >>> confidence, raw = [0.9, 0.8, 0.3, 0.2], [0.9, 0.2, 0.8, 0.3]
        >>> threshold = ThresholdRouter()
        >>> lead = router_lead((threshold, confidence), (threshold, raw), [1, 1, 0, 0], [1, 1, 1, 1])
        >>> lead.apgr, lead.over_random
        (0.25, 0.125)
    """
    level = interval[0]
    found = compare_orders(
        (held_out_priority(*one), held_out_priority(*other)), small_correct, large_correct, interval=interval
    )
    over_low, over_high = percentiles(found.drawn_gained, level)
    gap, with_gap = found.gap > 0, found.drawn_gap > 0
    ratio = np.divide(found.drawn_gained, found.drawn_gap, out=np.zeros(len(with_gap)), where=with_gap)
    low, high = open_percentiles(np.where(with_gap, ratio, -np.inf), np.where(with_gap, ratio, np.inf), level)
    return RouterLead(
        apgr=found.gained / found.gap if gap else None,
        low=low if gap else None,
        high=high if gap else None,
        over_random=found.gained,
        over_random_low=over_low,
        over_random_high=over_high,
        level=level,
        n=found.n,
    )
