"""Does it matter who is said to believe a fact? Whether it is true does not depend on it.

A judge that calls a fact less true because somebody merely believes it confuses belief with truth. First and third person
are told apart, since models stumble over the first; who *knows* something is right, so that knowledge implies truth.

:mod:`foureyes.signals.belief_wording` asks a reader; what it says is compared here.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.columns import probabilities, same_length
from foureyes.maths.flips import FlipShare
from foureyes.maths.means import MeanInterval, mean_interval

__all__ = ["WordingShift", "known_denied", "wording_shift"]


@dataclass(frozen=True, slots=True, repr=False)
class WordingShift(Result):
    """How one wording moves P(True) of N facts against another.

    Attributes:
        shift: mean of worded minus plain, in [−1, 1].
        moved: mean of |worded − plain|, in [0, 1]; shifts up and down do not cancel here.
        turned: share of facts that change sides of ½: another verdict. ½ itself is no "true".
    """

    shift: MeanInterval
    moved: MeanInterval
    turned: FlipShare


def wording_shift(plain: ArrayLike, worded: ArrayLike, *, level: float = 0.95) -> WordingShift:
    """Compares P(True) under two wordings of the same facts: a belief against the plain question, third person against first.

    Args:
        plain: (N,) P(True) under the one wording, in [0, 1].
        worded: (N,) under the other.
        level: of the intervals.

    Raises:
        InputError: lengths differ, a probability outside [0, 1].
        NotEnoughData: no facts.

    Example:
        >>> found = wording_shift([0.9, 0.8], [0.7, 0.4])
        >>> round(found.shift.value, 3), found.turned.k
        (-0.3, 1)

    Source: Suzgun et al. 2024, KaBLE, arXiv 2410.21195.
    """
    one, other = probabilities("plain", plain), probabilities("worded", worded)
    n = same_length(plain=one, worded=other)
    if not n:
        raise NotEnoughData("wordings are compared on facts; got none")
    moved = other - one
    return WordingShift(
        mean_interval("shift", moved, level=level),
        mean_interval("shift", abs(moved), level=level),
        FlipShare.of(int(((one > 0.5) != (other > 0.5)).sum()), n, level),
    )


def known_denied(known: ArrayLike, *, level: float = 0.95) -> FlipShare:
    """Share of facts that are called untrue although somebody is said to know them; at exactly ½ nothing is called.

    Args:
        known: (N,) P(True) where somebody is said to know the fact.
        level: of the interval.

    Raises:
        InputError: a probability outside [0, 1].
        NotEnoughData: no facts.

    Example:
        >>> known_denied([0.9, 0.4]).value
        0.5
    """
    column = probabilities("known", known)
    return FlipShare.of(int((column < 0.5).sum()), len(column), level)
