"""Flips of an update: answers and decisions that were right before and are wrong now, and the reverse.

A new version can be better on average and still break what its users relied on. Averages hide that; flips count it.
Denominators are all rows that both versions answered, and are part of every result.

A newcomer starts at :func:`answer_flips`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.bounds import clopper_pearson
from foureyes.maths.columns import flags, same_length

__all__ = ["FlipShare", "Flips", "answer_flips", "decision_flips"]


@dataclass(frozen=True, slots=True, repr=False)
class FlipShare(Result):
    """A share of rows with its exact interval.

    Attributes:
        value: k / n, in [0, 1].
        low, high: Clopper-Pearson interval.
        level: its level, say 0.95.
        k, n: rows that count, and all rows.
    """

    value: float
    low: float
    high: float
    level: float
    k: int
    n: int

    @classmethod
    def of(cls, k: int, n: int, level: float = 0.95) -> FlipShare:
        """The share k / n.

        Raises:
            NotEnoughData: n is 0.
        """
        if not n:
            raise NotEnoughData("a share needs rows; got none")
        low, high = clopper_pearson(k, n, level)
        return cls(k / n, low, high, level, k, n)


@dataclass(frozen=True, slots=True, repr=False)
class Flips(Result):
    """How one version's outcomes differ from another's.

    Attributes:
        negative: right before, wrong after (NFR).
        positive: wrong before, right after.
        wandering: wrong before and after, but otherwise; ``None`` where outcomes are only right or wrong.
        accuracy_before, accuracy_after: shares that were right.
    """

    negative: FlipShare
    positive: FlipShare
    wandering: FlipShare | None
    accuracy_before: FlipShare
    accuracy_after: FlipShare

    @property
    def nfr_mc(self) -> FlipShare | None:
        """Changed and wrong after, whatever was before: negative flips and wandering ones together (NFR_mc)."""
        if self.wandering is None:
            return None
        return FlipShare.of(self.negative.k + self.wandering.k, self.negative.n, self.negative.level)


def answer_flips(
    before: Sequence[Hashable], after: Sequence[Hashable], truth: Sequence[Hashable], *, level: float = 0.95
) -> Flips:
    """Compares two versions' answers to the same questions.

    NFR = (1/N) Σ [before = truth ∧ after ≠ truth]; NFR_mc = (1/N) Σ [after ≠ before ∧ after ≠ truth], which also
    counts wrong answers that changed into other wrong ones.

    Args:
        before: (N,) answers of the old version, in any form in which equal means equal, say option letters.
        after: (N,) answers of the new one.
        truth: (N,) the right answers.
        level: of the intervals, in (0, 1).

    Raises:
        InputError: lengths differ.
        NotEnoughData: no rows.

    Example:
        >>> found = answer_flips("ABCD", "ABAA", "ABBD")
        >>> found.negative.value, found.nfr_mc.value
        (0.25, 0.5)

    Source: Yan et al. 2021 (NFR); Echterhoff et al. 2024, arXiv 2407.09435 (NFR_mc).
    """
    same_length(before=np.empty(len(before)), after=np.empty(len(after)), truth=np.empty(len(truth)))
    was = np.array([b == t for b, t in zip(before, truth, strict=True)], dtype=np.bool_)
    now = np.array([a == t for a, t in zip(after, truth, strict=True)], dtype=np.bool_)
    moved = np.array([a != b for a, b in zip(after, before, strict=True)], dtype=np.bool_)
    flips = decision_flips(was, now, level=level)
    wandering = FlipShare.of(int((~was & ~now & moved).sum()), len(was), level)
    return Flips(flips.negative, flips.positive, wandering, flips.accuracy_before, flips.accuracy_after)


def decision_flips(before: ArrayLike, after: ArrayLike, *, level: float = 0.95) -> Flips:
    """Compares outcomes that are only right or wrong: decisions to let through or to block, say.

    A decision is right when a right answer is let through or a wrong one is held. A new calibrator or threshold can
    flip decisions although no answer changed.

    Args:
        before: (N,) booleans or 0/1, whether the old version's decision was right.
        after: (N,) the same of the new one.
        level: of the intervals, in (0, 1).

    Raises:
        InputError: lengths differ, flags that are none.
        NotEnoughData: no rows.

    Example:
        >>> decision_flips([1, 1, 0, 0], [1, 0, 0, 1]).positive.value
        0.25
    """
    was, now = flags("before", before), flags("after", after)
    n = same_length(before=was, after=now)
    negative, positive = int((was & ~now).sum()), int((~was & now).sum())
    return Flips(
        negative=FlipShare.of(negative, n, level),
        positive=FlipShare.of(positive, n, level),
        wandering=None,
        accuracy_before=FlipShare.of(int(was.sum()), n, level),
        accuracy_after=FlipShare.of(int(now.sum()), n, level),
    )
