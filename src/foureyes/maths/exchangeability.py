"""Are new values drawn like those of a reference? A conformal test martingale with a stated chance of one false alarm ever.

Its rules are those of :mod:`foureyes.maths.change`. A newcomer starts at :class:`ExchangeabilityTest`.
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
from foureyes.maths.change import require_state
from foureyes.maths.columns import fraction, real

__all__ = ["ExchangeabilityTest", "conformal_p"]

_Capital: TypeAlias = tuple[float, float, float]

_OPENING: Final[_Capital] = (1 / 6, 1 / 6, 1 / 6)  # of each of two bets
_JUMP: Final = 0.01  # share of the money that changes its bet at every step


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
        require_state(state, "alpha epoch seed drawn number reference learning alarmed bag seen shift spread")
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


def _jumped(capital: _Capital, p: float) -> _Capital:
    """One step of the Simple Jumper: some money changes its tilt, then all is staked on p."""
    low, none, high = capital  # tilted towards small p, not at all, towards large p
    share, kept = _JUMP * (low + none + high) / 3, 1 - _JUMP
    return (kept * low + share) * (1.5 - p), kept * none + share, (kept * high + share) * (0.5 + p)


def _capital(parts: Sequence[float]) -> _Capital:
    if len(parts) != 3:
        raise InputError(f"not the state of a detector: money lies on three tilts; got {len(parts)}")
    return (float(parts[0]), float(parts[1]), float(parts[2]))
