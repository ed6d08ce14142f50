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
from foureyes.cascade.policy import ConfidenceGate
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
    "SupportsPredictProba",
    "ThresholdRouter",
    "calibrated_router",
    "held_out_priority",
]

Order: TypeAlias = Literal["confidence", "accuracy", "threshold"]

Floats = NDArray[np.float64]


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


class SupportsPredictProba(Protocol):
    """Anything that turns scores into P(correct)."""

    def predict_proba(self, scores: ArrayLike, /) -> Floats:
        """(N,) confidences for (N,) scores."""
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
    there on average; bins are escalated in order of falling advantage.

    Attributes:
        order: what the order is by: see :meth:`fit`.
        cuts: (B - 1,) confidences between neighbouring bins.
        advantage: (B,) A(b) of every bin, the least confident first, in [-1, 1].
        counts: (B,) rows of every bin when it was fitted.
        rank: (B,) priority of every bin; larger = escalated sooner.
        rows: enough to recognise the rows it was fitted on.

    Example:
        >>> router = AdvantageRouter.fit([0.1, 0.1, 0.6, 0.6, 0.9, 0.9], [0.2, 0.2, 0.9, 0.9, 0.9, 0.9], bins=3)
        >>> router.cuts, router.advantage, router.rank
        ((0.6, 0.9), (0.1, 0.3, 0.0), (1, 2, 0))
        >>> router.priority([0.2, 0.7])
        array([1., 2.])

    Source: Hao et al., arXiv 2601.07965, section 4.
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
        order: Order = "confidence",
        correct: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> AdvantageRouter:
        """Learns the order of the bins on validation rows.

        Three orders are on offer. ``confidence``: A(b) = mean c_large - mean c_small, which needs no labels beyond
        those that calibrated the confidences. ``accuracy``: A(b) = accuracy of the large model - accuracy of the small
        one. ``threshold``: the least confident bin first, whatever the advantage. They agree wherever the advantage
        falls from bin to bin as confidence rises; :attr:`unlike_threshold` says where it does not.

        Args:
            small_conf: (N,) calibrated P(correct) of the small model's answers.
            large_conf: (N,) calibrated P(correct) of the large model's answers to the same questions.
            bins: number of equal-count bins of ``small_conf``; fewer where ties do not allow as many.
            order: what the bins are ordered by.
            correct: (whether small is right, whether large is right), two columns of N flags; for ``accuracy``.

        Raises:
            InputError: lengths differ, a confidence is not in [0, 1], ``accuracy`` without ``correct``.
            NotEnoughData: fewer rows than bins.
        """
        small, large = probabilities("small_conf", small_conf), probabilities("large_conf", large_conf)
        same_length(small_conf=small, large_conf=large)
        _require_known(order, bins)
        gain = large - small if order != "accuracy" else _accuracy_gain(small, correct)
        cuts = equal_count_cuts(small, bins)
        place = np.searchsorted(cuts, small, side="right")
        counts = np.bincount(place, minlength=len(cuts) + 1)
        advantage = np.bincount(place, weights=gain, minlength=len(cuts) + 1) / counts
        by = -np.arange(len(counts)) if order == "threshold" else advantage.round(12)
        rank = np.unique(by, return_inverse=True)[1]
        return cls(
            order=order,
            cuts=tuple(cuts.tolist()),
            advantage=tuple(advantage.round(12).tolist()),
            counts=tuple(counts.tolist()),
            rank=tuple(rank.tolist()),
            rows=Rows.of([small]),
        )

    def priority(self, small_conf: ArrayLike) -> Floats:
        """(N,) the rank of each confidence's bin; confidences beyond those seen belong to the outer bins."""
        conf = probabilities("small_conf", small_conf)
        return np.array(self.rank, np.float64)[np.searchsorted(self.cuts, conf, side="right")]

    def fitted_on(self, small_conf: ArrayLike) -> bool:
        """Whether these confidences are those it was fitted on, or share a good part with them."""
        return self.rows.shared_with([probabilities("small_conf", small_conf)])

    @property
    def unlike_threshold(self) -> tuple[tuple[int, int], ...]:
        """Pairs (i, j) of bins, i the less confident, that this router escalates the other way round.

        Empty when the plain threshold would escalate the same rows in the same order.

        Example:
            >>> AdvantageRouter.fit([0.1, 0.6, 0.9], [0.2, 0.9, 0.9], bins=3).unlike_threshold
            ((0, 1),)
        """
        pairs = ((i, j) for j in range(len(self.rank)) for i in range(j))
        return tuple((i, j) for i, j in pairs if self.rank[i] < self.rank[j])

    def gate(self, cut: float) -> ConfidenceGate:
        """The decision at one point of the curve: escalate bins whose priority reaches ``cut``.

        Args:
            cut: ``Point.cut`` of the point chosen.
        """
        return ConfidenceGate(self.cuts, tuple("escalate" if rank >= cut else "answer" for rank in self.rank))

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
class _CalibratedRouter:
    calibrator: SupportsPredictProba
    router: Router

    def priority(self, scores: ArrayLike) -> Floats:
        return self.router.priority(self.calibrator.predict_proba(scores))

    def fitted_on(self, scores: ArrayLike) -> bool:
        return isinstance(self.router, FittedRouter) and self.router.fitted_on(self.calibrator.predict_proba(scores))


@dataclass(frozen=True, slots=True)
class InSample:
    """A router to be judged on the rows it was fitted on, on purpose; the curve is marked ``in_sample``."""

    router: Router

    def priority(self, read: Any) -> Floats:
        """(N,) what the router says."""
        return self.router.priority(read)


def calibrated_router(calibrator: SupportsPredictProba, router: Router) -> Router:
    """Wraps a router of confidences so that it takes raw scores: they pass through the calibrator first."""
    return _CalibratedRouter(calibrator, router)


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


def _accuracy_gain(small_conf: Floats, correct: tuple[ArrayLike, ArrayLike] | None) -> Floats:
    if correct is None:
        raise InputError('order="accuracy" needs correct=(small_correct, large_correct)')
    small, large = flags("small_correct", correct[0]), flags("large_correct", correct[1])
    same_length(small_conf=small_conf, small_correct=small, large_correct=large)
    return large.astype(np.float64) - small
