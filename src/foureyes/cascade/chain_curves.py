"""Cost-accuracy curves of a chain of models: policies fitted at a range of prices, measured on unseen rows.

Beside them stand what each model costs and brings when it is asked alone, the mixtures of those (toss a coin, then ask
one model: the best that can be had without looking at anything), and an oracle that stops at the first right answer.

A newcomer starts at :meth:`Chain.fit`, then :func:`chain_curve`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.rows import Rows
from foureyes.cascade.chain import fit_chains
from foureyes.cascade.points import ChainPoint, evaluate_chain, frontier
from foureyes.cascade.policy import Keep, Policy
from foureyes.display import TableResult, columns_of
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.maths.columns import probabilities, same_length

__all__ = ["Chain", "ChainCurve", "SingleModel", "chain_costs", "chain_curve"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chain:
    """Policies over the same chain of models, the cheapest first.

    Attributes:
        policies: fitted at falling prices of a unit of cost.
        abstain: what abstaining was worth in the fit; ``None`` where it was not allowed.
        rows: enough to recognise the rows it was fitted on.
    """

    policies: tuple[Policy, ...]
    abstain: float | None
    rows: Rows

    def __post_init__(self) -> None:
        if len({len(policy.gates) for policy in self.policies}) != 1:
            raise InputError("a chain needs policies of one number of models")

    @classmethod
    def fit(
        cls,
        confidences: Sequence[ArrayLike],
        costs: Sequence[ArrayLike],
        *,
        bins: int = 100,
        correct: Sequence[ArrayLike] | None = None,
        abstain: float | None = None,
        keep: Keep = "last",
    ) -> Chain:
        """Fits the policies; see :func:`foureyes.cascade.chain.fit_chains`.

        Args:
            confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
            costs: n costs per question, each one number or (N,); a verifier's cost belongs to the model it reads.
            bins: equal-count bins of each confidence; fewer where there are fewer rows.
            correct: n columns (N,) of flags, to be averaged with the confidences.
            abstain: what abstaining is worth, in [0, 1]; ``None`` never abstains.
            keep: whose answer is taken in the end.

        Raises:
            InputError: numbers of columns or lengths differ, a value is out of range.
            NotEnoughData: no rows.

        Example:
            >>> small, large = [0.2, 0.3, 0.8, 0.9], [0.9, 0.9, 0.9, 0.9]
            >>> [policy.gates[0].cuts for policy in Chain.fit([small, large], [1, 10]).policies]
            [(), (0.3,), (0.8,), (0.9,)]
        """
        policies = fit_chains(confidences, costs, bins=bins, correct=correct, abstain=abstain, keep=keep)
        return cls(policies, abstain, Rows.of(_columns(confidences)))

    @property
    def n_models(self) -> int:
        """How many models it asks at most."""
        return len(self.policies[0].gates)

    def fitted_on(self, confidences: Sequence[ArrayLike]) -> bool:
        """Whether these rows, or a good part of them, made the chain."""
        return self.rows.shared_with(_columns(confidences))

    def to_json(self) -> str:
        """The fitted value as JSON."""
        return json.dumps({"kind": "cascade_chain", **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Chain:
        """The value that :meth:`to_json` wrote.

        Raises:
            InputError: the text is not such JSON.
        """
        try:
            fields = parsed_json(text)
            kind, abstain, kept = fields["kind"], fields["abstain"], fields["rows"]
            policies = tuple(Policy.from_json(json.dumps(policy)) for policy in fields["policies"])
            rows = Rows(kept["n"], kept["digest"], tuple(kept["sketch"]))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"not a fitted chain: {text[:60]!r}") from error
        if kind != "cascade_chain" or isinstance(abstain, bool) or not isinstance(abstain, int | float | None):
            raise InputError(f"not a fitted chain: got kind {kind!r}, abstain {abstain!r}")
        return cls(policies, abstain, rows)


@dataclass(frozen=True, slots=True)
class SingleModel:
    """Asking one model for every question: mean cost per question, and right answers per question."""

    cost: float
    accuracy: float


@dataclass(frozen=True, slots=True, repr=False)
class ChainCurve(TableResult):
    """Accuracy and cost of a chain of models at every price, measured on labelled rows.

    Attributes:
        points: one a policy, the cheapest first.
        alone: each model asked for every question, without a verifier, in the order of the chain.
        oracle: asks in the chain's order and stops at the first right answer; where none is right it asks the first
            model only, and answers.
        abstain: what abstaining was worth in the fit; ``None`` where it was not allowed.
        n: rows.
        unit: of the costs.
        in_sample: whether the chain was fitted on these rows, which flatters it.
    """

    points: tuple[ChainPoint, ...]
    alone: tuple[SingleModel, ...]
    oracle: SingleModel
    abstain: float | None
    n: int
    unit: str
    in_sample: bool

    def columns(self) -> dict[str, list[Any]]:
        """One row a policy."""
        return columns_of(self.points, without=("policy", "stopped", "n"))

    def worth(self, point: ChainPoint) -> float:
        """Mean worth of a question: 1 for a right answer, ``abstain`` for none, 0 for a wrong one."""
        return point.accuracy + (self.abstain or 0.0) * (1 - point.answered)

    @property
    def mixtures(self) -> tuple[SingleModel, ...]:
        """The corners of what a coin and single models can reach, the cheapest first; straight lines lie between.

        Where abstaining is worth something, asking no model at all is one of the ways to act.
        """
        nobody = () if self.abstain is None else (SingleModel(0.0, self.abstain),)
        return tuple(frontier((*nobody, *self.alone)))

    def over_mixture(self, point: ChainPoint) -> float:
        """Worth of a question above what a coin and single models bring at the point's cost."""
        corners = self.mixtures
        reached = np.interp(point.cost, [c.cost for c in corners], [c.accuracy for c in corners])
        return self.worth(point) - float(reached)


