"""Change detectors for streams, each with a stated rate of false alarms.

Each is fed one number at a time, keeps bounded memory, and bets imaginary money against the claim that nothing changed.
Under that claim no way of betting wins: by Ville's inequality the chance that one unit *ever* grows to 1/α is at most
α. So an alarm at 1/α has a stated false-alarm rate for a stream of any length, looked at after every entry, without a
model of the data.

============================  ===========================================  =========================================
detector                      the claim it bets against                    false alarms
============================  ===========================================  =========================================
:class:`ExchangeabilityTest`  new values are drawn like the reference      P(one ever) ≤ α
:class:`MeanTest`             the mean of values in [0, 1] is ≤ a limit    P(one ever) ≤ α
:class:`RateDetector`         the same, for a rate that may rise later     one in ``run_length`` values on average
============================  ===========================================  =========================================

A detector's ``state()`` is a dict of plain JSON values, from which ``from_state`` goes on as if nothing had happened.
Randomness (for ties) is a hash of a seed and a counter. A newcomer starts at :class:`ExchangeabilityTest`.
"""

from __future__ import annotations

import hashlib
import math
import struct
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from foureyes.errors import InputError
from foureyes.maths.columns import fraction, real

__all__ = ["ExchangeabilityTest", "MeanTest", "RateDetector", "conformal_p"]

_Capital: TypeAlias = tuple[float, float, float]

_OPENING: Final[_Capital] = (1 / 6, 1 / 6, 1 / 6)  # of each of two bets
_JUMP: Final = 0.01  # share of the money that changes its bet at every step
_STAKES: Final = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4)  # of the most that can be staked


def conformal_p(bag: Sequence[float], value: float, tie: float) -> float:
    """Smoothed conformal p-value: the share of values above ``value``, ties counted by lot.

    Where ``value`` and the bag are exchangeable and ``tie`` is uniform, so is the result, exactly.

    Args:
        bag: N earlier values, sorted upwards.
        value: the new one.
        tie: uniform in [0, 1).

    Returns:
        In [0, 1): near 0 = larger than all seen, near 1 = smaller.

    Example:
        >>> conformal_p([0.1, 0.2, 0.3], 0.9, 0.5)
        0.125

    Source: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005, §2.3.
    """
    n, beyond = len(bag), bisect_right(bag, value)
    equal = beyond - bisect_left(bag, value, 0, beyond) + 1
    return (n - beyond + tie * equal) / (n + 1)


