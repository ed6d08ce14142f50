"""Is a statement true, and is its negation? A reader that knows says yes to one of them and no to the other.

No label is needed to see a contradiction. A reader that merely reacts to an odd word changes its mind at a nonsense marker in
the place of the negation as well: that is the control.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import NotEnoughData
from foureyes.maths.coherence import Incoherence, incoherence
from foureyes.maths.columns import probabilities, same_length
from foureyes.maths.flips import FlipShare
from foureyes.maths.means import MeanInterval, mean_interval

__all__ = ["NegationConsistency", "negation_consistency"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class NegationConsistency(Result):
    """How a reader takes N statements and their negations.

    Attributes:
        contradiction: mean |p⁺ + p⁻ − 1|, in [0, 1], 0 = coherent; its ``excess`` above 0 means that both are believed.
        consistent: share of pairs with the statement and its negation on opposite sides of ½.
        control: share of pairs with the statement and its *marked* form on opposite sides of ½: what a nonsense marker does
            by itself. ``None`` where none was asked.
        beyond_control: consistent minus control, in [−1, 1], pairs drawn again together: at 0 a marker without meaning does what
            the negation does. ``None`` likewise.
    """

    contradiction: Incoherence
    consistent: FlipShare
    control: FlipShare | None
    beyond_control: MeanInterval | None


def negation_consistency(
    affirmed: ArrayLike, negated: ArrayLike, *, marked: ArrayLike | None = None, level: float = 0.95, seed: int = 0
) -> NegationConsistency:
    """Contradiction and polarity consistency over pairs of a statement and its negation.

    A probability of exactly ½ takes no side, so its pair is not consistent.

    Args:
        affirmed: (N,) p⁺ = P(True) of the statements, in [0, 1].
        negated: (N,) p⁻ = P(True) of their negations.
        marked: (N,) P(True) of the statements with a nonsense marker where the negation stands.
        level: of the intervals.
        seed: of the bootstrap.

    Raises:
        InputError: lengths differ, a probability outside [0, 1].
        NotEnoughData: no pairs.

    Example:
        >>> found = negation_consistency([0.9, 0.8], [0.1, 0.6], marked=[0.9, 0.3])
        >>> round(found.contradiction.value, 3), found.consistent.value, found.beyond_control.value
        (0.2, 0.5, 0.0)

    Source: Sadiekh et al. 2026, PA-CCS, arXiv 2511.21737 (polar consistency, contradiction, control by a meaningless marker), here on P(True).
    """
    yes, no = probabilities("affirmed", affirmed), probabilities("negated", negated)
    n = same_length(affirmed=yes, negated=no)
    if not n:
        raise NotEnoughData("consistency under negation needs pairs; got none")
    turned = _opposite(yes, no)
    control = beyond = None
    if marked is not None:
        odd = probabilities("marked", marked)
        same_length(affirmed=yes, marked=odd)
        turned_too = _opposite(yes, odd)
        control = FlipShare.of(int(turned_too.sum()), n, level)
        beyond = mean_interval("beyond control", turned.astype(float) - turned_too, level=level, seed=seed)
    return NegationConsistency(
        incoherence(yes, no, level=level, seed=seed), FlipShare.of(int(turned.sum()), n, level), control, beyond
    )


def _opposite(one: Floats, other: Floats) -> NDArray[np.bool_]:
    opposite: NDArray[np.bool_] = (one - 0.5) * (other - 0.5) < 0
    return opposite
