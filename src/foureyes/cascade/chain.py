"""Cascades of two, three or more models, with abstention as the last step.

A chain is fitted backwards, the largest model first: in every confidence bin of a model, going on is worth what the
fitted rest of the chain brings there less what it costs, and the gate does what is worth more. One number, the *price*
of a unit of cost in right answers, sets how thrifty the chain is; a row of prices gives the cost-accuracy curve. With
two models of constant cost this is :class:`~foureyes.cascade.routers.AdvantageRouter` at the point where the advantage
just pays.

A newcomer starts at :func:`fit_chain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cascade.policy import CascadeAction, ConfidenceGate, Policy
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.bounds import rate_lower
from foureyes.maths.columns import flags, probabilities, same_length
from foureyes.maths.routing import equal_count_cuts

__all__ = ["ChainPoint", "best", "cheapest", "evaluate_chain", "fit_chain", "fit_chains"]

Floats = NDArray[np.float64]

_THRIFTIEST = 1e-4


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """Accuracy, cost and coverage of one policy on labelled rows.

    Attributes:
        policy: the policy.
        cost: mean per question.
        accuracy: right answers per question; an abstention is not a right answer.
        answered: share of questions that were answered.
        accuracy_answered: right answers per answer; ``None`` if every question was abstained from.
        low: exact 95 % lower bound on ``accuracy_answered``; 0 without answers.
        stopped: share of questions at which each model was the last one asked.
        n: questions.
    """

    policy: Policy
    cost: float
    accuracy: float
    answered: float
    accuracy_answered: float | None
    low: float
    stopped: tuple[float, ...]
    n: int


def fit_chain(
    confidences: Sequence[ArrayLike],
    costs: Sequence[ArrayLike],
    *,
    price: float,
    bins: int = 15,
    correct: Sequence[ArrayLike] | None = None,
    abstain: float | None = None,
) -> Policy:
    """Fits the confidence gates of a chain that are worth most on validation rows, when a unit of cost has this price.

    From the last model s = n back to the first, with o_s the row's outcome under model s (its confidence, or whether it
    was right) and v_s what the chain from s on is worth, for every equal-count bin b of c_s:

        answer       mean of o_s over b
        escalate     mean of v_{s+1} - price · cost_{s+1} over b                    (s < n)
        abstain      ``abstain``                                                    (s = n)

    and v_s is the row's value under the better one. Answering wins ties.

    Args:
        confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
        costs: n costs per question, each one number or (N,); a verifier's cost belongs to the model it reads. The
            first one is always paid and does not matter here.
        price: right answers that one unit of cost is worth, ≥ 0.
        bins: equal-count bins of each confidence.
        correct: n columns (N,) of flags; without them outcomes are taken from the confidences.
        abstain: what abstaining is worth where a right answer is worth 1 and a wrong one 0; ``None`` never abstains.

    Raises:
        InputError: numbers of columns or lengths differ, a value is out of range.
        NotEnoughData: fewer rows than bins.

    Example:
        >>> small, large = [0.2, 0.3, 0.8, 0.9], [0.9, 0.9, 0.9, 0.9]
        >>> fit_chain([small, large], [1, 10], price=0.05, bins=2).gates[0]
        ConfidenceGate(cuts=(0.8,), actions=('escalate', 'answer'))
    """
    columns, outcomes = _columns(confidences, correct)
    paid = _costs(costs, len(columns), len(columns[0]))
    if not price >= 0 or np.isinf(price):
        raise InputError(f"price must be a finite number of right answers per unit of cost, at least 0; got {price:g}")
    if abstain is not None and not 0 <= abstain <= 1:
        raise InputError(f"abstain must be worth between a wrong answer (0) and a right one (1); got {abstain:g}")
    worth_of_rest: Floats | None = None if abstain is None else np.full(len(columns[0]), float(abstain))
    gates: list[ConfidenceGate] = []
    for s in range(len(columns) - 1, -1, -1):
        otherwise: CascadeAction = "escalate" if gates else "abstain"
        gate, worth = _gate(columns[s], outcomes[s], worth_of_rest, otherwise, bins)
        gates.insert(0, gate)
        worth_of_rest = worth - price * paid[s]
    return Policy(tuple(gates))


def fit_chains(
    confidences: Sequence[ArrayLike],
    costs: Sequence[ArrayLike],
    *,
    n_prices: int = 41,
    bins: int = 15,
    correct: Sequence[ArrayLike] | None = None,
    abstain: float | None = None,
) -> tuple[Policy, ...]:
    """Fits policies for a range of prices, the cheapest first, without repetition.

    Args:
        confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
        costs: n costs per question, each one number or (N,).
        n_prices: prices tried, from one at which no escalation can pay down to 0.
        bins: equal-count bins of each confidence.
        correct: n columns (N,) of flags; without them outcomes are taken from the confidences.
        abstain: what abstaining is worth, in [0, 1]; ``None`` never abstains.

    Raises:
        InputError: as for :func:`fit_chain`; fewer than two prices.
        NotEnoughData: fewer rows than bins.
    """
    if n_prices < 2:
        raise InputError(f"n_prices must be at least 2; got {n_prices}")
    cheapest_step = min((float(np.min(cost)) for cost in costs[1:]), default=1.0)
    too_dear = 1 / cheapest_step if cheapest_step > 0 else 1.0
    prices = [*(too_dear * np.geomspace(1, _THRIFTIEST, n_prices - 1)).tolist(), 0.0]
    fitted = (
        fit_chain(confidences, costs, price=price, bins=bins, correct=correct, abstain=abstain) for price in prices
    )
    return tuple(dict.fromkeys(fitted))


def evaluate_chain(
    policy: Policy, confidences: Sequence[ArrayLike], correct: Sequence[ArrayLike], costs: Sequence[ArrayLike]
) -> ChainPoint:
    """Measures cost and accuracy of a policy on rows it was not fitted on.

    Args:
        policy: fitted gates.
        confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
        correct: n columns (N,) of flags, whether each model is right.
        costs: n costs per question, each one number or (N,).

    Raises:
        InputError: numbers of columns or lengths differ, a value is out of range.
        NotEnoughData: no rows.
    """
    columns, outcomes = _columns(confidences, correct)
    n = len(columns[0])
    if not n:
        raise NotEnoughData("a cascade is evaluated on at least one row; got none")
    paid, done = _costs(costs, len(columns), n), policy.simulate(columns)
    right = np.choose(done.stage, outcomes) * done.answered
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


def cheapest(
    points: Sequence[ChainPoint], accuracy: float, *, of: Literal["questions", "answers"] = "questions"
) -> ChainPoint:
    """The cheapest point that reaches an accuracy.

    Args:
        points: from :func:`evaluate_chain`.
        accuracy: wanted, in [0, 1].
        of: right answers per question, or per answer given.

    Raises:
        NotEnoughData: none reaches it.
    """
    reached = {point: point.accuracy if of == "questions" else point.accuracy_answered for point in points}
    reaching = [point for point, value in reached.items() if value is not None and value >= accuracy]
    if not reaching:
        highest = max((value for value in reached.values() if value is not None), default=0.0)
        raise NotEnoughData(f"no policy reaches an accuracy of {accuracy:g} of {of}; the best is {highest:.4f}")
    return min(reaching, key=lambda point: (point.cost, -point.answered))


def best(points: Sequence[ChainPoint], *, cost: float) -> ChainPoint:
    """The most accurate point (right answers per question) within a mean cost per question.

    Raises:
        InputError: none is that cheap.
    """
    within = [point for point in points if point.cost <= cost]
    if not within:
        least = min((point.cost for point in points), default=float("nan"))
        raise InputError(f"no policy costs {cost:g} or less; the cheapest costs {least:g}")
    return max(within, key=lambda point: (point.accuracy, -point.cost))


def _gate(
    confidence: Floats, outcome: Floats, worth_of_rest: Floats | None, otherwise: CascadeAction, bins: int
) -> tuple[ConfidenceGate, Floats]:
    """The better action in every bin, and what each row is worth under it."""
    if worth_of_rest is None:
        return ConfidenceGate((), ("answer",)), outcome
    cuts = equal_count_cuts(confidence, bins)
    place = np.searchsorted(cuts, confidence, side="right")
    gained = np.bincount(place, weights=worth_of_rest - outcome, minlength=len(cuts) + 1)
    passes = gained / np.bincount(place, minlength=len(cuts) + 1) > 1e-12
    actions: list[CascadeAction] = [otherwise if passed else "answer" for passed in passes]
    return ConfidenceGate(tuple(cuts.tolist()), tuple(actions)), np.where(passes[place], worth_of_rest, outcome)


def _columns(
    confidences: Sequence[ArrayLike], correct: Sequence[ArrayLike] | None
) -> tuple[list[Floats], list[Floats]]:
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


def _costs(costs: Sequence[ArrayLike], n_models: int, n_rows: int) -> Floats:
    """(n, N) cost of every model for every row."""
    if len(costs) != n_models:
        raise InputError(f"a chain of {n_models} models needs as many costs; got {len(costs)}")
    columns = [np.asarray(cost, np.float64) for cost in costs]
    for s, column in enumerate(columns):
        if column.shape not in ((), (n_rows,)) or not (np.isfinite(column) & (column >= 0)).all():
            raise InputError(f"costs[{s}] must be one finite number ≥ 0, or one for each of {n_rows} rows")
    return np.stack([np.broadcast_to(column, n_rows) for column in columns])
