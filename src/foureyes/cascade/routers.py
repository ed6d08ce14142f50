"""Routers: the order in which the small model's answers are escalated to the large one.

A router gives every row a *priority*: the higher, the sooner the row goes to the large model. Rows of equal priority
are alike to it. Fitted routers are frozen values; the thresholds on their priorities come from a curve
(:mod:`foureyes.cascade.curves`), measured on rows the router has not seen.

A newcomer starts at :class:`AdvantageRouter`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, TypeAlias, get_args, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.rows import Rows
from foureyes.cascade.advantage import shaped_advantage
from foureyes.cascade.policy import CascadeAction, ConfidenceGate
from foureyes.display import Result
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.columns import flags, probabilities, real, same_length
from foureyes.maths.routing import equal_count_cuts

__all__ = [
    "AdvantageRouter",
    "FittedRouter",
    "InSample",
    "Order",
    "Router",
    "ThresholdRouter",
    "held_out_priority",
]

Order: TypeAlias = Literal["unimodal", "confidence", "accuracy", "threshold"]

Floats = NDArray[np.float64]

_ABOVE_ONE = float(np.nextafter(1.0, 2.0))


class Router(Protocol):
    """Anything that orders rows for escalation."""

    def priority(self, read: Any, /) -> Floats:
        """(N,) numbers for N rows of whatever the router reads; larger = escalated sooner."""
        ...


@runtime_checkable
class FittedRouter(Router, Protocol):
    """A router that recognises the rows it was fitted on."""

    def fitted_on(self, read: Any, /) -> bool:
        """Whether these rows, or a good part of them, made the router."""
        ...


@dataclass(frozen=True, slots=True)
class ThresholdRouter:
    """The plain threshold: the less confident the small model, the sooner it is escalated.

    Example:
        >>> ThresholdRouter().priority([0.9, 0.2])
        array([-0.9, -0.2])
    """

    def priority(self, small_conf: ArrayLike) -> Floats:
        """(N,) the negative confidence; every distinct confidence is a tier of its own."""
        return -real("small_conf", small_conf)


@dataclass(frozen=True, slots=True, repr=False)
class AdvantageRouter(Result):
    """Escalates first where the large model's expected advantage over the small one is largest.

    The small model's confidences are cut into bins of equal count. A bin's advantage A(b) is what the large model adds
    there on average. Where a small model is least sure its question may be beyond the large one too: then the advantage
    has its peak further up, and a plain threshold spends its money on questions that nobody gets right.

    Attributes:
        order: what the order is by: see :meth:`fit`.
        cuts: (B - 1,) confidences between neighbouring bins.
        advantage: (B,) A(b) of every bin, the least confident first, in [-1, 1].
        counts: (B,) rows of every bin when it was fitted.
        rank: (B,) of every bin; larger = escalated sooner.
        rows: enough to recognise the rows it was fitted on.

    Example:
        >>> small = [0.1] * 100 + [0.6] * 100 + [0.9] * 100
        >>> large = [0.2] * 100 + [0.9] * 200
        >>> router = AdvantageRouter.fit(small, large, bins=3)
        >>> router.cuts, router.advantage, router.rank
        ((0.6, 0.9), (0.1, 0.3, 0.0), (1, 2, 0))
        >>> router.priority([0.2, 0.6, 0.8])
        array([1.4, 2.2, 2.1])

    Source: Hao et al., arXiv 2601.07965, section 4, for the orders ``confidence`` and ``accuracy``.
    """

    order: Order
    cuts: tuple[float, ...]
    advantage: tuple[float, ...]
    counts: tuple[int, ...]
    rank: tuple[int, ...]
    rows: Rows

    @classmethod
    def fit(
        cls,
        small_conf: ArrayLike,
        large_conf: ArrayLike,
        *,
        bins: int = 15,
        order: Order = "unimodal",
        correct: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> AdvantageRouter:
        """Learns in what order to escalate, on validation rows.

        ``unimodal``: the least confident first, as a plain threshold has it, unless the advantage clearly rises to a
        peak before it falls; then the bins around the peak go first. Clearly: there are :data:`~foureyes.cascade.advantage.ROWS_FOR_A_PEAK`
        rows, and the peak saves :data:`~foureyes.cascade.advantage.CLEAR_PEAK` residual variances of squared error. Bins that the fit pools, and rows of one bin, go by confidence. The advantage is
        mean c_large - mean c_small; with ``correct`` it is averaged with the difference of the two accuracies.

        The rest are there to compare with, and toss a coin within a bin. ``confidence``: bins by falling
        mean c_large - mean c_small. ``accuracy``: by falling difference of the accuracies. ``threshold``: the least
        confident bin first. :attr:`unlike_threshold` says which bins an order turns round.

        Args:
            small_conf: (N,) calibrated P(correct) of the small model's answers.
            large_conf: (N,) calibrated P(correct) of the large model's answers to the same questions.
            bins: number of equal-count bins of ``small_conf``; fewer where ties do not allow as many.
            order: what the bins are ordered by.
            correct: (whether small is right, whether large is right), two columns of N flags; for ``unimodal`` and
                ``accuracy``.

        Raises:
            InputError: lengths differ, a confidence is not in [0, 1], all of the small model's are the same, ``accuracy``
                without ``correct``.
            NotEnoughData: fewer rows than bins.
        """
        small, large = probabilities("small_conf", small_conf), probabilities("large_conf", large_conf)
        same_length(small_conf=small, large_conf=large)
        _require_known(order, bins)
        _require_different(small)
        gain = _gain(order, small, large, correct)
        cuts = equal_count_cuts(small, bins)
        place = np.searchsorted(cuts, small, side="right")
        counts = np.bincount(place, minlength=len(cuts) + 1)
        advantage = np.bincount(place, weights=gain, minlength=len(cuts) + 1) / counts
        by = shaped_advantage(gain, place, counts) if order == "unimodal" else advantage
        by = -np.arange(len(counts), dtype=np.float64) if order == "threshold" else by
        rank = np.unique(by.round(12), return_inverse=True)[1]
        return cls(
            order=order,
            cuts=tuple(cuts.tolist()),
            advantage=tuple(advantage.round(12).tolist()),
            counts=tuple(counts.tolist()),
            rank=tuple(rank.tolist()),
            rows=Rows.of([small]),
        )

    def priority(self, small_conf: ArrayLike) -> Floats:
        """(N,) the rank of each confidence's bin, in the order ``unimodal`` with half of what is lacking to certainty.

        Confidences beyond those seen belong to the outer bins.
        """
        conf = probabilities("small_conf", small_conf)
        rank = np.array(self.rank, np.float64)[np.searchsorted(self.cuts, conf, side="right")]
        return rank + (1 - conf) / 2 if self.order == "unimodal" else rank

    def fitted_on(self, small_conf: ArrayLike) -> bool:
        """Whether these confidences are those it was fitted on, or share a good part with them."""
        return self.rows.shared_with([probabilities("small_conf", small_conf)])

    @property
    def unlike_threshold(self) -> tuple[tuple[int, int], ...]:
        """Pairs (i, j) of bins, i the less confident, that this router escalates the other way round.

        Empty when the plain threshold would escalate the same rows in the same order.

        Example:
            >>> router = AdvantageRouter.fit([0.1, 0.6, 0.9], [0.2, 0.9, 0.9], bins=3, order="confidence")
            >>> router.unlike_threshold
            ((0, 1),)
        """
        pairs = ((i, j) for j in range(len(self.rank)) for i in range(j))
        return tuple((i, j) for i, j in pairs if self.rank[i] < self.rank[j])

    def gate(self, cut: float) -> ConfidenceGate:
        """The decision at one point of the curve: escalate where the priority reaches ``cut``.

        Args:
            cut: ``Point.cut`` of the point chosen.
        """
        starts, actions = [-1.0], list[CascadeAction](["answer"])
        for rank, low, high in zip(self.rank, (0.0, *self.cuts), (*self.cuts, _ABOVE_ONE), strict=True):
            until = self._escalated_until(rank, cut, low, high)
            parts: tuple[tuple[float, float, CascadeAction], ...] = ((low, until, "escalate"), (until, high, "answer"))
            for start, end, action in parts:
                if start < end and (action != actions[-1] or starts[-1] < 0):
                    starts, actions = [*starts, start], [*actions, action]
        return ConfidenceGate(tuple(starts[2:]), tuple(actions[1:]))

    def _escalated_until(self, rank: int, cut: float, low: float, high: float) -> float:
        """The confidence in a bin from which on its answers are kept; ``low`` keeps all of them, ``high`` none."""
        if self.order != "unimodal":
            return high if rank >= cut else low
        first, last = np.array([low, high]).view(np.int64).tolist()
        while first < last:
            middle = (first + last) // 2
            confidence = float(np.int64(middle).view(np.float64))
            first, last = (middle + 1, last) if rank + (1 - confidence) / 2 >= cut else (first, middle)
        return float(np.int64(first).view(np.float64))

    def to_json(self) -> str:
        """The fitted value as JSON."""
        return json.dumps({"kind": "advantage_router", **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> AdvantageRouter:
        """The value that :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON.
        """
        try:
            fields = parsed_json(text)
            kind, order = fields["kind"], fields["order"]
            router = cls(
                order=order,
                cuts=tuple(fields["cuts"]),
                advantage=tuple(fields["advantage"]),
                counts=tuple(fields["counts"]),
                rank=tuple(fields["rank"]),
                rows=Rows(fields["rows"]["n"], fields["rows"]["digest"], tuple(fields["rows"]["sketch"])),
            )
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"not a fitted AdvantageRouter: {text[:60]!r}") from error
        if kind != "advantage_router" or order not in get_args(Order) or len(router.rank) != len(router.cuts) + 1:
            raise InputError(f"not a fitted AdvantageRouter: got kind {kind!r} with {len(router.rank)} ranks")
        return router


@dataclass(frozen=True, slots=True)
class InSample:
    """A router to be judged on the rows it was fitted on, on purpose; the curve is marked ``in_sample``."""

    router: Router

    def priority(self, read: Any) -> Floats:
        """(N,) what the router says."""
        return self.router.priority(read)


def held_out_priority(router: Router, read: Any) -> Floats:
    """(N,) the priorities of rows that the router was not fitted on.

    Raises:
        InputError: it was fitted on them, or on a good part of them; or a priority is NaN.
    """
    priority = real("priority", router.priority(read))
    if isinstance(router, FittedRouter) and router.fitted_on(read):
        raise InputError(
            f"these {len(priority)} rows were among those the router was fitted on; wanted others (InSample(router) "
            "takes them and marks the curve)"
        )
    return priority


def _require_known(order: str, bins: int) -> None:
    if order not in get_args(Order):
        raise InputError(f"order must be one of {', '.join(get_args(Order))}; got {order!r}")
    if bins < 1:
        raise InputError(f"bins must be at least 1; got {bins}")


def _require_different(small: Floats) -> None:
    if len(small) > 1 and small.min() == small.max():
        raise InputError(
            f"small_conf is {small[0]:g} in all {len(small):,} rows; a router needs confidences that tell answers apart"
        )


def _gain(order: Order, small: Floats, large: Floats, correct: tuple[ArrayLike, ArrayLike] | None) -> Floats:
    """(N,) what the large model adds on each row, as far as the order looks at it."""
    if order == "accuracy":
        return _accuracy_gain(small, correct)
    stated: Floats = large - small
    return stated if order != "unimodal" or correct is None else (stated + _accuracy_gain(small, correct)) / 2


def _accuracy_gain(small_conf: Floats, correct: tuple[ArrayLike, ArrayLike] | None) -> Floats:
    if correct is None:
        raise InputError('order="accuracy" needs correct=(small_correct, large_correct)')
    small, large = flags("small_correct", correct[0]), flags("large_correct", correct[1])
    same_length(small_conf=small_conf, small_correct=small, large_correct=large)
    return large.astype(np.float64) - small
