"""Change detectors for streams, each with a stated rate of false alarms.

Each is fed one number at a time, keeps bounded memory, and bets imaginary money against the claim that nothing changed.
Under that claim no way of betting wins: by Ville's inequality the chance that one unit *ever* grows to 1/α is at most
α. So an alarm at 1/α has a stated false-alarm rate for a stream of any length, looked at after every entry, without a
model of the data.

=======================  ===========================================  =========================================
detector                 the claim it bets against                    false alarms
=======================  ===========================================  =========================================
``ExchangeabilityTest``  new values are drawn like the reference      P(one ever) ≤ α
:class:`MeanTest`        the mean of values in [0, 1] is ≤ a limit    P(one ever) ≤ α
:class:`RateDetector`    the same, for a rate that may rise later     one in ``run_length`` values on average
=======================  ===========================================  =========================================

A detector's ``state()`` is a dict of plain JSON values, from which ``from_state`` goes on as if nothing had happened.
Randomness (for ties) is a hash of a seed and a counter. A newcomer starts at :mod:`foureyes.maths.exchangeability`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.maths.columns import fraction

__all__ = ["MeanTest", "RateDetector", "require_state"]

_STAKES: Final = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4)  # of the most that can be staked


class MeanTest:
    """Tests by betting: is the mean of a stream of values in [0, 1] at most ``limit``?

    Money is staked on every value exceeding the limit, at several stakes at once: each grows by 1 + λ(x − limit). The
    claim needs no independence, only that whatever came before, the next value is ``limit`` or less on average.

    Args:
        limit: the mean not to be exceeded, in (0, 1).
        alpha: chance of ever saying so wrongly, in (0, 1).

    Example:
        >>> test = MeanTest(0.1, alpha=0.01)
        >>> [test.observe(1.0) for _ in range(4)]
        [False, False, False, True]

    Source: Waudby-Smith & Ramdas, Estimating means of bounded random variables by betting, JRSS-B 2024, §4; used on a
        deployed model's losses by Podkopaev & Ramdas, arXiv 2110.06177.
    """

    def __init__(self, limit: float, *, alpha: float = 0.01) -> None:
        self.limit = fraction("limit", limit)
        self.alpha = fraction("alpha", alpha)
        self._bets = _bets(self.limit)
        self._logs = [0.0] * len(_STAKES)
        self._n = 0
        self._alarmed = False

    @property
    def alarmed(self) -> bool:
        """Whether the claim is given up."""
        return self._alarmed

    @property
    def n(self) -> int:
        """Values seen."""
        return self._n

    @property
    def capital(self) -> float:
        """What one unit has become, spread over the stakes."""
        return sum(math.exp(log) for log in self._logs) / len(_STAKES)

    def observe(self, value: float) -> bool:
        """Takes the next value, in [0, 1]; true when it raises the alarm, once.

        Raises:
            InputError: the value is not in [0, 1].
        """
        _require_share(value)
        if self._alarmed:
            return False
        self._n += 1
        self._logs = [
            log + math.log(kept + won * value) for log, (kept, won) in zip(self._logs, self._bets, strict=True)
        ]
        self._alarmed = self.capital >= 1 / self.alpha
        return self._alarmed

    def state(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "limit": self.limit,
            "alpha": self.alpha,
            "logs": list(self._logs),
            "n": self._n,
            "alarmed": self._alarmed,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> MeanTest:
        """Goes on from where :meth:`state` was taken.

        Raises:
            InputError: the state is not one of this detector.
        """
        require_state(state, "limit alpha logs n alarmed")
        test = cls(state["limit"], alpha=state["alpha"])
        test._logs, test._n, test._alarmed = list(state["logs"]), state["n"], state["alarmed"]
        return test


class RateDetector:
    """Watches a rate that was fine and may rise at any moment: verifier errors, flags, disagreement.

    A Shiryaev-Roberts sum: with every value a new unit enters the game of :class:`MeanTest`, so that a long quiet
    past does not have to be won back first. While the mean stays at ``limit`` or below, the expected number of values
    until an alarm is at least ``run_length``, whatever the values depend on. It starts anew after each alarm.

    Args:
        limit: the rate not to be exceeded, in (0, 1).
        run_length: values between two false alarms on average, at least; > 1.

    Example:
        >>> watch = RateDetector(0.05, run_length=10_000)
        >>> any(watch.observe(0.0) for _ in range(1000)), any(watch.observe(1.0) for _ in range(10))
        (False, True)

    Source: Shin, Ramdas & Rinaldo, E-detectors, 2023, arXiv 2203.03532, §3; Roberts 1966.
    """

    def __init__(self, limit: float, *, run_length: float = 10_000) -> None:
        self.limit = fraction("limit", limit)
        if not (math.isfinite(run_length) and run_length > 1):
            raise InputError(f"a run length must be a finite number above 1; got {run_length}")
        self.run_length = float(run_length)
        self._bets = _bets(self.limit)
        self._factors = {value: [kept + won * value for kept, won in self._bets] for value in (0.0, 1.0)}
        self._sums = [0.0] * len(_STAKES)
        self._rests = False  # whether another 0 changes no sum any more: they only come nearer to a limit until then

    @property
    def evidence(self) -> float:
        """The sum that alarms at ``run_length``."""
        return sum(self._sums) / len(_STAKES)

    def observe(self, value: float) -> bool:
        """Takes the next value, in [0, 1]; true when it raises an alarm.

        Raises:
            InputError: the value is not in [0, 1].
        """
        if self._rests and value == 0:
            return False
        _require_share(value)
        factors = self._factors.get(value) or [kept + won * value for kept, won in self._bets]
        before, self._sums = self._sums, [(sum_ + 1) * factor for sum_, factor in zip(self._sums, factors, strict=True)]
        self._rests = value == 0 and self._sums == before
        if sum(self._sums) < self.run_length * len(_STAKES):
            return False
        self._sums = [0.0] * len(_STAKES)
        return True

    def state(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {"limit": self.limit, "run_length": self.run_length, "sums": list(self._sums)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> RateDetector:
        """Goes on from where :meth:`state` was taken.

        Raises:
            InputError: the state is not one of this detector.
        """
        require_state(state, "limit run_length sums")
        detector = cls(state["limit"], run_length=state["run_length"])
        detector._sums = list(state["sums"])
        return detector


def _bets(limit: float) -> list[tuple[float, float]]:
    """What of its money each stake keeps, and wins for a value of 1: 1 + stake·(value / limit − 1), always above 0."""
    return [(1 - stake, stake / limit) for stake in _STAKES]


def _require_share(value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"a rate is made of values in [0, 1]; got {value}")


def require_state(state: Mapping[str, Any], names: str) -> None:
    """Refuses a state that lacks one of these names.

    Raises:
        InputError: it does.
    """
    if missing := [name for name in names.split() if name not in state]:
        raise InputError(f"not the state of a detector: it lacks {', '.join(missing)}")