def chain_costs(
    costs: Sequence[ArrayLike], verifier: ArrayLike, *, abstains: bool = False
) -> tuple[tuple[ArrayLike, ...], tuple[ArrayLike, ...]]:
    """Costs of every model in a chain: its own, and the verifier's where its answer is judged.

    The last model's answer is judged only where the chain may abstain from it.

    Args:
        costs: n costs per question, each one number or (N,).
        verifier: of judging one answer.
        abstains: whether the last step may be to abstain.

    Returns:
        (costs in the chain, costs of each model alone).

    Example:
        >>> chain_costs([1, 10], 0.5)
        ((1.5, 10.0), (1.0, 10.0))
    """
    alone = [np.asarray(cost, np.float64) for cost in costs]
    judged = len(alone) if abstains else len(alone) - 1
    reading = np.asarray(verifier, np.float64)
    paid = [cost + reading if s < judged else cost for s, cost in enumerate(alone)]
    return tuple(map(_plain, paid)), tuple(map(_plain, alone))


def chain_curve(
    chain: Chain,
    confidences: Sequence[ArrayLike],
    correct: Sequence[ArrayLike],
    costs: Sequence[ArrayLike],
    *,
    verifier: ArrayLike = 0.0,
    unit: str = "",
) -> ChainCurve:
    """Measures every policy of a chain on rows it was not fitted on; rows of the fit are taken, and marked.

    Args:
        chain: the fitted policies.
        confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
        correct: n columns (N,) of flags, whether each model is right.
        costs: n costs per question, each one number or (N,), of the models alone.
        verifier: cost of judging one answer; see :func:`chain_costs`.
        unit: of the costs, for people.

    Raises:
        InputError: numbers of columns or lengths differ, a value is out of range.
        NotEnoughData: no rows.
    """
    if len(confidences) != chain.n_models:
        raise InputError(f"this chain asks {chain.n_models} models; got confidences of {len(confidences)}")
    paid, alone = chain_costs(costs, verifier, abstains=chain.abstain is not None)
    points = [evaluate_chain(policy, confidences, correct, paid) for policy in chain.policies]
    right = np.array(correct, np.bool_)
    means = [float(np.asarray(cost, np.float64).mean()) for cost in alone]
    first = np.where(right.any(axis=0), right.argmax(axis=0), 0)
    asked = np.cumsum([np.broadcast_to(np.asarray(cost, np.float64), right.shape[1]) for cost in alone], axis=0)
    return ChainCurve(
        points=tuple(sorted(points, key=lambda point: (point.cost, point.accuracy))),
        alone=tuple(map(SingleModel, means, right.mean(axis=1).tolist())),
        oracle=SingleModel(float(np.choose(first, asked).mean()), float(right.any(axis=0).mean())),
        abstain=chain.abstain,
        n=right.shape[1],
        unit=unit,
        in_sample=chain.fitted_on(confidences),
    )


def _columns(confidences: Sequence[ArrayLike]) -> list[Floats]:
    columns = [probabilities(f"confidences[{s}]", column) for s, column in enumerate(confidences)]
    same_length(**{f"confidences[{s}]": column for s, column in enumerate(columns)})
    return columns


def _plain(cost: Floats) -> ArrayLike:
    return float(cost) if cost.ndim == 0 else cost
