"""Thresholds that keep a promise.

A user states a promise, not a number: "of the answers let through, at most 5 % are wrong, and I accept a 5 % chance
that my labelled sample misleads me". Every threshold is a hypothesis, "here the risk is above the limit", and only one
whose hypothesis is rejected by an exact test may be used (Learn then Test). Nothing is assumed about the confidences:
bad ones cost coverage, never the promise.

How it is done, for risks of the answers let through:

1. The thresholds are fixed before any row is seen: stated error levels 1 − cut that double every 8 steps, from limit/4096
   to 1, so that they are dense where they matter whatever the limit.
2. They are tested from the strictest to the loosest by the fallback procedure: δ is split over a few starting points
   (half of it where a calibrated model would just keep the promise), and whatever a threshold was tested with passes on
   to the next when it is rejected. The chance of *any* false rejection is at most δ, however the risk behaves between
   thresholds.
3. Each test is exact for its sample size: binomial for rates, Hoeffding-Bentkus for costs.
4. The loosest rejected threshold is returned; it lets the most through.

A newcomer starts at :func:`promise`.

Source: Angelopoulos, Bates, Candès, Jordan & Lei, Learn then Test, 2021, §2 and Algorithm 1; Wiens & Dmitrienko 2005
(fallback); Clopper & Pearson 1934; Bates et al. 2021 (Hoeffding-Bentkus).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.thresholds import FlagRate, Risk, Threshold
from foureyes.display import plural
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import binomial_p, clopper_pearson, hoeffding_bentkus_p
from foureyes.maths.columns import flags, fraction, probabilities, real, same_length

__all__ = ["flag_rate", "promise", "promise_cost", "promise_false_blocks"]

Floats = NDArray[np.float64]
PValue = Callable[[float, int], float]

_STEPS_AN_OCTAVE = 8
_STRICTEST_OCTAVE = -12
_STARTS = {-12: 1 / 20, -8: 1 / 20, -4: 1 / 20, -2: 1 / 20, -1: 1 / 20, 0: 1 / 2, 1: 1 / 8, 2: 1 / 16, 3: 1 / 16}
_MOST_LABELS = 10**6


def promise(confidence: ArrayLike, correct: ArrayLike, *, max_error: float, delta: float = 0.05) -> Threshold:
    """The lowest cut at which, of the answers let through, at most ``max_error`` are wrong.

    P(error rate among answers with confidence ≥ cut > max_error) ≤ δ, over the draw of the labelled rows.

    Args:
        confidence: (N,) P(correct) in [0, 1]; calibrated ones buy more coverage, but need not be.
        correct: (N,) booleans or 0/1: labelled rows that nothing was fitted on, drawn like the answers to come.
        max_error: largest share of wrong answers, in (0, 1).
        delta: accepted chance that the labelled rows mislead, in (0, 1).

    Returns:
        The cut, the coverage it buys, and what it rests on.

    Raises:
        InputError: lengths differ, confidences outside [0, 1], a limit outside (0, 1).
        NotEnoughData: no cut can be promised. ``needed`` holds how many labels would probably do, or ``None`` where
            even the most confident answers are wrong too often.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> confidence = rng.random(2000)
        >>> cut = promise(confidence, rng.random(2000) < confidence, max_error=0.1)
        >>> round(cut.cut, 2), round(cut.coverage, 2), round(cut.observed, 2)
        (0.83, 0.17, 0.06)
    """
    c, right = probabilities("confidence", confidence), flags("correct", correct)
    same_length(confidence=c, correct=right)
    limit = fraction("max_error", max_error)
    return _loosest("error_rate", c, (~right).astype(np.float64), limit, delta, _rate_test(limit))


def promise_cost(
    confidence: ArrayLike, cost: ArrayLike, *, max_cost: float, worst_cost: float, delta: float = 0.05
) -> Threshold:
    """The lowest cut at which the answers let through cost at most ``max_cost`` each, on average.

    Args:
        confidence: (N,) P(correct) in [0, 1].
        cost: (N,) what letting each answer through costs, in any unit, 0 … ``worst_cost``: right answers may cost
            too, and wrong ones unequally.
        max_cost: largest mean cost of an answer let through, in (0, ``worst_cost``).
        worst_cost: what no answer can exceed. It must be known, not read off the data: without it no finite sample
            bounds a mean.
        delta: accepted chance that the labelled rows mislead, in (0, 1).

    Raises:
        InputError: lengths differ, confidences or costs out of range, limits out of order.
        NotEnoughData: no cut can be promised; see :func:`promise`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> confidence = rng.random(2000)
        >>> cost = np.where(rng.random(2000) < confidence, 0.0, rng.choice([1.0, 5.0], 2000))
        >>> round(promise_cost(confidence, cost, max_cost=0.5, worst_cost=5).coverage, 2)
        0.28
    """
    c, paid = probabilities("confidence", confidence), real("cost", cost, finite=True)
    same_length(confidence=c, cost=paid)
    if not 0 < max_cost < worst_cost < math.inf:
        raise InputError(f"wanted 0 < max_cost < worst_cost; got max_cost {max_cost:g} and worst_cost {worst_cost:g}")
    if len(paid) and (paid.min() < 0 or paid.max() > worst_cost):
        raise InputError(f"costs must lie in [0, {worst_cost:g}]; got {paid.min():g} to {paid.max():g}")
    limit = max_cost / worst_cost
    found = _loosest("mean_cost", c, paid / worst_cost, limit, delta, _mean_test(limit))
    return replace(found, limit=max_cost, observed=found.observed * worst_cost)


def promise_false_blocks(
    confidence: ArrayLike, correct: ArrayLike, *, max_false_blocks: float, delta: float = 0.05
) -> Threshold:
    """The highest cut at which at most ``max_false_blocks`` of the right answers are blocked.

    The opposite worry of :func:`promise`: not what slips through, but what is held up for nothing. The higher the cut
    the more wrong answers it catches. Thresholds are tested from 0 upwards; here the risk can only grow, so one start
    is enough.

    Args:
        confidence: (N,) P(correct) in [0, 1].
        correct: (N,) booleans or 0/1.
        max_false_blocks: largest share of right answers below the cut, in (0, 1).
        delta: accepted chance that the labelled rows mislead, in (0, 1).

    Raises:
        InputError: lengths differ, confidences outside [0, 1], a limit outside (0, 1).
        NotEnoughData: too few right answers; ``needed`` holds how many rows would probably do.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> confidence = rng.random(2000)
        >>> cut = promise_false_blocks(confidence, rng.random(2000) < confidence, max_false_blocks=0.1)
        >>> round(cut.cut, 2), round(cut.observed, 2)
        (0.29, 0.08)
    """
    c, right = probabilities("confidence", confidence), flags("correct", correct)
    n = same_length(confidence=c, correct=right)
    limit, delta = fraction("max_false_blocks", max_false_blocks), fraction("delta", delta)
    n_right = int(np.count_nonzero(right))
    cuts = np.append(0.0, 1 / (1 + np.exp(-np.arange(-16, 16.001, 1 / 16))))
    blocked = np.searchsorted(np.sort(c[right]), cuts).tolist()
    p_value = _rate_test(limit)
    # The p-value only grows along the sequence, so its first failure can be found by bisection.
    kept = bisect_right(blocked, delta, key=lambda k: p_value(k, n_right))
    if not kept:
        enough = math.ceil(math.log(delta) / math.log1p(-limit))
        needed = math.ceil(enough * n / n_right) if n_right else None
        raise NotEnoughData(
            f"a promise of at most {limit:g} false blocks needs about {enough} right answers; got {n_right}",
            needed=needed,
        )
    cut = float(cuts[kept - 1])
    through = int(np.count_nonzero(c >= cut))
    return _threshold("false_block_rate", cut, limit, delta, blocked[kept - 1] / n_right, (n, n_right, through))


def flag_rate(confidence: ArrayLike, *, rate: float) -> FlagRate:
    """Without labels: the cut below which a share ``rate`` of these answers falls. Promises nothing about errors.

    Args:
        confidence: (N,) P(correct) in [0, 1].
        rate: share to flag, in (0, 1).

    Raises:
        InputError: confidences outside [0, 1], a rate outside (0, 1).
        NotEnoughData: no rows.

    Example:
        >>> flag_rate([0.1, 0.5, 0.7, 0.9], rate=0.25).cut
        0.5
    """
    c = np.sort(probabilities("confidence", confidence))
    fraction("rate", rate)
    if not len(c):
        raise NotEnoughData("a flag rate needs rows; got none")
    cut = float(c[int(rate * len(c))])
    return FlagRate(cut, rate, int(np.searchsorted(c, cut)) / len(c), len(c))


@dataclass(frozen=True, slots=True)
class _Level:
    """One threshold of the fixed sequence, with what the labelled rows say about it."""

    cut: float
    share: float  # of δ that it owns
    n: int  # rows let through
    loss: float  # their total


def _rate_test(limit: float) -> PValue:
    return lambda events, n: binomial_p(round(events), n, limit)


def _mean_test(limit: float) -> PValue:
    return lambda total, n: hoeffding_bentkus_p(min(1.0, total / n), n, limit) if n else 1.0


def _loosest(risk: Risk, c: Floats, loss: Floats, limit: float, delta: float, p_value: PValue) -> Threshold:
    """Steps 1 to 4 of the module docstring, for losses in [0, 1]."""
    fraction("delta", delta)
    levels = _levels(c, loss, limit)  # step 1
    found, carried = None, 0.0
    for level in levels:  # step 2
        at = carried + level.share * delta
        possible = at > 0 and level.loss < level.n * limit
        rejected = possible and p_value(level.loss, level.n) <= at  # step 3
        found, carried = (level, at) if rejected else (found, 0.0)
    if found is None:
        raise _too_few(levels, len(c), limit, delta, p_value)
    return _threshold(risk, found.cut, limit, delta, found.loss / found.n, (len(c), found.n, found.n))  # step 4


def _levels(c: Floats, loss: Floats, limit: float) -> list[_Level]:
    octaves = np.arange(_STRICTEST_OCTAVE * _STEPS_AN_OCTAVE, math.ceil(-math.log2(limit) * _STEPS_AN_OCTAVE))
    cuts = np.append(1 - limit * 2.0 ** (octaves / _STEPS_AN_OCTAVE), 0.0)  # strictest first
    starts = {octave * _STEPS_AN_OCTAVE: share for octave, share in _STARTS.items()}
    # A start that lies beyond "everything" has nothing to start; its share goes to the strictest that does.
    shares = [starts.get(int(octave), 0.0) for octave in octaves] + [0.0]
    shares[0] += 1 - sum(shares)
    below = np.searchsorted(cuts[::-1], c, side="right")  # cuts at most c: the first that many of the ascending ones
    n = np.bincount(below, minlength=len(cuts) + 1)[::-1].cumsum()
    total = np.bincount(below, loss, minlength=len(cuts) + 1)[::-1].cumsum()
    return [_Level(*level) for level in zip(cuts.tolist(), shares, n.tolist(), total.tolist(), strict=False)]


def _too_few(levels: list[_Level], n: int, limit: float, delta: float, p_value: PValue) -> NotEnoughData:
    """Says how many labels would do if more of them looked like these."""
    seen = [level for level in levels if level.n]
    if not seen:
        return NotEnoughData("a promise needs labelled rows; got none")
    hopeful = [level for level in seen if level.share and level.loss / level.n < limit]
    needed = [_labels_for(level, n, level.share * delta, p_value) for level in hopeful]
    if not any(needed):
        flawless = _labels_for(_Level(0.0, 1.0, 1, 0.0), 1, max(level.share for level in levels) * delta, p_value)
        if flawless is not None and n < flawless:
            return NotEnoughData(
                f"no cut can be promised with {plural(n, 'label')} at a limit of {limit:.3g} and delta {delta:.3g}; it "
                f"takes "
                f"{flawless} at least, even if none is wrong",
                needed=flawless,
            )
        best = min(seen, key=lambda level: level.loss / level.n)
        return NotEnoughData(
            f"no cut can be promised with {plural(n, 'label')}: the lowest risk at any cut is {best.loss / best.n:.3g}, "
            f"over "
            f"{best.n} of them, wanted at most {limit:.3g}; more labels alone would probably not do"
        )
    least = min(number for number in needed if number)
    return NotEnoughData(
        f"no cut can be promised with {plural(n, 'label')} at a limit of {limit:.3g} and delta {delta:.3g}; "
        f"about {least} would probably do",
        needed=least,
    )


def _labels_for(level: _Level, n: int, at: float, p_value: PValue) -> int | None:
    """Least number of labels with which this level's own share of δ rejects, if its risk and coverage stay."""
    mean, coverage = level.loss / level.n, level.n / n
    low, high = 0, 1
    while p_value(mean * high, high) > at:
        low, high = high, 2 * high
        if high > _MOST_LABELS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if p_value(mean * middle, middle) <= at else (middle, high)
    return math.ceil(high / coverage)


def _threshold(
    risk: Risk, cut: float, limit: float, delta: float, observed: float, counts: tuple[int, int, int]
) -> Threshold:
    n, n_counted, n_through = counts
    low, high = clopper_pearson(n_through, n)
    return Threshold(cut, risk, limit, delta, observed, n, n_counted, n_through / n, low, high)
