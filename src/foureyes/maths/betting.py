"""What a sample of losses in [0, 1] says of their mean, by betting; tight where losses vary little.

Somebody claims that the mean loss is ``limit`` or more. Whoever doubts it stakes money on every loss being smaller: one
unit is multiplied by 1 + λ(limit − loss) a row. If the claim is true no stake λ ≥ 0 wins on average, so the chance that
the money ends at 1/δ or more is at most δ, for every distribution and every number of rows.

The best stake depends on the variance, which nobody knows; the unit is spread over stakes for four variances. The money
at the end does not depend on the order of the rows, and nothing is drawn by lot.

A newcomer starts at :func:`betting_p`.

Source: Waudby-Smith & Ramdas, Estimating means of bounded random variables by betting, JRSS-B 2024, §4 (stakes) and
appendix B (spread over stakes).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.maths.columns import fraction, probabilities

__all__ = ["betting_p", "mean_upper"]

Floats = NDArray[np.float64]

_VARIANCES: Final[Floats] = np.array([1, 1 / 4, 1 / 16, 1 / 64])  # shares of the largest variance possible
_UNIT: Final = np.array([0.7, 0.15, 0.1, 0.05])  # spread over them; most losses are of all or nothing
_MOST: Final = 0.99  # of the largest stake that cannot lose more than there is
_SETTLED: Final = 1e-9


def betting_p(losses: ArrayLike, limit: float, *, level: float, times: float = 1.0) -> float:
    """P-value of "the true mean loss is ``limit`` or more", for independent losses in [0, 1].

    Args:
        losses: (N,) in [0, 1].
        limit: the mean to rule out, in (0, 1).
        level: at which it will be held against the p-value, in (0, 1): stakes are chosen to reach it with as few rows
            as can be. The p-value is valid whatever it is.
        times: as if every row had been seen this often; only to guess what more rows would say.

    Raises:
        InputError: losses outside [0, 1] or NaN, a limit or level outside (0, 1).

    Example:
        >>> betting_p([0.05] * 40, 0.2, level=0.05) < 0.05 < betting_p([0.15] * 40, 0.2, level=0.05)
        True
    """
    x, m = probabilities("losses", losses), fraction("limit", limit)
    stakes = _stakes(fraction("level", level), len(x) * times, _VARIANCES * m * (1 - m), _MOST / (1 - m))
    return _p(x, m, stakes, _UNIT, times)


def mean_upper(losses: ArrayLike, delta: float) -> float:
    """Upper bound on the mean of losses in [0, 1]: the truth is above it with probability at most ``delta``.

    Args:
        losses: (N,) in [0, 1]; of none the bound is 1.
        delta: allowed chance of being wrong, in (0, 1).

    Raises:
        InputError: losses outside [0, 1] or NaN, a delta outside (0, 1).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> round(mean_upper(rng.random(200) / 10, 0.05), 3)
        0.071
    """
    x, delta = probabilities("losses", losses), fraction("delta", delta)
    # Stakes that do not depend on the mean in question: the p-value then only falls as that rises, and the means that it
    # rules out are all those above one value.
    variances: Floats = np.array([4.0**-power for power in range(1, 7)])
    unit = np.full(len(variances), 1 / len(variances))
    stakes = _stakes(delta, len(x), variances, _MOST)
    if not len(x) or _p(x, 1.0, stakes, unit, 1.0) > delta:
        return 1.0
    low, high = float(x.mean()), 1.0
    while high - low > _SETTLED:
        middle = (low + high) / 2
        low, high = (low, middle) if _p(x, middle, stakes, unit, 1.0) <= delta else (middle, high)
    return high


def _stakes(level: float, n: float, variances: Floats, most: float) -> Floats:
    """For each variance, the stake that reaches 1/level soonest where it can just be reached with n rows."""
    found: Floats = np.minimum(np.sqrt(2 * math.log(1 / level) / (max(n, 1) * variances)), most)
    return found


def _p(x: Floats, limit: float, stakes: Floats, unit: Floats, times: float) -> float:
    logs = [times * float(np.log1p(stake * (limit - x)).sum()) for stake in stakes]
    largest = max(logs)
    money = largest + math.log(sum(share * math.exp(log - largest) for share, log in zip(unit, logs, strict=True)))
    return min(1.0, math.exp(-money))
