"""The thresholds that a promise is tested at, in a fixed order, and the tests.

How it is done, for risks of the answers let through:

1. The thresholds are fixed before any row is seen: stated error levels 1 − cut that double every 8 steps, from limit/4096
   to 1, so that they are dense where they matter whatever the limit.
2. They are tested from the strictest to the loosest by the fallback procedure (:mod:`foureyes.maths.fallback`): δ is split
   over a few starting points, half of it where a calibrated model would just keep the promise. The chance of *any* false
   rejection is at most δ, however the risk behaves between thresholds.
3. Each test is valid for its sample size: binomial for rates, betting for costs.
4. The loosest rejected threshold is the answer; it lets the most through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from foureyes.display import plural
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.betting import betting_p
from foureyes.maths.bounds import binomial_p
from foureyes.maths.fallback import last_rejected, least_rows

__all__ = ["STARTS", "CostTest", "Level", "RateTest", "RiskTest", "levels_of", "loosest", "require_costs"]

Floats = NDArray[np.float64]

_STEPS_AN_OCTAVE: Final = 8
_STRICTEST_OCTAVE: Final = -12
STARTS: Final[Mapping[int, float]] = {
    -8: 1 / 20,
    -4: 1 / 20,
    -2: 1 / 20,
    -1: 1 / 20,
    0: 1 / 2,
    1: 1 / 8,
    2: 1 / 16,
    3: 1 / 16,
}
"""Shares of δ: of the thresholds at the limit, an octave of stated error above it, and so on; the rest is the strictest's."""


@dataclass(frozen=True, slots=True)
class Level:
    """One threshold of the fixed sequence, with what the labelled rows say about it.

    Attributes:
        cut: the confidence from which on answers are let through.
        share: of δ that it owns.
        n: rows let through.
        loss: their total.
    """

    cut: float
    share: float
    n: int
    loss: float


class RiskTest(Protocol):
    """A test of "the risk of the answers let through is above the limit"."""

    @property
    def limit(self) -> float:
        """The risk not to be exceeded, in (0, 1)."""
        ...

    def p(self, level: Level, at: float, times: float = 1.0) -> float:
        """P-value at a threshold that is tested at ``at``, as if each row had been seen ``times`` often."""
        ...


@dataclass(frozen=True, slots=True)
class RateTest:
    """Of losses that are 0 or 1: exact."""

    limit: float

    def p(self, level: Level, at: float, times: float = 1.0) -> float:
        """See :meth:`RiskTest.p`."""
        del at
        return binomial_p(round(level.loss * times), round(level.n * times), self.limit)


@dataclass(frozen=True, slots=True, eq=False)
class CostTest:
    """Of losses in [0, 1], by betting.

    Attributes:
        limit: see :attr:`RiskTest.limit`.
        losses: (N,), those of the most confident answers first.
    """

    limit: float
    losses: Floats

    def p(self, level: Level, at: float, times: float = 1.0) -> float:
        """See :meth:`RiskTest.p`."""
        return betting_p(self.losses[: level.n], self.limit, level=at, times=times)


def loosest(c: Floats, loss: Floats, test: RiskTest, delta: float, *, starts: Mapping[int, float] = STARTS) -> Level:
    """The threshold that lets the most through of those whose risk is shown to be within the limit.

    Args:
        c: (N,) confidences.
        loss: (N,) in [0, 1].
        test: of the risk.
        delta: chance that any threshold is shown wrongly, in (0, 1).
        starts: as :data:`STARTS`.

    Raises:
        NotEnoughData: none is; ``needed`` says how many labels would probably do.
    """
    levels = levels_of(c, loss, test.limit, starts)

    def rejects(place: int, at: float) -> bool:
        level = levels[place]
        return level.loss < level.n * test.limit and test.p(level, at) <= at

    found = last_rejected([level.share for level in levels], delta, rejects)
    if found is None:
        raise _too_few(levels, len(c), test, delta)
    return levels[found]


def labels_needed(c: Floats, loss: Floats, test: RiskTest, delta: float) -> int | None:
    """Labels with which :func:`loosest` would probably find a threshold; ``None`` where it does, or more would not do."""
    try:
        loosest(c, loss, test, delta)
    except NotEnoughData as error:
        return error.needed
    return None


def levels_of(c: Floats, loss: Floats, limit: float, starts: Mapping[int, float] = STARTS) -> list[Level]:
    """The thresholds in the order of testing, with what (N,) labelled rows say of each."""
    octaves = np.arange(_STRICTEST_OCTAVE * _STEPS_AN_OCTAVE, math.ceil(-math.log2(limit) * _STEPS_AN_OCTAVE))
    cuts = np.append(1 - limit * 2.0 ** (octaves / _STEPS_AN_OCTAVE), 0.0)  # strictest first
    at = {octave * _STEPS_AN_OCTAVE: share for octave, share in starts.items()}
    # A start that lies beyond "everything" has nothing to start; its share goes to the strictest.
    shares = [at.get(int(octave), 0.0) for octave in octaves] + [0.0]
    shares[0] += 1 - sum(shares)
    below = np.searchsorted(cuts[::-1], c, side="right")  # cuts at most c: the first that many of the ascending ones
    n = np.bincount(below, minlength=len(cuts) + 1)[::-1].cumsum()
    total = np.bincount(below, loss, minlength=len(cuts) + 1)[::-1].cumsum()
    return [Level(*level) for level in zip(cuts.tolist(), shares, n.tolist(), total.tolist(), strict=False)]


def _too_few(levels: list[Level], n: int, test: RiskTest, delta: float) -> NotEnoughData:
    """Says how many labels would do if more of them looked like these."""
    seen = [level for level in levels if level.n]
    if not seen:
        return NotEnoughData("a promise needs labelled rows; got none")
    asked = f"no cut can be promised with {plural(n, 'label')} at a limit of {test.limit:.3g} and delta {delta:.3g}; "
    hopeful = [level for level in seen if level.share and level.loss / level.n < test.limit]
    needed = [_labels_for(level, n, level.share * delta, test) for level in hopeful]
    if not any(needed):
        share = max(level.share for level in levels)
        flawless = _labels_for(Level(0.0, 1.0, 1, 0.0), 1, share * delta, RateTest(test.limit))
        if flawless is not None and n < flawless:
            return NotEnoughData(f"{asked}it takes {flawless} at least, even if none is wrong", needed=flawless)
        best = min(seen, key=lambda level: level.loss / level.n)
        return NotEnoughData(
            f"no cut can be promised with {plural(n, 'label')}: the lowest risk at any cut is {best.loss / best.n:.3g}, "
            f"over {best.n} of them, wanted at most {test.limit:.3g}; more labels alone would probably not do"
        )
    least = min(number for number in needed if number)
    return NotEnoughData(f"{asked}about {least} would probably do", needed=least)


def _labels_for(level: Level, n: int, at: float, test: RiskTest) -> int | None:
    """Least number of labels with which this level's own share of δ rejects, if its risk and coverage stay."""
    through = least_rows(lambda rows: test.p(level, at, rows / level.n) <= at)
    return None if through is None else math.ceil(through * n / level.n)


def require_costs(paid: Floats, worst_cost: float) -> None:
    """Refuses costs outside [0, ``worst_cost``].

    Raises:
        InputError: says how many there are, and the first.
    """
    bad = np.flatnonzero((paid < 0) | (paid > worst_cost))
    if len(bad):
        raise InputError(
            f"costs must lie in [0, {worst_cost:g}]; got {paid.min():g} to {paid.max():g}: {len(bad)} of {len(paid)} do not, "
            f"the first at row {bad[0]}"
        )
