"""What a policy of a chain costs and brings on labelled rows, and the point that a target picks.

Between two policies lies every mix of them, so a target is met exactly: at the cost allowed, or at the accuracy wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cascade.mixture import PolicyMix
from foureyes.cascade.policy import Policy
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import rate_lower
from foureyes.maths.columns import flags, probabilities, same_length

__all__ = [
    "ChainPoint",
    "CostAndAccuracy",
    "best",
    "best_policy",
    "chain_columns",
    "cheapest",
    "evaluate_chain",
    "frontier",
    "paid_costs",
]

Floats = NDArray[np.float64]
Of: TypeAlias = Literal["questions", "answers"]


class CostAndAccuracy(Protocol):
    """Anything that costs so much a question and is right so often."""

    @property
    def cost(self) -> float: ...  # noqa: D102
    @property
    def accuracy(self) -> float: ...  # noqa: D102


P = TypeVar("P", bound=CostAndAccuracy)


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """Accuracy, cost and coverage of one policy on labelled rows.

    Attributes:
        policy: the policy, or the mix of two.
        cost: mean per question.
        accuracy: right answers per question; an abstention is not a right answer.
        answered: share of questions that were answered.
        accuracy_answered: right answers per answer; ``None`` if every question was abstained from.
        low: exact 95 % lower bound on ``accuracy_answered``; 0 without answers.
        stopped: share of questions at which each model was the last one asked.
        n: questions.
    """

    policy: Policy | PolicyMix
    cost: float
    accuracy: float
    answered: float
    accuracy_answered: float | None
    low: float
    stopped: tuple[float, ...]
    n: int


def evaluate_chain(
    policy: Policy | PolicyMix,
    confidences: Sequence[ArrayLike],
    correct: Sequence[ArrayLike],
    costs: Sequence[ArrayLike],
) -> ChainPoint:
    """Measures cost and accuracy of a policy on rows it was not fitted on.

    Args:
        policy: fitted gates, or a mix, of which the expectation over its coins is measured.
        confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
        correct: n columns (N,) of flags, whether each model is right.
        costs: n costs per question, each one number or (N,).

    Raises:
        InputError: numbers of columns or lengths differ, a value is out of range.
        NotEnoughData: no rows.
    """
    if isinstance(policy, PolicyMix):
        one, other = (evaluate_chain(each, confidences, correct, costs) for each in (policy.first, policy.second))
        return replace(_mixed(one, other, policy.share), policy=policy)
    columns, outcomes = chain_columns(confidences, correct)
    n = len(columns[0])
    if not n:
        raise NotEnoughData("a cascade is evaluated on at least one row; got none")
    paid, done = paid_costs(costs, len(columns), n), policy.simulate(columns)
    right = np.choose(done.model, outcomes) * done.answered
    n_answered = int(done.answered.sum())
    return ChainPoint(
        policy=policy,
        cost=float(np.choose(done.stage, np.cumsum(paid, axis=0)).mean()),
        accuracy=float(right.mean()),
        answered=n_answered / n,
        accuracy_answered=float(right.sum() / n_answered) if n_answered else None,
        low=rate_lower(round(right.sum()), n_answered, 0.05),
        stopped=tuple((np.bincount(done.stage, minlength=len(columns)) / n).tolist()),
        n=n,
    )


def frontier(points: Iterable[P]) -> list[P]:
    """The points that no mix of others beats in right answers per question at their cost, the cheapest first.

    Source: Andrew's monotone chain, for the upper hull up to the most accurate point.
    """
    corners: list[P] = []
    for point in sorted(points, key=lambda point: (point.cost, -point.accuracy)):
        if corners and point.accuracy <= corners[-1].accuracy:
            continue
        while len(corners) > 1 and _below(corners[-1], corners[-2], point):
            corners.pop()
        corners.append(point)
    return corners


def cheapest(points: Sequence[ChainPoint], accuracy: float, *, of: Of = "questions") -> ChainPoint:
    """The cheapest policy, or mix of two, that reaches an accuracy.

    Args:
        points: from :func:`evaluate_chain`.
        accuracy: wanted, in [0, 1].
        of: right answers per question, or per answer given.

    Raises:
        NotEnoughData: none reaches it.
    """
    rising = frontier(points) if of == "questions" else _surer(points)
    reaching = [point for point in rising if _over(point, accuracy, of) >= 0]
    mixes = [
        _mixed(one, other, _over(one, accuracy, of) / (_over(one, accuracy, of) - _over(other, accuracy, of)))
        for one, other in pairwise(rising)
        if _over(one, accuracy, of) < 0 < _over(other, accuracy, of)
    ]
    if not reaching:
        highest = max((_rate(point, of) for point in rising), default=0.0)
        raise NotEnoughData(f"no policy reaches an accuracy of {accuracy:g} of {of}; the best is {highest:.4f}")
    return min([*reaching, *mixes], key=lambda point: (point.cost, -point.accuracy))


def best(points: Sequence[ChainPoint], *, cost: float) -> ChainPoint:
    """The most accurate policy, or mix of two, within a mean cost per question.

    Raises:
        InputError: none is that cheap.
    """
    corners = frontier(points)
    _require_within(points, cost)
    within = [point for point in corners if point.cost <= cost]
    if len(within) == len(corners) or within[-1].cost == cost:
        return within[-1]
    dearer = corners[len(within)]
    return _mixed(within[-1], dearer, (cost - within[-1].cost) / (dearer.cost - within[-1].cost))


def best_policy(points: Sequence[ChainPoint], *, cost: float) -> Policy:
    """The most accurate policy within a mean cost per question that is no mix, for whoever tosses no coin.

    Raises:
        InputError: none is that cheap.
    """
    _require_within(points, cost)
    within = [(p.accuracy, -p.cost, p.policy) for p in points if p.cost <= cost and isinstance(p.policy, Policy)]
    return max(within, key=lambda entry: entry[:2])[2]


def _require_within(points: Sequence[ChainPoint], cost: float) -> None:
    least = min((point.cost for point in points), default=float("nan"))
    if not least <= cost:
        raise InputError(f"no policy costs {cost:g} or less; the cheapest costs {least:g}")


def _mixed(one: ChainPoint, other: ChainPoint, share: float) -> ChainPoint:
    """What a mix is expected to cost and bring.

    Its rate of right answers lies between the two policies' own, so the lower of their bounds holds for it too.
    """

    def between(first: float, second: float) -> float:
        return (1 - share) * first + share * second

    accuracy, answered = between(one.accuracy, other.accuracy), between(one.answered, other.answered)
    answering = [point.low for point in (one, other) if point.answered]
    policies = [point.policy for point in (one, other)]
    if not isinstance(policies[0], Policy) or not isinstance(policies[1], Policy):
        raise InputError("a mix is made of two policies; got a mix")
    return ChainPoint(
        policy=PolicyMix(policies[0], policies[1], share),
        cost=between(one.cost, other.cost),
        accuracy=accuracy,
        answered=answered,
        accuracy_answered=accuracy / answered if answered else None,
        low=min(answering, default=0.0),
        stopped=tuple(map(between, one.stopped, other.stopped)),
        n=one.n,
    )


def _surer(points: Sequence[ChainPoint]) -> list[ChainPoint]:
    """The points that are dearer only for more right answers among those given, the cheapest first."""
    kept: list[ChainPoint] = []
    for point in sorted(points, key=lambda point: (point.cost, -_rate(point, "answers"))):
        if point.answered and (not kept or _rate(point, "answers") > _rate(kept[-1], "answers")):
            kept.append(point)
    return kept


def _rate(point: ChainPoint, of: Of) -> float:
    return point.accuracy if of == "questions" else point.accuracy_answered or 0.0


def _over(point: ChainPoint, accuracy: float, of: Of) -> float:
    """Right answers above those that the accuracy asks for, a question."""
    return point.accuracy - accuracy * (1.0 if of == "questions" else point.answered)


def _below(middle: CostAndAccuracy, left: CostAndAccuracy, right: CostAndAccuracy) -> bool:
    """Whether the middle one lies on or below the straight line between the others."""
    run, rise = right.cost - left.cost, right.accuracy - left.accuracy
    return (middle.accuracy - left.accuracy) * run <= rise * (middle.cost - left.cost)


def chain_columns(
    confidences: Sequence[ArrayLike], correct: Sequence[ArrayLike] | None
) -> tuple[list[Floats], list[Floats]]:
    """N columns (N,) of confidences, and of outcomes: those told, or the confidences again."""
    if not confidences:
        raise InputError("a chain needs at least one model; got no confidences")
    columns = [probabilities(f"confidences[{s}]", column) for s, column in enumerate(confidences)]
    if correct is None:
        outcomes = columns
    elif len(correct) != len(columns):
        raise InputError(f"correct must have a column for each of {len(columns)} models; got {len(correct)}")
    else:
        outcomes = [flags(f"correct[{s}]", column).astype(np.float64) for s, column in enumerate(correct)]
    same_length(**{f"column {i}": column for i, column in enumerate((*columns, *outcomes))})
    return columns, outcomes


def paid_costs(costs: Sequence[ArrayLike], n_models: int, n_rows: int) -> Floats:
    """(n, N) cost of every model for every row."""
    if len(costs) != n_models:
        raise InputError(f"a chain of {n_models} models needs as many costs; got {len(costs)}")
    columns = [np.asarray(cost, np.float64) for cost in costs]
    for s, column in enumerate(columns):
        wrong = ~(np.isfinite(column) & (column >= 0))
        if column.shape not in ((), (n_rows,)) or wrong.any():
            got = (
                f"{column[wrong][0]:g} in row {wrong.argmax()}"
                if column.shape == (n_rows,)
                else f"{column.tolist()!r:.60}"
            )
            raise InputError(f"costs[{s}] must be one finite number ≥ 0, or one for each of {n_rows} rows; got {got}")
    return np.stack([np.broadcast_to(column, n_rows) for column in columns])
