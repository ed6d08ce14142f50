"""Abstention on questions without an answer, beside controls that have one.

Declining everything looks perfect on unanswerable questions alone; only the difference to the controls shows whether a
model knows which is which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import flags, same_length
from foureyes.maths.flips import FlipShare

__all__ = ["Answerability", "answerability"]


@dataclass(frozen=True, slots=True, repr=False)
class Answerability(Result):
    """Shares of unanswerable and answerable questions that were declined.

    Attributes:
        declined_unanswerable: share of the unanswerable questions declined; higher is better.
        declined_answerable: share of the controls declined; lower is better.
        informedness: the first minus the second, in [−1, 1]; 0 for a model that declines blindly, at any rate.
        low, high: interval of it.
        level: of all three intervals.
    """

    declined_unanswerable: FlipShare
    declined_answerable: FlipShare
    informedness: float
    low: float
    high: float
    level: float


def answerability(declined: ArrayLike, unanswerable: ArrayLike, *, level: float = 0.95) -> Answerability:
    """Scores abstentions on unanswerable questions against answerable controls.

    Args:
        declined: (N,) booleans or 0/1: no answer was given, or the verifier held it back.
        unanswerable: (N,) booleans or 0/1; false for the controls.
        level: of the intervals, in (0, 1).

    Raises:
        InputError: lengths differ, flags that are none.
        NotEnoughData: no unanswerable questions, or no controls.

    Example:
        >>> found = answerability([1, 1, 0, 0, 0, 1], [1, 1, 1, 0, 0, 0])
        >>> round(found.informedness, 3)
        0.333

    Source: Youden 1950 (informedness); Newcombe 1998, method 10 (its interval, here from exact ends).
    """
    held, without = flags("declined", declined), flags("unanswerable", unanswerable)
    n = same_length(declined=held, unanswerable=without)
    n_without = int(without.sum())
    if n_without in (0, n):
        raise NotEnoughData(f"wanted unanswerable questions and controls; got {n_without} and {n - n_without}")
    hits = FlipShare.of(int(held[without].sum()), n_without, level)
    misses = FlipShare.of(int(held[~without].sum()), n - n_without, level)
    gap = hits.value - misses.value
    low = gap - math.hypot(hits.value - hits.low, misses.high - misses.value)
    high = gap + math.hypot(hits.high - hits.value, misses.value - misses.low)
    return Answerability(hits, misses, gap, max(-1.0, low), min(1.0, high), level)
