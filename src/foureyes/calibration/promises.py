"""Thresholds that keep a promise.

A user states a promise, not a number: "of the answers let through, at most 5 % are wrong, and I accept a 5 % chance
that my labelled sample misleads me". Every threshold is a hypothesis, "here the risk is above the limit", and only one
whose hypothesis is rejected by an exact test may be used (Learn then Test). Nothing is assumed about the confidences:
bad ones cost coverage, never the promise.

How the cut is found stands in :mod:`foureyes.calibration.sequence`. With too few labels for the promise that was asked,
:func:`~foureyes.calibration.achievable.promise_table` says which can be made.

A newcomer starts at :func:`promise`.

Source: Angelopoulos, Bates, Candès, Jordan & Lei, Learn then Test, 2021, §2 and Algorithm 1; Wiens & Dmitrienko 2005
(fallback); Clopper & Pearson 1934 (rates); Waudby-Smith & Ramdas 2024 (costs).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.achievable import PromiseTable, promise_cost_table, promise_table
from foureyes.calibration.sequence import CostTest, RateTest, RiskTest, loosest, require_costs
from foureyes.calibration.thresholds import FlagRate, Risk, Threshold, threshold_at
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import binomial_p
from foureyes.maths.columns import flags, fraction, probabilities, real, same_length

__all__ = ["flag_rate", "promise", "promise_cost", "promise_false_blocks"]

Floats = NDArray[np.float64]


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
    try:
        return _promised("error_rate", c, (~right).astype(np.float64), RateTest(limit), delta)
    except NotEnoughData as error:
        raise _with_others(error, promise_table(c, right, max_error=limit, delta=delta) if len(c) else None) from error


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
    require_costs(paid, worst_cost)
    limit = max_cost / worst_cost
    loss = paid / worst_cost
    try:
        found = _promised("mean_cost", c, loss, CostTest(limit, loss[np.argsort(-c, kind="stable")]), delta)
    except NotEnoughData as error:
        table = promise_cost_table(c, paid, worst_cost=worst_cost, max_cost=max_cost, delta=delta) if len(c) else None
        raise _with_others(error, table) from error
    return replace(found, limit=max_cost, observed=found.observed * worst_cost, worst_cost=float(worst_cost))


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
    # The p-value only grows along the sequence, so its first failure can be found by bisection.
    kept = bisect_right(blocked, delta, key=lambda k: binomial_p(k, n_right, limit))
    if not kept:
        enough = math.ceil(math.log(delta) / math.log1p(-limit))
        needed = math.ceil(enough * n / n_right) if n_right else None
        raise NotEnoughData(
            f"a promise of at most {limit:g} false blocks needs about {enough} right answers; got {n_right}",
            needed=needed,
        )
    cut = float(cuts[kept - 1])
    return threshold_at("false_block_rate", c, cut, limit, delta, blocked[kept - 1] / n_right, n_right)


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


def _promised(risk: Risk, c: Floats, loss: Floats, test: RiskTest, delta: float) -> Threshold:
    found = loosest(c, loss, test, fraction("delta", delta))
    return threshold_at(risk, c, found.cut, test.limit, delta, found.loss / found.n, found.n)


def _with_others(error: NotEnoughData, table: PromiseTable | None) -> NotEnoughData:
    """The same, with the strongest promise that can be kept."""
    return error if table is None else NotEnoughData(f"{error}. {table.statement}", needed=error.needed)
