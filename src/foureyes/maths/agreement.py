"""Agreement of two readers' misses: how often both miss the same wrong answer, and what a second reader is worth.

Two readers with miss rates p1 and p2 on wrong answers both miss with

    FA = p1·p2 + ρ·√(p1(1 − p1))·√(p2(1 − p2)),

where ρ is the correlation of their misses. Of what the better one would miss, their disagreement brings up the share
C = 1 − FA / min(p1, p2). Independent readers (ρ = 0) are the exception: diversity is measured, not assumed.

A newcomer starts at :func:`miss_agreement`; the formulas alone are :func:`both_miss`, :func:`coverage` and
:func:`rho_max`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.display import Result
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import clopper_pearson
from foureyes.maths.columns import flags, fraction, same_length
from foureyes.maths.resampling import check_draws, percentiles

__all__ = ["MissAgreement", "both_miss", "coverage", "miss_agreement", "rho_max"]

Floats = NDArray[np.float64]

_JEFFREYS = 0.5
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, repr=False)
class MissAgreement(Result):
    """Miss rates of two readers on the same wrong answers, and how far their misses correlate.

    Attributes:
        n: wrong answers both read.
        n_both, n_first_only, n_second_only: missed by both, by one alone.
        p1, p2: miss rates.
        both: FA, the share both missed, with its exact interval ``both_low``, ``both_high``.
        rho: correlation of the misses; ``None`` where a reader missed all or none, as nothing then varies.
        rho_low, rho_high: its credible interval.
        rho_max: the largest ρ that these miss rates allow; ``None`` where ρ is.
        coverage: C, the share of the better reader's misses that disagreement brings up, in [0, 1]; ``None`` where the
            better one missed none.
        coverage_low, coverage_high: its credible interval.
        level: of the intervals.
    """

    n: int
    n_both: int
    n_first_only: int
    n_second_only: int
    p1: float
    p2: float
    both: float
    both_low: float
    both_high: float
    rho: float | None
    rho_low: float
    rho_high: float
    rho_max: float | None
    coverage: float | None
    coverage_low: float
    coverage_high: float
    level: float

    @property
    def rho_share(self) -> float | None:
        """ρ / ρ_max: 0 for independent misses, 1 where the better reader misses only what the other misses too."""
        if self.rho is None or self.rho_max is None:
            return None
        return self.rho / self.rho_max


def both_miss(p1: float, p2: float, rho: float) -> float:
    """FA: how often both readers miss a wrong answer.

    Args:
        p1: miss rate of the one, in [0, 1].
        p2: of the other.
        rho: correlation of their misses, from the least to the largest that the rates allow.

    Returns:
        A rate between max(0, p1 + p2 − 1) and min(p1, p2).

    Raises:
        InputError: a rate outside [0, 1], or a correlation that no two such readers have.

    Example:
        >>> round(both_miss(0.2, 0.3, 0.0), 4), round(both_miss(0.2, 0.2, 1.0), 4)
        (0.06, 0.2)
    """
    _rates(p1, p2)
    both = p1 * p2 + rho * _spread(p1, p2)
    least, most = max(0.0, p1 + p2 - 1), min(p1, p2)
    if not least - _ROUNDING <= both <= most + _ROUNDING:
        raise InputError(f"no readers with miss rates {p1:g} and {p2:g} have misses correlated by {rho:g}")
    return min(max(both, least), most)


def coverage(p1: float, p2: float, rho: float) -> float:
    """C = 1 − FA / min(p1, p2): of what the better reader misses, the share on which the two disagree.

    1 = the other one catches all of it; 0 = it catches nothing of it.

    Raises:
        InputError: as :func:`both_miss`, and where the better reader misses nothing.
    """
    if min(p1, p2) == 0:
        raise InputError("coverage is a share of the better reader's misses; got a reader that misses nothing")
    return 1 - both_miss(p1, p2, rho) / min(p1, p2)


def rho_max(p1: float, p2: float) -> float:
    """The largest correlation that two miss rates allow: √(a(1 − b) / (b(1 − a))) with a = min, b = max.

    1 only for equal rates: a correlation of .5 between unequal readers may be all there can be.

    Raises:
        InputError: a rate is not strictly between 0 and 1, where misses do not vary.

    Example:
        >>> round(rho_max(0.1, 0.5), 4)
        0.3333
    """
    low, high = sorted((fraction("p1", p1), fraction("p2", p2)))
    return math.sqrt(low * (1 - high) / (high * (1 - low)))


def miss_agreement(
    first: ArrayLike, second: ArrayLike, *, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> MissAgreement:
    """Measures two readers on the same wrong answers.

    The intervals of ρ and C are credible intervals under Jeffreys' prior on the four cells, which stay honest where a
    cell is empty; a bootstrap has nothing to vary there.

    Args:
        first: (N,) whether the one missed each wrong answer, that is let it through.
        second: (N,) the same of the other.
        level: of the intervals, in (0, 1).
        draws: from the posterior.
        seed: of the draws; the same seed gives the same interval.

    Returns:
        Rates, correlation and coverage.

    Raises:
        InputError: lengths differ, values are no flags, too few draws for the level.
        NotEnoughData: there are no wrong answers.

    Example:
        >>> a = miss_agreement([1, 1, 1, 0, 0, 0], [1, 1, 0, 1, 0, 0])
        >>> round(a.rho, 3), round(a.coverage, 3)
        (0.333, 0.333)
    """
    one, two = flags("first", first), flags("second", second)
    n = same_length(first=one, second=two)
    check_draws(draws, level)
    if not n:
        raise NotEnoughData("an agreement needs at least one wrong answer that both readers read; got none", needed=1)
    cells = np.array([(one & two).sum(), (one & ~two).sum(), (~one & two).sum(), (~one & ~two).sum()])
    posterior = np.random.default_rng(seed).dirichlet(cells + _JEFFREYS, size=draws)
    rho_low, rho_high = percentiles(_correlation(posterior), level)
    coverage_low, coverage_high = percentiles(_coverage(posterior), level)
    return _measured(cells, (rho_low, rho_high), (coverage_low, coverage_high), level)


def _measured(
    cells: NDArray[np.int64], rho: tuple[float, float], covered: tuple[float, float], level: float
) -> MissAgreement:
    n_both, n_first, n_second, _ = (int(cell) for cell in cells)
    n = int(cells.sum())
    p1, p2 = (n_both + n_first) / n, (n_both + n_second) / n
    both_low, both_high = clopper_pearson(n_both, n, level)
    varies = 0 < p1 < 1 and 0 < p2 < 1
    shares = (cells / n)[None, :]
    return MissAgreement(
        n=n,
        n_both=n_both,
        n_first_only=n_first,
        n_second_only=n_second,
        p1=p1,
        p2=p2,
        both=n_both / n,
        both_low=both_low,
        both_high=both_high,
        rho=float(_correlation(shares)[0]) if varies else None,
        rho_low=rho[0],
        rho_high=rho[1],
        rho_max=rho_max(p1, p2) if varies else None,
        coverage=float(_coverage(shares)[0]) if min(p1, p2) > 0 else None,
        coverage_low=covered[0],
        coverage_high=covered[1],
        level=level,
    )


def _correlation(cells: Floats) -> Floats:
    """(D,) ρ of (D, 4) shares: both, first only, second only, neither."""
    both, first, second, neither = cells.T
    variances = (both + first) * (second + neither) * (both + second) * (first + neither)
    return np.asarray((both * neither - first * second) / np.sqrt(variances))


def _coverage(cells: Floats) -> Floats:
    """(D,) C of (D, 4) shares."""
    return np.asarray(1 - cells[:, 0] / (cells[:, 0] + np.minimum(cells[:, 1], cells[:, 2])))


def _spread(p1: float, p2: float) -> float:
    return math.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


def _rates(*rates: float) -> None:
    for rate in rates:
        if not 0 <= rate <= 1:
            raise InputError(f"a miss rate must lie in [0, 1]; got {rate:g}")
