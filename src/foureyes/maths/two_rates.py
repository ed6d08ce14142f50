"""Tests by betting whether events are more frequent in one stream than in another, however long both are watched.

Values come in pairs, one from each stream, and an imaginary bet is placed on every pair before it is seen. While the
first stream's rate is no higher than the second's no way of betting wins, so the chance that the money *ever* grows to
1/α is at most α (Ville's inequality), whatever the two rates are. See :class:`RateComparison`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.maths.columns import fraction

__all__ = ["RateComparison"]

_MEMORY: Final = 0.985  # of the estimates that bets are made by: the last 60 pairs or so
_WEIGHT: Final = 2.0  # pairs that the estimates begin with
_BEGIN: Final = (0.6, 0.3)


@dataclass(slots=True)
class _Estimate:
    """A rate, from the latest values."""

    begin: float
    events: float = 0.0
    values: float = 0.0

    @property
    def rate(self) -> float:
        """Strictly between 0 and 1."""
        return (self.events + self.begin * _WEIGHT) / (self.values + _WEIGHT)

    def learn(self, *, event: bool) -> None:
        """Takes one more."""
        self.events = _MEMORY * self.events + event
        self.values = _MEMORY * self.values + 1


class RateComparison:
    """Are events more frequent in one stream than in another?

    For a pair (x, y) the money is multiplied by p_a(x)·p_b(y) / (p_0(x)·p_0(y)), where p_a and p_b have the rates estimated
    from earlier pairs, a > b, and p_0 their mean; while the estimates are a ≤ b nothing is staked. Part of the money,
    1/(k(k + 1)), enters with pair k, so that a long quiet past costs only 2 ln k.

    After an alarm it is silent.

    Args:
        alpha: chance of ever alarming although the first rate is no higher, in (0, 1).

    Attributes:
        pairs: compared so far.
        events: among them, in the first stream.
        other_events: among them, in the second.

    Example:
        >>> test = RateComparison(alpha=0.01)
        >>> [test.observe(event=True, other=False) for _ in range(12)].index(True)
        5

    Source: Turner, Ly & Grünwald, Generic E-variables for exact sequential k-sample tests, 2024, arXiv 2106.02693, §2: the
        simple E-variable for blocks of one and one. That it also holds for the one-sided claim: it rises in x and
        falls in y.
    """

    def __init__(self, *, alpha: float) -> None:
        self.alpha = fraction("alpha", alpha)
        self.pairs = self.events = self.other_events = 0
        self._one, self._other = (_Estimate(begin) for begin in _BEGIN)
        self._money = 0.0
        self._alarmed = False

    @property
    def alarmed(self) -> bool:
        """Whether the money has reached the limit."""
        return self._alarmed

    @property
    def capital(self) -> float:
        """What one unit has become, that part included which is not staked yet."""
        return self._money + 1 / (self.pairs + 1)

    @property
    def limit(self) -> float:
        """The capital that raises the alarm."""
        return 1 / self.alpha

    def observe(self, *, event: bool, other: bool) -> bool:
        """Takes one value from each stream; true when that raises the alarm, once."""
        if self._alarmed:
            return False
        self.pairs += 1
        self.events += event
        self.other_events += other
        self._money = (self._money + 1 / (self.pairs * (self.pairs + 1))) * self._won(event=event, other=other)
        self._one.learn(event=event)
        self._other.learn(event=other)
        self._alarmed = self._money >= self.limit
        return self._alarmed

    def state(self) -> list[float]:
        """All of it as numbers."""
        one, other = self._one, self._other
        counts = (self.alpha, self.pairs, self.events, self.other_events, self._money)
        return [*counts, one.events, one.values, other.events, other.values, float(self._alarmed)]

    @classmethod
    def from_state(cls, state: Any) -> RateComparison:
        """Goes on from where :meth:`state` was taken.

        Raises:
            InputError: the state is not one of this test.
        """
        if isinstance(state, str | Mapping) or len(state) != 10:
            raise InputError("not the state of a comparison of rates: wanted ten numbers")
        test = cls(alpha=state[0])
        test.pairs, test.events, test.other_events, test._money = int(state[1]), int(state[2]), int(state[3]), state[4]
        test._one.events, test._one.values, test._other.events, test._other.values = state[5:9]
        test._alarmed = bool(state[9])
        return test

    def _won(self, *, event: bool, other: bool) -> float:
        a, b = self._one.rate, self._other.rate
        if a <= b:
            return 1.0
        mean = (a + b) / 2
        return (a / mean if event else (1 - a) / (1 - mean)) * (b / mean if other else (1 - b) / (1 - mean))
