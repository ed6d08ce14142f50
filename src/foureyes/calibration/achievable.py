"""The promises that can be kept with the labels there are, whatever was asked.

:func:`foureyes.calibration.promises.promise` finds the cut for a stated error. With few labels there may be none. Then the
question is turned round: if this share of the answers is let through, how many of them may be wrong? Every line of the
table is a promise, and all hold together with probability at least 1 - δ, so that any may be chosen after reading them.

Each line lets through the answers above one of the labelled confidences, the same place of the order whatever the rows say.
Given that confidence, the rows above it are independent draws of the answers above it, so that the bounds of
:mod:`foureyes.maths` hold, each at an equal part of δ.

A newcomer starts at :func:`promise_table`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.sequence import CostTest, RateTest, labels_needed, require_costs
from foureyes.calibration.thresholds import Risk, Threshold, threshold_at
from foureyes.display import TableResult
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.betting import mean_upper
from foureyes.maths.bounds import rate_upper
from foureyes.maths.columns import flags, fraction, probabilities, real, same_length

__all__ = ["PromiseLine", "PromiseTable", "promise_cost_table", "promise_table"]

Floats = NDArray[np.float64]

_SHARES: Final = (1.0, 0.9, 0.75, 0.5, 0.25, 0.1)  # of the answers let through

_Upper: TypeAlias = Callable[[Floats, float], float]
"""The bound on the mean of losses at a part of δ."""


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One promise that can be kept.

    Attributes:
        threshold: the cut with its promise; its ``limit`` is what is promised.
    """

    threshold: Threshold


@dataclass(frozen=True, slots=True, repr=False)
class PromiseTable(TableResult):
    """Promises that all hold together; the loosest cut first.

    Attributes:
        lines: one a share of answers let through; where confidences tie, fewer.
        n: labelled rows.
        delta: the chance, over the draw of the labelled rows, that any of the promises is broken.
        asked: the risk that was asked for; ``None`` where none was.
        needed: labels with which :func:`~foureyes.calibration.promises.promise` would probably keep it, if answers stay like
            these: the number that its error says. ``None`` where none was asked, it can be kept now, or more would not do.
    """

    lines: tuple[PromiseLine, ...]
    n: int
    delta: float
    asked: float | None = None
    needed: int | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a promise."""
        kept = [line.threshold for line in self.lines]
        return {
            "coverage": [found.coverage for found in kept],
            "cut": [found.cut for found in kept],
            "observed": [found.observed for found in kept],
            "promised": [found.limit for found in kept],
        }

    @property
    def strongest(self) -> Threshold:
        """The promise of the lowest risk."""
        return min((line.threshold for line in self.lines), key=lambda found: found.limit)

    @property
    def statement(self) -> str:
        """The strongest promise, and that there are others."""
        found = self.strongest
        if found.limit >= (found.worst_cost or 1):
            return f"Nothing can be promised with these {self.n:,} labels: no share of them shows less than the worst."
        return (
            f"What can be promised with these {self.n:,} labels: {found.says}, if the {found.coverage:.0%} most confident "
            "are let through."
        )


def promise_table(
    confidence: ArrayLike, correct: ArrayLike, *, max_error: float | None = None, delta: float = 0.05
) -> PromiseTable:
    """The error rates that can be promised now, one for each of several shares of answers let through.

    Args:
        confidence: (N,) P(correct) in [0, 1].
        correct: (N,) booleans or 0/1: labelled rows that nothing was fitted on, drawn like the answers to come.
        max_error: what was hoped for, in (0, 1): the table then says how many labels would probably buy it.
        delta: accepted chance that any line is broken, in (0, 1).

    Raises:
        InputError: lengths differ, confidences outside [0, 1], a limit outside (0, 1).
        NotEnoughData: no rows.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> confidence = rng.beta(20, 1, 60)
        >>> table = promise_table(confidence, rng.random(60) < confidence, max_error=0.05)
        >>> [(line.threshold.coverage, round(line.threshold.limit, 2)) for line in table.lines][3:], table.needed
        ([(0.5, 0.26), (0.25, 0.27), (0.1, 0.55)], 585)
    """
    c, right = probabilities("confidence", confidence), flags("correct", correct)
    same_length(confidence=c, correct=right)
    wrong, delta = (~right).astype(np.float64), fraction("delta", delta)
    found = _table("error_rate", c, wrong, _rate_upper, delta)
    if max_error is None:
        return found
    asked = fraction("max_error", max_error)
    return replace(found, asked=asked, needed=labels_needed(c, wrong, RateTest(asked), delta))


def promise_cost_table(
    confidence: ArrayLike,
    cost: ArrayLike,
    *,
    worst_cost: float,
    max_cost: float | None = None,
    delta: float = 0.05,
) -> PromiseTable:
    """The mean costs that can be promised now, one for each of several shares of answers let through.

    Args:
        confidence: (N,) P(correct) in [0, 1].
        cost: (N,) what letting each answer through costs, 0 … ``worst_cost``.
        worst_cost: what no answer can exceed, see :func:`~foureyes.calibration.promises.promise_cost`.
        max_cost: what was hoped for: the table then says how many labels would probably buy it.
        delta: accepted chance that any line is broken, in (0, 1).

    Raises:
        InputError: lengths differ, confidences or costs out of range, limits out of order.
        NotEnoughData: no rows.
    """
    c, paid = probabilities("confidence", confidence), real("cost", cost, finite=True)
    same_length(confidence=c, cost=paid)
    if not 0 < worst_cost < math.inf or not 0 < (worst_cost / 2 if max_cost is None else max_cost) < worst_cost:
        raise InputError(f"wanted 0 < max_cost < worst_cost; got max_cost {max_cost} and worst_cost {worst_cost:g}")
    require_costs(paid, worst_cost)
    loss, delta = paid / worst_cost, fraction("delta", delta)
    found = _table("mean_cost", c, loss, mean_upper, delta)
    found = replace(found, lines=tuple(_in_units(line, worst_cost) for line in found.lines))
    if max_cost is None:
        return found
    test = CostTest(max_cost / worst_cost, loss[np.argsort(-c, kind="stable")])
    return replace(found, asked=max_cost, needed=labels_needed(c, loss, test, delta))


def _rate_upper(loss: Floats, delta: float) -> float:
    return rate_upper(round(float(loss.sum())), len(loss), delta)


def _table(risk: Risk, c: Floats, loss: Floats, upper: _Upper, delta: float) -> PromiseTable:
    if not len(c):
        raise NotEnoughData("a promise needs labelled rows; got none")
    each = delta / len(_SHARES)
    lines = []
    for cut in dict.fromkeys(_cut(c, share) for share in _SHARES):
        losses = loss[c >= cut]
        if len(losses):
            bound = upper(losses, each)
            found = threshold_at(risk, c, cut, bound, delta, float(losses.mean()), len(losses))
            lines.append(PromiseLine(found))
    return PromiseTable(tuple(lines), len(c), delta)


def _cut(c: Floats, share: float) -> float:
    """Just above the labelled confidence at this place of the order; everything is let through at 0."""
    above = int(share * len(c))
    return 0.0 if above >= len(c) else float(np.nextafter(np.sort(c)[::-1][above], np.inf))


def _in_units(line: PromiseLine, worst_cost: float) -> PromiseLine:
    found = line.threshold
    limit, observed = found.limit * worst_cost, found.observed * worst_cost
    return replace(line, threshold=replace(found, limit=limit, observed=observed, worst_cost=float(worst_cost)))
