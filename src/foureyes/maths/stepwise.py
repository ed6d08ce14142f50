"""Confidences of the steps of reasoning: do they mean what they say, and do they point at the first wrong step?

Rows are steps; those of one chain stand in order and hang together. A newcomer starts at :func:`step_ece`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, group_ids, probabilities, real, same_length
from foureyes.maths.flips import FlipShare
from foureyes.maths.reliability import ECE_BINS, Ece, ece

__all__ = ["FirstWrongStep", "first_wrong_step", "running_least", "step_ece"]


@dataclass(frozen=True, slots=True, repr=False)
class FirstWrongStep(Result):
    """At which rank the first wrong step of each chain is found, its most doubtful step being at rank 1.

    Attributes:
        ranks: (C,) of the chains that hold a wrong step, in the order of their ids; among ties the mean rank.
        steps: (C,) how many steps each of them has.
        all_right: chains without a wrong step, which say nothing here.
        level: of the intervals of :meth:`found_within`.
    """

    ranks: NDArray[np.float64]
    steps: NDArray[np.intp]
    all_right: int
    level: float

    @property
    def chance(self) -> float:
        """Mean rank that a blind order would give, (T + 1) / 2 on average over the chains."""
        return float((self.steps + 1).mean() / 2)

    def found_within(self, k: int) -> FlipShare:
        """Share of chains whose first wrong step is among their k most doubtful ones.

        Raises:
            InputError: k below 1.
        """
        if k < 1:
            raise InputError(f"somebody has to look at one step at least; got {k}")
        return FlipShare.of(int((self.ranks <= k).sum()), len(self.ranks), self.level)


def step_ece(
    confidence: ArrayLike, correct: ArrayLike, chain: ArrayLike, *, bins: int = ECE_BINS, level: float = 0.95
) -> Ece:
    """MECE: the calibration error over the steps of all chains, steps of one chain resampled together.

    Args:
        confidence: (S,) P(the step is right), calibrated, in [0, 1].
        correct: (S,) booleans or 0/1.
        chain: (S,) integers, which chain a step is of.
        bins: at most so many, of equal count.
        level: of the interval.

    Raises:
        InputError, NotEnoughData: as :func:`foureyes.maths.reliability.ece`.

    Example:
        >>> step_ece([0.5] * 4, [1, 0, 1, 0], [0, 0, 1, 1]).value
        0.0

    Source: MMBoundary, arXiv 2505.23224 (calibration error over the sentences of a chain).
    """
    return ece(confidence, correct, bins=bins, level=level, groups=chain)


def first_wrong_step(
    uncertainty: ArrayLike, correct: ArrayLike, chain: ArrayLike, *, level: float = 0.95
) -> FirstWrongStep:
    """Ranks the steps of every chain from the most doubtful down, and finds its first wrong one.

    Only the first counts: steps after it may be wrong because of it.

    Args:
        uncertainty: (S,) larger = more likely wrong, steps of a chain in their order.
        correct: (S,) booleans or 0/1.
        chain: (S,) integers.
        level: of intervals.

    Raises:
        InputError: lengths differ, NaN.
        NotEnoughData: no chain has a wrong step.

    Example:
        >>> found = first_wrong_step([0.1, 0.9, 0.5, 0.2], [1, 0, 0, 1], [7, 7, 7, 8])
        >>> found.ranks.tolist(), found.all_right, found.found_within(1).value
        ([1.0], 1, 1.0)
    """
    doubt, right, ids = real("uncertainty", uncertainty), flags("correct", correct), group_ids("chain", chain)
    same_length(uncertainty=doubt, correct=right, chain=ids)
    chains = list(_chains(ids))
    found = [(_rank(doubt[rows], int(np.argmin(right[rows]))), len(rows)) for rows in chains if not right[rows].all()]
    if not found:
        raise NotEnoughData(f"the first wrong step is looked for where there is one; got none in {len(chains)} chains")
    ranks, steps = zip(*found, strict=True)
    return FirstWrongStep(np.array(ranks), np.array(steps, np.intp), len(chains) - len(found), level)


def running_least(confidence: ArrayLike, chain: ArrayLike) -> NDArray[np.float64]:
    """(S,) the least confidence of a chain up to and with each step: what a chain is worth that is as good as its worst step.

    Raises:
        InputError: lengths differ, a confidence outside [0, 1].
    """
    sure, ids = probabilities("confidence", confidence), group_ids("chain", chain)
    same_length(confidence=sure, chain=ids)
    least = sure.copy()
    for rows in _chains(ids):
        least[rows] = np.minimum.accumulate(sure[rows])
    return least


def _chains(ids: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    order = np.argsort(ids, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(ids[order])) + 1) if len(ids) else ()


def _rank(doubt: NDArray[np.float64], place: int) -> float:
    above, level = int((doubt > doubt[place]).sum()), int((doubt == doubt[place]).sum())
    return above + (level + 1) / 2
