"""One way of choosing or judging beside another on the same questions: the mean difference, its interval, and what it says."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from foureyes.maths.means import MeanInterval, mean_interval
from foureyes.study.claims import verdict_of

__all__ = ["lead_over", "lead_text", "lead_verdict"]

_DRAWS: Final = 2000
_NEGLIGIBLE: Final = 0.01
"""A lead below this, a share of questions, is taken for none."""


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
        >>> lead_verdict(lead_over([1, 1], [0, 0])), lead_verdict(lead_over([1, 0], [0, 1]))
        ('better', 'not decided')
    """
    said = verdict_of(found.low, found.high, negligible=_NEGLIGIBLE)
    return {"holds": "better", "fails": "worse"}.get(said, said)
