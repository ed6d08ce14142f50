"""Incoherence of two debaters on opposite sides: their chances of being right cannot add up to more than one.

Nobody needs to know who is right to see that both cannot be. That makes incoherence a test of stated confidence that
costs no labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import probabilities, same_length
from foureyes.maths.flips import FlipShare
from foureyes.maths.means import mean_interval
from foureyes.maths.resampling import check_draws

__all__ = ["Incoherence", "incoherence"]


@dataclass(frozen=True, slots=True, repr=False)
class Incoherence(Result):
    """How far two opponents' confidences are from adding up to one.

    Attributes:
        value: mean |c₁ + c₂ − 1|, in [0, 1]; 0 = coherent.
        low, high: bootstrap interval over debates.
        level: its level.
        excess: mean c₁ + c₂ − 1, in [−1, 1]; above 0 = both too sure.
        both_sure: share of debates in which both state more than ½.
        n: debates.
    """

    value: float
    low: float
    high: float
    level: float
    excess: float
    both_sure: FlipShare
    n: int


def incoherence(
    one: ArrayLike, other: ArrayLike, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> Incoherence:
    """Mean distance from one of the summed confidences of two opponents.

    Args:
        one: (N,) P(I am right) as one debater states it, in [0, 1].
        other: (N,) the same of the debater on the other side. Exactly one of the two sides must be right.
        level: of the intervals, in (0, 1).
        draws: bootstrap samples.
        seed: of the bootstrap.

    Raises:
        InputError: lengths differ, a confidence outside [0, 1], too few draws for the level.
        NotEnoughData: no debates.

    Example:
        >>> found = incoherence([0.8, 0.5], [0.7, 0.5])
        >>> round(found.value, 2), round(found.excess, 2), found.both_sure.value
        (0.25, 0.25, 0.5)

    Source: Prasad & Nguyen 2025, arXiv 2505.19184 (two debaters both think they will win).
    """
    first, second = probabilities("one", one), probabilities("other", other)
    n = same_length(one=first, other=second)
    check_draws(draws, level)
    if not n:
        raise NotEnoughData("incoherence needs debates; got none")
    excess = first + second - 1
    distance = mean_interval("distance", np.abs(excess), level=level, draws=draws, seed=seed)
    both = FlipShare.of(int(((first > 0.5) & (second > 0.5)).sum()), n, level)
    return Incoherence(distance.value, distance.low, distance.high, level, float(excess.mean()), both, n)
