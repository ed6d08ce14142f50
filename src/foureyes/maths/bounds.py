"""Bounds on a rate that hold for every sample size, not only for large ones.

Counts of independent yes-or-no events get exact (Clopper-Pearson) bounds: the chance that a bound is broken is at most what
its caller asked for, at any N. Means of other losses are bounded in :mod:`foureyes.maths.betting`.

A newcomer starts at :func:`clopper_pearson`; the p-value behind promised rates is :func:`binomial_p`.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from foureyes.errors import InputError
from foureyes.maths.columns import fraction

__all__ = [
    "binomial_cdf",
    "binomial_p",
    "clopper_pearson",
    "rate_lower",
    "rate_upper",
]

_TINY = 1e-300
_SETTLED = 4e-16


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X ≤ k) for X ~ Binomial(n, p), to 10 digits for n up to 10⁶ and 9 for n up to 10⁸.

    Args:
        k: any integer; below 0 the result is 0, from n on it is 1.
        n: trials, ≥ 0.
        p: chance of each, in [0, 1].

    Example:
        >>> binomial_cdf(1, 2, 0.5)
        0.75

    Source: DLMF 8.17.5 and 8.17.22 (incomplete beta, continued fraction); Loader 2000 (its factor).
    """
    if n < 0 or not 0 <= p <= 1:
        raise InputError(f"a binomial needs n ≥ 0 and p in [0, 1]; got n {n} and p {p}")
    if k < 0:
        return 0.0
    if k >= n or p == 0:
        return 1.0
    if p == 1:
        return 0.0
    # P(X ≤ k) = I_{1-p}(n - k, k + 1); the continued fraction converges fast on this side of the mean only.
    if k + 1 > (n + 1) * p:
        return 1 - _incomplete_beta(k + 1, n - k, p, 1 - p)
    return _incomplete_beta(n - k, k + 1, 1 - p, p)


def binomial_p(k: int, n: int, rate: float) -> float:
    """Exact p-value of "the true rate is above ``rate``" after ``k`` events in ``n`` trials.

    P(Binomial(n, rate) ≤ k): if the true rate is ``rate`` or more, this is δ or less with probability at most δ.

    Example:
        >>> round(binomial_p(0, 59, 0.05), 4)    # 59 clean answers are just enough to rule out 5 % at level 0.05
        0.0485

    Source: Clopper & Pearson 1934.
    """
    return binomial_cdf(_count(k, n), n, rate)


def rate_upper(k: int, n: int, delta: float) -> float:
    """Exact upper bound on a rate: the truth is above it with probability at most ``delta``.

    Args:
        k: events seen, 0 ≤ k ≤ n.
        n: trials; with none the bound is 1.
        delta: allowed chance of being wrong, in (0, 1).

    Example:
        >>> round(rate_upper(0, 100, 0.05), 4)
        0.0295
    """
    fraction("delta", delta)
    if _count(k, n) == n:
        return 1.0
    low, high = k / n, 1.0
    at = _wilson(k, n, delta)
    while True:
        value, slope = binomial_cdf(k, n, at) - delta, -n * _binomial_pmf(k, n - 1, at, 1 - at)
        low, high = (at, high) if value > 0 else (low, at)
        newton = at - value / slope if slope else low
        after = newton if low < newton < high else (low + high) / 2
        if abs(after - at) <= 1e-14 * at:
            return after
        at = after


def rate_lower(k: int, n: int, delta: float) -> float:
    """Exact lower bound on a rate: the truth is below it with probability at most ``delta``."""
    return 1 - rate_upper(n - _count(k, n), n, delta)


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a rate, (low, high).

    Args:
        k: events seen, 0 ≤ k ≤ n.
        n: trials; with none the interval is (0, 1).
        level: coverage at least this, in (0, 1).

    Example:
        >>> tuple(round(end, 4) for end in clopper_pearson(8, 10))
        (0.4439, 0.9748)

    Source: Clopper & Pearson 1934.
    """
    tail = (1 - fraction("level", level)) / 2
    return rate_lower(k, n, tail), rate_upper(k, n, tail)


def _count(k: int, n: int) -> int:
    if not 0 <= k <= n:
        raise InputError(f"events must number between 0 and the trials, {n}; got {k}")
    return k


def _wilson(k: int, n: int, delta: float) -> float:
    """A first guess of the upper bound, inside (k/n, 1)."""
    z = NormalDist().inv_cdf(1 - min(delta, 0.4))
    centre, spread = k + z * z / 2, z * math.sqrt(k * (n - k) / n + z * z / 4)
    return (centre + spread) / (n + z * z)


def _incomplete_beta(a: int, b: int, x: float, y: float) -> float:
    """I_x(a, b) with y = 1 - x, for x below about a / (a + b), by Lentz's method on the continued fraction."""
    c, d = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    value, m = d, 0
    while abs(c * d - 1) >= _SETTLED or not m:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = _inverse(1 + even * d), 1 + even / c
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = _inverse(1 + odd * d), 1 + odd / c
        value *= c * d
    # x^a y^b / (a B(a, b)) written as a binomial probability, which Loader's form gives without cancellation.
    return value * y * _binomial_pmf(a, a + b - 1, x, y)


def _inverse(value: float) -> float:
    return 1 / (value if abs(value) > _TINY else _TINY)


def _binomial_pmf(k: int, n: int, p: float, q: float) -> float:
    """P(X = k), 0 < p < 1, q = 1 - p, by Loader's saddle-point form."""
    if k == n:
        return p**n
    if k == 0:
        return math.exp(n * math.log1p(-p))
    exponent = _stirling_error(n) - _stirling_error(k) - _stirling_error(n - k)
    exponent -= _deviance(k, n * p) + _deviance(n - k, n * q)
    return math.exp(exponent) * math.sqrt(n / (2 * math.pi * k * (n - k)))


def _stirling_error(n: int) -> float:
    """The logarithm of n! minus Stirling's approximation of it, n ≥ 1."""
    if n < 16:
        return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - math.log(2 * math.pi) / 2
    s = 1 / (n * n)
    return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / n


def _deviance(x: float, mean: float) -> float:
    """Loader's x·ln(x/mean) + mean - x, without cancellation near x = mean."""
    if abs(x - mean) >= 0.1 * (x + mean):
        return x * math.log(x / mean) + mean - x
    v = (x - mean) / (x + mean)
    total, term, k = (x - mean) * v, 2 * x * v, 1
    while True:
        term *= v * v
        k += 2
        larger = total + term / k
        if larger == total:
            return total
        total = larger
