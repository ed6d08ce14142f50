"""Cost-accuracy curves of a router, with one number for the whole curve and bands around it.

Measure on rows that neither the calibrators nor the router have seen. The curve covers the whole range from "small
model alone" to "large model alone"; every point of it can be carried out, and between points the router tosses a coin.

A newcomer starts at :func:`cascade_curve`; :func:`compare` puts routers and baselines beside each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cascade.routers import InSample, Router, held_out_priority
from foureyes.display import TableResult, columns_of
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import flags, same_length
from foureyes.maths.resampling import open_percentiles, percentiles
from foureyes.maths.routing import Tally, apgr, bands, cost_performance, over_random, tally

__all__ = ["Costs", "Curve", "Point", "cascade_curve", "compare"]

Floats = NDArray[np.float64]

_MAX_POINTS = 1001


@dataclass(frozen=True, slots=True)
class Costs:
    """What one question costs, in tokens, money or time, whichever it is throughout.

    Args:
        small, large: of each model, per question: one number, or (N,) numbers where questions differ.
        verifier: of what makes the confidences or decides (a verifier's reading, a router's call).
        small_runs: ``"always"`` in a cascade, where the small model has answered before the decision;
            ``"unless escalated"`` for a router that looks at the question only.
        unit: name of the unit, for people.
    """

    small: ArrayLike
    large: ArrayLike
    verifier: ArrayLike = 0.0
    small_runs: Literal["always", "unless escalated"] = "always"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """Accuracy and cost of a cascade at one share of escalation.

    Attributes:
        escalated: share of rows that go to the large model, in [0, 1].
        accuracy: of the cascade's answers; ``low`` and ``high`` bound it at this share.
        pgr: share of the gap between the models that is recovered; ``None`` without a gap. Above 1 the cascade is
            better than the large model alone.
        cost: mean per question, in the unit of the costs; without costs, calls to the large model per question.
        cut: escalate rows whose priority is at least this.
    """

    escalated: float
    accuracy: float
    low: float
    high: float
    pgr: float | None
    cost: float
    cut: float


@dataclass(frozen=True, slots=True, repr=False)
class Curve(TableResult):
    """Accuracy of a cascade at every share of escalation.

    Attributes:
        apgr: average performance gap recovered over [0, 1]: 0.5 is a random router. ``None`` when the large model is
            not more accurate on these rows, as there is no gap to recover.
        low, high: bootstrap interval of it; ``None`` when the resampled gap reaches zero too often to bound it.
        over_random: mean accuracy above a random router's, defined for equally good models too.
        over_random_low, over_random_high: bootstrap interval of it.
        cpt50, cpt80: smallest escalated share that recovers 50 % and 80 % of the gap; ``None`` without a gap.
        apgr_on_cost: the area with the *budget* on the axis, from the small model's cost (0) to the large model's
            (1): what is left once the verifier and the wasted small answers are paid. 0.5 is what tossing a coin
            between the two models costs and brings. ``None`` without costs or without a gap.
        small_accuracy, large_accuracy: of each model alone.
        only_small, only_large: shares of rows that only this model gets right; what complementarity there is.
        points: from "small alone" to "large alone", at most 1001.
        n: rows.
        level: of all intervals.
        unit: of the costs.
        in_sample: whether the router was fitted on these rows, which flatters it.
    """

    apgr: float | None
    low: float | None
    high: float | None
    over_random: float
    over_random_low: float
    over_random_high: float
    cpt50: float | None
    cpt80: float | None
    apgr_on_cost: float | None
    small_accuracy: float
    large_accuracy: float
    only_small: float
    only_large: float
    points: tuple[Point, ...]
    n: int
    level: float
    unit: str
    in_sample: bool

    def columns(self) -> dict[str, list[Any]]:
        """One row a point of the curve."""
        return columns_of(self.points)

    def cheapest(self, accuracy: float, *, by: Literal["accuracy", "low"] = "accuracy") -> Point:
        """The point that reaches an accuracy at the least cost.

        Args:
            accuracy: wanted, in [0, 1].
            by: what must reach it: the estimate, or the lower band.

        Raises:
            NotEnoughData: no point reaches it; the message says the best there is.
        """
        reaching = [point for point in self.points if getattr(point, by) >= accuracy]
        if not reaching:
            best = max(getattr(point, by) for point in self.points)
            raise NotEnoughData(f"no point reaches an accuracy of {accuracy:g}; the best has {best:.4f}")
        return min(reaching, key=lambda point: (point.cost, -point.accuracy))

    def best(self, *, cost: float) -> Point:
        """The most accurate point within a cost per question.

        Raises:
            InputError: even the cheapest point costs more.
        """
        within = [point for point in self.points if point.cost <= cost]
        if not within:
            least = min(point.cost for point in self.points)
            raise InputError(f"no point costs {cost:g} or less; the cheapest costs {least:g}")
        return max(within, key=lambda point: (point.accuracy, -point.cost))


def cascade_curve(
    small_conf: Any,
    small_correct: ArrayLike,
    large_correct: ArrayLike,
    router: Router,
    *,
    costs: Costs | None = None,
    interval: tuple[float, int, int] = (0.95, 1000, 0),
) -> Curve:
    """Measures the accuracy of a two-model cascade at every cost, on labelled rows.

    Args:
        small_conf: (N,) confidences of the small model, or whatever else the router reads of N rows, say features.
        small_correct: (N,) flags, whether the small model's answer is right.
        large_correct: (N,) flags, whether the large model's answer is right.
        router: fitted on other rows.
        costs: per question; without them the share of escalations is the cost.
        interval: (level, bootstrap draws, seed) of the bands. The router is held fixed in the draws.

    Returns:
        The curve; its ``apgr`` is exact, not a sum over a grid.

    Raises:
        InputError: lengths differ, a value is not a flag or a confidence, costs are negative or not finite; or the
            router was fitted on these rows (:class:`~foureyes.cascade.routers.InSample` allows that).
        NotEnoughData: no rows.

    Example:
        >>> from foureyes.cascade.routers import ThresholdRouter
        >>> curve = cascade_curve([0.9, 0.8, 0.3, 0.2], [1, 1, 0, 0], [1, 1, 1, 0], ThresholdRouter())
        >>> curve.apgr, curve.cpt50
        (0.625, 0.375)
        >>> curve.cheapest(0.75).escalated
        0.5

    Source: Hao et al., arXiv 2601.07965, section 4; Ong et al., RouteLLM, ICLR 2025.
    """
    priority = held_out_priority(router, small_conf)
    small, large = flags("small_correct", small_correct), flags("large_correct", large_correct)
    same_length(small_conf=priority, small_correct=small, large_correct=large)
    table = tally(priority, small, large)
    knots = _knots(table.escalated)
    paid = table.escalated if costs is None else _paid(costs, priority, table)
    curve = _with_intervals(table, knots, paid[knots], interval)
    curve = replace(curve, in_sample=isinstance(router, InSample))
    if costs is None:
        return curve
    area = None if curve.apgr is None else _area_on_cost(curve.points, costs)
    return replace(curve, apgr_on_cost=area, unit=costs.unit)


def compare(
    routers: Mapping[str, tuple[Router, Any]],
    small_correct: ArrayLike,
    large_correct: ArrayLike,
    *,
    costs: Costs | None = None,
    question_only: Collection[str] = (),
    interval: tuple[float, int, int] = (0.95, 1000, 0),
) -> dict[str, Curve]:
    """Curves of several routers on the same rows, beside the two that bound them.

    Args:
        routers: name to (router, what it reads): say ``"uncalibrated"``, ``"calibrated"`` and a learned one.
        small_correct: (N,) flags, whether the small model's answer is right.
        large_correct: (N,) flags, whether the large model's answer is right.
        costs: per question; without them the share of escalations is the cost.
        question_only: names of the routers that decide before the small model has answered: they pay for no verifier,
            nor for small answers that are thrown away. The coin is one of them.
        interval: (level, bootstrap draws, seed) of the bands.

    Returns:
        ``random`` (tosses a coin) and ``oracle`` (knows who is right) first, then the routers by name.

    Raises:
        InputError: a router is called random or oracle; else as for :func:`cascade_curve`.
    """
    if taken := routers.keys() & {"random", "oracle"}:
        raise InputError(f"{taken.pop()!r} is the name of a baseline; call the router something else")
    small, large = flags("small_correct", small_correct), flags("large_correct", large_correct)
    same_length(small_correct=small, large_correct=large)
    known = large.astype(np.float64) - small
    everyone = {"random": (_Given(), np.zeros(len(small))), "oracle": (_Given(), known), **routers}
    early = costs and replace(costs, verifier=0.0, small_runs="unless escalated")
    paid = {name: early if name in {"random", *question_only} else costs for name in everyone}
    return {
        name: cascade_curve(read, small, large, router, costs=paid[name], interval=interval)
        for name, (router, read) in everyone.items()
    }


@dataclass(frozen=True, slots=True)
class _Given:
    """Reads priorities as they are."""

    def priority(self, read: Floats) -> Floats:
        return read


def _knots(escalated: Floats) -> NDArray[np.intp]:
    """Which ends of tiers become points: all of them, or those nearest to 1001 equal steps."""
    if len(escalated) <= _MAX_POINTS:
        return np.arange(len(escalated))
    at = np.searchsorted(escalated, np.linspace(0, 1, _MAX_POINTS))
    return np.unique(np.clip(at, 0, len(escalated) - 1))


def _with_intervals(table: Tally, knots: NDArray[np.intp], paid: Floats, interval: tuple[float, int, int]) -> Curve:
    level, draws, seed = interval
    shares, accuracy, gap = table.escalated[knots], table.accuracy[knots], float(table.gap)
    drawn = bands(table, shares, draws=draws, level=level, seed=seed)
    tail = (1 - level) / 2
    low, high = np.quantile(drawn.accuracy, (tail, 1 - tail), axis=0)
    recovered = (accuracy - accuracy[0]) / gap if gap > 0 else [None] * len(shares)
    columns = (shares, accuracy, low, high, recovered, paid, np.append(np.inf, table.priority)[knots])
    points = zip(*(c.tolist() if isinstance(c, np.ndarray) else c for c in columns), strict=True)
    shares_of = table.counts.sum(axis=0) / table.n
    random_low, random_high = percentiles(drawn.over_random, level)
    area_low, area_high = open_percentiles(drawn.apgr_low, drawn.apgr_high, level)
    return Curve(
        apgr=float(apgr(table)) if gap > 0 else None,
        low=area_low if gap > 0 else None,
        high=area_high if gap > 0 else None,
        over_random=float(over_random(table)),
        over_random_low=random_low,
        over_random_high=random_high,
        cpt50=cost_performance(table, 0.5) if gap > 0 else None,
        cpt80=cost_performance(table, 0.8) if gap > 0 else None,
        apgr_on_cost=None,
        small_accuracy=float(accuracy[0]),
        large_accuracy=float(accuracy[-1]),
        only_small=float(shares_of[2]),
        only_large=float(shares_of[1]),
        points=tuple(Point(*point) for point in points),
        n=int(table.n),
        level=level,
        unit="",
        in_sample=False,
    )


def _paid(costs: Costs, priority: Floats, table: Tally) -> Floats:
    """(G + 1,) mean cost per question after 0, 1, … G tiers."""
    n = len(priority)
    small, large, verifier = (_per_row(name, getattr(costs, name), n) for name in ("small", "large", "verifier"))
    added = large - small if costs.small_runs == "unless escalated" else large
    start = float((small + verifier).mean())
    if added.ndim == 0:
        return start + float(added) * table.escalated
    by_tier = np.bincount(np.searchsorted(-table.priority, -priority), weights=added, minlength=len(table.priority))
    paid: Floats = start + np.append(0.0, np.cumsum(by_tier)) / n
    return paid


def _per_row(name: str, cost: ArrayLike, n: int) -> Floats:
    column = np.asarray(cost, np.float64)
    if column.shape not in ((), (n,)):
        raise InputError(f"the cost of {name} must be one number or one for each of {n} rows; got {column.shape}")
    if not (np.isfinite(column) & (column >= 0)).all():
        raise InputError(f"the cost of {name} must be finite and not negative; got {column.min():g}..{column.max():g}")
    return column


def _area_on_cost(points: tuple[Point, ...], costs: Costs) -> float:
    """∫ PGR over budgets from the small model's cost to the large model's; below the first point small runs alone."""
    small, large = (float(np.asarray(cost, np.float64).mean()) for cost in (costs.small, costs.large))
    if not large > small:
        raise InputError(f"the large model must cost more than the small one; got {large:g} and {small:g}")
    paid = np.maximum.accumulate([point.cost for point in points])
    budget = (paid - small) / (large - small)
    recovered = np.array([point.pgr or 0.0 for point in points])
    inside = budget < 1
    at = np.concatenate(([0.0], budget[inside], [1.0]))
    area = np.concatenate(([0.0], recovered[inside], [np.interp(1.0, budget, recovered)]))
    return float((np.diff(at) * (area[1:] + area[:-1]) / 2).sum())
