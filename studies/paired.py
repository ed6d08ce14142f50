"""One way of choosing or judging beside another on the same questions: the mean difference, its interval, and what it says."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from foureyes.maths.means import MeanInterval, mean_interval
from foureyes.study.claims import ClaimVerdict, verdict_of

__all__ = ["FEWEST", "lead_over", "lead_text", "lead_verdict", "verdict_of_rows"]

_DRAWS: Final = 2000
_NEGLIGIBLE: Final = 0.01
"""A lead below this, a share of questions, is taken for none."""

FEWEST: Final = 10
"""Rows; the interval of fewer is too narrow to be believed."""

_FEWEST_EQUAL: Final = 300
"""Rows that all are equal before a share of 1 in 100 that are not can be ruled out, at 95 % (3 divided by their number)."""


def lead_over(values: ArrayLike, others: ArrayLike) -> MeanInterval:
    """How much larger the first of (N,) values is than the second, on the mean; one value of each a question, questions drawn anew."""
    return mean_interval("lead", np.asarray(values, np.float64) - np.asarray(others, np.float64), draws=_DRAWS)


def lead_text(found: MeanInterval) -> str:
    """A lead with its interval.

    Example:
        >>> lead_text(lead_over([1, 1], [0, 0]))
        '+1.000 [+1.000, +1.000]'
    """
    return f"{found.value:+z.3f} [{found.low:+z.3f}, {found.high:+z.3f}]"


def lead_verdict(found: MeanInterval) -> str:
    """What its interval says: better, worse, no difference, which it must show, or not decided.

    Example:
        >>> lead_verdict(lead_over([1] * 12, [0] * 12)), lead_verdict(lead_over([1], [0]))
        ('better', 'not decided')
    """
    said = verdict_of_rows(found.low, found.high, found.n, negligible=_NEGLIGIBLE)
    return {"holds": "better", "fails": "worse"}.get(said, said)


def verdict_of_rows(low: float, high: float, n: int, *, negligible: float) -> ClaimVerdict:
    """As :func:`~foureyes.study.claims.verdict_of`, where a bootstrap interval of n rows may be narrower than what they show.

    Fewer than ten rows decide nothing. Where no row differs at all the interval has no width, and that there is no difference takes 300.

    Example:
        >>> verdict_of_rows(0.0, 0.0, 12, negligible=0.01), verdict_of_rows(0.0, 0.0, 400, negligible=0.01)
        ('not decided', 'no difference')
    """
    if n < FEWEST or (low == high == 0 and n < _FEWEST_EQUAL):
        return "not decided"
    return verdict_of(low, high, negligible=negligible)