class ExchangeabilityTest:
    """A conformal test martingale: are the new values drawn like the reference?

    Each value gets a :func:`conformal_p` among the reference and what came since. While nothing changes these are
    uniform and independent, and a Simple Jumper bets that they are not: half of the money on a shift (p near 0 or near
    1), half on a change of spread (p near both ends or near the middle).

    Memory is bounded by epochs. After ``epoch`` values the bag goes back to the reference and the bet starts anew, in
    epoch k against k(k + 1)/α. As Σ 1/(k(k + 1)) = 1, the chance that *any* epoch of an endless stream alarms falsely
    is still at most α. The price is a threshold that grows, as 2 ln k on a scale where a clear change adds 0.1 and more
    with every value.

    After an alarm it is silent, and stays alarmed, until :meth:`restart`.

    Args:
        reference: values from when all was well; more than ``most`` are sampled down. Without any, the first ``epoch``
            values become the reference: they are tested among themselves.
        alpha: chance of a false alarm, ever, in (0, 1).
        epoch: values after which memory is given back, from 2 to ``most``.
        seed: of ties and of the sampling.

    Raises:
        InputError: alpha or epoch out of range, or a reference with NaN or infinities.

    Example:
        >>> test = ExchangeabilityTest([i / 100 for i in range(100)], alpha=0.01)
        >>> sum(test.observe(0.995) for _ in range(20)) > 0
        True

    Source: Vovk et al., Retrain or not retrain, 2021, arXiv 2102.10439, Algorithm 1 (Simple Jumper); Ville 1939. The
        epochs and their thresholds are a union bound over restarts.
    """

    most: Final = 4096

    def __init__(self, reference: ArrayLike = (), *, alpha: float = 0.01, epoch: int = 2000, seed: int = 0) -> None:
        self.alpha = fraction("alpha", alpha)
        if not 2 <= epoch <= self.most:
            raise InputError(f"an epoch wants 2 to {self.most} values; got {epoch}")
        self._epoch = epoch
        self._seed = seed
        self._drawn = 0
        self._block, self._lots = -1, (0,) * 8
        self._number = 0
        self._reference: list[float] = []
        self._shift = self._spread = _OPENING
        self.restart(reference)

    @property
    def alarmed(self) -> bool:
        """Whether the money has reached the limit since the last restart."""
        return self._alarmed

    @property
    def capital(self) -> float:
        """What one unit has become in this epoch; 1 when it starts."""
        return sum(self._shift) + sum(self._spread)

    @property
    def limit(self) -> float:
        """The capital at which this epoch alarms: k(k + 1)/α."""
        return self._limit

    @property
    def n_reference(self) -> int:
        """Values in the reference."""
        return len(self._reference)

    @property
    def reference_mean(self) -> float | None:
        """Mean of the reference; ``None`` where there is no reference yet."""
        return sum(self._reference) / len(self._reference) if self._reference else None

    def restart(self, reference: ArrayLike | None = None) -> None:
        """Ends the alarm and opens the next epoch; the promise of at most α goes on over the whole life.

        Args:
            reference: what is normal from now on; ``()`` to learn it from what comes, ``None`` to keep the old one.
        """
        if reference is not None:
            values = real("reference", reference, finite=True)
            if len(values) > self.most:
                values = np.random.default_rng(self._seed).choice(values, self.most, replace=False)
            self._reference = sorted(values.tolist())
            self._learning = not self._reference
        self._alarmed = False
        self._open()

    def observe(self, value: float) -> bool:
        """Takes the next value; true when it raises the alarm, once an alarm.

        Raises:
            InputError: the value is not finite.
        """
        if not math.isfinite(value):
            raise InputError(f"a detector wants finite values; got {value}: leave out what could not be told")
        if self._alarmed:
            return False
        if self._seen == self._epoch:
            self._close()
        p = conformal_p(self._bag, value, self._tie())
        self._shift = _jumped(self._shift, p)
        self._spread = _jumped(self._spread, abs(2 * p - 1))
        insort(self._bag, value)
        self._seen += 1
        self._alarmed = sum(self._shift) + sum(self._spread) >= self._limit
        return self._alarmed

    def state(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "alpha": self.alpha,
            "epoch": self._epoch,
            "seed": self._seed,
            "drawn": self._drawn,
            "number": self._number,
            "reference": list(self._reference),
            "learning": self._learning,
            "alarmed": self._alarmed,
            "bag": list(self._bag),
            "seen": self._seen,
            "shift": list(self._shift),
            "spread": list(self._spread),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ExchangeabilityTest:
        """Goes on from where :meth:`state` was taken.

        Raises:
            InputError: the state is not one of this detector.
        """
        _require(state, "alpha epoch seed drawn number reference learning alarmed bag seen shift spread")
        test = cls(state["reference"], alpha=state["alpha"], epoch=state["epoch"], seed=state["seed"])
        test._drawn, test._number = state["drawn"], state["number"] - 1
        test._open()
        test._seen = state["seen"]
        test._learning, test._alarmed = state["learning"], state["alarmed"]
        test._bag = [float(value) for value in state["bag"]]
        test._shift, test._spread = _capital(state["shift"]), _capital(state["spread"])
        return test

    def _open(self) -> None:
        self._number += 1
        self._limit = self._number * (self._number + 1) / self.alpha
        self._bag = list(self._reference)
        self._seen = 0
        self._shift = self._spread = _OPENING

    def _close(self) -> None:
        if self._learning:
            self._reference, self._learning = list(self._bag), False
        self._open()

    def _tie(self) -> float:
        block, place = divmod(self._drawn, len(self._lots))
        if self._block != block:
            digest = hashlib.blake2b(f"{self._seed}:{block}".encode(), digest_size=64).digest()
            self._block, self._lots = block, struct.unpack("<8Q", digest)
        self._drawn += 1
        return (self._lots[place] >> 11) / (1 << 53)


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
        _require(state, "limit alpha logs n alarmed")
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
        self._sums = [0.0] * len(_STAKES)

    @property
    def evidence(self) -> float:
        """The sum that alarms at ``run_length``."""
        return sum(self._sums) / len(_STAKES)

    def observe(self, value: float) -> bool:
        """Takes the next value, in [0, 1]; true when it raises an alarm.

        Raises:
            InputError: the value is not in [0, 1].
        """
        _require_share(value)
        self._sums = [
            (sum_ + 1) * (kept + won * value) for sum_, (kept, won) in zip(self._sums, self._bets, strict=True)
        ]
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
        _require(state, "limit run_length sums")
        detector = cls(state["limit"], run_length=state["run_length"])
        detector._sums = list(state["sums"])
        return detector


def _jumped(capital: _Capital, p: float) -> _Capital:
    """One step of the Simple Jumper: some money changes its tilt, then all is staked on p."""
    low, none, high = capital  # tilted towards small p, not at all, towards large p
    share, kept = _JUMP * (low + none + high) / 3, 1 - _JUMP
    return (kept * low + share) * (1.5 - p), kept * none + share, (kept * high + share) * (0.5 + p)


def _capital(parts: Sequence[float]) -> _Capital:
    if len(parts) != 3:
        raise InputError(f"not the state of a detector: money lies on three tilts; got {len(parts)}")
    return (float(parts[0]), float(parts[1]), float(parts[2]))


def _bets(limit: float) -> list[tuple[float, float]]:
    """What of its money each stake keeps, and wins for a value of 1: 1 + stake·(value / limit − 1), always above 0."""
    return [(1 - stake, stake / limit) for stake in _STAKES]


def _require_share(value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"a rate is made of values in [0, 1]; got {value}")


def _require(state: Mapping[str, Any], names: str) -> None:
    if missing := [name for name in names.split() if name not in state]:
        raise InputError(f"not the state of a detector: it lacks {', '.join(missing)}")
