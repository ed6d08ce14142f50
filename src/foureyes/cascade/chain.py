"""Cascades of two, three or more models, with abstention as the last step.

A chain is fitted backwards, the largest model first: at every confidence of a model, going on is worth what the fitted
rest of the chain brings there less what it costs, and the gate does what is worth more. What going on adds is taken to
fall as confidence rises, or to have one clear peak (:mod:`foureyes.cascade.advantage`). One number, the *price* of a
unit of cost in right answers, sets how thrifty the chain is; a row of prices gives the cost-accuracy curve.

A newcomer starts at :func:`fit_chain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.cascade.advantage import shaped_advantage
from foureyes.cascade.points import chain_columns, paid_costs
from foureyes.cascade.policy import ALWAYS, CascadeAction, ConfidenceGate, Keep, Policy, surest_so_far
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.routing import equal_count_cuts

__all__ = ["fit_chain", "fit_chains"]

Floats = NDArray[np.float64]

_LEAST_PRICE = 1e-3


def fit_chain(
    confidences: Sequence[ArrayLike],
    costs: Sequence[ArrayLike],
    *,
    price: float,
    bins: int = 100,
    correct: Sequence[ArrayLike] | None = None,
    abstain: float | None = None,
    keep: Keep = "last",
) -> Policy:
    """Fits the confidence gates of a chain that are worth most on validation rows, when a unit of cost has this price.

    From the last model s = n back to the first, with o_s the row's outcome under model s (its confidence; with
    ``correct`` the mean of that and of whether it was right) and v_s what the chain from s on is worth:

        answer       o_s
        escalate     v_{s+1} - price · cost_{s+1}    (s < n)
        abstain      ``abstain``                     (s = n)

    The difference of the two is averaged in equal-count bins of c_s and fitted by
    :func:`~foureyes.cascade.advantage.shaped_advantage`; the gate answers where it is not above zero, and v_s is the
    row's value under the gate.

    Args:
        confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
        costs: n costs per question, each one number or (N,); a verifier's cost belongs to the model it reads. The
            first one is always paid and does not matter here.
        price: right answers that one unit of cost is worth, ≥ 0.
        bins: equal-count bins of each confidence; fewer where there are fewer rows.
        correct: n columns (N,) of flags.
        abstain: what abstaining is worth where a right answer is worth 1 and a wrong one 0; ``None`` never abstains.
        keep: whose answer is taken in the end. ``"surest"`` suits models that are about equally good.

    Raises:
        InputError: numbers of columns or lengths differ, a value is out of range.
        NotEnoughData: no rows.

    Example:
        >>> small, large = [0.2, 0.3, 0.8, 0.9], [0.9, 0.9, 0.9, 0.9]
        >>> fit_chain([small, large], [1, 10], price=0.05).gates[0]
        ConfidenceGate(cuts=(0.8,), actions=('escalate', 'answer'))
    """
    return _Fitting.of(confidences, costs, bins, correct, keep).policy(price, abstain)


def fit_chains(
    confidences: Sequence[ArrayLike],
    costs: Sequence[ArrayLike],
    *,
    n_prices: int = 200,
    bins: int = 100,
    correct: Sequence[ArrayLike] | None = None,
    abstain: float | None = None,
    keep: Keep = "last",
) -> tuple[Policy, ...]:
    """Fits policies for a range of prices, the cheapest first, without repetition.

    Args:
        confidences: n columns (N,) of calibrated P(correct), the cheapest model first.
        costs: n costs per question, each one number or (N,).
        n_prices: prices tried, from one at which no escalation can pay down to 0.
        bins: equal-count bins of each confidence; fewer where there are fewer rows.
        correct: n columns (N,) of flags, to be averaged with the confidences.
        abstain: what abstaining is worth, in [0, 1]; ``None`` never abstains.
        keep: whose answer is taken in the end.

    Raises:
        InputError: as for :func:`fit_chain`; fewer than two prices.
        NotEnoughData: no rows.
    """
    if n_prices < 2:
        raise InputError(f"n_prices must be at least 2; got {n_prices}")
    fitting = _Fitting.of(confidences, costs, bins, correct, keep)
    fitted = (fitting.policy(price, abstain) for price in _prices(fitting.paid[1:], n_prices))
    return tuple(dict.fromkeys(fitted))


@dataclass(frozen=True, slots=True, eq=False)
class _Fitting:
    """What does not depend on the price: columns as the gates read them, and their bins."""

    outcomes: list[Floats]
    paid: Floats
    cuts: list[Floats]
    place: list[NDArray[np.intp]]
    keep: Keep

    @classmethod
    def of(
        cls,
        confidences: Sequence[ArrayLike],
        costs: Sequence[ArrayLike],
        bins: int,
        correct: Sequence[ArrayLike] | None,
        keep: Keep,
    ) -> _Fitting:
        columns, right = chain_columns(confidences, correct)
        n = len(columns[0])
        if not n:
            raise NotEnoughData("a chain is fitted on at least one row; got none")
        if bins < 1:
            raise InputError(f"bins must be at least 1; got {bins}")
        outcomes = [(stated + seen) / 2 for stated, seen in zip(columns, right, strict=True)]
        if keep == "surest":
            columns, whose = surest_so_far(columns)
            outcomes = [np.choose(model, outcomes) for model in whose]
        cuts = [equal_count_cuts(column, min(bins, n)) for column in columns]
        place = [np.searchsorted(at, column, side="right") for at, column in zip(cuts, columns, strict=True)]
        return cls(outcomes, paid_costs(costs, len(columns), n), cuts, place, keep)

    def policy(self, price: float, abstain: float | None) -> Policy:
        """The gates that are worth most at a price."""
        if not price >= 0 or np.isinf(price):
            raise InputError(
                f"price must be a finite number of right answers per unit of cost, at least 0; got {price:g}"
            )
        if abstain is not None and not 0 <= abstain <= 1:
            raise InputError(f"abstain must be worth between a wrong answer (0) and a right one (1); got {abstain:g}")
        if len(self.cuts) == 1 and abstain is None:
            raise InputError("one model that may not abstain leaves nothing to decide; give a second one, or abstain")
        rest: Floats | None = None if abstain is None else np.full(self.paid.shape[1], float(abstain))
        gates: list[ConfidenceGate] = []
        for s in range(len(self.cuts) - 1, -1, -1):
            gate, worth = (ALWAYS, self.outcomes[s]) if rest is None else self._gate(s, rest, last=not gates)
            gates.insert(0, gate)
            rest = worth - price * self.paid[s]
        return Policy(tuple(gates), self.keep)

    def _gate(self, s: int, rest: Floats, *, last: bool) -> tuple[ConfidenceGate, Floats]:
        """The better action at every confidence, and what each row is worth under it."""
        counts = np.bincount(self.place[s], minlength=len(self.cuts[s]) + 1)
        passes = shaped_advantage(rest - self.outcomes[s], self.place[s], counts) > 1e-12
        turns = np.flatnonzero(np.diff(passes))
        otherwise: CascadeAction = "abstain" if last else "escalate"
        actions: list[CascadeAction] = [otherwise if passed else "answer" for passed in passes[[*turns, -1]]]
        worth = np.where(passes[self.place[s]], rest, self.outcomes[s])
        return ConfidenceGate(tuple(self.cuts[s][turns].tolist()), tuple(actions)), worth


def _prices(paid: Floats, n_prices: int) -> list[float]:
    """From one at which no escalation can pay, in equal ratios, and 0."""
    steps = paid[paid > 0]
    if not len(steps):
        return [0.0]
    dearest = _LEAST_PRICE / float(paid.mean(axis=1).max())
    return [*np.geomspace(1 / float(steps.min()), dearest, n_prices - 1).tolist(), 0.0]
